#!/usr/bin/env bats
#
# Limits on the time of a command, the time of a lease and the number of
# holders; and runs whose lease is revoked.

load lib/helper
load lib/runs

export -f marked gone

since_ms()
{
	echo $((($(now_us) - $1) / 1000))
}

# next_in_queue: queue a contender.  Its command records when it begins and
# which marked processes are alive at that time.
next_in_queue()
{
	zkrun_bg next -t "$TASK" -- bash -c 'date +%s%N >"$1.began"
	    marked "$0" >"$1.met"' "$TASK" "$BATS_TEST_TMPDIR/next"
	wait_for 10 holds_count "$TASK" 2
}

assert_next_met_nobody()
{
	ended_in next 10 0
	assert_equal "$(<"$BATS_TEST_TMPDIR/next.met")" ''
	lock_clean "$TASK"
}

# This script exits 0 and leaves an orphan, which has the mark and ignores TERM.
ORPHAN='setsid sh -c "trap \"\" TERM; echo >\"\$1\"; sleep 600; sleep 600" sh "$0" \
	</dev/null >/dev/null 2>&1 &
	until [ -e "$0" ]; do sleep 0.01; done'

#
# --max-time
#

@test "--max-time: zkrun stops the command, says why, and exits 124" {
	local before

	before=$(now_us)
	run -124 zkrun -m 0.5 -t "$TASK" -- sleep 600
	assert_output --partial "'$TASK' exceeded --max-time (0.5s); stopping it"
	[ "$(since_ms "$before")" -ge 500 ]
	lock_clean "$TASK"
	run -3 zkrun -m 30 -t "$TASK" -- sh -c 'exit 3'
}

@test "--max-time: a command that ignores TERM is killed after --kill-after" {
	local before

	before=$(now_us)
	zkrun_bg run -m 0.5 -k 0.6 -t "$TASK" -- env "MARK=$TASK" sh -c '
		trap "" TERM
		setsid sleep 600 </dev/null >/dev/null 2>&1 &
		sleep 600; sleep 600'
	wait_for 10 marked_count "$TASK" 3
	next_in_queue
	ended_in run 10 124
	[ "$(since_ms "$before")" -ge 1100 ]
	marked_count "$TASK" 0
	assert_next_met_nobody
}

@test "--max-time: if the command exits 0 when asked to stop, zkrun exits 124" {
	run -124 zkrun -i 0 -m 0.3 -t "$TASK" -- sh -c \
	    'trap "exit 0" TERM; while :; do sleep 0.05; done'
	# zkrun also exits 124 if it asks with another signal (-s).
	run -124 zkrun -i 0 -m 0.3 -s USR1 -t "$TASK" -- sh -c \
	    'trap "echo asked; exit 0" USR1; while :; do sleep 0.05; done'
	assert_line asked
	assert_equal "$(statuses)" '124 124 '
	record_is_sound
	assert_equal "$(of_success fence)" ''
}

@test "--max-time: zkrun exits 124 even if the keeper dies before its report" {
	start_relay
	# The relay holds the delete of the lease.
	relay_tell freeze-at 2
	# T is so long that the keeper does not leave the silent server.
	zkrun_bg run -c "$RELAY_CONNECT" -T 8 -m 0.3 -t "$TASK" -- sh -c \
	    'trap "exit 0" TERM; while :; do sleep 0.05; done'
	wait_for 10 relay_counts op2 1
	kill -KILL "$(keeper_of "$BG_PID")"
	relay_tell cut
	relay_tell heal
	ended_in run 20 124
	assert_lock_clean "$TASK"
}

@test "--max-time -o wait: zkrun also stops the processes that the command left behind, exit 124" {
	zkrun_bg run -i 0 -m 1.5 -k 0.3 -t "$TASK" -- env "MARK=$TASK" \
	    sh -c "$ORPHAN" "$BATS_TEST_TMPDIR/ready"
	wait_for 10 test -e "$BATS_TEST_TMPDIR/ready"
	next_in_queue
	ended_in run 10 124
	marked_count "$TASK" 0
	assert_equal "$(of_run 1 status)" 124
	assert_next_met_nobody
}

