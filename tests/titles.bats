#!/usr/bin/env bats
#
# ps(1) shows titles of guard and keeper.  The titles must change nothing for
# the command.

load lib/helper

# title_of PID: print the title of PID without trailing blanks.
title_of()
{
	tr -d '\0' <"/proc/$1/cmdline" | sed 's/ *$//'
}

shows()
{
	[ "$(title_of "$1")" = "$2" ]
}

# titles GUARD STATE [KEEPER-STATE]: wait until guard and keeper have these
# titles.
titles()
{
	local keeper

	keeper=$(keeper_of "$1")
	wait_for 10 shows "$1" "zkrun: $TASK: $2" &&
	    wait_for 10 shows "$keeper" "zkkeeper: $TASK: ${3:-$2}" && return
	title_of "$1"
	title_of "$keeper"
	return 1
}

@test "both processes show the task and their state" {
	start_relay silent 127.0.0.1:1
	relay_tell_to silent blackhole
	zkrun_bg a -c "$RELAY_CONNECT" -t "$TASK" -- true
	titles "$BG_PID" connecting
	kill -TERM "$BG_PID"
	zkrun_wait a 10

	hold b "$TASK"
	titles "$BG_PID" holding
	zkrun_bg c -t "$TASK" -- sleep 600
	titles "$BG_PID" waiting
	let_go b
	titles "$BG_PID" holding
	let_go c
}

@test "the process names stay zkrun and zkkeeper, for pkill and ps" {
	hold a "$TASK"
	assert_equal "$(<"/proc/$BG_PID/comm")" zkrun
	assert_equal "$(<"/proc/$(keeper_of "$BG_PID")/comm")" zkkeeper
	assert_equal "$(children_of "$(keeper_of "$BG_PID")" |
	    xargs ps -o args= -p)" 'sleep 600'
	let_go a
}

@test "the keeper shows 'lingering' while orphans run, and 'stopping' while it ends them" {
	zkrun_bg a -t "$TASK" -- sh -c 'sleep 600 & exit 0'
	titles "$BG_PID" holding lingering
	kill -TERM "$BG_PID"
	zkrun_wait a 10
	zkrun_bg a -o kill -k 30 -t "$TASK" -- sh -c \
	    'trap "" TERM; env "MARK=$0" sleep 600 & exit 0' "$TASK"
	titles "$BG_PID" holding stopping
	# shellcheck disable=SC2046 # one, or none
	kill -KILL $(marked "$TASK")
	zkrun_wait a 10
}

@test "slow steps without contact are shown: leaving, releasing, closing" {
	start_relay
	hold a "$TASK"
	zkrun_bg b -T 2s -c "$RELAY_CONNECT" -t "$TASK" -- true
	titles "$BG_PID" waiting
	relay_tell blackhole
	kill -TERM "$BG_PID"
	titles "$BG_PID" leaving
	zkrun_wait b 10
	relay_tell heal
	let_go a

	zkrun_bg c -T 4s -c "$RELAY_CONNECT" -t "$TASK-c" -- sh -c \
	    'until [ -e "$0" ]; do sleep 0.05; done' "$BATS_TEST_TMPDIR/end"
	TASK=$TASK-c titles "$BG_PID" holding
	relay_tell blackhole
	: >"$BATS_TEST_TMPDIR/end"
	TASK=$TASK-c titles "$BG_PID" releasing leaving
	zkrun_wait c 15
	relay_tell heal

	hold d "$TASK-d" -c "$RELAY_CONNECT"
	relay_tell blackhole
	kill -KILL "$(keeper_of "$BG_PID")"
	wait_for 5 shows "$BG_PID" "zkrun: $TASK-d: closing"
	zkrun_wait d 20
	assert_equal "$status" 76
}

@test "the titles show no argument of the command or of zkrun" {
	hold a "$TASK" -w 10m
	titles "$BG_PID" holding
	output=$(cat "/proc/$BG_PID/cmdline" \
	    "/proc/$(keeper_of "$BG_PID")/cmdline" | tr '\0' ' ')
	assert_output --partial "zkkeeper: $TASK"
	refute_output --partial 10m
	refute_output --partial sleep
	let_go a
}

@test "the titles show a task with a percent sign or a long name" {
	local task=$TASK%s%n%d%%-größe long

	zkrun_bg a -t "$task" -- sleep 600
	wait_for 10 shows "$BG_PID" "zkrun: $task: holding"
	let_go a
	long=$TASK$(printf 'x%.0s' {1..200})
	zkrun_bg a -t "$long" -- sleep 600
	wait_for 10 shows "$BG_PID" "zkrun: ${long:0:200}: holding"
	let_go a
	# zkrun refuses a task id with a control character.
	run -64 zkrun -t "$TASK"$'\033[31m' -- true
}

