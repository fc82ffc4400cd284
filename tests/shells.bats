#!/usr/bin/env bats
#
# Test zkrun at the prompt: the installed completions of bash, zsh and fish, and
# the guide for users of flock(1).
#
# Once: a second pass would test the same shells.
# bats file_tags=long

load lib/helper

SHELLS='bash zsh fish'


setup_file()
{
	make -s -C "$TOP" install BUILD="$BUILD" PREFIX="$BATS_FILE_TMPDIR"
}

setup()
{
	bench_setup
	# The completions run the zkrun that the user types.
	mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/home"
	ln -s "$ZKRUN" "$BATS_TEST_TMPDIR/bin/zkrun"
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH HOME=$BATS_TEST_TMPDIR/home
	export ZKRUN_BASE=/shells/$TASK ZKRUN_RUNS=/shells-runs/$TASK
	SHARE=$BATS_FILE_TMPDIR/share
	TABLE=$BUILD/completions/options
	cd "$BATS_TEST_TMPDIR" || return 1
}

offers_bash()
{
	BASH_COMPLETION_USER_DIR=$SHARE/bash-completion \
	    bash --norc "$TOP/tests/shells/complete.bash" "$1"
}

offers_fish()
{
	# shellcheck disable=SC2016 # for fish
	XDG_DATA_DIRS=$SHARE:/usr/share \
	    fish -c 'complete "-C$argv"' -- "$1" | cut -f 1
}

# offers_zsh LINE: type LINE to zsh.  All lines of a test go to one zsh on a
# terminal.
offers_zsh()
{
	export OFFERS=$BATS_TEST_TMPDIR/offers
	export COMPLETIONS=$SHARE/zsh/site-functions

	if [ -z "$TERMINAL_IN" ]; then
		cp "$TOP/tests/shells/zshrc" "$HOME/.zshrc"
		ZDOTDIR=$HOME start_terminal zsh -d -i
		wait_for 10 grep -q 'ready>' "$BATS_TEST_TMPDIR/terminal.out"
	fi
	: >"$OFFERS"
	# ^U deletes the last line.
	type_keys "\\025$1\\t"
	wait_for 10 grep -qx '[.]' "$OFFERS" || return 1
	# zsh prints errors to the terminal.
	grep -aE '(zkrun|zsh|_[a-z]+): ' "$BATS_TEST_TMPDIR/terminal.out" >&2 ||
	    true
	sed '/^[.]$/d' "$OFFERS"
}

# offers SHELL LINE: set $output to SHELL's offers, sorted and unique.
offers()
{
	"offers_$1" "$2" >"$BATS_TEST_TMPDIR/raw" 2>"$BATS_TEST_TMPDIR/raw.err" ||
	    true
	output=$(sed -e 's/ *$//' -e '/^$/d' "$BATS_TEST_TMPDIR/raw" | sort -u)
	# A completion must not print to the user's screen.
	assert_equal "$(cat "$BATS_TEST_TMPDIR/raw.err")" ''
}