@test "--max-time -o leave: zkrun does not stop the processes that the command left behind" {
	run -0 zkrun -o leave -m 5 -t "$TASK" -- env "MARK=$TASK" \
	    sh -c "$ORPHAN" "$BATS_TEST_TMPDIR/ready"
	# The orphan and its sleep live on.
	marked_count "$TASK" 2
	# shellcheck disable=SC2046 # one word each
	kill -KILL $(marked "$TASK")
	# While the command runs, zkrun stops all its processes.
	run -124 zkrun -o leave -m 0.7 -k 0.2 -t "$TASK" -- env "MARK=$TASK" \
	    sh -c "$ORPHAN; sleep 600" "$BATS_TEST_TMPDIR/ready2"
	marked_count "$TASK" 0
}

@test "--max-time -o kill: a command that ended in time keeps its status" {
	run -5 zkrun -o kill -m 20 -k 0.3 -t "$TASK" -- env "MARK=$TASK" \
	    sh -c "$ORPHAN; exit 5" "$BATS_TEST_TMPDIR/ready"
	marked_count "$TASK" 0
	run -124 zkrun -o kill -m 0.5 -k 0.3 -t "$TASK" -- sleep 600
	lock_clean "$TASK"
}

@test "--max-time: if the lease is also lost, zkrun exits 76" {
	zkrun_bg run -m 0.3 -k 60 -t "$TASK" -- sh -c 'trap "" TERM; echo >"$0"
	    sleep 600; sleep 600' "$BATS_TEST_TMPDIR/ready"
	wait_for 10 test -e "$BATS_TEST_TMPDIR/ready"
	wait_for 10 grep -q 'exceeded --max-time' "$BATS_TEST_TMPDIR/run.err"
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	ended_in run 10 76
}

#
# --hold
#

# holding STATUS OPTION...: run a short command, and wait for --hold to begin.
holding()
{
	local code=$1

	shift
	zkrun_bg run -v -t "$TASK" "$@" -- sh -c 'date +%s%N >"$0"; exit "$1"' \
	    "$BATS_TEST_TMPDIR/began" "$code"
	wait_for 10 grep -q "^zkrun: holding '$TASK' for .* more (--hold)" \
	    "$BATS_TEST_TMPDIR/run.err"
}

@test "--hold: after a short command zkrun keeps the lease, and the next contender waits" {
	local apart

	holding 3 --hold 1.5
	next_in_queue
	run -75 zkrun -n -t "$TASK" -- true
	ended_in run 10 3
	ended_in next 10 0
	apart=$((($(<"$BATS_TEST_TMPDIR/next.began") -
	    $(<"$BATS_TEST_TMPDIR/began")) / 1000000))
	echo "$apart ms apart"
	# --hold counts from a moment before the command reads the clock.
	[ "$apart" -ge 1400 ]
}

@test "--hold: after a longer command zkrun releases the lease at once" {
	local before

	before=$(now_us)
	run -0 zkrun --hold 0.3 -t "$TASK" -- sleep 0.5
	[ "$(since_ms "$before")" -lt 20000 ]
	lock_clean "$TASK"
	run -127 zkrun --hold 0.1 -t "$TASK" -- no-such-command
}

@test "--hold and --interval: a run is recorded at once, not when the lease is deleted" {
	holding 0 --hold 600 -i 23h
	assert_equal "$(statuses)" '0 '
	[ "$(of_run 1 took)" -lt 60000 ]
	holds_count "$TASK" 1
	kill -TERM "$BG_PID"
	ended_in run 5 0
	lock_clean "$TASK"
	assert_equal "$(statuses)" '0 '
}

