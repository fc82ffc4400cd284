#!/usr/bin/env bash
#
# run: check the models with Spin, exhaustively for their sizes, and that each
# model finds out every mutant.  A mutant is a protocol with one step left out
# or changed.
#
#	tests/model/run.bash [big]	big: more faults, and many minutes
#
# A model is compiled once and reads its settings from the environment.  To see
# the steps that lead to an error, in an empty directory:
#
#	spin -a DIR/clock.pml && cc -DSAFETY -o pan pan.c && MUTANT=3 ./pan &&
#	    spin -k clock.pml.trail -p -DMUTANT=3 DIR/clock.pml
#
# The exit status is 0 if every check succeeds.

set -u

cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
models=$PWD
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# build NAME MODEL [OPTION...]: compile MODEL with Spin's options.  If NAME is
# loops it looks for endless loops, otherwise for errors and deadlocks.
build()
{
	local name=$1 model=$models/$2 search=-DSAFETY

	shift 2
	[ "$name" != loops ] || search=-DNP
	mkdir "$work/$name" && cd "$work/$name" || exit 1
	if ! spin -a "$@" "$model" >spin.out 2>&1 || ! ${CC:-cc} -O2 -w \
	    "$search" -DCOLLAPSE -DMEMLIM=8000 -o pan pan.c; then
		cat spin.out
		exit 1
	fi
}

# check NAME ERRORS TEXT [SETTING...]: the model finds ERRORS errors, 0 or 1.
check()
{
	local name=$1 wanted=$2 text=$3 out options=(-m100000 -w22)

	shift 3
	[ "$name" != loops ] || options+=(-l)
	out=$(cd "$work/$name" && env -i "$@" ./pan "${options[@]}")
	if ! grep -q "errors: $wanted\$" <<<"$out" || [ "$wanted" -eq 0 ] &&
	    grep -qE 'not completed|max search depth' <<<"$out"; then
		echo "not ok $text"
		grep -E '^pan|^error|errors:' <<<"$out"
		failed=1
		return
	fi
	echo "ok $text: $(sed -n 's/^ *\(.*\) states, stored.*/\1 states/p
	    s/^ *\([0-9]*\).*total actual memory.*/, \1 MB/p
	    s/^pan: elapsed time \(.*\) seconds/, \1 s/p' <<<"$out" |
	    tr -d '\n')"
}

