#!/usr/bin/env bats
#
# --interval and the record of runs: each interval has one success, whatever
# time the clocks show and whichever process dies.
#
# Measures: the time until the next run begins.

load lib/helper
load lib/deaths
load lib/runs
load lib/clock

# slots TASK FIRST LAST OPTION...: move the server's clock on by a day for each
# slot, and start four contenders in it, each with its own clock.  A run records
# slot, contender and the time on its clock.
slots()
{
	local task=$1 first=$2 last=$3 skews=(-40s +0s +20s +40s)
	local slot i pids fake=$FAKE_CLOCK

	shift 3
	# faketime and the sanitizer both demand to be loaded first; the
	# sanitizer aborts if it is not.
	! asan || fake='env'
	for ((slot = first; slot <= last; slot++)); do
		set_clock "+${slot}d"
		pids=()
		for i in 0 1 2 3; do
			# shellcheck disable=SC2086 # words
			$fake FAKETIME="${skews[(slot + i) % 4]}" "$ZKRUN" -v -w 10m -t "$task" "$@" -- sh -c \
			    'echo "$0 $1 $(date +%s)" >>"$2"; exec sleep 0.01' \
			    "$slot" "$i" "$(RAN)" \
			    2>>"$BATS_TEST_TMPDIR/slots.err" 3>&- &
			pids+=($!)
		done
		for i in "${pids[@]}"; do
			wait "$i" || echo "slot $slot: exit status $?"
		done
	done
}

# skews_are_real FROM TO: print the runs whose clocks were not off as intended.
skews_are_real()
{
	local slot i clock from=$1 to=$2 wanted=(-40 0 20 40) off

	while read -r slot i clock; do
		off=$((clock - wanted[(slot + i) % 4]))
		# By a correct clock the run was between FROM and TO.
		[ $off -ge $((from - 2)) ] && [ $off -le $((to + 2)) ] ||
		    echo "slot $slot, contender $i: $clock"
	done <"$(RAN)"
}

slots_that_ran()
{
	cut -d ' ' -f 1 "$(RAN)" | sort -n | tr '\n' ' '
}

@test "one of four contenders runs each day, whatever their clocks say" {
	local n=200 before

	! asan || n=40
	use_clock_server
	before=$(now_us)
	slots "$TASK" 1 "$n" -i 23h >"$BATS_TEST_TMPDIR/wrong"
	assert_equal "$(<"$BATS_TEST_TMPDIR/wrong")" ''
	assert_equal "$(slots_that_ran)" "$(seq -s ' ' 1 "$n") "
	asan || assert_equal "$(skews_are_real $((before / 1000000)) \
	    "$(date +%s)")" ''
	assert_equal "$(grep -c "skipped '$TASK': a run began" \
	    "$BATS_TEST_TMPDIR/slots.err")" $((3 * n))
	record_is_sound "$TASK"
	echo "# $n slots, $((4 * n)) contenders: $(ran) runs," \
	    "$(grep -c skipped "$BATS_TEST_TMPDIR/slots.err") skipped," \
	    "$((($(now_us) - before) / 1000)) ms; runs of each:" \
	    "$(cut -d ' ' -f 2 "$(RAN)" | sort | uniq -c |
	    awk '{ print $1 }' | tr '\n' ' ')" >&3
	assert_lock_clean "$TASK"
}

@test "-i 25h runs every second day, -i 0 always; if the clock went back, nothing runs" {
	use_clock_server
	slots "$TASK" 1001 1006 -i 25h >"$BATS_TEST_TMPDIR/wrong"
	assert_equal "$(slots_that_ran)" '1001 1003 1005 '
	# Without an interval no contender skips, so the test above would fail.
	slots "$TASK" 1007 1009 -i 0 >>"$BATS_TEST_TMPDIR/wrong"
	assert_ran $((3 + 12))
	assert_equal "$(<"$BATS_TEST_TMPDIR/wrong")" ''
	# If the clock has gone back, zkrun cannot tell whether a run is due.
	slots "$TASK" 1005 1005 -i 23h >"$BATS_TEST_TMPDIR/wrong"
	assert_ran $((3 + 12))
	has_lines "$BATS_TEST_TMPDIR/wrong" '^slot 1005: exit status 78$' 4
	grep -q 'a run on .* began .* in the future by ZooKeeper' \
	    "$BATS_TEST_TMPDIR/slots.err"
	assert_lock_clean "$TASK"
}

