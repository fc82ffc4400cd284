#!/usr/bin/env bats
#
# A disk, a file server, a pipe or a terminal does not answer.  If zkrun loses
# contact meanwhile, the job is dead before its lease is deleted.  Otherwise the
# job runs on.
#
# Sanitizers must be loaded first, so tests with LD_PRELOAD do nothing under
# them.
#
# Measures: the times at which processes die.

load lib/helper
load lib/deaths
load lib/stalls

setup()
{
	stalls_setup
}

teardown()
{
	end_stalls
}

# dead_in_time STATUS: the fleet has lost contact.  It must be dead before its
# leases are deleted, its successors must begin later, and it must exit with
# STATUS.  The file server answers again before the test judges the exit,
# because the kernel closes files at exit.
dead_in_time()
{
	judge_successors 20
	judge_fleet 20
	answer_files
	end_fleet "$1"
	fleet_clean
}

#
# The bench
#

@test "a process that waits for a stalled disk or file server outlives SIGKILL" {
	local closer writer

	stalling_disk
	file_server
	echo text >"$FILES/3"
	assert_equal "$(<"$FILES/3")" text
	assert_equal "$(wc -c <"$FILES/3")" 5
	stall_files 'flush all'
	freeze_disk
	sh -c 'echo >>"$0"' "$FILES/3" 3>&- &
	closer=$!
	sh -c 'echo >>"$0"' "$DISK/file" 3>&- &
	writer=$!
	wait_for 5 is_stuck $writer
	wait_for 5 grep -q "held flush" "$BATS_TEST_TMPDIR/stallfs"
	kill -KILL $closer $writer
	wait_for 5 is_stuck $closer
	is_stuck $writer
	thaw_disk
	wait_for 5 gone $writer
	is_stuck $closer
	answer_files
	wait_for 5 gone $closer
}

#
# Disks and file servers
#

# start_three_voices: start three zkruns, without an option, with -q and with
# -v.  Their commands ignore TERM, and successors wait for their locks.
start_three_voices()
{
	local options=(-T 2s -k 0.3 -c "$RELAY_CONNECT")

	enlist usual "${options[@]}" -- "$TOOLS/alive" "$(signs usual)" hard
	enlist quiet -q "${options[@]}" -- "$TOOLS/alive" "$(signs quiet)" hard
	enlist verbose -v "${options[@]}" -- \
	    "$TOOLS/alive" "$(signs verbose)" hard
	watch_fleet
	beat_fleet
	queue_successors
}

@test "stderr stalls and contact is lost: the job is dead before its lease is deleted" {
	local name

	stalling_disk
	start_relay
	for name in usual quiet verbose; do
		put_on "$DISK/$name" $name err
	done
	start_three_voices
	freeze_disk
	relay_tell blackhole
	# The process that writes about the lost contact hangs.
	wait_for 5 a_writer_is_stuck "$DISK/verbose"
	# zkrun exits while the disk still stalls.
	dead_in_time 76
}

@test "a file server answers no close of stdout: the job runs on and holds the lock" {
	local name pause_us inherited

	file_server
	exec {inherited}>>"$FILES/9"
	for name in guard keeper both; do
		put_on "$FILES/1" $name out
		hold "$name-first" "$TASK-$name"
		# shellcheck disable=SC2016 # for the inner shell
		enlist $name -T 2s -k 0.3 -- sh -c 'sleep 2.5
		    "$TOOLS/signs" now >"$0"; exit 42' \
		    "$BATS_TEST_TMPDIR/$name.end"
	done
	for name in "${FLEET[@]}"; do
		wait_for 10 queue_count "$TASK-$name" 1
	done
	stall_files "any ${BG[guard]}" "any $(keeper_of "${BG[keeper]}")" \
	    "any ${BG[both]}" "any $(keeper_of "${BG[both]}")"
	for name in "${FLEET[@]}"; do
		let_go "$name-first"
		wait_for 10 has_command "${BG[$name]}"
	done
	queue_successors
	for name in "${FLEET[@]}"; do
		# zkrun's own exit may still stall, but the lease is released.
		zkrun_wait "$name-next" 15
		assert_equal "$name-next: $status" "$name-next: 0"
		[ -s "$BATS_TEST_TMPDIR/$name.end" ]
		pause_us=$(($(<"$BATS_TEST_TMPDIR/$name.begin") -
		    $(<"$BATS_TEST_TMPDIR/$name.end")))
		figure "$name stalls: the next command began $pause_us us" \
		    "after the end of the first"
		[ "$pause_us" -gt 0 ]
	done
	answer_files
	exec {inherited}>&-
	end_fleet 42
	fleet_clean
}

