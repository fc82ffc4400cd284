#!/usr/bin/env bats
#
# Check the protocols and the lease clock exhaustively; see tests/model/.
#
# Once: it tests models, not zkrun.
# bats file_tags=long

load lib/helper

@test "the models of lock and lease clock hold, and detect every mutant" {
	run -0 "$TOP/tests/model/run.bash"
	echo "$output" | sed 's/^/# /' >&3
	refute_output --partial 'not ok'
	[ "${#lines[@]}" -ge 98 ]
}
