# stalls.bash: make disks, file servers and processes stop answering, and queue
# successors behind a job.  A file that loads this must load helper and deaths
# as well.
#
# A test calls stalling_disk or file_server; teardown calls end_stalls.
# shellcheck shell=bash
# shellcheck disable=SC2154 # status is set by zkrun_wait

stalls_setup()
{
	bench_setup
	DISK='' FILES='' STALLS=$BATS_TEST_TMPDIR/stalls
	declare -ga FLEET=()
}

# Resume everything first, because a process that is stuck cannot end.
end_stalls()
{
	local rc=0

	thaw_disk
	answer_files
	kill_marked
	stop_all || rc=1
	if [ -n "$DISK" ]; then
		wait_for 10 umount "$DISK" || rc=1
	fi
	if [ -n "$FILES" ]; then
		umount -l "$FILES" || rc=1
	fi
	return $rc
}

#
# Stalls
#

# stalling_disk: mount an ext4 file system in a file, and set DISK.
stalling_disk()
{
	local image=$BATS_TEST_TMPDIR/image

	[ "$EUID" -eq 0 ] || skip 'mounts a disk of its own'
	truncate -s 8M "$image"
	mkfs.ext4 -q "$image"
	mkdir "$BATS_TEST_TMPDIR/disk"
	mount -o loop,noatime "$image" "$BATS_TEST_TMPDIR/disk" ||
	    skip 'no loop device here'
	DISK=$BATS_TEST_TMPDIR/disk
}

# freeze_disk: from now on, make every process that writes to DISK wait.  Not
# even SIGKILL ends such a process.
freeze_disk()
{
	fsfreeze --freeze "$DISK"
}

thaw_disk()
{
	[ -z "$DISK" ] || fsfreeze --unfreeze "$DISK" 2>/dev/null || true
}

# file_server: mount stallfs, with files 0 to 9, and set FILES.
file_server()
{
	[ "$EUID" -eq 0 ] || skip 'mounts a file system of its own'
	[ -c /dev/fuse ] || skip 'no /dev/fuse here'
	mkdir "$BATS_TEST_TMPDIR/files"
	: >"$STALLS"
	"$TOOLS/stallfs" "$BATS_TEST_TMPDIR/files" "$STALLS" \
	    >"$BATS_TEST_TMPDIR/stallfs" 2>&1 3>&- &
	HELPERS+=($!)
	wait_for 5 grep -q up "$BATS_TEST_TMPDIR/stallfs" || {
		cat "$BATS_TEST_TMPDIR/stallfs" >&2
		return 1
	}
	FILES=$BATS_TEST_TMPDIR/files
}

# stall_files LINE...: name the requests that the server does not answer; see
# stallfs.
stall_files()
{
	printf '%s\n' "$@" >"$STALLS.new"
	mv "$STALLS.new" "$STALLS"
}

answer_files()
{
	[ -z "$FILES" ] || : >"$STALLS"
}

# put_on FILE NAME out|err: a zkrun that starts later sends this output to FILE.
put_on()
{
	: >"$1"
	ln -s "$1" "$BATS_TEST_TMPDIR/$2.$3"
}

# stuck_one WHO NAME ARG...: as enlist NAME ARG..., but once freeze_disk and
# stick have run, process WHO of this zkrun waits for DISK.
stuck_one()
{
	local -x STUCK=$1 STUCK_FILE=$DISK/stuck
	local -x STUCK_WHEN=$BATS_TEST_TMPDIR/stuck LD_PRELOAD=$TOOLS/stuck.so

	: >"$STUCK_FILE"
	shift
	enlist "$@"
}

stick()
{
	: >"$BATS_TEST_TMPDIR/stuck"
}

# is_stuck PID, a_child_is_stuck PID: does a thread sleep uninterruptibly?
is_stuck()
{
	grep -qE '^State:[[:space:]]*D' "/proc/$1/task"/*/status
}

a_child_is_stuck()
{
	local pid

	for pid in $(children_of "$1"); do
		! is_stuck "$pid" || return 0
	done
	return 1
}

# a_writer_is_stuck FILE: is a process that has FILE open stuck?
a_writer_is_stuck()
{
	local pid

	while read -r pid; do
		! is_stuck "$pid" || return 0
	done < <(find /proc/[0-9]*/fd -lname "$1" 2>/dev/null | cut -d / -f 3)
	return 1
}

#
# Successors
#

# queue_successors: queue a command behind each of FLEET.  Each command records
# the time when it begins.
queue_successors()
{
	local name

	for name in "${FLEET[@]}"; do
		# shellcheck disable=SC2016 # for the inner shell
		zkrun_bg "$name-next" -t "$TASK-$name" -- \
		    sh -c '"$TOOLS/signs" now >"$0"' \
		    "$BATS_TEST_TMPDIR/$name.begin" || return 1
		wait_for 10 queue_count "$TASK-$name" 1 || return 1
	done
}

# judge_successors SECONDS: fail unless each of FLEET was dead before its
# successor began.
judge_successors()
{
	local name last begin least='' rc=0

	for name in "${FLEET[@]}"; do
		zkrun_wait "$name-next" "$1" || return 1
		assert_equal "$name-next: $status" "$name-next: 0" || return 1
		last=$("$TOOLS/lastsign" "$(signs "$name")")
		begin=$(($(<"$BATS_TEST_TMPDIR/$name.begin") - ${last/./}))
		[ "$begin" -gt 0 ] || {
			echo "$name: alive $((-begin)) us or more after" \
			    "the next command began" >&2
			rc=1
		}
		if [ -z "$least" ] || [ "$begin" -lt "$least" ]; then
			least=$begin
		fi
	done
	figure "the next command began $least us or more after the last sign"
	return $rc
}

# relay_has_beaten N: have N beats passed since reset-stats?
relay_has_beaten()
{
	[ "$(relay_count op14)" -ge "$1" ]
}

# beats_on N: wait for N more beats through the relay.
beats_on()
{
	relay_tell reset-stats
	wait_for 10 relay_has_beaten "$1"
}
