#!/usr/bin/env bats
#
# zkrun's messages to a service manager, the manager's settings that the command
# inherits, and the units of contrib/systemd.  Here tests/tools/notified.c acts
# as the manager: it records each message and its sender.  The tests run the
# units' own command lines.

load lib/helper

UNITS=$TOP/contrib/systemd

setup()
{
	bench_setup
	HEARD=$BATS_TEST_TMPDIR/heard
}

# start_manager [SOCKET]: give zkrun a service manager.
start_manager()
{
	export NOTIFY_SOCKET=${1:-$BATS_TEST_TMPDIR/notify}
	"$TOOLS/notified" "$NOTIFY_SOCKET" "$HEARD" 3>&- &
	MANAGER=$!
	HELPERS+=("$MANAGER")
	wait_for 5 test -e "$HEARD"
}

# heard LINE: the manager gets LINE from the zkrun that was started last.
heard()
{
	wait_for 10 grep -qxF "$BG_PID $1" "$HEARD" && return
	echo "no '$1' of $BG_PID in:"
	cat "$HEARD"
	return 1
}

# heard_like PATTERN: like heard, with a pattern.
heard_like()
{
	wait_for 10 grep -qxE "$BG_PID $1" "$HEARD" && return
	echo "no '$1' of $BG_PID in:"
	cat "$HEARD"
	return 1
}

# heard_end: the manager gets the last status.  If two statuses follow at once,
# zkrun may send only the newer one.
heard_end()
{
	heard_like "STATUS=$TASK: (leaving|closing)"
}

# said PATTERN: print how many messages match.
said()
{
	grep -cE -e "$1" "$HEARD" || true
}

more_than()
{
	[ "$(said "$1")" -gt "$2" ]
}

# End the command of $UNTIL_END.
end_command()
{
	: >"$BATS_TEST_TMPDIR/end"
}

UNTIL_END='until [ -e "$0" ]; do sleep 0.02; done'

#
# Messages to the manager
#

@test "zkrun sends READY=1 when the command runs, and not before" {
	start_manager
	hold first "$TASK"
	heard "STATUS=$TASK: holding"
	heard READY=1
	zkrun_bg second -t "$TASK" -- sh -c "$UNTIL_END" \
	    "$BATS_TEST_TMPDIR/end"
	heard_like "STATUS=$TASK: waiting, next in the queue, held by .* \\(pid ${BG[first]}\\) since .*"
	heard EXTEND_TIMEOUT_USEC=60000000
	run ! grep -qx "$BG_PID READY=1" "$HEARD"
	let_go first
	heard READY=1
	heard "STATUS=$TASK: holding"
	assert_equal "$(said "^$BG_PID READY=1")" 1
	# After this zkrun asks for no more time, and only the guards send
	# messages.
	run -0 sed "1,/$BG_PID READY=1/d" "$HEARD"
	refute_output --partial EXTEND
	end_command
	zkrun_wait second 10
	assert_equal "$status" 0
	assert_equal "$(cut -d ' ' -f 1 "$HEARD" | sort -u | wc -l)" 2
}

@test "zkrun sends no READY=1 for a command that cannot run" {
	local command

	start_manager
	: >"$BATS_TEST_TMPDIR/none"
	for command in /no/such "$BATS_TEST_TMPDIR/none"; do
		zkrun_bg a -t "$TASK" -- "$command"
		zkrun_wait a 10
		[ "$status" -eq 127 ] || [ "$status" -eq 126 ]
		heard_end
	done
	assert_equal "$(said READY=1)" 0
}

@test "during a pause zkrun waits, and its status says who paused the task" {
	start_manager
	hold first "$TASK"
	zkrun_bg second -t "$TASK" -- sh -c "$UNTIL_END" \
	    "$BATS_TEST_TMPDIR/end"
	heard_like "STATUS=$TASK: waiting, next in the queue, held by .*"
	LOGNAME=ops run -0 zkrun --pause "$TASK" why
	let_go first
	heard_like "STATUS=$TASK: waiting, next in the queue, paused by ops@.* since .*: why"
	run ! grep -qx "$BG_PID READY=1" "$HEARD"
	run -0 zkrun --resume "$TASK"
	heard READY=1
	end_command
	zkrun_wait second 10
	assert_equal "$status" 0
}

