#!/usr/bin/env bats
#
# The static zkrun, old kernels and old headers: zkrun runs where its libraries
# do not exist, and where system calls and functions are missing.  make
# old-kernel runs whole files of tests in this way.
#
# Once: it builds its own zkrun.
# bats file_tags=long

load lib/helper

setup_file()
{
	export STATIC=$BATS_FILE_TMPDIR/static/zkrun
	make -s -C "$TOP" static BUILD="$BATS_FILE_TMPDIR" \
	    >"$BATS_FILE_TMPDIR/log" 2>&1 || {
		tail -n 40 "$BATS_FILE_TMPDIR/log" >&2
		return 1
	}
}

setup()
{
	bench_setup
	ROOT=$BATS_TEST_TMPDIR/root
}

teardown()
{
	stop_all
}

# as_old COMMAND...: run COMMAND as on Linux 4.18: newer calls fail with ENOSYS.
as_old()
{
	"$TOOLS/nocalls" 38 424 1023 "$@"
}

# empty_root: create a root for in_root, with only zkrun and the kernel's files.
empty_root()
{
	mkdir -p "$ROOT"/{bin,proc,dev,etc}
	cp "$STATIC" "$ROOT/bin/zkrun"
	: >"$ROOT/dev/null"
}

# in_root COMMAND...: run COMMAND in the empty root.
in_root()
{
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --pid --fork --kill-child sh -c '
		mount -t proc proc "$0/proc" &&
		    mount --bind /dev/null "$0/dev/null" &&
		    exec env -i PATH=/bin:/usr/sbin chroot "$0" "$@"' "$ROOT" "$@"
}

@test "the static zkrun loads no library, and the linker warns of known calls only" {
	run -0 readelf -d "$STATIC"
	refute_output --partial NEEDED
	run -0 readelf -l "$STATIC"
	refute_output --partial INTERP
	# The Makefile explains these warnings.
	run grep -oE "Using '[a-z_]+'" "$BATS_FILE_TMPDIR/log"
	assert_equal "$(sort -u <<<"$output")" \
	    "Using 'getaddrinfo'
Using 'getpwuid'
Using 'getpwuid_r'"
}

@test "the static zkrun runs in an empty root, and finds hosts in /etc/hosts" {
	[ "$EUID" -eq 0 ] || skip 'needs root, to change the root'
	empty_root
	echo '127.0.0.1 lock-server' >"$ROOT/etc/hosts"
	run -0 in_root zkrun -c "lock-server:${ZKRUN_CONNECT##*:}" -t "$TASK" \
	    -- zkrun --version
	assert_output --partial 'zkrun '
	assert_lock_clean "$TASK"
	run -69 in_root zkrun -r 0 -c "no-server:${ZKRUN_CONNECT##*:}" \
	    -t "$TASK" -- zkrun --version
	assert_output --partial 'no-server'
}

# A module of the machine's libc crashes a program with another libc.
@test "the static zkrun loads no module that nsswitch.conf names" {
	local services=$BATS_TEST_TMPDIR/nsswitch trace=$BATS_TEST_TMPDIR/trace

	[ "$EUID" -eq 0 ] || skip 'needs root, to replace /etc/nsswitch.conf'
	printf '%s\n' 'passwd: compat sss' 'hosts: mdns4 resolve dns' >"$services"
	# shellcheck disable=SC2016 # for the inner shell
	run -0 unshare --mount sh -c 'mount --bind "$1" /etc/nsswitch.conf &&
		shift && exec env -u LOGNAME strace -f -e trace=openat -o "$@"' \
	    sh "$services" "$trace" "$STATIC" -t "$TASK" \
	    -c "localhost:${ZKRUN_CONNECT##*:}" -- true
	# The trace has the files that zkrun opened; the command has other
	# libraries.
	grep -q '/etc/hosts' "$trace"
	grep -q '/etc/passwd' "$trace"
	run grep -c 'libnss' "$trace"
	assert_output 0
}

@test "on an old kernel, all processes are killed, and the lock is released" {
	local program

	for program in "$ZKRUN" "$STATIC"; do
		run -124 as_old timeout -s KILL 20 "$program" -m 0.5 -k 0.5 \
		    -t "$TASK" -- sh -c 'setsid sleep 20 & sleep 20' 3>&-
		refute_output --partial 'not permitted'
		lock_clean "$TASK"
	done
}

