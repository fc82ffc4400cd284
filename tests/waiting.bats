#!/usr/bin/env bats
#
# A waiting zkrun shows a status line on a terminal, one line for each SIGUSR1,
# and otherwise nothing.

load lib/helper

HOST=$(uname -n)

# progress AHEAD: print a pattern for the status line.
progress()
{
	echo "waiting for '$TASK': [0-9]+:[0-9][0-9], $1, held by $HOST" \
	    "\\(pid ${BG[holder]}\\) since [0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
}

# shown PATTERN: does the terminal show PATTERN?
shown()
{
	grep -qE "$1" "$BATS_TEST_TMPDIR/terminal.out"
}

said()
{
	grep -qxE "zkrun: $2" "$BATS_TEST_TMPDIR/$1.err"
}

@test "on a terminal: zkrun rewrites one line in place, and wipes it when the wait ends" {
	local count

	hold holder "$TASK"
	zkrun_bg second -t "$TASK" -- sleep 600
	wait_for 10 queue_count "$TASK" 1
	mkfifo "$BATS_TEST_TMPDIR/go"
	# shellcheck disable=SC2016 # for the inner shell
	TERM=xterm start_terminal "$ZKRUN" -t "$TASK" -- \
	    sh -c 'read -r _ <"$1"; echo it runs' sh "$BATS_TEST_TMPDIR/go"
	wait_for 10 shown "$(progress '1 ahead')"
	kill "${BG[second]}"
	zkrun_wait second 10
	wait_for 15 shown "$(progress 'next in the queue')"
	# Rewriting in place needs no newline.
	count=$(tr -cd '\n' <"$BATS_TEST_TMPDIR/terminal.out" | wc -c)
	assert_equal "$count" 0
	let_go holder
	# The logger and the command both write, so the command has to wait.
	wait_for 10 shown $'\r\033\\[K$'
	echo >"$BATS_TEST_TMPDIR/go"
	wait_for 10 shown $'\r\033\\[Kit runs'
}

@test "on a terminal: the line still shows the holder during the next look" {
	local keeper

	hold holder "$TASK"
	zkrun_bg second -t "$TASK" -- sleep 600
	wait_for 10 queue_count "$TASK" 1
	start_relay
	TERM=xterm start_terminal "$ZKRUN" -c "$RELAY_CONNECT" -t "$TASK" -- \
	    echo it runs
	wait_for 10 shown "$(progress '1 ahead')"
	keeper=$(keeper_of "$(children_of "${HELPERS[-1]}")")
	# From here on a look takes longer than the line's interval.
	relay_tell delay 400
	kill "${BG[second]}"
	zkrun_wait second 10
	# The next look has ended.
	wait_for 20 shown "$(progress 'next in the queue')"
	tr '\r' '\n' <"$BATS_TEST_TMPDIR/terminal.out" |
	    grep 'waiting for' >"$BATS_TEST_TMPDIR/shown"
	run ! grep -v ', held by ' "$BATS_TEST_TMPDIR/shown"
	relay_tell delay 0
	let_go holder
	wait_for 10 shown 'it runs'
	# zkrun leaves through the slow relay.
	wait_for 10 gone "$keeper"
}

@test "on a terminal: when the keeper is killed, the guard's message replaces the line" {
	local guard

	hold holder "$TASK"
	TERM=xterm start_terminal "$ZKRUN" -t "$TASK" -- true
	wait_for 10 shown "$(progress 'next in the queue')"
	guard=$(children_of "${HELPERS[-1]}")
	kill -KILL "$(keeper_of "$guard")"
	wait_for 10 shown "the keeper of '$TASK' died"
	tr '\r' '\n' <"$BATS_TEST_TMPDIR/terminal.out" |
	    grep -q $'^\033\\[Kzkrun: the keeper of'
	wait_for 10 gone "$guard"
	let_go holder
}

