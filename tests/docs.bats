#!/usr/bin/env bats
#
# Usage, manual and READMEs agree with the program, and the source keeps to the
# project's rules.
#
# bats file_tags=quick

load lib/helper

setup()
{
	bench_setup
	cd "$TOP" || return 1
	WORK=$BATS_TEST_TMPDIR
}

# same_lists WHAT WANTED GOT: fail unless both lists have the same lines, in any
# order.
same_lists()
{
	diff <(sort -u <<<"$2") <(sort -u <<<"$3") && return
	echo "$1: < is the first, > the second"
	return 1
}

# table: print the table of options as "NAME LETTER VALUE".  LETTER is - if
# there is none.  VALUE is yes or no; an optional value counts as yes.  Removed
# options (GONE) are omitted.
table()
{
	sed -nE "s/^\t\{ \"([a-z-]+)\", ('(.)'|0), (VALUE|NONE|MAYBE), .*/\1 \3 \4/p" \
	    src/config/options.c |
	    sed -E -e 's/  / - /' -e 's/(VALUE|MAYBE)$/yes/' -e 's/NONE$/no/'
}

# section NAME [PART]: print a section of the source of zkrun(1), or of another
# part of the manual.
section()
{
	awk -v wanted="$1" '/^\.Sh/ { on = ($0 == ".Sh " wanted); next } on' \
	    "man/${2:-zkrun.1}"
}

# synopsis_options: print the options of a synopsis on stdin, "-x" and "--name",
# one per line.
synopsis_options()
{
	grep -oE -- '(^|[] [|])--?[A-Za-z][A-Za-z-]*' | tr -d ' []|' |
	    while read -r option; do
		case $option in
		--*)	printf '%s\n' "$option" ;;
		*)	grep -o . <<<"${option#-}" | sed 's/^/-/' ;;
		esac
	done
}

# shortest: print the letter of each option, or its name if it has no letter.
shortest()
{
	table | while read -r name letter _; do
		if [ "$letter" = - ]; then
			printf -- '--%s\n' "$name"
		else
			printf -- '-%s\n' "$letter"
		fi
	done
}

#
# Options
#

@test "the table of options can be read" {
	[ "$(table | wc -l)" -ge 20 ]
	assert_equal "$(table | wc -l)" \
	    "$(awk '/^const struct option_spec option_specs/ { on = 1; next }
		/^};/ { on = 0 } on' src/config/options.c | grep '{ "' |
		grep -vc ', GONE, ')"
	table | grep -qxF 'task t yes'
	table | grep -qxF 'retry-cap - yes'
	table | grep -qxF 'nonblock n no'
	table | grep -qxF 'syslog - yes'
}

@test "--help has one line for every option, and fits on a page" {
	zkrun --help >"$WORK/help"
	same_lists 'table, --help' "$(table | cut -d ' ' -f 1,2)" \
	    "$(sed -nE 's/^  (-(.), |    )--([a-z-]+).*/\3 \2/p' \
		"$WORK/help" | sed 's/ $/ -/')"
	[ "$(wc -l <"$WORK/help")" -le 70 ]
	assert_equal "$(awk 'length > 80' "$WORK/help")" ''
}

@test "the manual's synopsis has every option of the table, and no other" {
	local text

	text=$(mandoc -Tascii -Owidth=900 man/zkrun.1 | col -b |
	    awk '/^[A-Z]/ { on = /^SYNOPSIS/; next } on')
	[ -n "$text" ]
	same_lists 'table, SYNOPSIS' "$(shortest)" \
	    "$(synopsis_options <<<"$text")"
}

# described: print the options that a manual page on stdin describes, in the
# form of table.  If $1 is groups, the group stands in front.
described()
{
	# .It Fl t , Fl -task Ar task
	sed 's/\\-/-/g' | awk -v groups="${1:-}" '
	/^\.S[hs] / { group = substr($0, 5) "|" }
	/^\.It Fl/ {
		letter = "-"; name = ""; value = "no"
		for (i = 2; i <= NF; i++) {
			if ($i == "Ar" || $i == "Cm")
				value = "yes"
			if ($(i - 1) != "Fl")
				continue
			if ($i ~ /^-/)
				name = substr($i, 2)
			else
				letter = $i
		}
		sub(/[,=].*/, "", name)
		print groups ? group name : name " " letter " " value
	}'
}