# mutants NAME TEXT [SETTING...]: read lines from stdin: the number of a mutant,
# its settings, and what it does wrong.
mutants()
{
	local name=$1 whose=$2 number text settings

	shift 2
	while read -r number text; do
		settings=("MUTANT=$number" "$@")
		while [[ $text = *=* ]]; do
			settings+=("${text%% *}")
			text=${text#* }
		done
		check "$name" 1 "$whose mutant $number, $text" "${settings[@]}"
	done
}

lock_mutants()
{
	mutants lock "$@" <<-END
	2 watches a node that is gone
	3 does not watch the leases
	4 counts one lease too few
	5 never releases
	7 does not look for its lease by the uuid
	8 its session ends before its command
	11 does not queue
	12 does not look whether anybody is ahead
	13 does not watch the one ahead
	14 creates no lease
	15 does not look at the leases
	16 MAX=2 ETERNALS=1 holds, and stays in the queue
	17 gives up, and keeps its lease
	18 gives up, and stays in the queue
	19 does not create missing nodes
	21 does not look again after lost contact
	22 takes its turn when the one ahead is gone
	END
}

lock()
{
	local zkruns

	build lock lock.pml
	check lock 0 'lock, all are zkrun' ZKRUNS=3
	for zkruns in 1 0; do
		check lock 0 "lock, $zkruns of 3 are zkrun, one may give up" \
		    "ZKRUNS=$zkruns" QUITTERS=1
	done
	check lock 0 'lock, 2 leases, one of them held for ever' MAX=2 \
	    ETERNALS=1
	check lock 0 'lock, all are zkrun, one with -n' ZKRUNS=3 QUITTERS=1 \
	    HASTIES=1
	check lock 0 'lock, numbers turn negative' ZKRUNS=3 EDGE=1 REAPS=0
	[ "$1" != big ] || big_lock
	lock_mutants zkrun ZKRUNS=3 QUITTERS=1
	lock_mutants Curator ZKRUNS=0 QUITTERS=1
	mutants lock zkrun ZKRUNS=3 <<-END
	1 creates its lease at once though P/leases exists
	6 deletes P/leases with a lease in it
	9 took the lease at once, and then queues with it
	10 watches its rival only, and no longer the other leases
	20 leaves P/leases behind
	23 QUITTERS=1 HASTIES=1 looks who holds before its first try
	24 EDGE=1 the head of the queue does not give way
	END
}

big_lock()
{
	local zkruns quitters

	for zkruns in 3 2 1 0; do
		for quitters in 0 1 2 3; do
			check lock 0 "lock, $zkruns of 3 are zkrun, $quitters \
may give up" "ZKRUNS=$zkruns" "QUITTERS=$quitters" REAPS=2
		done
		check lock 0 "lock, $zkruns of 3 are zkrun, 2 leases" \
		    "ZKRUNS=$zkruns" QUITTERS=1 MAX=2 ETERNALS=1
		check lock 0 "lock, $zkruns of 3 are zkrun, two faults" \
		    "ZKRUNS=$zkruns" QUITTERS=1 FAULTS=2
	done
	for quitters in 1 2 3; do
		check lock 0 "lock, all are zkrun, $quitters with -n" \
		    ZKRUNS=3 "QUITTERS=$quitters" "HASTIES=$quitters" REAPS=2
	done
	check lock 0 'lock, two Curators, one zkrun with -n' ZKRUNS=1 \
	    QUITTERS=1 HASTIES=1
	check lock 0 'lock, 2 leases, one with -n' ZKRUNS=3 QUITTERS=1 \
	    HASTIES=1 MAX=2 ETERNALS=1
	check lock 0 'lock, numbers turn negative, one may give up' ZKRUNS=3 \
	    EDGE=1 QUITTERS=1
	check lock 0 'lock, numbers turn negative, 2 leases' ZKRUNS=3 EDGE=1 \
	    MAX=2
	check lock 0 'lock, 2 leases, two faults' MAX=2 FAULTS=2
}

clock()
{
	build clock clock.pml
	build fine clock.pml -DT=16
	check clock 0 'lease clock, one fault' LINE=2
	check clock 0 'lease clock, one fault, no grace' LINE=2 GRACE=0
	check clock 0 'lease clock, one fault, pings behind writes' HOLDUP=1
	check fine 0 'lease clock, T of 16, one fault'
	[ "$1" != big ] || big_clock
	check fine 0 'lease clock, no fault: the command is not stopped' FAULTS=0
	check fine 0 'lease clock, one server silent: not stopped either' SMOOTH=1
	mutants clock 'lease clock,' <<-END
	0 HOLDUP=1 LINE=2 news and pings in any order
	0 HOLDUP=2 pings late
	1 a read counts as a beat
	2 counts from the time of the reply
	3 stops the command at the deadline, not before
	4 no margin
	5 FAULTS=2 takes a connection for a proof
	6 FAULTS=2 READS=0 LINE=2 judges by the times of sending alone
	7 a reply counts as soon as it is read
	8 a beat proves its own time
	9 FAULTS=2 the keeper never kills
	10 starts the command whatever the clock says
	13 the guard never acts
	END
	mutants fine 'lease clock,' <<-END
	0 SMOOTH=2 a stall before the start stops the command
	11 SMOOTH=1 stays with a silent server
	12 FAULTS=0 beats too seldom
	END
}

big_clock()
{
	local line

	for line in 0 1 2; do
		check clock 0 "lease clock, two faults, LINE=$line" FAULTS=2 \
		    READS=2 "LINE=$line"
	done
	check clock 0 'lease clock, two faults, no grace' FAULTS=2 GRACE=0
	check fine 0 'lease clock, T of 16, two faults' FAULTS=2
	check fine 0 'lease clock, T of 16, two faults, no grace' FAULTS=2 \
	    GRACE=0
	mutants fine 'lease clock,' <<-END
	0 HOLDUP=1 FAULTS=2 GRACE=0 pings behind writes, between two cuts
	END
}

mutex()
{
	local zkruns

	build mutex mutex.pml
	build loops mutex.pml
	for zkruns in 3 2 1; do
		check mutex 0 "mutex, $zkruns of 3 are zkrun" "ZKRUNS=$zkruns"
		check mutex 0 "mutex, $zkruns of 3 are zkrun, with a pause" \
		    "ZKRUNS=$zkruns" PAUSES=1 FAULTS=0
	done
	check loops 0 'mutex, no endless loop, all are zkrun' ZKRUNS=3
	[ "$1" != big ] || big_mutex
	mutants mutex 'mutex,' <<-END
	1 creates no lock- node
	2 creates no __lock__ node
	3 creates no __WRIT__ node
	4 creates its nodes one by one
	5 compares with its last number
	6 counts lock- nodes only
	7 lists before it creates its nodes
	8 holds without another list when the node before it is gone
	9 keeps its number when its session expires
	10 waits for higher numbers
	11 waits for its own nodes
	12 does not watch
	13 does not look for its nodes by the uuid
	14 watches a node that is gone
	15 PAUSES=1 ignores the pause
	16 FAULTS=0 joins again when the node before it is gone
	17 its session ends before its command
	19 takes its number from a reply, and overlooks a late create
	END
	mutants loops 'mutex,' <<-END
	18 lists again and again
	END
}

big_mutex()
{
	local zkruns

	for zkruns in 3 2 1; do
		check mutex 0 "mutex, $zkruns of 3 are zkrun, two faults" \
		    "ZKRUNS=$zkruns" FAULTS=2
		check mutex 0 "mutex, $zkruns of 3 are zkrun, pause and fault" \
		    "ZKRUNS=$zkruns" PAUSES=1
	done
	for zkruns in 2 1; do
		check loops 0 "mutex, no endless loop, $zkruns of 3 are zkrun" \
		    "ZKRUNS=$zkruns"
	done
}

mixed()
{
	local semaphores

	build mixed mixed.pml
	for semaphores in 3 2 1; do
		check mixed 0 "mixed, $semaphores of 4 use semaphore" \
		    "SEMAPHORES=$semaphores"
	done
	mutants mixed 'mixed,' <<-END
	1 semaphore lists before it creates its lease
	2 semaphore does not look for nodes of a mutex
	3 mutex lists before it creates its node
	4 mutex does not look for leases and locks
	END
}

lock "${1:-short}"
clock "${1:-short}"
mutex "${1:-short}"
mixed
exit $failed
