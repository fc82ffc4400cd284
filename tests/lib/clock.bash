# clock.bash: a ZooKeeper server of the file's own, whose clock its tests can set.
# It starts and stops with the file that loads this.
# shellcheck shell=bash

setup_file()
{
	local lib

	lib=$(compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' | head -n 1)
	# Monotonic time stays real, so that sessions live as they should.
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

# The server for the zkruns of this test, and for zk.
use_clock_server()
{
	ZKRUN_CONNECT=127.0.0.1:$(<"$CLOCK_DIR/port")
	export ZKRUN_CONNECT
}

# set_clock OFFSET: of the server's clock to the machine's, at once.
set_clock()
{
	echo "$1" >"$CLOCK_DIR/new" && mv "$CLOCK_DIR/new" "$CLOCK_DIR/now"
}
