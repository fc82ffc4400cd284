#!/usr/bin/env bats
#
# The lock: its nodes in ZooKeeper, and the order in which contenders get it.
#
# Measures: the number of round trips over a slow link.

load lib/helper

# show_lease: hold the lock, and save the environment that zkrun gives a
# command.
show_lease()
{
	zkrun_bg holder -t "$TASK" -- sh -c \
	    'env >"$1.tmp" && mv "$1.tmp" "$1"; exec sleep 600' sh \
	    "$BATS_TEST_TMPDIR/env"
	wait_for 10 test -e "$BATS_TEST_TMPDIR/env"
	# zkrun does not wait for the delete of its lock node.
	wait_for 5 queue_count "$TASK" 0
}

of_lease()
{
	sed -n "s/^ZKRUN_$1=//p" "$BATS_TEST_TMPDIR/env"
}

# bats test_tags=quick
@test "a held lock consists of its parents and one lease node" {
	local uuid='[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
	local p=/lock/mutex/$TASK

	show_lease
	run -0 zk tree "$p"
	assert_line --index 0 "$p"
	assert_line --index 1 --regexp "^$p/leases$"
	assert_line --index 2 --regexp "^$p/leases/_c_$uuid-lease-[0-9]{10}$"
	assert_equal "${#lines[@]}" 3
	let_go holder
	# The release is confirmed when zkrun exits, not later.
	lock_clean "$TASK"
	# The last holder deletes the leases node that the first holder made.
	wait_for 5 not zk stat "$p/leases"
}

# bats test_tags=quick
@test "the environment has the true task, lease, session and fence" {
	local lease

	show_lease
	lease=$(of_lease LEASE)
	assert_equal "$(of_lease TASK)" "$TASK"
	assert_equal "$lease" "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	assert_equal "$(of_lease SESSION)" "0x$(session_of "$lease")"
	assert_equal "$(of_lease FENCE)" "$(zk czxid "$lease")"
	let_go holder
}

# bats test_tags=quick
@test "the fence grows from holder to holder" {
	local last=0 fence i

	for i in 1 2 3 4; do
		# shellcheck disable=SC2016 # for the inner shell
		fence=$(zkrun -t "$TASK" -- sh -c 'echo $ZKRUN_FENCE')
		[ "$fence" -gt "$last" ]
		last=$fence
	done
}

@test "when the session expires, the lease node is deleted and zkrun exits 76" {
	show_lease
	zk expire "$(session_of "$(of_lease LEASE)")"
	run -1 zk stat "$(of_lease LEASE)"
	zkrun_wait holder 10
	assert_equal "$status" 76
}

@test "the lease node names the holder, in one line without command arguments" {
	local data

	LOGNAME=joe zkrun_bg holder -t "$TASK" -- sh -c 'exec sleep 600' \
	    --password secret
	wait_for 10 has_command "$BG_PID"
	data=$(zk get "/lock/mutex/$TASK/leases/$(holders "$TASK")")
	# The node's data is one line without control characters.
	assert_equal "${data//[[:cntrl:]]/}" "$data"
	assert_regex "$data" "^host=$(hostname) pid=$BG_PID user=joe start=20[0-9-]+T[0-9:]+Z command=sh$"
	let_go holder
}

# bats test_tags=quick
@test "the queue node names the waiter" {
	local data

	hold holder "$TASK"
	zkrun_bg waiter -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	data=$(zk get "/lock/mutex/$TASK/locks/$(queue_of "$TASK")")
	assert_regex "$data" " pid=$BG_PID .* command=true$"
	let_go holder
	zkrun_wait waiter 10
	assert_equal "$status" 0
}

# only_these OP...: print the requests that a finished zkrun made over the
# relay, and fail if it made requests of other types.
only_these()
{
	local key stats

	# The session ends after zkrun.
	closed() { [ "$(relay_count op-11)" -ge 1 ]; }
	wait_for 5 closed
	stats=$(relay_tell stats)
	echo "$stats"
	for key in $stats; do
		case $key in
		op*)	[[ " $* op-11 op11 " == *" ${key%%=*} "* ]] ||
			    fail "and $key" ;;
		esac
	done
}

