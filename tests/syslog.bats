#!/usr/bin/env bats
#
# --syslog: what arrives, and that no logger, however slow or dead, is waited
# for.  The logger is a program of ours, behind a /dev/log that nobody but the
# zkrun of the test sees: the machine's own is left alone.

load lib/helper

setup()
{
	bench_setup
	LOG=$BATS_TEST_TMPDIR/log
	SOCKET=$BATS_TEST_TMPDIR/socket
	SINK=''
	set_own_dev
}

# set_own_dev [OPTION-OF-UNSHARE...]: before a command, a /dev of its own whose log leads to $SOCKET, and the pid
# of what runs there in $BATS_TEST_TMPDIR/pid.  Root may do that, and who may be
# root among their own names, or by sudo(8).
set_own_dev()
{
	local script

	mkdir -p "$BATS_TEST_TMPDIR/dev"
	# shellcheck disable=SC2016 # expanded by the inner shell
	script='set -e
	    dev=$0/dev
	    mount -t tmpfs -o mode=755 own "$dev"
	    for i in full null random tty urandom zero; do
		[ -e "/dev/$i" ] || continue
		: >"$dev/$i"
		mount --bind "/dev/$i" "$dev/$i"
	    done
	    ln -s /proc/self/fd "$dev/fd"
	    ln -s "$0/socket" "$dev/log"
	    mount --rbind "$dev" /dev
	    echo $$ >"$0/pid"
	    exec "$@"'
	if [ "$EUID" -eq 0 ]; then
		OWN_DEV=(unshare --mount "$@")
	else
		OWN_DEV=(unshare --map-root-user --mount "$@")
	fi
	OWN_DEV+=(bash -c "$script" "$BATS_TEST_TMPDIR")
	"${OWN_DEV[@]}" true 3>&- && return
	OWN_DEV=(sudo -n -E unshare --mount "$@" bash -c "$script"
	    "$BATS_TEST_TMPDIR" setpriv "--reuid=$(id -u)" "--regid=$(id -g)"
	    --init-groups)
	"${OWN_DEV[@]}" true 3>&-
}

start_sink()
{
	"$TOOLS/logsink" "$SOCKET" "$LOG" 3>&- &
	SINK=$!
	HELPERS+=("$SINK")
	wait_for 5 test -S "$SOCKET"
}

# A logger that is there and reads no more.
stop_sink()
{
	kill -STOP "$SINK"
	wait_for 5 in_state "$SINK" T
	timeout 10 "$TOOLS/logsink" -f "$SOCKET"
}

# logged ARG...: a zkrun with that /dev.
logged()
{
	timeout -k 5 60 "${OWN_DEV[@]}" "$ZKRUN" "$@" 3>&-
}

# logged_bg NAME ARG...: the same in the background; its pid is in LOGGED_PID.
logged_bg()
{
	local name=$1

	shift
	rm -f "$BATS_TEST_TMPDIR/pid"
	"${OWN_DEV[@]}" "$ZKRUN" "$@" </dev/null \
	    >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err" \
	    3>&- &
	# shellcheck disable=SC2034 # for helper.bash
	BG[$name]=$!
	wait_for 5 test -s "$BATS_TEST_TMPDIR/pid"
	LOGGED_PID=$(<"$BATS_TEST_TMPDIR/pid")
	wait_for 5 is_zkrun "$LOGGED_PID"
	wait_for 10 has_command "$LOGGED_PID"
}

# arrived PRIORITY TEXT: one such line, of a zkrun, within a moment.
arrived()
{
	local line="^<$1>[A-Z][a-z]{2} [ 0-9:]{11} zkrun\[[0-9]+\]: $2\$"

	wait_for 5 grep -aqE "$line" "$LOG" && return
	echo "no $line in:"
	cat "$LOG"
	return 1
}