@test "the manual describes each option of the table once, and no other" {
	local items

	items=$(cat man/*.[1-9] | described)
	same_lists 'table, manual' "$(table)" "$items"
	assert_equal "$(sort <<<"$items" | uniq -d)" ''
}

@test "zkrun(1) has the same groups of options as --help" {
	same_lists 'help, OPTIONS' "$(zkrun --help | awk '
	    /^[A-Z]/ { group = $0 }
	    /^ .* --[a-z]/ && group !~ /^(Instead|Examples)/ {
		match($0, /--[a-z-]+/)
		print group "|" substr($0, RSTART + 2, RLENGTH - 2)
	    }')" "$(section OPTIONS | described groups)"
}

# default_of FIELD OPTION KIND: print how options_default() sets FIELD, in the
# words of the manual, with durations in ms.  Print - for 0 or no default.
default_of()
{
	local value

	value=$(sed -n '/^options_default/,/^}/p' src/config/options.c |
	    grep -oE "[.]${1##*.} = [^,}]+" | sed -E 's/.* = //; s/[" ]//g')
	case $value in
	EXITCODE_* | BACKOFF_*)
		value=$(grep -hE "$value(\b|	| =)" src/*/*.h |
		    grep -oE '[0-9]+' | head -n 1) ;;
	SIG*)	value=${value#SIG} ;;
	OPTIONS_NO* | CLOCK_NEVER)
		value=- ;;
	OPTIONS_*)
		value=${value#OPTIONS_} value=${value,,} ;;
	esac
	case $2,$3 in
	connect,*)
		value=$(sed -nE 's/.*read_connect\(options, "([^"]+)".*/\1/p' \
		    src/config/options.c) ;;
	config,*)
		value=$(sed -nE 's/^#define DEFAULT_FILE.*"(.*)"/\1/p' \
		    src/config/arguments.c) ;;
	*,EITHER*)
		# The first word of KIND is the manual's word for 0.
		[ -n "$value" ] ||
		    value=$(sed -E 's/[^"]*"([a-z]+)".*/\1/' <<<"$3") ;;
	esac
	[ "$value" != 0 ] || value=-
	echo "$2 ${value:--}"
}

# defaults: print the source's default of each option that takes a value.
defaults()
{
	local name field kind

	sed -n '/^const struct option_spec option_specs/,/^};/p' \
	    src/config/options.c | sed 's/^\t{ "/@&/' | tr '\n\t@' '  \n' |
	    sed -n 's/^ { "\([^"]*\)", [^,]*, VALUE, [a-z]*, /\1|/p' |
	    sed -E 's/\|(IN\(([^)]*)\)|WHOLE), +/|\2|/' |
	    while IFS='|' read -r name field kind; do
		default_of "${field:-none}" "$name" "$kind"
	done
}

# stated: print the lines of "NAME DEFAULT" on stdin with durations in ms and -
# for 0.
stated()
{
	awk '{
		value = $2
		if (sub(/s$/, "", value) && value ~ /^[0-9]+$/)
			value *= 1000
		else
			value = $2
		print $1, value == "0" ? "-" : value
	}'
}

