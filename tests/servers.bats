#!/usr/bin/env bats
#
# Servers that speak ZooKeeper's protocol, but not all of it.  The relay plays
# such a server: it turns requests into some that no server knows, so that the
# answer is ZooKeeper's (ZUNIMPLEMENTED, and an end of the connection), and it
# takes the session out of a client's handshake.

load lib/helper

CREATE2=15
CREATE_CONTAINER=19

# poor_server OPCODE...: what it does not know.
poor_server()
{
	local op

	start_relay
	for op; do
		relay_tell unknown "$op"
	done
}

# Nothing of it is there yet.
virgin()
{
	BASE=/poor/$TASK
	[ -z "$(zk ls "$BASE" 2>/dev/null)" ]
}

# Is somebody waiting at the head of the line?
has_two_leases()
{
	[ "$(zk ls "$BASE/x/leases" | wc -l)" -eq 2 ]
}

# fence_of: runs, and prints what the command was told.
fence_of()
{
	# shellcheck disable=SC2016 # for the inner shell
	zkrun "$@" -t x -- sh -c 'echo $ZKRUN_FENCE'
}

@test "without containers the parents are persistent nodes, and it is said with -v" {
	virgin
	poor_server $CREATE_CONTAINER
	run -0 zkrun -v -c "$RELAY_CONNECT" -b "$BASE" --runs "$BASE.runs" -i 0 \
	    -t x -- touch "$BATS_TEST_TMPDIR/ran"
	assert_line 'zkrun: the server seems not to support container nodes; parents become persistent'
	[ -e "$BATS_TEST_TMPDIR/ran" ]
	zk stat "$BASE/x"
	zk stat "$BASE.runs/x"
	# No more is asked than has to be made: a second run meets them all.
	relay_tell reset-stats
	run -0 zkrun -v -c "$RELAY_CONNECT" -b "$BASE" --runs "$BASE.runs" -i 0 \
	    -t x -- true
	refute_output --partial container
	assert_equal "$(relay_count op$CREATE_CONTAINER)" 0
	assert_equal "$(relay_count accepted)" 1
}

@test "without create2 the lock is taken, waited for and handed on, with its fence" {
	local first second

	virgin
	poor_server $CREATE2 $CREATE_CONTAINER
	first=$(fence_of -c "$RELAY_CONNECT" -b "$BASE")
	# Its keeper deletes that after the end; the holder makes it anew then.
	wait_for 5 not zk stat "$BASE/x/leases"
	hold holder x -b "$BASE"
	run -75 zkrun -n -c "$RELAY_CONNECT" -b "$BASE" -t x -- true
	run -75 zkrun -w 0.1 -c "$RELAY_CONNECT" -b "$BASE" -t x -- true
	# shellcheck disable=SC2016 # for the inner shell
	zkrun_bg waiter -c "$RELAY_CONNECT" -b "$BASE" -t x -- \
	    sh -c 'echo $ZKRUN_FENCE; exec sleep 600'
	wait_for 10 has_two_leases
	let_go holder
	wait_for 10 has_command "${BG[waiter]}"
	second=$(<"$BATS_TEST_TMPDIR/waiter.out")
	assert_equal "$second" \
	    "$(zk czxid "$BASE/x/leases/$(zk ls "$BASE/x/leases")")"
	[ "$second" -gt "$first" ]
	let_go waiter
	wait_for 5 not zk stat "$BASE/x/leases"
}

@test "a server that knows all of it is never taken for another" {
	virgin
	run -0 zkrun -v -b "$BASE" -t x -- true
	refute_output --partial container
}

@test "without a way back into a session a holder stops, and one runs at a time" {
	start_relay
	relay_tell no-resume
	hold holder "$TASK" -T 2s -c "$RELAY_CONNECT"
	zkrun_bg waiter -T 2s -c "$RELAY_CONNECT" -t "$TASK" -- \
	    touch "$BATS_TEST_TMPDIR/ran"
	wait_for 10 queue_count "$TASK" 1
	relay_tell cut
	zkrun_wait holder 2
	assert_equal "$status" 76
	grep -q 'is lost; killing' "$BATS_TEST_TMPDIR/holder.err"
	# The nodes of the old sessions go first, and that takes its time.
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	zkrun_wait waiter 10
	[ -e "$BATS_TEST_TMPDIR/ran" ]
	assert_equal "$status" 0
	grep -q 'session expired; joining the line' \
	    "$BATS_TEST_TMPDIR/waiter.err"
	assert_lock_clean "$TASK"
}

@test "the keeper is killed, and there is no way back into its session" {
	start_relay
	relay_tell no-resume
	zkrun_bg holder -T 8s -c "$RELAY_CONNECT" -t "$TASK" -- \
	    env "MARK=$TASK" sleep 600
	wait_for 10 marked_count "$TASK" 1
	kill -KILL "$(keeper_of "$BG_PID")"
	# It does not wait for what the server does by itself.
	zkrun_wait holder 5
	assert_equal "$status" 76
	marked_count "$TASK" 0
	assert_lock_clean "$TASK" 15
}

@test "a server that keeps sessions for longer than was asked for: it is said" {
	own_server --tick 1000
	run -0 zkrun -c "$OWN_CONNECT" -T 1.5s -t "$TASK" -- true
	assert_output "zkrun: ZooKeeper keeps a dead session for 2.0s, longer than the 1.5s asked for"
}