@test "the status tells how many contenders are ahead, and names the stages of the end" {
	start_manager
	# The holder stops slowly, so that each of its states is sent.
	zkrun_bg first -t "$TASK" -- \
	    sh -c 'trap "sleep 1; exit" TERM; sleep 600 & wait'
	wait_for 10 has_command "$BG_PID"
	zkrun_bg second -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	zkrun_bg third -t "$TASK" -- sleep 600
	heard_like "STATUS=$TASK: waiting, 1 ahead, held by .*"
	kill -TERM "${BG[second]}"
	zkrun_wait second 10
	heard_like "STATUS=$TASK: waiting, next in the queue, held by .*"
	# The place in the queue never appears without the holder.
	run ! grep -E "STATUS=$TASK: waiting, (1 ahead|next in the queue)\$" "$HEARD"
	kill -TERM "$BG_PID"
	zkrun_wait third 10
	heard_end
	run ! grep -qx "$BG_PID READY=1" "$HEARD"
	BG_PID=${BG[first]}
	zkrun_bg asker --revoke -t "$TASK"
	BG_PID=${BG[first]}
	heard "STATUS=$TASK: stopping"
	zkrun_wait first 10
	zkrun_wait asker 10
	assert_equal "$status" 0
}

@test "the status says when there is no contact" {
	start_manager
	start_relay
	relay_tell freeze
	zkrun_bg a -T 6s -c "$RELAY_CONNECT" -t "$TASK" -- sleep 600
	heard "STATUS=$TASK: connecting"
	heard EXTEND_TIMEOUT_USEC=60000000
	relay_tell thaw
	heard "STATUS=$TASK: holding"
	relay_tell refuse on
	relay_tell cut
	heard "STATUS=$TASK: holding, no contact with ZooKeeper"
	heard "STATUS=$TASK: losing"
	zkrun_wait a 10
	assert_equal "$status" 76
}

@test "zkrun notifies an abstract socket, and a missing or a bad socket does no harm" {
	start_manager "@$TASK"
	zkrun_bg a -t "$TASK" -- true
	zkrun_wait a 10
	assert_equal "$status" 0
	heard READY=1
	NOTIFY_SOCKET=@$TASK-none run -0 zkrun -t "$TASK" -- true
	assert_output ''
	NOTIFY_SOCKET=/none run -3 zkrun -t "$TASK" -- sh -c 'exit 3'
	assert_output ''
	NOTIFY_SOCKET=none run -0 zkrun -t "$TASK" -- true
	assert_output "zkrun: cannot notify the service manager at 'none': not a path or an abstract socket name"
	NOTIFY_SOCKET=/$(printf 'x%.0s' {1..200}) run -0 zkrun -t "$TASK" -- true
	assert_output --partial 'the socket name is too long'
}

@test "a manager that does not read delays no zkrun and gets READY=1 later" {
	start_manager
	kill -STOP "$MANAGER"
	wait_for 5 in_state "$MANAGER" T
	timeout 10 "$TOOLS/logsink" -f "$NOTIFY_SOCKET"
	zkrun_bg a -t "$TASK" -- sh -c "$UNTIL_END" "$BATS_TEST_TMPDIR/end"
	wait_for 10 has_command "$BG_PID"
	kill -CONT "$MANAGER"
	heard READY=1
	# zkrun sends only its newest status.
	assert_equal "$(said STATUS=)" 1
	heard "STATUS=$TASK: holding"
	end_command
	zkrun_wait a 10
	assert_equal "$status" 0
}

#
# The watchdog
#

@test "zkrun sends WATCHDOG=1 while waiting and holding, only after the keeper's answers" {
	local count keeper

	start_manager
	hold first "$TASK"
	run ! grep -q WATCHDOG "$HEARD"
	WATCHDOG_USEC=200000 zkrun_bg second -t "$TASK" -- sleep 600
	keeper=$(keeper_of "$BG_PID")
	wait_for 5 more_than "^$BG_PID WATCHDOG=1" 5
	# zkrun asks for more time to start as often as it sends WATCHDOG=1.
	more_than "^$BG_PID EXTEND_TIMEOUT_USEC" 5
	let_go first
	heard READY=1
	count=$(said WATCHDOG)
	wait_for 5 more_than WATCHDOG $((count + 5))

	# The keeper hangs.  One of its answers may be under way.
	kill -STOP "$keeper"
	wait_for 5 in_state "$keeper" T
	sleep 0.2
	count=$(said WATCHDOG)
	sleep 0.5
	assert_equal "$(said WATCHDOG)" "$count"
	kill -CONT "$keeper"
	wait_for 5 more_than WATCHDOG "$count"
	let_go second
}