@test "zkrun cuts a title that does not fit, and runs the command" {
	zkrun_bg a -c "$ZKRUN_CONNECT" -t "$TASK" -- sleep 600
	let_go a
	# No environment and few arguments leave the least space for a title.
	run -0 env -i "$ZKRUN" -c "$ZKRUN_CONNECT" -t "$TASK" -- \
	    /bin/sh -c 'tr "\0" " " </proc/$PPID/cmdline; echo; echo $0' end
	assert_line --index 0 --partial 'zkkeeper: '
	assert_line --index 1 end
}

@test "a zkrun under another name shows that name" {
	local odd

	cp "$ZKRUN" "$BATS_TEST_TMPDIR/lockrun"
	"$BATS_TEST_TMPDIR/lockrun" -t "$TASK" -- sleep 600 </dev/null 3>&- &
	# shellcheck disable=SC2034 # for helper.bash
	BG[a]=$!
	wait_for 10 shows "$!" "lockrun: $TASK: holding"
	kill -TERM "$!"
	zkrun_wait a 10
	# A control character in the name does not reach the terminal.
	odd=$BATS_TEST_TMPDIR/$'lo\tck'
	ln -s "$ZKRUN" "$odd"
	"$odd" -t "$TASK" -- sleep 600 </dev/null 3>&- &
	# shellcheck disable=SC2034 # for helper.bash
	BG[a]=$!
	wait_for 10 shows "$!" "lo?ck: $TASK: holding"
	kill -TERM "$!"
	zkrun_wait a 10
}

@test "the command gets the caller's environment byte by byte, followed by zkrun's" {
	local dump=$BATS_TEST_TMPDIR/dump

	# The environment has duplicate names, no value, no name, and bytes that
	# are not UTF-8.
	"$TOOLS/execenv" A=1 A=2 novalue =noname '' $'B=\xff\n\t' 'C=' \
	    "PATH=$PATH" "ZKRUN_CONNECT=$ZKRUN_CONNECT" A=3 \
	    "BENCH_MARK=$BENCH_MARK" -- "$ZKRUN" -t "$TASK" -- \
	    cat /proc/self/environ >"$dump" 3>&-
	printf '%s\0' A=1 A=2 novalue =noname '' $'B=\xff\n\t' 'C=' \
	    "PATH=$PATH" "ZKRUN_CONNECT=$ZKRUN_CONNECT" A=3 \
	    "BENCH_MARK=$BENCH_MARK" >"$dump.wanted"
	head -c "$(stat -c %s "$dump.wanted")" "$dump" | cmp - "$dump.wanted"
	# The manual's variables follow in a fixed order.
	assert_equal "$(tail -c "+$(($(stat -c %s "$dump.wanted") + 1))" \
	    "$dump" | tr '\0' '\n' | cut -d = -f 1 | tr '\n' ' ')" \
	    'ZKRUN_TASK ZKRUN_LEASE ZKRUN_LEASE_CONNECT ZKRUN_FENCE ZKRUN_SESSION '
}

@test "zkrun replaces inherited variables of a lease" {
	ZKRUN_TASK=outer ZKRUN_FENCE=0 run -0 zkrun -t "$TASK" -- env
	assert_line "ZKRUN_TASK=$TASK"
	refute_line ZKRUN_FENCE=0
	assert_equal "$(grep -c ^ZKRUN_FENCE= <<<"$output")" 1
}

@test "a huge environment does no harm" {
	local big

	big=$(printf 'x%.0s' {1..100000})
	BIG=$big BIG2=$big run -0 zkrun -t "$TASK" -- \
	    bash -c 'echo "${#BIG} ${#BIG2}"'
	assert_output '100000 100000'
}

@test "the tests find a zkrun that was left behind, although its title replaces its environment" {
	local jobs

	hold a "$TASK"
	titles "$BG_PID" holding
	run -1 grep -czxF "BENCH_MARK=$BENCH_MARK" "/proc/$BG_PID/environ"
	for jobs in 1 2; do
		LANES=$jobs run -0 leftovers
		assert_line "$BG_PID"
		assert_line "$(keeper_of "$BG_PID")"
	done
	let_go a
	wait_for 3 nothing_left
}

@test "a run without messages has no process but guard and keeper" {
	zkrun_bg quiet -t "$TASK" -- sleep 600
	wait_for 10 has_command "$BG_PID"
	assert_equal "$(pgrep -P "$BG_PID" | wc -l)" 1
	zkrun_bg talking -v -t "$TASK" -- sleep 600
	has_logger() { pgrep -P "$BG_PID" -x zklogger >/dev/null; }
	wait_for 10 has_logger
}
