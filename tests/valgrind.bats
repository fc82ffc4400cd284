# Run the main paths under valgrind, which must report nothing about guard,
# keeper and helpers.
# shellcheck shell=bash
#
# Once: valgrind and sanitizers exclude each other.
# bats file_tags=long

load lib/helper

# checked ARG...: run zkrun under valgrind, with every process that it forks.
checked()
{
	timeout -k 5 60 valgrind -q --leak-check=full \
	    --errors-for-leak-kinds=definite,indirect,possible \
	    --log-file="$BATS_TEST_TMPDIR/valgrind.%p" "$ZKRUN" "$@" 3>&-
}

# no_report N: fail unless N or more processes ran and valgrind reports nothing.
no_report()
{
	local files

	# The keeper closes the session after the guard has exited.
	wait_for 20 not pgrep -f "log-file=$BATS_TEST_TMPDIR/valgrind"
	files=("$BATS_TEST_TMPDIR"/valgrind.*)
	[ "${#files[@]}" -ge "$1" ]
	# valgrind does not know pidfds and says so in lines that begin with --.
	run sed '/^--[0-9]*-- /d' "${files[@]}"
	assert_output ''
}


@test "valgrind reports a leak" {
	local program=$BATS_TEST_TMPDIR/leak

	printf '%s\n' '#include <stdlib.h>' 'int' 'main(void)' '{' \
	    'volatile char *lost = malloc(10); lost = NULL;' \
	    'return lost != NULL;' '}' >"$program.c"
	cc -o "$program" "$program.c"
	ZKRUN=$program checked
	run no_report 1
	assert_failure
}

@test "a run with its exit status and release is clean" {
	run -3 checked -v -t "$TASK" -- sh -c 'exit 3'
	no_report 2
}

@test "a refused try and a wait without success are clean" {
	hold holder "$TASK"
	run -75 checked -n -t "$TASK" -- true
	run -75 checked -w 0.3 -t "$TASK" -- true
	no_report 4
	let_go holder
}

@test "name look-ups, dead servers and giving up are clean" {
	run -0 checked -c "localhost:${ZKRUN_CONNECT#*:}" -t "$TASK" -- true
	run -69 checked -c '127.0.0.1:1,no.such.host.invalid' -r 1 \
	    --retry-sleep 0.1 -t "$TASK" -- true
	no_report 5
}

@test "waiting for orphans and killing them is clean" {
	run -0 checked -t "$TASK" -- sh -c 'setsid sleep 0.5 &'
	run -0 checked -o kill -k 0.2 -t "$TASK" -- sh -c 'setsid sleep 60 &'
	no_report 4
}

@test "lost and regained contact and an expired session are clean" {
	local rc=0

	start_relay
	checked -c "$RELAY_CONNECT" -t "$TASK" -- sleep 2 3>&- &
	HELPERS+=($!)
	wait_for 20 holds_count "$TASK" 1
	wait_for 5 relay_tell cut
	wait $!
	checked -t "$TASK" -- sleep 60 3>&- &
	HELPERS+=($!)
	wait_for 20 holds_count "$TASK" 1
	zk expire "$(session_of "/lock/mutex/$TASK/leases/$(holders "$TASK")")"
	wait $! || rc=$?
	assert_equal "$rc" 76
	no_report 4
}
