#!/usr/bin/env bats
#
# The servers of an ensemble grant different session timeouts, and contact moves
# to a server with a shorter timeout.
#
# Measures: the times at which processes die.
# bats file_tags=long
# shellcheck disable=SC2034 # FLEET is for the helpers

load lib/helper
load lib/deaths
load lib/faults
load lib/stalls

# Both servers are followers.  GENEROUS grants any timeout, STINGY two seconds.
setup_file()
{
	local leader

	start_three
	leader=$("$ENSEMBLE" leader "$THREE")
	export GENEROUS=$((leader % 3 + 1)) STINGY=$(((leader + 1) % 3 + 1))
	echo maxSessionTimeout=2000 >>"$THREE/$STINGY/conf"
	timeout 60 "$SANDBOX" restart "$THREE/$STINGY" >/dev/null 3>&-
	wait_for 30 three_are_whole
	ZKRUN_CONNECT=$(address_of "$GENEROUS")
	export ZKRUN_CONNECT
}

teardown_file()
{
	stop_three
}

setup()
{
	stalls_setup
	start_relay generous "$(address_of "$GENEROUS")"
	BOTH=$RELAY_CONNECT
	start_relay stingy "$(address_of "$STINGY")"
	BOTH+=,$RELAY_CONNECT
	relay_tell_to stingy refuse on
	FLEET=()
}

teardown()
{
	end_stalls
}

# has_beaten RELAY N: have at least N beats passed?
has_beaten()
{
	[ "$(relay_count op14 "$1")" -ge "$2" ]
}

# grow_old: wait until the proof of the lease is older than the shorter timeout.
grow_old()
{
	relay_tell_to generous reset-stats
	wait_for 10 has_beaten generous 3
}

move_to_stingy()
{
	relay_tell_to stingy refuse off
	relay_tell_to generous refuse on
	relay_tell_to generous cut
}

regained()
{
	grep -q 'regained contact' "$BATS_TEST_TMPDIR/$1.err"
}

@test "contact moves to a server with a shorter timeout: the job runs on" {
	zkrun_bg run -T 8s -k 0.3 -c "$BOTH" -t "$TASK" -- sh -c \
	    'until [ -e "$0" ]; do sleep 0.05; done; exit 42' \
	    "$BATS_TEST_TMPDIR/end"
	wait_for 10 has_command "$BG_PID"
	grow_old
	move_to_stingy
	wait_for 5 regained run
	# zkrun sends a beat every T/7 of STINGY.  Without beats a session would
	# end before the time of nine.
	wait_for 10 has_beaten stingy 9
	holds_count "$TASK" 1
	: >"$BATS_TEST_TMPDIR/end"
	zkrun_wait run 10
	assert_equal "$status" 42
	assert_lock_clean "$TASK"
}

@test "the keeper stops after it moved to a server with a shorter timeout: the job is dead before its lease is deleted" {
	! asan || return 0
	enlist run -T 8s -k 0.3 -c "$BOTH" -- \
	    "$TOOLS/alive" "$(signs run)" hard
	watch_fleet
	queue_successors
	relay_tell_to stingy delay 300 down
	move_to_stingy
	wait_for 5 regained run
	signal_fleet STOP keeper
	judge_successors 20
	judge_fleet 20
	end_fleet 76
	fleet_clean
}