#
# Failover
#

@test "after a failed run the next contender runs at once" {
	local n=20 i times=() dir=$BATS_TEST_TMPDIR

	! asan || n=5
	for ((i = 1; i <= n; i++)); do
		mkfifo "$dir/gate$i"
		zkrun_bg "first$i" -i 23h -t "$TASK-$i" -- sh -c \
		    'read -r _ <"$0"; date +%s%N >"$1"; exit 1' \
		    "$dir/gate$i" "$dir/failed$i"
		wait_for 10 holds_count "$TASK-$i" 1
		zkrun_bg "next$i" -i 23h -w 10m -t "$TASK-$i" -- sh -c \
		    'date +%s%N >"$0"' "$dir/began$i"
		wait_for 10 holds_count "$TASK-$i" 2
		echo go >"$dir/gate$i"
		ended_in "first$i" 10 1
		ended_in "next$i" 10 0
		times+=($((($(<"$dir/began$i") - $(<"$dir/failed$i")) / 1000)))
		assert_equal "$(statuses "$TASK-$i")" '0 1 '
	done
	mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
	echo "# after a failed run the next began: median" \
	    "$(median "${times[@]}") us, at most ${times[-1]} us" >&3
	[ "${times[-1]}" -lt 2000000 ]
	# Allow one run in ten more than 0.1 s: the machine may be busy.
	asan || [ "${times[n * 9 / 10 - 1]}" -lt 100000 ]
}

@test "if a host dies during a run, another host runs, and only the second run is recorded" {
	local i before times=() dir=$BATS_TEST_TMPDIR

	for i in 1 2 3; do
		zkrun_bg "victim$i" -T 4 -i 23h -t "$TASK-$i" -- sleep 600
		wait_for 10 has_command "$BG_PID"
		zkrun_bg "next$i" -T 4 -i 23h -w 10m -t "$TASK-$i" -- sh -c \
		    'echo "$ZKRUN_FENCE" >"$1"; date +%s%N >"$0.new"
		    mv "$0.new" "$0"' "$dir/began$i" "$dir/fence$i"
		wait_for 10 holds_count "$TASK-$i" 2
	done
	for i in 1 2 3; do
		before=$(now_us)
		kill_host "victim$i"
		echo "$before" >"$dir/died$i"
	done
	for i in 1 2 3; do
		ended_in "victim$i" 5 137
		ended_in "next$i" 20 0
		times+=($(($(<"$dir/began$i") / 1000 - $(<"$dir/died$i"))))
		assert_equal "$(statuses "$TASK-$i")" '0 '
		assert_equal "$(of_success fence "$TASK-$i")" \
		    "$(<"$dir/fence$i")"
	done
	echo "# after a host's death, with a session of 4 s, the next began:" \
	    "${times[*]} us" >&3
	for i in "${times[@]}"; do
		# The limit is the session timeout and one second.
		[ "$i" -lt 5000000 ]
	done
}

@test "a run that loses its session is not recorded, and another contender runs" {
	gated first 0 -i 23h
	zkrun_bg next -i 23h -w 10m -t "$TASK" -- sh -c \
	    'echo "$ZKRUN_FENCE" >"$0"' "$BATS_TEST_TMPDIR/fence"
	wait_for 10 holds_count "$TASK" 2
	zk expire "$(session_of "$(lease_of first)")"
	ended_in first 10 76
	ended_in next 10 0
	assert_equal "$(statuses)" '0 '
	assert_equal "$(of_run 1 fence)" "$(<"$BATS_TEST_TMPDIR/fence")"
}

#
# Contenders that skip
#

# eight_queued OPTION...: queue eight contenders behind the run 'first', and end
# this run.
eight_queued()
{
	local i

	for i in 1 2 3 4 5 6 7 8; do
		zkrun_bg "c$i" -t "$TASK" -w 10m "$@" -- sh -c \
		    'echo "$ZKRUN_FENCE" >>"$0"' "$(RAN)"
	done
	wait_for 20 queue_count "$TASK" 8
	open_gate first
}

# eight_end STATUS RUNS: all eight must exit with STATUS, after RUNS runs.
eight_end()
{
	local i

	for i in 1 2 3 4 5 6 7 8; do
		ended_in "c$i" 20 "$1"
	done
	assert_ran "$2"
	assert_lock_clean "$TASK"
}

