#!/usr/bin/env bats
#
# The fencing token, and --check, which tests whether the lease still exists.

load lib/helper
load lib/deaths

FENCES()
{
	echo "$BATS_TEST_TMPDIR/fences"
}

# contend ROUNDS: start ROUNDS runs, one after the other.  The command of each
# run adds its fence to the list.  Print the status of each run that fails.
contend()
{
	local i

	for ((i = 0; i < $1; i++)); do
		"$ZKRUN" -c "$OWN_CONNECT" -r forever --retry-sleep 50ms \
		    -t "$TASK" -- sh -c 'echo "$ZKRUN_FENCE" >>"$0"' \
		    "$(FENCES)" || echo "status $?"
	done
}

# curator_turn N: hold the lock with Curator once, and add the czxid of its
# lease, which is a fence as well.
curator_turn()
{
	local lease fence

	curator_say acquire "c$1" "/lock/mutex/$TASK" 40000
	curator_expect 60 "c$1 acquired"
	# Curator's lease is the oldest one: a waiter may also have a lease.
	fence=$(for lease in $(holders "$TASK"); do
		zk czxid "/lock/mutex/$TASK/leases/$lease"
	done | sort -n | head -n 1)
	echo "$fence" >>"$(FENCES)"
	curator_say release "c$1"
	curator_expect 60 "c$1 released"
}

@test "the fence grows over 1000 hand-offs, server restarts and turns of Curator" {
	local i n=250 turns=8 pids=() got

	! asan || n=40
	own_server
	export ZK_CONNECT=$OWN_CONNECT
	start_curator "$OWN_CONNECT" 20000
	: >"$(FENCES)"
	for i in 1 2 3 4; do
		contend $n >"$BATS_TEST_TMPDIR/failed$i" \
		    2>"$BATS_TEST_TMPDIR/contend$i.err" 3>&- &
		pids+=($!)
	done
	for ((i = 1; i <= turns; i++)); do
		# After each ninth of the runs restart the server or use
		# Curator.
		has_fences() {
			[ "$(wc -l <"$(FENCES)")" -ge $((4 * n * i / (turns + 1))) ]
		}
		wait_for 60 has_fences
		if [ $((i % 3)) -eq 2 ]; then
			timeout 90 "$SANDBOX" restart "$OWN_DIR"
		else
			curator_turn "$i"
		fi
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/failed?)" '' || {
		grep -v 'ZooKeeper [lr]' "$BATS_TEST_TMPDIR"/contend?.err >&2
		return 1
	}
	got=$(wc -l <"$(FENCES)")
	figure "$got hand-offs, 3 restarts"
	# Three of the eight turns were restarts: 2, 5, 8.
	assert_equal "$got" $((4 * n + 5))
	# Each fence is greater than the fence of the holder before.
	run -0 sort -n -u -c "$(FENCES)"
	not grep -vxE '[1-9][0-9]*' "$(FENCES)"
	lock_clean "$TASK"
}

@test "the next holder's fence is greater, however the last holder ended" {
	local last=0 fence how

	next_fence()
	{
		fence=$(zkrun -t "$TASK" -- sh -c 'echo "$ZKRUN_FENCE"')
		echo "$how: $last, then $fence"
		[ "$fence" -gt "$last" ]
		last=$fence
	}
	for how in deleted expired guard keeper replaced; do
		zkrun_bg h -t "$TASK" -- sh -c 'echo "$ZKRUN_FENCE" >"$0"
		    exec sleep 600' "$BATS_TEST_TMPDIR/fence"
		wait_for 10 test -s "$BATS_TEST_TMPDIR/fence"
		fence=$(<"$BATS_TEST_TMPDIR/fence")
		rm "$BATS_TEST_TMPDIR/fence"
		[ "$fence" -gt "$last" ]
		last=$fence
		case $how in
		deleted) zk rm "$(lease_of "$TASK")" ;;
		expired) zk expire "$(session_of \
			    "$(lease_of "$TASK")")" ;;
		guard)	kill -KILL "$BG_PID" ;;
		keeper)	keeper_now "$BG_PID"; kill -KILL "$KEEPER" ;;
		replaced) zk rmr "/lock/mutex/$TASK" ;;
		esac
		zkrun_wait h 10
		next_fence
	done
}

#
# --check
#

# asker NAME [OPTION...]: hold with a command that runs --check for each line in
# $BATS_TEST_TMPDIR/ask and records its status.
asker()
{
	local name=$1

	shift
	mkfifo "$BATS_TEST_TMPDIR/ask"
	exec {ASK}<>"$BATS_TEST_TMPDIR/ask"
	# The test tells the command when to end: the lease may not exist then.
	zkrun_bg "$name" --on-loss ignore "$@" -t "$TASK" -- bash -c '
		while read -r how <"$1" && [ "$how" != end ]; do
			"$2" --check $how 2>>"$3.said"
			echo "$?" >>"$3"
		done' bash "$BATS_TEST_TMPDIR/ask" "$ZKRUN" \
	    "$BATS_TEST_TMPDIR/answers"
	: >"$BATS_TEST_TMPDIR/answers"
	wait_for 10 has_command "$BG_PID"
	LEASE=$(lease_of "$TASK")
}

