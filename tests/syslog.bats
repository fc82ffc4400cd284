#!/usr/bin/env bats
#
# With --syslog the messages reach the system's log, and zkrun never waits for a
# slow or dead logger.  A test program acts as the system's logger behind a
# /dev/log that only the test's zkrun sees.

load lib/helper

setup()
{
	bench_setup
	LOG=$BATS_TEST_TMPDIR/log
	SOCKET=$BATS_TEST_TMPDIR/socket
	SINK=''
	set_own_dev
}

# set_own_dev [OPTION-OF-UNSHARE...]: set OWN_DEV, a prefix that gives a command
# a /dev of its own, whose log leads to $SOCKET, and writes the command's pid to
# $BATS_TEST_TMPDIR/pid.  It needs root, a user namespace or sudo(8).
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

# stop_sink: stop the system's logger and fill its socket.
stop_sink()
{
	kill -STOP "$SINK"
	wait_for 5 in_state "$SINK" T
	timeout 10 "$TOOLS/logsink" -f "$SOCKET"
}

# logged ARG...: run zkrun with the /dev of OWN_DEV.
logged()
{
	timeout -k 5 60 "${OWN_DEV[@]}" "$ZKRUN" "$@" 3>&-
}

# logged_bg NAME ARG...: like logged, in the background; set LOGGED_PID to its
# pid.
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

# arrived PRIORITY TEXT: a line of zkrun with PRIORITY and TEXT arrives within 5
# seconds.
arrived()
{
	local line="^<$1>[A-Z][a-z]{2} [ 0-9:]{11} zkrun\[[0-9]+\]: $2\$"

	wait_for 5 grep -aqE "$line" "$LOG" && return
	echo "no $line in:"
	cat "$LOG"
	return 1
}

