#!/usr/bin/env bats
#
# Every input that tests/fuzz/ keeps, under sanitizers.
#
# Once: the targets bring sanitizers of their own.
# bats file_tags=long

load lib/helper

@test "every fuzz target takes what its corpus has" {
	local targets

	targets=("$TOP"/tests/fuzz/*.c)
	[ "${#targets[@]}" -ge 10 ]
	cd "$TOP"
	nice make -s -j2 WERROR=1 fuzz-programs
	run tests/fuzz/run -r
	echo "$output" | sed 's/^/# /' >&3
	[ "$status" -eq 0 ]
	assert_equal "$(grep -c '^ok fuzz: ' <<<"$output")" "${#targets[@]}"
	# One that has no input has looked at nothing.
	refute_output --partial ', 0 inputs'
}
