#!/usr/bin/env bats
#
# The fencing token, and the question whether the lease is still there.

load lib/helper
load lib/deaths

FENCES()
{
	echo "$BATS_TEST_TMPDIR/fences"
}

# contend ROUNDS: so many runs, one after the other; each adds its fence to the
# list while it holds, and a line to what failed.
contend()
{
	local i

	for ((i = 0; i < $1; i++)); do
		"$ZKRUN" -c "$OWN_CONNECT" -r forever --retry-sleep 50ms \
		    -t "$TASK" -- sh -c 'echo "$ZKRUN_FENCE" >>"$0"' \
		    "$(FENCES)" || echo "status $?"
	done
}

# By Curator, held in between: its lease's czxid is a fence, too.
curator_turn()
{
	local lease fence

	curator_say acquire "c$1" "/lock/mutex/$TASK" 40000
	curator_expect 60 "c$1 acquired"
	# Its own is the oldest: others may stand there with one that waits.
	fence=$(for lease in $(holders "$TASK"); do
		zk czxid "/lock/mutex/$TASK/leases/$lease"
	done | sort -n | head -n 1)
	echo "$fence" >>"$(FENCES)"
	curator_say release "c$1"
	curator_expect 60 "c$1 released"
}

@test "1000 hand-offs, restarts of the server and Curator in between: the fence grows" {
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
		# At every eighth of the whole one of the two.
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
	# In the order of holding, each greater than the last.
	run -0 sort -n -u -c "$(FENCES)"
	not grep -vxE '[1-9][0-9]*' "$(FENCES)"
	lock_clean "$TASK"
}

@test "the fence of the next holder is greater, however the last one went" {
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
		deleted) zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")" ;;
		expired) zk expire "$(session_of \
			    "/lock/mutex/$TASK/leases/$(holders "$TASK")")" ;;
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

# asker NAME [OPTION...]: a command that asks whenever $BATS_TEST_TMPDIR/ask
# has one more line, and writes down the status.
asker()
{
	local name=$1

	shift
	mkfifo "$BATS_TEST_TMPDIR/ask"
	exec {ASK}<>"$BATS_TEST_TMPDIR/ask"
	# It ends when it is told to: the lease may be gone by then.
	zkrun_bg "$name" --on-loss ignore "$@" -t "$TASK" -- bash -c '
		while read -r how <"$1" && [ "$how" != end ]; do
			"$2" --check $how 2>>"$3.said"
			echo "$?" >>"$3"
		done' bash "$BATS_TEST_TMPDIR/ask" "$ZKRUN" \
	    "$BATS_TEST_TMPDIR/answers"
	: >"$BATS_TEST_TMPDIR/answers"
	wait_for 10 has_command "$BG_PID"
	LEASE=/lock/mutex/$TASK/leases/$(holders "$TASK")
}

# ask [OPTION...]: sets ANSWER.
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

@test "--check in a command: 0 while the lease is there, and says nothing" {
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

@test "--check after the lease node was deleted: 76, and says which" {
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

@test "--check after the lease node was replaced by another of its name: 76" {
	local flag

	nap 1
	for flag in '' --ephemeral; do
		asker a
		ask
		assert_equal "$ANSWER" 0
		zk rm "$LEASE"
		# The one is there for good, the other until it is killed.
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

@test "--check with a fence or a session that is not the node's: 76" {
	asker a
	# As the command sees it, but for one.
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

@test "--check asks the servers of the lease, wherever the command stands" {
	start_relay
	asker a -c "$RELAY_CONNECT"
	relay_tell reset-stats
	ask
	assert_equal "$ANSWER" 0
	assert_equal "$(relay_count accepted)" 1
	end_asker a
}

@test "--check and no server in reach: 69, as soon as the retries are used up" {
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

@test "--check without a lease in the environment, or with nonsense: 64" {
	local good=(ZKRUN_LEASE=/lock/mutex/x/leases/y ZKRUN_FENCE=5
	    ZKRUN_SESSION=0x5) i

	run -64 zkrun --check
	assert_equal "${#lines[@]}" 1
	for i in 0 1 2; do
		# One of the three is not there.
		run -64 env "${good[@]:0:i}" "${good[@]:i+1}" "$ZKRUN" --check
		assert_equal "${#lines[@]}" 1
	done
	run -64 env "${good[@]}" ZKRUN_LEASE=relative "$ZKRUN" --check
	run -64 env "${good[@]}" ZKRUN_LEASE= "$ZKRUN" --check
	run -64 env "${good[@]}" "$ZKRUN" --check true
	run -76 env "${good[@]}" "$ZKRUN" --check
}

@test "--check with a fence or session that is no number: 64, not a guess" {
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
