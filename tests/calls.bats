#!/usr/bin/env bats
#
# Once the command exists, guard and keeper make no system call that may wait
# for a disk, a file server, a terminal or a process.  strace(1) records their
# calls, and each must be in the table of src/README.md.
#
# Once: sanitizers make additional calls.

load lib/helper

# traced NAME ARG...: start zkrun in the background; strace writes to
# NAME.trace.  Its stdin is a pipe; stdout, stderr and descriptor 9 are files.
traced()
{
	local name=$1

	shift
	mkfifo "$BATS_TEST_TMPDIR/$name.in"
	exec 8<>"$BATS_TEST_TMPDIR/$name.in"
	strace -D -f -y -qq -o "$BATS_TEST_TMPDIR/$name.trace" "$ZKRUN" "$@" \
	    <&8 >"$BATS_TEST_TMPDIR/$name.out" \
	    2>"$BATS_TEST_TMPDIR/$name.err" \
	    9>"$BATS_TEST_TMPDIR/$name.more" 3>&- 8<&- &
	BG_PID=$!
	# shellcheck disable=SC2034 # for helper.bash
	BG[$name]=$BG_PID
	wait_for 10 is_zkrun "$BG_PID"
}

# calls NAME: print the calls of guard and keeper after execve(2) of the
# command.  Omit lines that only report the end of a call, a signal or an exit.
calls()
{
	awk -v guard="$BG_PID" -v keeper="$KEEPER" '
	    $2 ~ /^execve\(/ && $1 != guard { begun = 1 }
	    begun && ($1 == guard || $1 == keeper) && $2 !~ /^(<|\+|-)/' \
	    "$BATS_TEST_TMPDIR/$1.trace"
}

# known: print the calls in the table, one per line.
known()
{
	awk -F '|' '/^## /{inside = /What a loop may call/}
	    inside && $2 ~ /`/ { print $2 }' "$TOP/src/README.md" |
	    grep -oE '`[a-z0-9_]+' | tr -d '`' | sort -u
}

# judge_calls NAME: fail if a call is not in the table, or works on a file of
# the caller.
judge_calls()
{
	local bad

	calls "$1" >"$BATS_TEST_TMPDIR/calls"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/calls")" -gt 20 ] || {
		echo "few calls:"
		cat "$BATS_TEST_TMPDIR/calls"
		return 1
	}
	bad=$(sed -E 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/' \
	    "$BATS_TEST_TMPDIR/calls" | sort -u | comm -23 - <(known))
	assert_equal "not in the table: $bad" "not in the table: "
	# These two calls may use any descriptor.  The other calls use files
	# of /proc, devices in memory, and descriptors without a file name.
	bad=$(grep -vE '^[0-9]+ +(fcntl\([^,]*, F_GETFD|statx\([^,]*, "", AT_STATX_DONT_SYNC)' \
	    "$BATS_TEST_TMPDIR/calls" |
	    grep -E '^[0-9]+ +[a-z0-9_]+\([0-9]+<' |
	    grep -vE '\([0-9]+<(/proc[/>]|/dev/(null|urandom)>|(pipe|socket|anon_inode|TCP|UNIX)[^>]*:)' || true)
	assert_equal "on a file: $bad" "on a file: "
	# Ignore calls that read or send: their data may look like a file name.
	bad=$(grep -vE '^[0-9]+ +(read|pread64|recv[a-z]*|send[a-z]*)\(' "$BATS_TEST_TMPDIR/calls" |
	    grep -E '"/' |
	    grep -vE '"/(proc(/|")|dev/(null|urandom)")' || true)
	assert_equal "by a name: $bad" "by a name: "
}

@test "a normal run makes no call that may wait" {
	traced well -v -t "$TASK" -- sh -c 'sleep 1 & exit 0'
	KEEPER=$(keeper_of "$BG_PID")
	zkrun_wait well 20
	assert_equal $status 0
	judge_calls well
}

@test "a run that loses contact and kills makes no call that may wait" {
	start_relay
	traced lost -v -T 4s -k 0.5s -c "localhost:${RELAY_CONNECT##*:}" \
	    -t "$TASK" -- sh -c 'trap "" TERM; sleep 60 & while :; do sleep 1; done'
	KEEPER=$(keeper_of "$BG_PID")
	# Wait for the lease first: before that, the keeper's child is the
	# resolver.
	wait_for 10 holds_count "$TASK" 1
	wait_for 10 has_command "$BG_PID"
	relay_tell refuse on
	relay_tell cut
	zkrun_wait lost 30
	assert_equal $status 76
	calls lost | grep -q 'SIGKILL'
	judge_calls lost
}

@test "a keeper whose guard is dead makes no call that may wait" {
	traced alone -v -t "$TASK" -- sh -c 'trap "" TERM; while :; do sleep 1; done'
	KEEPER=$(keeper_of "$BG_PID")
	wait_for 10 has_command "$BG_PID"
	kill -KILL "$BG_PID"
	wait_for 20 gone "$KEEPER"
	unset 'BG[alone]'
	judge_calls alone
}
