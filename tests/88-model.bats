#!/usr/bin/env bats
#
# The protocol, exhaustively; see tests/model/lock.pml.

load helper

@test "the model of the lock holds, and finds out every mutant" {
	# It is the same in every pass.
	[ "${ZKRUN_PASS:-plain}" = plain ] || return 0
	run -0 "$TOP/tests/model/run.bash"
	echo "$output" | sed 's/^/# /' >&3
	refute_output --partial 'not ok'
	[ "${#lines[@]}" -ge 13 ]
}
