# deaths.bash: run a fleet of zkruns, each with its own task, with a command
# tree that records its last sign of life, and with a witness that watches its
# lease.
# shellcheck shell=bash
#
# A zkrun passes if the last sign of life came before the lease was deleted.
# Neither time comes from zkrun.  The tree reports the first.  The witness, a
# ZooKeeper client with its own connection past any relay, reports the second.

# boot_us: set BOOT_US to the time now, on the clock of alive and znode.
boot_us()
{
	: "${BOOT_OFFSET_US:=$("$TOOLS/signs" wall)}"
	# shellcheck disable=SC2034 # for the tests
	BOOT_US=$((${EPOCHREALTIME/[.,]/} - BOOT_OFFSET_US))
}

# nap US: sleep to reach a random moment.  Use wait_for to wait for a condition.
nap()
{
	if [ -z "${NAP_FD:-}" ]; then
		mkfifo "$BATS_TEST_TMPDIR/nap"
		exec {NAP_FD}<>"$BATS_TEST_TMPDIR/nap"
	fi
	# Do not fork, because a fork takes longer than some naps.
	printf -v NAP '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000))
	read -rt "$NAP" <&"$NAP_FD" || true
}

# nap_up_to US: sleep for a random time of at most US.
nap_up_to()
{
	nap $((RANDOM * $1 / 32768 + 1))
}