@test "--hold: a signal makes zkrun release the lease and exit with the command's status; SIGUSR1 only reports" {
	holding 5 --hold 600
	kill -USR1 "$BG_PID"
	wait_for 5 has_lines "$BATS_TEST_TMPDIR/run.err" \
	    "holding '$TASK' for [0-9.]+s more \(--hold\)" 2
	holds_count "$TASK" 1
	kill -WINCH "$BG_PID"
	next_in_queue
	not gone "$BG_PID"
	kill -TERM "${BG[run]}"
	ended_in run 5 5
	assert_next_met_nobody
}

@test "--hold: a signal during the write of the record also releases the lease" {
	start_relay
	know_task
	relay_tell freeze-at "$STORE" 2
	zkrun_bg run -c "$RELAY_CONNECT" -i 0 --hold 600 -t "$TASK" -- true
	wait_for 10 relay_counts "op$STORE" 2
	kill -TERM "$BG_PID"
	# The test cannot see when the signal has arrived.  After the signal the
	# write has one second.
	for _ in 1 2 3 4 5; do
		relay_tell stats >/dev/null
	done
	relay_tell thaw
	zkrun_wait run 5
	case $status in
	0)	assert_equal "$(statuses)" '0 ' ;;
	*)	assert_equal "$status" 69 ;;
	esac
	assert_lock_clean "$TASK"
}

@test "--hold: if the guard dies, the lease is deleted" {
	holding 0 --hold 600
	next_in_queue
	kill -KILL "${BG[run]}"
	ended_in run 5 137
	assert_next_met_nobody
}

@test "--hold: if the keeper dies, zkrun does not exit 0, and the lease is deleted" {
	holding 0 --hold 600
	next_in_queue
	kill -KILL "$(children_of "${BG[run]}")"
	ended_in run 10 70
	assert_next_met_nobody
	holding 4 --hold 600
	kill -KILL "$(children_of "${BG[run]}")"
	ended_in run 10 4
	assert_lock_clean "$TASK"
}

@test "--hold: if the lease is deleted or the session expires, zkrun exits 76" {
	holding 0 --hold 600
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	ended_in run 10 76
	says run "the lease of '$TASK' is lost, [0-9.]+s before --hold is over"
	holding 5 --hold 600
	zk expire "$(session_of "/lock/mutex/$TASK/leases/$(holders "$TASK")")"
	ended_in run 10 76
	lock_clean "$TASK"
}

@test "--hold: zkrun keeps the lease if contact is lost and regained" {
	local apart

	start_relay
	holding 3 --hold 3 -c "$RELAY_CONNECT"
	next_in_queue
	relay_tell refuse on
	relay_tell cut
	wait_for 10 grep -q 'lost contact with ZooKeeper' \
	    "$BATS_TEST_TMPDIR/run.err"
	relay_tell refuse off
	ended_in run 10 3
	says run 'regained contact with ZooKeeper'
	ended_in next 10 0
	apart=$((($(<"$BATS_TEST_TMPDIR/next.began") -
	    $(<"$BATS_TEST_TMPDIR/began")) / 1000000))
	[ "$apart" -ge 2900 ]
	lock_clean "$TASK"
}

@test "--hold: if contact stays lost, zkrun exits 76 when the session expires" {
	start_relay
	holding 0 --hold 600 -T 2 -c "$RELAY_CONNECT"
	relay_tell refuse on
	relay_tell cut
	ended_in run 10 76
	assert_lock_clean "$TASK"
}

@test "--hold: if the lease is deleted while the reply to the write is lost, zkrun exits 76" {
	start_relay
	gated run 0 -i 0 --hold 600 -c "$RELAY_CONNECT"
	# The present connection stays; the relay refuses new ones.
	relay_tell refuse on
	relay_tell drop-reply "$STORE" 1 0 then-cut
	open_gate run
	wait_for 10 relay_counts dropped 1
	zk rm "$(lease_of run)"
	relay_tell refuse off
	ended_in run 10 76
	lock_clean "$TASK"
}

