#!/usr/bin/env bats
#
# When contact is lost for good, all processes of the command die before the
# servers release the lease.  When contact is lost briefly, the command runs on.
#
# These tests take minutes and measure times.  Sanitizers slow zkrun down, so
# with them only the first test runs.
#
# Measures: the times at which processes die.

load lib/helper
load lib/faults

setup_file()
{
	asan || start_three
}

teardown_file()
{
	asan || stop_three
}

setup()
{
	crowd_setup
	asan || wait_for 30 three_are_whole
}

teardown()
{
	local rc=0

	end_network || rc=1
	stop_all || rc=1
	asan || mend_three || rc=1
	return $rc
}

#
# Lost for good
#

@test "T of 4 ticks, the relay drops all bytes: the job is dead before the lease is deleted" {
	start_relay
	mortal_crowd 5 2 0.3 "$RELAY_CONNECT" "$ZKRUN_CONNECT"
	relay_tell blackhole
	crowd_died_in_time
}

@test "T of 10 ticks, the relay drops all bytes: the job is dead before the lease is deleted" {
	! asan || return 0
	choose follower
	start_relay relay "$(address_of "$CHOSEN")"
	mortal_crowd 12 5 0.5 "$RELAY_CONNECT" "$(address_of "$OTHER")"
	relay_tell blackhole
	crowd_died_in_time
}

# bats test_tags=long
@test "the client's only server is frozen: the job is dead before the lease is deleted" {
	! asan || return 0
	choose follower
	mortal_crowd 12 5 0.5 "$(address_of "$CHOSEN")" "$(address_of "$OTHER")"
	"$SANDBOX" freeze "$THREE/$CHOSEN"
	crowd_died_in_time
}

@test "a follower cut off from its leader still answers: the job is dead before the lease is deleted" {
	! asan || return 0
	choose follower
	mortal_crowd 12 5 0.5 "$(address_of "$CHOSEN")" "$(address_of "$OTHER")"
	three cut "$CHOSEN"
	crowd_died_in_time
}

# bats test_tags=long
@test "a follower cut off from its leader, T of 4 ticks: the job is dead before the lease is deleted" {
	! asan || return 0
	choose follower
	mortal_crowd 12 2 0.3 "$(address_of "$CHOSEN")" "$(address_of "$OTHER")"
	three cut "$CHOSEN"
	crowd_died_in_time
}

@test "a leader cut off from its quorum still answers: the job is dead before the lease is deleted" {
	! asan || return 0
	choose leader
	mortal_crowd 12 5 0.5 "$(address_of "$CHOSEN")" "$(address_of "$OTHER")"
	three cut "$CHOSEN"
	crowd_ends "${CROWD[@]}"
	drop_leader
	crowd_was_in_time "${CROWD[@]}"
}

# hand_over_around_a_cut PART: four waiters get the lease just before the cut,
# four just after it.  Every second waiter has another one ahead of it.
hand_over_around_a_cut()
{
	local i since

	choose "$1"
	for i in 0 1 2 3 4 5 6 7; do
		queue_for "h$i" 2.5 "$(address_of "$CHOSEN")" \
		    "$(address_of "$OTHER")" $((i % 2))
	done
	for i in 0 1 2 3 4 5 6 7; do
		ZK_CONNECT=$(address_of "$OTHER") wait_for 20 \
		    queue_count "$TASK-h$i" $((i % 2 + 1))
	done
	# Queue for more than 2T: the connect request then proves nothing.
	since=$(now_us)
	wait_for 20 older_than "$since" 5200
	for i in 0 1 2 3; do
		hand_over "h$i"
	done
	random_pause 20 200
	three cut "$CHOSEN"
	for i in 4 5 6 7; do
		hand_over "h$i"
	done
	handed_end
	[ "${#STARTED[@]}" -gt 0 ]
	[ "$1" = follower ] || drop_leader
	crowd_was_in_time "${STARTED[@]}"
	for i in 0 1 2 3 4 5 6 7; do
		zkrun_wait "h$i-holder" 20
		[ $((i % 2)) -eq 0 ] || zkrun_wait "h$i-head" 20
	done
}

@test "a follower is cut off during hand-offs: the job is dead before the lease is deleted" {
	asan || hand_over_around_a_cut follower
}

# bats test_tags=long
@test "a leader is cut off during hand-offs: the job is dead before the lease is deleted" {
	asan || hand_over_around_a_cut leader
}

