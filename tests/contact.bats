#!/usr/bin/env bats
#
# Servers accept a connection and do not answer, refuse connections, or are
# busy.  zkrun counts an answer as progress, but not a connection alone.

load lib/helper
load lib/faults

# said NAME TEXT: does the stderr of NAME have TEXT?
said()
{
	grep -qF -- "$2" "$BATS_TEST_TMPDIR/$1.err"
}

@test "a server that demands a credential ends every command at once, exit 77" {
	local word

	own_server --set enforce.auth.enabled=true \
	    --set enforce.auth.schemes=digest
	start_relay auth "$OWN_CONNECT"
	export ZKRUN_CONNECT=$RELAY_CONNECT
	for word in "-n -t $TASK -- touch $BATS_TEST_TMPDIR/ran" \
	    "-r forever -t $TASK -- touch $BATS_TEST_TMPDIR/ran" \
	    '--status' "--status $TASK" "--revoke $TASK" \
	    "--break --yes $TASK"; do
		relay_tell_to auth reset-stats
		# shellcheck disable=SC2086 # words
		run -77 zkrun $word
		assert_output --partial 'the server requires authentication (-a) (-124)'
		# The end of the first connection may lose the answer.
		[ "$(relay_count accepted auth)" -le 2 ]
	done
	ZKRUN_LEASE=/x ZKRUN_FENCE=1 ZKRUN_SESSION=0x1 run -77 zkrun --check
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	(umask 077 && echo digest:ops:secret >"$BATS_TEST_TMPDIR/auth")
	run -0 zkrun -a "$BATS_TEST_TMPDIR/auth" -t "$TASK" -- true
}

@test "if a server closes the connection on the first request, the attempt counts as failed" {
	local word start_us

	start_relay
	relay_tell slam on
	for word in "-n -t $TASK -- true" '--status' "--revoke $TASK" \
	    "--break --yes $TASK"; do
		relay_tell reset-stats
		# shellcheck disable=SC2086 # words
		run -69 zkrun -c "$RELAY_CONNECT" -r 1 --retry-sleep 10ms $word
		assert_output --partial "$RELAY_CONNECT"
		assert_equal "$(relay_count accepted)" 2
	done
	# Even without a configured pause zkrun tries only once a second.
	relay_tell reset-stats
	start_us=$(now_us)
	run -69 zkrun -c "$RELAY_CONNECT" -r forever --retry-sleep 0 \
	    --retry-for 5s -t "$TASK" -- true
	[ "$(relay_count accepted)" -le $((1 + ($(now_us) - start_us) / 1000000)) ]
	[ "$(relay_count accepted)" -ge 3 ]
	[ "$(grep -c . <<<"$output")" -le 2 ]
}

@test "a holder retries a server that closes its connections once a second, with one message" {
	local before_us

	start_relay
	hold holder "$TASK" -T 9s -c "$RELAY_CONNECT"
	relay_tell reset-stats
	before_us=$(now_us)
	relay_tell slam on
	# The next beat gets no answer.
	wait_for 10 said holder 'lost contact with ZooKeeper'
	wait_for 10 relay_counts accepted 3
	[ $(($(now_us) - before_us)) -ge 2000000 ]
	relay_tell slam off
	wait_for 10 said holder 'regained contact with ZooKeeper'
	assert_equal "$(grep -c 'lost contact with ZooKeeper.*(' "$BATS_TEST_TMPDIR/holder.err")" 1
	assert_equal "$(grep -c 'regained contact' "$BATS_TEST_TMPDIR/holder.err")" 1
	let_go holder
}

@test "zkrun retries a server that closes the connection after each answer once a second" {
	local before_us

	start_relay
	hold holder "$TASK" -T 12s -c "$RELAY_CONNECT"
	relay_tell reset-stats
	before_us=$(now_us)
	# The server answers the read before each beat.
	relay_tell hang-up on
	wait_for 20 relay_counts accepted 4
	[ $(($(now_us) - before_us)) -ge 2000000 ]
	relay_tell hang-up off
	wait_for 10 said holder 'regained contact with ZooKeeper'
	[ "$(grep -c 'lost contact with ZooKeeper.*(' "$BATS_TEST_TMPDIR/holder.err")" -le 3 ]
	[ "$(grep -c 'regained contact' "$BATS_TEST_TMPDIR/holder.err")" -le 3 ]
	let_go holder
}

@test "a waiter exits 77 if a server refuses its credential" {
	local auth=$BATS_TEST_TMPDIR/auth

	(umask 077 && echo digest:ops:secret >"$auth")
	start_relay
	hold holder "$TASK" -a "$auth"
	zkrun_bg waiter -v -a "$auth" -T 8s -c "$RELAY_CONNECT" -t "$TASK" -- true
	wait_for 10 said waiter 'next in the queue'
	relay_tell fail-reply 100 115
	relay_tell cut
	zkrun_wait waiter 10
	assert_equal "$status" 77
	grep -q 'refused a credential' "$BATS_TEST_TMPDIR/waiter.err"
	let_go holder
}

