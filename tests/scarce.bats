#!/usr/bin/env bats
#
# The machine lacks descriptors, processes, memory, or files that usually exist.
# zkrun may fail, but reports the failure, and exits 0 only if the command ran.

load lib/helper
load lib/deaths

MARKER()
{
	echo "${PLACE:-$BATS_TEST_TMPDIR}/marker"
}

# honest WHAT COMMAND...: COMMAND ends, and exits 0 if and only if the marker
# was made.  Count the result in TRUE or FALSE.
honest()
{
	local what=$1 rc=0 ran=no

	shift
	rm -f "$(MARKER)"
	timeout -k 5 60 "$@" 2>"$BATS_TEST_TMPDIR/err" 3>&- || rc=$?
	[ ! -e "$(MARKER)" ] || ran=yes
	case $rc.$ran in
	0.yes)	TRUE=$((TRUE + 1)) ;;
	0.no | 124.* | 137.*)
		echo "$what: exit status $rc, the command ran: $ran"
		cat "$BATS_TEST_TMPDIR/err"
		return 1 ;;
	*)	FALSE=$((FALSE + 1)) ;;
	esac
}

@test "with too few descriptors zkrun reports this and starts nothing, or the command runs" {
	local n connect TRUE=0 FALSE=0

	# A sanitizer that cannot open its report's file hangs.
	! asan || return 0
	for connect in "$ZKRUN_CONNECT" "localhost:${ZKRUN_CONNECT#*:}"; do
		for n in {3..32}; do
			honest "$n, $connect" bash -c 'ulimit -n "$0"; exec "$@"' \
			    $n "$ZKRUN" --syslog -r 0 --connect-timeout 2s \
			    -c "$connect" -t "$TASK" -- touch "$(MARKER)"
		done
	done
	echo "$FALSE failed, $TRUE ran"
	[ $TRUE -ge 10 ]
	[ $FALSE -ge 10 ]
	assert_lock_clean "$TASK"
}

# few_descriptors N NAME OPTION...: start a zkrun with N descriptors.  Its
# command ignores TERM, and so does a process that the command starts in a
# session of its own.
few_descriptors()
{
	local n=$1 name=$2

	shift 2
	# shellcheck disable=SC2016 # for the inner shells
	bash -c 'ulimit -n "$0"; exec "$@"' "$n" "$ZKRUN" -r 0 -k 0.3 "$@" \
	    -t "$TASK-$name" -- env "MARK=$TASK-$name" sh -c 'trap "" TERM
		setsid sleep 600 &
		touch "$0"
		sleep 600' "$(MARKER).$name" </dev/null \
	    >/dev/null 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
	BG[$name]=$!
	wait_for 5 is_zkrun "$!"
}

has_begun()
{
	[ -e "$(MARKER).$1" ] || gone "${BG[$1]}"
}

# all_dead NAME STATUS: zkrun kills its command and all processes of the command
# in time and exits with STATUS.  Count the run in TRUE if the command was
# started, else in FALSE.
all_dead()
{
	zkrun_wait "$1" 5
	if [ ! -e "$(MARKER).$1" ]; then
		[ "$status" -ne 0 ]
		FALSE=$((FALSE + 1))
		return
	fi
	TRUE=$((TRUE + 1))
	assert_equal "$1: $status" "$1: $2" &&
	    assert_equal "$1: $(marked "$TASK-$1")" "$1: " || {
		cat "$BATS_TEST_TMPDIR/$1.err"
		return 1
	}
	assert_lock_clean "$TASK-$1"
}

@test "with few descriptors zkrun kills every process that the command started, or starts nothing" {
	local n TRUE=0 FALSE=0

	# A sanitizer that cannot open its report's file hangs.
	! asan || return 0
	for n in {4..20}; do
		few_descriptors "$n" "time$n" -m 0.5
		few_descriptors "$n" "lost$n"
	done
	for n in {4..20}; do
		wait_for 10 has_begun "time$n"
		wait_for 10 has_begun "lost$n"
		[ ! -e "$(MARKER).lost$n" ] || zk rm \
		    "/lock/mutex/$TASK-lost$n/leases/$(holders "$TASK-lost$n")"
	done
	for n in {4..20}; do
		all_dead "time$n" 124
		all_dead "lost$n" 76
	done
	echo "$FALSE were not started, $TRUE were"
	[ $FALSE -ge 2 ]
	[ $TRUE -ge 6 ]
}