@test "zkrun(1) and --help state the defaults of options_default()" {
	local code manual help

	code=$(defaults)
	[ "$(wc -l <<<"$code")" -ge 20 ]
	grep -qxE 'session-timeout [0-9]+000' <<<"$code"
	grep -qxE 'signal [A-Z]+' <<<"$code"
	# "-w, --wait duration", then paragraphs with "The default is VALUE."
	manual=$(mandoc -Tascii -Owidth=900 man/zkrun.1 | col -bx | awk '
	    /^[A-Z]/ { on = /^OPTIONS/ }
	    on && /^ +(-[a-zA-Z], )?--[a-z-]+ [a-z]/ {
		if (name != "")
			print name, value
		match($0, /--[a-z-]+/)
		name = substr($0, RSTART + 2, RLENGTH - 2)
		value = "-"
	    }
	    on && match($0, /The default is [^ ,;]+/) {
		value = substr($0, RSTART + 15, RLENGTH - 15)
		sub(/[.]$/, "", value)
	    }
	    END { print name, value }' | stated)
	same_lists 'options_default(), zkrun(1)' "$code" "$manual"
	# The value stands in parentheses at the end of the line.
	help=$(zkrun --help | sed -nE \
	    's/^ .*--([a-z-]+) .*[^ ] +\(([^()]*)\)$/\1 \2/p' |
	    sed -E 's/ (wait forever|no [a-z]+)$/ -/' | stated)
	same_lists 'options_default(), --help' \
	    "$(grep -wE "$(cut -d ' ' -f 1 <<<"$help" | paste -sd '|')" \
		<<<"$code")" "$(grep -v '^syslog' <<<"$help")"
}

@test "every variable that the manual names exists, and the manual names the main ones" {
	local named known

	# The manual may name the command's variables, ZKRUN_CONFIG and the
	# options' variables.
	known=$(printf 'ZKRUN_%s\n' TASK LEASE LEASE_CONNECT \
	    FENCE SESSION CONFIG
	    sed -nE 's/^\t\{ "([a-z-]+)", .*, false, .*$/ZKRUN_\1/p' \
		src/config/options.c | tr a-z- A-Z_)
	named=$(sed 's/\\-/-/g' man/*.[1-9] | grep -oE 'ZKRUN_[A-Z_]+')
	run comm -13 <(sort -u <<<"$known") <(sort -u <<<"$named")
	assert_output ''
	for name in ZKRUN_TASK ZKRUN_LEASE ZKRUN_FENCE ZKRUN_SESSION \
	    ZKRUN_CONFIG ZKRUN_CONNECT; do
		grep -qx "$name" <<<"$named"
	done
}

@test "zkrun.conf(5) names the options that only the command line takes" {
	same_lists 'only_argv, zkrun.conf(5)' "$(sed -nE \
	    's/^\t\{ "([a-z-]+)", [^,]*, [A-Z]+, true, .*/\1/p' \
	    src/config/options.c)" \
	    "$(section 'ONLY ON THE COMMAND LINE' zkrun.conf.5 |
		sed -nE 's/^\.Fl -([a-z-]+).*/\1/p')"
}

@test "exitcode.h and the manual's EXIT STATUS have the same statuses" {
	local code manual

	code=$(grep -oE '^	EXITCODE_[A-Z_]+ = [0-9]+' src/base/exitcode.h |
	    grep -oE '[0-9]+$')
	[ "$(wc -l <<<"$code")" -ge 10 ]
	# Leave out 0 to 125, the command's own statuses.
	manual=$(section 'EXIT STATUS' | grep '^\.It' |
	    sed 's/\\(en\|\\\[en\]\|\\-/ /g' | grep -oE '[0-9]+' |
	    grep -vxE '0|125')
	same_lists 'exitcode.h, EXIT STATUS' "$code" "$manual"
}

@test "the version is the same everywhere" {
	local version

	version=$(sed -n 's/^VERSION = //p' Makefile)
	[ -n "$version" ]
	run -0 zkrun --version
	assert_output "zkrun $version"
}

@test "mandoc finds nothing wrong with the manual" {
	run -0 mandoc -Tlint -Wwarning man/*.[1-9]
	assert_output ''
}

@test "the manual has five parts, and each refers only to parts that exist" {
	assert_equal "$(cd man && echo *)" "zkrun-lock.7 zkrun-messages.7 \
zkrun-status.1 zkrun.1 zkrun.conf.5"
	run comm -13 <(cd man && printf '%s\n' * | sort) \
	    <(sed -nE 's/^\.Xr (zkrun[^ ]*) ([0-9]).*/\1.\2/p' man/* | sort -u)
	assert_output ''
}

@test "zkrun-messages(7) has every message of the source, and no other" {
	run -0 perl tests/lib/messages.pl man/zkrun-messages.7 src/*.c src/*/*.c
	assert_output ''
}

@test "the check of the messages finds a missing and a stale entry" {
	sed -e "/^\.It \"paused 'TASK'\"/d" -e 's/^\.It "regained /.It "resumed /' \
	    man/zkrun-messages.7 >"$WORK/page"
	run -0 perl tests/lib/messages.pl "$WORK/page" src/*.c src/*/*.c
	assert_line "no entry: paused '%s'"
	assert_line --regexp '^not in the sources: resumed contact with ZooKeeper'
}

#
# The sources
#

# includes SRC: print "FROM TO" for each unit that includes another one.  X.c,
# X.h and X_private.h are one unit.
includes()
{
	(cd "$1" && grep -H '^#[[:blank:]]*include "' ./*.c */*.[ch]) |
	    sed -E -e 's|^\./||' -e 's/:.*"(.*)".*/ \1/' \
	    -e 's/(_private)?\.[ch]( |$)/\2/g' | awk '$1 != $2'
}

# wrong_includes SRC: print the includes that break the rule in SRC/README.md,
# the units that include each other, directly or through others, and the files
# that include the ZooKeeper library and may not.
wrong_includes()
{
	includes "$1" | awk -v rule="$(grep -m 1 '^    base < ' "$1/README.md")" '
	BEGIN {
		sub(/main\.c/, "main", rule)
		for (i = split(rule, floors, "<"); i > 0; i--)
			for (n = split(floors[i], names, /[ ,]+/); n > 0; n--)
				floor[names[n]] = i
	}
	split($1, from, "/") + split($2, to, "/") && from[1] != to[1] &&
	    (!floor[to[1]] || floor[to[1]] >= floor[from[1]]) {
		print $1 " includes " $2
	}'
	includes "$1" | { tsort >/dev/null; } 2>&1
	(cd "$1" && grep -rl '^#.*<zookeeper' . |
	    grep -vxF ./zookeeper/session_private.h)
	true
}

@test "files include only their own and lower folders, and never each other" {
	run wrong_includes src
	assert_output ''
}

@test "the check of the includes finds mistakes" {
	local copy=$WORK/src

	mkdir -p "$copy"/{base,system,config,novel,run,zookeeper}
	cp src/README.md "$copy"
	echo '#include "config/options.h"' >"$copy/system/signals.c"
	echo '#include "run/guard.h"' >"$copy/base/clock.c"
	echo '#include "base/log.h"' | tee "$copy/novel/novel.c" \
	    >"$copy/zookeeper/session.c"
	echo '#include "run/guard_private.h"' >"$copy/run/guard.c"
	echo '#include <zookeeper/zookeeper.h>' | tee \
	    "$copy/run/link.c" >"$copy/zookeeper/session_private.h"
	echo '#include "run/guard.h"' >"$copy/main.c"
	run wrong_includes "$copy"
	assert_output 'base/clock includes run/guard
novel/novel includes base/log
system/signals includes config/options
./run/link.c'
	echo '#include "run/link.h"' >"$copy/run/guard_private.h"
	echo '#include "run/guard.h"' >"$copy/run/link.c"
	run wrong_includes "$copy"
	assert_line --regexp '^tsort: run/(guard|link)$'
}

# long_functions FILE...: print the functions of more than 60 lines.
long_functions()
{
	awk '/^\{/ { begin = FNR }
	    /^\}/ && begin && FNR - begin >= 60 { print FILENAME ": " begin }
	    /^\}/ { begin = 0 }' "$@"
}

