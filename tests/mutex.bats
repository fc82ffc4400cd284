#!/usr/bin/env bats
#
# --recipe mutex: each contender has one node, and zkrun also waits for nodes of
# other clients.  mutex-clients has these clients themselves.
#
# Measures: round trips over a slow link.

load lib/helper
load lib/runs

setup()
{
	bench_setup
	export ZKRUN_RECIPE=mutex LOGNAME=ops
	P=/lock/mutex/$TASK
	UUID=01234567-89ab-4cde-8f01-23456789abcd
	NAME='ex_c_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-lock-[0-9]{10}'
}

# contenders N [TASK]: does the task have N of them?  For wait_for.
contenders()
{
	local names

	names=$(in_order "${2:-$TASK}") && [ "$(grep -c . <<<"$names")" -eq "$1" ]
}

# node N: print the path of the Nth contender's node.
node()
{
	echo "$P/$(in_order "$TASK" | sed -n "$1p")"
}

# waits NAME [OPTION...]: queue; on its turn the command adds NAME to a file.
waits()
{
	local before name=$1

	shift
	before=$(in_order "$TASK" | wc -l)
	# shellcheck disable=SC2016 # for the inner shell
	zkrun_bg "$name" "$@" -t "$TASK" -- sh -c 'echo "$1" >>"$2"' sh \
	    "$name" "$BATS_TEST_TMPDIR/order"
	wait_for 10 contenders $((before + 1))
}

# is_next NAME: wait until NAME has listed P for the last time before its turn.
# The answer to USR1 comes after the replies to all earlier requests.
is_next()
{
	kill -USR1 "${BG[$1]}"
	wait_for 10 says "$1" ', next in the queue, held by'
}

# order NAME...: these had their turns, in this order.
order()
{
	assert_equal "$(xargs 2>/dev/null <"$BATS_TEST_TMPDIR/order")" "$*"
}

has_no_order()
{
	[ ! -e "$BATS_TEST_TMPDIR/order" ]
}

# in_turn NAME...: check that these runs exit with 0, and held the lock in this
# order.
in_turn()
{
	local name

	for name; do
		ended_in "$name" 20 0
	done
	order "$@"
	contenders 0
}

# refused STATUS TEXT [OPTION...]: a run must fail with one line that contains
# TEXT, start nothing and leave no node.
refused()
{
	local before code=$1 text=$2

	shift 2
	before=$(children "$P")
	run "-$code" zkrun -t "$TASK" "$@" -- touch "$(RAN)"
	assert_output --partial "$text"
	assert_equal "${#lines[@]}" 1
	[ ! -e "$(RAN)" ]
	assert_equal "$(children "$P")" "$before"
}

# plant NAME <LINES: create the nodes of LINES (see znode's usage) in P, in a
# session of their own.
plant()
{
	"$TOOLS/znode" -c "$ZKRUN_CONNECT" plant "$P" <&0 \
	    >"$BATS_TEST_TMPDIR/$1.planted" 3>&- &
	HELPERS+=($!)
	wait_for 10 grep -q planted "$BATS_TEST_TMPDIR/$1.planted"
}

#
# The node
#

# bats test_tags=quick
@test "a held mutex consists of one ephemeral node in the task's node" {
	local env=$BATS_TEST_TMPDIR/env lease

	zkrun_bg holder -t "$TASK" -- sh -c \
	    'env >"$1.tmp" && mv "$1.tmp" "$1"; exec sleep 600' sh "$env"
	wait_for 10 test -e "$env"
	run -0 zk tree "$P"
	assert_line --index 0 "$P"
	assert_line --index 1 --regexp "^$P/$NAME\$"
	assert_equal "${#lines[@]}" 2
	lease=${lines[1]}
	assert_equal "$(sed -n 's/^ZKRUN_LEASE=//p' "$env")" "$lease"
	assert_equal "$(sed -n 's/^ZKRUN_FENCE=//p' "$env")" "$(zk czxid "$lease")"
	assert_equal "$(sed -n 's/^ZKRUN_SESSION=//p' "$env")" \
	    "0x$(session_of "$lease")"
	assert_regex "$(zk get "$lease")" \
	    "^host=$(hostname) pid=$BG_PID user=ops start=[^ ]+ command=sh\$"
	let_go holder
	contenders 0
}

@test "a waiter has one node, and the fence grows from holder to holder" {
	local fence i last=0

	hold holder "$TASK"
	zkrun_bg waiter -t "$TASK" -- true
	wait_for 10 contenders 2
	assert_regex "$(zk get "$(node 2)")" " pid=$BG_PID .* command=true\$"
	let_go holder
	ended_in waiter 10 0
	for i in 1 2 3; do
		# shellcheck disable=SC2016 # for the inner shell
		fence=$(zkrun -t "$TASK" -- sh -c 'echo $ZKRUN_FENCE')
		[ "$fence" -gt "$last" ]
		last=$fence
	done
}

@test "--recipe mutex with several leases is refused" {
	run -64 zkrun -l 2 -t "$TASK" -- true
	assert_output "zkrun: cannot use '--recipe': a mutex has one lease (-l 1; try 'zkrun --help')"
	run -64 zkrun -l 2 --pause "$TASK"
	assert_equal "${#lines[@]}" 1
	run -1 zk stat "$P"
}

@test "-n makes missing parents and takes the lock" {
	run -0 zkrun -n -b "/made/$TASK/deep" -t x -- echo ran
	assert_output ran
	run -0 zk ls "/made/$TASK/deep/x"
	assert_output ''
	zk rmr "/made/$TASK"
}

#
# Requests
#