@test "on a terminal: the line counts the time, and says if there is no contact" {
	hold holder "$TASK"
	start_relay
	TERM=xterm start_terminal "$ZKRUN" -c "$RELAY_CONNECT" -t "$TASK" -- \
	    echo it runs
	wait_for 10 shown "$(progress 'next in the queue')"
	relay_tell refuse on
	relay_tell cut
	wait_for 15 shown "waiting for '$TASK': 0:[0-9]+, no contact"
	relay_tell refuse off
	wait_for 15 shown 'regained contact with ZooKeeper'
	let_go holder
	wait_for 10 shown 'it runs'
	assert_lock_clean "$TASK"
}

@test "zkrun shows no line with -q, on a dumb terminal or without a terminal" {
	hold holder "$TASK"
	TERM=xterm start_terminal bash -c "
	    \"$ZKRUN\" -q -w 2.5 -t $TASK -- true
	    TERM=dumb \"$ZKRUN\" -w 2.5 -t $TASK -- true
	    TERM=xterm \"$ZKRUN\" -w 2.5 -t $TASK -- true 2>&1 | cat
	    echo all over"
	wait_for 20 shown 'all over'
	run ! shown "waiting for '$TASK':"
	let_go holder
}

@test "on a narrow terminal: zkrun cuts the line, so that it stays one line" {
	hold holder "$TASK"
	TERM=xterm start_terminal sh -c "stty cols 30
	    exec \"$ZKRUN\" -w 4.5 -t $TASK -- true"
	wait_for 10 shown 'gave up waiting'
	# Take the line of each second without the control characters before it.
	tr '\r' '\n' <"$BATS_TEST_TMPDIR/terminal.out" |
	    sed -n $'s/^\033\\[K\\(waiting\\)/\\1/p' >"$BATS_TEST_TMPDIR/shown"
	has_lines "$BATS_TEST_TMPDIR/shown" "^waiting for " 2
	run -1 grep -E '^.{30}' "$BATS_TEST_TMPDIR/shown"
	let_go holder
}

@test "zkrun shows no line in the background, where another process has the terminal" {
	hold holder "$TASK"
	TERM=xterm start_terminal bash -c "set -m
	    \"$ZKRUN\" -w 3.5 -t $TASK -- true &
	    wait
	    echo all over"
	wait_for 20 shown 'all over'
	shown 'gave up waiting'
	run ! shown "waiting for '$TASK':"
	run ! shown $'\033'
	let_go holder
}