@test "no source is longer than 400 lines, no function longer than 60" {
	run awk 'FNR == 401 { print FILENAME }' src/*.c src/*/*.[ch]
	assert_output ''
	run long_functions src/*.c src/*/*.[ch]
	assert_output ''
	{ echo '{'; printf 'x\n%.0s' {1..58}; echo '}'; } >"$WORK/short"
	{ echo '{'; printf 'x\n%.0s' {1..59}; echo '}'; } >"$WORK/long"
	run long_functions "$WORK/short" "$WORK/long"
	assert_output "$WORK/long: 1"
	[ "$(wc -l <README.md)" -le 150 ]
}

# index_check DIR: print the errors of DIR/README.md, the page of the tests.
index_check()
{
	local dir=$1 file defects promise where n page=$1/README.md
	local rows seen=' '

	for file in "$dir"/*.bats; do
		file=${file##*/}
		grep -q "^| \`${file%.bats}\` | ." "$page" ||
		    echo "$file is not described"
	done
	rows=$(sed -n '/^| defect |/,/^$/p' "$page" | tail -n +3)
	while IFS='|' read -r _ defects _ promise where _; do
		[ -n "$where" ] || continue
		where=${where# } where=${where% }
		file=$dir/${where%%: *}.bats
		grep -qsxF "@test \"${where#*: }\" {" "$file" ||
		    echo "no such test: $where"
		seen+="${defects// /} ${promise// /} "
	done <<<"$rows"
	for n in {1..22} P{1..7}; do
		[[ $seen == *" $n "* ]] || echo "no test for $n"
	done
}