# bats test_tags=long
@test "a file server stops answering and contact is lost: the job is dead before its lease is deleted" {
	local name keeper inherited lines=()

	file_server
	start_relay
	exec {inherited}>>"$FILES/9"
	for name in usual quiet verbose; do
		put_on "$FILES/1" $name out
		put_on "$FILES/2" $name err
	done
	start_three_voices
	for name in "${FLEET[@]}"; do
		keeper=$(keeper_of "${BG[$name]}")
		lines+=("any ${BG[$name]}" "any $keeper")
	done
	stall_files 'write all' 'getattr all' "${lines[@]}"
	relay_tell blackhole
	wait_for 5 grep -q held "$BATS_TEST_TMPDIR/stallfs"
	dead_in_time 76
	exec {inherited}>&-
}

#
# Processes that cannot die
#

@test "guard or keeper cannot be killed: the job is dead before its lease is deleted" {
	can_preload || return 0
	stalling_disk
	start_relay
	stuck_one keeper keeper -T 2s -k 0.3 -c "$RELAY_CONNECT" -- \
	    "$TOOLS/alive" "$(signs keeper)" hard
	stuck_one guard guard -T 2s -k 0.3 -c "$RELAY_CONNECT" -- \
	    "$TOOLS/alive" "$(signs guard)" hard
	watch_fleet
	beat_fleet
	queue_successors
	freeze_disk
	stick
	wait_for 5 is_stuck "$(keeper_of "${BG[keeper]}")"
	relay_tell blackhole
	wait_for 5 is_stuck "${BG[guard]}"
	judge_successors 20
	judge_fleet 20
	FLEET=(keeper)
	# The guard does not wait for a keeper that cannot die.
	end_fleet 76
	thaw_disk
	FLEET=(guard)
	end_fleet 76
	FLEET=(guard keeper)
	fleet_clean
}

# bats test_tags=long
@test "a resolver cannot be killed: the keeper regains contact and beats on" {
	local keeper

	can_preload || return 0
	stalling_disk
	start_relay
	stuck_one resolver run -T 2s -k 0.3 \
	    -c "localhost:${RELAY_CONNECT#*:},slow.invalid:1" -- sh -c \
	    'until [ -e "$0" ]; do sleep 0.05; done; exit 42' \
	    "$BATS_TEST_TMPDIR/end"
	wait_for 20 has_command "${BG[run]}"
	keeper=$(keeper_of "${BG[run]}")
	freeze_disk
	stick
	relay_tell refuse on
	relay_tell cut
	wait_for 5 a_child_is_stuck "$keeper"
	relay_tell heal
	wait_for 5 says_regained run
	# Wait longer than the session lives without a beat.
	beats_on 9
	: >"$BATS_TEST_TMPDIR/end"
	zkrun_wait run 10
	assert_equal "$status" 42
}

says_regained()
{
	grep -q regained "$BATS_TEST_TMPDIR/$1.err"
}

#
# Pipes and terminals
#

# choked TASK: set CHOKED to a zkrun whose command exits 42 when told to.
choked()
{
	CHOKED=("$ZKRUN" -v -T 2s -k 0.3 -c "$RELAY_CONNECT" -t "$1" -- sh -c
	    'until [ -e "$0" ]; do sleep 0.05; done; exit 42'
	    "$BATS_TEST_TMPDIR/end")
}

