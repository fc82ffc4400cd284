#!/usr/bin/env bats
#
# zkrun and Apache Curator's InterProcessSemaphoreMutex exclude each other and
# wait in one queue.

load lib/helper

P()
{
	echo "/lock/mutex/$TASK"
}

@test "while Curator holds, zkrun -n is refused and zkrun -w waits its turn" {
	start_curator
	curator_say acquire A "$(P)" -1
	curator_expect 10 A acquired
	run -75 zkrun -n -t "$TASK" -- true
	zkrun_bg waiter -w 60 -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	wait_for 10 queue_count "$TASK" 1
	run -75 zkrun -w 0.2 -t "$TASK" -- true
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	curator_say release A
	curator_expect 10 A released
	zkrun_wait waiter 10
	assert_equal "$status" 0
	[ -e "$BATS_TEST_TMPDIR/ran" ]
	lock_clean "$TASK"
}

@test "while zkrun holds, Curator is refused or waits, and a waiting Curator gets the lock next" {
	start_curator
	hold holder "$TASK"
	curator_say acquire A "$(P)" 0
	curator_expect 10 A refused
	curator_say acquire B "$(P)" 300
	curator_expect 10 B refused
	curator_say acquire C "$(P)" -1
	wait_for 10 queue_count "$TASK" 1
	run -75 zkrun -n -t "$TASK" -- true
	let_go holder
	curator_expect 10 C acquired
	curator_say release C
	curator_expect 10 C released
	assert_lock_clean "$TASK"
}

@test "Curator gets the lock at once when the keeper is killed" {
	start_curator
	hold holder "$TASK"
	curator_say acquire A "$(P)" -1
	wait_for 10 queue_count "$TASK" 1
	kill -KILL "$(keeper_of "${BG[holder]}")"
	curator_expect 10 A acquired
	zkrun_wait holder 10
	assert_equal "$status" 76
	curator_say release A
	curator_expect 10 A released
}

@test "waiters of both kinds get the lock in the order in which they came" {
	local order=$BATS_TEST_TMPDIR/order

	start_curator
	: >"$order"
	curator_say acquire A "$(P)" -1
	curator_expect 10 A acquired
	zkrun_bg z1 -t "$TASK" -- sh -c 'echo z1 >>"$1"' sh "$order"
	wait_for 10 queue_count "$TASK" 1
	curator_say acquire B "$(P)" -1
	wait_for 10 queue_count "$TASK" 2
	zkrun_bg z2 -t "$TASK" -- sh -c 'echo z2 >>"$1"' sh "$order"
	wait_for 10 queue_count "$TASK" 3
	zkrun_bg z3 -t "$TASK" -- sh -c 'echo z3 >>"$1"' sh "$order"
	wait_for 10 queue_count "$TASK" 4
	curator_say acquire C "$(P)" -1
	wait_for 10 queue_count "$TASK" 5
	curator_say release A
	curator_expect 10 B acquired
	assert_equal "$(tr '\n' ' ' <"$order")" 'z1 '
	curator_say release B
	curator_expect 10 C acquired
	assert_equal "$(tr '\n' ' ' <"$order")" 'z1 z2 z3 '
	curator_say release C
	curator_expect 10 C released
	assert_lock_clean "$TASK"
}

@test "Curator lists zkrun's lease among the participants" {
	start_curator
	hold holder "$TASK"
	curator_say participants X "$(P)"
	curator_expect 10 "X participants $(holders "$TASK")"
	let_go holder
}

# contender ID END STAMPS: take the lock again and again, and stamp each run.
contender()
{
	local id=$1 end=$2 rc

	while [ "$(now_us)" -lt "$end" ]; do
		rc=0
		"$ZKRUN" -t "$TASK" -- "$TOOLS/stamp" "$3" "$id" 3 || rc=$?
		[ $rc -eq 0 ] || echo "$id ended in $rc"
	done
}

@test "five zkruns and five Curators never overlap, and each of them gets its turns" {
	local stamps=$BATS_TEST_TMPDIR/stamps seconds=20 end i n

	! asan || seconds=8
	start_curator
	end=$(($(now_us) + seconds * 1000000))
	curator_say contend 5 "$(P)" "$seconds" "$stamps"
	for i in 1 2 3 4 5; do
		contender "zkrun$i" "$end" "$stamps" \
		    >"$BATS_TEST_TMPDIR/zkrun$i.log" 2>&1 3>&- &
		BG[zkrun$i]=$!
	done
	curator_expect $((seconds + 20)) contend done
	for i in 1 2 3 4 5; do
		zkrun_wait "zkrun$i" 20
		assert_equal "$(<"$BATS_TEST_TMPDIR/zkrun$i.log")" ''
	done
	run -0 "$TOOLS/overlap" "$stamps"
	echo "$output"
	assert_output --partial 'ids=10 overlaps=0 max_concurrent=1 '
	assert_output --partial 'open=0'
	# No contender starves: each has run at least once every two seconds.
	for i in zkrun1 zkrun2 zkrun3 zkrun4 zkrun5 java0 java1 java2 java3 \
	    java4; do
		n=$(grep -c "^begin .* $i\$" "$stamps")
		echo "$i $n"
		[ "$n" -ge $((seconds / 2)) ]
	done
	assert_lock_clean "$TASK"
}
