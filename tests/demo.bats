#!/usr/bin/env bats
#
# Test contrib/demo and contrib/install-deps, which the README names first.

load lib/helper

@test "the demo shows its runs and znodes, and leaves nothing behind" {
	local line

	mkdir "$BATS_TEST_TMPDIR/tmp"
	TMPDIR=$BATS_TEST_TMPDIR/tmp INSTALL_DEPS=no run -0 timeout 60 \
	    "$TOP/contrib/demo" 3>&-
	assert_line --regexp '^web1 +\.*#+ +exit 0$'
	assert_line --regexp '^web2 +\.+#+ +exit 3$'
	assert_line --regexp '^web3 +\.+ +exit 75$'
	assert_line --regexp '^web4 +\.+ +exit 75$'
	for line in 'leases/_c_[0-9a-f-]{36}-lease-0000000000' \
	    'leases/_c_[0-9a-f-]{36}-lease-0000000001' \
	    'locks/_c_[0-9a-f-]{36}-lock-0000000000'; do
		assert_line --regexp "^    /lock/mutex/report/$line\$"
	done
	run ls -A "$BATS_TEST_TMPDIR/tmp"
	assert_output ''
	nothing_left
}

@test "install-deps lists missing packages, and refuses unknown groups" {
	run -0 "$TOP/contrib/install-deps" -n check
	assert_output ''
	run -64 "$TOP/contrib/install-deps" test
	assert_output --partial 'usage: install-deps'
}

@test "without apt, install-deps says what to install" {
	local program

	mkdir "$BATS_TEST_TMPDIR/bin"
	for program in bash cat sort tr; do
		ln -s "$(command -v "$program")" "$BATS_TEST_TMPDIR/bin"
	done
	run -1 env PATH="$BATS_TEST_TMPDIR/bin" \
	    "$BATS_TEST_TMPDIR/bin/bash" "$TOP/contrib/install-deps" demo
	assert_output --partial 'this system has no apt'
	assert_output --regexp '  default-jre-headless gcc .*libzookeeper-java'
	refute_output --partial bats
}