@test "if a run succeeds, all contenders that came during the run skip" {
	gated first 0 -i 23h
	eight_queued -v -i 23h
	ended_in first 10 0
	eight_end 0 1
	assert_equal "$(statuses)" '0 '
	says c1 "^zkrun: skipped '$TASK': a run began [0-9.]+s ago on $(hostname)$"
}

@test "if a run fails, exactly one of the contenders that came during the run runs" {
	gated first 3 -i 23h
	eight_queued -i 23h
	ended_in first 10 3
	eight_end 0 2
	assert_equal "$(statuses)" '0 3 '
}

@test "--interval-counts any: after a failure all contenders skip and exit with --skip-exit-code" {
	gated first 3 -i 23h --interval-counts any
	eight_queued -i 23h --interval-counts any --skip-exit-code 42
	ended_in first 10 3
	eight_end 42 1
	assert_equal "$(statuses)" '3 '
	# Without the option the failure does not count.
	run -0 run_as 0 -i 23h
	run -42 run_as 0 -i 23h --skip-exit-code 42
	assert_ran 2
}

@test "-i 0 always runs and always records; without -i there is no record" {
	run -0 run_as 0
	run -1 record_of
	run -0 run_as 0 -i 0
	run -0 run_as 0 -i 0
	run -5 run_as 5 -i 0
	run -0 run_as 0
	assert_ran 5
	assert_equal "$(statuses)" '5 0 0 '
	record_is_sound
}

@test "the task runs again after the interval" {
	run -0 run_as 0 -i 0.3
	run -0 run_as 0 -i 1h
	assert_ran 1
	due() { run_as 0 -i 0.3 && [ "$(ran)" -ge 2 ]; }
	wait_for 10 due
	assert_ran 2
	[ $(($(of_run 1 began) - $(of_run 2 began))) -ge 300 ]
}

#
# The record
#

@test "the record keeps ten runs, and the last success after twelve failures" {
	local i fence

	run -0 run_as 0 -i 0
	run -0 run_as 0 -i 0
	fence=$(tail -n 1 "$(RAN)")
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		run -"$i" run_as "$i" -i 0
	done
	record_is_sound
	assert_equal "$(statuses)" '12 11 10 9 8 7 6 5 4 3 '
	assert_equal "$(of_success fence)" "$fence"
	# The record has the fences that the commands got.
	assert_equal "$(runs_of | sed 's/.* fence=\([0-9]*\) .*/\1/')" \
	    "$(tail -n 10 "$(RAN)" | tac)"
	# The last success still makes others skip.
	run -0 run_as 0 -i 23h
	assert_ran 14
}

@test "the record has a run's true times, status and host" {
	local began=$BATS_TEST_TMPDIR/began came started took

	# znode prints the times of the lease node while zkrun holds the lock.
	run -7 zkrun -i 0 -t "$TASK" -- sh -c '"$0" -c "$1" stat "$ZKRUN_LEASE" \
	    >"$2"; date +%s%3N >"$2.started"; sleep 0.5; exit 7' \
	    "$TOOLS/znode" "$ZKRUN_CONNECT" "$began"
	record_is_sound
	# 'began' is a moment before the creation of the lease node.
	came=$(($(sed -n 's/^ctime=//p' "$began") - $(of_run 1 began)))
	[ $came -ge 0 ]
	[ $came -lt 5000 ]
	assert_equal "$(of_run 1 fence)" "$(sed -n 's/^czxid=//p' "$began")"
	assert_equal "$(of_run 1 host)" "$(hostname)"
	assert_equal "$(of_run 1 status)" 7
	started=$(of_run 1 started)
	took=$(of_run 1 took)
	echo "took $took, started $((started - $(of_run 1 began)))"
	[ "$took" -ge 500 ]
	[ "$took" -lt 20000 ]
	# The test server uses this machine's clock.
	[ "$started" -ge "$(of_run 1 began)" ]
	[ "$started" -le $(($(<"$began.started") + 50)) ]
}

@test "the record's 'started' is the start of the command, not the start of the wait" {
	local dir=$BATS_TEST_TMPDIR

	gated first 1 -i 0
	zkrun_bg next -i 0 -t "$TASK" -- sh -c 'date +%s%3N >"$0"' "$dir/started"
	wait_for 10 holds_count "$TASK" 2
	older_by() { [ "$(now_us)" -gt $(($1 + 700000)) ]; }
	wait_for 5 older_by "$(now_us)"
	open_gate first
	ended_in first 10 1
	ended_in next 10 0
	# zkrun began its wait at the front of the queue, 700 ms before it
	# started the command.
	[ $(($(of_run 1 started) - $(of_run 1 began))) -ge 700 ]
	[ "$(of_run 1 started)" -le $(($(<"$dir/started") + 50)) ]
	# The first run also took at least 700 ms.
	[ "$(of_run 2 took)" -ge 700 ]
}