# requests [OP=N...]: a finished zkrun must have sent these over the relay, and
# no others but the end of its session.
requests()
{
	local sent

	wait_for 5 relay_counts op-11 1
	sent=$(relay_tell stats | tr ' ' '\n' | grep '^op' |
	    grep -v '^op-11=' | sort | xargs)
	assert_regex "$sent" "^$(printf '%s\n' "$@" | sort | xargs)\$"
}

# A create is 15, a list 12, a read 4, a delete 2, and several steps are 14.
@test "a run on a free mutex makes a create, a list, a read, a write and a delete" {
	know_task
	start_relay
	zkrun -c "$RELAY_CONNECT" -t "$TASK" -- true
	# The write says since when the lock is held.
	requests op15=1 op12=1 'op4=[12]' op14=1 op2=1
}

@test "a run behind the holder lists twice before it waits, and not again on its turn" {
	hold holder "$TASK"
	start_relay
	zkrun_bg waiter -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 relay_counts op12 2
	let_go holder
	ended_in waiter 10 0
	# It reads the node before its own, and its own node when it holds.  Then
	# it writes to its node, and reads it again if it learns of that write in
	# time.
	requests op15=1 op12=2 'op4=[23]' op14=1 op2=1
}

@test "a run behind a waiter lists the queue once, and twice more when the waiter gets the lock" {
	hold holder "$TASK"
	zkrun_bg first -t "$TASK" -- sleep 600
	wait_for 10 contenders 2
	start_relay
	zkrun_bg second -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 relay_counts op4 1
	assert_equal "$(relay_count op12)" 1
	let_go holder
	wait_for 10 relay_counts op12 3
	let_go first
	ended_in second 10 0
	requests op15=1 op12=3 'op4=[34]' op14=1 op2=1
}

@test "a refusal with -n costs a create, a list and a delete" {
	hold holder "$TASK"
	start_relay
	run -75 zkrun -c "$RELAY_CONNECT" -n -t "$TASK" -- true
	assert_output "zkrun: '$TASK' is held by another client"
	requests op15=1 op12=1 op2=1
	contenders 1
	let_go holder
}

@test "over a slow link a run on a free mutex and a refusal with -n take three and a half round trips" {
	know_task
	start_relay relay "$ZKRUN_CONNECT" -d 25
	quick_at_times 150 180
	hold holder "$TASK"
	quick_at_times 150 180 -n -q -E 0
	let_go holder
}

@test "over a slow link no node is left when zkrun has exited" {
	start_relay relay "$ZKRUN_CONNECT" -d 100
	zkrun -c "$RELAY_CONNECT" -t "$TASK" -- true
	contenders 0
	hold holder "$TASK"
	run -75 zkrun -c "$RELAY_CONNECT" -n -t "$TASK" -- true
	contenders 1
	waits waiter -c "$RELAY_CONNECT"
	kill -TERM "$BG_PID"
	ended_in waiter 10 143
	contenders 1
	let_go holder
}

#
# The other recipe
#

@test "a mutex is refused while the task has the parents of the semaphore recipe" {
	local name

	for name in leases locks; do
		zk create -p "$P/$name" >/dev/null
		refused 70 "cannot acquire '$P': the znode has the child 'leases' or 'locks'"
		refused 70 "others use --recipe semaphore" -n
		zk rm "$P/$name"
	done
	ZKRUN_RECIPE=semaphore hold holder "$TASK"
	refused 70 'others use --recipe semaphore'
	has_command "${BG[holder]}"
	let_go holder
}

@test "the semaphore recipe is refused while the task has a contender's node" {
	local option

	hold holder "$TASK"
	for option in -n -q '-l 3' '-n -l 3'; do
		# shellcheck disable=SC2086 # two words
		run -70 zkrun $option --recipe semaphore -t "$TASK" -- \
		    touch "$(RAN)"
	done
	assert_output --partial "cannot acquire '$P': the znode has the node of a lock without leases"
	assert_equal "${#lines[@]}" 1
	[ ! -e "$(RAN)" ]
	has_command "${BG[holder]}"
	let_go holder
	# 'locks' may be left, and the servers remove it.
	wait_for 5 not zk stat "$P/leases"
}

@test "a waiter with the semaphore recipe is refused if a contender's node comes while it waits" {
	export ZKRUN_RECIPE=semaphore
	hold holder "$TASK"
	zkrun_bg first -t "$TASK" -- sleep 600
	wait_for 10 holds_count "$TASK" 2
	zkrun_bg second -t "$TASK" -- touch "$(RAN)"
	wait_for 10 queue_count "$TASK" 2
	# A contender's node comes.  The first waiter already has its lease, so
	# that a contender with a mutex gives way.  The second has no lease.
	run -70 zkrun --recipe mutex -t "$TASK" -- touch "$(RAN)"
	zk create "$P/_c_$UUID-lock-0000000000" >/dev/null
	let_go holder
	wait_for 10 has_command "${BG[first]}"
	ended_in second 10 70
	says second "^zkrun: cannot acquire '$P': the znode has the node of a lock without leases"
	[ ! -e "$(RAN)" ]
	let_go first
}

@test "of two contenders with two recipes that meet, the one whose create comes first runs" {
	local semaphore=(--recipe semaphore -t "$TASK" -- touch "$(RAN)")

	zk create -p "$P" >/dev/null
	start_relay
	# One has created its node and has not yet listed the task's node.
	relay_tell freeze-at 12
	zkrun_bg mutex -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 contenders 1
	run -70 zkrun -n "${semaphore[@]}"
	relay_tell thaw
	ended_in mutex 10 0
	relay_tell freeze-at 12
	zkrun_bg semaphore -c "$RELAY_CONNECT" "${semaphore[@]}"
	wait_for 10 zk stat "$P/leases"
	run -70 zkrun -t "$TASK" -- touch "$(RAN)"
	[ ! -e "$(RAN)" ]
	relay_tell thaw
	ended_in semaphore 10 0
	[ -e "$(RAN)" ]
}