@test "with too few processes zkrun reports this and starts nothing, or the command runs" {
	local n PLACE TRUE=0 FALSE=0

	[ "$(id -u)" -eq 0 ] || skip 'needs another user'
	PLACE=$(mktemp -d)
	cp "$ZKRUN" "$PLACE/zkrun"
	chmod 755 "$PLACE/zkrun"
	chmod 777 "$PLACE"
	# The leak check would need a process of its own.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	for n in {1..8}; do
		# Each run has its own user: only its own processes count, not
		# the dead ones of an earlier run.
		honest "$n" setpriv --reuid=$((54400 + n)) --regid=54400 \
		    --clear-groups bash -c 'ulimit -u "$0"; exec "$@"' $n \
		    "$PLACE/zkrun" --syslog -r 0 --connect-timeout 2s \
		    -c "localhost:${ZKRUN_CONNECT#*:}" -t "$TASK" -- \
		    touch "$(MARKER)"
		assert_lock_clean "$TASK"
	done
	rm -rf "$PLACE"
	[ $TRUE -ge 1 ]
	[ $FALSE -ge 2 ]
}

# set_user N: set AS_USER, a prefix that runs a command as a user with at most N
# processes and no other process.  Set PLACE to a directory with a zkrun that
# this user can run.
set_user()
{
	[ "$EUID" -eq 0 ] || skip 'needs another user'
	PLACE=$(mktemp -d)
	cp "$ZKRUN" "$PLACE/zkrun"
	chmod 755 "$PLACE" "$PLACE/zkrun"
	# The leak check would need a process of its own.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	# shellcheck disable=SC2016 # for the inner shell
	AS_USER=(setpriv "--reuid=$((54420 + $1))" --regid=54420 --clear-groups
	    bash -c 'ulimit -u "$0"; exec "$@"' "$1")
}

@test "zkrun reports if it cannot fork the logger for --syslog" {
	local PLACE AS_USER

	# Guard and keeper are two processes.
	set_user 2
	run "${AS_USER[@]}" "$PLACE/zkrun" --syslog -r 0 -t "$TASK" -- true 3>&-
	[ "$status" -ne 0 ]
	assert_output --partial "cannot write to syslog: "
	assert_lock_clean "$TASK"
	rm -r "$PLACE"
}

@test "no fork succeeds and contact is lost: the command is dead in time, with at most one message" {
	local PLACE AS_USER keeper pid

	set_user 9
	cp "$TOOLS/alive" "$PLACE"
	mkdir -m 777 "$PLACE/signs"
	ln -s "$PLACE/signs/run" "$(signs run)"
	start_relay
	"${AS_USER[@]}" "$PLACE/zkrun" -T 2s -k 0.3 \
	    -c "localhost:${RELAY_CONNECT#*:}" -t "$TASK-run" -- \
	    "$PLACE/alive" "$PLACE/signs/run" hard \
	    </dev/null 2>"$BATS_TEST_TMPDIR/run.err" 3>&- &
	BG[run]=$!
	wait_for 10 has_signs run
	start_witness run "$TASK-run"
	keeper=$(keeper_of "${BG[run]}")
	for pid in "${BG[run]}" "$keeper"; do
		"${AS_USER[@]}" prlimit --pid "$pid" --nproc=1
	done
	# The keeper resolves the name again, which needs a process.
	relay_tell refuse on
	relay_tell cut
	wait_for 10 saw_lease_go run
	judge_one run
	figure "dead $AHEAD_US us before the lease went"
	zkrun_wait run 10
	cat "$BATS_TEST_TMPDIR/run.err"
	assert_equal "$status" 76
	[ "$(grep -c 'cannot resolve' "$BATS_TEST_TMPDIR/run.err")" -le 1 ]
	assert_lock_clean "$TASK-run"
	rm -r "$PLACE"
}

@test "with too little memory zkrun starts nothing, or the command runs" {
	local kb TRUE=0 FALSE=0

	# A sanitizer reserves terabytes of its own.
	! asan || return 0
	ulimit -c 0
	for ((kb = 20; kb <= 1000; kb += 20)); do
		honest "$kb kB" bash -c 'ulimit -d "$0"; exec "$@"' $kb \
		    "$ZKRUN" -r 0 --connect-timeout 2s -t "$TASK" -- \
		    touch "$(MARKER)"
	done
	echo "$FALSE failed, $TRUE ran"
	[ $TRUE -ge 10 ]
	[ $FALSE -ge 1 ]
	assert_lock_clean "$TASK" 20
}

@test "the reader of zkrun's stderr has exited: the command runs on and its status counts" {
	local rc=0

	zkrun -v -c "127.0.0.1:1,$ZKRUN_CONNECT" -t "$TASK" -- sh -c \
	    'exit 3' 2> >(:) || rc=$?
	assert_equal "$rc" 3
	assert_lock_clean "$TASK"
}

# own_mounts: set OWN_MOUNTS, a prefix for a mount namespace of its own, as
# root.
own_mounts()
{
	OWN_MOUNTS=(unshare --mount)
	[ "$EUID" -eq 0 ] || OWN_MOUNTS=(unshare --map-root-user --mount)
}

