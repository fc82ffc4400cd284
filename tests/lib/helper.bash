# helper.bash: every test file loads it.  A file with its own setup() or
# teardown() calls bench_setup and stop_all there.
#
# Each test has a task id, TASK, and a directory, $BATS_TEST_TMPDIR.
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
	# Every process of the test has this in its environment; see leftovers.
	export BENCH_MARK=mark-$TASK
	declare -gA BG=() CURATOR_HEARD=()
	declare -ga OWN_SERVERS=() HELPERS=()
	OWN_DIR='' OWN_CONNECT='' RELAY_CONNECT='' CURATOR_IN='' TERMINAL_IN=''
}

unique_task()
{
	echo "t${BATS_SUITE_TEST_NUMBER:-0}-${EPOCHREALTIME/[.,]/}-$RANDOM"
}

# not COMMAND...: succeed if COMMAND fails, for wait_for.
not()
{
	! "$@"
}

#
# ZooKeeper
#

# zk COMMAND...: run the witness, znode, on the server that the tests use.
zk()
{
	timeout 20 "$TOOLS/znode" -c "${ZK_CONNECT:-$ZKRUN_CONNECT}" "$@"
}

# With RECIPE=mutex in the environment, all zkruns of a test use that recipe.
uses_mutex()
{
	[ "${ZKRUN_RECIPE:-}" = mutex ]
}

# leases_of TASK: print the path of the parent of lease nodes.  LOCK_BASE is the
# base of tasks if it is not the default.
leases_of()
{
	echo "${LOCK_BASE:-/lock/mutex}/$1$(uses_mutex || echo /leases)"
}

# children PATH: print the children, one a line; nothing if PATH does not exist.
children()
{
	zk ls "$1" 2>/dev/null || [ $? -eq 1 ]
}

# in_order TASK: print the contenders with the mutex recipe, the lowest first.
in_order()
{
	local names

	names=$(children "$(leases_of "$1")") || return
	awk -F - 'NF { print $NF, $0 }' <<<"$names" | sort -n | cut -d ' ' -f 2
}

# holders TASK: print the lease nodes (of the holders and of the first waiter),
# one a line.
holders()
{
	if uses_mutex; then
		in_order "$1" | head -n 2
	else
		children "$(leases_of "$1")"
	fi
}

# queue_of TASK: print the nodes in the queue, one a line.
queue_of()
{
	if uses_mutex; then
		in_order "$1" | tail -n +2
	else
		children "${LOCK_BASE:-/lock/mutex}/$1/locks"
	fi
}

# lease_of TASK: print the path of the task's lease node.
lease_of()
{
	echo "$(leases_of "$1")/$(holders "$1" | head -n 1)"
}

# holds_count TASK N, queue_count TASK N: are there N nodes?  For wait_for.
holds_count()
{
	local names

	# Do not take an error of the witness for 0.
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

	# Do not take an error of the witness for a clean lock.
	leases=$(holders "$1") && locks=$(queue_of "$1") &&
	    [ -z "$leases$locks" ]
}

# assert_lock_clean TASK [SECONDS]: the queue and the leases become empty.
assert_lock_clean()
{
	wait_for "${2:-10}" lock_clean "$1" && return
	echo "left in ${LOCK_BASE:-/lock/mutex}/$1:" >&2
	zk tree "${LOCK_BASE:-/lock/mutex}/$1" >&2
	return 1
}

# session_of NODE: print the session that owns NODE, in the form of znode
# expire.
session_of()
{
	zk stat "$1" | sed -n 's/^ephemeral_owner=0x//p'
}

