# deaths.bash: a fleet of zkruns, each with a task of its own, a command tree
# that writes down its last sign of life, and a witness of its lease.
# shellcheck shell=bash
#
# The verdict is always: last sign of life < lease gone.  Both are told by
# others than zkrun: the tree itself, and a ZooKeeper client that has its own
# connection, past any relay.

# boot_us: now, on the clock of alive and znode.
boot_us()
{
	: "${BOOT_OFFSET_US:=$("$TOOLS/signs" wall)}"
	# shellcheck disable=SC2034 # for the tests
	BOOT_US=$((${EPOCHREALTIME/[.,]/} - BOOT_OFFSET_US))
}

# nap US: for random moments; a test's conditions are waited for by wait_for.
nap()
{
	if [ -z "${NAP_FD:-}" ]; then
		mkfifo "$BATS_TEST_TMPDIR/nap"
		exec {NAP_FD}<>"$BATS_TEST_TMPDIR/nap"
	fi
	# No fork here: it would take longer than some naps.
	printf -v NAP '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000))
	read -rt "$NAP" <&"$NAP_FD" || true
}

# nap_up_to US
nap_up_to()
{
	nap $((RANDOM * $1 / 32768 + 1))
}

# median NUMBER...
median()
{
	printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# keeper_now GUARD: sets KEEPER, without a fork; fails if there is none (yet).
# By name, since it need not be the guard's only child: the sanitizers look for
# leaks from one as the guard exits, and whoever kills that one hangs the guard.
keeper_now()
{
	local name=''

	KEEPER=''
	# There is no newline at its end.
	read -r KEEPER _ <"/proc/$1/task/$1/children" || [ -n "$KEEPER" ] ||
	    return
	read -r name <"/proc/$KEEPER/comm" && [ "$name" = zkkeeper ]
} 2>/dev/null

# The file of signs of one run, and that of its witness.
signs()
{
	echo "$BATS_TEST_TMPDIR/signs.$1"
}

witness_file()
{
	echo "$BATS_TEST_TMPDIR/witness.$1"
}

# start_witness NAME TASK: from now on it is known when the lease goes.
start_witness()
{
	local out

	out=$(witness_file "$1")
	"$TOOLS/znode" -c "${ZK_CONNECT:-$ZKRUN_CONNECT}" \
	    watch "/lock/mutex/$2/leases" >"$out" 2>"$out.err" 3>&- &
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

# enlist NAME [OPTION...] -- COMMAND...: one more in FLEET.  Its task is
# $TASK-NAME; the mark of what it runs is $TASK, as of the others.
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

# All of them run, and each has a witness.
watch_fleet()
{
	local name

	for name in "${FLEET[@]}"; do
		wait_for 20 has_signs "$name" || return 1
		start_witness "$name" "$TASK-$name" || return 1
	done
}

# fleet COUNT [OPTION...]: so many, at random phases of their beats.
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

# beat_fleet: all of them (behind the relay) have beaten often enough that not
# the connecting, but beats are what proves their leases.
beat_fleet()
{
	relay_tell reset-stats
	fleet_has_beaten()
	{
		[ "$(relay_count op14)" -ge $((4 * ${#FLEET[@]})) ]
	}
	wait_for 20 fleet_has_beaten
}

# signal_fleet SIGNAL guard|keeper: to all of them, as fast as it goes.
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

# judge_one NAME: its lease is gone, and nobody lives.  Sets AHEAD_US, by how
# much the last sign of life was before that, and LEASE_GONE_US.
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

# judge_fleet SECONDS [WITHIN_MS [AT_LEAST_MS]]: every lease goes, everybody was
# dead before it, by no more and no less than that.  With sanitizers in zkrun
# killing takes its time; then dead before it is all that is asked.
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

# end_fleet STATUS: that is how all of them end.
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

# figure WORD...: something measured, shown with the result.
figure()
{
	echo "# $*" >&3
}

# said NAME PATTERN N: its stderr has exactly so many such lines.
said()
{
	assert_equal "$2: $(grep -cE -e "$2" "$BATS_TEST_TMPDIR/$1.err")" \
	    "$2: $3" || {
		cat "$BATS_TEST_TMPDIR/$1.err" >&2
		return 1
	}
}

# plant FILE: a script "plant SIGNS hop|replace N": all in one.  Most of it signs;
# of the rest it is enough that marked() finds none.
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

# kill_marked: all that the commands of this test started and left.
kill_marked()
{
	local pid

	for pid in $(grep -lzs "^MARK=$TASK" /proc/[0-9]*/environ |
	    cut -d / -f 3); do
		kill -KILL "$pid" 2>/dev/null || true
	done
}
