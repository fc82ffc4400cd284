#!/usr/bin/env bats
#
# On a machine that lacks processor time or processes, every process that the
# command started still dies before the lease could expire.
#
# Alone: it starves the machine.
# bats file_tags=long
# shellcheck disable=SC2034 # FLEET is for the helpers

load lib/helper
load lib/deaths

# Processes that ignore TERM would delay the end of a failed test.
teardown()
{
	kill_marked
	stop_all
}

@test "full load and no contact: the job is dead in time" {
	local i

	! asan || return 0
	start_relay
	fleet 10 -c "$RELAY_CONNECT" -T 4s
	beat_fleet
	for ((i = 0; i < 4 * $(nproc); i++)); do
		sh -c 'while :; do :; done' 3>&- &
		HELPERS+=($!)
	done
	relay_tell blackhole
	judge_fleet 30 6000 800
	end_fleet 76
	fleet_clean
}

@test "no contact: trees that fork, hide, stop and regrow are dead in time" {
	local tree=$BATS_TEST_TMPDIR/tree

	# The test measures times, which sanitizers change.
	! asan || return 0
	plant "$tree"
	start_relay
	FLEET=()
	enlist hop -c "$RELAY_CONNECT" -T 4s -- "$tree" "$(signs hop)" hop 2
	enlist small -c "$RELAY_CONNECT" -T 5s -k 1 -- \
	    "$tree" "$(signs small)" replace 15
	enlist large -c "$RELAY_CONNECT" -T 6s -k 0 -- \
	    "$tree" "$(signs large)" replace 50
	watch_fleet
	grown() { [ "$(marked "$TASK" | wc -l)" -ge 170 ]; }
	wait_for 20 grown
	beat_fleet
	relay_tell blackhole
	judge_fleet 30 6000 800
	end_fleet 76
	fleet_clean
}

@test "guard or keeper is killed: trees that fork, hide, stop and regrow are dead before the lease is deleted" {
	local tree=$BATS_TEST_TMPDIR/tree

	plant "$tree"
	FLEET=()
	enlist hop -- "$tree" "$(signs hop)" hop 2
	enlist large -- "$tree" "$(signs large)" replace 50
	watch_fleet
	signal_fleet KILL guard
	judge_fleet 20
	end_fleet 137
	FLEET=()
	enlist hop2 -- "$tree" "$(signs hop2)" hop 2
	enlist large2 -- "$tree" "$(signs large2)" replace 50
	watch_fleet
	signal_fleet KILL keeper
	judge_fleet 20
	end_fleet 76
	fleet_clean
}

@test "a guard with the least priority kills eight processes that fork and end" {
	local tree=$BATS_TEST_TMPDIR/tree

	plant "$tree"
	FLEET=()
	enlist hop -- "$tree" "$(signs hop)" hop 8
	watch_fleet
	renice -n 19 -p "${BG[hop]}"
	signal_fleet KILL keeper
	judge_fleet 20
	end_fleet 76
	fleet_clean
}

@test "all processes of trees that fork as fast as they can are dead, whichever process is killed" {
	local what

	for what in guard keeper lease orphans; do
		TASK=$(unique_task)
		set -- -k 0.2
		[ $what != orphans ] || set -- -k 0.2 -o kill
		zkrun_bg run "$@" -t "$TASK" -- env "MARK=$TASK" sh -c '
			"$1" hop 1 & setsid "$1" hop 0 &
			setsid "$1" churn 0 & "$1" churn 0 &
			until [ -e "$2" ]; do :; done' sh "$TOOLS/tree" \
		    "$BATS_TEST_TMPDIR/$what"
		wait_for 10 has_command "$BG_PID"
		tree_runs() { [ "$(marked "$TASK" | wc -l)" -ge 3 ]; }
		wait_for 10 tree_runs
		case $what in
		guard)	kill -KILL "$BG_PID" ;;
		keeper)	kill -KILL "$(keeper_of "$BG_PID")" ;;
		lease)	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")" ;;
		orphans) : >"$BATS_TEST_TMPDIR/orphans" ;;
		esac
		zkrun_wait run 20
		case $what in
		guard)	wait_for 20 lock_clean "$TASK" ;;
		keeper | lease) assert_equal "$what: $status" "$what: 76" ;;
		orphans) assert_equal "$what: $status" "$what: 0" ;;
		esac
		assert_equal "$what: $(marked "$TASK")" "$what: "
		assert_lock_clean "$TASK"
	done
}