# all_offer LINE WORD...: every shell offers exactly these words.
all_offer()
{
	local line=$1 shell wanted

	shift
	wanted=$([ $# -eq 0 ] || printf '%s\n' "$@" | sort -u)
	for shell in $SHELLS; do
		offers "$shell" "$line"
		# fish offers the whole word, bash the rest of it, quoted.
		output=$(sed -e 's/^--[a-z-]*=\(.\)/\1/' -e 's/\\ / /g' \
		    <<<"$output" | sort -u)
		assert_equal "$shell, $line: $output" "$shell, $line: $wanted"
	done
}

# some_offer LINE WORD: every shell offers WORD, and perhaps others.
some_offer()
{
	local shell

	for shell in $SHELLS; do
		offers "$shell" "$1"
		grep -qxF -e "$2" <<<"$output" || {
			echo "$shell, $1: no $2 in: $output"
			return 1
		}
	done
}

#
# Completion
#

@test "each shell offers every option of zkrun, and no other" {
	local shell all help

	# GONE marks removed options.
	all=$(sed -nE "s/^	\{ \"([a-z-]+)\", (0|'(.)'), [^G].*/--\1 -\3/p" \
	    "$TOP/src/config/options.c" | tr ' ' '\n' | grep -vx -- - | sort)
	[ "$(wc -l <<<"$all")" -ge 50 ]
	# Take the options in --help, and split bundles of letters.
	help=$(zkrun --help | grep -oE -- '(^|[[ ])--?[A-Za-z][A-Za-z-]*' |
	    tr -d '[ ' | sed -E 's/^-([A-Za-z])([A-Za-z])/-\1\n-\2/; P; D')
	grep -qx -- -v <<<"$help"
	assert_equal "$(grep -vxF -e "$all" <<<"$help")" ''
	for shell in $SHELLS; do
		offers "$shell" 'zkrun -'
		assert_equal "$shell: $(grep -E '^-[^-]$' <<<"$output")" \
		    "$shell: $(grep -E '^-[^-]$' <<<"$all")"
		offers "$shell" 'zkrun --'
		assert_equal "$shell: $(grep -E '^--.' <<<"$output" |
		    sed 's/=$//' | sort -u)" "$shell: $(grep -E '^--.' <<<"$all")"
	done
}

@test "zkrun accepts every value that the shells offer" {
	local name words word kind

	while IFS='|' read -r _ name _ kind words _; do
		for word in $words; do
			run -64 zkrun -t x "--$name=$word"
			assert_output \
			    "zkrun: no command given (try 'zkrun --help')"
		done
		[ "$kind" != word ] || [ -n "$words" ]
	done <"$TABLE"
	# The table has every named signal.
	assert_equal "$(sed -n 's/^s|signal|=|signal|\([^|]*\)|.*/\1/p' \
	    "$TABLE" | tr ' ' '\n' | sort)" \
	    "$(for word in {1..31}; do kill -l "$word"; done |
	    sed 's/^IO$/POLL/' | sort)"
}

@test "values: a shell offers fixed words and files, and nothing for free text" {
	: >auth.one
	: >auth.two
	all_offer 'zkrun --on-loss=' stop ignore
	all_offer 'zkrun --on-loss ' stop ignore
	all_offer 'zkrun -o ' wait kill leave
	all_offer 'zkrun -no ' wait kill leave
	all_offer 'zkrun --orphans=k' kill
	all_offer 'zkrun -s US' USR1 USR2
	all_offer 'zkrun -r ' forever
	all_offer 'zkrun --syslog=local' local{0..7}
	all_offer 'zkrun -f auth.' auth.one auth.two
	all_offer 'zkrun --config auth.t' auth.two
	all_offer 'zkrun -w '
	all_offer 'zkrun --check x'
}

@test "after the options each shell completes commands, and after a command the command's arguments" {
	some_offer 'zkrun -t x fals' false
	some_offer 'zkrun -t x -- fals' false
	some_offer 'zkrun -c zk1:2181,zk2:2181/ops --on-loss=stop -nt x -w3 fals' \
	    false
	# timeout has no such option.  fish 4 takes --presv for
	# --preserve-status.
	all_offer 'zkrun -t x -- timeout --no-such'
	for shell in $SHELLS; do
		offers "$shell" 'zkrun -c z:1 -t x --syslog=local1 -- make --dir'
		assert_equal "${output%=}" --directory
		# Options after the command are not zkrun's.
		offers "$shell" 'zkrun -t x -- false --on-'
		refute_output --partial on-loss
	done
	# The values of such options also belong to the command.
	: >auth.one
	offers bash 'zkrun -t x -- ls --config-file=auth.'
	assert_output auth.one
}

@test "tasks: each shell offers the tasks that the servers know" {
	hold one report
	hold two 'a b'
	hold three x:y
	all_offer 'zkrun -t ' report 'a b' x:y
	all_offer 'zkrun --task=r' report
	all_offer 'zkrun --status ' report 'a b' x:y
	all_offer 'zkrun --revoke r' report
	all_offer 'zkrun --break -- r' report
	let_go one
	let_go two
	let_go three
}

@test "tasks: the shell asks the servers that the command line names" {
	local connect=$ZKRUN_CONNECT base=$ZKRUN_BASE

	hold one report
	# zsh inherits the environment when it starts.
	unset ZKRUN_CONNECT ZKRUN_BASE
	echo "base = $base" >zkrun.conf
	cp zkrun.conf "$HOME/zkrun.conf"
	all_offer "zkrun -c$connect --base=$base -t r" report
	all_offer "zkrun --connect $connect -vf zkrun.conf --status r" report
	# The completions unquote words as a shell does, but run no command
	# in them.
	all_offer "zkrun -c '$connect' -b \"$base\" -t r" report
	all_offer "zkrun -c $connect -f ~/zkrun.conf -t r" report
	# shellcheck disable=SC2016 # not to be expanded
	all_offer 'zkrun -c $(touch${IFS}ran) -b `touch${IFS}ran` -t r'
	[ ! -e ran ]
	ZKRUN_CONNECT=$connect ZKRUN_BASE=$base let_go one
}

