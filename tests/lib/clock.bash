# clock.bash: one ZooKeeper server for the whole test file, whose clock the
# tests can set.
# shellcheck shell=bash

setup_file()
{
	local lib

	lib=$(compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' | head -n 1)
	# Do not change monotonic time, because sessions expire by it.
	export FAKE_CLOCK="env LD_PRELOAD=$lib"
	FAKE_CLOCK+=' FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_FORCE_MONOTONIC_FIX=0'
	export CLOCK_DIR=$BATS_FILE_TMPDIR/clock
	mkdir "$CLOCK_DIR"
	set_clock +0d
	cat >"$CLOCK_DIR/java" <<-END
	#!/bin/sh
	exec $FAKE_CLOCK FAKETIME_NO_CACHE=1 \
	    FAKETIME_TIMESTAMP_FILE=$CLOCK_DIR/now $(command -v java) "\$@"
	END
	chmod 755 "$CLOCK_DIR/java"
	PATH=$CLOCK_DIR:$PATH timeout 90 "$SANDBOX" start \
	    "$CLOCK_DIR/server" >"$CLOCK_DIR/port"
}

teardown_file()
{
	timeout 30 "$SANDBOX" kill "$CLOCK_DIR/server"
}

# Make zkrun and zk use the server with its own clock in this test.
use_clock_server()
{
	ZKRUN_CONNECT=127.0.0.1:$(<"$CLOCK_DIR/port")
	export ZKRUN_CONNECT
}

# set_clock OFFSET: set the server's clock to the machine's clock plus OFFSET.
# This takes effect at once.
set_clock()
{
	echo "$1" >"$CLOCK_DIR/new" && mv "$CLOCK_DIR/new" "$CLOCK_DIR/now"
}
