#!/usr/bin/env bats
#
# Queues with nodes that belong to no session, and with sequence numbers past
# 2^31.

load lib/helper

# ghost [N]: add N queue nodes (or one) that belong to no session.
ghost()
{
	local i

	for ((i = 0; i < ${1:-1}; i++)); do
		zk create --sequential "/lock/mutex/$TASK/locks/_c_ghost-lock-" \
		    'host=gone pid=1' >/dev/null
	done
}

# waits NAME OPTION...: queue; on its turn the command writes NAME to a file.
waits()
{
	local before name=$1

	shift
	before=$(queue_of "$TASK" | wc -l)
	# shellcheck disable=SC2016 # for the inner shell
	zkrun_bg "$name" "$@" -t "$TASK" -- sh -c 'echo "$1" >>"$2"' sh \
	    "$name" "$BATS_TEST_TMPDIR/order"
	wait_for 10 queue_count "$TASK" $((before + 1))
}

# ran NAME...: fail unless these contenders had their turn, in this order.
ran()
{
	local name

	for name; do
		zkrun_wait "$name" 20
		assert_equal "$name: $status" "$name: 0"
	done
	assert_equal "$(xargs <"$BATS_TEST_TMPDIR/order")" "$*"
}

#
# Queue nodes without a session
#

@test "contenders pass over a queue node without a session, and no newcomer overtakes the waiters behind it" {
	zk create -p "/lock/mutex/$TASK/locks" >/dev/null
	ghost 3
	hold holder "$TASK"
	waits first
	# The first waiter has a lease node, so a newcomer with -n is refused.
	wait_for 10 holds_count "$TASK" 2
	run -75 zkrun -n -t "$TASK" -- true
	waits second
	kill -USR1 "${BG[first]}"
	wait_for 10 grep -q ', next in the queue, held by' "$BATS_TEST_TMPDIR/first.err"
	let_go holder
	ran first second
	queue_count "$TASK" 3
	run -0 zkrun -n -t "$TASK" -- true
}

@test "queue nodes without a session in the middle of the queue do not change its order" {
	local locks=/lock/mutex/$TASK/locks name

	hold holder "$TASK"
	zk create -p "$locks" >/dev/null
	waits first
	ghost 2
	start_relay
	waits second -c "$RELAY_CONNECT"
	ghost
	waits third
	# 'second' learns that two nodes are gone, looks once, and is not at the
	# front.
	wait_for 10 relay_counts op4 4
	pkill -STOP -P "${BG[second]}"
	for name in $(queue_of "$TASK" | grep ghost | head -n 2); do
		zk rm "$locks/$name"
	done
	pkill -CONT -P "${BG[second]}"
	wait_for 10 relay_counts op12 3
	# 'second' also stays behind when somebody writes to the node ahead of
	# it.
	zk set "$locks/$(queue_of "$TASK" | grep -v ghost | sort -t - -k 7 |
	    head -n 1)" changed
	wait_for 10 relay_counts op12 4
	assert_equal "$(relay_count op12)" 4
	holds_count "$TASK" 2
	let_go holder
	ran first second third
	queue_count "$TASK" 1
}

@test "with -n the lock is taken if only nodes without a session are ahead" {
	local n

	# 'leases' exists, so zkrun has to queue.
	zk create -p "/lock/mutex/$TASK/leases" >/dev/null
	zk create -p "/lock/mutex/$TASK/locks" >/dev/null
	ghost 2
	for n in 1 2; do
		run -0 zkrun -n -l "$n" -t "$TASK" -- echo ran
		assert_output ran
	done
}

@test "a waiter behind a hundred queue nodes without a session reads each of them only once" {
	zk create -p "/lock/mutex/$TASK/locks" >/dev/null
	ghost 100
	hold holder "$TASK"
	start_relay
	waits waiter -c "$RELAY_CONNECT"
	wait_for 20 holds_count "$TASK" 2
	let_go holder
	ran waiter
	# The waiter lists the queue, the leases, and the queue again at the
	# end, and twice the task's node.
	assert_equal "$(relay_count op12)" 5
	# The other reads are looks at leases and reads between beats.
	[ "$(relay_count op4)" -le 130 ]
}

@test "a waiter at the front, behind nodes without a session, runs even if contact is lost" {
	zk create -p "/lock/mutex/$TASK/locks" >/dev/null
	ghost 2
	hold holder "$TASK"
	start_relay
	waits waiter -T 10 -c "$RELAY_CONNECT"
	wait_for 10 holds_count "$TASK" 2
	relay_tell cut
	wait_for 10 grep -q regained "$BATS_TEST_TMPDIR/waiter.err"
	let_go holder
	ran waiter
}

#
# Sequence numbers past 2^31.  As in Curator, the number that is lower as text
# comes first.  From 2^31 on this is the number of the latest node.  Once the
# server repeats the last number, the node with the lower UUID comes first.
#

