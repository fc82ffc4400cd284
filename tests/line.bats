#!/usr/bin/env bats
#
# Places in line that belong to no session.

load lib/helper

# ghost [N]: a place in line that belongs to no session, behind those there are;
# or so many.
ghost()
{
	local i

	for ((i = 0; i < ${1:-1}; i++)); do
		zk create --sequential "/lock/mutex/$TASK/locks/_c_ghost-lock-" \
		    'host=gone pid=1' >/dev/null
	done
}

# waits NAME OPTION...: in line; when it has its turn it writes its name down.
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

# ran NAME...: they all have had their turns, in this order.
ran()
{
	local name

	for name; do
		zkrun_wait "$name" 20
		assert_equal "$name: $status" "$name: 0"
	done
	assert_equal "$(xargs <"$BATS_TEST_TMPDIR/order")" "$*"
}

@test "places without a session are passed over, and nobody overtakes who stands behind" {
	zk create -p "/lock/mutex/$TASK/locks" >/dev/null
	ghost 3
	hold holder "$TASK"
	waits first
	# At the head of the line, with a lease: nobody walks past that.
	wait_for 10 holds_count "$TASK" 2
	run -75 zkrun -n -t "$TASK" -- true
	waits second
	kill -USR1 "${BG[first]}"
	wait_for 10 grep -q ', next in line, held by' "$BATS_TEST_TMPDIR/first.err"
	let_go holder
	ran first second
	queue_count "$TASK" 3
	run -0 zkrun -n -t "$TASK" -- true
}

@test "places without a session in the middle of the line: the order stays" {
	hold holder "$TASK"
	zk create -p "/lock/mutex/$TASK/locks" >/dev/null
	waits first
	ghost 2
	waits second
	ghost
	waits third
	# Whose turn is when a place of nobody goes?  Still the first one's.
	zk rm "/lock/mutex/$TASK/locks/$(queue_of "$TASK" | grep -m 1 ghost)"
	holds_count "$TASK" 2
	let_go holder
	ran first second third
	queue_count "$TASK" 2
}

@test "with -n only places without a session are ahead: the lock is taken" {
	local n

	# Others have made it: nobody walks in.
	zk create -p "/lock/mutex/$TASK/leases" >/dev/null
	zk create -p "/lock/mutex/$TASK/locks" >/dev/null
	ghost 2
	for n in 1 2; do
		run -0 zkrun -n -l "$n" -t "$TASK" -- echo ran
		assert_output ran
	done
}

@test "a hundred places without a session: each is read once, and the line listed once" {
	zk create -p "/lock/mutex/$TASK/locks" >/dev/null
	ghost 100
	hold holder "$TASK"
	start_relay
	waits waiter -c "$RELAY_CONNECT"
	wait_for 20 holds_count "$TASK" 2
	let_go holder
	ran waiter
	# The line, and the leases.
	assert_equal "$(relay_count op12)" 2
	# And one look behind the first try, its lease twice, and its rival's.
	[ "$(relay_count op4)" -le 104 ]
}

@test "contact is lost at the head of the line, behind places without a session" {
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