@test "the page of the tests names tests that exist, for every defect and promise" {
	run index_check tests
	assert_output ''
}

@test "the check of the page of the tests finds mistakes" {
	local copy=$WORK/tests

	mkdir "$copy"
	cp tests/README.md tests/*.bats "$copy"
	sed -i 's/^@test "a lost lock never ends in 0/&./' "$copy/faults.bats"
	run index_check "$copy"
	assert_output --regexp '^no such test: faults: a lost lock [^'$'\n'']*$'
	cp tests/faults.bats "$copy"
	sed -i -e '/^| 17 /d' -e '/P6/d' "$copy/README.md"
	mv "$copy/titles.bats" "$copy/other-titles.bats"
	run index_check "$copy"
	assert_output $'other-titles.bats is not described\nno test for 14\nno test for 17\nno test for P6'
}

# A tag that tests/run does not know would put a test into the wrong size.
@test "each tag of a test is a size that tests/run knows" {
	run grep -hoE '^# bats (file|test)_tags=.*' tests/*.bats
	assert_equal "$(sed 's/.*=//' <<<"$output" | sort -u | tr '\n' ' ')" \
	    'long quick '
}

#
# Building
#

# installed: print the files that make install has put below $WORK/root.
installed()
{
	(cd "$WORK/root" && find . ! -type d -printf '%P %m\n' | sort)
}

@test "make install puts program, manual and completions into the given directories" {
	run -0 make -s install BUILD="$BUILD" DESTDIR="$WORK/root" PREFIX=/usr
	assert_equal "$(installed)" \
"usr/bin/zkrun 755
usr/share/bash-completion/completions/zkrun 644
usr/share/fish/vendor_completions.d/zkrun.fish 644
usr/share/man/man1/zkrun-status.1 644
usr/share/man/man1/zkrun.1 644
usr/share/man/man5/zkrun.conf.5 644
usr/share/man/man7/zkrun-lock.7 644
usr/share/man/man7/zkrun-messages.7 644
usr/share/zsh/site-functions/_zkrun 644"
	cmp "$BUILD/zkrun" "$WORK/root/usr/bin/zkrun"
	run -0 make -s uninstall DESTDIR="$WORK/root" PREFIX=/usr
	assert_equal "$(installed)" ''
	run -0 make -s install BUILD="$BUILD" DESTDIR="$WORK/root"
	assert_equal "$(installed)" \
"usr/local/bin/zkrun 755
usr/local/share/bash-completion/completions/zkrun 644
usr/local/share/fish/vendor_completions.d/zkrun.fish 644
usr/local/share/man/man1/zkrun-status.1 644
usr/local/share/man/man1/zkrun.1 644
usr/local/share/man/man5/zkrun.conf.5 644
usr/local/share/man/man7/zkrun-lock.7 644
usr/local/share/man/man7/zkrun-messages.7 644
usr/local/share/zsh/site-functions/_zkrun 644"
	rm -r "$WORK/root"
	set -- DESTDIR="$WORK/root" PREFIX=/nowhere BINDIR=/opt/b \
	    MANDIR=/opt/m BASHCOMPDIR=/opt/bc ZSHCOMPDIR=/opt/zc \
	    FISHCOMPDIR=/opt/fc
	run -0 make -s install BUILD="$BUILD" "$@"
	assert_equal "$(installed)" \
"opt/b/zkrun 755
opt/bc/zkrun 644
opt/fc/zkrun.fish 644
opt/m/man1/zkrun-status.1 644
opt/m/man1/zkrun.1 644
opt/m/man5/zkrun.conf.5 644
opt/m/man7/zkrun-lock.7 644
opt/m/man7/zkrun-messages.7 644
opt/zc/_zkrun 644"
	run -0 make -s uninstall "$@"
	assert_equal "$(installed)" ''
}
