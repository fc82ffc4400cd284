# lane.bash: start and stop what the tests of one lane share: a ZooKeeper
# server, and a JVM with Curator once a test has started it.  tests/run loads
# this; if bats runs a file without tests/run, setup_suite.bash does.
# shellcheck shell=bash

# start_lane DIR
start_lane()
{
	mkdir -p "$1"
	timeout 120 contrib/zookeeper-sandbox start "$1/server" --tick 500 \
	    >"$1/port"
}

stop_lane()
{
	local pid

	if [ -s "$1/curator" ]; then
		read -r _ pid <"$1/curator"
		kill "$pid" || true
		rm "$1/curator"
	fi
	timeout 60 contrib/zookeeper-sandbox stop "$1/server"
}
