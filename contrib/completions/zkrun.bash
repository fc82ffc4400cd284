# shellcheck shell=bash
# Completion of zkrun for bash, with the help of bash-completion.
#
# The table of options is put in when it is installed, see options.awk; the ids
# of tasks come from the servers, if these answer within two seconds.

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

# The ids of tasks, one a line; $1 is zkrun, the rest the options for it.
_zkrun_tasks()
{
	timeout -k 1 2 "$@" --connect-timeout 1s -r 0 --status \
	    2>/dev/null </dev/null | sed -n '1d; /^$/q; /^[^ ]/s/  .*//p'
}

# What the shell would make of a word, in plain; nothing is run for it.
_zkrun_read_word()
{
	plain=$(xargs -r printf %s <<<"$1" 2>/dev/null) || plain=$1
	[[ $1 != \~/* ]] || plain=$HOME${plain:1}
}

# _zkrun_offer WORD...: those that go on as $cur does.
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
	*)	# shellcheck disable=SC2086 # words they are
		_zkrun_offer ${_zkrun_words[$1]-} ;;
	esac
}

# Which option of words[$1] wants the next word as its value?  Sets option.
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
		# What is behind the letter is the value.
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
		# What says where the tasks are goes for the question, too.
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
