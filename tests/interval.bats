#!/usr/bin/env bats
#
# Exactly once an interval, whatever clocks say and whoever dies: --interval and
# the record of runs.
#
# Measures: how soon the next one runs.

load lib/helper
load lib/deaths
load lib/runs
load lib/clock

# slots TASK FIRST LAST OPTION...: each slot is a day later by the server's
# clock, and four contenders come in it, with clocks of their own.  Who runs
# writes down slot, contender and what its clock shows.
slots()
{
	local task=$1 first=$2 last=$3 skews=(-40s +0s +20s +40s)
	local slot i pids fake=$FAKE_CLOCK

	shift 3
	# Both want to be loaded first, and the sanitizer ends in an abort.
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

# skews_are_real FROM TO: those clocks differed as they were to; what does not.
skews_are_real()
{
	local slot i clock from=$1 to=$2 wanted=(-40 0 20 40) off

	while read -r slot i clock; do
		off=$((clock - wanted[(slot + i) % 4]))
		# By a clock that is right it was within the test.
		[ $off -ge $((from - 2)) ] && [ $off -le $((to + 2)) ] ||
		    echo "slot $slot, contender $i: $clock"
	done <"$(RAN)"
}

slots_that_ran()
{
	cut -d ' ' -f 1 "$(RAN)" | sort -n | tr '\n' ' '
}

@test "the slots: of four contenders a day one runs, whatever their clocks say" {
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

@test "the slots with another interval: every second day, all, and none at all" {
	use_clock_server
	slots "$TASK" 1001 1006 -i 25h >"$BATS_TEST_TMPDIR/wrong"
	assert_equal "$(slots_that_ran)" '1001 1003 1005 '
	# Without one there is nothing to skip, and the test above would fail.
	slots "$TASK" 1007 1009 -i 0 >>"$BATS_TEST_TMPDIR/wrong"
	assert_ran $((3 + 12))
	assert_equal "$(<"$BATS_TEST_TMPDIR/wrong")" ''
	# By a clock that went back nobody can say what is due.
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

@test "a run that fails is followed by another one at once" {
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
	# 0.1 s, but for one in ten that the machine was busy in.
	asan || [ "${times[n * 9 / 10 - 1]}" -lt 100000 ]
}

@test "a host that dies in mid-run is followed by another one, and not recorded" {
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
		# The session timeout, and one second.
		[ "$i" -lt 5000000 ]
	done
}

@test "a run that loses its session is not recorded, and another one runs" {
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
# Who skips
#

# eight_queued OPTION...: while one runs, which is then told to end.
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

# eight_end STATUS RUNS: all of them end so, with so many runs in all.
eight_end()
{
	local i

	for i in 1 2 3 4 5 6 7 8; do
		ended_in "c$i" 20 "$1"
	done
	assert_ran "$2"
	assert_lock_clean "$TASK"
}

@test "contenders that come while one runs all skip if it does well" {
	gated first 0 -i 23h
	eight_queued -v -i 23h
	ended_in first 10 0
	eight_end 0 1
	assert_equal "$(statuses)" '0 '
	says c1 "^zkrun: skipped '$TASK': a run began [0-9.]+s ago on $(hostname)$"
}

@test "contenders that come while one runs: exactly one more runs if it fails" {
	gated first 3 -i 23h
	eight_queued -i 23h
	ended_in first 10 3
	eight_end 0 2
	assert_equal "$(statuses)" '0 3 '
}

@test "--interval-counts any: a failure counts, so all skip, as --skip-exit-code says" {
	gated first 3 -i 23h --interval-counts any
	eight_queued -i 23h --interval-counts any --skip-exit-code 42
	ended_in first 10 3
	eight_end 42 1
	assert_equal "$(statuses)" '3 '
	# To who wants a success it is none.
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

@test "an interval that is over is over" {
	run -0 run_as 0 -i 0.3
	run -0 run_as 0 -i 1h
	assert_ran 1
	due() { run_as 0 -i 0.3 && [ "$(ran)" -ge 2 ]; }
	wait_for 10 due
	assert_ran 2
	[ $(($(of_run 1 began) - $(of_run 2 began))) -ge 300 ]
}

#
# What is written down
#

@test "the record has the last ten runs and, behind twelve failures, the last success" {
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
	# The fences are those that the commands were told.
	assert_equal "$(runs_of | sed 's/.* fence=\([0-9]*\) .*/\1/')" \
	    "$(tail -n 10 "$(RAN)" | tac)"
	# And it still keeps others from running.
	run -0 run_as 0 -i 23h
	assert_ran 14
}

@test "a run is written down with its times, status and host, and they are true" {
	local began=$BATS_TEST_TMPDIR/began came started took

	# What the witness says of the lease node while it is held.
	run -7 zkrun -i 0 -t "$TASK" -- sh -c '"$0" -c "$1" stat "$ZKRUN_LEASE" \
	    >"$2"; date +%s%3N >"$2.started"; sleep 0.5; exit 7' \
	    "$TOOLS/znode" "$ZKRUN_CONNECT" "$began"
	record_is_sound
	# It came a moment before its lease node was made.
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
	# The server of the tests has the clock of this machine.
	[ "$started" -ge "$(of_run 1 began)" ]
	[ "$started" -le $(($(<"$began.started") + 50)) ]
}

@test "started is when the command was, not when the waiting for it began" {
	local dir=$BATS_TEST_TMPDIR

	gated first 1 -i 0
	zkrun_bg next -i 0 -t "$TASK" -- sh -c 'date +%s%3N >"$0"' "$dir/started"
	wait_for 10 holds_count "$TASK" 2
	older_by() { [ "$(now_us)" -gt $(($1 + 700000)) ]; }
	wait_for 5 older_by "$(now_us)"
	open_gate first
	ended_in first 10 1
	ended_in next 10 0
	# Its lease node is of the time when it came to the head of the line.
	[ $(($(of_run 1 started) - $(of_run 1 began))) -ge 700 ]
	[ "$(of_run 1 started)" -le $(($(<"$dir/started") + 50)) ]
	# The first took until then.
	[ "$(of_run 2 took)" -ge 700 ]
}

# leave_an_orphan NAME OPTION...: its command has ended, and left one process.
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

@test "a run is over when all that it started is gone" {
	leave_an_orphan run -i 0
	runs_count 0
	kill "$(marked "$TASK")"
	ended_in run 10 0
	assert_equal "$(statuses)" '0 '
}

@test "--runs: the record is elsewhere" {
	run -0 run_as 0 -i 23h --runs "/elsewhere/$TASK/deep"
	run -1 record_of
	zk get "/elsewhere/$TASK/deep/$TASK" | grep '^run .* status=0 '
	run -0 run_as 0 -i 23h --runs "/elsewhere/$TASK/deep"
	assert_ran 1
	# There nobody has run yet.
	run -0 run_as 0 -i 23h
	assert_ran 2
}

@test "three that run at the same time with --leases 3 are all recorded" {
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

# assaults N ROUNDS SPAN_US: one after the other, runs of a task of their own,
# to each of which a death comes at a random moment.  Says what is wrong.
assaults()
{
	local task=$TASK-$1 stamps=$BATS_TEST_TMPDIR/stamps$1 span=$3 round victim
	local victims=(guard keeper guard keeper both) guard rc fence

	# The shell tells of everybody that was killed.
	exec 2>/dev/null
	# Also if none of its commands comes to begin.
	: >>"$stamps"
	for ((round = 0; round < $2; round++)); do
		victim=${victims[($1 + round) % 5]}
		"$ZKRUN" -T 1 -i 0 -t "$task" -- sh -c \
		    'exec "$0" "$1" "$2-$ZKRUN_FENCE" 20' "$TOOLS/stamp" \
		    "$stamps" "$round" </dev/null 2>>"$stamps.err" 3>&- &
		guard=$!
		nap_up_to $span
		if keeper_now "$guard"; then
			# It may be gone by now.
			case $victim in
			guard)	kill -KILL "$guard" ;;
			keeper)	kill -KILL "$KEEPER" ;;
			both)	kill -KILL "$KEEPER" "$guard" ;;
			esac || true
		fi
		rc=0
		wait "$guard" || rc=$?
		# So that about half of them come to their end.
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

@test "killed at any moment: no false success, no success lost, no overlap" {
	local workers=6 rounds=15 i before span dir=$BATS_TEST_TMPDIR all

	! asan || rounds=5
	# Who is killed while it looks for leaks leaves a report of that.
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
		# Of few rounds, all may have been killed before the command began.
		[ ! -s "$dir/stamps$i" ] || "$TOOLS/overlap" "$dir/stamps$i"
		assert_lock_clean "$TASK-$i"
	done
	all=$(cat "$dir"/stamps?.endings)
	echo "# $(grep -c . <<<"$all") runs, killed at first within $span us:" \
	    "$(sort <<<"$all" | uniq -c | awk '{ print $2, $3 " x" $1 }' |
	    tr '\n' ',')" "$(cat "$dir"/stamps? | grep -c ^begin) began," \
	    "$(cat "$dir"/stamps? | grep -c ^end) finished" >&3
	assert_equal "$(grep -c . <<<"$all")" $((workers * rounds))
	# Enough of them came to their end, and enough did not.
	[ "$(grep -c ' 0$' <<<"$all")" -ge $((workers * rounds / 10)) ]
	[ "$(grep -vc ' 0$' <<<"$all")" -ge $((workers * rounds / 10)) ]
}

# held_store NAME OPTION...: one whose run is over and whose store is on its
# way, held by the relay.
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

@test "the keeper dies while it stores: never 0, and the store counts or does not" {
	held_store run -T 8 -i 23h
	kill -KILL "$(keeper_of "$BG_PID")"
	# Without the end of the stream the server goes on with what it has.
	relay_tell cut
	relay_tell heal
	ended_in run 20 70
	says run "the keeper of '$TASK' died after the command ended"
	runs_count 0
	assert_lock_clean "$TASK"
	# So there is another run.
	run -0 run_as 0 -i 23h
	assert_ran 2
}

@test "the guard dies while the run is stored: it is stored, and the lease goes" {
	held_store run -i 23h
	kill -KILL "$BG_PID"
	ended_in run 10 137
	relay_tell thaw
	wait_for 10 runs_count 1
	assert_equal "$(statuses)" '0 '
	assert_lock_clean "$TASK"
}

@test "both die while the run is stored: not stored, and another one runs" {
	# Not so short that a beat comes before the store, or another server is
	# looked for before the end.
	held_store run -T 10 -i 23h
	kill_host run
	ended_in run 10 137
	relay_tell cut
	relay_tell heal
	run -0 run_as 0 -i 23h
	assert_ran 2
	assert_equal "$(statuses)" '0 '
}

@test "the guard dies while orphans are waited for: they are killed, no success" {
	leave_an_orphan run -i 23h
	kill -KILL "$BG_PID"
	ended_in run 10 137
	assert_lock_clean "$TASK"
	marked_count "$TASK" 0
	# What the run was to do was not done.
	assert_equal "$(of_success fence)" ''
	assert_equal "$(of_run 1 status)" 137
	run -0 run_as 0 -i 23h
	assert_ran 1
}

# lose_reply OPTION...: of the store.
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

@test "the reply to the store is lost: recorded once, exit 0" {
	lose_reply -i 23h
}

@test "the reply to the store is lost with --hold: recorded once, exit 0" {
	lose_reply -i 23h --hold 0.5
}

@test "the store itself is lost: stored again, exit 0" {
	held_store run -i 23h
	relay_tell cut
	relay_tell heal
	ended_in run 10 0
	assert_equal "$(statuses)" '0 '
	lock_clean "$TASK"
}

@test "a store that hangs on its way is sent again, and counts once" {
	held_store run -T 10 -i 23h
	# Nobody answers, so it looks for another connection.
	ended_in run 20 0
	assert_equal "$(statuses)" '0 '
	relay_tell thaw
	run -3 run_as 3 -i 0
	assert_equal "$(statuses)" '3 0 '
	assert_lock_clean "$TASK"
}

@test "the lease is deleted just before the store: 76, not recorded" {
	held_store run -i 23h
	zk rm "$(lease_of run)"
	relay_tell thaw
	ended_in run 10 76
	says run "cannot record the run of '$TASK' .*: the lease node is gone"
	runs_count 0
	assert_lock_clean "$TASK"
	# A status of its own is not hidden by that.
	gated first 3 -i 23h
	zk rm "$(lease_of first)"
	ended_in first 10 76
	runs_count 0
}

@test "the record is deleted while the command runs: recorded all the same" {
	run -3 run_as 3 -i 23h
	gated first 0 -i 23h
	zk rm "$(record_path)"
	open_gate first
	ended_in first 10 0
	assert_equal "$(statuses)" '0 '
	lock_clean "$TASK"
}

@test "all of the record's parents are deleted meanwhile: recorded all the same" {
	gated first 0 -i 23h --runs "/gone/$TASK/deep"
	zk rmr "/gone/$TASK"
	open_gate first
	ended_in first 10 0
	zk get "/gone/$TASK/deep/$TASK" | grep '^run .* status=0 '
	lock_clean "$TASK"
}

@test "the record is written by another one meanwhile: both are in it" {
	run -3 run_as 3 -i 0
	gated first 0 -i 23h
	# Its version is another one, and the text one more run.
	zk set "$(record_path)" "$(record_of | sed 's/^run .*/&\n&/' |
	    sed '2s/fence=\([0-9]*\)/fence=\1 /; 2s/  / /')
"
	open_gate first
	ended_in first 10 0
	assert_equal "$(statuses)" '0 3 3 '
	lock_clean "$TASK"
}

# unreadable TEXT: as a record it keeps everything from running.
unreadable()
{
	zk set "$(record_path)" "$1"
	run -78 run_as 0 -i 23h
	assert_output --partial "cannot use the record '$(record_path)': "
	run -78 run_as 0 -i 0
	# Left as it is: somebody may want to look at it.
	assert_equal "$(record_of)" "${1%
}"
	lock_clean "$TASK"
}

@test "a record that is none, or damaged, starts nothing: 78" {
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
	# Cut off, with a number that is none, without a host, with a stray line.
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
	# And the text itself was no reason.
	zk set "$(record_path)" "$good
"
	run -0 run_as 0 -i 0
	assert_ran 3
}

@test "a record damaged while the command runs: 78, unless that failed by itself" {
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

@test "a last run in the future starts nothing: 78; -i 0 does not ask" {
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

@test "a record that may not be read, written or made: 77" {
	gated first 0 -i 23h
	zk setacl "$(record_path)" ra
	open_gate first
	ended_in first 10 77
	says first "cannot record the run of '$TASK' in '$(record_path)': "
	lock_clean "$TASK"
	# One that failed keeps its status.
	run -4 run_as 4 -i 23h
	assert_output --partial 'cannot record the run'
	zk setacl "$(record_path)" wa
	run -77 run_as 0 -i 23h
	assert_output --partial "cannot use the record '$(record_path)': "
	zk create -p "/closed/$TASK"
	zk setacl "/closed/$TASK" r
	run -77 run_as 0 -i 23h --runs "/closed/$TASK"
	assert_output --partial 'it is missing and may not be made'
	assert_ran 2
	lock_clean "$TASK"
}

# end_without_contact NAME OPTION...: the command ends well, and nobody is
# there to be told.
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

@test "no contact when the command ends well: 69 when the session can not live" {
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

@test "no contact when the command ends well, and a signal: 69 soon" {
	local before took

	end_without_contact run -T 10
	before=$(now_us)
	kill -TERM "$BG_PID"
	ended_in run 10 69
	took=$((($(now_us) - before) / 1000))
	[ $took -lt 5000 ]
	says run "cannot record the run of '$TASK' in '$(record_path)': no contact"
	runs_count 0
	# The keeper is still there, to free the lease once it can.
	relay_tell refuse off
	assert_lock_clean "$TASK" 5
}

@test "contact comes back after the command ended well: recorded, 0" {
	end_without_contact run -T 10
	wait_for 5 grep -q 'contact with ZooKeeper lost' \
	    "$BATS_TEST_TMPDIR/run.err"
	relay_tell refuse off
	ended_in run 20 0
	assert_equal "$(statuses)" '0 '
	lock_clean "$TASK"
}
