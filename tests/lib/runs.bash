# runs.bash: read the record of runs with a witness, and run commands that leave
# traces, to compare both.  A file that loads this must load helper as well.
# shellcheck shell=bash

# zkrun stores a run with a multi (opcode 14).  If the run takes the lock with
# its first request, this multi is its second.  Beats are multis as well, but a
# session of 10 s sends none in its first second.
export STORE=14

# Create the task's parents, so that the first request takes the lock.
know_task()
{
	zk create -p "/lock/mutex/$TASK" >/dev/null
}

record_path()
{
	echo "/lock/runs/${1:-$TASK}"
}

record_of()
{
	zk get "$(record_path "$1")"
}

# record_is_sound [TASK]: does the record have exactly the form that zkrun
# writes?
record_is_sound()
{
	record_of "$1" >"$BATS_TEST_TMPDIR/record.${1:-$TASK}" &&
	    awk -v number='[0-9]+' '
	function bad(why) { print why ": " $0; wrong = 1 }
	NR == 1 { if ($0 != "zkrun 1") bad("header"); next }
	$0 !~ "^(success|run) began=" number " started=" number \
	    " took=" number " status=" number " fence=" number \
	    " host=[^ ]+$" { bad("line") }
	/^success / && (NR != 2 || $5 != "status=0") { bad("success") }
	/^success / { success = substr($6, 7); next }
	{
		fence = substr($6, 7)
		if (runs++ > 0 && fence + 0 >= last) bad("order")
		last = fence + 0
		if ($5 == "status=0" && !first) first = fence
	}
	END {
		if (NR == 0 || runs > 10) bad("length")
		# The success line must describe the newest success.
		if (first && first != success) bad("not that success")
		exit wrong
	}' "$BATS_TEST_TMPDIR/record.${1:-$TASK}"
}

# runs_of [TASK]: print the runs, newest first; nothing if there is no record.
runs_of()
{
	local text

	text=$(record_of "$1" 2>/dev/null) || [ $? -eq 1 ] || return 1
	sed -n 's/^run //p' <<<"$text"
}

# runs_count N [TASK]
runs_count()
{
	local text

	text=$(runs_of "$2") && [ "$(grep -c . <<<"$text")" -eq "$1" ]
}

# of_run N KEY [TASK]: print KEY of the Nth run, counted from the newest.
of_run()
{
	runs_of "$3" | sed -n "$1p" | tr ' ' '\n' | sed -n "s/^$2=//p"
}

# of_success KEY [TASK]
of_success()
{
	record_of "$2" | sed -n 's/^success //p' | tr ' ' '\n' |
	    sed -n "s/^$1=//p"
}

# statuses [TASK]: print all statuses, newest first, on one line.
statuses()
{
	runs_of "$1" | sed 's/.* status=\([0-9]*\) .*/\1/' | tr '\n' ' '
}

RAN()
{
	echo "$BATS_TEST_TMPDIR/ran"
}

# run_as STATUS OPTION...: run a zkrun whose command appends its fence to RAN
# and exits with STATUS.
run_as()
{
	local code=$1

	shift
	zkrun -t "$TASK" "$@" -- sh -c 'echo "$ZKRUN_FENCE" >>"$0"; exit "$1"' \
	    "$(RAN)" "$code"
}

ran()
{
	cat "$(RAN)" 2>/dev/null | grep -c .
}

assert_ran()
{
	assert_equal "ran: $(ran)" "ran: $1"
}

# gated_bg NAME STATUS OPTION...: in the background, run a zkrun whose command
# appends its fence to RAN and waits for open_gate NAME.
gated_bg()
{
	local name=$1 code=$2 dir=$BATS_TEST_TMPDIR

	shift 2
	mkfifo "$dir/$name.gate"
	zkrun_bg "$name" -t "$TASK" "$@" -- sh -c '
		echo "$ZKRUN_FENCE" >>"$0"
		echo "$ZKRUN_LEASE" >"$1.lease.new"
		mv "$1.lease.new" "$1.lease"
		read -r _ <"$1.gate"
		exit "$2"' "$(RAN)" "$dir/$name" "$code"
}

# gated NAME STATUS OPTION...: the same, and wait until the command runs.
gated()
{
	gated_bg "$@" && wait_for 10 test -s "$BATS_TEST_TMPDIR/$1.lease"
}

lease_of()
{
	cat "$BATS_TEST_TMPDIR/$1.lease"
}

open_gate()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	timeout 5 sh -c 'echo go >"$1"' sh "$BATS_TEST_TMPDIR/$1.gate"
}

# ended_in NAME SECONDS STATUS
ended_in()
{
	zkrun_wait "$1" "$2"
	assert_equal "$1: $status" "$1: $3" || {
		cat "$BATS_TEST_TMPDIR/$1.err" >&2
		return 1
	}
}

# says NAME PATTERN: does NAME's stderr match?
says()
{
	grep -Eq -e "$2" "$BATS_TEST_TMPDIR/$1.err" || {
		echo "$1 does not say: $2" >&2
		cat "$BATS_TEST_TMPDIR/$1.err" >&2
		return 1
	}
}

# kill_host NAME: kill all processes of NAME at once, as a loss of power does.
kill_host()
{
	local guard=${BG[$1]} keeper children

	keeper=$(keeper_of "$guard")
	children=$(children_of "$keeper")
	# Stop the guard first, so that no process notices another's death.
	# Ignore errors of the last kill, because a child may have ended.
	kill -STOP "$guard" && kill -KILL "$keeper" "$guard" || return 1
	# shellcheck disable=SC2086 # one word each
	[ -z "$children" ] || kill -KILL $children || true
}