@test "a run on a free lock makes two transactions, a read, two lists and a delete" {
	zkrun -t "$TASK" -- true
	start_relay
	zkrun -c "$RELAY_CONNECT" -t "$TASK" -- true
	only_these op14 op4 op12 op2
	assert_equal "$(relay_count op14)" 2
	assert_equal "$(relay_count op4)" 1
	# zkrun lists the task's node, and the queue before the release.
	assert_equal "$(relay_count op12)" 2
	assert_equal "$(relay_count op2)" 1
}

@test "a run that queues makes three transactions, two creates and five lists" {
	hold holder "$TASK"
	start_relay
	zkrun_bg waiter -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	wait_for 10 holds_count "$TASK" 2
	let_go holder
	zkrun_wait waiter 10
	assert_equal "$status" 0
	# In three transactions zkrun tries a free lock, leaves the queue and
	# writes to the lease, and deletes 'leases'.  op19 makes 'locks'.  zkrun
	# lists the queue, the leases, and the queue before the release, and
	# twice the task's node, where clients of another recipe would be.
	only_these op14 op4 op2 op15 op12 op19
	assert_equal "$(relay_count op14)" 3
	assert_equal "$(relay_count op15)" 2
	assert_equal "$(relay_count op12)" 5
	assert_equal "$(relay_count op2)" 1
	assert_equal "$(relay_count op19)" 1
}

# in_queue NAME AHEAD LISTS: a run that queues behind a holder and AHEAD waiters
# must make LISTS list requests in all.
in_queue()
{
	local i last=holder name=$1 ahead=$2

	hold holder "$TASK"
	for ((i = 1; i <= ahead; i++)); do
		zkrun_bg "$name$i" -t "$TASK" -- sleep 600
		wait_for 10 queue_count "$TASK" "$i"
	done
	start_relay "$name"
	zkrun_bg "$name" -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" $((ahead + 1))
	for ((i = 1; i <= ahead + 1; i++)); do
		# The next waiter stands at the front of the queue.
		wait_for 10 holds_count "$TASK" 2
		let_go "$last"
		last=$name$i
		[ $i -gt "$ahead" ] || wait_for 10 has_command "${BG[$last]}"
	done
	zkrun_wait "$name" 10
	assert_equal "$status" 0
	assert_equal "lists: $(relay_count op12 "$name")" "lists: $3"
}

@test "the second contender lists the queue once before it waits, the third twice" {
	# The second lists the queue, at the front the leases, and in the end
	# the queue.  It lists the task's node twice.
	in_queue second 1 5
	in_queue third 2 6
}

@test "a waiter that loses contact while it lists the queue lists the queue again" {
	local order=$BATS_TEST_TMPDIR/order name

	hold holder "$TASK"
	for name in first second; do
		zkrun_bg $name -t "$TASK" -- sh -c 'echo "$1" >>"$2"' sh \
		    $name "$order"
		wait_for 10 holds_count "$TASK" 2
	done
	wait_for 10 queue_count "$TASK" 2
	start_relay
	zkrun_bg third -T 10 -c "$RELAY_CONNECT" -t "$TASK" -- \
	    sh -c 'echo "$1" >>"$2"' sh third "$order"
	wait_for 10 queue_count "$TASK" 3
	# The third has listed the queue and read the lock node ahead of its
	# own.
	wait_for 10 relay_counts op4 2
	relay_tell drop-reply 12 1 then-cut
	kill -TERM "${BG[second]}"
	zkrun_wait second 10
	wait_for 10 relay_counts dropped 1
	wait_for 10 grep -q regained "$BATS_TEST_TMPDIR/third.err"
	let_go holder
	zkrun_wait first 10
	zkrun_wait third 10
	assert_equal "$status" 0
	assert_equal "$(xargs <"$order")" 'first third'
}

@test "a refusal with -n costs one transaction, a read and two lists, and makes no node" {
	hold holder "$TASK"
	start_relay
	run -75 zkrun -c "$RELAY_CONNECT" -n -t "$TASK" -- true
	assert_output "zkrun: '$TASK' is held by another client"
	only_these op14 op4 op12
	assert_equal "$(relay_count op14)" 1
	assert_equal "$(relay_count op4)" 1
	assert_equal "$(relay_count op12)" 2
	# Without the lock zkrun does not ask for the last run either.
	run -75 zkrun -n -i 1h -t "$TASK" -- true
	# The holder took a free lock, so 'locks' does not exist.
	run -1 zk stat "/lock/mutex/$TASK/locks"
	run -1 zk stat "/lock/runs/$TASK"
	let_go holder
}