# survives_choking TASK: zkrun loses contact for a moment, wants to report the
# loss, and must live on.
survives_choking()
{
	wait_for 10 holds_count "$1" 1
	: >"$BATS_TEST_TMPDIR/choke"
	relay_tell cut
	# Wait longer than the session lives without a beat.
	beats_on 9
	holds_count "$1" 1
	: >"$BATS_TEST_TMPDIR/end"
}

@test "the command fills the pipe before zkrun writes: the job runs on" {
	local pipe

	can_preload || return 0
	start_relay
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	# No process ever reads from the pipe.
	exec {pipe}<>"$BATS_TEST_TMPDIR/pipe"
	choked "$TASK"
	CHOKE=$BATS_TEST_TMPDIR/choke LD_PRELOAD=$TOOLS/choke.so \
	    "${CHOKED[@]}" </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/pipe" \
	    3>&- &
	BG[run]=$!
	survives_choking "$TASK"
	: >"$BATS_TEST_TMPDIR/run.err"
	zkrun_wait run 5
	assert_equal "$status" 42
	exec {pipe}>&-
	assert_lock_clean "$TASK"
}

# bats test_tags=long
@test "the user types ^S before zkrun writes: the job runs on" {
	start_relay
	choked "$TASK"
	# shellcheck disable=SC2016 # for the inner shell
	start_terminal sh -c '"$@"; echo "status $?"' sh "${CHOKED[@]}"
	wait_for 10 holds_count "$TASK" 1
	type_keys '\023'
	survives_choking "$TASK"
	assert_lock_clean "$TASK" 5
	type_keys '\021'
	wait_for 5 terminal_says 'status 42'
}

# bats test_tags=long
@test "the user types ^S while the queue is shown: zkrun keeps its place" {
	# Wait longer than the session lives without contact.
	zkrun_bg first -t "$TASK" -- sleep 4
	wait_for 10 holds_count "$TASK" 1
	# shellcheck disable=SC2016 # for the inner shell
	start_terminal sh -c '"$@"; echo "status $?"' sh \
	    "$ZKRUN" -T 2s -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	wait_for 10 terminal_says 'waiting for'
	type_keys '\023'
	zkrun_wait first 10
	wait_for 5 test -e "$BATS_TEST_TMPDIR/ran"
	type_keys '\021'
	wait_for 5 terminal_says 'status 0'
	assert_lock_clean "$TASK"
}

# bats test_tags=long
@test "the terminal is stopped and contact is lost: the job is dead before its lease is deleted" {
	start_relay
	# shellcheck disable=SC2016 # for the inner shell
	start_terminal sh -c '"$@"; echo "status $?"' sh \
	    "$ZKRUN" -v -T 2s -k 0.3 -c "$RELAY_CONNECT" -t "$TASK-tty" -- \
	    env "MARK=$TASK" "$TOOLS/alive" "$(signs tty)" hard
	FLEET=(tty)
	watch_fleet
	beat_fleet
	queue_successors
	type_keys '\023'
	relay_tell blackhole
	judge_successors 20
	judge_fleet 20
	type_keys '\021'
	wait_for 10 terminal_says 'status 76'
}

#
# The caller's open files
#

@test "zkrun keeps the caller's POSIX lock until zkrun ends" {
	mkfifo "$BATS_TEST_TMPDIR/out"
	sh -c 'cat <"$1/out" >/dev/null; : >"$1/eof"' sh "$BATS_TEST_TMPDIR" \
	    3>&- &
	HELPERS+=($!)
	"$TOOLS/posixlock" "$BATS_TEST_TMPDIR/lock" "$ZKRUN" -t "$TASK" -- \
	    sh -c 'exec sleep 600 >/dev/null' </dev/null \
	    >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/run.err" 3>&- &
	BG[run]=$!
	# The pipe ends when guard and keeper have closed it.
	wait_for 10 test -e "$BATS_TEST_TMPDIR/eof"
	wait_for 10 has_command "${BG[run]}"
	run -1 "$TOOLS/posixlock" "$BATS_TEST_TMPDIR/lock" true
	kill -TERM "${BG[run]}"
	zkrun_wait run 10
	assert_equal "$status" 143
	run -0 "$TOOLS/posixlock" "$BATS_TEST_TMPDIR/lock" true
}