# loggers: the processes of this test's zkruns that write to syslog(3), without
# the ones that they have for each message.
loggers()
{
	local parent pid

	for pid in $(pgrep -x zklogger); do
		# Those of a message come and go.
		parent=$(ps -o ppid= -p "$pid") || continue
		if grep -azqsF "zklogger: $TASK: logging" "/proc/$pid/cmdline" &&
		    [ "$(ps -o comm= -p "${parent// /}")" != zklogger ]; then
			echo "$pid"
		fi
	done
}

loggers_count()
{
	[ "$(loggers | wc -l)" -eq "$1" ]
}

# A task that is taken: by a node that is nobody's.
take_task()
{
	zk create -p "/lock/mutex/$TASK/leases/foreign"
}

# in_time MS COMMAND...: it takes no longer; its status.
in_time()
{
	local limit=$1 begin took rc=0

	shift
	begin=$(now_us)
	"$@" || rc=$?
	took=$((($(now_us) - begin) / 1000))
	[ $took -le "$limit" ] || {
		echo "took ${took}ms, more than ${limit}ms: $*"
		return 1
	}
	return $rc
}

#
# What arrives
#

@test "errors and notices arrive, with facility and priority, and on stderr" {
	start_sink
	take_task
	run -75 logged --syslog -n -t "$TASK" -- true
	assert_output "zkrun: cannot acquire '$TASK': it is taken"
	arrived 29 "cannot acquire '$TASK': it is taken"
	run -127 logged --syslog -t "$TASK-x" -- /none
	assert_output "zkrun: cannot run '/none': No such file or directory"
	arrived 27 "cannot run '/none': No such file or directory"
	run -69 logged --syslog -r 0 -c 127.0.0.1:1 -t "$TASK" -- true
	arrived 27 "cannot reach ZooKeeper for '$TASK': .*"
	# Each once.
	assert_equal "$(grep -c cannot "$LOG")" 3
}

@test "what happens to the lock arrives as information, and is not on stderr" {
	start_sink
	run -3 logged --syslog -t "$TASK" -- sh -c 'exit 3'
	assert_output ''
	arrived 30 "holding '$TASK' after [0-9.]+s in line, fence [0-9]+"
	arrived 30 "finished '$TASK' with status 3 after [0-9.]+s"
	run -10 logged -q --syslog -i 1h -t "$TASK-i" -- sh -c 'exit 10'
	run -0 logged -q --syslog -i 1h -t "$TASK-i" -- true
	run -11 logged -q --syslog -i 1h --skip-exit-code 11 -t "$TASK-i" -- \
	    touch "$BATS_TEST_TMPDIR/ran"
	assert_output ''
	arrived 30 "skipped '$TASK-i': a run began [0-9.]+s ago on $(hostname)"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	assert_equal "$(grep -c "finished '$TASK-i'" "$LOG")" 2

	logged_bg a -q --syslog -t "$TASK" -- sleep 600
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	zkrun_wait a 10
	assert_equal "$status" 76
	arrived 27 "the lease of '$TASK' is lost; killing the command"
	arrived 30 "finished '$TASK' with status 76 after [0-9.]+s"
}

@test "with -q too, where stderr has nothing" {
	start_sink
	take_task
	run -75 logged -q --syslog -n -t "$TASK" -- true
	assert_output ''
	arrived 29 "cannot acquire '$TASK': it is taken"
}

@test "what -v says of its own goes to stderr only" {
	start_sink
	run -0 logged -v --syslog -t "$TASK" -- true
	assert_output --partial 'connected to'
	wait_for 5 loggers_count 0
	run -1 grep 'connected to' "$LOG"
}

@test "facility by option, environment and file; no by the command line" {
	start_sink
	take_task
	run -75 logged --syslog=local3 -n -t "$TASK" -- true
	arrived 157 'cannot acquire .*'
	ZKRUN_SYSLOG=mail run -75 logged -n -t "$TASK" -- true
	arrived 21 'cannot acquire .*'
	ZKRUN_SYSLOG=yes run -75 logged -n -t "$TASK" -- true
	arrived 29 'cannot acquire .*'
	echo 'syslog = user' >"$BATS_TEST_TMPDIR/conf"
	run -75 logged -f "$BATS_TEST_TMPDIR/conf" -n -t "$TASK" -- true
	arrived 13 'cannot acquire .*'
	: >"$LOG"
	ZKRUN_SYSLOG=mail run -75 logged --syslog=no -n -t "$TASK" -- true
	run -75 logged -n -t "$TASK" -- true
	sleep 0.3
	assert_equal "$(<"$LOG")" ''
}

@test "the name is zkrun with the pid that the caller knows" {
	start_sink
	logged_bg a --syslog -t "$TASK" -- sleep 600
	# By the keeper, or by the guard.
	kill -KILL "$(keeper_of "$LOGGED_PID")"
	zkrun_wait a 10
	assert_equal "$status" 76
	arrived 27 "the keeper of '$TASK' died; killing the command"
	grep -qF "zkrun[$LOGGED_PID]: the keeper" "$LOG"
}

@test "a message is one line, a name cut where it would hide the reason, and no format" {
	start_sink
	run -127 logged --syslog -t "$TASK" -- $'/a\n<0>b\033[1m'
	arrived 27 "cannot run '/a\?<0>b\?\[1m': .*"
	run -127 logged --syslog -t "$TASK" -- '/%n%s%d'
	arrived 27 "cannot run '/%n%s%d': .*"
	run -126 logged --syslog -t "$TASK" -- "/$(printf 'x%.0s' {1..5000})"
	arrived 27 "cannot run '/x{299}': File name too long"
}

#
# No logger
#

@test "without a logger everything is as ever" {
	run -3 --separate-stderr in_time 3000 logged --syslog -t "$TASK" -- \
	    sh -c 'echo out; exit 3'
	assert_output out
	# shellcheck disable=SC2154 # by run
	assert_equal "$stderr" ''
	# A path that is there, and nobody behind it.
	start_sink
	kill -KILL "$SINK"
	wait_for 5 gone "$SINK"
	run -3 --separate-stderr in_time 3000 logged --syslog -t "$TASK" -- \
	    sh -c 'echo out; exit 3'
	assert_equal "$stderr" ''
	wait_for 5 loggers_count 0
}

@test "a logger that comes later, or anew, gets what is said from then on" {
	logged_bg a --syslog -t "$TASK" -- sleep 600
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	zkrun_wait a 10
	start_sink
	logged_bg a --syslog -t "$TASK" -- sleep 600
	kill -KILL "$SINK"
	wait_for 5 gone "$SINK"
	rm "$LOG"
	start_sink
	kill -KILL "$(keeper_of "$LOGGED_PID")"
	zkrun_wait a 10
	arrived 27 "the keeper of '$TASK' died; killing the command"
}

#
# A logger that takes nothing
#

@test "a logger that has stopped reading delays nobody, and hears it when it reads on" {
	start_sink
	stop_sink
	take_task
	run -75 in_time 2000 logged --syslog -n -t "$TASK" -- true
	run -3 in_time 2000 logged --syslog -t "$TASK-x" -- sh -c 'exit 3'
	run -127 in_time 2000 logged --syslog -t "$TASK-x" -- /none
	kill -CONT "$SINK"
	arrived 29 "cannot acquire '$TASK': it is taken"
	arrived 27 "cannot run '/none': .*"
	wait_for 5 loggers_count 0
}

@test "the same where the caller ignores SIGCHLD, as cron may" {
	OWN_DEV+=(env --ignore-signal=CHLD)
	start_sink
	stop_sink
	in_time 1500 logged --syslog -t "$TASK" -- true
	# It waits for the first message's process alone by then.
	sleep 0.5
	kill -CONT "$SINK"
	arrived 30 "holding '$TASK' after [0-9.]+s in line, fence [0-9]+"
	arrived 30 "finished '$TASK' with status 0 after [0-9.]+s"
}

@test "a logger that never reads again is given up within seconds" {
	start_sink
	stop_sink
	take_task
	run -75 in_time 2000 logged --syslog -n -t "$TASK" -- true
	wait_for 5 loggers_count 1
	wait_for 15 loggers_count 0
}

@test "a logger that was stuck for a while hears what is said afterwards" {
	start_sink
	stop_sink
	logged_bg a --syslog --on-loss ignore -t "$TASK" -- sleep 600
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	wait_for 10 grep -q ignore "$BATS_TEST_TMPDIR/a.err"
	# Longer than the patience with one message.
	sleep 5
	wait_for 5 loggers_count 1
	kill -CONT "$SINK"
	kill -KILL "$(keeper_of "$LOGGED_PID")"
	zkrun_wait a 10
	arrived 29 "all that ran under the lease of '$TASK' is dead, .*"
	wait_for 5 loggers_count 0
}

#
# The process between
#

piped()
{
	logged "$@" 2>&1 | cat
}

@test "no file, directory, terminal or group of the caller is kept" {
	local pid fd fds

	start_sink
	stop_sink
	take_task
	# The reader sees the end of the pipe.
	cd "$BATS_TEST_TMPDIR"
	in_time 2000 piped --syslog -n -t "$TASK" -- true
	wait_for 5 loggers_count 1
	pid=$(loggers)
	[ "/proc/$pid/cwd" -ef / ]
	fds=$(for fd in "/proc/$pid/fd"/*; do
		# /dev/null can have another path in another mount namespace.
		if [ "$fd" -ef /dev/null ]; then
			echo /dev/null
		else
			readlink "$fd" | sed 's/:.*//'
		fi
	done | sort | tr '\n' ' ')
	assert_equal "$fds" '/dev/null /dev/null /dev/null socket '
	assert_equal "$(ps -o sess= -p "$pid" | tr -d ' ')" \
	    "$(ps -o pgid= -p "$pid" | tr -d ' ')"
	run -0 ps -o sess= -p $$
	refute_output "$(ps -o sess= -p "$pid")"
	# What ends a unit or a group does not cost its last words.
	kill -TERM "$pid"
	kill -INT "$pid"
	kill -CONT "$SINK"
	arrived 29 "cannot acquire '$TASK': it is taken"
}

@test "it is not taken for the command's, even where orphans fall to zkrun" {
	start_sink
	stop_sink
	in_time 3000 logged --syslog -o wait -t "$TASK" -- true
	assert_lock_clean "$TASK"
	# zkrun as init: whatever loses its parent is its child.
	set_own_dev --pid --fork --mount-proc
	# Its name comes a moment after it does.
	run -0 in_time 10000 logged --syslog -t "$TASK" -- sh -c \
	    'until pgrep -P 1 -x zklogger; do sleep 0.02; done'
	run -4 in_time 3000 logged --syslog -o wait -t "$TASK" -- \
	    sh -c '(sleep 0.5 &); exit 4'
	assert_lock_clean "$TASK"
	run -4 in_time 3000 logged --syslog -o kill -t "$TASK" -- \
	    sh -c '(sleep 60 &); exit 4'
	assert_lock_clean "$TASK"
}

@test "the command has nothing of it" {
	start_sink
	run -0 logged --syslog -t "$TASK" -- sh -c \
	    'readlink /proc/self/fd/* | grep -c socket; pgrep -P $PPID'
	assert_line --index 0 0
	assert_equal "${#lines[@]}" 2
}

@test "it ends with zkrun, however that dies" {
	local keeper

	start_sink
	logged_bg a --syslog -t "$TASK" -- sleep 600
	wait_for 5 loggers_count 1
	kill -TERM "$LOGGED_PID"
	zkrun_wait a 10
	wait_for 3 loggers_count 0

	logged_bg a --syslog -t "$TASK" -- sleep 600
	kill -KILL "$LOGGED_PID"
	wait_for 10 gone "$LOGGED_PID"
	unset 'BG[a]'
	assert_lock_clean "$TASK"
	wait_for 3 loggers_count 0

	logged_bg a --syslog -t "$TASK" -- sleep 600
	keeper=$(keeper_of "$LOGGED_PID")
	kill -KILL "$LOGGED_PID" "$keeper"
	wait_for 3 loggers_count 0
	unset 'BG[a]'
}

@test "it may be killed, and zkrun goes on" {
	start_sink
	logged_bg a --syslog -t "$TASK" -- sleep 600
	wait_for 5 loggers_count 1
	kill -KILL "$(loggers)"
	kill -KILL "$(keeper_of "$LOGGED_PID")"
	zkrun_wait a 10
	assert_equal "$status" 76
	grep -q 'died; killing' "$BATS_TEST_TMPDIR/a.err"
}

@test "a zkrun inside of zkrun logs, the outer one waits seconds for a stuck logger" {
	start_sink
	run -127 logged --syslog -t "$TASK" -- \
	    "$ZKRUN" --syslog -t "$TASK-in" -- /none
	arrived 27 "cannot run '/none': .*"
	stop_sink
	run -127 in_time 8000 logged -t "$TASK" -- \
	    "$ZKRUN" --syslog -t "$TASK-in" -- /none
	assert_lock_clean "$TASK"
}