# cpu_ticks PID: print the processor time that PID has used.
cpu_ticks()
{
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}

@test "the guard of a dead keeper uses no processor time while the servers are silent" {
	local guard keeper ticks

	own_server --tick 500
	ZKRUN_CONNECT=$OWN_CONNECT
	start_manager
	hold first "$TASK"
	WATCHDOG_USEC=100000 zkrun_bg second -t "$TASK" -- sleep 600
	guard=$BG_PID
	keeper=$(keeper_of "$guard")
	wait_for 5 more_than "^$guard WATCHDOG=1" 2
	"$SANDBOX" freeze "$OWN_DIR"
	kill -KILL "$keeper"
	heard "STATUS=$TASK: closing"
	# The next ping would be due by then.
	sleep 0.2
	ticks=$(cpu_ticks "$guard")
	sleep 1
	[ $(($(cpu_ticks "$guard") - ticks)) -lt 20 ]
	kill -TERM "$guard"
	zkrun_wait second 10
	assert_equal "$status" 143
	"$SANDBOX" thaw "$OWN_DIR"
	let_go first
}

@test "zkrun ignores a watchdog for another pid, and feeds one without a pid" {
	start_manager
	WATCHDOG_USEC=100000 WATCHDOG_PID=1 zkrun_bg a -t "$TASK" -- sleep 0.3
	zkrun_wait a 10
	WATCHDOG_USEC=x zkrun_bg b -t "$TASK" -- sleep 0.3
	zkrun_wait b 10
	assert_equal "$(said WATCHDOG)" 0
	# A manager sets the pid of the process that it starts.
	(
		exec 3>&-
		# shellcheck disable=SC2016 # expanded by the inner shell
		exec bash -c 'WATCHDOG_USEC=100000 WATCHDOG_PID=$$ exec "$@"' \
		    - "$ZKRUN" -t "$TASK" -- sleep 0.3
	)
	more_than WATCHDOG 3
}

#
# What the command inherits
#

@test "the command inherits neither the manager's socket nor its watchdog" {
	start_manager
	WATCHDOG_USEC=9000000 WATCHDOG_PID=1 run -0 zkrun -t "$TASK" -- env
	refute_line --partial NOTIFY
	refute_line --partial WATCHDOG
}

# bats test_tags=long
@test "--notify command: the command sends READY=1 and feeds the watchdog" {
	start_manager
	# shellcheck disable=SC2016 # expanded by the inner shell
	zkrun_bg a --notify command -t "$TASK" -- bash -c \
	    'systemd-notify --ready --status="at work"; until [ -e "$0" ]; do
	    sleep 0.02; done' "$BATS_TEST_TMPDIR/end"
	heard EXTEND_TIMEOUT_USEC=60000000
	wait_for 10 grep -q 'STATUS=at work' "$HEARD"
	assert_equal "$(said READY=1)" 1
	run ! grep -q "^$BG_PID READY=1" "$HEARD"
	end_command
	zkrun_wait a 10
	# zkrun does not overwrite the command's status.
	assert_equal "$(grep STATUS= "$HEARD" | tail -n 1 | cut -d ' ' -f 2-)" \
	    'STATUS=at work'

	# shellcheck disable=SC2016 # expanded by the inner shells
	ZKRUN_NOTIFY='command' run -0 bash -c \
	    'WATCHDOG_USEC=100000 WATCHDOG_PID=$$ exec "$@"' - "$ZKRUN" \
	    -t "$TASK" -- sh -c 'sleep 0.3; echo $WATCHDOG_USEC
	    echo $(($$ - WATCHDOG_PID))'
	assert_output $'100000\n0'
	assert_equal "$(said WATCHDOG)" 0
	# zkrun keeps a pid that is not its own.
	WATCHDOG_USEC=1 WATCHDOG_PID=1 run -0 zkrun --notify command \
	    -t "$TASK" -- printenv WATCHDOG_PID
	assert_output 1
}

