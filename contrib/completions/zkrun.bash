# shellcheck shell=bash
# Completion of zkrun for bash; needs bash-completion.
#
# make inserts the table of options, see options.awk.  The task names come from
# the servers, if these answer within two seconds.

declare -gA _zkrun_value=() _zkrun_kind=() _zkrun_words=()

_zkrun_read_table()
{
	local letter name value kind words

	while IFS='|' read -r letter name value kind words _; do
		for name in ${letter:+"-$letter"} "--$name"; do
			_zkrun_value[$name]=$value
			_zkrun_kind[$name]=$kind
			_zkrun_words[$name]=$words
		done
	done
}

_zkrun_read_table <<'END'
@OPTIONS@
END

# Print the task names, one per line.  $1 is zkrun, the rest its options.
_zkrun_tasks()
{
	timeout -k 1 2 "$@" --connect-timeout 1s -r 0 --status \
	    2>/dev/null </dev/null | sed -n '1d; /^$/q; /^[^ ]/s/  .*//p'
}

# Set plain to the word without its shell quotes.  Expand no command in it.
_zkrun_read_word()
{
	plain=$(xargs -r printf %s <<<"$1" 2>/dev/null) || plain=$1
	[[ $1 != \~/* ]] || plain=$HOME${plain:1}
}

# _zkrun_offer WORD...: offer the words that begin with $cur.
_zkrun_offer()
{
	local word

	for word; do
		[[ $word != "$cur"* ]] || COMPREPLY+=("$(printf %q "$word")")
	done
}

_zkrun_offer_tasks()
{
	local ids word plain asked=()

	for word in "${context[@]}"; do
		_zkrun_read_word "$word"
		asked+=("$plain")
	done
	mapfile -t ids < <(_zkrun_tasks "${asked[@]}")
	_zkrun_offer "${ids[@]}"
	__ltrim_colon_completions "$cur"
}

# _zkrun_offer_values OPTION
_zkrun_offer_values()
{
	case ${_zkrun_kind[$1]-} in
	task)	_zkrun_offer_tasks ;;
	file)	_filedir ;;
	command)
		mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	*)	# shellcheck disable=SC2086 # split into words
		_zkrun_offer ${_zkrun_words[$1]-} ;;
	esac
}

# Set option to the option in words[$1] that takes the next word as its value.
_zkrun_open_option()
{
	local word=${words[$1]} letters

	option=
	case $word in
	--*)	[ "${_zkrun_value[$word]-}" != '=' ] || option=$word ;;
	-*)	letters=${word#-}
		while [ -n "$letters" ] && [ -z "$option" ]; do
			[ "${_zkrun_value[-${letters:0:1}]-}" != '=' ] ||
			    option=-${letters:0:1}
			letters=${letters:1}
		done
		# The rest of the word is the value.
		[ -z "$letters" ] || option= ;;
	esac
}

# The command begins at words[$1]; bash may have split the words before it.
_zkrun_offer_command()
{
	local i raw=0 joined

	for ((i = 0; i < $1; i++)); do
		joined=
		while [ "$joined" != "${words[i]}" ] &&
		    [ "$raw" -lt "${#COMP_WORDS[@]}" ]; do
			joined+=${COMP_WORDS[raw++]}
		done
	done
	_command_offset "$raw"
}

_zkrun()
{
	# shellcheck disable=SC2034 # _init_completion sets them all
	local cur prev words cword split
	local i=1 n mode=run option='' given context=("$1")

	_init_completion -s -n : || return
	while [ "$i" -lt "$cword" ]; do
		case ${words[i]} in
		--)	i=$((i + 1)) && break ;;
		--status | --pause | --resume | --revoke | --break | \
		--forget | --check)
			mode=${words[i]#--} ;;
		-?*)	;;
		*)	break ;;
		esac
		_zkrun_open_option "$i"
		n=$((${#option} > 0 ? 2 : 1))
		# Options that say where the tasks are also apply to the query.
		given=${option:-${words[i]%%=*}}
		[[ $given == --* ]] || given=${given:0:2}
		case ${_zkrun_kind[$given]-} in
		servers | path | file)
			context+=("${words[@]:i:n}") ;;
		esac
		i=$((i + n))
	done
	if $split && [ "$i" -eq "$cword" ]; then
		_zkrun_offer_values "$prev"
	elif [ "$i" -gt "$cword" ]; then
		_zkrun_offer_values "$option"
	elif [ "$i" -eq "$cword" ] && [[ $cur == -* && $prev != -- ]]; then
		_zkrun_offer "${!_zkrun_value[@]}"
	elif [ "$mode" = run ]; then
		_zkrun_offer_command "$i"
	elif [ "$mode" != check ]; then
		_zkrun_offer_tasks
	fi
} && complete -F _zkrun zkrun
