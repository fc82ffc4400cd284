#!/usr/bin/env bats
#
# Servers with a slow disk: a preload makes each fsync(2) take long.  Without
# another server zkrun waits for the request under way.
#
# Measures: the time until the lease is proven.
# Once: it spends its time on the disk, and contact.bats runs the same code.
# bats file_tags=long

load lib/helper

# slow_server [OPTION...]: start a server.  now_slow MS makes each fsync slow.
slow_server()
{
	local SLOWSYNC=$BATS_TEST_TMPDIR/slow

	echo 0 >"$SLOWSYNC"
	LD_PRELOAD=$TOOLS/slowsync.so SLOWSYNC=$SLOWSYNC own_server \
	    --jvm -Dzookeeper.forceSync=yes "$@"
}

now_slow()
{
	echo "$1" >"$BATS_TEST_TMPDIR/slow"
}

# slow_trial MS SECONDS OPTION...: the disk becomes slow during a run, which
# goes on for SECONDS.  Then a newcomer gets its lock.
slow_trial()
{
	local ms=$1 seconds=$2

	shift 2
	zkrun_bg run -c "$OWN_CONNECT" -t "$TASK" "$@" -- sh -c \
	    "sleep $seconds; exit 42"
	wait_for 10 has_command "$BG_PID"
	now_slow "$ms"
	zkrun_wait run $((seconds + 20))
	assert_equal "$status" 42
	# zkrun reports the slow server once at most, not at every answer.
	[ "$(grep -c 'lost contact with ZooKeeper.*(' "$BATS_TEST_TMPDIR/run.err")" -le 1 ]
	zkrun_bg newcomer -r 1 -c "$OWN_CONNECT" -t "$TASK-new" "$@" -- \
	    sh -c 'exit 43'
	zkrun_wait newcomer 30
	assert_equal "$status" 43
	now_slow 0
}

@test "an fsync of 1.5 s, T = 10 s, one server: a run goes on, a newcomer gets its lock" {
	slow_server
	slow_trial 1500 18 -T 10s
}

@test "an fsync of 4 s, default T, one server: a run goes on, a newcomer gets its lock" {
	slow_server --set maxSessionTimeout=60000
	slow_trial 4000 30
}

@test "zkrun leaves a slow server for another one" {
	local both slow=one fast=two

	start_relay one
	both=$RELAY_CONNECT
	start_relay two
	both+=,$RELAY_CONNECT
	zkrun_bg run -T 10s -c "$both" -t "$TASK" -- sh -c \
	    'until [ -e "$0" ]; do sleep 0.05; done; exit 42' \
	    "$BATS_TEST_TMPDIR/end"
	wait_for 10 has_command "$BG_PID"
	if [ "$(relay_count connections two)" -eq 1 ]; then
		slow=two fast=one
	fi
	relay_tell_to "$slow" delay 2000
	wait_for 10 grep -qF 'regained contact' "$BATS_TEST_TMPDIR/run.err"
	assert_equal "$(relay_count connections "$fast")" 1
	grep -qE 'no answer for 1\.[2-4]s' "$BATS_TEST_TMPDIR/run.err"
	: >"$BATS_TEST_TMPDIR/end"
	zkrun_wait run 10
	assert_equal "$status" 42
}
