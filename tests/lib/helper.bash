# helper.bash: what every test file loads.  A file that has its own setup() or
# teardown() calls bench_setup and stop_all in it.
#
# A test's own names: TASK is its task id, $BATS_TEST_TMPDIR its directory.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

# shellcheck source=tests/lib/common.bash
. "${BASH_SOURCE[0]%/*}/common.bash"

setup()
{
	bench_setup
}

teardown()
{
	stop_all
}

bench_setup()
{
	TASK=$(unique_task)
	# Found again in the environment of whatever the test leaves behind.
	export BENCH_MARK=mark-$TASK
	declare -gA BG=() CURATOR_HEARD=()
	declare -ga OWN_SERVERS=() HELPERS=()
	OWN_DIR='' OWN_CONNECT='' RELAY_CONNECT='' CURATOR_IN='' TERMINAL_IN=''
}

unique_task()
{
	echo "t${BATS_SUITE_TEST_NUMBER:-0}-${EPOCHREALTIME/[.,]/}-$RANDOM"
}

# not COMMAND...: the opposite, for use with wait_for.
not()
{
	! "$@"
}

#
# ZooKeeper
#

# zk COMMAND...: the witness, on the server that the tests use.
zk()
{
	timeout 20 "$TOOLS/znode" -c "${ZK_CONNECT:-$ZKRUN_CONNECT}" "$@"
}

# The lease nodes of a task, one a line (holders, and at most one waiter).
# LOCK_BASE is where tasks are, if elsewhere than usual.
holders()
{
	zk ls "${LOCK_BASE:-/lock/mutex}/$1/leases" 2>/dev/null || [ $? -eq 1 ]
}

# The lock nodes of a task, one a line.
queue_of()
{
	zk ls "${LOCK_BASE:-/lock/mutex}/$1/locks" 2>/dev/null || [ $? -eq 1 ]
}

# holds_count TASK N, queue_count TASK N: for wait_for.
holds_count()
{
	local names

	# A fault of the witness is not a count of 0.
	names=$(holders "$1") && [ "$(grep -c . <<<"$names")" -eq "$2" ]
}

queue_count()
{
	local names

	names=$(queue_of "$1") && [ "$(grep -c . <<<"$names")" -eq "$2" ]
}

lock_clean()
{
	local leases locks

	# A fault of the witness is not cleanliness.
	leases=$(holders "$1") && locks=$(queue_of "$1") &&
	    [ -z "$leases$locks" ]
}

# assert_lock_clean TASK [SECONDS]: nothing left in its queue or leases.
assert_lock_clean()
{
	wait_for "${2:-10}" lock_clean "$1" && return
	echo "left in ${LOCK_BASE:-/lock/mutex}/$1:" >&2
	zk tree "${LOCK_BASE:-/lock/mutex}/$1" >&2
	return 1
}

# The session, as znode expire wants it, that owns the node.
session_of()
{
	zk stat "$1" | sed -n 's/^ephemeral_owner=0x//p'
}

