#!/usr/bin/env bats
#
# Each test checks a promise that other lock wrappers break and no other file
# tests.  tests/README.md lists all defects of these wrappers.

load lib/helper

# A shell that runs a job and has another command to run after it.
shell_with_job()
{
	zkrun_bg run "$@" -t "$TASK" -- env "MARK=$TASK" sh -c 'sleep 600; :'
	wait_for 10 marked_count "$TASK" 2
}

@test "when the lease is lost a shell's job dies with the shell" {
	shell_with_job
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	zkrun_wait run 10
	assert_equal "$status" 76
	marked_count "$TASK" 0
}

@test "a job keeps the lock when its shell is killed; a TERM to zkrun ends both" {
	local option shell

	shell_with_job
	shell=$(children_of "$(keeper_of "$BG_PID")")
	kill -TERM "$shell"
	wait_for 5 gone "$shell"
	marked_count "$TASK" 1
	run -75 zkrun -w 0.5 -t "$TASK" -- true
	marked_count "$TASK" 1
	kill -TERM "$(marked "$TASK")"
	zkrun_wait run 5
	assert_equal "$status" 143
	for option in '' -g; do
		# shellcheck disable=SC2086 # an option or none
		shell_with_job $option
		kill -TERM "$BG_PID"
		zkrun_wait run 5
		assert_equal "$status" 143
		marked_count "$TASK" 0
	done
}

# start_silent: set SILENT to a server that accepts connections but is silent.
start_silent()
{
	"$TOOLS/responder" >"$BATS_TEST_TMPDIR/silent.port" 3>&- &
	HELPERS+=($!)
	wait_for 5 test -s "$BATS_TEST_TMPDIR/silent.port"
	SILENT=127.0.0.1:$(<"$BATS_TEST_TMPDIR/silent.port")
}

@test "zkrun starts no command if it cannot get the lock, for any reason" {
	local marker=$BATS_TEST_TMPDIR/marker room=/lock/mutex/$TASK

	set -- -r 0 --connect-timeout 300ms -t "$TASK" -- touch "$marker"
	run -69 zkrun -c 127.0.0.1:1 "$@"
	start_silent
	run -69 zkrun -c "$SILENT" "$@"
	run -69 zkrun -c "$SILENT,127.0.0.1:1" "$@"
	run ! zkrun -c "$ZKRUN_CONNECT/missing-$TASK" "$@"
	zk create -p "$room/locks" >/dev/null
	zk setacl "$room" ra
	run -77 zkrun "$@"
	zk setacl "$room" cdrwa
	zk create "$room/leases" >/dev/null
	zk setacl "$room/leases" cdwa
	run -77 zkrun "$@"
	[ ! -e "$marker" ]
	# Without a fault the command runs.
	zk setacl "$room/leases" cdrwa
	run -0 zkrun "$@"
	[ -e "$marker" ]
}

@test "-t names the lock, and the command does not" {
	hold holder "$TASK"
	run -75 zkrun -n -t "$TASK" -- ls -a
	run -75 zkrun -n -t "$TASK" -- ls -al
	run -75 zkrun -n -t "$TASK" -- sleep 600
	# The command does not name the lock: another task is free, and -t is
	# required.
	run -143 zkrun -n -t "$TASK.2" -- sh -c 'kill "$$"' sleep 600
	run -64 zkrun -n -- sleep 600
	let_go holder
}

# next_after_loss HOW: a holder loses contact, then its lease.  The next
# contender holds the lock before the first holder regains contact.
next_after_loss()
{
	relay_tell heal
	TASK=$(unique_task)
	zkrun_bg "lost$1" -c "$RELAY_CONNECT" -T 9s -t "$TASK" -- sh -c \
	    'until [ -e "$1" ]; do sleep 0.05; done' sh \
	    "$BATS_TEST_TMPDIR/end$1"
	wait_for 10 has_command "$BG_PID"
	relay_tell refuse on
	relay_tell cut
	wait_for 10 grep -q 'lost contact with ZooKeeper' \
	    "$BATS_TEST_TMPDIR/lost$1.err"
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	hold "next$1" "$TASK"
}

@test "a zkrun that returns without its lease leaves the next holder's lease alone" {
	local lease how

	start_relay
	for how in running ended; do
		next_after_loss $how
		lease=$(holders "$TASK")
		[ -n "$lease" ]
		if [ $how = ended ]; then
			: >"$BATS_TEST_TMPDIR/end$how"
			wait_for 10 not has_command "${BG[lost$how]}"
		fi
		relay_tell heal
		zkrun_wait "lost$how" 15
		[ $how = ended ] || assert_equal "$status" 76
		assert_equal "$(holders "$TASK")" "$lease"
		run -75 zkrun -n -t "$TASK" -- true
		let_go "next$how"
	done
}

@test "the command's output arrives at once, not when the command ends" {
	zkrun_bg run -t "$TASK" -- sh -c 'echo line; printf part
	    echo wrong >&2; until [ -e "$1" ]; do sleep 0.05; done; echo end' \
	    sh "$BATS_TEST_TMPDIR/go"
	wait_for 5 grep -qx part "$BATS_TEST_TMPDIR/run.out"
	wait_for 5 grep -qx wrong "$BATS_TEST_TMPDIR/run.err"
	assert_equal "$(<"$BATS_TEST_TMPDIR/run.out")" $'line\npart'
	has_command "$BG_PID"
	: >"$BATS_TEST_TMPDIR/go"
	zkrun_wait run 5
	assert_equal "$status" 0
	assert_equal "$(<"$BATS_TEST_TMPDIR/run.out")" $'line\npartend'
}

# Print how many watches the server has fired since it started.
watches_fired()
{
	local fd text

	exec {fd}<>"/dev/tcp/${ZKRUN_CONNECT%:*}/${ZKRUN_CONNECT##*:}"
	echo mntr >&"$fd"
	text=$(timeout 10 cat <&"$fd")
	exec {fd}>&-
	awk '$1 ~ /^zk_sum_node_(deleted|changed|created|children)_watch_count$/ {
		n += $2; seen = 1
	} END { print n; exit !seen }' <<<"$text"
}

@test "a release wakes only the contenders at the front of the queue" {
	local i before fired n=20

	hold holder "$TASK"
	for ((i = 1; i <= n; i++)); do
		zkrun_bg "w$i" -t "$TASK" -- sleep 600
	done
	wait_for 20 queue_count "$TASK" "$n"
	before=$(watches_fired)
	let_go holder
	# The new holder leaves the queue, and the next waiter creates its lease
	# node.
	wait_for 10 queue_count "$TASK" $((n - 1))
	wait_for 10 holds_count "$TASK" 2
	fired=$(($(watches_fired) - before))
	echo "$fired watches for one hand-off"
	[ "$fired" -ge 1 ]
	[ "$fired" -le $((n / 2)) ]
}

@test "the end of a command and of a wait are noticed at once, without polling" {
	local i before took n=10

	hold holder "$TASK"
	for ((i = 1; i <= n; i++)); do
		zkrun_bg "w$i" -t "$TASK" -- true
		wait_for 10 queue_count "$TASK" "$i"
	done
	before=$(now_us)
	let_go holder
	for ((i = 1; i <= n; i++)); do
		zkrun_wait "w$i" 30
		assert_equal "$status" 0
	done
	took=$((($(now_us) - before) / 1000))
	echo "$n hand-offs in $took ms"
	# Polling once a second would take half a second each, on average.
	[ $took -lt $((n * 500)) ]
}