# loggers: print the pids of this test's zkloggers.  Leave out the process that
# each zklogger forks for a message.
loggers()
{
	local parent pid

	for pid in $(pgrep -x zklogger); do
		# ps fails if the process of a message has ended meanwhile.
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

# Take the lock with a node that has no session.
take_task()
{
	zk create -p "/lock/mutex/$TASK/leases/foreign"
}

# in_time MS COMMAND...: fail if COMMAND takes more than MS; return its status.
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

@test "errors and notices reach stderr and the system's log, with facility and priority" {
	start_sink
	take_task
	run -75 logged --syslog -n -t "$TASK" -- true
	assert_output "zkrun: '$TASK' is held by another client"
	arrived 29 "'$TASK' is held by another client"
	run -127 logged --syslog -t "$TASK-x" -- /none
	assert_output "zkrun: cannot run '/none': No such file or directory"
	arrived 27 "cannot run '/none': No such file or directory"
	run -69 logged --syslog -r 0 -c 127.0.0.1:1 -t "$TASK" -- true
	arrived 27 "cannot reach ZooKeeper for '$TASK': .*"
	# Each message arrives once.
	assert_equal "$(grep -cE "held by|cannot" "$LOG")" 3
}

@test "zkrun logs the events of the lock as information, and does not print them" {
	start_sink
	run -3 logged --syslog -t "$TASK" -- sh -c 'exit 3'
	assert_output ''
	arrived 30 "acquired '$TASK' after [0-9.]+s, fencing token [0-9]+"
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

@test "with -q messages still reach the system's log" {
	start_sink
	take_task
	run -75 logged -q --syslog -n -t "$TASK" -- true
	assert_output ''
	arrived 29 "'$TASK' is held by another client"
}

@test "messages of -v go to stderr only" {
	start_sink
	run -0 logged -v --syslog -t "$TASK" -- true
	assert_output --partial 'connected to'
	wait_for 5 loggers_count 0
	run -1 grep 'connected to' "$LOG"
}

@test "the facility comes from option, environment or file; --syslog=no overrides them" {
	start_sink
	take_task
	run -75 logged --syslog=local3 -n -t "$TASK" -- true
	arrived 157 '.* is held by .*'
	ZKRUN_SYSLOG=mail run -75 logged -n -t "$TASK" -- true
	arrived 21 '.* is held by .*'
	ZKRUN_SYSLOG=yes run -75 logged -n -t "$TASK" -- true
	arrived 29 '.* is held by .*'
	echo 'syslog = user' >"$BATS_TEST_TMPDIR/conf"
	run -75 logged -f "$BATS_TEST_TMPDIR/conf" -n -t "$TASK" -- true
	arrived 13 '.* is held by .*'
	: >"$LOG"
	ZKRUN_SYSLOG=mail run -75 logged --syslog=no -n -t "$TASK" -- true
	run -75 logged -n -t "$TASK" -- true
	sleep 0.3
	assert_equal "$(<"$LOG")" ''
}

@test "messages carry the name zkrun and the guard's pid" {
	start_sink
	logged_bg a --syslog -t "$TASK" -- sleep 600
	# The guard reports the keeper's death.
	kill -KILL "$(keeper_of "$LOGGED_PID")"
	zkrun_wait a 10
	assert_equal "$status" 76
	arrived 27 "the keeper of '$TASK' died; killing the command"
	grep -qF "zkrun[$LOGGED_PID]: the keeper" "$LOG"
}

@test "a message is one line without control characters, and a long name is cut" {
	start_sink
	run -127 logged --syslog -t "$TASK" -- $'/a\n<0>b\033[1m'
	arrived 27 "cannot run '/a\?<0>b\?\[1m': .*"
	run -127 logged --syslog -t "$TASK" -- '/%n%s%d'
	arrived 27 "cannot run '/%n%s%d': .*"
	run -126 logged --syslog -t "$TASK" -- "/$(printf 'x%.0s' {1..5000})"
	arrived 27 "cannot run '/x{299}': File name too long"
}

#
# No system logger
#

@test "without a system logger zkrun works as usual" {
	run -3 --separate-stderr in_time 3000 logged --syslog -t "$TASK" -- \
	    sh -c 'echo out; exit 3'
	assert_output out
	# shellcheck disable=SC2154 # by run
	assert_equal "$stderr" ''
	# The socket's path exists, but no process listens.
	start_sink
	kill -KILL "$SINK"
	wait_for 5 gone "$SINK"
	run -3 --separate-stderr in_time 3000 logged --syslog -t "$TASK" -- \
	    sh -c 'echo out; exit 3'
	assert_equal "$stderr" ''
	wait_for 5 loggers_count 0
}

@test "a system logger that starts late or restarts gets the messages from then on" {
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
# A stuck system logger
#

@test "a stopped system logger delays no zkrun, and gets the messages when it resumes" {
	start_sink
	stop_sink
	take_task
	run -75 in_time 2000 logged --syslog -n -t "$TASK" -- true
	run -3 in_time 2000 logged --syslog -t "$TASK-x" -- sh -c 'exit 3'
	run -127 in_time 2000 logged --syslog -t "$TASK-x" -- /none
	kill -CONT "$SINK"
	arrived 29 "'$TASK' is held by another client"
	arrived 27 "cannot run '/none': .*"
	wait_for 5 loggers_count 0
}

@test "a stopped system logger delays no zkrun if the caller ignores SIGCHLD, as cron may" {
	OWN_DEV+=(env --ignore-signal=CHLD)
	start_sink
	stop_sink
	in_time 1500 logged --syslog -t "$TASK" -- true
	# By now zkrun's logger waits only for the process of the first message.
	sleep 0.5
	kill -CONT "$SINK"
	arrived 30 "acquired '$TASK' after [0-9.]+s, fencing token [0-9]+"
	arrived 30 "finished '$TASK' with status 0 after [0-9.]+s"
}

@test "zkrun gives up a system logger that never reads again, within seconds" {
	start_sink
	stop_sink
	take_task
	run -75 in_time 2000 logged --syslog -n -t "$TASK" -- true
	wait_for 5 loggers_count 1
	wait_for 15 loggers_count 0
}

@test "a system logger that was stuck gets the messages from its recovery on" {
	start_sink
	stop_sink
	logged_bg a --syslog --on-loss ignore -t "$TASK" -- sleep 600
	zk rm "/lock/mutex/$TASK/leases/$(holders "$TASK")"
	wait_for 10 grep -q ignore "$BATS_TEST_TMPDIR/a.err"
	# Wait longer than zkrun tries to deliver one message.
	sleep 5
	wait_for 5 loggers_count 1
	kill -CONT "$SINK"
	kill -KILL "$(keeper_of "$LOGGED_PID")"
	zkrun_wait a 10
	arrived 29 "all processes of '$TASK' are dead, .*"
	wait_for 5 loggers_count 0
}

#
# zkrun's own logger process
#

piped()
{
	logged "$@" 2>&1 | cat
}

@test "zkrun's logger keeps no file, directory, terminal or process group of the caller" {
	local pid fd fds

	start_sink
	stop_sink
	take_task
	# The reader of the pipe sees its end.
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
	# Signals to a unit or a group do not cost zkrun's last message.
	kill -TERM "$pid"
	kill -INT "$pid"
	kill -CONT "$SINK"
	arrived 29 "'$TASK' is held by another client"
}

@test "zkrun's logger does not count as a process of the command, even if zkrun is init" {
	start_sink
	stop_sink
	in_time 3000 logged --syslog -o wait -t "$TASK" -- true
	assert_lock_clean "$TASK"
	# As PID 1 zkrun adopts every orphan.
	set_own_dev --pid --fork --mount-proc
	# The process gets its name a moment after its fork.
	run -0 in_time 10000 logged --syslog -t "$TASK" -- sh -c \
	    'until pgrep -P 1 -x zklogger; do sleep 0.02; done'
	run -4 in_time 3000 logged --syslog -o wait -t "$TASK" -- \
	    sh -c '(sleep 0.5 &); exit 4'
	assert_lock_clean "$TASK"
	run -4 in_time 3000 logged --syslog -o kill -t "$TASK" -- \
	    sh -c '(sleep 60 &); exit 4'
	assert_lock_clean "$TASK"
}

@test "the command inherits nothing of zkrun's logger" {
	start_sink
	run -0 logged --syslog -t "$TASK" -- sh -c \
	    'readlink /proc/self/fd/* | grep -c socket; pgrep -P $PPID'
	assert_line --index 0 0
	assert_equal "${#lines[@]}" 2
}

@test "zkrun's logger ends with zkrun, however zkrun dies" {
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

@test "zkrun goes on if its logger is killed" {
	start_sink
	logged_bg a --syslog -t "$TASK" -- sleep 600
	wait_for 5 loggers_count 1
	kill -KILL "$(loggers)"
	kill -KILL "$(keeper_of "$LOGGED_PID")"
	zkrun_wait a 10
	assert_equal "$status" 76
	grep -q 'died; killing' "$BATS_TEST_TMPDIR/a.err"
}

@test "a zkrun inside zkrun logs; a stuck logger delays the outer one by seconds only" {
	start_sink
	run -127 logged --syslog -t "$TASK" -- \
	    "$ZKRUN" --syslog -t "$TASK-in" -- /none
	arrived 27 "cannot run '/none': .*"
	stop_sink
	run -127 in_time 8000 logged -t "$TASK" -- \
	    "$ZKRUN" --syslog -t "$TASK-in" -- /none
	assert_lock_clean "$TASK"
}