@test "without ZooKeeper the shells offer no task and print nothing" {
	export ZKRUN_CONNECT ZKRUN_MAX_RETRIES=forever
	ZKRUN_CONNECT=127.0.0.1:$("$TOOLS/freeport" 1)
	all_offer 'zkrun -t '
}

@test "a silent server does not keep a shell waiting" {
	local began

	export ZKRUN_CONNECT ZKRUN_MAX_RETRIES=forever
	"$TOOLS/responder" >port 3>&- &
	HELPERS+=($!)
	wait_for 5 test -s port
	ZKRUN_CONNECT=127.0.0.1:$(<port)
	began=$(now_us)
	all_offer 'zkrun --status '
	[ $(($(now_us) - began)) -lt 12000000 ]
}

#
# From flock
#

# Print the table of flock-compat.md as "FLOCK|ZKRUN|ONE|OTHER".  ONE and OTHER
# say what flock and zkrun do when the lock is taken.
compat_table()
{
	sed -n 's/^| `\(flock [^`]*\)` | `\(zkrun [^`]*\)` | \([0-9a-z]*\) | \([0-9a-z]*\) |.*/\1|\2|\3|\4/p' \
	    "$TOP/contrib/flock-compat.md"
}

# compat_script N: print the Nth script of flock-compat.md.
compat_script()
{
	awk -v wanted="$1" '/^```$/ { on = 0 } on
	    /^```sh$/ { on = ++n == wanted }' "$TOP/contrib/flock-compat.md"
}

# Make a job that prints 'ran', and a file to lock.
compat_setup()
{
	printf '#!/bin/sh\necho ran\n' >job
	chmod +x job
	: >job.lock
}

take_both()
{
	hold holder job
	flock -F job.lock sleep 600 3>&- &
	HELPERS+=($!)
	wait_for 5 not flock -n job.lock true
}

in_queue()
{
	[ "$(zk ls "$ZKRUN_BASE/job/locks" | grep -c .)" -eq 1 ]
}

# taken LINE STATUS: if the lock is taken, LINE exits with STATUS, or waits.
taken()
{
	local pid

	if [ "$2" != waits ]; then
		run -"$2" sh -c "$1"
		[ "$2" -eq 0 ] || refute_output --partial ran
	elif [[ $1 == flock* ]]; then
		run -124 timeout 0.2 sh -c "$1"
	else
		sh -c "exec $1" >waiter.out 2>&1 3>&- &
		pid=$!
		wait_for 5 in_queue
		kill "$pid"
		wait_for 5 gone "$pid"
		assert_equal "$(<waiter.out)" ''
	fi
}

@test "flock-compat.md: every row is true, whether the lock is free or taken" {
	local with_flock with_zkrun flock_taken zkrun_taken line rows=0

	compat_setup
	while IFS='|' read -r with_flock with_zkrun _; do
		rows=$((rows + 1))
		for line in "$with_flock" "$with_zkrun"; do
			run -0 sh -c "$line"
			[[ $line != *./job* ]] || assert_line ran
		done
	done < <(compat_table)
	assert_equal "$rows" "$(grep -c '^| `' "$TOP/contrib/flock-compat.md")"
	take_both
	while IFS='|' read -r with_flock with_zkrun flock_taken zkrun_taken; do
		taken "$with_flock" "$flock_taken"
		taken "$with_zkrun" "$zkrun_taken"
	done < <(compat_table)
	let_go holder
}

@test "flock-compat.md: the two scripts lock themselves" {
	local n

	compat_setup
	for n in 1 2; do
		compat_script "$n" >"script$n"
		run -0 sh "script$n"
		assert_output ran
	done
	take_both
	for n in 1 2; do
		run -1 sh "script$n"
		refute_output --partial ran
	done
	let_go holder
	# The file has no third script that this test would miss.
	assert_equal "$(compat_script 3)" ''
}

@test "flock-compat.md lists every option of flock" {
	local option

	for option in $(flock --help | sed -n 's/^ *\(-.*\)  .*/\1/p' |
	    grep -oE -- '--?[a-zA-Z-]+'); do
		grep -qE -- "[\` ]${option}[\` ]" \
		    "$TOP/contrib/flock-compat.md" || {
			echo "no $option"
			return 1
		}
	done
}