@test "a refusal with -n costs the same with several leases, and makes no node" {
	local before locks=/lock/mutex/$TASK/locks n

	for n in 1 2 3; do
		hold "holder$n" "$TASK" -l 3
	done
	wait_for 5 queue_count "$TASK" 0
	before=$(zk stat "$locks")
	start_relay
	run -75 zkrun -c "$RELAY_CONNECT" -n -l 3 -t "$TASK" -- true
	only_these op14 op4 op12
	assert_equal "$(relay_count op14)" 1
	# The cversion of locks counts all nodes ever made below locks.
	assert_equal "$(zk stat "$locks")" "$before"
	let_go holder2
	run -0 zkrun -n -l 3 -t "$TASK" -- echo ran
	assert_output ran
	let_go holder1
	let_go holder3
}

@test "-n gets the lock if the holder releases it before the transaction or the list reaches the server" {
	local op

	# With leases made by others, one transaction cannot take the lock.
	zk create -p "/lock/mutex/$TASK/leases"
	start_relay
	for op in 14 12; do
		hold holder "$TASK"
		relay_tell reset-stats
		relay_tell freeze-at $op
		zkrun_bg late -c "$RELAY_CONNECT" -n -t "$TASK" -- true
		wait_for 10 relay_counts op$op 1
		let_go holder
		relay_tell thaw
		zkrun_wait late 10
		assert_equal "$op: $status" "$op: 0"
	done
}

@test "-n is refused and leaves nothing if the reply to the transaction or to the list is lost" {
	local op

	hold holder "$TASK"
	start_relay
	for op in 14 12; do
		relay_tell reset-stats
		relay_tell drop-reply $op 1 then-cut
		run -75 zkrun -c "$RELAY_CONNECT" -n -t "$TASK" -- true
		assert_equal "$(relay_count dropped)" 1
		assert_equal "$(relay_count op14)" 2
	done
	run -1 zk stat "/lock/mutex/$TASK/locks"
	holds_count "$TASK" 1
	let_go holder
}

@test "-n makes missing parents and takes the lock" {
	run -0 zkrun -n -b "/made/$TASK" -t x -- echo ran
	assert_output ran
	# -n also makes missing parents with several leases.
	run -0 zkrun -n -l 2 -b "/made/$TASK/deep" -t x -- echo ran
	assert_output ran
	zk rmr "/made/$TASK"
}

# at_head NAME [OPTION...]: start a waiter at the front of the queue, which has
# a lease node; set HEAD to that node.
at_head()
{
	local before name=$1

	shift
	before=$(holders "$TASK")
	zkrun_bg "$name" "$@" -t "$TASK" -- "$TOOLS/znode" -c "$ZKRUN_CONNECT" ls \
	    "/lock/mutex/$TASK/leases"
	wait_for 10 holds_count "$TASK" $(($(wc -l <<<"$before") + 1))
	HEAD=$(holders "$TASK" | grep -vxF "$before")
}

@test "the first waiter also waits for a lease that another client adds" {
	local leases=/lock/mutex/$TASK/leases

	hold holder "$TASK"
	at_head waiter
	zk create "$leases/foreign"
	let_go holder
	wait_for 10 holds_count "$TASK" 2
	# The waiter looks again and still waits.
	zk set "$leases/foreign" changed
	kill -USR1 "${BG[waiter]}"
	wait_for 10 grep -q 'waiting for' "$BATS_TEST_TMPDIR/waiter.err"
	zk rm "$leases/foreign"
	zkrun_wait waiter 10
	assert_equal "$status" 0
}

@test "if the first waiter's lease is deleted, the waiter creates another one and holds" {
	hold holder "$TASK"
	at_head waiter
	# Stop the keeper, so that it learns of both events at once.
	pkill -STOP -P "${BG[waiter]}"
	zk rm "/lock/mutex/$TASK/leases/$HEAD"
	let_go holder
	pkill -CONT -P "${BG[waiter]}"
	zkrun_wait waiter 10
	assert_equal "$status" 0
	run grep -c lease- "$BATS_TEST_TMPDIR/waiter.out"
	assert_output 1
	! grep -qxF "$HEAD" "$BATS_TEST_TMPDIR/waiter.out"
}

@test "zkrun makes missing parents as containers, with one request each" {
	start_relay
	zkrun -c "$RELAY_CONNECT" -b "/made/$TASK/deep" -t x -- true
	# zkrun tries each of made, $TASK, deep and x once; made may exist.
	assert_equal "$(relay_count op19)" 4
	run -0 zk ls "/made/$TASK/deep/x"
	assert_output ''
	zk rmr "/made/$TASK"
}

