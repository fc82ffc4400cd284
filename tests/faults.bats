#!/usr/bin/env bats
#
# Networks and servers fail, and other clients delete nodes: the command runs
# exactly once or not at all, and no node is left.

load lib/helper

RAN()
{
	echo "$BATS_TEST_TMPDIR/ran"
}

# note_run: print a command that adds a line to a file each time it runs.
note_run()
{
	printf '%s\n' sh -c 'echo ran >>"$1"' sh "$(RAN)"
}

assert_runs()
{
	assert_equal "runs: $(cat "$(RAN)" 2>/dev/null | grep -c ran)" \
	    "runs: $1"
}

# run_through_relay: the command must run once, and no node may be left.
run_through_relay()
{
	local command

	mapfile -t command < <(note_run)
	run -0 zkrun -c "$RELAY_CONNECT" -t "$TASK" -- "${command[@]}"
	echo "$output"
	assert_runs 1
	assert_lock_clean "$TASK"
}

# make_parents: make the task's nodes, so that zkrun queues even if the lock is
# free.
make_parents()
{
	zk create -p "/lock/mutex/$TASK/leases"
	zk create "/lock/mutex/$TASK/locks"
}

#
# Parents that a server deletes
#

# reap_at N PATH...: delete nodes when the Nth create of zkrun is on its way.
reap_at()
{
	local command n=$1 path

	shift
	make_parents
	start_relay
	relay_tell freeze-at 15 "$n"
	mapfile -t command < <(note_run)
	zkrun_bg run -c "$RELAY_CONNECT" -t "$TASK" -- "${command[@]}"
	wait_for 10 relay_counts op15 "$n"
	for path; do
		zk rm "/lock/mutex/$path"
	done
	relay_tell thaw
	zkrun_wait run 10
	assert_equal "$status" 0
	assert_runs 1
	assert_lock_clean "$TASK"
}

@test "if 'locks' is deleted before the create of a lock node, zkrun makes 'locks' again" {
	reap_at 1 "$TASK/locks"
}

@test "if the whole task is deleted before the first create, zkrun makes the task again" {
	reap_at 1 "$TASK/locks" "$TASK/leases" "$TASK"
}

@test "if 'leases' is deleted before the create of a lease, zkrun makes 'leases' again" {
	reap_at 2 "$TASK/leases"
}

@test "a run succeeds although its parents are deleted again and again" {
	local command i

	start_relay
	mapfile -t command < <(note_run)
	# Delete the parents right before each create: first before the create
	# that takes a free lock, then before the create of a lock node.
	relay_tell freeze-at 14 2
	zkrun_bg run -c "$RELAY_CONNECT" -t "$TASK" -- "${command[@]}"
	wait_for 10 relay_counts op14 2
	wait_for 10 zk rm "/lock/mutex/$TASK"
	relay_tell freeze-at 15 2
	relay_tell thaw
	for i in 2 3 4; do
		wait_for 10 relay_counts op15 $i
		wait_for 10 zk stat "/lock/mutex/$TASK/leases"
		zk rmr "/lock/mutex/$TASK"
		relay_tell freeze-at 15
		relay_tell thaw
	done
	relay_tell heal
	zkrun_wait run 20
	assert_equal "$status" 0
	assert_runs 1
	assert_lock_clean "$TASK"
}

@test "60 runs succeed on a server that deletes empty parents ten times a second" {
	local i pids=() n=20 j

	! asan || n=8
	own_server --jvm -Dznode.container.checkIntervalMs=100
	for i in 1 2 3; do
		for ((j = 0; j < n; j++)); do
			"$ZKRUN" -c "$OWN_CONNECT" -t "$TASK$i" -- sh -c \
			    'echo ran >>"$1"' sh "$(RAN)" || echo "failed $?"
			# After every fourth run wait until the server has
			# deleted the task.
			[ $((j % 4)) -ne 3 ] || ZK_CONNECT=$OWN_CONNECT \
			    wait_for 10 not zk stat "/lock/mutex/$TASK$i"
		done >"$BATS_TEST_TMPDIR/loop$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/loop?)" ''
	assert_runs $((3 * n))
}

#
# Lost replies
#

# lose OPCODE [SKIP]: lose one reply and the connection, in a run that queues.
lose()
{
	make_parents
	start_relay
	relay_tell drop-reply "$1" 1 "${2:-0}" then-cut
	run_through_relay
	assert_equal "$(relay_count dropped)" 1
}