# bats test_tags=long
@test "the command gets the manager's sockets, and LISTEN_PID is its pid" {
	local port

	port=$("$TOOLS/freeport" 1)
	# systemd opens the socket, and systemd's proxy is the command: it takes
	# the socket only if LISTEN_PID is its own pid.
	systemd-socket-activate -l "127.0.0.1:$port" "-EBENCH_MARK=$BENCH_MARK" \
	    "$ZKRUN" -c "$ZKRUN_CONNECT" -t "$TASK" -- \
	    /lib/systemd/systemd-socket-proxyd "$ZKRUN_CONNECT" \
	    >"$BATS_TEST_TMPDIR/activate.out" 2>&1 3>&- &
	BG[activate]=$!
	wait_for 5 grep -q Listening "$BATS_TEST_TMPDIR/activate.out"
	# The first connection starts zkrun, and the command answers it.
	ZK_CONNECT=127.0.0.1:$port run -0 zk ls "/lock/mutex/$TASK/leases"
	assert_equal "${#lines[@]}" 1
	kill -TERM "${BG[activate]}"
	zkrun_wait activate 10
	assert_lock_clean "$TASK"
	# zkrun keeps a LISTEN_PID that is not its own.
	LISTEN_PID=1 LISTEN_FDS=1 run -0 zkrun -t "$TASK" -- \
	    printenv LISTEN_PID LISTEN_FDS
	assert_output $'1\n1'
	# This variable of newer managers would name the wrong process.
	LISTEN_PIDFDID=1 run -1 zkrun -t "$TASK" -- printenv LISTEN_PIDFDID
}

#
# The units
#

# copy_units: copy the units to DIR, with this test's zkrun and servers and with
# jobs of its own.
copy_units()
{
	DIR=$BATS_TEST_TMPDIR/units
	mkdir -p "$DIR/jobs"
	cp "$UNITS"/* "$DIR"
	# The units name zkrun without a path, because make install and packages
	# put it into different directories.
	sed -i -e "s#^ExecStart=zkrun #ExecStart=$ZKRUN #" \
	    -e "s#/usr/local/bin/gatewayd#$DIR/jobs/gatewayd#" \
	    -e "s#/etc/zkrun\.d#$DIR/jobs#" -e '/^Documentation=/d' \
	    -e "s#^Environment=ZKRUN_CONNECT=.*#Environment=ZKRUN_CONNECT=$ZKRUN_CONNECT#" \
	    -e "s#-t gateway#-t $TASK#" "$DIR"/*.service
	sed -i '/^Documentation=/d' "$DIR"/*.timer
	# The job prints its name and arguments.
	printf '#!/bin/sh\necho "$0 $*"\nuntil [ -e "%s" ]; do sleep 0.02; done\nexit "$(cat "%s")"\n' \
	    "$BATS_TEST_TMPDIR/end" "$BATS_TEST_TMPDIR/end" \
	    >"$DIR/jobs/gatewayd"
	chmod 755 "$DIR/jobs/gatewayd"
	cp "$DIR/jobs/gatewayd" "$DIR/jobs/$TASK"
}

# setting UNIT NAME: print the setting, with continued lines joined and %i
# replaced.
setting()
{
	sed -e ':a' -e '/\\$/ { N; s/\\\n */ /; ba' -e '}' "$DIR/$1" |
	    sed -n "s/^$2=//p" | sed "s/%i/$TASK/g"
}

# start_unit NAME UNIT: run ExecStart= as a manager does, with its Environment=
# and without a shell.  Set BG_PID.
start_unit()
{
	local -a words environment

	read -ra words <<<"$(setting "$2" ExecStart)"
	read -ra environment <<<"$(setting "$2" Environment)"
	env "${environment[@]}" "${words[@]}" </dev/null \
	    >"$BATS_TEST_TMPDIR/$1.out" 2>"$BATS_TEST_TMPDIR/$1.err" 3>&- &
	BG_PID=$!
	BG[$1]=$BG_PID
	wait_for 5 is_zkrun "$BG_PID"
}

# has_status UNIT SETTING STATUS
has_status()
{
	setting "$1" "$2" | tr ' ' '\n' | grep -qx "$3"
}