@test "zkrun uses the leases node that a dead zkrun left, and deletes the node at the end" {
	local p=/lock/mutex/$TASK

	zkrun_bg victim -T 2 -t "$TASK" -- sleep 600
	wait_for 10 has_command "$BG_PID"
	kill -KILL "$(keeper_of "$BG_PID")" "$BG_PID"
	wait_for 10 gone "$BG_PID"
	unset 'BG[victim]'
	assert_lock_clean "$TASK" 20
	zk stat "$p/leases"
	run -0 zkrun -t "$TASK" -- echo ran
	assert_output ran
	wait_for 5 not zk stat "$p/leases"
}

@test "zkrun uses a leases node that others have made, and does not delete the node" {
	local p=/lock/mutex/$TASK

	zk create -p "$p/leases"
	run -0 zkrun -n -t "$TASK" -- echo ran
	assert_output ran
	# A delete that the first run sent is done when the second run has
	# ended.
	run -0 zkrun -n -t "$TASK" -- true
	zk stat "$p/leases"
}

@test "zkrun finds its lease after a lost reply, even if another contender waits" {
	# Since all parents exist, the first transaction takes the lock.
	zkrun -t "$TASK" -- true
	start_relay
	relay_tell drop-reply 14
	zkrun_bg first -T 10 -c "$RELAY_CONNECT" -t "$TASK" -- sleep 600
	wait_for 10 holds_count "$TASK" 1
	zkrun_bg second -t "$TASK" -- true
	wait_for 10 holds_count "$TASK" 2
	wait_for 20 has_command "${BG[first]}"
	holds_count "$TASK" 2
	let_go first
	zkrun_wait second 10
	assert_equal "$status" 0
}

@test "if zkrun's new lease is deleted at once, zkrun takes the lock again" {
	zk create -p "/lock/mutex/$TASK"
	start_relay
	relay_tell freeze-at 4
	zkrun_bg run -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 holds_count "$TASK" 1
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	relay_tell thaw
	zkrun_wait run 10
	assert_equal "$status" 0
	assert_lock_clean "$TASK"
}

# leases_is_gone: zkrun must delete the leases node that it made.  No server
# deletes the node, because it is not a container.
leases_is_gone()
{
	wait_for 5 not zk stat "/lock/mutex/$TASK/leases"
}

@test "zkrun leaves no leases node if it is stopped while it takes a free lock" {
	zk create -p "/lock/mutex/$TASK"
	start_relay
	relay_tell freeze-at 4
	zkrun_bg run -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 holds_count "$TASK" 1
	kill -TERM "${BG[run]}"
	# zkrun knows what to delete only after it has read the reply.
	sleep 0.1
	relay_tell thaw
	zkrun_wait run 10
	assert_equal "$status" 143
	leases_is_gone
}

@test "the first waiter leaves no leases node if it gives up while the holder releases the lock" {
	zkrun -t "$TASK" -- true
	hold holder "$TASK"
	start_relay
	at_head waiter -c "$RELAY_CONNECT"
	relay_tell freeze
	kill -TERM "${BG[waiter]}"
	# The holder does not delete leases, because the waiter's lease is
	# there.
	let_go holder
	wait_for 10 holds_count "$TASK" 1
	sleep 0.1
	relay_tell thaw
	zkrun_wait waiter 10
	assert_equal "$status" 143
	leases_is_gone
}

# A Curator client that has a lock node but no lease makes leases only once.
@test "zkrun keeps the leases node while a waiter without a lease is in the queue" {
	zk create -p "/lock/mutex/$TASK/locks/_c_x-lock-0000000000" >/dev/null
	zkrun -t "$TASK" -- true
	zk stat "/lock/mutex/$TASK/leases"
	zk rm "/lock/mutex/$TASK/locks/_c_x-lock-0000000000"
	zkrun -t "$TASK" -- true
	leases_is_gone
}

@test "the server deletes the parents when no client uses them" {
	own_server --jvm -Dznode.container.checkIntervalMs=100
	zkrun -c "$OWN_CONNECT" -t "$TASK" -- true
	export ZK_CONNECT=$OWN_CONNECT
	wait_for 20 not zk stat /lock
}