# leave_an_orphan NAME OPTION...: start a zkrun whose command exits and leaves
# one process behind.
leave_an_orphan()
{
	local name=$1

	shift
	zkrun_bg "$name" "$@" -t "$TASK" -- env "MARK=$TASK" sh -c '
		setsid sleep 600 </dev/null >/dev/null 2>&1 &
		exit 0'
	wait_for 10 marked_count "$TASK" 1
	lingers() { [ "$(children_of "$(children_of "$BG_PID")")" = \
	    "$(marked "$TASK")" ]; }
	wait_for 10 lingers
}

@test "a run is recorded only when all its processes are dead" {
	leave_an_orphan run -i 0
	runs_count 0
	kill "$(marked "$TASK")"
	ended_in run 10 0
	assert_equal "$(statuses)" '0 '
}

@test "--runs sets the place of the record" {
	run -0 run_as 0 -i 23h --runs "/elsewhere/$TASK/deep"
	run -1 record_of
	zk get "/elsewhere/$TASK/deep/$TASK" | grep '^run .* status=0 '
	run -0 run_as 0 -i 23h --runs "/elsewhere/$TASK/deep"
	assert_ran 1
	# The record in the default place has no run yet.
	run -0 run_as 0 -i 23h
	assert_ran 2
}

@test "with --leases 3, three runs at the same time are all recorded" {
	local i round

	for round in 1 2 3; do
		rm -f "$BATS_TEST_TMPDIR"/*.gate "$(RAN)"
		for i in 1 2 3; do
			gated "g$i" "$i" -l 3 -i 0
		done
		for i in 1 2 3; do
			open_gate "g$i" &
		done
		for i in 1 2 3; do
			ended_in "g$i" 10 "$i"
			rm "$BATS_TEST_TMPDIR/g$i.lease"
		done
		wait
		runs_count $((3 * round))
		assert_equal "$(runs_of | head -n 3 |
		    sed 's/.* fence=\([0-9]*\) .*/\1/' | sort -n)" \
		    "$(sort -n "$(RAN)")"
	done
	run -64 zkrun -l 3 -i 1s -t "$TASK" -- true
	assert_lock_clean "$TASK"
}

#
# Deaths and faults
#

# assaults N ROUNDS SPAN_US: run the task $TASK-N ROUNDS times, and kill guard,
# keeper or both at a random moment of each run.  Print each violation.
assaults()
{
	local task=$TASK-$1 stamps=$BATS_TEST_TMPDIR/stamps$1 span=$3 round victim
	local victims=(guard keeper guard keeper both) guard rc fence

	# Hide what the shell prints about each process that was killed.
	exec 2>/dev/null
	# The file must exist even if no command begins.
	: >>"$stamps"
	for ((round = 0; round < $2; round++)); do
		victim=${victims[($1 + round) % 5]}
		"$ZKRUN" -T 1 -i 0 -t "$task" -- sh -c \
		    'exec "$0" "$1" "$2-$ZKRUN_FENCE" 20' "$TOOLS/stamp" \
		    "$stamps" "$round" </dev/null 2>>"$stamps.err" 3>&- &
		guard=$!
		nap_up_to $span
		if keeper_now "$guard"; then
			# The process may have ended by now.
			case $victim in
			guard)	kill -KILL "$guard" ;;
			keeper)	kill -KILL "$KEEPER" ;;
			both)	kill -KILL "$KEEPER" "$guard" ;;
			esac || true
		fi
		rc=0
		wait "$guard" || rc=$?
		# Adjust the span so that about half of the runs finish.
		span=$((rc == 0 ? span * 4 / 5 : span * 5 / 4))
		echo "$victim $rc" >>"$stamps.endings"
		runs_of "$task" >"$stamps.runs"
		[ ! -s "$stamps.runs" ] || record_is_sound "$task" ||
		    echo "round $round: $victim killed: not sound"
		if [ $rc -eq 0 ]; then
			fence=$(sed -n "s/^end .* $round-//p" "$stamps")
			grep -q " status=0 fence=$fence " "$stamps.runs" ||
			    echo "round $round: $victim killed: 0, unrecorded"
		fi
		for fence in $(sed -n 's/.* status=0 fence=\([0-9]*\) .*/\1/p' \
		    "$stamps.runs"); do
			grep -q "^end .*-$fence\$" "$stamps" ||
			    echo "round $round: $victim killed: $fence is a lie"
		done
	done
}