# bats test_tags=long
@test "systemd-analyze verify accepts the units" {
	[ "${ZKRUN_PASS:-plain}" = plain ] || return 0
	copy_units
	cp "$DIR/jobs/$TASK" "$DIR/jobs/i"
	run -0 systemd-analyze verify --man=no "$DIR"/*.service "$DIR"/*.timer
	assert_output ''
	# systemd-analyze verify does find a mistake.
	sed -i 's/^KillMode=.*/KillMode=mixd/' "$DIR/gateway.service"
	run systemd-analyze verify --man=no "$DIR/gateway.service"
	assert_output --partial 'kill mode'
}

# bats test_tags=long
@test "the template reads credentials in the form in which a manager passes them" {
	copy_units
	sed -i -e '/^#LoadCredential=/s/^#//' -e '/^#Environment=ZKRUN_AUTH/s/^#//' \
	    "$DIR/zkrun@.service"
	assert_equal "$(setting zkrun@.service LoadCredential)" \
	    zkrun-auth:/etc/zkrun.auth
	cp "$DIR/jobs/$TASK" "$DIR/jobs/i"
	if [ "${ZKRUN_PASS:-plain}" = plain ]; then
		run -0 systemd-analyze verify --man=no "$DIR/zkrun@.service"
		assert_output ''
	fi
	# systemd sets %d to a directory of root, with files that the unit's
	# user may read.
	mkdir -m 700 "$DIR/credentials"
	echo digest:unit:secret >"$DIR/credentials/zkrun-auth"
	chmod 440 "$DIR/credentials/zkrun-auth"
	sed -i "s#%d#$DIR/credentials#" "$DIR/zkrun@.service"
	echo 0 >"$BATS_TEST_TMPDIR/end"
	start_unit a zkrun@.service
	zkrun_wait a 10
	assert_equal "$status" 0
	run -0 zk -a digest:unit:secret acl "/lock/mutex/$TASK"
	assert_output --regexp '^digest:unit:.*:rwcda$'
}

# bats test_tags=long
@test "systemd-analyze security rates the template's exposure as low" {
	[ "${ZKRUN_PASS:-plain}" = plain ] || return 0
	run -0 systemd-analyze security --offline=yes --no-pager \
	    --threshold=30 "$UNITS/zkrun@.service"
	assert_output --partial 'Overall exposure level'
}

# bats test_tags=long
@test "the template runs the job of its name, and its statuses match zkrun's" {
	local unit=zkrun@.service code

	copy_units
	start_manager
	start_unit a "$unit"
	heard "STATUS=$TASK: holding"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/a.out")" "$DIR/jobs/$TASK "
	# SuccessExitStatus= makes a held lock a success.
	ZKRUN_NONBLOCK=yes start_unit b "$unit"
	zkrun_wait b 10
	has_status "$unit" SuccessExitStatus "$status"
	# With KillMode=mixed systemctl stop sends SIGTERM to the guard.
	assert_equal "$(setting "$unit" KillMode)" mixed
	kill -TERM "${BG[a]}"
	zkrun_wait a 10
	has_status "$unit" SuccessExitStatus "$status"
	assert_lock_clean "$TASK"
	# The unit passes on the job's own failure.
	echo 3 >"$BATS_TEST_TMPDIR/end"
	start_unit c "$unit"
	zkrun_wait c 10
	assert_equal "$status" 3
	# RestartPreventExitStatus= covers bad options and a missing job.
	ZKRUN_WAIT=x start_unit d "$unit"
	zkrun_wait d 10
	has_status "$unit" RestartPreventExitStatus "$status"
	rm "$DIR/jobs/$TASK"
	start_unit e "$unit"
	zkrun_wait e 10
	has_status "$unit" RestartPreventExitStatus "$status"
	# Neither setting covers a lack of ZooKeeper or a lost lock: systemd
	# starts the job again.
	for code in 69 76; do
		run ! has_status "$unit" RestartPreventExitStatus $code
		run ! has_status "$unit" SuccessExitStatus $code
	done
}