# count_from N: start a separate server for this test.  Its queue has had N nodes
# before.
count_from()
{
	own_server --jvm -Dzookeeper.digest.enabled=false \
	    --set maxSessionTimeout=60000
	export ZKRUN_CONNECT=$OWN_CONNECT ZK_CONNECT=$OWN_CONNECT
	zk create -p "/lock/mutex/$TASK"
	# The server would delete a container, and its counter with it.
	zk create "/lock/mutex/$TASK/locks"
	"$SANDBOX" stop "$OWN_DIR"
	# The snapshot has no digest; ZooKeeper 3.9 would expect one.
	"$TOP/tests/java/run" -Dzookeeper.digest.enabled=false Counter \
	    "$OWN_DIR/data" \
	    "/lock/mutex/$TASK/locks" "$1"
	"$SANDBOX" restart "$OWN_DIR" >/dev/null
}

# all_ran NAME...: fail unless all these contenders had their turn.
all_ran()
{
	local name

	for name; do
		zkrun_wait "$name" 20
		assert_equal "$name: $status" "$name: 0"
	done
	assert_equal "$(sort "$BATS_TEST_TMPDIR/order" | xargs)" "$*"
}

@test "all contenders get their turn at the last sequence number and after it" {
	local place

	count_from 2147483647
	hold holder "$TASK"
	waits a
	wait_for 10 holds_count "$TASK" 2
	place=$(queue_of "$TASK")
	assert_equal "${place##*-}" 2147483647
	waits b
	waits c
	waits d
	let_go holder
	all_ran a b c d
}

@test "negative numbers: the head gives its lease back if a contender comes ahead of it" {
	count_from -5
	hold holder "$TASK"
	start_relay
	# 'first' sends a beat only every 8.6 seconds, so the third lease alerts
	# it.
	waits first -T 60s -c "$RELAY_CONNECT"
	wait_for 10 holds_count "$TASK" 2
	waits second
	# 'first' gives its lease back.
	wait_for 5 relay_counts op2 1
	wait_for 10 holds_count "$TASK" 2
	# 'first' created its place and one lease, but no second lease.
	assert_equal "$(relay_count op15)" 2
	let_go holder
	ran second first
}

@test "negative numbers: two heads wait for each other, and one gives way in time" {
	count_from -5
	hold holder "$TASK"
	waits first -T 7s
	wait_for 10 holds_count "$TASK" 2
	# 'first' learns of both events at once and never sees three leases.
	pkill -STOP -P "${BG[first]}"
	waits second
	wait_for 10 holds_count "$TASK" 3
	let_go holder
	wait_for 10 holds_count "$TASK" 2
	pkill -CONT -P "${BG[first]}"
	ran second first
}

@test "negative numbers: a head that gave its lease back later holds with a new one" {
	local env=$BATS_TEST_TMPDIR/env told

	count_from -5
	start_curator "$OWN_CONNECT"
	hold holder "$TASK"
	start_relay
	zkrun_bg first -T 7s -c "$RELAY_CONNECT" -t "$TASK" -- \
	    sh -c 'env >"$1"' sh "$env"
	wait_for 10 holds_count "$TASK" 2
	pkill -STOP -P "${BG[first]}"
	curator_say acquire A "/lock/mutex/$TASK" -1
	wait_for 10 holds_count "$TASK" 3
	let_go holder
	wait_for 10 holds_count "$TASK" 2
	# 'first' watches the other lease by name and gives way.
	relay_tell freeze-at 15
	pkill -CONT -P "${BG[first]}"
	curator_expect 10 A acquired
	# 'first' is at the front again.  It learns that the other lease is gone
	# before its own lease exists.
	wait_for 10 relay_counts op15 3
	told=$(relay_count down)
	curator_say release A
	wait_for 10 relay_counts down $((told + 1))
	relay_tell thaw
	zkrun_wait first 10
	assert_equal "$status" 0
	[ "$(sed -n 's/^ZKRUN_FENCE=//p' "$env")" -gt 0 ]
}

@test "negative numbers: the head gives its lease back even if contact is lost" {
	count_from -5
	hold holder "$TASK"
	start_relay
	waits first -T 7s -c "$RELAY_CONNECT"
	wait_for 10 holds_count "$TASK" 2
	relay_tell freeze-at 2
	waits second
	wait_for 10 relay_counts op2 1
	relay_tell cut
	relay_tell thaw
	# The server did not carry out the delete, so zkrun sends it again.
	wait_for 10 relay_counts op2 2
	wait_for 10 holds_count "$TASK" 2
	let_go holder
	ran second first
}

@test "negative numbers: a node without a session does not take the head's lease" {
	local beats

	count_from -5
	zk create "/lock/mutex/$TASK/locks/_c_ghost-lock--000000001"
	hold holder "$TASK"
	start_relay
	waits first -T 7s -c "$RELAY_CONNECT"
	# 'first' lists the queue, the leases and, with the next beat, the
	# queue.
	wait_for 10 relay_counts op12 3
	beats=$(relay_count op14)
	wait_for 10 relay_counts op14 $((beats + 1))
	assert_equal "$(relay_count op2)" 0
	let_go holder
	ran first
}

@test "negative numbers: a Curator client that comes ahead of the head runs first" {
	count_from -5
	start_curator "$OWN_CONNECT"
	hold holder "$TASK"
	waits first
	wait_for 10 holds_count "$TASK" 2
	curator_say acquire A "/lock/mutex/$TASK" -1
	wait_for 10 queue_count "$TASK" 2
	wait_for 10 holds_count "$TASK" 2
	let_go holder
	curator_expect 10 A acquired
	[ ! -e "$BATS_TEST_TMPDIR/order" ]
	curator_say release A
	ran first
}