@test "zkrun works with the base / and with a base path of several parts" {
	run -0 zkrun -b / -t "$TASK" -- "$TOOLS/znode" -c "$ZKRUN_CONNECT" stat "/$TASK/leases"
	zk rmr "/$TASK"
	# shellcheck disable=SC2016 # for the inner shell
	run -0 zkrun -b "/base/$TASK/b" -t t -- sh -c 'echo "$ZKRUN_LEASE"'
	assert_output --regexp "^/base/$TASK/b/t/leases/_c_"
	zk rmr "/base/$TASK"
}

# bats test_tags=quick
@test "-n does not wait for a taken lock and does not run the command" {
	hold holder "$TASK"
	run -75 zkrun -n -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	assert_output "zkrun: '$TASK' is held by another client"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	run -3 zkrun -n -E 3 -t "$TASK" -- true
	# Neither run has left a node that blocks others.
	queue_count "$TASK" 0
	holds_count "$TASK" 1
	let_go holder
	run -0 zkrun -n -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	[ -e "$BATS_TEST_TMPDIR/ran" ]
	lock_clean "$TASK"
}

@test "if many contenders with -n try a free lock at once, exactly one runs" {
	local gate=$BATS_TEST_TMPDIR/gate rounds=4 n=12 i round pids

	! asan || rounds=1
	mkfifo "$gate"
	exec {gate_fd}<>"$gate"
	refused() { [ "$(grep -lc 'held by another' "$dir"/err* | wc -l)" -eq $1 ]; }
	for ((round = 1; round <= rounds; round++)); do
		local dir=$BATS_TEST_TMPDIR/round$round ran=0 other=0 rc
		mkdir "$dir"
		pids=()
		for ((i = 0; i < n; i++)); do
			# The winner runs until all others have tried.
			"$ZKRUN" -n -t "$TASK" -- sh -c 'read -r _ <"$1"' sh \
			    "$gate" 2>"$dir/err$i" 3>&- &
			pids+=($!)
		done
		wait_for 30 refused $((n - 1))
		echo go >&"$gate_fd"
		for i in "${pids[@]}"; do
			rc=0
			wait "$i" || rc=$?
			case $rc in
			0)	ran=$((ran + 1)) ;;
			75)	;;
			*)	other=$rc ;;
			esac
		done
		assert_equal "ran $ran, other $other" 'ran 1, other 0'
		lock_clean "$TASK"
	done
	exec {gate_fd}>&-
}

# bats test_tags=quick
@test "without -n and -w zkrun waits, and runs when the holder is done" {
	hold holder "$TASK"
	zkrun_bg waiter -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	wait_for 10 queue_count "$TASK" 1
	# At the front of the queue the waiter also has a lease node, and still
	# waits.
	wait_for 10 holds_count "$TASK" 2
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	let_go holder
	zkrun_wait waiter 10
	assert_equal "$status" 0
	[ -e "$BATS_TEST_TMPDIR/ran" ]
	lock_clean "$TASK"
}

# bats test_tags=quick
@test "with -w zkrun gives up in time, at the front of the queue and behind it" {
	local before took

	hold holder "$TASK"
	zkrun_bg head -w 1.5s -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	wait_for 10 holds_count "$TASK" 2
	before=$(now_us)
	run -75 zkrun -w 700ms -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	took=$((($(now_us) - before) / 1000))
	assert_output --regexp "^zkrun: gave up waiting for '$TASK' after\
 0\\.[78]s: it is held by $(hostname) \\(pid ${BG[holder]}\\) since [0-9:]+\$"
	[ $took -ge 690 ]
	[ $took -lt 5000 ]
	zkrun_wait head 10
	assert_equal "$status" 75
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	queue_count "$TASK" 0
	holds_count "$TASK" 1
	let_go holder
}

@test "with -w zkrun runs when the lock becomes free in time" {
	hold holder "$TASK"
	zkrun_bg waiter -w 30 -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	let_go holder
	zkrun_wait waiter 10
	assert_equal "$status" 0
}

# bats test_tags=quick
@test "waiters run in the order in which they came" {
	local order=$BATS_TEST_TMPDIR/order i

	hold holder "$TASK"
	for i in 1 2 3 4 5 6; do
		zkrun_bg "w$i" -t "$TASK" -- sh -c 'echo "$1" >>"$2"' sh $i \
		    "$order"
		wait_for 10 queue_count "$TASK" $i
	done
	let_go holder
	for i in 1 2 3 4 5 6; do
		zkrun_wait "w$i" 20
		assert_equal "$status" 0
	done
	assert_equal "$(tr '\n' ' ' <"$order")" '1 2 3 4 5 6 '
	lock_clean "$TASK"
}

