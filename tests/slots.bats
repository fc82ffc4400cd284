#!/usr/bin/env bats
#
# --interval: a slot has one good run, even if earlier runs take long, other
# contenders hold the lock meanwhile, sessions expire or clocks are set.  The
# tests set the servers' clock forward during a run to make it long.

load lib/helper
load lib/faults
load lib/runs
load lib/clock

setup()
{
	crowd_setup
	set_clock +0d
	use_clock_server
}

# behind NAME N OPTION...: queue N contenders behind the holder, one by one.
# Their commands succeed.
behind()
{
	local name=$1 n=$2 i before

	shift 2
	before=$(waiting)
	for ((i = 1; i <= n; i++)); do
		zkrun_bg "$name$i" -w 60s -t "$TASK" "$@" -- sh -c \
		    'echo "$ZKRUN_FENCE" >>"$0"' "$(RAN)"
		wait_for 10 queue_count "$TASK" $((before + i))
	done
}

# Print how many contenders queue.
waiting()
{
	queue_of "$TASK" | grep -c . || true
}

# all_end NAME N STATUS: fail unless the N contenders exit with STATUS.
all_end()
{
	local i

	for ((i = 1; i <= $2; i++)); do
		ended_in "$1$i" 20 "$3"
	done
}

@test "a run fails after more than the interval: one waiter succeeds, the others skip" {
	gated first 3 -i 1h
	behind next 4 -i 1h
	set_clock +2h
	open_gate first
	ended_in first 10 3
	all_end next 4 0
	# Two commands ran: the failed one and that of one waiter.
	assert_ran 2
	assert_equal "$(statuses)" '0 3 '
	assert_lock_clean "$TASK"
}

@test "--max-time ends a run after the interval: one waiter succeeds, the others skip" {
	gated first 0 -i 1h -m 1s
	behind next 3 -i 1h
	set_clock +2h
	ended_in first 10 124
	all_end next 3 0
	assert_ran 2
	assert_equal "$(statuses)" '0 124 '
}

@test "a run succeeds after more than the interval: all waiters skip" {
	gated first 0 -i 1h
	behind next 4 -i 1h --skip-exit-code 9
	set_clock +2h
	open_gate first
	ended_in first 10 0
	all_end next 4 9
	assert_ran 1
}

@test "a holder without -i leaves no record: one waiter succeeds, the others skip" {
	gated first 0
	behind next 4 -i 1h
	set_clock +2h
	open_gate first
	ended_in first 10 0
	all_end next 4 0
	assert_ran 2
	assert_equal "$(statuses)" '0 '
}

@test "a waiter whose session expired keeps the slot in which it came first" {
	local place

	gated first 3 -i 1h
	behind next 3 -i 1h
	set_clock +2h
	# The waiter joins the queue again, with a node that is two hours
	# younger.
	place=$(queue_of "$TASK" | shuf -n 1)
	zk expire "$(session_of "/lock/mutex/$TASK/locks/$place")"
	is_back() { [[ "$(queue_of "$TASK")" != *"$place"* ]] && queue_count "$TASK" 3; }
	wait_for 20 is_back
	open_gate first
	ended_in first 10 3
	all_end next 3 0
	assert_ran 2
}

@test "if the reply to a waiter's create is lost, the waiter still counts from that create" {
	gated first 3 -i 1h
	behind early 1 -i 1h
	start_relay relay "$ZKRUN_CONNECT"
	# Request 15, create2, returns the time of the create.
	relay_tell drop-reply 15 1 0 then-cut
	zkrun_bg late -c "$RELAY_CONNECT" -w 60s -i 1h --skip-exit-code 9 \
	    -t "$TASK" -- true
	wait_for 20 queue_count "$TASK" 2
	assert_equal "$(relay_count dropped)" 1
	set_clock +2h
	open_gate first
	all_end early 1 0
	ended_in late 20 9
	assert_ran 2
}

@test "a contender that reaches the servers late counts from its start" {
	local since

	start_relay relay "$ZKRUN_CONNECT"
	relay_tell refuse on
	since=$(now_us)
	zkrun_bg late -c "$RELAY_CONNECT" -r forever --retry-sleep 100ms -i 2s \
	    --skip-exit-code 9 -t "$TASK" -- true
	run -0 run_as 0 -i 2s
	wait_for 10 older_than "$since" 2500
	relay_tell refuse off
	ended_in late 20 9
	assert_ran 1
}

@test "zkrun asks for the time of its node if the create does not return it" {
	gated first 3 -i 1h
	behind early 1 -i 1h
	start_relay relay "$ZKRUN_CONNECT"
	relay_tell unknown 15
	zkrun_bg late -c "$RELAY_CONNECT" -w 60s -i 1h --skip-exit-code 9 \
	    -t "$TASK" -- true
	wait_for 20 queue_count "$TASK" 2
	set_clock +2h
	open_gate first
	all_end early 1 0
	ended_in late 20 9
	assert_ran 2
}