# lose_if_free OPCODE [SKIP]: like lose, in a run that takes a free lock at
# once.
lose_if_free()
{
	zkrun -t "$TASK" -- true
	start_relay
	relay_tell drop-reply "$1" 1 "${2:-0}" then-cut
	run_through_relay
	assert_equal "$(relay_count dropped)" 1
	wait_for 5 not zk stat "/lock/mutex/$TASK/leases"
}

@test "free lock: a run succeeds if the reply to the acquire is lost" {
	lose_if_free 14
}

@test "free lock: a run succeeds if the reply with the fence is lost" {
	lose_if_free 4
}

@test "free lock: a run succeeds if the reply to the last list is lost" {
	lose_if_free 12
}

@test "free lock: a run succeeds if the reply to the delete of the lease is lost" {
	lose_if_free 2
}

@test "zkrun finds its lock node if the reply to the create is lost" {
	lose 15
	# zkrun created one lock node and one lease.
	assert_equal "$(relay_count op15)" 2
}

@test "a run succeeds if the reply to the first list is lost" {
	lose 12
}

@test "zkrun finds its lease if the reply to the create is lost" {
	lose 15 1
	assert_equal "$(relay_count op15)" 2
}

@test "a run succeeds if the reply to the list of the leases is lost" {
	lose 12 1
}

@test "a run succeeds if the reply to the delete of the lock node is lost" {
	lose 2
}

@test "a run succeeds if the reply to the delete of the lease is lost" {
	lose 2 1
}

@test "a run succeeds if the reply to any create of a parent is lost" {
	local skip name

	for skip in 0 1 2; do
		TASK=$(unique_task)
		name=relay-$skip
		rm -f "$(RAN)"
		start_relay "$name"
		relay_tell_to "$name" drop-reply 19 1 "$skip" then-cut
		run_through_relay
		assert_equal "$(relay_count dropped "$name")" 1
	done
}

# If a session is being closed, was closed or has moved to another server, the
# server says so in a reply and leaves the connection open.
#
# session_error OPCODE [PREPARE]: run PREPARE, and answer the first request of
# type OPCODE with such a reply.
session_error()
{
	local code

	for code in 12 112 118; do
		TASK=$(unique_task)
		rm -f "$(RAN)"
		"${2:-true}"
		start_relay "relay-$code"
		relay_tell_to "relay-$code" fail-reply "$1" "$code"
		run_through_relay
		assert_equal "$(relay_count dropped "relay-$code")" 1
		assert_equal "$(relay_count accepted "relay-$code")" 2
	done
}

@test "if a server refuses to show a new lease, zkrun exits 70 and releases the lease" {
	zk create -p "/lock/mutex/$TASK"
	start_relay
	relay_tell fail-reply 4 1
	run -70 timeout 20 "$ZKRUN" -c "$RELAY_CONNECT" -T 4s -t "$TASK" -- \
	    touch "$BATS_TEST_TMPDIR/ran"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	assert_lock_clean "$TASK"
}

@test "if zkrun may not delete its lock node, it reports this and still ends in time" {
	hold first "$TASK"
	zkrun_bg second -T 10s -t "$TASK" -- sleep 1
	wait_for 10 queue_count "$TASK" 1
	zk setacl "/lock/mutex/$TASK/locks" rwca
	let_go first
	zkrun_wait second 8
	assert_equal "$status" 0
	grep -q 'cannot delete a znode' "$BATS_TEST_TMPDIR/second.err"
	run ! grep -q 'no contact' "$BATS_TEST_TMPDIR/second.err"
	zk setacl "/lock/mutex/$TASK/locks" cdrwa
	assert_lock_clean "$TASK"
}

@test "a run succeeds if a session error answers the request for a free lock" {
	session_error 14
}

@test "a run succeeds if a session error answers the create of its lock node" {
	session_error 15 make_parents
}

@test "a run goes on over a new connection if a session error answers a beat" {
	start_relay
	zkrun_bg run -c "$RELAY_CONNECT" -T 4s -t "$TASK" -- sleep 60
	wait_for 10 holds_count "$TASK" 1
	relay_tell fail-reply 14 12
	wait_for 10 relay_counts accepted 2
	wait_for 10 grep -q regained "$BATS_TEST_TMPDIR/run.err"
	kill -TERM "${BG[run]}"
	zkrun_wait run 10
	assert_equal "$status" 143
	assert_lock_clean "$TASK"
}