@test "a waiter that gives up in the middle of the queue does not stop the others" {
	local order=$BATS_TEST_TMPDIR/order i

	hold holder "$TASK"
	for i in 1 2 3; do
		zkrun_bg "w$i" -t "$TASK" -- sh -c 'echo "$1" >>"$2"' sh $i \
		    "$order"
		wait_for 10 queue_count "$TASK" $i
	done
	kill -TERM "${BG[w2]}"
	zkrun_wait w2 10
	assert_equal "$status" 143
	queue_count "$TASK" 2
	let_go holder
	zkrun_wait w1 10
	zkrun_wait w3 10
	assert_equal "$status" 0
	assert_equal "$(tr '\n' ' ' <"$order")" '1 3 '
}

# bats test_tags=quick
@test "the lock is free for others as soon as zkrun has exited, 50 times" {
	local i rc

	for ((i = 1; i <= 50; i++)); do
		rc=0
		zkrun -t "$TASK" -- true || rc=$?
		assert_equal "run $i: $rc" "run $i: 0"
		zkrun -n -t "$TASK" -- true || rc=$?
		assert_equal "try $i: $rc" "try $i: 0"
	done
}

@test "over a slow link, no node is left when zkrun has exited" {
	# The link delays what zkrun sends by 100 ms.
	start_relay relay "$ZKRUN_CONNECT" -d 100
	zkrun -c "$RELAY_CONNECT" -t "$TASK" -- true
	lock_clean "$TASK"
	hold holder "$TASK"
	run -75 zkrun -c "$RELAY_CONNECT" -n -t "$TASK" -- true
	queue_count "$TASK" 0
	zkrun_bg waiter -c "$RELAY_CONNECT" -t "$TASK" -- true
	# At the front of the queue the waiter has a lock node and a lease.
	wait_for 10 holds_count "$TASK" 2
	kill -TERM "$BG_PID"
	zkrun_wait waiter 10
	assert_equal "$status" 143
	queue_count "$TASK" 0
	holds_count "$TASK" 1
	let_go holder
}

@test "zkrun can run another task inside a task" {
	# shellcheck disable=SC2016 # for the inner shell
	run -0 zkrun -t "$TASK" -- "$ZKRUN" -c "$ZKRUN_CONNECT" -t "$TASK-b" \
	    -- sh -c 'echo "$ZKRUN_TASK ${ZKRUN_LEASE%/*}"'
	assert_output "$TASK-b /lock/mutex/$TASK-b/leases"
	lock_clean "$TASK"
	lock_clean "$TASK-b"
	# The same task inside itself finds the lock taken.
	run -75 zkrun -t "$TASK" -- "$ZKRUN" -c "$ZKRUN_CONNECT" -n -t "$TASK" \
	    -- true
	lock_clean "$TASK"
}

# bats test_tags=quick
@test "tasks with different names or base paths do not wait for each other" {
	hold holder "$TASK"
	zkrun -n -t "$TASK-b" -- true
	zkrun -n -b /lock/other -t "$TASK" -- true
	let_go holder
}

@test "over a slow link a run on a free lock takes three and a half round trips" {
	zkrun -t "$TASK" -- true
	start_relay relay "$ZKRUN_CONNECT" -d 25
	# Session, acquire and release take 3.6 round trips of 50 ms.
	quick_at_times 150 180
}

@test "over a slow link a refusal with -n takes two round trips" {
	hold holder "$TASK"
	start_relay relay "$ZKRUN_CONNECT" -d 25
	# Session and look take 2.4 round trips of 50 ms.
	quick_at_times 100 120 -n -q -E 0
	let_go holder
}

# pss PID: print the proportional set size of a process, in kB.
pss()
{
	awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"
}

@test "a waiting zkrun takes at most one and a half MB of memory" {
	local keeper sum

	hold holder "$TASK"
	zkrun_bg waiter -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	keeper=$(keeper_of "$BG_PID")
	sum=$(($(pss "$BG_PID") + $(pss "$keeper")))
	echo "guard $(pss "$BG_PID") kB, keeper $(pss "$keeper") kB"
	# A sanitizer needs more.
	asan || [ $sum -le 1536 ]
	let_go holder
	zkrun_wait waiter 10
}
