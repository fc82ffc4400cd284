#!/usr/bin/env bats
#
# Servers that know only a part of ZooKeeper's protocol.  The relay imitates
# such servers.  It replaces the type of a request by one that no server knows,
# so that ZooKeeper answers ZUNIMPLEMENTED and closes the connection.  It also
# removes the session from a client's handshake.

load lib/helper

CREATE2=15
CREATE_CONTAINER=19

# poor_server OPCODE...: start a relay whose server does not know these
# requests.
poor_server()
{
	local op

	start_relay
	for op; do
		relay_tell unknown "$op"
	done
}

# virgin: set BASE to a path that does not exist yet.
virgin()
{
	BASE=/poor/$TASK
	[ -z "$(zk ls "$BASE" 2>/dev/null)" ]
}

# Return whether a contender with a lease waits at the front of the queue.
has_two_leases()
{
	[ "$(zk ls "$BASE/x/leases" | wc -l)" -eq 2 ]
}

# fence_of OPTION...: run zkrun and print its command's fencing token.
fence_of()
{
	# shellcheck disable=SC2016 # for the inner shell
	zkrun "$@" -t x -- sh -c 'echo $ZKRUN_FENCE'
}

@test "without container nodes the parents are persistent, which -v reports" {
	virgin
	poor_server $CREATE_CONTAINER
	run -0 zkrun -v -c "$RELAY_CONNECT" -b "$BASE" --runs "$BASE.runs" -i 0 \
	    -t x -- touch "$BATS_TEST_TMPDIR/ran"
	assert_line 'zkrun: the server seems not to support container nodes; parents become persistent'
	[ -e "$BATS_TEST_TMPDIR/ran" ]
	zk stat "$BASE/x"
	zk stat "$BASE.runs/x"
	# The second run finds all parents and asks for no container.
	relay_tell reset-stats
	run -0 zkrun -v -c "$RELAY_CONNECT" -b "$BASE" --runs "$BASE.runs" -i 0 \
	    -t x -- true
	refute_output --partial container
	assert_equal "$(relay_count op$CREATE_CONTAINER)" 0
	assert_equal "$(relay_count accepted)" 1
}

@test "without create2 contenders take the lock, queue for it and hand it on, with its fence" {
	local first second

	virgin
	poor_server $CREATE2 $CREATE_CONTAINER
	first=$(fence_of -c "$RELAY_CONNECT" -b "$BASE")
	# The first keeper deletes 'leases' after its end, and the holder
	# remakes it.
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

@test "zkrun uses containers on a server that supports all requests" {
	virgin
	run -0 zkrun -v -b "$BASE" -t x -- true
	refute_output --partial container
}

@test "a server that resumes no session: the holder stops, and one command runs at a time" {
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
	# The server ends the old sessions only after their timeout.
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	zkrun_wait waiter 10
	[ -e "$BATS_TEST_TMPDIR/ran" ]
	assert_equal "$status" 0
	grep -q 'expired; joining the queue' \
	    "$BATS_TEST_TMPDIR/waiter.err"
	assert_lock_clean "$TASK"
}

@test "if the keeper is killed and the server resumes no session, zkrun exits 76 within seconds" {
	start_relay
	relay_tell no-resume
	zkrun_bg holder -T 8s -c "$RELAY_CONNECT" -t "$TASK" -- \
	    env "MARK=$TASK" sleep 600
	wait_for 10 marked_count "$TASK" 1
	kill -KILL "$(keeper_of "$BG_PID")"
	# The guard does not wait until the server ends the session.
	zkrun_wait holder 5
	assert_equal "$status" 76
	marked_count "$TASK" 0
	assert_lock_clean "$TASK" 15
}

@test "zkrun reports a server that keeps sessions for longer than zkrun asked for" {
	own_server --tick 1000
	run -0 zkrun -c "$OWN_CONNECT" -T 1.5s -t "$TASK" -- true
	assert_output "zkrun: ZooKeeper raised the session timeout of '$TASK' from 1.5s to 2.0s: others wait that long after a failure"
}
