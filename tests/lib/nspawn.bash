# nspawn.bash: boot a container with this machine's systemd as PID 1, for tests
# of the units.  The container shares this machine's /usr and network, and is
# empty otherwise.  The units are installed as their first comments explain,
# with zkrun in /usr/local/bin.
#
# ROOT is the container's root directory.
# shellcheck shell=bash

# no_machine: print why the container cannot boot here, or nothing if it can.
no_machine()
{
	local name

	if ! as_root true 2>/dev/null; then
		echo 'root is needed to boot a systemd'
		return
	fi
	for name in systemd-nspawn systemctl nsenter; do
		if ! command -v "$name" >/dev/null; then
			echo "there is no $name (contrib/install-deps all)"
			return
		fi
	done
	if [ -z "$(cgroup_mount)" ]; then
		echo 'there is no cgroup2 to boot a systemd in'
	elif ! as_root unshare --mount --pid --fork true 2>/dev/null; then
		echo 'root may not make namespaces here'
	fi
}

as_root()
{
	if [ "$EUID" -eq 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

cgroup_mount()
{
	findmnt -n -t cgroup2 -o TARGET | head -n 1
}

# make_root CONNECT: create all files of the container except /usr.
make_root()
(
	etc=$ROOT/etc
	# The users of units need access.
	umask 022
	mkdir -p "$ROOT"/{usr,var,tmp,run,proc,sys,dev,root} "$etc/zkrun.d" \
	    "$etc/default" "$etc/systemd/system" "$ROOT.local/bin"
	for dir in bin sbin lib lib32 lib64 libx32; do
		[ ! -L "/$dir" ] || ln -s "usr/$dir" "$ROOT/$dir"
	done
	cp /etc/os-release /etc/passwd /etc/group /etc/ld.so.cache "$etc"
	printf '%s: files systemd\n' passwd group >"$etc/nsswitch.conf"
	# Without a machine id, systemd takes this for the first boot and asks
	# questions.
	printf '%032x\n' 1 >"$etc/machine-id"
	cat >"$etc/systemd/system/test.target" <<-'END'
	[Unit]
	Requires=sysinit.target
	After=sysinit.target
	END
	install -m 755 "$ZKRUN" "$ROOT.local/bin/zkrun"
	echo "connect = $1" >"$etc/zkrun.conf"
	cp "$TOP"/contrib/systemd/* "$etc/systemd/system"
	# The copy named 'other' stands for a second server.
	cp "$etc/systemd/system/zkrun@.service" \
	    "$etc/systemd/system/other@.service"
	cp "$etc/systemd/system/zkrun@.timer" "$etc/systemd/system/other@.timer"
	cp "$etc/systemd/system/gateway.service" \
	    "$etc/systemd/system/other.service"
	# Both daemons need CONNECT in their environment.
	for dir in gateway other; do
		drop_in "$dir.service" Service "Environment=ZKRUN_CONNECT=$1"
		mv "$etc/systemd/system/$dir.service.d/test.conf" \
		    "$etc/systemd/system/$dir.service.d/connect.conf"
	done
)

# boot_machine CONNECT: boot it; zkrun finds ZooKeeper at CONNECT.
boot_machine()
{
	ROOT=$BATS_FILE_TMPDIR/root
	[ -d "$ROOT" ] || make_root "$1" || return 1
	# Give the container its own cgroup, or two containers would share one.
	# The time limit ends the container if the tests are killed.
	# shellcheck disable=SC2016 # expanded by the inner shell
	as_root env -u BENCH_MARK timeout -k 20 600 env \
	    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 bash -c '
	    mkdir -p "$0" && echo "$$" >"$0/cgroup.procs" &&
	    echo "$$" >"$1.pid" && exec "${@:2}"' \
	    "$(cgroup_mount)/zkrun-test-$BATS_ROOT_PID" "$ROOT" \
	    systemd-nspawn --quiet -D "$ROOT" --bind-ro=/usr \
	    --bind-ro="$ROOT.local:/usr/local" --boot --register=no \
	    --keep-unit --machine="zkrun-test-$BATS_ROOT_PID" --console=pipe \
	    systemd.unit=test.target \
	    </dev/null >"$ROOT.out" 2>&1 3>&- &
	wait_for 20 has_booted && return
	cat "$ROOT.out" >&2
	return 1
}

has_booted()
{
	machine_pid && inside systemctl is-active test.target
}

# machine_pid: print the pid that the container's PID 1 has on this machine.
machine_pid()
{
	local pid

	pid=$(cat "$ROOT.pid") && pgrep -P "$pid" -x systemd
}

machine_runs()
{
	[ -s "$BATS_FILE_TMPDIR/root.pid" ] &&
	    ! gone "$(<"$BATS_FILE_TMPDIR/root.pid")"
}

# halt_machine: shut down; systemd stops all units.
halt_machine()
{
	local cgroup

	[ -e "$ROOT.pid" ] || return 0
	if machine_runs; then
		as_root kill -TERM "$(<"$ROOT.pid")"
		wait_for 30 not machine_runs || return 1
	fi
	rm -f "$ROOT.pid"
	cgroup=$(cgroup_mount)/zkrun-test-$BATS_ROOT_PID
	[ ! -d "$cgroup" ] || as_root find "$cgroup" -depth -type d -delete
}

remove_root()
{
	as_root rm -rf --one-file-system "${ROOT:?}" "$ROOT.local"
}

# inside COMMAND...: run COMMAND in the container, as root, for 30 s at most.
inside()
{
	as_root timeout 30 nsenter -t "$(machine_pid)" -m -u -i -n -p \
	    env -u BENCH_MARK PATH=/usr/sbin:/usr/bin "$@" 3>&-
}

#
# Units
#

# drop_in UNIT SECTION LINE...: add settings to UNIT until clean_machine.
drop_in()
{
	local dir=$ROOT/etc/systemd/system/$1.d section=$2

	shift 2
	mkdir -p "$dir"
	printf '%s\n' "[$section]" "$@" >>"$dir/test.conf"
}

# job LINE...: write the job of zkrun@TASK and other@TASK.
job()
{
	printf '%s\n' '#!/bin/sh' "$@" >"$ROOT/etc/zkrun.d/$TASK"
	chmod 755 "$ROOT/etc/zkrun.d/$TASK"
}

# gatewayd LINE...: write the daemon of gateway and other.
gatewayd()
{
	printf '%s\n' '#!/bin/bash' "$@" >"$ROOT.local/bin/gatewayd"
	chmod 755 "$ROOT.local/bin/gatewayd"
}

# setting LINE: set a variable for zkrun@TASK and other@TASK.
setting()
{
	echo "$1" >>"$ROOT/etc/default/zkrun-$TASK"
}

# start UNIT...: reload the units and start them, without waiting.
start()
{
	inside systemctl daemon-reload
	inside systemctl start --no-block "$@"
}

# what UNIT PROPERTY: print the property, as systemctl show does.
what()
{
	inside systemctl show --value -p "$2" "$1"
}

# has UNIT PROPERTY PATTERN
has()
{
	# shellcheck disable=SC2053 # $3 is a pattern
	[[ $(what "$1" "$2") == $3 ]]
}

# becomes UNIT PROPERTY PATTERN [SECONDS]
becomes()
{
	wait_for "${4:-20}" has "$1" "$2" "$3" && return
	echo "$2 of $1 is '$(what "$1" "$2")', not '$3'" >&2
	inside systemctl status --no-pager --full --lines=0 "$1" >&2
	journal >&2
	return 1
}

# ends UNIT RESULT [SECONDS]: UNIT ends for good, with RESULT.
ends()
{
	becomes "$1" ActiveState '@(inactive|failed)' "${3:-20}" &&
	    becomes "$1" Result "$2" 1
}

# begin_journal: make journal show only entries from here on.
begin_journal()
{
	CURSOR=$(inside journalctl -q -n 1 --show-cursor -o cat |
	    sed -n 's/^-- cursor: //p')
}

# journal [OPTION...]: print the journal since begin_journal.
journal()
{
	inside journalctl --no-pager -o short-monotonic \
	    --after-cursor="$CURSOR" "$@"
}

# clean_machine: stop all units and remove what the test has added.
clean_machine()
{
	local verb

	if machine_runs; then
		# Use patterns: they do not fail if a unit is missing.
		for verb in 'stop' 'kill --signal=KILL' reset-failed; do
			# shellcheck disable=SC2086 # two words
			inside timeout 10 systemctl $verb 'zkrun@*' 'other@*' \
			    'gateway.*' 'other.*' 'after.*' || true
		done
	fi
	rm -rf "${ROOT:?}"/etc/systemd/system/*.d/test.conf \
	    "${ROOT:?}"/etc/systemd/system/{gateway.socket,after.service} \
	    "${ROOT:?}"/etc/zkrun.d/* "${ROOT:?}"/etc/default/*
}

#
# Observations
#

# sessions: print the server's sessions, one a line.
sessions()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf dump >&3 &&
	    cat <&3' _ "${ZKRUN_CONNECT#*:}" | sed -n 's/^\t\(0x[0-9a-f]*\)$/\1/p' |
	    sort
}

# no_sessions: do only sessions of earlier tests exist?
no_sessions()
{
	[ -z "$(comm -13 "$BATS_TEST_TMPDIR/sessions" <(sessions))" ]
}

# nothing_wrong UNIT: fail if systemd wrote a warning or a notice, or zkrun
# wrote a message.
nothing_wrong()
{
	local said

	said=$(
		journal -q -u "$1" -p notice
		journal -q -u "$1" | grep 'zkrun: ' || true
	)
	[ -z "$said" ] && return
	echo "in the journal of $1:" >&2
	echo "$said" >&2
	return 1
}

# all_released [TASK]: fail unless the task's lock has neither a node nor a
# session left.
all_released()
{
	# Check sessions first, because looking for nodes opens a session.
	wait_for 1 no_sessions && assert_lock_clean "${1:-$TASK}" 1
}

# told UNIT TEXT N: does UNIT's journal have exactly N lines with TEXT?
told()
{
	[ "$(journal -u "$1" -o cat | grep -cF -e "$2")" -eq "$3" ]
}

# pid_of guard|keeper|command UNIT: print the pid of this process of UNIT, as
# seen inside the container.
pid_of()
{
	local pid

	pid=$(what "$2" MainPID)
	[ "$1" != guard ] || { echo "$pid"; return; }
	pid=$(inside pgrep -P "$pid" zkkeeper)
	[ "$1" != keeper ] || { echo "$pid"; return; }
	inside pgrep -P "$pid" | head -n 1
}

# processes UNIT: print the pids of the unit's cgroup.
processes()
{
	inside cat "/sys/fs/cgroup$(what "$1" ControlGroup)/cgroup.procs"
}

# dead PID...: are these processes of the container dead?
dead()
{
	! inside ps -o stat= -p "$(tr ' ' , <<<"$*")" | grep -qv '^Z'
}

is_holding()
{
	becomes "$1" StatusText "${2:-$TASK}: holding"
}

is_waiting()
{
	becomes "$1" StatusText "${2:-$TASK}: waiting, next in the queue, held by *"
}

finish_job()
{
	: >"$ROOT/etc/zkrun.d/end"
}

# since TIME LIMIT: have fewer than LIMIT milliseconds passed since TIME?
since()
{
	local took=$((($(now_us) - $1) / 1000))

	[ $took -lt "$2" ] && return
	echo "it took $took ms" >&2
	return 1
}