@test "when contact is lost, the message names the server that zkrun had not tried" {
	local name list=

	for name in one other; do
		start_relay "$name"
		list+=${list:+,}$RELAY_CONNECT
	done
	zkrun_bg run -c "$list" -T 4s -t "$TASK" -- sleep 60
	wait_for 10 has_command "$BG_PID"
	relay_tell_to one cut
	relay_tell_to other cut
	wait_for 10 grep -q regained "$BATS_TEST_TMPDIR/run.err"
	grep -E 'lost contact .* \(.*: not tried' "$BATS_TEST_TMPDIR/run.err"
	not grep 'not resolved' "$BATS_TEST_TMPDIR/run.err"
	kill -TERM "${BG[run]}"
	zkrun_wait run 10
	assert_equal "$status" 143
}

@test "a run succeeds if the connection is cut during the create of its lock node" {
	make_parents
	start_relay
	relay_tell freeze-at 15
	mapfile -t command < <(note_run)
	zkrun_bg run -c "$RELAY_CONNECT" -t "$TASK" -- "${command[@]}"
	wait_for 10 relay_counts op15 1
	relay_tell cut
	relay_tell heal
	zkrun_wait run 10
	assert_equal "$status" 0
	assert_runs 1
	assert_lock_clean "$TASK"
}

@test "zkrun leaves no node if it gives up after the reply to the create of its lease is lost" {
	hold holder "$TASK"
	start_relay
	relay_tell drop-reply 15 1 1 then-cut
	run -75 zkrun -c "$RELAY_CONNECT" -w 1 -t "$TASK" -- true
	assert_equal "$(relay_count dropped)" 1
	holds_count "$TASK" 1
	queue_count "$TASK" 0
	let_go holder
}

# If a link delays a create while zkrun moves to another server and back, a
# server may still carry out the create, in the same session.  With one server
# this is a race of two threads, so here another client makes the node.
#
# create_comes_late N: the Nth create, from 1, comes late.
create_comes_late()
{
	local n=$1 stray

	hold holder "$TASK"
	start_relay
	relay_tell freeze-at 15 "$n"
	zkrun_bg waiter -c "$RELAY_CONNECT" -T 4s -t "$TASK" -- true
	wait_for 10 relay_counts op15 "$n"
	stray=$(relay_tell stats | sed -n 's/.* held=//p')
	[ -n "$stray" ]
	# zkrun reconnects and creates the node again: with its next create or
	# with the one after that, because zkrun may queue again first.
	relay_tell cut
	wait_for 10 relay_counts op15 $((n + 1))
	relay_tell heal
	if [ "$n" -eq 1 ]; then
		wait_for 10 queue_count "$TASK" 1
	else
		wait_for 10 holds_count "$TASK" 2
	fi
	stray=$(zk create "$stray" --sequential)
	not_there() { ! zk stat "$stray"; }
	wait_for 10 not_there
	let_go holder
	zkrun_wait waiter 10
	assert_equal "$status" 0
	assert_lock_clean "$TASK"
}

@test "zkrun deletes a lease that is created late, so that no contender waits for it" {
	create_comes_late 2
}

@test "zkrun deletes a lock node that is created late" {
	create_comes_late 1
}

@test "if zkrun gives up without contact, the session's end removes its nodes" {
	hold holder "$TASK"
	start_relay
	relay_tell drop-reply 15 1 1 then-cut
	zkrun_bg waiter -c "$RELAY_CONNECT" -T 2s -w 0.5 -t "$TASK" -- true
	wait_for 10 relay_counts dropped 1
	relay_tell refuse on
	zkrun_wait waiter 15
	assert_equal "$status" 75
	left() { holds_count "$TASK" 1 && queue_count "$TASK" 0; }
	wait_for 15 left
	let_go holder
}

#
# Servers
#

@test "a run goes on and succeeds if the server restarts" {
	own_server
	export ZK_CONNECT=$OWN_CONNECT
	mkfifo "$BATS_TEST_TMPDIR/gate"
	zkrun_bg run -c "$OWN_CONNECT" -t "$TASK" -- sh -c 'read -r _ <"$1"' \
	    sh "$BATS_TEST_TMPDIR/gate"
	wait_for 10 has_command "$BG_PID"
	timeout 90 "$SANDBOX" restart "$OWN_DIR"
	wait_for 10 grep -q "regained contact" "$BATS_TEST_TMPDIR/run.err"
	grep -q 'lost contact with ZooKeeper' "$BATS_TEST_TMPDIR/run.err"
	holds_count "$TASK" 1
	echo go >"$BATS_TEST_TMPDIR/gate"
	zkrun_wait run 10
	assert_equal "$status" 0
	assert_lock_clean "$TASK"
}