@test "a contender of the next slot runs even if the last good run began late" {
	gated first 3 -i 22h
	behind late 1 -i 22h
	set_clock +3h
	open_gate first
	all_end late 1 0
	assert_ran 2
	# The clock is a day after the first two came, and 21 hours after the
	# good run began.
	set_clock +24h
	run -0 run_as 0 -i 22h
	assert_ran 3
	assert_equal "$(statuses)" '0 0 3 '
}

@test "with several leases runs are recorded, but -i 0 is the only interval" {
	run -64 zkrun -t "$TASK" -l 2 -i 1h -- true
	assert_output --partial 'works only with one lease'
	run -0 run_as 0 -i 0 -l 2
	set_clock +2h
	run -0 run_as 0 -i 0 -l 2
	assert_equal "$(statuses)" '0 0 '
}

@test "a clock set back by seconds: the run counts as just done, and zkrun skips it" {
	run -0 run_as 0 -i 50s
	set_clock -2s
	run -0 run_as 0 -i 50s
	assert_output --regexp "skipped '$TASK': a run on $(hostname) began [12]\\.[0-9]s in the future by ZooKeeper's clock; taken as just now"
	assert_ran 1
	set_clock -59s
	run -78 run_as 0 -i 50s
	run -0 run_as 0 -i 22h
	assert_ran 1
}

@test "a clock set back by hours: zkrun exits 78 and starts nothing" {
	run -0 run_as 0 -i 22h
	set_clock -3h
	run -78 run_as 0 -i 22h
	assert_output --partial "cannot use the record '$(record_path)'"
	assert_ran 1
}

# begin_history N: begin one slot of a new task.  Four contenders with random
# statuses queue behind a run that fails.
begin_history()
{
	local i task=$TASK-$1

	mkfifo "$BATS_TEST_TMPDIR/gate$1"
	"$ZKRUN" -i 1h -t "$task" -- sh -c 'read -r _ <"$0"; exit 1' \
	    "$BATS_TEST_TMPDIR/gate$1" </dev/null 2>>"$BATS_TEST_TMPDIR/err" \
	    3>&- &
	PIDS+=($!)
	wait_for 10 holds_count "$task" 1
	STATUSES[$1]=''
	for i in 1 2 3 4; do
		STATUSES[$1]+="$((RANDOM % 2)) "
		"$ZKRUN" -i 1h -t "$task" -- sh -c \
		    'echo "$0 $1" >>"$2"; exit "$1"' "$1" \
		    $((${STATUSES[$1]: -2:1})) "$BATS_TEST_TMPDIR/runs" \
		    </dev/null 2>>"$BATS_TEST_TMPDIR/err" 3>&- &
		PIDS+=($!)
	done
}

# expire_some TASK: in every second history, end the session of one waiter.
expire_some()
{
	local place

	[ $((RANDOM % 2)) -eq 0 ] || return 0
	place=$(queue_of "$1" | shuf -n 1)
	zk expire "$(session_of "/lock/mutex/$1/locks/$place")"
}

# judge_history N: print the number of good runs of the slot if it is wrong.
judge_history()
{
	local wanted=0

	[[ ${STATUSES[$1]} != *0* ]] || wanted=1
	awk -v n="$1" -v wanted=$wanted '
	$1 == n && $2 == 0 { good++ }
	END { if (good + 0 != wanted) print n ": " good + 0 " good runs" }' \
	    "$BATS_TEST_TMPDIR/runs"
}

# HISTORIES=500 tests/run slots histories
# bats test_tags=long
@test "histories of failures, expiries and long runs: no slot has two good runs" {
	local batch i n=${HISTORIES:-120} size=20
	local -a PIDS STATUSES

	! asan || n=40
	: >"$BATS_TEST_TMPDIR/runs"
	for ((batch = 0; batch < n; batch += size)); do
		PIDS=()
		set_clock +0d
		for ((i = batch; i < batch + size; i++)); do
			begin_history "$i"
		done
		for ((i = batch; i < batch + size; i++)); do
			wait_for 20 queue_count "$TASK-$i" 4
			expire_some "$TASK-$i"
		done
		for ((i = batch; i < batch + size; i++)); do
			wait_for 20 queue_count "$TASK-$i" 4
		done
		set_clock "+$((RANDOM % 5))h"
		for ((i = batch; i < batch + size; i++)); do
			timeout 5 sh -c 'echo >"$0"' "$BATS_TEST_TMPDIR/gate$i"
		done
		wait "${PIDS[@]}" || true
		for ((i = batch; i < batch + size; i++)); do
			judge_history "$i"
		done
	done >"$BATS_TEST_TMPDIR/wrong"
	assert_equal "$(<"$BATS_TEST_TMPDIR/wrong")" ''
	echo "# $n histories, $(wc -l <"$BATS_TEST_TMPDIR/runs") runs," \
	    "$(grep -c ' 0$' "$BATS_TEST_TMPDIR/runs") of them good" >&3
}