@test "a suspended zkrun in the queue shows no line until it resumes" {
	hold holder "$TASK"
	# ^Z stops zkrun, and bash takes the terminal back.  Not every bash
	# starts a new line.
	TERM=xterm start_terminal bash -c "set -m
	    \"$ZKRUN\" -t $TASK -- true
	    echo
	    echo prompt
	    until [ -e \"$BATS_TEST_TMPDIR/go\" ]; do sleep 0.05; done
	    fg"
	wait_for 10 shown "waiting for '$TASK':"
	type_keys '\032'
	wait_for 10 shown '^prompt'
	sleep 2.5
	assert_equal "$(sed '1,/^prompt/d' "$BATS_TEST_TMPDIR/terminal.out")" ''
	: >"$BATS_TEST_TMPDIR/go"
	again() { sed '1,/^prompt/d' "$BATS_TEST_TMPDIR/terminal.out" |
	    grep -q "waiting for '$TASK':"; }
	wait_for 10 again
	let_go holder
}

@test "SIGUSR1 is answered even with -q" {
	hold holder "$TASK"
	zkrun_bg second -q -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	kill -USR1 "$BG_PID"
	wait_for 10 said second "$(progress 'next in the queue')"
	let_go holder
	zkrun_wait second 10
}

@test "SIGUSR1 in the queue: zkrun prints one line each time and keeps its place" {
	hold holder "$TASK"
	zkrun_bg second -t "$TASK" -- sleep 600
	wait_for 10 queue_count "$TASK" 1
	zkrun_bg third -t "$TASK" -- sleep 600
	wait_for 10 queue_count "$TASK" 2
	kill -USR1 "${BG[third]}"
	wait_for 10 said third "$(progress '1 ahead')"
	kill -USR1 "${BG[second]}"
	wait_for 10 said second "$(progress 'next in the queue')"
	# Signal from another process: two signals of one sender within 20 ms
	# count as one.
	sh -c "kill -USR1 ${BG[third]}"
	wait_for 10 has_lines "$BATS_TEST_TMPDIR/third.err" 'waiting for' 2
	queue_count "$TASK" 2
	let_go second || true
	kill "${BG[third]}"
	zkrun_wait third 10
	assert_equal "$status" 143
	let_go holder
}

@test "SIGUSR1 while connecting: zkrun says that it has no contact" {
	start_relay
	relay_tell freeze
	zkrun_bg c -c "$RELAY_CONNECT" -t "$TASK" -- true
	keeper_of "$BG_PID" >/dev/null
	kill -USR1 "$BG_PID"
	wait_for 5 said c "waiting for '$TASK': 0:00, no contact with ZooKeeper"
	relay_tell thaw
	zkrun_wait c 20
	assert_equal "$status" 0
}

@test "SIGUSR1 behind a Curator client: zkrun names its address, if it has one" {
	start_curator
	curator_say acquire A "/lock/mutex/$TASK" -1
	curator_expect 10 A acquired
	zkrun_bg w -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	kill -USR1 "$BG_PID"
	wait_for 10 said w "waiting for '$TASK': 0:0[0-9], next in the queue, held by ([0-9a-f.:]+|another client) since .*"
	curator_say release A
	zkrun_wait w 10
	assert_equal "$status" 0
}

@test "SIGUSR1 goes to the command once it runs" {
	hold holder "$TASK"
	kill -USR1 "${BG[holder]}"
	zkrun_wait holder 10
	assert_equal "$status" 138
	assert_equal "$(cat "$BATS_TEST_TMPDIR/holder.err")" ''
}

@test "SIGUSR1 behind several holders: zkrun names one and counts the others" {
	hold holder "$TASK" -l 3
	hold second "$TASK" -l 3
	hold third "$TASK" -l 3
	zkrun_bg w -l 3 -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	wait_for 10 holds_count "$TASK" 4
	kill -USR1 "$BG_PID"
	wait_for 10 said w "waiting for '$TASK': 0:0[0-9], next in the queue, held by .* \(pid [0-9]+\) since .* and 2 more"
	let_go second
	zkrun_wait w 10
	assert_equal "$status" 0
	let_go holder
	let_go third
}

# is_closing GUARD KEEPER: has the guard forked the session closer?
is_closing()
{
	children_of "$1" | grep -qvx "$2"
}

@test "SIGUSR1 while zkrun ends does not change its exit status" {
	local keeper

	hold holder "$TASK"
	start_relay
	zkrun_bg w -T 2s -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	keeper=$(keeper_of "$BG_PID")
	# Closing the session takes a while because the server does not answer.
	relay_tell freeze
	kill -KILL "$keeper"
	wait_for 5 is_closing "$BG_PID" "$keeper"
	kill -USR1 "$BG_PID"
	zkrun_wait w 20
	assert_equal "$status" 70
	relay_tell thaw
	let_go holder
}

@test "SIGUSR1 during lost contact is answered when contact is back" {
	hold holder "$TASK"
	start_relay
	zkrun_bg w -T 8s -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	# The keeper asks the server, which is silent.
	relay_tell freeze down
	relay_tell reset-stats
	kill -USR1 "$BG_PID"
	wait_for 5 relay_counts up 1
	relay_tell cut
	relay_tell heal
	wait_for 10 said w "$(progress 'next in the queue')"
	let_go holder
	zkrun_wait w 10
	assert_equal "$status" 0
}
