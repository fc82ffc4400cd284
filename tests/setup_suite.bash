# setup_suite.bash: one ZooKeeper server for all tests of a run.  No server, no
# run: nothing here is ever skipped.
# shellcheck shell=bash

setup_suite()
{
	local port tool

	TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	: "${BUILD:=build}"
	case $BUILD in
	/*)	;;
	*)	BUILD=$TOP/$BUILD ;;
	esac
	: "${ZKRUN:=$BUILD/zkrun}"
	: "${TOOLS:=$BUILD/tools}"
	export TOP BUILD ZKRUN TOOLS
	export SANDBOX=$TOP/contrib/zookeeper-sandbox

	for tool in znode relay stamp overlap ending siglog pty tree brood alive \
	    lastsign responder freeport logsink execenv notified; do
		if [ ! -x "$TOOLS/$tool" ]; then
			echo "no $TOOLS/$tool: run make test-programs" >&2
			return 1
		fi
	done
	# The tests say what they want; nothing comes from the caller.
	unset "${!ZKRUN_@}"
	[ -z "${PASS_NAME:-}" ] || export ZKRUN_PASS=$PASS_NAME
	timeout 60 "$TOP/tests/java/build" "$BUILD/java" || return 1
	port=$(timeout 120 "$SANDBOX" start "$BATS_SUITE_TMPDIR/server" \
	    --tick 500) || return 1
	export ZKRUN_CONNECT=127.0.0.1:$port
}

teardown_suite()
{
	timeout 60 "$SANDBOX" stop "$BATS_SUITE_TMPDIR/server"
}