# ask [OPTION...]: run --check once and set ANSWER to its status.
ask()
{
	local n

	n=$(wc -l <"$BATS_TEST_TMPDIR/answers")
	echo "$*" >&"$ASK"
	wait_for 20 has_lines "$BATS_TEST_TMPDIR/answers" . $((n + 1))
	ANSWER=$(tail -n 1 "$BATS_TEST_TMPDIR/answers")
}

end_asker()
{
	echo end >&"$ASK"
	zkrun_wait "$1" 10
	exec {ASK}>&-
}

@test "--check exits 0 and prints nothing while the lease exists" {
	local i

	asker a
	for i in 1 2 3; do
		ask
		assert_equal "$ANSWER" 0
	done
	ask -v
	assert_equal "$ANSWER" 0
	assert_equal "$(<"$BATS_TEST_TMPDIR/answers.said")" ''
	end_asker a
	assert_equal "$status" 0
	lock_clean "$TASK"
}

@test "--check exits 76 and names the lease after its node was deleted" {
	asker a
	ask
	assert_equal "$ANSWER" 0
	zk rm "$LEASE"
	ask
	assert_equal "$ANSWER" 76
	assert_equal "$(<"$BATS_TEST_TMPDIR/answers.said")" \
	    "zkrun: the lease '$LEASE' is gone"
	end_asker a
	assert_equal "$status" 76
}

@test "--check exits 76 after another node of the same name replaced the lease" {
	local flag

	nap 1
	for flag in '' --ephemeral; do
		asker a
		ask
		assert_equal "$ANSWER" 0
		zk rm "$LEASE"
		# The first new node is persistent; the second lasts until znode
		# is killed.
		"$TOOLS/znode" -c "$ZKRUN_CONNECT" create "$LEASE" $flag \
		    <&"$NAP_FD" >/dev/null 3>&- &
		HELPERS+=($!)
		wait_for 10 zk stat "$LEASE"
		ask
		assert_equal "'$flag': $ANSWER" "'$flag': 76"
		zk rm "$LEASE"
		end_asker a
		assert_equal "$status" 76
		rm "$BATS_TEST_TMPDIR/ask"
	done
}

@test "--check exits 76 with a fence, session or path that is not the lease's" {
	asker a
	# Take the command's environment, and change one variable at a time.
	mapfile -t env < <(tr '\0' '\n' <"/proc/$(children_of \
	    "$(keeper_of "$BG_PID")")/environ" | grep ^ZKRUN_)
	run -0 env "${env[@]}" "$ZKRUN" --check
	assert_output ''
	run -76 env "${env[@]}" ZKRUN_FENCE=1 "$ZKRUN" --check
	run -76 env "${env[@]}" ZKRUN_SESSION=0x123 "$ZKRUN" --check
	run -76 env "${env[@]}" ZKRUN_LEASE="$LEASE-no" "$ZKRUN" --check
	end_asker a
	run -76 env "${env[@]}" "$ZKRUN" --check
}

@test "--check finds the servers of the lease without options" {
	start_relay
	asker a -c "$RELAY_CONNECT"
	relay_tell reset-stats
	ask
	assert_equal "$ANSWER" 0
	assert_equal "$(relay_count accepted)" 1
	end_asker a
}

@test "--check exits 69 as soon as the retries are used up" {
	local before

	start_relay
	asker a -c "$RELAY_CONNECT" -T 20s
	relay_tell refuse on
	before=$(now_us)
	ask -r 1 --retry-sleep 100ms --connect-timeout 300ms
	assert_equal "$ANSWER" 69
	[ $(($(now_us) - before)) -lt 5000000 ]
	grep -q '^zkrun: cannot check .*Connection refused' \
	    "$BATS_TEST_TMPDIR/answers.said"
	relay_tell heal
	relay_tell freeze
	ask -r 0 --connect-timeout 300ms
	assert_equal "$ANSWER" 69
	relay_tell thaw
	ask
	assert_equal "$ANSWER" 0
	end_asker a
	assert_equal "$status" 0
}

@test "--check exits 64 without a valid lease in the environment" {
	local good=(ZKRUN_LEASE=/lock/mutex/x/leases/y ZKRUN_FENCE=5
	    ZKRUN_SESSION=0x5) i

	run -64 zkrun --check
	assert_equal "${#lines[@]}" 1
	for i in 0 1 2; do
		# One of the three variables is missing.
		run -64 env "${good[@]:0:i}" "${good[@]:i+1}" "$ZKRUN" --check
		assert_equal "${#lines[@]}" 1
	done
	run -64 env "${good[@]}" ZKRUN_LEASE=relative "$ZKRUN" --check
	run -64 env "${good[@]}" ZKRUN_LEASE= "$ZKRUN" --check
	run -64 env "${good[@]}" "$ZKRUN" --check true
	run -76 env "${good[@]}" "$ZKRUN" --check
}

@test "--check exits 64 with a fence or session that is not a number" {
	local good=(ZKRUN_LEASE=/lock/mutex/x/leases/y ZKRUN_FENCE=5
	    ZKRUN_SESSION=0x5) bad

	for bad in '' x 5x -1 99999999999999999999; do
		run env "${good[@]}" "ZKRUN_FENCE=$bad" "$ZKRUN" --check
		assert_equal "fence '$bad': $status" "fence '$bad': 64"
	done
	for bad in '' x 0x 0x5x; do
		run env "${good[@]}" "ZKRUN_SESSION=$bad" "$ZKRUN" --check
		assert_equal "session '$bad': $status" "session '$bad': 64"
	done
}
