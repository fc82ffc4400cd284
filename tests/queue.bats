#!/usr/bin/env bats
#
# The line where its order ends: places in it that belong to no session, and
# numbers past 2^31.

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

#
# Places without a session
#

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
	local locks=/lock/mutex/$TASK/locks name

	hold holder "$TASK"
	zk create -p "$locks" >/dev/null
	waits first
	ghost 2
	start_relay
	waits second -c "$RELAY_CONNECT"
	ghost
	waits third
	# It hears at once that two go, and looks once: it is still not its turn.
	wait_for 10 relay_counts op4 4
	pkill -STOP -P "${BG[second]}"
	for name in $(queue_of "$TASK" | grep ghost | head -n 2); do
		zk rm "$locks/$name"
	done
	pkill -CONT -P "${BG[second]}"
	wait_for 10 relay_counts op12 2
	# Nor when what is ahead is written to.
	zk set "$locks/$(queue_of "$TASK" | grep -v ghost | sort -t - -k 7 |
	    head -n 1)" changed
	wait_for 10 relay_counts op12 3
	assert_equal "$(relay_count op12)" 3
	holds_count "$TASK" 2
	let_go holder
	ran first second third
	queue_count "$TASK" 1
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
	# The line, the leases, and the line again in the end.
	assert_equal "$(relay_count op12)" 3
	# The others are looks at leases, and beats.
	[ "$(relay_count op4)" -le 130 ]
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

#
# Numbers past 2^31.  What has a lower number as text comes first, as Curator has
# it.  From 2^31 on that is whoever came last, or, where the server gives the last
# number again and again, whoever has the lower UUID.
#

# count_from N: a server of the test's own, where so many places were in line
# before.
count_from()
{
	own_server --jvm -Dzookeeper.digest.enabled=false \
	    --set maxSessionTimeout=60000
	export ZKRUN_CONNECT=$OWN_CONNECT ZK_CONNECT=$OWN_CONNECT
	zk create -p "/lock/mutex/$TASK"
	# Not a container: that would be reaped, and its counter with it.
	zk create "/lock/mutex/$TASK/locks"
	"$SANDBOX" stop "$OWN_DIR"
	"$TOP/tests/java/run" Counter "$OWN_DIR/data" \
	    "/lock/mutex/$TASK/locks" "$1"
	"$SANDBOX" restart "$OWN_DIR" >/dev/null
}

# all_ran NAME...: they all have had their turns.
all_ran()
{
	local name

	for name; do
		zkrun_wait "$name" 20
		assert_equal "$name: $status" "$name: 0"
	done
	assert_equal "$(sort "$BATS_TEST_TMPDIR/order" | xargs)" "$*"
}

@test "the last number of a place in line, and what comes then: all have their turns" {
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

@test "negative numbers: who comes ahead of the head gets its lease" {
	count_from -5
	hold holder "$TASK"
	start_relay
	# A beat every 8.6 seconds: three leases are too many, so it looks now.
	waits first -T 60s -c "$RELAY_CONNECT"
	wait_for 10 holds_count "$TASK" 2
	waits second
	# One of the two has given its lease back.
	wait_for 5 relay_counts op2 1
	wait_for 10 holds_count "$TASK" 2
	# A place, and the lease that is back: it does not go round.
	assert_equal "$(relay_count op15)" 2
	let_go holder
	ran second first
}

@test "negative numbers: two wait for each other, and one sees it in time" {
	count_from -5
	hold holder "$TASK"
	waits first -T 7s
	wait_for 10 holds_count "$TASK" 2
	# It is told of both at once, and never sees that three have leases.
	pkill -STOP -P "${BG[first]}"
	waits second
	wait_for 10 holds_count "$TASK" 3
	let_go holder
	wait_for 10 holds_count "$TASK" 2
	pkill -CONT -P "${BG[first]}"
	ran second first
}

@test "negative numbers: who gave its lease back holds with the next one" {
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
	# It watches the other lease by name now, and gives way.
	relay_tell freeze-at 15
	pkill -CONT -P "${BG[first]}"
	curator_expect 10 A acquired
	# Its turn again.  It hears that the other lease is gone before it has
	# one of its own.
	wait_for 10 relay_counts op15 3
	told=$(relay_count down)
	curator_say release A
	wait_for 10 relay_counts down $((told + 1))
	relay_tell thaw
	zkrun_wait first 10
	assert_equal "$status" 0
	[ "$(sed -n 's/^ZKRUN_FENCE=//p' "$env")" -gt 0 ]
}

@test "negative numbers: contact is lost while the lease is given back" {
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
	# The delete was not carried out, and comes once more.
	wait_for 10 relay_counts op2 2
	wait_for 10 holds_count "$TASK" 2
	let_go holder
	ran second first
}

@test "negative numbers: a place without a session does not take the head's lease" {
	local beats

	count_from -5
	zk create "/lock/mutex/$TASK/locks/_c_ghost-lock--000000001"
	hold holder "$TASK"
	start_relay
	waits first -T 7s -c "$RELAY_CONNECT"
	# The line, the leases, and, with the next beat, the line again.
	wait_for 10 relay_counts op12 3
	beats=$(relay_count op14)
	wait_for 10 relay_counts op14 $((beats + 1))
	assert_equal "$(relay_count op2)" 0
	let_go holder
	ran first
}

@test "negative numbers: a Curator client that comes ahead of the head goes first" {
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