@test "after a restart of the server two waiters still run once each, in order" {
	local order=$BATS_TEST_TMPDIR/order i

	own_server
	export ZK_CONNECT=$OWN_CONNECT
	hold holder "$TASK" -c "$OWN_CONNECT"
	for i in 1 2; do
		zkrun_bg "w$i" -c "$OWN_CONNECT" -t "$TASK" -- sh -c \
		    'echo "$1" >>"$2"' sh $i "$order"
		wait_for 10 queue_count "$TASK" $i
	done
	timeout 90 "$SANDBOX" restart "$OWN_DIR"
	for i in holder w1 w2; do
		wait_for 10 grep -q "regained contact" "$BATS_TEST_TMPDIR/$i.err"
	done
	[ ! -e "$order" ]
	let_go holder
	for i in 1 2; do
		zkrun_wait w$i 10
		assert_equal "$status" 0
	done
	assert_equal "$(tr '\n' ' ' <"$order")" '1 2 '
	assert_lock_clean "$TASK"
}

@test "if one of two servers is frozen, zkrun finds the other" {
	local i frozen

	own_server
	frozen=$OWN_CONNECT
	"$SANDBOX" freeze "$OWN_DIR"
	# zkrun tries the servers in random order.
	for i in 1 2 3 4; do
		ZKRUN_LIMIT=20 zkrun --connect-timeout 2s -r 0 \
		    -c "$frozen,$ZKRUN_CONNECT" -t "$TASK" -- true
	done
}

@test "a run goes on if its server is frozen for less than the session timeout" {
	own_server
	export ZK_CONNECT=$OWN_CONNECT
	hold holder "$TASK" -c "$OWN_CONNECT"
	"$SANDBOX" freeze "$OWN_DIR"
	run timeout 1 "$TOOLS/znode" -c "$OWN_CONNECT" ls /
	assert_equal "$status" 124
	"$SANDBOX" thaw "$OWN_DIR"
	holds_count "$TASK" 1
	has_command "${BG[holder]}"
	let_go holder
	lock_clean "$TASK"
}

@test "waiters keep their places if a server accepts connections but never answers" {
	# zkrun asks for 30 s, but this server grants 10 s.
	hold holder "$TASK"
	start_relay
	zkrun_bg waiter -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 holds_count "$TASK" 2
	zkrun_bg second -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 2
	relay_tell blackhole
	relay_tell reset-stats
	relay_tell cut
	wait_for 10 relay_counts accepted 2
	# These two connections stay silent; new ones work.
	relay_tell heal
	wait_for 12 grep -Eq "regained contact|expired" "$BATS_TEST_TMPDIR/waiter.err"
	wait_for 12 grep -Eq "regained contact|expired" "$BATS_TEST_TMPDIR/second.err"
	run grep expired "$BATS_TEST_TMPDIR/waiter.err" \
	    "$BATS_TEST_TMPDIR/second.err"
	assert_output ''
	let_go holder
	zkrun_wait waiter 10
	zkrun_wait second 10
	assert_equal "$status" 0
}

@test "zkrun waits for a server according to the retry policy" {
	own_server
	timeout 30 "$SANDBOX" kill "$OWN_DIR"
	zkrun_bg run -v -c "$OWN_CONNECT" -r forever --retry-sleep 100ms \
	    --connect-timeout 3s -t "$TASK" -- true
	wait_for 10 has_lines "$BATS_TEST_TMPDIR/run.err" 'retrying in' 3
	timeout 90 "$SANDBOX" restart "$OWN_DIR"
	zkrun_wait run 10
	assert_equal "$status" 0
}

@test "without a server zkrun tries as often as -r allows, pauses in between, and exits 69" {
	local before took

	start_relay
	relay_tell refuse on
	before=$(now_us)
	run -69 zkrun -c "$RELAY_CONNECT" -r 3 --retry-sleep 200ms -t "$TASK" \
	    -- true
	took=$((($(now_us) - before) / 1000))
	assert_output --partial 'Connection refused (attempts: 4)'
	[ $took -ge 600 ]
	[ $took -lt 3000 ]
}

