#!/usr/bin/env bats
#
# Test the tests' own tools.  A witness that sees nothing, a relay that drops
# nothing or a checker that cannot fail would make every other test worthless.

load lib/helper

hold_node()
{
	sleep 60 | "$TOOLS/znode" -c "$ZKRUN_CONNECT" create -p --ephemeral \
	    "$1" >/dev/null 2>&1 3>&- &
	HELPERS+=($!)
	wait_for 5 zk stat "$1"
}

# hold_node leaves a sleep behind, which the test has to kill.
end_holders()
{
	local pid

	for pid in $(leftovers); do
		kill -KILL "$pid" || true
	done
}

@test "znode makes, shows, changes and removes nodes" {
	run zk create -p "/bench/$TASK/a" hello
	assert_success
	assert_output "/bench/$TASK/a"
	run zk get "/bench/$TASK/a"
	assert_output hello
	zk set "/bench/$TASK/a" changed
	run zk get "/bench/$TASK/a"
	assert_output changed
	run zk acl "/bench/$TASK/a"
	assert_output world:anyone:rwcda
	run zk create --sequential "/bench/$TASK/s-"
	assert_output "/bench/$TASK/s-0000000001"
	run zk ls "/bench/$TASK"
	assert_output $'a\ns-0000000001'
	zk rmr "/bench/$TASK"
	run -1 zk ls "/bench/$TASK"
}

@test "znode tells an error from a missing node" {
	run -1 zk stat /never/there
	run -2 zk bogus /
	run -2 zk create --container --ephemeral /x
}

@test "znode expire ends another client's session at once" {
	local session

	hold_node "/bench/$TASK/e"
	session=$(session_of "/bench/$TASK/e")
	zk expire "$session"
	run -1 zk stat "/bench/$TASK/e"
	run -1 zk expire "$session"
	end_holders
}

@test "znode watch reports nodes that appear and disappear" {
	local out=$BATS_TEST_TMPDIR/watch

	"$TOOLS/znode" -c "$ZKRUN_CONNECT" watch "/bench/$TASK" >"$out" 3>&- &
	HELPERS+=($!)
	wait_for 5 grep -q watching "$out"
	zk create -p "/bench/$TASK/x"
	wait_for 5 grep -Eq '^[0-9]+\.[0-9]{3} \+ x$' "$out"
	zk rm "/bench/$TASK/x"
	wait_for 5 grep -Eq '^[0-9]+\.[0-9]{3} - x$' "$out"
}

@test "the relay drops the reply of a request that the server carries out" {
	start_relay
	relay_tell drop-reply 1 1 then-cut
	ZK_CONNECT=$RELAY_CONNECT run -2 zk create "/dropped-$TASK"
	zk rm "/dropped-$TASK"
	assert_equal "$(relay_count dropped)" 1
	assert_equal "$(relay_count op1)" 1
	ZK_CONNECT=$RELAY_CONNECT zk create "/passed-$TASK"
	zk rm "/passed-$TASK"
}

@test "the relay freezes, refuses and swallows connections, and then forwards them again" {
	start_relay
	# Frozen bytes pass after the thaw, on the same connection.
	relay_tell freeze
	ZK_CONNECT=$RELAY_CONNECT zk ls / >"$BATS_TEST_TMPDIR/ls" 3>&- &
	HELPERS+=($!)
	relay_seen() { [ "$(relay_count up)" -gt 0 ]; }
	wait_for 5 relay_seen
	assert_equal "$(relay_count down)" 0
	relay_tell thaw
	wait_for 5 grep -q zookeeper "$BATS_TEST_TMPDIR/ls"

	relay_tell refuse on
	run timeout 1 "$TOOLS/znode" -c "$RELAY_CONNECT" ls /
	assert_equal "$status" 124
	relay_tell refuse off
	relay_tell blackhole up
	run timeout 1 "$TOOLS/znode" -c "$RELAY_CONNECT" ls /
	assert_equal "$status" 124
	relay_tell heal
	ZK_CONNECT=$RELAY_CONNECT zk ls /
}

@test "the relay delays by the given time, and cuts connections" {
	local before took

	start_relay relay "$ZKRUN_CONNECT" -d 100
	before=$(now_us)
	ZK_CONNECT=$RELAY_CONNECT zk ls /
	took=$((($(now_us) - before) / 1000))
	# Handshake and request take a delay each way.  The close may add one
	# more.
	[ $took -ge 400 ]
	[ $took -lt 1500 ]
	relay_tell delay 0
	"$TOOLS/znode" -c "$RELAY_CONNECT" watch / >"$BATS_TEST_TMPDIR/w" 3>&- &
	HELPERS+=($!)
	wait_for 5 grep -q watching "$BATS_TEST_TMPDIR/w"
	relay_tell cut
	relay_again() { [ "$(relay_count accepted)" -ge 3 ]; }
	wait_for 5 relay_again
	run relay_tell bogus
	assert_failure
	assert_output 'error cannot do that'
}

