#!/usr/bin/env bash
#
# run: checks the models with Spin, exhaustively for their sizes; and that each
# of them finds out every mutant, which is a protocol with one step left out.
#
#	tests/model/run.bash [big]	big: more deaths, losses and reaps
#
# The exit status is 0 if all is as it should be.

set -u

cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# check WANTED NAME MODEL OPTION...: WANTED is the number of errors.
check()
{
	local wanted=$1 name=$2 model=$PWD/$3 out

	shift 3
	out=$(cd "$work" && spin -a "$@" "$model" >spin.out 2>&1 &&
	    ${CC:-cc} -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=8000 -o pan pan.c &&
	    ./pan -m1000000 -w24) || {
		cat "$work/spin.out"
		out=
	}
	if grep -q 'Search not completed' <<<"$out" && [ "$wanted" -eq 0 ] ||
	    ! grep -q "errors: $wanted\$" <<<"$out"; then
		echo "not ok $name"
		grep -E '^pan|errors:' <<<"$out"
		failed=1
		return
	fi
	echo "ok $name:$(sed -n 's/\(.*\) states, stored.*/\1 states/p' <<<"$out")"
}

more=(-DDEATHS=1 -DLOSSES=1 -DREAPS=1)
[ "${1:-}" != big ] || more=(-DDEATHS=2 -DLOSSES=2 -DREAPS=2)
for zkruns in 3 2 1; do
	for patients in $([ "${1:-}" = big ] || [ $zkruns -eq 2 ] && echo 1) 3; do
		check 0 "$zkruns of 3 are zkrun, $patients wait for ever" \
		    lock.pml "-DZKRUNS=$zkruns" "-DPATIENTS=$patients" \
		    "${more[@]}"
	done
done
check 1 'mutant: walks in where somebody is' lock.pml -DMUTANT=1
check 1 'mutant: watches a node that is gone' lock.pml -DMUTANT=2
check 1 'mutant: does not watch the leases' lock.pml -DMUTANT=3
check 1 'mutant: counts one lease too few' lock.pml -DMUTANT=4
check 1 'mutant: never releases' lock.pml -DMUTANT=5
check 1 'mutant: tidies away a lease' lock.pml -DMUTANT=6
check 1 'mutant: does not look for its lease by the uuid' lock.pml -DMUTANT=7
check 1 'mutant: walked in, and stands in line with that' lock.pml -DMUTANT=9
check 1 'mutant: watches its rival, and no more the others' lock.pml -DMUTANT=10
exit $failed