#
# Sessions that others end, nodes that others delete
#

# place_of N: print the lock node of the Nth contender in the queue.  Sort by
# the number at the end, because a name begins with a uuid.
place_of()
{
	queue_of "$TASK" | sed 's/.*-\([0-9]*\)$/\1 &/' | sort -n |
	    sed -n "$1s/.* //p"
}

# session_in_queue: print the session of the only waiter; fail if there is none.
session_in_queue()
{
	local node

	node=$(queue_of "$TASK") && [ -n "$node" ] &&
	    session_of "/lock/mutex/$TASK/locks/$node"
}

@test "a waiter whose sessions expire joins the queue again, and keeps its limit of -w" {
	local before session took s

	hold holder "$TASK"
	before=$(now_us)
	# Use a short session timeout: a server may never answer a request that
	# arrives while this server closes the previous session.
	zkrun_bg waiter -w 5 -T 2s -t "$TASK" -- true
	# Expire each session once, in the first half of the time of -w.
	expired() { session=$(session_in_queue) && zk expire "$session"; }
	joined() { s=$(session_in_queue) && [ "$s" != "$session" ]; }
	joined_or_gone() { joined || gone "${BG[waiter]}"; }
	while [ $(($(now_us) - before)) -lt 2500000 ]; do
		wait_for 5 expired
		wait_for 8 joined_or_gone
	done
	zkrun_wait waiter 15
	took=$((($(now_us) - before) / 1000))
	echo "$took ms"
	assert_equal "$status" 75
	[ $took -ge 4900 ]
	[ $took -lt 7400 ]
	has_lines "$BATS_TEST_TMPDIR/waiter.err" \
	    "the session of '$TASK' expired; joining the queue again" 1
	holds_count "$TASK" 1
	queue_count "$TASK" 0
	let_go holder
}

@test "a waiter whose session expires still runs, once" {
	local command

	mapfile -t command < <(note_run)
	hold holder "$TASK"
	zkrun_bg waiter -t "$TASK" -- "${command[@]}"
	wait_for 10 queue_count "$TASK" 1
	zk expire "$(session_of "/lock/mutex/$TASK/locks/$(queue_of "$TASK")")"
	wait_for 10 queue_count "$TASK" 1
	let_go holder
	zkrun_wait waiter 10
	assert_equal "$status" 0
	assert_runs 1
	assert_lock_clean "$TASK"
}

@test "a waiter whose lock node is deleted joins the queue again and runs" {
	local order=$BATS_TEST_TMPDIR/order who

	hold holder "$TASK"
	for who in 1 2 3; do
		zkrun_bg "w$who" -t "$TASK" -- sh -c 'echo "$1" >>"$2"' sh \
		    "$who" "$order"
		wait_for 10 queue_count "$TASK" "$who"
	done
	zk rm "/lock/mutex/$TASK/locks/$(place_of 2)"
	let_go holder
	for who in 1 2 3; do
		zkrun_wait "w$who" 10
		assert_equal "$status" 0
	done
	assert_equal "$(sort "$order" | tr '\n' ' ')" '1 2 3 '
	assert_lock_clean "$TASK"
}

@test "if the lease is deleted right before the start, zkrun joins the queue again" {
	hold holder "$TASK"
	zkrun_bg first -t "$TASK" -- true
	wait_for 10 holds_count "$TASK" 2
	zkrun_bg second -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 2
	# The guard is stopped, so it cannot consent to the start.
	kill -STOP "${BG[first]}"
	let_go holder
	wait_for 10 holds_count "$TASK" 1
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	zkrun_wait second 10
	assert_equal "$status" 0
	kill -CONT "${BG[first]}"
	zkrun_wait first 10
	assert_equal "$status" 0
	grep -q 'the lease node of .* was deleted; joining the queue' \
	    "$BATS_TEST_TMPDIR/first.err"
	assert_lock_clean "$TASK"
}