#
# --leases
#

# churn ID END: take one of three leases again and again.
churn()
{
	local rc

	while [ "$(now_us)" -lt "$2" ]; do
		rc=0
		"$ZKRUN" -l 3 -t "$TASK" -- "$TOOLS/stamp" \
		    "$BATS_TEST_TMPDIR/stamps" "$1" 5 || rc=$?
		[ $rc -eq 0 ] || echo "$1 ended in $rc"
	done
}

@test "--leases 3: of six zkruns and three Curators at most three run at once" {
	local seconds=8 end i n stamps=$BATS_TEST_TMPDIR/stamps

	! asan || seconds=4
	start_curator
	end=$(($(now_us) + seconds * 1000000))
	curator_say churn 3 "/lock/mutex/$TASK" 3 "$seconds" "$stamps"
	for i in 1 2 3 4 5 6; do
		churn "zkrun$i" "$end" >"$BATS_TEST_TMPDIR/zkrun$i.log" 2>&1 \
		    3>&- &
		BG[zkrun$i]=$!
	done
	curator_expect $((seconds + 20)) contend done
	for i in 1 2 3 4 5 6; do
		zkrun_wait "zkrun$i" 20
		assert_equal "$(<"$BATS_TEST_TMPDIR/zkrun$i.log")" ''
	done
	run -0 "$TOOLS/overlap" -n 3 "$stamps"
	echo "# --leases 3: $output" >&3
	assert_output --partial 'ids=9 overlaps=0 max_concurrent=3 '
	assert_output --partial 'open=0'
	# overlap would find a fourth run: it finds that more than two ran at
	# once.
	run -1 "$TOOLS/overlap" -n 2 "$stamps"
	for i in zkrun1 zkrun2 zkrun3 zkrun4 zkrun5 zkrun6 java0 java1 java2; do
		n=$(grep -c "^begin .* $i\$" "$stamps")
		[ "$n" -ge 2 ]
	done
	assert_lock_clean "$TASK"
}

@test "--leases 2: Curator waits for zkrun, and zkrun waits for Curator" {
	local p=/lock/mutex/$TASK

	start_curator
	hold one "$TASK" -l 2
	hold two "$TASK" -l 2
	curator_say semaphore A "$p" 2 0
	curator_expect 10 A refused
	curator_say semaphore B "$p" 2 -1
	wait_for 10 queue_count "$TASK" 1
	run -75 zkrun -n -l 2 -t "$TASK" -- true
	let_go one
	curator_expect 10 B acquired
	# Now zkrun and Curator hold one lease each.
	zkrun_bg three -l 2 -w 60 -t "$TASK" -- touch "$(RAN)"
	wait_for 10 queue_count "$TASK" 1
	let_go two
	ended_in three 10 0
	curator_say semaphore C "$p" 2 -1
	curator_expect 10 C acquired
	run -75 zkrun -n -l 2 -t "$TASK" -- true
	zkrun_bg four -l 2 -w 60 -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	curator_say release B
	curator_expect 10 B released
	ended_in four 10 0
	curator_say release C
	curator_expect 10 C released
	assert_lock_clean "$TASK"
}