@test "zkrun exits 71 if stdin is closed and there is no /dev/null to replace it" {
	own_mounts
	mkdir "$BATS_TEST_TMPDIR/dev"
	run -71 "${OWN_MOUNTS[@]}" sh -c 'mount --bind "$1/dev" /dev && shift &&
	    exec "$@" <&- 2>&1' sh "$BATS_TEST_TMPDIR" "$ZKRUN" -t "$TASK" -- \
	    touch "$(MARKER)" 3>&-
	assert_output "zkrun: cannot open '/dev/null': No such file or directory"
	[ ! -e "$(MARKER)" ]
}

@test "PID 1 of a container exits 128+n, because no signal can kill it" {
	local how=(unshare --pid --fork --mount-proc)

	[ "$EUID" -eq 0 ] || how=(unshare --map-root-user "${how[@]:1}")
	hold holder "$TASK"
	"${how[@]}" "$ZKRUN" -t "$TASK" -- true 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	HELPERS+=($!)
	wait_for 10 queue_count "$TASK" 1
	kill -TERM "$(children_of "$!")"
	wait_for 10 gone "$!"
	status=0
	wait "$!" || status=$?
	assert_equal "$status" 143
	queue_count "$TASK" 0
	let_go holder
}

# start_where_proc_is_wrong COMMAND...: COMMAND is a prefix that makes /proc
# wrong.
start_where_proc_is_wrong()
{
	run -71 "$@" "$ZKRUN" -c "$ZKRUN_CONNECT" -t "$TASK" -- \
	    touch "$(MARKER)"
	assert_output --partial "zkrun: cannot find processes: "
	assert_equal "${#lines[@]}" 1
}

@test "zkrun exits 71 and starts nothing if /proc is missing or shows other processes" {
	local without='umount -l /proc && exec "$@"' as=()

	[ "$EUID" -eq 0 ] || as=(sudo -n)
	start_where_proc_is_wrong "${as[@]}" unshare --pid --fork
	# Sanitizers do not start without /proc.
	asan || start_where_proc_is_wrong "${as[@]}" unshare --mount \
	    sh -c "$without" sh
	[ ! -e "$(MARKER)" ]
	assert_lock_clean "$TASK"
}

# hide_children PID: nobody can open the 'children' file of PID and of its
# descendants, as if the kernel had none.  A socket is mounted over it.
hide_children()
{
	local pid=$1 below

	for below in $(children_of "$pid"); do
		hide_children "$below"
	done
	nsenter --mount --root --target "$pid" mount --bind \
	    "$BATS_TEST_TMPDIR/socket" "/proc/$pid/task/$pid/children"
}

@test "if the kernel lists no children, zkrun still finds and kills every process" {
	[ "$(id -u)" -eq 0 ] || skip 'mounts over files of /proc'
	"$TOOLS/logsink" "$BATS_TEST_TMPDIR/socket" /dev/null 3>&- &
	HELPERS+=($!)
	wait_for 5 test -S "$BATS_TEST_TMPDIR/socket"
	own_mounts
	"${OWN_MOUNTS[@]}" "$ZKRUN" -g -t "$TASK" -- env "MARK=$TASK" sh -c '
	    setsid sh -c "sleep 600; :" & sleep 600; :' </dev/null \
	    2>"$BATS_TEST_TMPDIR/run.err" 3>&- &
	# shellcheck disable=SC2034 # for helper.bash
	BG[run]=$!
	wait_for 5 is_zkrun "$!"
	wait_for 10 marked_count "$TASK" 4
	hide_children "$!"
	# -g passes the signal on to every process below.
	kill -TERM "$!"
	zkrun_wait run 10
	assert_equal "$status" 143
	marked_count "$TASK" 0
	lock_clean "$TASK"
}

@test "if the guard is stopped and its link is full, no report of the end is lost" {
	local keeper i

	zkrun_bg run -t "$TASK" -- sh -c \
	    'until [ -e "$1" ]; do sleep 0.02; done; exit 7' sh "$(MARKER)"
	wait_for 10 has_command "$BG_PID"
	keeper=$(keeper_of "$BG_PID")
	kill -STOP "$BG_PID"
	wait_for 5 in_state "$BG_PID" T
	# The keeper sends the guard one message for each of these signals.
	for ((i = 0; i < 1000; i++)); do
		kill -34 "$keeper"
	done
	: >"$(MARKER)"
	wait_for 10 lock_clean "$TASK"
	kill -CONT "$BG_PID"
	zkrun_wait run 10
	cat "$BATS_TEST_TMPDIR/run.err"
	assert_equal "$status" 7
}