# Two waiters that both have a lease would wait for each other.
@test "if the first waiter's lock node is deleted, the waiter goes to the end of the queue" {
	local order=$BATS_TEST_TMPDIR/order who

	hold holder "$TASK"
	for who in 1 2; do
		zkrun_bg "w$who" -T 4 -t "$TASK" -- sh -c \
		    'echo "$1" >>"$2"' sh "$who" "$order"
		wait_for 10 queue_count "$TASK" "$who"
	done
	wait_for 10 holds_count "$TASK" 2
	zk rm "/lock/mutex/$TASK/locks/$(place_of 1)"
	# The first waiter learns of the delete from its next beat.  The second
	# is now at the front.
	wait_for 10 queue_count "$TASK" 2
	wait_for 10 holds_count "$TASK" 2
	let_go holder
	for who in 1 2; do
		zkrun_wait "w$who" 10
		assert_equal "$status" 0
	done
	assert_equal "$(tr '\n' ' ' <"$order")" '2 1 '
	assert_lock_clean "$TASK"
}

@test "a first waiter still runs if its lock node is deleted while it has no contact" {
	local who

	hold holder "$TASK"
	start_relay
	zkrun_bg w1 -T 30 -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 holds_count "$TASK" 2
	zkrun_bg w2 -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 2
	relay_tell freeze
	zk rm "/lock/mutex/$TASK/locks/$(place_of 1)"
	relay_tell cut
	relay_tell heal
	wait_for 10 queue_count "$TASK" 2
	let_go holder
	for who in 1 2; do
		zkrun_wait "w$who" 10
		assert_equal "$status" 0
	done
	assert_lock_clean "$TASK"
}

# hold_with_tree OPTION...: hold with a command that ignores TERM and has
# processes in and outside its session.  All of these processes carry the mark.
hold_with_tree()
{
	zkrun_bg holder -k 30 -t "$TASK" "$@" -- env "MARK=$TASK" sh -c '
		trap "" TERM
		setsid sleep 600 &
		(sleep 600 &)
		sleep 600'
	wait_for 10 marked_count "$TASK" 4
}

assert_lost()
{
	zkrun_wait holder 10
	assert_equal "$status" 76
	assert_equal "$(marked "$TASK")" ''
	assert_lock_clean "$TASK"
}

@test "if the session expires, the command is killed, exit 76" {
	hold_with_tree
	zk expire "$(session_of "/lock/mutex/$TASK/leases/$(holders "$TASK")")"
	assert_lost
	grep -q "the lease of '$TASK' is lost; killing the command" \
	    "$BATS_TEST_TMPDIR/holder.err"
}

@test "if another client deletes the lease, the command is killed, exit 76" {
	hold_with_tree
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	assert_lost
}

@test "if the lease is deleted during lost contact, the command is killed" {
	start_relay
	hold_with_tree -c "$RELAY_CONNECT"
	relay_tell refuse on
	relay_tell cut
	wait_for 10 grep -q 'lost contact with ZooKeeper' \
	    "$BATS_TEST_TMPDIR/holder.err"
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	relay_tell refuse off
	assert_lost
}

@test "a lost lock never ends in 0" {
	zkrun_bg holder -t "$TASK" -- sh -c 'trap "exit 0" TERM; sleep 600 &
	    wait'
	wait_for 10 has_command "$BG_PID"
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	zkrun_wait holder 10
	assert_equal "$status" 76
	# zkrun also exits 76 if the command has time to exit 0.
	start_relay
	zkrun_bg holder -c "$RELAY_CONNECT" -T 2s -t "$TASK" -- sh -c \
	    'trap "exit 0" TERM; while :; do sleep 0.05; done'
	wait_for 10 has_command "$BG_PID"
	relay_tell blackhole
	zkrun_wait holder 10
	assert_equal "$status" 76
}

@test "if a hostile reply crashes the keeper, the command's processes die and the lease is deleted, exit 76" {
	# The test wants the crash: write no report and no core file.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_abort=0
	ulimit -c 0
	start_relay
	hold_with_tree -c "$RELAY_CONNECT"
	relay_tell corrupt
	assert_lost
	grep -q 'keeper .* died' "$BATS_TEST_TMPDIR/holder.err"
}

#
# Processes that die
#

# kill_one NAME SIGNAL guard|keeper: signal this process of NAME, if it lives.
kill_one()
{
	local pid=${BG[$1]}

	[ "$3" = guard ] || pid=$(children_of "$pid" | head -n 1)
	[ -z "$pid" ] || kill -"$2" "$pid" 2>/dev/null || true
}