@test "on an old kernel, signals and statuses are passed on" {
	local program

	for program in "$ZKRUN" "$STATIC"; do
		run -42 as_old "$program" -t "$TASK" -- sh -c 'exit 42'
		"$TOOLS/nocalls" 38 424 1023 "$program" -t "$TASK" -- \
		    sh -c 'echo up; exec sleep 60' \
		    >"$BATS_TEST_TMPDIR/out" </dev/null 3>&- &
		BG[job]=$!
		wait_for 10 grep -q up "$BATS_TEST_TMPDIR/out"
		kill -TERM "${BG[job]}"
		zkrun_wait job 10
		assert_equal "$status" 143
		run -75 as_old "$program" -n -t "$TASK-held" -- "$program" -n \
		    -t "$TASK-held" -- true
		assert_lock_clean "$TASK"
	done
}

@test "a filter that refuses clone3 with EPERM does not prevent look-ups of names" {
	local program

	for program in "$ZKRUN" "$STATIC"; do
		run -0 "$TOOLS/nocalls" 1 435 435 "$program" -r 0 \
		    -c "localhost:${ZKRUN_CONNECT##*:}" -t "$TASK" -- echo yes
		assert_output yes
	done
}

# The header poisons all functions of glibc that are newer than 2.28.
@test "zkrun compiles without the headers and functions of a newer libc" {
	local old=$BATS_TEST_TMPDIR/old flags file

	mkdir -p "$old/sys"
	echo '#error "glibc 2.36 brought this header"' >"$old/sys/pidfd.h"
	cat >"$old/old.h" <<-'END'
	#include <dirent.h>
	#include <fcntl.h>
	#include <netdb.h>
	#include <signal.h>
	#include <spawn.h>
	#include <stdlib.h>
	#include <string.h>
	#include <sys/epoll.h>
	#include <sys/mman.h>
	#include <sys/socket.h>
	#include <sys/syscall.h>
	#include <sys/wait.h>
	#include <time.h>
	#include <unistd.h>
	#undef SYS_pidfd_open
	#undef SYS_pidfd_send_signal
	#undef SYS_close_range
	#undef SYS_clone3
	#pragma GCC poison pidfd_open pidfd_getfd pidfd_send_signal close_range
	#pragma GCC poison sigabbrev_np sigdescr_np strerrorname_np
	#pragma GCC poison strerrordesc_np gettid tgkill epoll_pwait2
	#pragma GCC poison posix_spawn_file_actions_addclosefrom_np execveat
	#pragma GCC poison process_madvise process_mrelease
	END
	# shellcheck disable=SC2207 # words
	flags=(-std=c11 -D_GNU_SOURCE '-DZKRUN_VERSION="0"' -I"$old" -Isrc
	    $(pkg-config --cflags libbsd-overlay) -include "$old/old.h")
	cd "$TOP"
	for file in src/*.c src/*/*.c; do
		run -0 gcc "${flags[@]}" -Werror -fsyntax-only "$file"
	done
	# The check refuses a function that glibc 2.28 lacks.
	echo 'int open_it(int pid) { return pidfd_open(pid, 0); }' >"$old/bad.c"
	run -1 gcc "${flags[@]}" -fsyntax-only "$old/bad.c"
	assert_output --partial 'poisoned'
}

@test "if the ZooKeeper client is too old, make names the required version and compiles nothing" {
	mkdir -p "$BATS_TEST_TMPDIR/old/zookeeper"
	# The header of 3.4 lacks zoo_acreate2 and zookeeper_init2.
	echo 'extern int zoo_acreate(void);' \
	    >"$BATS_TEST_TMPDIR/old/zookeeper/zookeeper.h"
	run -2 make -s -C "$TOP" BUILD="$BATS_TEST_TMPDIR/build" \
	    CPPFLAGS="-I$BATS_TEST_TMPDIR/old"
	assert_output --partial 'zkrun needs the C client of ZooKeeper 3.8 or newer'
	refute_output --partial 'session.c'
}

@test "the unit tests pass on a big-endian processor" {
	run -0 "$TOP/tests/cross" s390x
	assert_line '0 failed'
}