# meet TASK: run zkruns with both recipes at once.  Print an error if their
# commands overlap.
meet()
{
	local dir=$BATS_TEST_TMPDIR/$1.in i pids=() rc recipe

	for recipe in mutex semaphore mutex; do
		"$ZKRUN" -q --recipe $recipe -t "$1" -- sh -c \
		    'mkdir "$0" || exit 9; sleep 0.02; rmdir "$0"' "$dir" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		rc=0
		wait "$i" || rc=$?
		case $rc in
		0 | 70)	echo "$rc" ;;
		*)	echo "$1: $rc" ;;
		esac
	done
}

@test "zkruns with two recipes never run at the same time" {
	local i j out=$BATS_TEST_TMPDIR/meet rounds=40

	! asan || rounds=8
	for ((i = 0; i < 4; i++)); do
		for ((j = 0; j < rounds / 4; j++)); do
			meet "$TASK-$i-$j"
		done >"$out$i" 2>"$out.err$i" 3>&- &
		BG[meet$i]=$!
	done
	for ((i = 0; i < 4; i++)); do
		zkrun_wait meet$i 60
	done
	sort "$out"? | uniq -c >"$out"
	cat "$out" "$out.err"*
	assert_equal "$(awk '{ print $2 }' "$out" | xargs)" '0 70'
	assert_equal "$(awk '{ n += $1 } END { print n }' "$out")" $((rounds * 3))
}

#
# Other clients
#