# at_once N: start N zkruns with -n -l 3 together.  Their commands run until
# each zkrun has started its command or was refused.  Set ENDINGS to the
# statuses.
at_once()
{
	local n=$1 dir i rc pids=()

	dir=$(mktemp -d -p "$BATS_TEST_TMPDIR")
	said() { [ "$(cat "$dir"/began "$dir"/err* 2>/dev/null |
	    grep -c 'began\|held by another')" -ge "$n" ]; }
	for ((i = 0; i < n; i++)); do
		"$ZKRUN" -n -l 3 -t "$TASK" -- sh -c 'echo began >>"$0/began"
		    until [ -e "$0/go" ]; do sleep 0.02; done' "$dir" \
		    2>"$dir/err$i" 3>&- &
		pids+=($!)
	done
	wait_for 20 said || true
	: >"$dir/go"
	ENDINGS=
	for i in "${pids[@]}"; do
		rc=0
		wait "$i" || rc=$?
		ENDINGS+="$rc "
	done
	ENDINGS=$(tr ' ' '\n' <<<"$ENDINGS" | sort -n | tr -s '\n' ' ')
}

@test "--leases 3 -n: if three contenders start at once, all run; if four start, exactly three run" {
	for _ in 1 2 3 4; do
		at_once 3
		assert_equal "$ENDINGS" ' 0 0 0 '
		at_once 4
		assert_equal "$ENDINGS" ' 0 0 0 75 '
		lock_clean "$TASK"
	done
}

@test "after a wait the lease node's mtime is the time when zkrun got the lock" {
	local lease stat

	at() { sed -n "s/^$1=//p" <<<"$stat"; }
	hold one "$TASK"
	lease=/lock/mutex/$TASK/leases/$(holders "$TASK")
	stat=$(zk stat "$lease")
	assert_equal "$(at mtime)" "$(at ctime)"
	zkrun_bg two -t "$TASK" -- sh -c 'echo "$ZKRUN_LEASE" >"$0"
	    exec sleep 600' "$BATS_TEST_TMPDIR/lease"
	wait_for 10 holds_count "$TASK" 2
	older() { [ "$(now_us)" -gt $(($1 + 300000)) ]; }
	wait_for 5 older "$(now_us)"
	let_go one
	wait_for 10 test -s "$BATS_TEST_TMPDIR/lease"
	lease=$(<"$BATS_TEST_TMPDIR/lease")
	wait_for 5 queue_count "$TASK" 0
	stat=$(zk stat "$lease")
	[ $(($(at mtime) - $(at ctime))) -ge 300 ]
	# The node's data is the same as before.
	assert_regex "$(zk get "$lease")" "^host=$(hostname) pid=${BG[two]} user=[^ ]* start=[^ ]* command=sh$"
	let_go two
}

#
# Revoked leases
#

# revoke [LEASE]: revoke a lease as --revoke does.
revoke()
{
	local lease=${1:-/lock/mutex/$TASK/leases/$(holders "$TASK")}

	zk set "$lease" "$(zk get "$lease") revoke=joe@far"
}

assert_revoked()
{
	ended_in run 10 "${1:-76}"
	marked_count "$TASK" 0
	assert_lock_clean "$TASK"
}

@test "revoked: zkrun asks the command to stop, says who revoked it, and exits 76" {
	# zkrun does not hold the lease afterwards, in spite of --hold.
	zkrun_bg run -i 0 -k 60 --hold 600 -t "$TASK" -- env "MARK=$TASK" sh -c \
	    'trap "echo asked; exit 0" TERM; while :; do sleep 0.05; done'
	wait_for 10 has_command "$BG_PID"
	wait_for 10 marked_count "$TASK" 2
	next_in_queue
	revoke "/lock/mutex/$TASK/leases/$(holders "$TASK" |
	    sed 's/.*-\([0-9]*\)$/\1 &/' | sort -n | sed -n '1s/.* //p')"
	ended_in run 10 76
	says run "the lease of '$TASK' was revoked by joe@far; stopping the command"
	assert_equal "$(<"$BATS_TEST_TMPDIR/run.out")" asked
	assert_equal "$(statuses)" '76 '
	assert_next_met_nobody
}

@test "revoked: a command that ignores TERM is killed after --kill-after" {
	zkrun_bg run -k 0.5 -t "$TASK" -- env "MARK=$TASK" sh -c '
		trap "" TERM
		setsid sleep 600 </dev/null >/dev/null 2>&1 &
		sleep 600; sleep 600'
	wait_for 10 marked_count "$TASK" 3
	revoke
	assert_revoked
}

