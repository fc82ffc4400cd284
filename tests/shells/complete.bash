#!/usr/bin/env bash
#
# complete.bash LINE: what bash offers for zkrun with the cursor at the end of
# the line, one a line.  BASH_COMPLETION_USER_DIR says where it is installed.

set -u
# shellcheck source=/dev/null
. /usr/share/bash-completion/bash_completion
# It asks readline for things that only a terminal has.
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
