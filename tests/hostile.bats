#!/usr/bin/env bats
#
# Test hostile servers briefly; make fuzz tests them for longer.
#
# Once: sanitizers would report faults of the client library.

load lib/helper

# bats test_tags=long
@test "with a hostile server nothing runs unlocked, and no status is untrue" {
	cd "$TOP"
	HOSTILE_SESSIONS=120 HOSTILE_JOBS=6 run tests/fuzz/hostile
	grep -a -v '^# zkrun' <<<"$output" | sed 's/^/# /' >&3
	[ "$status" -eq 0 ]
	assert_line 'ok hostile: 120 sessions'
	# Some sessions succeeded and some failed.
	grep -aE '^# .* of wire,.* 0 x ' <<<"$output"
	grep -aE '^# .* of wire,.* (69|70|75|76) x ' <<<"$output"
}

# no_crash ARG...: fail if zkrun crashes or hangs; any exit status will do.
no_crash()
{
	ZKRUN_LIMIT=10 ZKRUN_CONNECT=$MISNAMER run zkrun "$@"
	echo "$output"
	[ "$status" -lt 124 ] || {
		echo "zkrun $*: $status"
		return 1
	}
}

# misnamed END NAME...: fail if a command of zkrun crashes because nodes have
# children with these names.
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
@test "children with invalid names make no command crash or hang" {
	local name

	for name in /a a/ / '' . .. $'a\n' "$(printf 'x%.0s' {1..2000})"; do
		misnamed leases "$name"
		misnamed '' "$name" other
	done
}
