# setup_suite.bash: set up what all tests of a run need.  Without a server the
# run fails; nothing here skips a test.
# shellcheck shell=bash

setup_suite()
{
	local tool

	TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$TOP" || return 1
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
	    lastsign responder freeport logsink execenv notified crowd \
	    misnamer posixlock stallfs; do
		if [ ! -x "$TOOLS/$tool" ]; then
			echo "no $TOOLS/$tool: run make test-programs" >&2
			return 1
		fi
	done
	# The tests set all options; ignore the caller's.
	unset "${!ZKRUN_@}"
	export ZKRUN_PASS=${PASS_NAME:-plain}
	[ -z "${RECIPE:-}" ] || export ZKRUN_RECIPE=$RECIPE
	# A bats that tests/run did not start needs its own lane.
	if [ -z "${LANE_DIR:-}" ]; then
		export LANE_DIR=$BATS_SUITE_TMPDIR
		OWN_LANE=yes
		# shellcheck source=tests/lib/lane.bash
		. "$TOP/tests/lib/lane.bash"
		start_lane "$LANE_DIR" || return 1
	fi
	ZKRUN_CONNECT=127.0.0.1:$(<"$LANE_DIR/port")
	export ZKRUN_CONNECT
}

teardown_suite()
{
	[ "${OWN_LANE:-no}" = no ] || stop_lane "$LANE_DIR"
}