# bats test_tags=long
@test "the template's job runs with the few rights that the template gives" {
	local -a words drop
	local ZKRUN=$ZKRUN

	# The unit's user may have no access to the checkout.
	install -m 755 "$ZKRUN" "$BATS_TEST_TMPDIR/zkrun"
	ZKRUN=$BATS_TEST_TMPDIR/zkrun
	copy_units
	echo 0 >"$BATS_TEST_TMPDIR/end"
	read -ra words <<<"$(setting zkrun@.service ExecStart)"
	drop=(setpriv --no-new-privs)
	if [ "$EUID" -eq 0 ]; then
		chmod -R a+rX "$BATS_TEST_TMPDIR"
		chmod a+x "${BATS_TEST_TMPDIR%/*}" "$BATS_RUN_TMPDIR"
		drop+=(--bounding-set=-all --inh-caps=-all --reuid=65534
		    --regid=65534 --clear-groups)
	fi
	run -0 timeout 30 "${drop[@]}" "${words[@]}" 3>&-
	assert_output "$DIR/jobs/$TASK "
	assert_lock_clean "$TASK"
}

# as_template COMMAND...: run COMMAND as a user without rights and with the
# template's /proc.
as_template()
{
	local option root=() hide

	[ "$EUID" -eq 0 ] || root=(sudo -n)
	option=$(sed -n 's/^ProtectProc=//p' "$UNITS/zkrun@.service")
	case $option in
	'' | default) hide=off ;;
	*)	hide=$option ;;
	esac
	# shellcheck disable=SC2016 # expanded by the inner shell
	"${root[@]}" unshare --mount bash -c 'set -e
	    mount --make-rprivate /
	    mount -t proc -o "hidepid=$0" proc /proc
	    exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all \
		--reuid=65534 --regid=65534 --clear-groups "$@"' "$hide" "$@"
}

# bats test_tags=long
@test "zkrun kills a process of the template's job even if its memory is protected" {
	local dir=$BATS_TEST_TMPDIR ran

	[ "${ZKRUN_PASS:-plain}" = plain ] || return 0
	install -m 755 "$ZKRUN" "$dir/zkrun"
	# The kernel protects the memory of a program that is not readable.
	install -m 111 "$(command -v sleep)" "$dir/guarded"
	printf '#!/bin/sh\n"%s/guarded" 600 &\nwait\n' "$dir" >"$dir/job"
	chmod 755 "$dir/job" "$dir"
	chmod a+x "${dir%/*}" "$BATS_RUN_TMPDIR"
	ran=$SECONDS
	run -124 as_template timeout -k 1 20 "$dir/zkrun" -c "$ZKRUN_CONNECT" \
	    -m 0.5 -k 0.5 -t "$TASK" -- "$dir/job" 3>&-
	[ $((SECONDS - ran)) -lt 10 ]
	assert_output --partial "exceeded --max-time (0.5s); stopping it"
	assert_lock_clean "$TASK"
}

# bats test_tags=long
@test "the timer starts the template of the same name" {
	[ "${ZKRUN_PASS:-plain}" = plain ] || return 0
	copy_units
	setting zkrun@.timer OnCalendar | grep -q .
	run ! grep -q '^Unit=' "$DIR/zkrun@.timer"
	run -0 systemd-analyze calendar "$(setting zkrun@.timer OnCalendar)"
}

# bats test_tags=long
@test "the daemon is active on one server; if daemon or server dies, the next server takes over" {
	local unit=gateway.service session

	copy_units
	start_manager
	start_unit one "$unit"
	heard READY=1
	assert_equal "$(cat "$BATS_TEST_TMPDIR/one.out")" \
	    "$DIR/jobs/gatewayd --foreground"
	start_unit two "$unit"
	heard_like "STATUS=$TASK: waiting, next in the queue, held by .*"
	run ! grep -q "^$BG_PID READY=1" "$HEARD"
	# The daemon dies, and no process of its unit is left.
	kill -KILL "$(children_of "$(keeper_of "${BG[one]}")")"
	zkrun_wait one 10
	assert_equal "$status" 137
	run ! has_status "$unit" SuccessExitStatus 137
	heard READY=1
	session=$(session_of "/lock/mutex/$TASK/leases/$(holders "$TASK")")
	# Restart=always starts the daemon again, and its zkrun waits.
	start_unit three "$unit"
	heard_like "STATUS=$TASK: waiting, next in the queue, held by .*"
	# The server dies with all its processes.
	kill -KILL "$(keeper_of "${BG[two]}")" "${BG[two]}"
	unset 'BG[two]'
	zk expire "$session"
	heard READY=1
	kill -TERM "$BG_PID"
	zkrun_wait three 10
	has_status "$unit" SuccessExitStatus "$status"
}