@test "kills at any moment cause no false success, no lost success and no overlap" {
	local workers=6 rounds=15 i before span dir=$BATS_TEST_TMPDIR all

	! asan || rounds=5
	# A process that is killed while it looks for leaks leaves a report.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	before=$(now_us)
	zkrun -T 1 -i 0 -t "$TASK" -- "$TOOLS/stamp" "$dir/first" x 20
	span=$(($(now_us) - before))
	nap 1
	for ((i = 0; i < workers; i++)); do
		assaults $i $rounds $span >"$dir/wrong$i" 2>&1 3>&- &
		BG[worker$i]=$!
	done
	for ((i = 0; i < workers; i++)); do
		zkrun_wait "worker$i" 60
		assert_equal "$status" 0
	done
	assert_equal "$(cat "$dir"/wrong?)" ''
	for ((i = 0; i < workers; i++)); do
		# With few rounds, every kill may come before the command
		# begins.
		[ ! -s "$dir/stamps$i" ] || "$TOOLS/overlap" "$dir/stamps$i"
		assert_lock_clean "$TASK-$i"
	done
	all=$(cat "$dir"/stamps?.endings)
	echo "# $(grep -c . <<<"$all") runs, killed at first within $span us:" \
	    "$(sort <<<"$all" | uniq -c | awk '{ print $2, $3 " x" $1 }' |
	    tr '\n' ',')" "$(cat "$dir"/stamps? | grep -c ^begin) began," \
	    "$(cat "$dir"/stamps? | grep -c ^end) finished" >&3
	assert_equal "$(grep -c . <<<"$all")" $((workers * rounds))
	# At least a tenth of the runs succeeded, and at least a tenth did not.
	[ "$(grep -c ' 0$' <<<"$all")" -ge $((workers * rounds / 10)) ]
	[ "$(grep -vc ' 0$' <<<"$all")" -ge $((workers * rounds / 10)) ]
}

# held_store NAME OPTION...: start a zkrun, and when its command has ended, make
# the relay hold the write of the record.
held_store()
{
	local name=$1

	shift
	start_relay
	know_task
	relay_tell freeze-at "$STORE" 2
	zkrun_bg "$name" -c "$RELAY_CONNECT" -t "$TASK" "$@" -- sh -c \
	    'echo "$ZKRUN_FENCE" >>"$0"; echo "$ZKRUN_LEASE" >"$1"' \
	    "$(RAN)" "$BATS_TEST_TMPDIR/$name.lease"
	wait_for 10 relay_counts "op$STORE" 2
	assert_ran 1
	runs_count 0
}

@test "if the keeper dies during the write of the record, zkrun does not exit 0" {
	held_store run -T 8 -i 23h
	kill -KILL "$(keeper_of "$BG_PID")"
	# Cut the connection, so that the server never gets the held request.
	relay_tell cut
	relay_tell heal
	ended_in run 20 70
	says run "the keeper of '$TASK' died after the command ended"
	runs_count 0
	assert_lock_clean "$TASK"
	# The run was not recorded, so the next one runs.
	run -0 run_as 0 -i 23h
	assert_ran 2
}

@test "if the guard dies during the write of the record, the run is recorded" {
	held_store run -i 23h
	kill -KILL "$BG_PID"
	ended_in run 10 137
	relay_tell thaw
	wait_for 10 runs_count 1
	assert_equal "$(statuses)" '0 '
	assert_lock_clean "$TASK"
}

@test "if guard and keeper die during the write of the record, another contender runs" {
	# With a shorter T a beat could come before the write, or zkrun could
	# look for another server before the end.
	held_store run -T 10 -i 23h
	kill_host run
	ended_in run 10 137
	relay_tell cut
	relay_tell heal
	run -0 run_as 0 -i 23h
	assert_ran 2
	assert_equal "$(statuses)" '0 '
}

