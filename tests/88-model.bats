#!/usr/bin/env bats
#
# The protocol and the lease clock, exhaustively; see tests/model/.

load helper

@test "the models of lock and lease clock hold, and find out every mutant" {
	# It is the same in every pass.
	[ "${ZKRUN_PASS:-plain}" = plain ] || return 0
	run -0 "$TOP/tests/model/run.bash"
	echo "$output" | sed 's/^/# /' >&3
	refute_output --partial 'not ok'
	[ "${#lines[@]}" -ge 65 ]
}