# own_server [OPTION...]: one that the test may stop.  Sets OWN_DIR and
# OWN_CONNECT; use as: own_server; "$SANDBOX" freeze "$OWN_DIR".
own_server()
{
	local port

	OWN_DIR=$BATS_TEST_TMPDIR/server${#OWN_SERVERS[@]}
	OWN_SERVERS+=("$OWN_DIR")
	# In a file: a server must not hold a substitution's pipe, and does not,
	# but a failed one says why on the test's own stderr.
	timeout 90 "$SANDBOX" start "$OWN_DIR" "$@" >"$OWN_DIR.port" || return 1
	port=$(<"$OWN_DIR.port")
	# shellcheck disable=SC2034 # for the tests
	OWN_CONNECT=127.0.0.1:$port
}

# start_relay [NAME [TARGET [OPTION...]]]: sets RELAY_CONNECT.
start_relay()
{
	local name=${1:-relay} target=${2:-$ZKRUN_CONNECT} out

	shift $(($# < 2 ? $# : 2))
	out=$BATS_TEST_TMPDIR/$name.port
	"$TOOLS/relay" -l 0 -t "$target" -c "$BATS_TEST_TMPDIR/$name.ctl" "$@" \
	    >"$out" 2>"$BATS_TEST_TMPDIR/$name.log" 3>&- &
	HELPERS+=($!)
	wait_for 5 test -s "$out" || return 1
	# shellcheck disable=SC2034 # for the tests
	RELAY_CONNECT=127.0.0.1:$(<"$out")
}

# relay_tell COMMAND...: to the relay named relay; prints its answer.
relay_tell()
{
	relay_tell_to relay "$@"
}

relay_tell_to()
{
	local name=$1

	shift
	timeout 10 "$TOOLS/relay" -s "$BATS_TEST_TMPDIR/$name.ctl" "$@"
}

# relay_count KEY [NAME]: one number of the relay's stats, 0 if not there.
relay_count()
{
	local n

	n=$(relay_tell_to "${2:-relay}" stats | tr ' ' '\n' |
	    sed -n "s/^$1=//p")
	echo "${n:-0}"
}

# relay_counts KEY N: at least so many; for wait_for.
relay_counts()
{
	[ "$(relay_count "$1")" -ge "$2" ]
}

#
# Curator
#

# One JVM serves all tests of a lane.  It outlives the test that starts it, so it
# must not look like something that this test left behind.
start_curator_jvm()
{
	env -u BENCH_MARK "$TOP/tests/java/run" -Xmx256m CuratorClient \
	    </dev/null >"$LANE_DIR/curator" 2>"$LANE_DIR/curator.err" 3>&- &
	wait_for 20 grep -q . "$LANE_DIR/curator"
}

# start_curator [CONNECT [SESSION_MS [SCHEME:CREDENTIAL]]]
start_curator()
{
	local port

	[ -s "$LANE_DIR/curator" ] || start_curator_jvm || return 1
	read -r port _ <"$LANE_DIR/curator"
	exec {CURATOR_IN}<>"/dev/tcp/127.0.0.1/$port"
	cat <&"$CURATOR_IN" >"$BATS_TEST_TMPDIR/curator.out" 3>&- &
	HELPERS+=($!)
	curator_say connect "${1:-$ZKRUN_CONNECT}" "${2:-10000}" "${@:3}"
	curator_expect 20 ready
}

# curator_say WORD...: one line of commands, see tests/java/CuratorClient.java.
curator_say()
{
	echo "$*" >&"$CURATOR_IN"
}

# curator_lines PREFIX N: has it said at least so many lines beginning so?
curator_lines()
{
	[ "$(cut -c "1-${#1}" "$BATS_TEST_TMPDIR/curator.out" |
	    grep -cxF -e "$1")" -ge "$2" ]
}

# curator_expect SECONDS LINE: wait for a line that begins so.  Asked for the
# same again, a second such line must come.
curator_expect()
{
	local seconds=$1 n

	shift
	n=$((${CURATOR_HEARD[$*]:-0} + 1))
	if ! wait_for "$seconds" curator_lines "$*" "$n"; then
		cat "$BATS_TEST_TMPDIR/curator.out" "$LANE_DIR/curator.err" >&2
		return 1
	fi
	CURATOR_HEARD[$*]=$n
}

#
# Processes
#

# zkrun ARG...: in the foreground, with a limit.  For use with bats' run.
zkrun()
{
	timeout -k 5 "${ZKRUN_LIMIT:-60}" "$ZKRUN" "$@" 3>&-
}

# zkrun_bg NAME ARG...: in the background.  Its pid is in BG_PID and BG[NAME],
# its output in $BATS_TEST_TMPDIR/NAME.out and NAME.err.
zkrun_bg()
{
	local name=$1

	shift
	# A shell's background job would have SIGINT and SIGQUIT ignored.
	env --default-signal=INT,QUIT "$ZKRUN" "$@" </dev/null \
	    >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err" \
	    3>&- &
	BG_PID=$!
	BG[$name]=$BG_PID
	# Before that it is still the shell, and deaf to a test's SIGINT.
	wait_for 5 is_zkrun "$BG_PID"
}

# The file of the siglog of this name.
LOG()
{
	echo "$BATS_TEST_TMPDIR/log$1"
}

# All signals that a siglog got, in one line.
logged()
{
	grep -v ready "$(LOG "$1")" | tr '\n' ' '
}

# zkrun_ending NAME ARG...: the same for what $? does not tell; see ended().
zkrun_ending()
{
	local name=$1 file=$BATS_TEST_TMPDIR/$1.ending

	shift
	rm -f "$file"
	"$TOOLS/ending" "$file" env --default-signal=INT,QUIT "$ZKRUN" "$@" \
	    </dev/null >"$BATS_TEST_TMPDIR/$name.out" \
	    2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
	wait_for 5 grep -q '^pid ' "$file" || return 1
	BG_PID=$(sed -n 's/^pid //p' "$file")
	BG[$name]=$BG_PID
	wait_for 5 is_zkrun "$BG_PID"
}

# ended NAME SECONDS WORD N: did it end so ("exit 3", "signal 15")?
ended()
{
	local file=$BATS_TEST_TMPDIR/$1.ending

	wait_for "$2" grep -Eq '^(exit|signal) ' "$file" &&
	    assert_equal "$1: $(tail -n 1 "$file")" "$1: $3 $4" || {
		cat "$BATS_TEST_TMPDIR/$1.err" >&2
		return 1
	}
}

is_zkrun()
{
	[ "/proc/$1/exe" -ef "$ZKRUN" ] || gone "$1"
}

# zkrun_wait NAME SECONDS: its end; the exit status is in status.
zkrun_wait()
{
	local pid=${BG[$1]}

	if ! wait_for "$2" gone "$pid"; then
		cat "$BATS_TEST_TMPDIR/$1.err" >&2
		return 1
	fi
	status=0
	# shellcheck disable=SC2034 # for the tests
	wait "$pid" || status=$?
	unset "BG[$1]"
}

# The direct children of a process, one a line, without loggers of zkrun.
children_of()
{
	local pid name

	for pid in $(pgrep -P "$1"); do
		{ read -r name <"/proc/$pid/comm"; } 2>/dev/null || continue
		[ "$name" = zklogger ] || echo "$pid"
	done
}

has_children()
{
	[ -n "$(children_of "$1")" ]
}

# keeper_of GUARD: waits for it to be there.
keeper_of()
{
	wait_for 5 has_children "$1" || return 1
	children_of "$1" | head -n 1
}

# has_command GUARD: has it started its command?
has_command()
{
	local keeper

	keeper=$(children_of "$1" | head -n 1)
	[ -n "$keeper" ] && [ "$(children_of "$keeper" | wc -l)" -gt 0 ]
}

# hold NAME TASK [OPTION...]: a zkrun that holds the lock until let_go NAME.
hold()
{
	local name=$1 task=$2

	shift 2
	zkrun_bg "$name" -t "$task" "$@" -- sleep 600 &&
	    wait_for 10 has_command "$BG_PID"
}

let_go()
{
	kill -TERM "${BG[$1]}"
	zkrun_wait "$1" 10
	assert_equal "$status" 143
}

# Is the state of the process (first letter, as in ps) one of these?
in_state()
{
	local stat

	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	[[ ${stat%% *} == [$2] ]]
}

# Living processes with the mark in their environment: zkrun ... -- env
# MARK=... command marks all that the command starts, and no zkrun.
marked()
{
	local pid

	grep -lzsxF "MARK=$1" /proc/[0-9]*/environ | cut -d / -f 3 |
	    while read -r pid; do
		gone "$pid" || echo "$pid"
	done
}

# marked_count MARK N: for wait_for.
marked_count()
{
	[ "$(marked "$1" | wc -l)" -eq "$2" ]
}

# start_terminal COMMAND...: on a terminal of its own; its output is in
# $BATS_TEST_TMPDIR/terminal.out.
start_terminal()
{
	mkfifo "$BATS_TEST_TMPDIR/terminal.in"
	exec {TERMINAL_IN}<>"$BATS_TEST_TMPDIR/terminal.in"
	"$TOOLS/pty" "$@" <"$BATS_TEST_TMPDIR/terminal.in" \
	    >"$BATS_TEST_TMPDIR/terminal.out" 2>&1 3>&- &
	HELPERS+=($!)
}

prompt_comes()
{
	has_lines "$BATS_TEST_TMPDIR/terminal.out" 'READY>' "$1"
}

# An interactive shell with job control, at its prompt.
start_shell()
{
	ZKRUN_CONNECT=${1:-$ZKRUN_CONNECT} PS1='READY>' TERM=dumb \
	    start_terminal bash --norc --noprofile --noediting -i
	wait_for 10 prompt_comes 1
}

# The terminal goes away, as when its window is closed.
end_terminal()
{
	kill -KILL "${HELPERS[-1]}"
}

terminal_says()
{
	grep -qF -e "$1" "$BATS_TEST_TMPDIR/terminal.out"
}

# type_keys FORMAT: as of printf.
type_keys()
{
	# shellcheck disable=SC2059 # that is what it is for
	printf "$1" >&"$TERMINAL_IN"
}

# The pass with sanitizers is slower, and does some things fewer times.
asan()
{
	[ "${ZKRUN_PASS:-plain}" = asan ]
}

# has_lines FILE PATTERN N: at least so many lines that match?
has_lines()
{
	[ "$(grep -cE -e "$2" "$1")" -ge "$3" ]
}

# Processes that this test started and that still live.  zkrun writes its title
# over its environment, so it is known by that, too, as far as the task's name
# is the test's; and by its executable, where no other test runs at the same
# time.
leftovers()
{
	local dir pid

	{
		grep -lzsxF "BENCH_MARK=$BENCH_MARK" /proc/[0-9]*/environ |
		    cut -d / -f 3
		grep -laszE "^zk(run|keeper|logger): $TASK" \
		    /proc/[0-9]*/cmdline | cut -d / -f 3
		for dir in /proc/[0-9]*; do
			if [ "${LANES:-1}" -eq 1 ] &&
			    [ "$dir/exe" -ef "$ZKRUN" ]; then
				echo "${dir#/proc/}"
			fi
		done
	} | sort -u | while read -r pid; do
		gone "$pid" || echo "$pid"
	done
}

nothing_left()
{
	[ -z "$(leftovers)" ]
}

# End everything that the test started, and fail if more was alive than that.
stop_all()
{
	local pid dir rc=0 left

	for pid in "${BG[@]}"; do
		kill -TERM "$pid" 2>/dev/null || true
		# One that is stopped cannot obey.
		kill -CONT "$pid" 2>/dev/null || true
	done
	for pid in "${BG[@]}"; do
		wait_for 8 gone "$pid" || { rc=1; kill -KILL "$pid" || true; }
	done
	for pid in "${HELPERS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	[ -z "$CURATOR_IN" ] || exec {CURATOR_IN}>&-
	[ -z "$TERMINAL_IN" ] || exec {TERMINAL_IN}>&-
	for dir in "${OWN_SERVERS[@]}"; do
		timeout 30 "$SANDBOX" kill "$dir" || rc=1
	done
	wait_for 3 nothing_left && return $rc
	for pid in $(leftovers); do
		left=$(ps -o pid=,ppid=,stat=,args= -p "$pid") || continue
		echo "left behind: $left" >&2
		kill -KILL "$pid" 2>/dev/null || true
	done
	return 1
}