# own_server [OPTION...]: start a server that the test may stop.  Set OWN_DIR
# and OWN_CONNECT.  Usage: own_server; "$SANDBOX" freeze "$OWN_DIR".
own_server()
{
	local port

	OWN_DIR=$BATS_TEST_TMPDIR/server${#OWN_SERVERS[@]}
	OWN_SERVERS+=("$OWN_DIR")
	# Write the port to a file: $() would wait for all that hold its pipe.
	timeout 90 "$SANDBOX" start "$OWN_DIR" "$@" >"$OWN_DIR.port" || return 1
	port=$(<"$OWN_DIR.port")
	# shellcheck disable=SC2034 # for the tests
	OWN_CONNECT=127.0.0.1:$port
}

# quick_at_times LEAST MOST OPTION...: over the slow link, one of 30 runs must
# take at most MOST ms; the machine is not busy every time.  No run may take
# less than LEAST ms, because no zkrun can be faster.
quick_at_times()
{
	local before least=$1 most=$2 ms

	shift 2
	# A sanitizer starts two processes slowly.
	! asan || most=600
	for _ in {1..30}; do
		before=$(now_us)
		"$ZKRUN" -c "$RELAY_CONNECT" -t "$TASK" "$@" -- true 3>&-
		ms=$((($(now_us) - before) / 1000))
		[ $ms -ge "$least" ]
		[ $ms -gt "$most" ] || return 0
	done
	echo "$ms ms" >&2
	return 1
}

# start_relay [NAME [TARGET [OPTION...]]]: start a relay and set RELAY_CONNECT.
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

# relay_tell COMMAND...: tell the relay named 'relay', and print its answer.
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

# relay_count KEY [NAME]: print a number of the relay's stats; 0 if it is
# missing.
relay_count()
{
	local n

	n=$(relay_tell_to "${2:-relay}" stats | tr ' ' '\n' |
	    sed -n "s/^$1=//p")
	echo "${n:-0}"
}

# relay_counts KEY N: is the number at least N?  For wait_for.
relay_counts()
{
	[ "$(relay_count "$1")" -ge "$2" ]
}

#
# Curator
#

# One JVM serves all tests of a lane and outlives the test that starts it.
# Without BENCH_MARK it does not count as left behind.
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

# curator_say WORD...: send a command; see tests/java/CuratorClient.java.
curator_say()
{
	echo "$*" >&"$CURATOR_IN"
}

# curator_lines PREFIX N: has the client printed at least N lines with PREFIX?
curator_lines()
{
	[ "$(cut -c "1-${#1}" "$BATS_TEST_TMPDIR/curator.out" |
	    grep -cxF -e "$1")" -ge "$2" ]
}

# curator_expect SECONDS LINE: wait for a line that begins with LINE.  A
# repeated call waits for the next such line.
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

# zkrun ARG...: run zkrun with a time limit, for bats' run.
zkrun()
{
	timeout -k 5 "${ZKRUN_LIMIT:-60}" "$ZKRUN" "$@" 3>&-
}

# zkrun_bg NAME ARG...: run zkrun in the background.  Set BG_PID and BG[NAME] to
# its pid.  Its output is in $BATS_TEST_TMPDIR/NAME.out and NAME.err.
zkrun_bg()
{
	local name=$1

	shift
	# The shell makes its background jobs ignore SIGINT and SIGQUIT.
	env --default-signal=INT,QUIT "$ZKRUN" "$@" </dev/null \
	    >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err" \
	    3>&- &
	BG_PID=$!
	BG[$name]=$BG_PID
	# Before its execve the process is a shell that ignores SIGINT.
	wait_for 5 is_zkrun "$BG_PID"
}

# LOG NAME: print the path of the file of siglog NAME.
LOG()
{
	echo "$BATS_TEST_TMPDIR/log$1"
}

# logged NAME: print all signals that the siglog got, on one line.
logged()
{
	grep -v ready "$(LOG "$1")" | tr '\n' ' '
}

# zkrun_ending NAME ARG...: as zkrun_bg, but record whether zkrun exits or dies
# of a signal, which $? cannot show; see ended.
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

# ended NAME SECONDS WORD N: did zkrun end with this ("exit 3", "signal 15")?
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

# zkrun_wait NAME SECONDS: wait for NAME's end; set status to its exit status.
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

# children_of PID: print the direct children of PID, one a line, without zkrun's
# loggers.
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

# keeper_of GUARD: wait for the guard's keeper and print the keeper's pid.
keeper_of()
{
	wait_for 5 has_children "$1" || return 1
	children_of "$1" | head -n 1
}

# has_command GUARD: has zkrun started its command?
has_command()
{
	local keeper

	keeper=$(children_of "$1" | head -n 1)
	[ -n "$keeper" ] && [ "$(children_of "$keeper" | wc -l)" -gt 0 ]
}

# hold NAME TASK [OPTION...]: run a zkrun that holds the lock until let_go NAME.
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

# in_state PID LETTERS: is the state of PID, as shown by ps, one of LETTERS?
in_state()
{
	local stat

	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	[[ ${stat%% *} == [$2] ]]
}

# marked MARK: print the living processes with MARK in their environment.
# 'zkrun ... -- env MARK=... command' marks only the command's processes, not
# zkrun's.
marked()
{
	local pid

	grep -lzsxF "MARK=$1" /proc/[0-9]*/environ | cut -d / -f 3 |
	    while read -r pid; do
		gone "$pid" || echo "$pid"
	done
}

# marked_count MARK N: do N such processes exist?  For wait_for.
marked_count()
{
	[ "$(marked "$1" | wc -l)" -eq "$2" ]
}

# start_terminal COMMAND...: run COMMAND on its own terminal.  The output is in
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

# start_shell [CONNECT]: start an interactive shell with job control.
start_shell()
{
	ZKRUN_CONNECT=${1:-$ZKRUN_CONNECT} PS1='READY>' TERM=dumb \
	    start_terminal bash --norc --noprofile --noediting -i
	wait_for 10 prompt_comes 1
}

# Close the terminal, as when its window is closed.
end_terminal()
{
	kill -KILL "${HELPERS[-1]}"
}

terminal_says()
{
	grep -qF -e "$1" "$BATS_TEST_TMPDIR/terminal.out"
}

# type_keys FORMAT: type the output of printf FORMAT.
type_keys()
{
	# shellcheck disable=SC2059 # the caller passes a format
	printf "$1" >&"$TERMINAL_IN"
}

# asan: is this the pass with sanitizers?  That pass is slower, so some tests do
# less.
asan()
{
	[ "${ZKRUN_PASS:-plain}" = asan ]
}

# can_preload: does LD_PRELOAD work with zkrun?  It does not with sanitizers,
# which must be loaded first, or with a static zkrun, which loads nothing.
can_preload()
{
	! asan && readelf -d "$ZKRUN" | grep -q NEEDED
}

# has_lines FILE PATTERN N: do at least N lines of FILE match?
has_lines()
{
	[ "$(grep -cE -e "$2" "$1")" -ge "$3" ]
}

# leftovers: print the living processes that this test started.  zkrun's title
# overwrites its environment, so a title with the test's task counts as well.
# If no other tests run, every process with zkrun's executable counts.
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

# End everything that the test started, and fail if other processes are left.
stop_all()
{
	local pid dir rc=0 left

	for pid in "${BG[@]}"; do
		kill -TERM "$pid" 2>/dev/null || true
		# A stopped process handles TERM only after it is resumed.
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