@test "revoked while zkrun waits for orphans: zkrun stops the orphans and exits 76" {
	zkrun_bg run -k 0.3 -t "$TASK" -- env "MARK=$TASK" sh -c "$ORPHAN" \
	    "$BATS_TEST_TMPDIR/ready"
	wait_for 10 test -e "$BATS_TEST_TMPDIR/ready"
	wait_for 10 marked_count "$TASK" 2
	revoke
	assert_revoked
}

@test "revoked without contact: the command is stopped when contact is back" {
	start_relay
	zkrun_bg run -c "$RELAY_CONNECT" -t "$TASK" -- sleep 600
	wait_for 10 has_command "$BG_PID"
	relay_tell refuse on
	relay_tell cut
	wait_for 10 grep -q 'lost contact with ZooKeeper' \
	    "$BATS_TEST_TMPDIR/run.err"
	revoke
	relay_tell refuse off
	assert_revoked
	says run 'revoked by joe@far'
}

@test "revoked before the start: zkrun does not start the command, exit 76" {
	hold one "$TASK"
	zkrun_bg run -t "$TASK" -- touch "$(RAN)"
	wait_for 10 holds_count "$TASK" 2
	# Without the guard's consent the command does not start.
	kill -STOP "$BG_PID"
	revoke "/lock/mutex/$TASK/leases/$(holders "$TASK" |
	    sed 's/.*-\([0-9]*\)$/\1 &/' | sort -n | sed -n '2s/.* //p')"
	let_go one
	wait_for 10 holds_count "$TASK" 0
	kill -CONT "$BG_PID"
	ended_in run 10 76
	says run 'revoked by joe@far; not starting the command'
	[ ! -e "$(RAN)" ]
	lock_clean "$TASK"
}

@test "revoked during --hold: zkrun releases the lease and exits with the command's status" {
	holding 5 --hold 600
	next_in_queue
	revoke "/lock/mutex/$TASK/leases/$(holders "$TASK" |
	    sed 's/.*-\([0-9]*\)$/\1 &/' | sort -n | sed -n '1s/.* //p')"
	ended_in run 5 5
	assert_next_met_nobody
}

@test "revoked during the write of the record: zkrun skips --hold" {
	local reads

	start_relay
	gated run 0 -c "$RELAY_CONNECT" -i 0 --hold 600
	wait_for 5 queue_count "$TASK" 0
	reads=$(relay_count op4)
	# The keeper's watch fires, and the keeper reads the node; the write
	# comes later.
	relay_tell freeze-at 4
	revoke
	wait_for 10 relay_counts op4 $((reads + 1))
	relay_tell reset-stats
	open_gate run
	wait_for 10 not has_command "$BG_PID"
	wait_for 10 relay_counts "op$STORE" 1
	relay_tell thaw
	assert_revoked 0
	assert_equal "$(statuses)" '0 '
}

@test "revoked while zkrun stops the command: zkrun skips --hold" {
	zkrun_bg run -m 0.3 -k 1.5 --hold 600 -t "$TASK" -- env "MARK=$TASK" \
	    sh -c 'trap "" TERM; sleep 600; sleep 600'
	wait_for 10 grep -q 'exceeded --max-time' "$BATS_TEST_TMPDIR/run.err"
	revoke
	assert_revoked 124
}

@test "a waiter holds its lease even if another client wrote to the lease node meanwhile" {
	local lease

	hold holder "$TASK"
	lease=$(holders "$TASK")
	zkrun_bg next -t "$TASK" -- sleep 600
	wait_for 10 holds_count "$TASK" 2
	lease=$(holders "$TASK" | grep -vxF "$lease")
	zk set "/lock/mutex/$TASK/leases/$lease" 'a note'
	let_go holder
	wait_for 10 has_command "${BG[next]}"
	wait_for 5 queue_count "$TASK" 0
	assert_equal "$(holders "$TASK")" "$lease"
	assert_equal "$(zk get "/lock/mutex/$TASK/leases/$lease")" 'a note'
	let_go next
}
