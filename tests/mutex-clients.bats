#!/usr/bin/env bats
#
# zkrun --recipe mutex and the locks of Curator, Go and kazoo exclude each other
# and wait in one queue.
#
# Only check-all has the packages of Go and kazoo.
#
# Once: the file tests the protocol; mutex runs zkrun's code under sanitizers.

load lib/helper
load lib/clients

@test "Curator's InterProcessMutex and zkrun never overlap, and both get their turns" {
	contend mutex mutex
}

@test "InterProcessMutex and zkrun get the lock in the order in which they came" {
	in_order mutex
}

@test "InterProcessMutex and zkrun go on waiting if a contender before them leaves" {
	waiters_leave mutex
}

@test "zkrun gets the lock after an InterProcessMutex is killed" {
	client_dies mutex
}

@test "InterProcessMutex gets the lock after guard and keeper are killed" {
	zkrun_dies mutex
}

@test "Curator's LeaderSelector and zkrun never overlap, and both get their turns" {
	contend leader leader
}

# bats test_tags=long
@test "LeaderSelector and zkrun get the lock in the order in which they came" {
	in_order leader
}

# bats test_tags=long
@test "LeaderSelector and zkrun go on waiting if a contender before them leaves" {
	waiters_leave leader
}

# bats test_tags=long
@test "zkrun gets the lock after a LeaderSelector is killed" {
	client_dies leader
}

# bats test_tags=long
@test "LeaderSelector gets the lock after guard and keeper are killed" {
	zkrun_dies leader
}

# bats test_tags=long
@test "Go's Lock and zkrun never overlap, and both get their turns" {
	contend go go
}

# bats test_tags=long
@test "Curator, Go and zkrun never overlap, and all of them get their turns" {
	contend mutex go
}

# bats test_tags=long
@test "Go's Lock and zkrun get the lock in the order in which they came" {
	in_order go
}

# bats test_tags=long
@test "Go's Lock and zkrun go on waiting if a contender before them leaves" {
	waiters_leave go
}

# bats test_tags=long
@test "zkrun gets the lock after a Go program is killed" {
	client_dies go
}

# bats test_tags=long
@test "Go's Lock gets the lock after guard and keeper are killed" {
	zkrun_dies go
}

# bats test_tags=long
@test "kazoo's Lock and zkrun never overlap, and both get their turns" {
	know_parent
	contend kazoo kazoo
}

# bats test_tags=long
@test "kazoo's Lock and zkrun get the lock in the order in which they came" {
	know_parent
	in_order kazoo
}

# bats test_tags=long
@test "kazoo's Lock and zkrun go on waiting if a contender before them leaves" {
	know_parent
	waiters_leave kazoo
}

# bats test_tags=long
@test "zkrun gets the lock after a kazoo program is killed" {
	know_parent
	client_dies kazoo
}

# bats test_tags=long
@test "kazoo's Lock gets the lock after guard and keeper are killed" {
	know_parent
	zkrun_dies kazoo
}

# Without this the tests above could pass because the stamps show nothing.
# bats test_tags=long
@test "the stamps of each client show an overlap if there is no common lock" {
	local kind name

	for kind in mutex leader go kazoo; do
		rm -f "$(STAYS)"
		for name in one two; do
			HOLD_MS=60000 client_bg $kind $name 1 "$(P)/$kind-$name"
		done
		for name in one two; do
			wait_for 20 began $name
		done
		run -1 "$TOOLS/overlap" -k "$(STAYS)"
		assert_output --partial 'runs=2 ids=2 overlaps=1 '
		for name in one two; do
			kill "${BG[$name]}"
			zkrun_wait $name 10
		done
	done
}