@test "zkrun resends requests that a busy server discards, in order" {
	local i

	own_server --jvm -Dzookeeper.request_throttle_max_requests=1 \
	    --jvm -Dzookeeper.throttled_op_wait_time=1 \
	    --jvm -Dzookeeper.request_throttle_stall_time=5
	export ZKRUN_CONNECT=$OWN_CONNECT ZK_CONNECT=$OWN_CONNECT
	for i in 1 2 3; do
		run -0 zkrun -w 10s -i 0 -t "$TASK-$i" -- true
		refute_output
	done
	hold holder "$TASK"
	run -75 zkrun -n -t "$TASK" -- true
	zkrun_bg waiter -t "$TASK" -- sh -c 'exit 42'
	wait_for 20 queue_count "$TASK" 1
	let_go holder
	zkrun_wait waiter 20
	assert_equal "$status" 42
	assert_lock_clean "$TASK"
}

@test "if a server discards all requests, the attempt counts as failed" {
	local word

	start_relay
	relay_tell fail-reply 14 127 0 1000000
	relay_tell fail-reply 15 127 0 1000000
	relay_tell fail-reply 9 127 0 1000000
	for word in "-t $TASK -- true" '--status' "--revoke $TASK"; do
		# shellcheck disable=SC2086 # words
		run -69 zkrun -c "$RELAY_CONNECT" -r 0 --connect-timeout 1s $word
		assert_output --partial 'the server is busy and throttles every request'
	done
}

@test "a holder leaves a server that discards all requests for another one" {
	local both busy=one

	start_relay one
	both=$RELAY_CONNECT
	start_relay two
	both+=,$RELAY_CONNECT
	hold holder "$TASK" -T 8s -c "$both"
	[ "$(relay_count connections one)" -eq 1 ] || busy=two
	relay_tell_to "$busy" fail-reply 14 127 0 1000000
	relay_tell_to "$busy" fail-reply 4 127 0 1000000
	wait_for 10 said holder 'regained contact with ZooKeeper'
	assert_equal "$(relay_count connections "$busy")" 0
	let_go holder
}

@test "zkrun leaves a server that answers that the connection is lost" {
	start_relay
	relay_tell fail-reply 4 4
	run -1 timeout 10 "$ZKRUN" --status -c "$RELAY_CONNECT" "$TASK"
}

@test "zkrun resends a beat that a server discards, and keeps the lease" {
	start_relay
	hold holder "$TASK" -T 4s -c "$RELAY_CONNECT"
	relay_tell reset-stats
	relay_tell fail-reply 14 127
	wait_for 10 relay_counts op14 4
	refute [ -s "$BATS_TEST_TMPDIR/holder.err" ]
	assert_equal "$(relay_count dropped)" 1
	let_go holder
}

@test "if a quota is exceeded, the message says so, and zkrun exits 77" {
	local limits=/zookeeper/quota/lock/mutex/$TASK
	local runs=/zookeeper/quota/lock/runs

	own_server --set enforceQuota=true
	export ZKRUN_CONNECT=$OWN_CONNECT ZK_CONNECT=$OWN_CONNECT
	zk create -p "/lock/mutex/$TASK" >/dev/null
	zk create -p /lock/runs >/dev/null
	zk create -p "$limits" >/dev/null
	zk create -p "$runs" >/dev/null
	zk create "$limits/zookeeper_stats" count=1,bytes=0 >/dev/null
	zk create "$limits/zookeeper_limits" \
	    'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1' >/dev/null
	run -77 zkrun -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	assert_output --partial 'a quota is exceeded (-125)'
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	# The command succeeded, but zkrun could not record the success.
	zk rm "$limits/zookeeper_limits"
	zk create "$runs/zookeeper_stats" count=1,bytes=0 >/dev/null
	zk create "$runs/zookeeper_limits" \
	    'count=-1,bytes=-1=;byteHardLimit=20;countHardLimit=-1' >/dev/null
	run -77 zkrun -i 0 -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	assert_output --partial 'a quota is exceeded (-125)'
	[ -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "if another client changes the ACL of a held lease, the message says so, exit 76" {
	local lease

	hold holder "$TASK" -k 1
	lease=$(lease_of "$TASK")
	zk setacl "$lease" c
	zkrun_wait holder 20
	assert_equal "$status" 76
	run -0 cat "$BATS_TEST_TMPDIR/holder.err"
	assert_output --partial 'an ACL forbids it (-102)'
	refute_output --partial 'no contact'
	assert_lock_clean "$TASK"
}

@test "zkrun refuses a session timeout that is too short to run a command" {
	own_server --tick 10
	run -70 zkrun -n -T 1s -c "$OWN_CONNECT" -t "$TASK" -- true
	assert_output "zkrun: cannot acquire '$TASK': ZooKeeper granted a session timeout of 0.20s, too short to run a command"
	ZK_CONNECT=$OWN_CONNECT assert_lock_clean "$TASK"
}

@test "the message names a missing or misplaced chroot" {
	run -69 zkrun -c "$ZKRUN_CONNECT/no/where" -t "$TASK" -- true
	assert_output "zkrun: cannot acquire '/lock/mutex/$TASK': the chroot of the connect string, '/no/where', does not exist"
	run -64 zkrun -c "h1/a,h2/a" -t "$TASK" -- true
	assert_output --partial 'the chroot may only follow the last server'
}