@test "a waiter leaves no node after TERM, KILL of its guard or KILL of its keeper" {
	hold holder "$TASK"
	zkrun_bg a -t "$TASK" -- touch "$(RAN)"
	wait_for 10 queue_count "$TASK" 1
	zkrun_bg b -t "$TASK" -- touch "$(RAN)"
	wait_for 10 queue_count "$TASK" 2
	zkrun_bg c -t "$TASK" -- touch "$(RAN)"
	wait_for 10 queue_count "$TASK" 3
	kill_one b KILL guard
	wait_for 5 queue_count "$TASK" 2
	kill_one c KILL keeper
	zkrun_wait c 10
	assert_equal "$status" 70
	wait_for 5 queue_count "$TASK" 1
	# The first waiter also has a lease node.
	kill_one a TERM guard
	zkrun_wait a 10
	assert_equal "$status" 143
	queue_count "$TASK" 0
	holds_count "$TASK" 1
	[ ! -e "$(RAN)" ]
	let_go holder
	lock_clean "$TASK"
}

@test "a queue of fifty moves on while waiters are killed one after the other" {
	local stamps=$BATS_TEST_TMPDIR/stamps n=50 i victims=0 what=guard
	local order=() name

	! asan || n=12
	hold holder "$TASK"
	for ((i = 1; i <= n; i++)); do
		zkrun_bg "w$i" -t "$TASK" -- "$TOOLS/stamp" "$stamps" "w$i" 60
	done
	wait_for 30 queue_count "$TASK" "$n"
	mapfile -t order < <(shuf -i "1-$n")
	kill -TERM "${BG[holder]}"
	# Kill a third of the waiters while the others run: the guard and the
	# keeper by turns.
	for ((i = 0; i < n / 3; i++)); do
		name=w${order[i]}
		kill_one "$name" KILL $what
		[ $what = guard ] && what=keeper || what=guard
		victims=$((victims + 1))
		wait_for 20 has_lines "$stamps" ^end $((i + 1))
	done
	for ((; i < n; i++)); do
		zkrun_wait "w${order[i]}" 60
		assert_equal "w${order[i]}: $status" "w${order[i]}: 0"
		has_lines "$stamps" "^end .* w${order[i]}\$" 1
	done
	zkrun_wait holder 10
	run -0 "$TOOLS/overlap" "$stamps"
	echo "$output"
	assert_output --partial 'overlaps=0 '
	assert_lock_clean "$TASK"
}

@test "a waiter that loses all servers exits 69 after the session timeout and the retries" {
	own_server
	hold holder "$TASK" -c "$OWN_CONNECT" -T 2s
	zkrun_bg waiter -c "$OWN_CONNECT" -T 2s -r 1 --retry-sleep 0.1 \
	    -t "$TASK" -- true
	ZK_CONNECT=$OWN_CONNECT wait_for 10 queue_count "$TASK" 1
	"$SANDBOX" kill "$OWN_DIR"
	zkrun_wait waiter 10
	assert_equal "$status" 69
	grep -q 'the session of .* expired' "$BATS_TEST_TMPDIR/waiter.err"
	grep -q 'cannot reach ZooKeeper' "$BATS_TEST_TMPDIR/waiter.err"
	zkrun_wait holder 10
	assert_equal "$status" 76
}

@test "if the keeper is killed and one server is silent, the lease is still deleted" {
	local i

	start_relay
	for i in 1 2 3; do
		zkrun_bg $i -c "$RELAY_CONNECT,$ZKRUN_CONNECT" -T 10s \
		    -t "$TASK-$i" -- sleep 600
	done
	for i in 1 2 3; do
		wait_for 10 holds_count "$TASK-$i" 1
		wait_for 5 has_command "${BG[$i]}"
	done
	# zkrun tries the servers in random order.
	relay_tell freeze
	for i in 1 2 3; do
		kill -KILL "$(keeper_of "${BG[$i]}")"
	done
	for i in 1 2 3; do
		zkrun_wait $i 10
		assert_equal "$status" 76
		holds_count "$TASK-$i" 0
	done
}

@test "if the keeper is killed while no server answers, the command's processes die and zkrun exits 76" {
	start_relay
	hold_with_tree -c "$RELAY_CONNECT" -T 2s
	relay_tell refuse on
	relay_tell cut
	kill -KILL "$(keeper_of "$BG_PID")"
	wait_for 2 marked_count "$TASK" 0
	zkrun_wait holder 10
	assert_equal "$status" 76
	relay_tell heal
	assert_lock_clean "$TASK"
}
