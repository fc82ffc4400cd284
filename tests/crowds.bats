#!/usr/bin/env bats
#
# Contact is lost while the command has thousands of processes that ignore TERM.
# Killing them takes longer than the margin, but all of them die before the
# lease is deleted.
#
# Alone: it starts thousands of processes and threads.
# bats file_tags=long
# shellcheck disable=SC2034 # FLEET is for the helpers

load lib/helper
load lib/deaths
load lib/stalls

setup()
{
	stalls_setup
	FLEET=(crowd)
}

teardown()
{
	# Skip end_stalls, which takes too long to look at thousands of
	# processes.
	[ -z "${BG[crowd]:-}" ] || pkill -KILL -P "${BG[crowd]}" || true
	end_stalls
}

# lose_crowd SECONDS: cut the contact.  The witness and zkrun must both show
# that the crowd died before its lease was deleted.  The next command must begin
# after the crowd's death.
lose_crowd()
{
	local said

	wait_for 60 test -e "$(signs crowd).up"
	start_witness crowd "$TASK-crowd"
	beat_fleet
	queue_successors
	# Let a busy crowd begin only now: the crowd also takes the server's
	# time, which may cost contact.
	: >"$(signs crowd).go"
	relay_tell blackhole
	wait_for "$1" saw_lease_go crowd
	judge_one crowd
	figure "dead $AHEAD_US us before the lease went"
	judge_successors "$1"
	zkrun_wait crowd 20
	assert_equal "$status" 76
	said=$(grep -oE 'dead, -?[0-9.]+s .*' "$BATS_TEST_TMPDIR/crowd.err") || {
		cat "$BATS_TEST_TMPDIR/crowd.err"
		return 1
	}
	figure "zkrun says: $said"
	[[ $said =~ ^dead,\ [0-9.]+s\ before ]]
	assert_lock_clean "$TASK-crowd"
}

@test "3,000 processes at T = 4s are dead before the lease is deleted" {
	! asan || return 0
	start_relay
	zkrun_bg crowd -T 4s -k 0.5 -c "$RELAY_CONNECT" -t "$TASK-crowd" -- \
	    "$TOOLS/crowd" "$(signs crowd)" idle 3000
	lose_crowd 20
}

@test "6,000 processes at the default T are dead before the lease is deleted" {
	! asan || return 0
	# The lane's server grants 10 s at most, less than the default.
	own_server --tick 500 --set maxSessionTimeout=60000
	export ZKRUN_CONNECT=$OWN_CONNECT
	start_relay
	zkrun_bg crowd -c "$RELAY_CONNECT" -t "$TASK-crowd" -- \
	    "$TOOLS/crowd" "$(signs crowd)" idle 6000
	lose_crowd 60
}

@test "a process of 8,000 threads at T = 4s is dead before the lease is deleted" {
	! asan || return 0
	start_relay
	zkrun_bg crowd -T 4s -k 0.5 -c "$RELAY_CONNECT" -t "$TASK-crowd" -- \
	    "$TOOLS/crowd" "$(signs crowd)" threads 8000
	lose_crowd 20
}

@test "100 busy processes of an ordinary user are dead before the lease is deleted" {
	local place

	! asan || return 0
	[ "$EUID" -eq 0 ] || skip 'needs another user'
	start_relay
	place=$(mktemp -d)
	cp "$ZKRUN" "$TOOLS/crowd" "$place"
	chmod 755 "$place" "$place"/*
	mkdir -m 777 "$place/signs"
	ln -s "$place/signs/crowd" "$(signs crowd)"
	ln -s "$place/signs/crowd.up" "$(signs crowd).up"
	ln -s "$place/signs/crowd.go" "$(signs crowd).go"
	setpriv --reuid=54410 --regid=54410 --clear-groups "$place/zkrun" \
	    -T 4s -k 0.3 -c "$RELAY_CONNECT" -t "$TASK-crowd" -- \
	    "$place/crowd" "$place/signs/crowd" busy 100 \
	    </dev/null 2>"$BATS_TEST_TMPDIR/crowd.err" 3>&- &
	BG[crowd]=$!
	lose_crowd 20
	rm -rf "$place"
}