@test "if the guard dies while orphans live, the orphans are killed and the run counts as failed" {
	leave_an_orphan run -i 23h
	kill -KILL "$BG_PID"
	ended_in run 10 137
	assert_lock_clean "$TASK"
	marked_count "$TASK" 0
	# The run did not finish its work.
	assert_equal "$(of_success fence)" ''
	assert_equal "$(of_run 1 status)" 137
	run -0 run_as 0 -i 23h
	assert_ran 1
}

# lose_reply OPTION...: lose the reply to the write of the record.
lose_reply()
{
	start_relay
	know_task
	relay_tell drop-reply "$STORE" 1 1 then-cut
	run -0 run_as 0 -c "$RELAY_CONNECT" "$@"
	assert_equal "$(relay_count dropped)" 1
	assert_ran 1
	assert_equal "$(statuses)" '0 '
	assert_equal "$(of_run 1 fence)" "$(<"$(RAN)")"
	record_is_sound
	lock_clean "$TASK"
}

@test "if the reply to the write is lost, the run is recorded once, exit 0" {
	lose_reply -i 23h
}

@test "with --hold and a lost reply to the write, the run is recorded once, exit 0" {
	lose_reply -i 23h --hold 0.5
}

@test "if the write of the record is lost, zkrun repeats it, exit 0" {
	held_store run -i 23h
	relay_tell cut
	relay_tell heal
	ended_in run 10 0
	assert_equal "$(statuses)" '0 '
	lock_clean "$TASK"
}

@test "if the write of the record hangs, zkrun repeats it, and the record has the run once" {
	held_store run -T 10 -i 23h
	# The relay never answers, so zkrun opens another connection.
	ended_in run 20 0
	assert_equal "$(statuses)" '0 '
	relay_tell thaw
	run -3 run_as 3 -i 0
	assert_equal "$(statuses)" '3 0 '
	assert_lock_clean "$TASK"
}

@test "if the lease is deleted before the write, nothing is recorded, exit 76" {
	held_store run -i 23h
	zk rm "$(lease_of run)"
	relay_tell thaw
	ended_in run 10 76
	says run "cannot record the run of '$TASK' .*: the lease node is gone"
	runs_count 0
	assert_lock_clean "$TASK"
	# Nothing is recorded either if the lease is deleted while the command
	# runs.
	gated first 3 -i 23h
	zk rm "$(lease_of first)"
	ended_in first 10 76
	runs_count 0
}

@test "a run is recorded even if the record is deleted meanwhile" {
	run -3 run_as 3 -i 23h
	gated first 0 -i 23h
	zk rm "$(record_path)"
	open_gate first
	ended_in first 10 0
	assert_equal "$(statuses)" '0 '
	lock_clean "$TASK"
}

@test "a run is recorded even if the record's parents are deleted meanwhile" {
	gated first 0 -i 23h --runs "/gone/$TASK/deep"
	zk rmr "/gone/$TASK"
	open_gate first
	ended_in first 10 0
	zk get "/gone/$TASK/deep/$TASK" | grep '^run .* status=0 '
	lock_clean "$TASK"
}

@test "if another client writes the record meanwhile, the record has both runs" {
	run -3 run_as 3 -i 0
	gated first 0 -i 23h
	# This write changes the record's version, and adds a run to its text.
	zk set "$(record_path)" "$(record_of | sed 's/^run .*/&\n&/' |
	    sed '2s/fence=\([0-9]*\)/fence=\1 /; 2s/  / /')
"
	open_gate first
	ended_in first 10 0
	assert_equal "$(statuses)" '0 3 3 '
	lock_clean "$TASK"
}

# unreadable TEXT: zkrun must start nothing if the record is TEXT.
unreadable()
{
	zk set "$(record_path)" "$1"
	run -78 run_as 0 -i 23h
	assert_output --partial "cannot use the record '$(record_path)': "
	run -78 run_as 0 -i 0
	# zkrun must not change the record: users may want to look at it.
	assert_equal "$(record_of)" "${1%
}"
	lock_clean "$TASK"
}

