#!/usr/bin/env bats
#
# What tests/fuzz/ has, in short: every input that is kept, under sanitizers,
# and some sessions with a hostile server.  make fuzz does both for longer.

load helper

# The targets bring sanitizers of their own, and the client library is not free
# of what they would report of a keeper that a hostile server talks to.
once()
{
	[ "${ZKRUN_PASS:-plain}" = plain ]
}

@test "every fuzz target takes what its corpus has" {
	local targets

	once || return 0
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

@test "a hostile server: no run without the lease, and no untrue status" {
	once || return 0
	cd "$TOP"
	HOSTILE_SESSIONS=120 HOSTILE_JOBS=6 run tests/fuzz/hostile
	grep -a -v '^# zkrun' <<<"$output" | sed 's/^/# /' >&3
	[ "$status" -eq 0 ]
	assert_line 'ok hostile: 120 sessions'
	# Neither did all get through nor none.
	grep -aE '^# .* of wire,.* 0 x ' <<<"$output"
	grep -aE '^# .* of wire,.* (69|70|75|76) x ' <<<"$output"
}