# counted: print a name of each form that zkrun counts.
counted()
{
	cat <<-EOF
	ex_c_$UUID-lock-0000000000
	_c_${UUID//-/}-lock-0000000000
	_c_$UUID-lock-0000000000
	_c_$UUID-__WRIT__0000000000
	_c_$UUID-__READ__0000000000
	${UUID//-/}__lock__0000000000
	${UUID//-/}__rlock__0000000000
	ex0000000000
	sh0000000000
	sem0000000000
	x-1000dab1f0a0003-0000000000
	x--7233-0000000000
	lock-0000000000
	read-0000000000
	write-0000000000
	other-lock-0000000000
	EOF
}

@test "zkrun waits for the node of each client, and runs when the node is gone" {
	local base=$P i=0 name names

	mapfile -t names < <(counted)
	zk create -p "$P" >/dev/null
	# Each in a task of its own, with and without a session in turn.
	for name in "${names[@]}"; do
		i=$((i + 1))
		zk create "$P-$i" >/dev/null
		[ $((i % 2)) -eq 0 ] || zk create "$P-$i/$name" >/dev/null
	done
	i=0
	P=${P%/*}
	plant clients < <(for name in "${names[@]}"; do
		i=$((i + 1))
		[ $((i % 2)) -ne 0 ] || echo "e $TASK-$i/$name"
	done)
	P=$base
	for i in $(seq ${#names[@]}); do
		zkrun_bg "w$i" -t "$TASK-$i" -- touch "$(RAN).$i"
		run -75 zkrun -n -t "$TASK-$i" -- touch "$(RAN).$i"
	done
	for i in $(seq ${#names[@]}); do
		wait_for 10 contenders 2 "$TASK-$i"
		[ ! -e "$(RAN).$i" ]
		zk rm "$P-$i/${names[i - 1]}"
	done
	for i in $(seq ${#names[@]}); do
		ended_in "w$i" 10 0
		[ -e "$(RAN).$i" ]
	done
}

# Curator's writer may add a reader with its own number before it leaves.
@test "zkrun also waits for a reader that a Curator writer leaves behind" {
	local lists name=$P/_c_$UUID-

	know_task
	zk create "${name}__WRIT__0000000000" >/dev/null
	start_relay
	waits waiter -c "$RELAY_CONNECT"
	is_next waiter
	zk create "${name}__READ__0000000000" >/dev/null
	lists=$(relay_count op12)
	zk rm "${name}__WRIT__0000000000"
	wait_for 10 relay_counts op12 $((lists + 1))
	contenders 2
	has_no_order
	zk rm "${name}__READ__0000000000"
	in_turn waiter
}

@test "zkrun ignores nodes that belong to no contender" {
	local name

	know_task
	for name in foo latch-0000000001 "_c_$UUID-latch-0000000001" \
	    abc-0000000001 "_c_$UUID-lease-0000000001" lock-1 \
	    "ex_c_$UUID-lock-000000001" "_c_$UUID-lock-00000000001" 0000000000
	do
		zk create "$P/$name" >/dev/null
	done
	run -0 zkrun -n -t "$TASK" -- echo ran
	assert_output ran
	zk rmr "$P"
}

@test "negative numbers and numbers that are nearly used up are refused" {
	local name text='the sequence numbers below the znode are used up'

	know_task
	for name in "_c_$UUID-lock--2147483648" "_c_$UUID-lock-2147483647" \
	    "_c_${UUID//-/}-lock--000000001" "ex_c_$UUID-lock-2147000001" \
	    "__lock__-1000000000" ex-000000005
	do
		zk create "$P/$name" >/dev/null
		refused 70 "cannot acquire '$P': $text"
		refused 70 "$text" -n
		zk rm "$P/$name"
	done
	zk create "$P/_c_$UUID-lock-2147000000" >/dev/null
	run -0 zkrun -n -t "$TASK" -- true
}

# count_from N: start a separate server for this test.  The next node in P gets the
# number N.
count_from()
{
	own_server --jvm -Dzookeeper.digest.enabled=false
	export ZKRUN_CONNECT=$OWN_CONNECT ZK_CONNECT=$OWN_CONNECT
	know_task
	# The server would delete a container, and its counter with it.
	zk rm "$P"
	zk create "$P"
	"$SANDBOX" stop "$OWN_DIR"
	# The snapshot has no digest; ZooKeeper 3.9 would expect one.
	"$TOP/tests/java/run" -Dzookeeper.digest.enabled=false Counter \
	    "$OWN_DIR/data" "$P" "$1"
	"$SANDBOX" restart "$OWN_DIR" >/dev/null
}

# bats test_tags=long
@test "the last number with which zkrun runs is 2147000000" {
	count_from 2147000000
	hold holder "$TASK"
	assert_equal "$(node 1 | sed 's/.*-//')" 2147000000
	refused 70 'used up'
	has_command "${BG[holder]}"
	let_go holder
	refused 70 'used up'
	contenders 0
}

# bats test_tags=long
@test "zkrun does not run with a negative number" {
	count_from -2147483648
	refused 70 'used up'
	refused 70 'used up' -n
	contenders 0
}

#
# The queue
#

# bats test_tags=quick
@test "waiters run in the order in which they came" {
	local name

	hold holder "$TASK"
	for name in w1 w2 w3 w4 w5; do
		waits $name
	done
	let_go holder
	in_turn w1 w2 w3 w4 w5
}

@test "waiters that give up, are stopped or are killed do not change the order of the others" {
	local pid

	hold holder "$TASK"
	waits w1
	waits gives-up -w 2s
	waits w2
	waits stopped
	waits w3
	waits killed -T 2s
	waits w4
	waits keeperless
	waits w5
	kill -TERM "${BG[stopped]}"
	ended_in stopped 10 143
	pid=$(keeper_of "${BG[killed]}")
	kill -STOP "$pid"
	kill -KILL "${BG[killed]}" "$pid"
	kill -KILL "$(keeper_of "${BG[keeperless]}")"
	ended_in keeperless 10 70
	ended_in gives-up 10 75
	ended_in killed 5 137
	wait_for 10 contenders 6
	[ ! -e "$BATS_TEST_TMPDIR/order" ]
	let_go holder
	in_turn w1 w2 w3 w4 w5
}

@test "the waiter that is next gives up, and the one behind it is then next" {
	hold holder "$TASK"
	waits first
	waits second
	kill -TERM "${BG[first]}"
	ended_in first 10 143
	is_next second
	let_go holder
	in_turn second
}

@test "with -w zkrun gives up in time, as the next one and behind it, and names the holder" {
	local before took

	hold holder "$TASK"
	waits next -w 1.5s
	before=$(now_us)
	run -75 zkrun -w 700ms -t "$TASK" -- touch "$(RAN)"
	took=$((($(now_us) - before) / 1000))
	assert_output --regexp "^zkrun: gave up waiting for '$TASK' after\
 0\\.[78]s: it is held by $(hostname) \\(pid ${BG[holder]}\\) since [0-9:]+\$"
	[ $took -ge 690 ]
	[ $took -lt 5000 ]
	ended_in next 10 75
	contenders 1
	waits in-time -w 30
	let_go holder
	in_turn in-time
	[ ! -e "$(RAN)" ]
}

@test "-n is refused with exit status 75, or that of -E, while somebody holds or waits" {
	hold holder "$TASK"
	refused 75 "'$TASK' is held by another client" -n
	waits waiter
	refused 3 "'$TASK' is held by another client" -n -E 3
	let_go holder
	in_turn waiter
	run -0 zkrun -n -t "$TASK" -- true
}

# bats test_tags=quick
@test "the mutex is free for others as soon as zkrun has exited, 50 times" {
	local i rc

	for ((i = 1; i <= 50; i++)); do
		rc=0
		zkrun -n -t "$TASK" -- true || rc=$?
		assert_equal "run $i: $rc" "run $i: 0"
	done
}

#
# Networks, servers, and clients that delete nodes
#

# run_once: print the words of a command that adds a line to a file.
run_once()
{
	printf '%s\n' sh -c 'echo ran >>"$1"' sh "$(RAN)"
}

# lose OPCODE [SKIP]: lose one reply and the connection, in a run on a free
# mutex.  The command must run once, and no node may be left.
lose()
{
	local command name=relay-$1-${2:-0}

	rm -f "$(RAN)"
	mapfile -t command < <(run_once)
	start_relay "$name"
	relay_tell_to "$name" drop-reply "$1" 1 "${2:-0}" then-cut
	run -0 zkrun -c "$RELAY_CONNECT" -t "$TASK" -- "${command[@]}"
	assert_equal "$(relay_count dropped "$name")" 1
	assert_ran 1
	# zkrun has found the node that it made.
	assert_equal "$(relay_count op15 "$name")" "${3:-1}"
	wait_for 5 contenders 0
}

@test "a run on a free mutex succeeds if the reply to its create, list, read or delete is lost" {
	local op

	know_task
	for op in 15 12 4 2; do
		lose $op
	done
}

@test "a run succeeds if the reply to any create of a parent is lost" {
	local skip

	for skip in 0 1 2; do
		TASK=$(unique_task)
		P=/lock/mutex/$TASK
		rm -f "$(RAN)"
		start_relay "relay$skip"
		relay_tell_to "relay$skip" drop-reply 19 1 $skip then-cut
		run -0 zkrun -c "$RELAY_CONNECT" -t "$TASK" -- touch "$(RAN)"
		[ -e "$(RAN)" ]
		assert_equal "$(relay_count dropped "relay$skip")" 1
		wait_for 5 contenders 0
	done
}

@test "a waiter keeps its place if the reply to its create, its lists or its read is lost" {
	local op

	hold holder "$TASK"
	waits ahead
	for op in 15 12 4; do
		start_relay "relay$op"
		relay_tell_to "relay$op" drop-reply "$op" 1 then-cut
		waits "w$op" -T 10 -c "$RELAY_CONNECT"
		again() { [ "$(relay_count accepted "relay$op")" -ge 2 ]; }
		wait_for 10 again
		# The answer to USR1 comes after the replies to earlier requests.
		kill -USR1 "${BG[w$op]}"
		wait_for 10 says "w$op" ' ahead, held by'
	done
	contenders 5
	let_go holder
	in_turn ahead w15 w12 w4
}

@test "the waiter that is next holds once if it loses contact at its last list or on its turn" {
	hold holder "$TASK"
	start_relay
	relay_tell drop-reply 12 1 1 then-cut
	waits next -T 10 -c "$RELAY_CONNECT"
	waits last
	wait_for 10 says next 'regained contact'
	is_next next
	# The holder leaves while 'next' has no contact.
	relay_tell refuse on
	relay_tell cut
	let_go holder
	relay_tell refuse off
	in_turn next last
}

@test "-n is refused and leaves no node if the reply to its create, list or delete is lost" {
	local op

	hold holder "$TASK"
	for op in 15 12 2; do
		start_relay "relay$op"
		relay_tell_to "relay$op" drop-reply $op 1 then-cut
		run -75 zkrun -c "$RELAY_CONNECT" -n -t "$TASK" -- true
		assert_equal "$(relay_count dropped "relay$op")" 1
		contenders 1
	done
	let_go holder
}

@test "zkrun leaves no node if it gives up after the reply to its create is lost" {
	hold holder "$TASK"
	start_relay
	relay_tell drop-reply 15 1 then-cut
	run -75 zkrun -c "$RELAY_CONNECT" -w 0.7 -t "$TASK" -- true
	assert_equal "$(relay_count dropped)" 1
	contenders 1
	let_go holder
}

@test "zkrun deletes a node that is created late" {
	local stray

	hold holder "$TASK"
	start_relay
	relay_tell freeze-at 15
	zkrun_bg waiter -c "$RELAY_CONNECT" -T 4s -t "$TASK" -- true
	wait_for 10 relay_counts op15 1
	stray=$(relay_tell stats | sed -n 's/.* held=//p')
	# zkrun reconnects and creates another node.  Here another client makes
	# the node of the late create.
	relay_tell cut
	wait_for 10 relay_counts op15 2
	relay_tell heal
	wait_for 10 contenders 2
	stray=$(zk create "$stray" --sequential)
	wait_for 10 not zk stat "$stray"
	let_go holder
	ended_in waiter 10 0
	contenders 0
}

@test "if the task is deleted before a create, zkrun makes the task again" {
	local i

	know_task
	start_relay
	relay_tell freeze-at 15
	zkrun_bg run -c "$RELAY_CONNECT" -t "$TASK" -- touch "$(RAN)"
	for i in 1 2 3; do
		wait_for 10 relay_counts op15 $i
		wait_for 10 zk stat "$P"
		zk rm "$P"
		[ "$i" -eq 3 ] || relay_tell freeze-at 15
		relay_tell thaw
	done
	ended_in run 10 0
	[ -e "$(RAN)" ]
	assert_equal "$(relay_count op15)" 4
	contenders 0
}

@test "40 runs succeed although another client deletes the task's node after each release" {
	local i

	while :; do
		zk rm "$P" 2>/dev/null || true
	done 3>&- &
	HELPERS+=($!)
	for i in {1..40}; do
		run -0 zkrun -t "$TASK" -- echo ran
		assert_output ran
	done
}

@test "a waiter whose node is deleted joins the queue again at its end" {
	hold holder "$TASK"
	waits w1
	waits w2 -T 2s
	waits w3
	zk rm "$(node 3)"
	# The next beat of w2 tells it that its node is gone.
	wait_for 10 contenders 4
	let_go holder
	in_turn w1 w3 w2
}

@test "the waiter that is next does not run if its node is deleted" {
	local reads

	hold holder "$TASK"
	start_relay
	waits next -c "$RELAY_CONNECT"
	is_next next
	zkrun_bg last -t "$TASK" -- sleep 600
	wait_for 10 contenders 3
	# Stop the keeper, so that it learns of both events at once.
	kill -STOP "$(keeper_of "${BG[next]}")"
	reads=$(relay_count op4)
	relay_tell freeze-at 4
	zk rm "$(node 2)"
	let_go holder
	wait_for 10 has_command "${BG[last]}"
	kill -CONT "$(keeper_of "${BG[next]}")"
	# 'next' reads the node before its new one, or else its own.
	wait_for 10 relay_counts op4 $((reads + 1))
	has_no_order
	relay_tell thaw
	wait_for 10 contenders 2
	has_no_order
	let_go last
	in_turn next
}

@test "if the node of a holder is deleted, the command is killed, exit 76" {
	hold holder "$TASK"
	waits w1
	zk rm "$(node 1)"
	ended_in holder 10 76
	says holder 'lost'
	in_turn w1
	# The same while the holder has no contact.
	start_relay
	hold holder "$TASK" -c "$RELAY_CONNECT"
	relay_tell refuse on
	relay_tell cut
	wait_for 10 says holder 'lost contact'
	zk rm "$(node 1)"
	relay_tell refuse off
	ended_in holder 10 76
	contenders 0
}

@test "if the session expires, a holder exits 76, and a waiter joins the queue again and runs once" {
	hold holder "$TASK"
	waits w1
	waits w2
	zk expire "$(session_of "$(node 2)")"
	wait_for 10 says w1 "the session of '$TASK' expired; joining the queue again"
	wait_for 10 contenders 3
	zk expire "$(session_of "$(node 1)")"
	ended_in holder 10 76
	in_turn w2 w1
}

@test "waiters that lose contact keep their places, and run in their order" {
	local name

	hold holder "$TASK"
	start_relay
	for name in w1 w2 w3; do
		waits $name -c "$RELAY_CONNECT"
	done
	relay_tell cut
	for name in w1 w2 w3; do
		wait_for 10 says $name 'regained contact'
	done
	contenders 4
	has_no_order
	let_go holder
	in_turn w1 w2 w3
}

@test "if a holder loses contact for a moment, it goes on and nobody else runs" {
	start_relay
	hold holder "$TASK" -c "$RELAY_CONNECT"
	waits w1
	relay_tell cut
	wait_for 10 says holder 'regained contact'
	has_command "${BG[holder]}"
	contenders 2
	has_no_order
	let_go holder
	in_turn w1
}

@test "after a restart of the server the holder goes on, and the waiters run in order" {
	own_server
	export ZK_CONNECT=$OWN_CONNECT ZKRUN_CONNECT=$OWN_CONNECT
	hold holder "$TASK"
	waits w1
	waits w2
	timeout 90 "$SANDBOX" restart "$OWN_DIR"
	for name in holder w1 w2; do
		wait_for 10 says $name 'regained contact'
	done
	has_no_order
	let_go holder
	in_turn w1 w2
}

@test "five contenders in loops never overlap" {
	local i j

	for i in 1 2 3 4 5; do
		for j in {1..12}; do
			"$ZKRUN" -t "$TASK" -- sh -c \
			    'mkdir "$0" || exit 9; rmdir "$0"' \
			    "$BATS_TEST_TMPDIR/in" || echo "ended in $?"
		done >"$BATS_TEST_TMPDIR/loop$i" 2>&1 3>&- &
		BG[loop$i]=$!
	done
	for i in 1 2 3 4 5; do
		zkrun_wait loop$i 30
	done
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/loop?)" ''
	contenders 0
}

#
# Pauses
#

# pause_bg NAME ARG...: start a --pause in the background.
pause_bg()
{
	zkrun_bg "$1" --pause "${@:2}"
}

# who NAME: print how messages describe it.
who()
{
	echo "$(hostname) (pid ${BG[$1]}, user ops, command ${2:-sleep})"
}

@test "a waiter that was next when --pause came does not run, and the holder goes on" {
	local ops time='[0-9][-0-9: ]*'

	ops=ops@$(hostname)
	hold holder "$TASK"
	waits first
	is_next first
	waits second
	run -0 zkrun --pause "$TASK" new disk
	assert_line --index 0 "zkrun: paused '$TASK'"
	assert_line --index 1 "zkrun: $(who holder) still holds '$TASK' and continues (--revoke stops it)"
	assert_equal "${#lines[@]}" 2
	has_command "${BG[holder]}"
	run -1 zkrun --status --json "$TASK" || run -0 zkrun --status --json "$TASK"
	assert_equal "$(jq -c '.tasks[0]|.held,(.holders|map(.pid)),(.waiting|map(.pid))' \
	    <<<"$output" | xargs)" \
	    "true [${BG[holder]}] [${BG[first]},${BG[second]}]"
	refused 75 "'$TASK' is paused by $ops since" -n
	wait_for 5 says first "paused by $ops since $time: new disk\$"
	let_go holder
	# The next one has learned that the holder is gone, and still waits.
	wait_for 10 contenders 3
	run -75 zkrun -q -w 0.3 -t "$TASK" -- touch "$(RAN)"
	has_no_order
	run -1 zkrun --status "$TASK"
	assert_line --index 1 --regexp "^$TASK +paused .* ops +new disk\$"
	assert_line --index 2 --regexp '^ +wait 1 '
	assert_line --index 3 --regexp '^ +wait 2 '
	run -0 zkrun --resume "$TASK"
	assert_output --regexp "^zkrun: ended the pause of '$TASK' by $ops since $time: new disk\$"
	in_turn first second
}

@test "a contender that comes after --pause gives up and says who paused, when and why" {
	local time='[0-9][-0-9: ]*'

	run -0 zkrun --pause "$TASK" we move the disk
	assert_output "zkrun: paused '$TASK'"
	run zk stat "$P/$(children "$P")"
	assert_line ephemeral_owner=0x0
	run -75 zkrun -n -t "$TASK" -- touch "$(RAN)"
	assert_output --regexp "^zkrun: '$TASK' is paused by ops@$(hostname) since $time: we move the disk\$"
	run -75 zkrun -w 0.3 -t "$TASK" -- touch "$(RAN)"
	assert_line --regexp "^zkrun: gave up waiting for '$TASK' after 0.3s: it is paused by ops@$(hostname) since $time: we move the disk\$"
	waits first
	wait_for 5 says first "^zkrun: waiting for '$TASK': 0:0., next in the queue, paused by ops@$(hostname) since $time: we move the disk\$"
	[ ! -e "$(RAN)" ]
	has_no_order
	run -0 zkrun --resume "$TASK"
	in_turn first
}

@test "a waiter runs only after the last of several pauses" {
	local lists

	hold holder "$TASK"
	start_relay
	waits first -c "$RELAY_CONNECT"
	LOGNAME=alice run -0 zkrun --pause "$TASK"
	let_go holder
	wait_for 10 says first 'paused by alice'
	wait_for 10 contenders 2
	LOGNAME=bob run -0 zkrun --pause "$TASK"
	# Nobody holds, although 'first' is the first contender.
	refute_output --partial 'still holds'
	lists=$(relay_count op12)
	run -0 zkrun --resume "$TASK" alice
	assert_output --partial "'$TASK' is still paused by bob@"
	# 'first' lists P before and after it watches the other pause.
	wait_for 5 relay_counts op12 $((lists + 2))
	LOGNAME=carol run -0 zkrun --pause "$TASK"
	run -0 zkrun --resume "$TASK" bob
	wait_for 5 relay_counts op12 $((lists + 4))
	refused 75 'paused by carol@' -n
	has_no_order
	run -0 zkrun --resume "$TASK"
	in_turn first
}

@test "a pause that comes just before a waiter watches the holder keeps it out" {
	hold holder "$TASK"
	start_relay
	# The waiter has listed the task's node, and does not watch anything.
	relay_tell freeze-at 4
	waits first -c "$RELAY_CONNECT"
	wait_for 10 relay_counts op4 1
	run -0 zkrun --pause "$TASK"
	relay_tell thaw
	wait_for 5 says first ', paused by'
	let_go holder
	wait_for 10 contenders 2
	refused 75 'paused by' -n
	has_no_order
	run -0 zkrun --resume "$TASK"
	in_turn first
}

@test "over a slow link, a pause just before the holder ends keeps the waiter out" {
	start_relay relay "$ZKRUN_CONNECT" -d 100
	hold holder "$TASK"
	waits first -c "$RELAY_CONNECT"
	is_next first
	run -0 zkrun --pause "$TASK"
	let_go holder
	wait_for 10 says first ', paused by' 
	has_no_order
	run -0 zkrun --resume "$TASK"
	in_turn first
}

# nap MS: sleep without starting a process.
nap()
{
	read -rt "$(printf '0.%03d' "$1")" <>"$BATS_TEST_TMPDIR/nap" || true
}

# race TASK: pause TASK just as its holder ends, while two contenders queue.
# Print how many commands had begun when --pause returned, or an error.
race()
{
	local task=$1 dir=$BATS_TEST_TMPDIR/$1 i ran rc

	: >"$dir.ran"
	"$ZKRUN" -t "$task" -- sh -c 'echo 0 >>"$0.ran"; read -r _ <"$0.gate"' \
	    "$dir" &
	until [ -s "$dir.ran" ]; do nap 5; done
	for i in 1 2; do
		"$ZKRUN" -q -t "$task" -- sh -c 'echo "$1" >>"$0.ran"' "$dir" $i &
		until contenders $((i + 1)) "$task"; do nap 2; done
	done
	{ nap $((1 + RANDOM % 12)); echo >"$dir.gate"; } &
	nap $((1 + RANDOM % 8))
	"$ZKRUN" -q --pause "$task" || echo "--pause: $?"
	mapfile -t <"$dir.ran"
	ran=${#MAPFILE[@]}
	rc=0
	"$ZKRUN" -n -q -t "$task" -- sh -c 'echo new >>"$0.ran"' "$dir" || rc=$?
	[ $rc -eq 75 ] || echo "came later: $rc"
	nap 40
	mapfile -t <"$dir.ran"
	# One holder may have the lock, but not have started its command yet.
	[ "${#MAPFILE[@]}" -le $((ran + 1)) ] ||
	    echo "after $ran ran: ${MAPFILE[*]}"
	"$ZKRUN" -q --resume "$task" || echo "--resume: $?"
	wait
	[ "$(xargs <"$dir.ran")" = '0 1 2' ] || echo "ran: $(xargs <"$dir.ran")"
	echo "$ran had begun"
}

# races N: run N races, each in one of six tasks at a time.  They must meet at
# least two of three cases: the pause comes before the holder ends, between the
# two waiters, or after both.
races()
{
	local i j out=$BATS_TEST_TMPDIR/races

	mkfifo "$BATS_TEST_TMPDIR/nap"
	for ((i = 0; i < 6; i++)); do
		mkfifo "$BATS_TEST_TMPDIR/$TASK-$i.gate"
		for ((j = 0; j < $1 / 6; j++)); do
			race "$TASK-$i"
		done >"$out$i" 2>&1 3>&- &
		BG[race$i]=$!
	done
	for ((i = 0; i < 6; i++)); do
		zkrun_wait race$i 300
	done
	sort "$out"? | uniq -c >"$out"
	sed 's/^/# /' "$out" >&3
	assert_equal "$(grep -v 'had begun$' "$out")" ''
	assert_equal "$(awk '{ n += $1 } END { print n }' "$out")" "$1"
	[ "$(wc -l <"$out")" -ge 2 ]
}

@test "36 pauses race with a holder's end: a later contender is always kept out" {
	races 36
}

# bats test_tags=long
@test "many pauses race with a holder's end: a later contender is always kept out" {
	if asan; then
		races 60
	else
		races "${RACES:-120}"
	fi
}

@test "--pause with the recipe that the runs do not use is refused, and makes no node" {
	hold holder "$TASK"
	run -64 zkrun --recipe semaphore --pause "$TASK"
	assert_output "zkrun: cannot pause '$TASK': others use it with --recipe mutex"
	contenders 1
	run -1 zk stat "$P/leases"
	let_go holder
	ZKRUN_RECIPE=semaphore hold holder "$TASK"
	run -64 zkrun --pause "$TASK"
	assert_output "zkrun: cannot pause '$TASK': others use it with --recipe semaphore"
	refute_regex "$(children "$P")" lock-
	let_go holder
}

@test "if contact is lost at any moment, --pause makes one pause, and --resume removes it" {
	local skip

	start_relay
	for skip in 0 1; do
		relay_tell drop-reply 14 1 $skip then-cut
		run -0 zkrun -c "$RELAY_CONNECT" --pause "$TASK-$skip" why
		contenders 1 "$TASK-$skip"
		assert_equal "$(relay_count dropped)" $((skip + 1))
	done
	relay_tell drop-reply 14 1 then-cut
	run -0 zkrun -c "$RELAY_CONNECT" --resume "$TASK-0"
	contenders 0 "$TASK-0"
	run -0 zkrun --resume "$TASK-0"
	assert_output "zkrun: '$TASK-0' is not paused"
}

#
# --interval
#

@test "-i: of waiters with a mutex one runs in the interval, and its transaction deletes the node" {
	know_task
	start_relay
	gated first 0 -i 23h -c "$RELAY_CONNECT"
	waits second -i 23h -v
	zkrun_bg third -i 23h -v -t "$TASK" -- touch "$(RAN).3"
	wait_for 10 contenders 3
	open_gate first
	ended_in first 10 0
	# The transaction with the record has deleted the node.
	assert_equal "$(relay_count op2)" 0
	ended_in second 10 0
	ended_in third 10 0
	says second skipped
	says third skipped
	has_no_order
	assert_ran 1
	assert_equal "$(statuses)" '0 '
	assert_equal "$(of_run 1 fence)" "$(<"$(RAN)")"
	record_is_sound
	contenders 0
}

@test "-i: after a failed run the next waiter runs" {
	gated first 3 -i 23h
	gated_bg second 0 -i 23h
	wait_for 10 contenders 2
	open_gate first
	ended_in first 10 3
	open_gate second
	ended_in second 10 0
	assert_equal "$(statuses)" '0 3 '
	assert_ran 2
	record_is_sound
}

#
# --status, --revoke, --break
#

# got FILTER: print what jq finds in $output, on one line.
got()
{
	jq -r "$1" <<<"$output"
}

@test "--status shows the contenders in their order, and the JSON names other clients" {
	local kazoo=${UUID//-/}__lock__0000000000

	know_task
	plant kazoo <<<"e $kazoo 10.0.0.7"
	waits first
	plant curator <<<"s _c_$UUID-lock- 10.0.0.8"
	waits second
	run -0 zkrun --status --json "$TASK"
	assert_equal "$(got '.tasks[0].holders[]|.client,.address,.node,.fence' |
	    xargs)" "kazoo 10.0.0.7 $P/$kazoo $(zk czxid "$P/$kazoo")"
	assert_equal "$(got '.tasks[0].waiting|map(.client)|@json')" \
	    '[null,"Curator",null]'
	assert_equal "$(got '.tasks[0].waiting[].node' |
	    sed "s/$UUID/UUID/; s/.*-//" | xargs)" \
	    '0000000001 0000000002 0000000003'
	run -0 zkrun --status "$TASK"
	assert_line --index 1 --regexp "^$TASK +held .* 10\.0\.0\.7, kazoo\$"
	assert_line --index 2 --regexp "^ +wait 1 .* ${BG[first]} +ops +sh\$"
	assert_line --index 3 --regexp "^ +wait 2 .* 10\.0\.0\.8, Curator\$"
	assert_line --index 4 --regexp "^ +wait 3 .* ${BG[second]} +ops +sh\$"
}

@test "--status: 'since' of a holder that waited is when it acquired, and of others when they came" {
	local held

	hold holder "$TASK"
	zkrun_bg next -t "$TASK" -- sleep 600
	wait_for 10 contenders 2
	waits third
	let_go holder
	wait_for 10 has_command "${BG[next]}"
	# 'next' writes to its node when it has started its command.
	changed() { [ "$(stat_of 1 mtime)" != "$(stat_of 1 ctime)" ]; }
	wait_for 10 changed
	held=$(stat_of 1 mtime)
	[ "$held" -gt "$(stat_of 2 ctime)" ]
	# A later write does not change the time.
	run -0 zkrun --pause "$TASK"
	run -0 zkrun --status --json "$TASK"
	assert_equal "$(got '.tasks[0].holders[0].since')" "$(in_json "$held")"
	assert_equal "$(got '.tasks[0].holders[0].fence')" "$(zk czxid "$(node 2)")"
	assert_equal "$(got '.tasks[0].waiting[0].since')" \
	    "$(in_json "$(stat_of 3 ctime)")"
}

# stat_of N KEY: print KEY of the Nth contender's node.
stat_of()
{
	zk stat "$(node "$1")" | sed -n "s/^$2=//p"
}

# in_json MS: print a time as the JSON has it.
in_json()
{
	date -u -d "@$(($1 / 1000))" +%Y-%m-%dT%H:%M:%S | tr -d '\n'
	printf '.%03dZ\n' $(($1 % 1000))
}

@test "--revoke asks the holder, also one that waited, and its successor runs" {
	hold holder "$TASK"
	zkrun_bg next -t "$TASK" -- sleep 600
	wait_for 10 contenders 2
	waits third
	run -0 zkrun --revoke -w 20 "$TASK"
	assert_line --index 0 "zkrun: asked $(who holder) to stop and release '$TASK'"
	assert_line --index 1 "zkrun: $(who holder) released '$TASK'"
	ended_in holder 10 76
	wait_for 10 has_command "${BG[next]}"
	run -0 zkrun --revoke -w 20 "$TASK"
	assert_line --index 0 "zkrun: asked $(who next) to stop and release '$TASK'"
	ended_in next 10 76
	in_turn third
	run -0 zkrun --revoke "$TASK"
	assert_output "zkrun: nobody holds '$TASK'"
}

@test "--break deletes the node of a holder, and the next waiter runs" {
	know_task
	zk create "$P/_c_$UUID-lock-0000000000" 10.0.0.7 >/dev/null
	waits first
	run -0 zkrun --break --yes "$TASK"
	assert_output --partial '10.0.0.7 (not zkrun)'
	in_turn first
	# A zkrun whose node is deleted ends its command.
	hold holder "$TASK"
	waits first
	rm "$BATS_TEST_TMPDIR/order"
	run -0 zkrun --break --yes "$TASK"
	ended_in holder 10 76
	ended_in first 10 0
}