@test "zkrun starts nothing if the record is damaged or foreign, exit 78" {
	local good line

	run -1 run_as 1 -i 0
	run -0 run_as 0 -i 0
	good=$(record_of)
	line=$(grep '^run' <<<"$good" | head -n 1)
	unreadable ''
	unreadable 'something else'
	unreadable 'zkrun 1'
	unreadable "zkrun 2
$line
"
	# These records are cut off, have bad numbers, no host, a stray line, or
	# more than ten runs.
	unreadable "$good"
	unreadable "${good%% took=*}
"
	unreadable "${good/status=0/status=x}
"
	unreadable "${good/began=/began=-}
"
	unreadable "${good/fence=/fence=99999999999999999999}
"
	unreadable "$(sed 's/ host=.*//' <<<"$good")
"
	unreadable "$good
hello
"
	unreadable "$good
$(yes "$line" | head -n 9)
"
	assert_ran 2
	# zkrun accepts the undamaged text.
	zk set "$(record_path)" "$good
"
	run -0 run_as 0 -i 0
	assert_ran 3
}

@test "if the record is damaged during a run, zkrun exits 78, or with a failure's status" {
	gated first 0 -i 23h
	zk set "$(record_path)" hello
	open_gate first
	ended_in first 10 78
	says first "cannot record the run of '$TASK' in '$(record_path)': "
	assert_equal "$(record_of)" hello
	lock_clean "$TASK"
	zk rm "$(record_path)"
	gated second 5 -i 23h
	zk set "$(record_path)" hello
	open_gate second
	ended_in second 10 5
	says second "cannot record the run of '$TASK' in '$(record_path)': "
	lock_clean "$TASK"
}

@test "if the last run is in the future, zkrun exits 78 and starts nothing; -i 0 runs" {
	local later

	run -0 run_as 0 -i 0
	later=$(($(of_run 1 began) + 3600000))
	zk set "$(record_path)" "$(record_of | sed "s/began=[0-9]*/began=$later/")
"
	run -78 run_as 0 -i 1s
	assert_output --partial "'$(record_path)'"
	assert_output --regexp "a run on .* began 3[0-9]+\.[0-9]s in the future by ZooKeeper's clock"
	lock_clean "$TASK"
	assert_ran 1
	run -0 run_as 0 -i 0
	assert_ran 2
}

@test "if an ACL forbids reading, writing or creating the record, zkrun exits 77" {
	gated first 0 -i 23h
	zk setacl "$(record_path)" ra
	open_gate first
	ended_in first 10 77
	says first "cannot record the run of '$TASK' in '$(record_path)': "
	lock_clean "$TASK"
	# A failed command keeps its status.
	run -4 run_as 4 -i 23h
	assert_output --partial 'cannot record the run'
	zk setacl "$(record_path)" wa
	run -77 run_as 0 -i 23h
	assert_output --partial "cannot use the record '$(record_path)': "
	zk create -p "/closed/$TASK"
	zk setacl "/closed/$TASK" r
	run -77 run_as 0 -i 23h --runs "/closed/$TASK"
	assert_output --partial 'it does not exist and may not be created'
	assert_ran 2
	lock_clean "$TASK"
}

# end_without_contact NAME OPTION...: let the command succeed without contact.
end_without_contact()
{
	local name=$1

	shift
	start_relay
	gated "$name" 0 -c "$RELAY_CONNECT" -i 23h "$@"
	relay_tell refuse on
	relay_tell cut
	open_gate "$name"
	wait_for 5 not has_command "${BG[$name]}"
}

@test "after a success without contact, zkrun exits 69 when the session expires" {
	local before took

	before=$(now_us)
	end_without_contact run -T 4
	ended_in run 20 69
	took=$((($(now_us) - before) / 1000))
	says run "cannot record the run of '$TASK' in '$(record_path)': (no contact|the session expired)"
	[ $took -lt 10000 ]
	runs_count 0
	assert_lock_clean "$TASK"
}

@test "after a success without contact, a signal makes zkrun exit 69 soon" {
	local before took

	end_without_contact run -T 10
	before=$(now_us)
	kill -TERM "$BG_PID"
	ended_in run 10 69
	took=$((($(now_us) - before) / 1000))
	[ $took -lt 5000 ]
	says run "cannot record the run of '$TASK' in '$(record_path)': no contact"
	runs_count 0
	# The keeper lives on, and frees the lease once it can.
	relay_tell refuse off
	assert_lock_clean "$TASK" 5
}

@test "if contact comes back after a success, the run is recorded, exit 0" {
	end_without_contact run -T 10
	wait_for 5 grep -q 'lost contact with ZooKeeper' \
	    "$BATS_TEST_TMPDIR/run.err"
	relay_tell refuse off
	ended_in run 20 0
	assert_equal "$(statuses)" '0 '
	lock_clean "$TASK"
}
