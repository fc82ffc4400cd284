#!/usr/bin/env bats
#
# Some sessions with a server that is not to be trusted; make fuzz has more.
#
# Once: the client library is not free of what sanitizers would report of it.
# bats file_tags=long

load lib/helper

@test "a hostile server: no run without the lease, and no untrue status" {
	cd "$TOP"
	HOSTILE_SESSIONS=120 HOSTILE_JOBS=6 run tests/fuzz/hostile
	grep -a -v '^# zkrun' <<<"$output" | sed 's/^/# /' >&3
	[ "$status" -eq 0 ]
	assert_line 'ok hostile: 120 sessions'
	# Neither did all get through nor none.
	grep -aE '^# .* of wire,.* 0 x ' <<<"$output"
	grep -aE '^# .* of wire,.* (69|70|75|76) x ' <<<"$output"
}