# bats test_tags=long
@test "the client's link stalls, then its follower is cut off: the job is dead before the lease is deleted" {
	local thawed

	! asan || return 0
	choose follower
	start_relay relay "$(address_of "$CHOSEN")"
	mortal_crowd 12 5 0.5 "$RELAY_CONNECT" "$(address_of "$OTHER")"
	relay_tell freeze
	sleep 1.964	# T/4 + T/7
	thawed=$(now_us)
	relay_tell thaw
	three cut "$CHOSEN"
	echo "# cut $((($(now_us) - thawed) / 1000)) ms after the thaw" >&3
	crowd_died_in_time
}

# bats test_tags=long
@test "all servers are killed: the job is dead before the lease is deleted" {
	local n

	! asan || return 0
	mortal_crowd 12 5 0.5 "$(three connect)" "$(three connect)"
	for n in 1 2 3; do
		"$SANDBOX" kill "$THREE/$n"
	done
	crowd_ends "${CROWD[@]}"
	# Only running servers can end the leases.
	mend_three
	crowd_was_in_time "${CROWD[@]}"
}

#
# Lost for a short time
#

# bats test_tags=long
@test "servers have no leader for 3 seconds, twice: the jobs run on" {
	local since

	! asan || return 0
	choose leader
	lucky_crowd c 12 10 1 "$(three connect)"
	# The other two servers do not notice this, but no write succeeds.
	"$SANDBOX" freeze "$THREE/$CHOSEN"
	sleep 3
	"$SANDBOX" thaw "$THREE/$CHOSEN"
	wait_for 10 all_of has_contact "${CROWD[@]}"
	# This time the other two servers elect a new leader.
	choose leader
	since=$(now_us)
	"$SANDBOX" kill "$THREE/$CHOSEN"
	three leader
	echo "# $((($(now_us) - since) / 1000)) ms for the election" >&3
	wait_for 10 all_of has_lost "${CROWD[@]}"
	all_untouched "${CROWD[@]}"
}

# bats test_tags=long
@test "one server hangs and the others do not: the jobs run on" {
	local list

	! asan || return 0
	choose follower
	start_relay a "$(address_of "$OTHER")"
	list=$RELAY_CONNECT
	start_relay b "$(address_of "$THIRD")"
	list+=,$RELAY_CONNECT,$(address_of "$CHOSEN")
	# Bring all zkruns to the server that is going to hang.
	relay_tell_to a refuse on
	relay_tell_to b refuse on
	lucky_crowd c 12 6 1 "$list"
	lucky_crowd d 10 30 5 "$list"
	relay_tell_to a refuse off
	relay_tell_to b refuse off
	"$SANDBOX" freeze "$THREE/$CHOSEN"
	wait_for 15 all_of has_lost "${CROWD[@]}"
	all_untouched "${CROWD[@]}"
}

@test "the link stalls for T/4: the jobs run on" {
	! asan || return 0
	choose follower
	start_relay a "$(address_of "$CHOSEN")"
	lucky_crowd c 12 6 1 "$RELAY_CONNECT"
	start_relay b "$(address_of "$CHOSEN")"
	lucky_crowd d 10 30 5 "$RELAY_CONNECT"
	relay_tell_to a freeze
	relay_tell_to b freeze
	sleep 1.5
	relay_tell_to a thaw
	sleep 6
	relay_tell_to b thaw
	all_untouched "${CROWD[@]}"
}

# bats test_tags=long
@test "the link loses all packets for T/4: the jobs run on" {
	local n

	! asan || return 0
	start_network
	lucky_crowd c 12 6 1 "$NETWORK_CONNECT"
	# Start one zkrun at a time, so that they send at different times around
	# the loss.  TCP resends lost packets at growing intervals; packets sent
	# just before the loss do no harm.
	for n in {0..9}; do
		lucky_crowd "d$n" 1 30 5 "$NETWORK_CONNECT"
	done
	network_link down
	sleep 1.5
	network_link up
	wait_for 10 all_of has_contact c{0..11}
	all_untouched c{0..11}
	network_link down
	sleep 7.5
	network_link up
	# All zkruns live on when their proofs from before the loss are too old.
	sleep 14
	all_untouched d{0..9}0
}

#
# Can these tests fail?
#

# bats test_tags=long
@test "the tests catch a zkrun that takes any reply for a proof" {
	local n

	! asan || return 0
	# shellcheck disable=SC2034 # for the helpers
	ZKRUN=$(TORTURE_DIR=$BATS_TEST_TMPDIR "$TOP/tests/torture/broken" -b 2)
	choose follower
	mortal_crowd 10 5 0.5 "$(address_of "$CHOSEN")" "$(address_of "$OTHER")"
	three cut "$CHOSEN"
	for n in "${CROWD[@]}"; do
		zkrun_wait "$n" 40
	done
	verdict "${CROWD[@]}" 2>/dev/null
	# The number depends on when the servers notice the cut.
	[ "$VIOLATIONS" -ge 1 ]
}
