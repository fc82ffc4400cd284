#!/usr/bin/env bats
#
# Servers that are not to be trusted; make fuzz has more.
#
# Once: the client library is not free of what sanitizers would report of it.

load lib/helper

# bats test_tags=long
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

# no_crash ARG...: zkrun exits by itself, with whatever status.
no_crash()
{
	ZKRUN_LIMIT=10 ZKRUN_CONNECT=$MISNAMER run zkrun "$@"
	echo "$output"
	[ "$status" -lt 124 ] || {
		echo "zkrun $*: $status"
		return 1
	}
}

# misnamed END NAME...: no command crashes if nodes have children of these names.
misnamed()
{
	"$TOOLS/misnamer" "$@" >"$BATS_TEST_TMPDIR/port" 3>&- &
	HELPERS+=($!)
	wait_for 5 test -s "$BATS_TEST_TMPDIR/port"
	MISNAMER=127.0.0.1:$(<"$BATS_TEST_TMPDIR/port")
	no_crash --status
	no_crash --status x
	no_crash --status --json x
	no_crash --revoke -w 0.2 x
	no_crash --break --yes x
	no_crash -r 0 -w 0.2 -t x -- touch "$BATS_TEST_TMPDIR/ran"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	rm "$BATS_TEST_TMPDIR/port"
}

@test "a child named a/b crashes no command" {
	misnamed leases a/b
	misnamed '' a/b other
}

# bats test_tags=long
@test "invalid names of children crash no command, and none hangs" {
	local name

	for name in /a a/ / '' . .. $'a\n' "$(printf 'x%.0s' {1..2000})"; do
		misnamed leases "$name"
		misnamed '' "$name" other
	done
}
