#!/usr/bin/env bats
#
# The machine has no time to speak of, and still all that the command started is
# dead before the lease can pass on.
#
# Alone: it starves the machine.
# Once: what is measured is time.
# bats file_tags=long

load helper
load deaths

# What is deaf to TERM would hold up the end of a test that failed.
teardown()
{
	kill_marked
	stop_all
}

@test "the machine at full load and no contact: still dead in time" {
	local i

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

@test "no contact: trees that fork, hide, stop and grow again are dead in time" {
	local tree=$BATS_TEST_TMPDIR/tree

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
