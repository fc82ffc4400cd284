#!/usr/bin/env bats
#
# Run every input in tests/fuzz/corpus under sanitizers.
#
# Once: the fuzz targets have their own sanitizers.
# bats file_tags=long

load lib/helper

@test "every fuzz target handles its corpus" {
	local targets

	targets=("$TOP"/tests/fuzz/*.c)
	[ "${#targets[@]}" -ge 10 ]
	cd "$TOP"
	nice make -s -j2 WERROR=1 fuzz-programs
	run tests/fuzz/run -r
	echo "$output" | sed 's/^/# /' >&3
	[ "$status" -eq 0 ]
	assert_equal "$(grep -c '^ok fuzz: ' <<<"$output")" "${#targets[@]}"
	# A target without input would test nothing.
	refute_output --partial ', 0 inputs'
}