# median NUMBER...: print the median.
median()
{
	printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# keeper_now GUARD: set KEEPER without a fork; fail if there is no keeper yet.
# Check the name: at its exit, a guard with sanitizers has another child, which
# looks for leaks.  The guard hangs if a test kills that child.
keeper_now()
{
	local name=''

	KEEPER=''
	# read fails, because the file has no newline at its end.
	read -r KEEPER _ <"/proc/$1/task/$1/children" || [ -n "$KEEPER" ] ||
	    return
	read -r name <"/proc/$KEEPER/comm" && [ "$name" = zkkeeper ]
} 2>/dev/null

# signs NAME: print the file in which that run records its signs of life.
signs()
{
	echo "$BATS_TEST_TMPDIR/signs.$1"
}

witness_file()
{
	echo "$BATS_TEST_TMPDIR/witness.$1"
}

# start_witness NAME TASK: from now on, record when the lease is deleted.
start_witness()
{
	local out

	out=$(witness_file "$1")
	"$TOOLS/znode" -c "${ZK_CONNECT:-$ZKRUN_CONNECT}" \
	    watch "$(leases_of "$2")" >"$out" 2>"$out.err" 3>&- &
	HELPERS+=($!)
	wait_for 10 grep -q watching "$out"
}

saw_lease_go()
{
	grep -q ' - ' "$(witness_file "$1")"
}

has_signs()
{
	[ -s "$(signs "$1")" ]
}

# enlist NAME [OPTION...] -- COMMAND...: add a zkrun to FLEET.  Its task is
# $TASK-NAME; all commands of the fleet have the mark $TASK.
enlist()
{
	local name=$1 options=()

	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	FLEET+=("$name")
	zkrun_bg "$name" "${options[@]}" -t "$TASK-$name" -- \
	    env "MARK=$TASK" "$@"
}

# watch_fleet: wait until all commands run, and start a witness for each.
watch_fleet()
{
	local name

	for name in "${FLEET[@]}"; do
		wait_for 20 has_signs "$name" || return 1
		start_witness "$name" "$TASK-$name" || return 1
	done
}

# fleet COUNT [OPTION...]: start COUNT zkruns at random phases of their beats.
fleet()
{
	local i count=$1

	shift
	FLEET=()
	for ((i = 0; i < count; i++)); do
		enlist "f$i" "$@" -- "$TOOLS/alive" "$(signs "f$i")" hard
		nap_up_to 50000
	done
	watch_fleet
	wait_for 20 marked_count "$TASK" $((3 * count))
}

# beat_fleet: wait until beats through the relay prove all leases.  Before that,
# the connect requests prove them.
beat_fleet()
{
	relay_tell reset-stats
	fleet_has_beaten()
	{
		[ "$(relay_count op14)" -ge $((4 * ${#FLEET[@]})) ]
	}
	wait_for 20 fleet_has_beaten
}

# signal_fleet SIGNAL guard|keeper: signal all guards or keepers with one kill.
signal_fleet()
{
	local name pids=()

	for name in "${FLEET[@]}"; do
		if [ "$2" = guard ]; then
			pids+=("${BG[$name]}")
		else
			keeper_now "${BG[$name]}"
			pids+=("$KEEPER")
		fi
	done
	kill -"$1" "${pids[@]}"
}

# judge_one NAME: fail if a process was alive after the lease was deleted.  Call
# this after the deletion.  Set LEASE_GONE_US to the time of the deletion, and
# AHEAD_US to the time from the last sign of life until then.
judge_one()
{
	local last

	last=$("$TOOLS/lastsign" "$(signs "$1")")
	LEASE_GONE_US=$(sed -n 's/ - .*//p' "$(witness_file "$1")" | head -n 1)
	LEASE_GONE_US=${LEASE_GONE_US/./}
	AHEAD_US=$((LEASE_GONE_US - ${last/./}))
	[ "$AHEAD_US" -gt 0 ] && return
	echo "$1: still alive $((-AHEAD_US)) us after its lease was gone" >&2
	[ ! -e "$BATS_TEST_TMPDIR/$1.err" ] ||
	    cat "$BATS_TEST_TMPDIR/$1.err" >&2
	return 1
}

# judge_fleet SECONDS [WITHIN_MS [AT_LEAST_MS]]: wait for the end of every lease
# and tree.  Fail unless each tree died before its lease was deleted, by at most
# WITHIN_MS and at least AT_LEAST_MS.  With sanitizers zkrun kills slowly, so
# AT_LEAST_MS is ignored.
judge_fleet()
{
	local name ahead=() least_ms=${3:-0} rc=0

	! asan || least_ms=0

	for name in "${FLEET[@]}"; do
		wait_for "$1" saw_lease_go "$name" || return 1
	done
	wait_for 10 marked_count "$TASK" 0 || return 1
	for name in "${FLEET[@]}"; do
		judge_one "$name" || rc=1
		ahead+=("$AHEAD_US")
		if [ -n "${2:-}" ] && [ "$AHEAD_US" -gt $(($2 * 1000)) ]; then
			echo "$name: gone $AHEAD_US us after the last sign" >&2
			rc=1
		fi
		if [ "$AHEAD_US" -lt $((least_ms * 1000)) ]; then
			echo "$name: dead only $AHEAD_US us before it" >&2
			rc=1
		fi
	done
	mapfile -t ahead < <(printf '%s\n' "${ahead[@]}" | sort -n)
	figure "dead before the lease went by: least ${ahead[0]}," \
	    "median $(median "${ahead[@]}"), most ${ahead[-1]} us"
	return $rc
}

# end_fleet STATUS: wait for FLEET to end; fail unless each exits with STATUS.
end_fleet()
{
	local name rc=0

	for name in "${FLEET[@]}"; do
		zkrun_wait "$name" 15 || return 1
		[ "$status" -eq "$1" ] && continue
		echo "$name: ended in $status, not $1" >&2
		cat "$BATS_TEST_TMPDIR/$name.err" >&2
		rc=1
	done
	return $rc
}

fleet_clean()
{
	local name

	for name in "${FLEET[@]}"; do
		assert_lock_clean "$TASK-$name" || return 1
	done
}

# figure WORD...: show a measurement with the test's result.
figure()
{
	echo "# $*" >&3
}

# said NAME PATTERN N: fail unless exactly N lines of NAME's stderr match.
said()
{
	assert_equal "$2: $(grep -cE -e "$2" "$BATS_TEST_TMPDIR/$1.err")" \
	    "$2: $3" || {
		cat "$BATS_TEST_TMPDIR/$1.err" >&2
		return 1
	}
}

# plant FILE: write a script that starts a tree of all kinds of processes; its
# arguments are SIGNS hop|replace N, those of brood.  Most processes record
# signs of life.  A test finds survivors among the others by marked().
plant()
{
	cat >"$1" <<-'END'
	#!/bin/bash
	trap '' TERM HUP INT
	"$TOOLS/brood" "$@" &
	setsid "$TOOLS/alive" "$1" &
	(setsid sh -c '("$0" "$1" hard &) &' "$TOOLS/alive" "$1" &)
	sh -c 'kill -STOP $$; exec sleep 60' &
	"$TOOLS/tree" deep 30
	END
	chmod +x "$1"
}

# kill_marked: kill the processes that the commands of this test have left.
kill_marked()
{
	local pid

	for pid in $(grep -lzs "^MARK=$TASK" /proc/[0-9]*/environ |
	    cut -d / -f 3); do
		kill -KILL "$pid" 2>/dev/null || true
	done
}