@test "overlap finds overlapping runs, and none in a sound file" {
	local f=$BATS_TEST_TMPDIR/stamps

	"$TOOLS/stamp" "$f" a 1
	"$TOOLS/stamp" "$f" b 1
	run -0 "$TOOLS/overlap" "$f"
	assert_output --partial 'runs=2 ids=2 overlaps=0 max_concurrent=1'
	printf '%s\n' 'begin 10 a' 'begin 15 b' 'end 20 a' 'end 30 b' >"$f"
	run -1 "$TOOLS/overlap" "$f"
	assert_output --partial 'runs=2 ids=2 overlaps=1 max_concurrent=2'
	run -0 "$TOOLS/overlap" -n 2 "$f"
	# A run without an end counts as a moment or, with -k, as endless.
	printf '%s\n' 'begin 10 a' 'begin 15 b' 'end 20 b' >"$f"
	run -0 "$TOOLS/overlap" "$f"
	assert_output --partial 'open=1'
	run -1 "$TOOLS/overlap" -k "$f"
	echo 'end 40 c' >>"$f"
	run -2 "$TOOLS/overlap" "$f"
	: >"$f"
	run -2 "$TOOLS/overlap" "$f"
}

@test "the Curator client acquires, refuses, releases and contends without overlap" {
	start_curator
	curator_say acquire A "/lock/mutex/$TASK" -1
	curator_expect 10 A acquired
	holds_count "$TASK" 1
	curator_say acquire B "/lock/mutex/$TASK" 0
	curator_expect 10 B refused
	curator_say release A
	curator_expect 10 A released
	curator_say acquire B "/lock/mutex/$TASK" 0
	curator_expect 10 B acquired
	curator_say release B
	curator_expect 10 B released
	curator_say contend 3 "/lock/mutex/$TASK" 1 "$BATS_TEST_TMPDIR/stamps"
	curator_expect 20 contend done
	run -0 "$TOOLS/overlap" "$BATS_TEST_TMPDIR/stamps"
	assert_output --partial ids=3
	assert_lock_clean "$TASK"
}

@test "assert_lock_clean fails if a node is left" {
	zk create -p "/lock/mutex/$TASK/leases/foreign"
	run assert_lock_clean "$TASK" 1
	assert_failure
	assert_output --partial leases/foreign
	zk rm "/lock/mutex/$TASK/leases/foreign"
	assert_lock_clean "$TASK"
}

@test "a test's own server stops, starts again, freezes and thaws" {
	own_server
	ZK_CONNECT=$OWN_CONNECT zk create /kept
	timeout 30 "$SANDBOX" kill "$OWN_DIR"
	timeout 90 "$SANDBOX" restart "$OWN_DIR"
	ZK_CONNECT=$OWN_CONNECT zk stat /kept
	"$SANDBOX" freeze "$OWN_DIR"
	run timeout 1 "$TOOLS/znode" -c "$OWN_CONNECT" ls /
	assert_equal "$status" 124
	"$SANDBOX" thaw "$OWN_DIR"
	ZK_CONNECT=$OWN_CONNECT zk ls /
}

@test "stop_all finds the processes that a test leaves behind" {
	(setsid sleep 60 >/dev/null 2>&1 3>&- &)
	wait_for 5 not nothing_left
	run stop_all
	assert_failure
	assert_output --partial 'left behind: '
	wait_for 5 nothing_left
}

# repeats BATS TAP: run repeat_failed on a TAP file of the file f.  Print the
# output, and the lines of the TAP file afterwards.  The command BATS runs f.
repeats()
{
	logs=$BATS_TEST_TMPDIR scratch=$BATS_TEST_TMPDIR repeated=0
	echo tests/f.bats >"$logs/shared"
	printf '%s\n' "${@:2}" >"$logs/plain-f.tap"
	run_bats() { "$bats" "${select[1]}"; }
	start_lane() { true; }
	stop_lane() { true; }
	local bats=$1
	# shellcheck source=tests/lib/repeat.bash
	. "$TOP/tests/lib/repeat.bash"
	repeat_failed plain
	cat "$logs/plain-f.tap"
}

passes()
{
	[ "$1" = '^a \(b\)\|\[c\]$' ] && echo 'ok 1 x'
}

fails_third()
{
	echo >>"$BATS_TEST_TMPDIR/calls"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/calls")" -lt 3 ] && echo 'ok 1 x'
}

@test "a test that failed in a lane has to pass three times by itself" {
	local tap=('ok 1 z in 1ms' 'not ok 2 a (b)|[c] in 2ms' '# exit status 1')

	run -0 repeats passes "${tap[@]}"
	assert_line --index 0 --partial "'a (b)|[c]' failed beside others"
	assert_line --index 2 'ok 2 a (b)|[c] in 2ms'
	assert_line --index 3 '# exit status 0'
	run -0 repeats fails_third "${tap[@]}"
	assert_output "$(printf '%s\n' "${tap[@]}")"
	# The repeated run has no test of that name.
	run -0 repeats true "${tap[@]}"
	assert_output "$(printf '%s\n' "${tap[@]}")"
	# After four failures no test is repeated.
	tap=('not ok '{1,2,3,4}' a in 1ms' '# exit status 1')
	run -0 repeats passes "${tap[@]}"
	assert_output "$(printf '%s\n' "${tap[@]}")"
}
