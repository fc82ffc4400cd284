#!/usr/bin/env bash
#
# complete.bash LINE: print the words that bash offers for zkrun at the end of
# LINE, one a line.  BASH_COMPLETION_USER_DIR has the installed completion.

set -u
# shellcheck source=/dev/null
. /usr/share/bash-completion/bash_completion
# The real compopt needs readline on a terminal.
compopt()
{
	:
}

line=$1
_completion_loader zkrun
read -ra COMP_WORDS <<<"$(sed 's/[=:]/ & /g' <<<"$line")"
[[ $line != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_LINE=$line
COMP_POINT=${#line}
COMPREPLY=()
_zkrun zkrun "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
