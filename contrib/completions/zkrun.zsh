#compdef zkrun
# Completion of zkrun for zsh.
#
# make inserts the table of options, see options.awk.  The task names come from
# the servers, if these answer within two seconds.

_zkrun_tasks()
{
	local -a given ids
	local name value

	# Options that say where the tasks are also apply to the query.
	for name in ${(k)opt_args}; do
		(( $where[(Ie)$name] )) || continue
		value=${(Q)opt_args[$name]//\\:/:}
		given+=($name ${value/#\~\//$HOME/})
	done
	ids=(${(f)"$(timeout -k 1 2 $zkrun $given --connect-timeout 1s -r 0 \
	    --status 2>/dev/null </dev/null | sed -n '1d; /^$/q; /^[^ ]/s/  .*//p')"})
	compadd -a ids
}

# Read the table into specs, for _arguments, and into where.
_zkrun_read_table()
{
	local letter name value kind choice text action both

	while IFS='|' read -r letter name value kind choice text; do
		case $kind in
		task)		action=_zkrun_tasks ;;
		file)		action=_files ;;
		command)	action=_cmdstring ;;
		*)		action=${choice:+($choice)} ;;
		esac
		both="(${letter:+-$letter }--$name)"
		text="[${text//(#m)[][:\\]/\\$MATCH}]"
		[[ $value != '=' ]] || text+=":$kind:${action:- }"
		[[ $value != '?' ]] || text+="::$kind:${action:- }"
		[[ -z $letter ]] || specs+=("$both-$letter${value:++}$text")
		specs+=("$both--$name${value/\?/=-}$text")
		[[ $kind != (servers|path|file) ]] ||
		    where+=(${letter:+-$letter} --$name)
	done
}

_zkrun()
{
	local curcontext=$curcontext state line zkrun=${(Q)words[1]/#\~/$HOME}
	local -a specs where
	local -A opt_args

	setopt localoptions extendedglob
	_zkrun_read_table <<'END'
@OPTIONS@
END
	_arguments -s -S -C : $specs '(-)*:: :->behind' && return
	[[ $state = behind ]] || return
	if (( $+opt_args[--status] + $+opt_args[--pause] +
	    $+opt_args[--resume] + $+opt_args[--revoke] +
	    $+opt_args[--break] + $+opt_args[--forget] )); then
		_zkrun_tasks
	elif (( ! $+opt_args[--check] )); then
		_normal -p zkrun
	fi
}

_zkrun "$@"
