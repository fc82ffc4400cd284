#!/usr/bin/env bats
#
# Faults of the network, of servers and of other people: the command runs
# exactly once or not at all, and nothing is left behind.

load lib/helper

RAN()
{
	echo "$BATS_TEST_TMPDIR/ran"
}

# A command that leaves one line for each time it ran.
note_run()
{
	printf '%s\n' sh -c 'echo ran >>"$1"' sh "$(RAN)"
}

assert_runs()
{
	assert_equal "runs: $(cat "$(RAN)" 2>/dev/null | grep -c ran)" \
	    "runs: $1"
}

# The command, once, cleanly.
run_through_relay()
{
	local command

	mapfile -t command < <(note_run)
	run -0 zkrun -c "$RELAY_CONNECT" -t "$TASK" -- "${command[@]}"
	echo "$output"
	assert_runs 1
	assert_lock_clean "$TASK"
}

# The parents as others make them: nobody walks in there, a line is stood in.
others_room()
{
	zk create -p "/lock/mutex/$TASK/leases"
	zk create "/lock/mutex/$TASK/locks"
}

#
# Parents that are reaped
#

# reap_at N PATH...: delete nodes when the Nth create of zkrun is on its way.
reap_at()
{
	local command n=$1 path

	shift
	others_room
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

@test "locks reaped before the create in it: made again" {
	reap_at 1 "$TASK/locks"
}

@test "the whole task reaped before the first create: made again" {
	reap_at 1 "$TASK/locks" "$TASK/leases" "$TASK"
}

@test "leases reaped before the create in it: made again" {
	reap_at 2 "$TASK/leases"
}

@test "parents reaped again and again while they are made: the run goes on" {
	local command i

	start_relay
	mapfile -t command < <(note_run)
	# The parents are made and gone again before the create comes, first
	# the one to walk in with, then that of a place in line.
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

@test "with a server that reaps ten times a second 60 runs go through" {
	local i pids=() n=20 j

	! asan || n=8
	own_server --jvm -Dznode.container.checkIntervalMs=100
	for i in 1 2 3; do
		for ((j = 0; j < n; j++)); do
			"$ZKRUN" -c "$OWN_CONNECT" -t "$TASK$i" -- sh -c \
			    'echo ran >>"$1"' sh "$(RAN)" || echo "failed $?"
			# Every fourth time all is reaped before the next.
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

# lose OPCODE [SKIP]: one reply, and the connection with it.
lose()
{
	others_room
	start_relay
	relay_tell drop-reply "$1" 1 "${2:-0}" then-cut
	run_through_relay
	assert_equal "$(relay_count dropped)" 1
}

# lose_walking_in OPCODE [SKIP]: the same where a run meets nobody.
lose_walking_in()
{
	zkrun -t "$TASK" -- true
	start_relay
	relay_tell drop-reply "$1" 1 "${2:-0}" then-cut
	run_through_relay
	assert_equal "$(relay_count dropped)" 1
	wait_for 5 not zk stat "/lock/mutex/$TASK/leases"
}

@test "walking in, the reply is lost: found again, or tried again" {
	lose_walking_in 14
}

@test "walked in, the reply that has the fence is lost" {
	lose_walking_in 4
}

@test "walked in, the reply to the look at the queue in front of the release is lost" {
	lose_walking_in 12
}

@test "walked in, the reply to the delete of the lease is lost" {
	lose_walking_in 2
}

@test "the reply to the create of the lock node is lost: found again" {
	lose 15
	# No second one was made.
	assert_equal "$(relay_count op15)" 2
}

@test "the reply to the first list is lost" {
	lose 12
}

@test "the reply to the create of the lease is lost: found again" {
	lose 15 1
	assert_equal "$(relay_count op15)" 2
}

@test "the reply to the list of the leases is lost" {
	lose 12 1
}

@test "the reply to the delete of the lock node is lost" {
	lose 2
}

@test "the reply to the delete of the lease is lost" {
	lose 2 1
}

@test "the reply to any create of a parent is lost" {
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

# Of a session that is being closed, or was, or has gone to another server, the
# server says so in a reply, and leaves the connection open.
#
# told_of_session OPCODE [ROOM]: instead of the reply to the first such request,
# in a room that is made before.
told_of_session()
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

@test "walked in, the look at the lease is refused: 70, and nobody holds" {
	zk create -p "/lock/mutex/$TASK"
	start_relay
	relay_tell fail-reply 4 1
	run -70 timeout 20 "$ZKRUN" -c "$RELAY_CONNECT" -T 4s -t "$TASK" -- \
	    touch "$BATS_TEST_TMPDIR/ran"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	assert_lock_clean "$TASK"
}

@test "the place in line may not be deleted: said at the end, which is not held up" {
	hold first "$TASK"
	zkrun_bg second -T 10s -t "$TASK" -- sleep 1
	wait_for 10 queue_count "$TASK" 1
	zk setacl "/lock/mutex/$TASK/locks" rwca
	let_go first
	zkrun_wait second 8
	assert_equal "$status" 0
	grep -q 'cannot delete a node' "$BATS_TEST_TMPDIR/second.err"
	run ! grep -q 'no contact' "$BATS_TEST_TMPDIR/second.err"
	zk setacl "/lock/mutex/$TASK/locks" cdrwa
	assert_lock_clean "$TASK"
}

@test "told of the session instead of the lease, walking in: asks what became of it" {
	told_of_session 14
}

@test "told of the session instead of the place in line: asks what became of it" {
	told_of_session 15 others_room
}

@test "told of the session instead of a beat: the run goes on over a new connection" {
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

@test "contact lost before the other server was ever tried: that is what is said of it" {
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
	grep -E 'contact .* lost \(.*: not tried' "$BATS_TEST_TMPDIR/run.err"
	not grep 'not resolved' "$BATS_TEST_TMPDIR/run.err"
	kill -TERM "${BG[run]}"
	zkrun_wait run 10
	assert_equal "$status" 143
}

@test "the connection is cut while the lock node's create is on its way up" {
	others_room
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

@test "a lost reply to the create of the lease, then giving up: nothing left" {
	hold holder "$TASK"
	start_relay
	relay_tell drop-reply 15 1 1 then-cut
	run -75 zkrun -c "$RELAY_CONNECT" -w 1 -t "$TASK" -- true
	assert_equal "$(relay_count dropped)" 1
	holds_count "$TASK" 1
	queue_count "$TASK" 0
	let_go holder
}

# A create is held up on a link while its sender goes to another server, and
# back: then it may still be carried out, in the same session.  By one server
# that is a race of two threads; here somebody else makes that node.
#
# create_comes_late N: the Nth create, from 1.
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
	# It comes back, and makes another one; which is the next create, or that
	# behind it, for it may stand in line again first.
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

@test "the create of a lease is carried out late: the stray holds up nobody" {
	create_comes_late 2
}

@test "the create of a place is carried out late: the stray does not stay in line" {
	create_comes_late 1
}

@test "contact lost for good while giving up: the session's end leaves nothing" {
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

@test "the server restarts while zkrun holds: the run goes on and ends well" {
	own_server
	export ZK_CONNECT=$OWN_CONNECT
	mkfifo "$BATS_TEST_TMPDIR/gate"
	zkrun_bg run -c "$OWN_CONNECT" -t "$TASK" -- sh -c 'read -r _ <"$1"' \
	    sh "$BATS_TEST_TMPDIR/gate"
	wait_for 10 has_command "$BG_PID"
	timeout 90 "$SANDBOX" restart "$OWN_DIR"
	wait_for 10 grep -q "ZooKeeper regained" "$BATS_TEST_TMPDIR/run.err"
	grep -q 'contact with ZooKeeper lost' "$BATS_TEST_TMPDIR/run.err"
	holds_count "$TASK" 1
	echo go >"$BATS_TEST_TMPDIR/gate"
	zkrun_wait run 10
	assert_equal "$status" 0
	assert_lock_clean "$TASK"
}

@test "the server restarts while one holds and two wait: each runs once, in order" {
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
		wait_for 10 grep -q "ZooKeeper regained" "$BATS_TEST_TMPDIR/$i.err"
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

@test "of two servers one is frozen: the other is found" {
	local i frozen

	own_server
	frozen=$OWN_CONNECT
	"$SANDBOX" freeze "$OWN_DIR"
	# Which one is tried first is chance.
	for i in 1 2 3 4; do
		ZKRUN_LIMIT=20 zkrun --connect-timeout 2s -r 0 \
		    -c "$frozen,$ZKRUN_CONNECT" -t "$TASK" -- true
	done
}

@test "a server that is frozen for a moment, shorter than the session, costs nothing" {
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

@test "in line, a server that takes the connection and is silent does not cost the place" {
	# Asked for 30 s, the session gets no more than 10 s from this server.
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
	# Those two connections stay deaf for ever, new ones work.
	relay_tell heal
	wait_for 12 grep -Eq "ZooKeeper regained|expired" "$BATS_TEST_TMPDIR/waiter.err"
	wait_for 12 grep -Eq "ZooKeeper regained|expired" "$BATS_TEST_TMPDIR/second.err"
	run grep expired "$BATS_TEST_TMPDIR/waiter.err" \
	    "$BATS_TEST_TMPDIR/second.err"
	assert_output ''
	let_go holder
	zkrun_wait waiter 10
	zkrun_wait second 10
	assert_equal "$status" 0
}

@test "a server that comes later is waited for, as the retry policy says" {
	own_server
	timeout 30 "$SANDBOX" kill "$OWN_DIR"
	zkrun_bg run -v -c "$OWN_CONNECT" -r forever --retry-sleep 100ms \
	    --connect-timeout 3s -t "$TASK" -- true
	wait_for 10 has_lines "$BATS_TEST_TMPDIR/run.err" 'retrying in' 3
	timeout 90 "$SANDBOX" restart "$OWN_DIR"
	zkrun_wait run 10
	assert_equal "$status" 0
}

@test "no server: exit 69 after the retries, which take the time they should" {
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
# Sessions and nodes that go
#

# place_of N: the lock node of the Nth in line.  A name begins with its uuid.
place_of()
{
	queue_of "$TASK" | sed 's/.*-\([0-9]*\)$/\1 &/' | sort -n |
	    sed -n "$1s/.* //p"
}

# The session of the one in line, if there is one just now.
session_in_queue()
{
	local node

	node=$(queue_of "$TASK") && [ -n "$node" ] &&
	    session_of "/lock/mutex/$TASK/locks/$node"
}

@test "the session expires in line, again and again: joins again, keeps its budget, and says so" {
	local before session took s

	hold holder "$TASK"
	before=$(now_us)
	# A short session: what reached the server while it closed the last one
	# may never be answered.
	zkrun_bg waiter -w 5 -T 2s -t "$TASK" -- true
	# Each session once, as long as half of the budget is left.
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
	    "the session expired; joining the line for '$TASK' again" 1
	holds_count "$TASK" 1
	queue_count "$TASK" 0
	let_go holder
}

@test "the session expires in line: the run comes all the same, once" {
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

@test "somebody deletes the place in line: back to its end, and the run comes" {
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

@test "somebody deletes the lease as the command is about to start: back to the end of the line" {
	hold holder "$TASK"
	zkrun_bg first -t "$TASK" -- true
	wait_for 10 holds_count "$TASK" 2
	zkrun_bg second -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 2
	# The guard is not there to say that the command may start.
	kill -STOP "${BG[first]}"
	let_go holder
	wait_for 10 holds_count "$TASK" 1
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	zkrun_wait second 10
	assert_equal "$status" 0
	kill -CONT "${BG[first]}"
	zkrun_wait first 10
	assert_equal "$status" 0
	grep -q 'the lease node was deleted; joining the line' \
	    "$BATS_TEST_TMPDIR/first.err"
	assert_lock_clean "$TASK"
}

# Of two that wait with a lease each would wait for the other.
@test "somebody deletes the place at the head of the line: back to its end" {
	local order=$BATS_TEST_TMPDIR/order who

	hold holder "$TASK"
	for who in 1 2; do
		zkrun_bg "w$who" -T 4 -t "$TASK" -- sh -c \
		    'echo "$1" >>"$2"' sh "$who" "$order"
		wait_for 10 queue_count "$TASK" "$who"
	done
	wait_for 10 holds_count "$TASK" 2
	zk rm "/lock/mutex/$TASK/locks/$(place_of 1)"
	# The next beat tells the one; and the other is at the head.
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

@test "the place at the head is deleted, and the contact lost: back to the end of the line" {
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

# A command whose tree is not easily killed; its processes carry MARK.
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

@test "the session expires under a running command: killed, exit 76" {
	hold_with_tree
	zk expire "$(session_of "/lock/mutex/$TASK/leases/$(holders "$TASK")")"
	assert_lost
	grep -q "the lease of '$TASK' is lost; killing the command" \
	    "$BATS_TEST_TMPDIR/holder.err"
}

@test "somebody deletes the lease: the command is killed, exit 76" {
	hold_with_tree
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	assert_lost
}

@test "somebody deletes the lease while the contact is lost: killed, exit 76" {
	start_relay
	hold_with_tree -c "$RELAY_CONNECT"
	relay_tell refuse on
	relay_tell cut
	wait_for 10 grep -q 'contact with ZooKeeper lost' \
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
	# Nor when there was time for it to end well.
	start_relay
	zkrun_bg holder -c "$RELAY_CONNECT" -T 2s -t "$TASK" -- sh -c \
	    'trap "exit 0" TERM; while :; do sleep 0.05; done'
	wait_for 10 has_command "$BG_PID"
	relay_tell blackhole
	zkrun_wait holder 10
	assert_equal "$status" 76
}

@test "a hostile reply crashes the keeper: the tree is killed, exit 76, lease gone" {
	# The crash is wanted here: no report, no core.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_abort=0
	ulimit -c 0
	start_relay
	hold_with_tree -c "$RELAY_CONNECT"
	relay_tell corrupt
	assert_lost
	grep -q 'keeper .* died' "$BATS_TEST_TMPDIR/holder.err"
}

#
# Processes that go
#

# kill_one NAME SIGNAL guard|keeper
kill_one()
{
	local pid=${BG[$1]}

	[ "$3" = guard ] || pid=$(children_of "$pid" | head -n 1)
	[ -z "$pid" ] || kill -"$2" "$pid" 2>/dev/null || true
}

@test "TERM in line, KILL of the guard and KILL of the keeper leave no node" {
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
	# The first has a lease node too.
	kill_one a TERM guard
	zkrun_wait a 10
	assert_equal "$status" 143
	queue_count "$TASK" 0
	holds_count "$TASK" 1
	[ ! -e "$(RAN)" ]
	let_go holder
	lock_clean "$TASK"
}

@test "fifty wait, one after the other is killed, and the line still moves" {
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
	# Every third, by turns the guard and the keeper, while others run.
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

@test "in line, all servers gone for good: 69 after session timeout and retries" {
	own_server
	hold holder "$TASK" -c "$OWN_CONNECT" -T 2s
	zkrun_bg waiter -c "$OWN_CONNECT" -T 2s -r 1 --retry-sleep 0.1 \
	    -t "$TASK" -- true
	ZK_CONNECT=$OWN_CONNECT wait_for 10 queue_count "$TASK" 1
	"$SANDBOX" kill "$OWN_DIR"
	zkrun_wait waiter 10
	assert_equal "$status" 69
	grep -q 'the session expired' "$BATS_TEST_TMPDIR/waiter.err"
	grep -q 'cannot reach ZooKeeper' "$BATS_TEST_TMPDIR/waiter.err"
	zkrun_wait holder 10
	assert_equal "$status" 76
}

@test "the keeper is killed, and one server is silent: the lease goes by the other" {
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
	# Which one is tried first is chance.
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

@test "the keeper is killed while no server answers: all dead, and zkrun ends with the session" {
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
