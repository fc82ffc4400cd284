#!/usr/bin/env bats
#
# The units of contrib/systemd under this machine's own systemd, booted as PID 1
# of a container (lib/nspawn.bash).  Two instances stand for two servers: zkrun@
# and other@, gateway and other.
#
# Once: a second pass would test the same units and the same systemd.
# bats file_tags=long

load lib/helper
load lib/nspawn

setup_file()
{
	NO_MACHINE=$(no_machine)
	export NO_MACHINE
	[ -z "$NO_MACHINE" ] || return 0
	# Start a server for this file only, to count its sessions.
	timeout 90 "$SANDBOX" start "$BATS_FILE_TMPDIR/server" --tick 500 \
	    >"$BATS_FILE_TMPDIR/port"
}

teardown_file()
{
	if [ -z "$NO_MACHINE" ]; then
		ROOT=$BATS_FILE_TMPDIR/root
		halt_machine
		remove_root
		timeout 30 "$SANDBOX" kill "$BATS_FILE_TMPDIR/server"
	fi
}

setup()
{
	[ -z "$NO_MACHINE" ] || skip "$NO_MACHINE"
	bench_setup
	ROOT=$BATS_FILE_TMPDIR/root
	ZKRUN_CONNECT=127.0.0.1:$(<"$BATS_FILE_TMPDIR/port")
	machine_runs || boot_machine "$ZKRUN_CONNECT"
	begin_journal
	job 'echo at work' 'until [ -e /etc/zkrun.d/end ]; do sleep 0.02; done'
	gatewayd 'echo at work' 'exec sleep 600'
	# All tests use this name, and a failed one may have left its lease.
	zk rmr /lock/mutex/gateway 2>/dev/null || [ $? -eq 1 ]
	sessions >"$BATS_TEST_TMPDIR/sessions"
}

teardown()
{
	[ -z "$NO_MACHINE" ] || return 0
	clean_machine
	stop_all
}

#
# The template
#

@test "five runs of a job leave nothing behind and log no warning" {
	finish_job
	for _ in 1 2 3 4 5; do
		inside systemctl start "zkrun@$TASK"
		wait_for 1 no_sessions
	done
	all_released
	told "zkrun@$TASK" 'at work' 5
	nothing_wrong "zkrun@$TASK"
}

@test "systemctl status shows who holds the lock and which holder a waiting job waits for" {
	start "zkrun@$TASK"
	is_holding "zkrun@$TASK"
	start "other@$TASK"
	is_waiting "other@$TASK"
	run inside systemctl status --no-pager --full "zkrun@$TASK" "other@$TASK"
	assert_output --partial "Status: \"$TASK: holding\""
	assert_line --regexp "Status: \"$TASK: waiting, next in the queue, held by .* \\(pid $(pid_of guard "zkrun@$TASK")\\) since .*\""
	assert_output --partial 'activating (start)'
	finish_job
	ends "zkrun@$TASK" success
	ends "other@$TASK" success
	all_released
	nothing_wrong "zkrun@$TASK"
	nothing_wrong "other@$TASK"
}

@test "systemctl stop ends a running and a waiting job, both as a success" {
	start "zkrun@$TASK"
	is_holding "zkrun@$TASK"
	start "other@$TASK"
	is_waiting "other@$TASK"
	inside systemctl stop "other@$TASK"
	ends "other@$TASK" success
	queue_count "$TASK" 0
	inside systemctl stop "zkrun@$TASK"
	ends "zkrun@$TASK" success
	all_released
	nothing_wrong "zkrun@$TASK"
	nothing_wrong "other@$TASK"
}

@test "systemctl stop signals the job only, and the job may let its children go on" {
	job 'sh -c "trap \"echo the child heard\" TERM; echo a child
	    until [ -e /etc/zkrun.d/end ]; do sleep 0.02; done" &' \
	    'trap "echo the job heard" TERM' 'wait' 'wait'
	start "zkrun@$TASK"
	wait_for 10 told "zkrun@$TASK" 'a child' 1
	inside systemctl stop --no-block "zkrun@$TASK"
	wait_for 5 told "zkrun@$TASK" 'the job heard' 1
	finish_job
	ends "zkrun@$TASK" success
	told "zkrun@$TASK" 'the child heard' 0
	nothing_wrong "zkrun@$TASK"
}

@test "systemctl stop also ends the child of a job that exits 0 on TERM" {
	local began

	job 'setsid sh -c "echo the child; exec sleep 600" &' \
	    'trap "exit 0" TERM' 'wait' 'wait'
	start "zkrun@$TASK"
	is_holding "zkrun@$TASK"
	wait_for 5 told "zkrun@$TASK" 'the child' 1
	began=$(now_us)
	inside systemctl stop "zkrun@$TASK"
	since "$began" 7000
	ends "zkrun@$TASK" success
	all_released
	nothing_wrong "zkrun@$TASK"
}

@test "systemctl stop ends a process that the job left running" {
	local began

	job 'setsid sh -c "echo the child; exec sleep 600" &' 'exit 3'
	start "zkrun@$TASK"
	becomes "zkrun@$TASK" StatusText "$TASK: lingering"
	began=$(now_us)
	inside systemctl stop "zkrun@$TASK"
	since "$began" 7000
	all_released
}

@test "systemctl kill: the job gets the signal once, and everything ends" {
	job 'trap "echo heard; exit 0" TERM' 'echo at work' \
	    'while :; do sleep 0.05; done'
	start "zkrun@$TASK"
	is_holding "zkrun@$TASK"
	wait_for 5 told "zkrun@$TASK" 'at work' 1
	inside systemctl kill "zkrun@$TASK"
	ends "zkrun@$TASK" success
	told "zkrun@$TASK" heard 1
	all_released
	nothing_wrong "zkrun@$TASK"
}

@test "systemctl kill --kill-whom=main, which signals the guard only, ends the job as well" {
	start "zkrun@$TASK"
	is_holding "zkrun@$TASK"
	inside systemctl kill --kill-whom=main "zkrun@$TASK"
	ends "zkrun@$TASK" success
	all_released
	nothing_wrong "zkrun@$TASK"
}

@test "a signal to the keeper of a unit ends the job like a signal to the guard" {
	start "zkrun@$TASK"
	is_holding "zkrun@$TASK"
	inside kill -TERM "$(pid_of keeper "zkrun@$TASK")"
	ends "zkrun@$TASK" success
	all_released
	nothing_wrong "zkrun@$TASK"
}

@test "a job whose lock another server holds is a success and is not tried again" {
	start "zkrun@$TASK"
	is_holding "zkrun@$TASK"
	setting ZKRUN_NONBLOCK=yes
	inside systemctl start "other@$TASK"
	ends "other@$TASK" success
	told "other@$TASK" 'is held by' 1
	run journal -p notice -u "other@$TASK" -o cat
	assert_output ''
	told "zkrun@$TASK" 'at work' 1
}

@test "a failing job runs four times in all" {
	drop_in "zkrun@$TASK.service" Service RestartSec=100ms
	job 'echo at work' 'exit 3'
	start "zkrun@$TASK"
	ends "zkrun@$TASK" 'exit-code'
	has "zkrun@$TASK" NRestarts 4
	told "zkrun@$TASK" 'at work' 4
	all_released
}

@test "a bad option and a missing job are not tried again" {
	drop_in "zkrun@$TASK.service" Service RestartSec=100ms
	drop_in "other@$TASK.service" Service RestartSec=100ms
	rm "$ROOT/etc/zkrun.d/$TASK"
	start "zkrun@$TASK"
	ends "zkrun@$TASK" 'exit-code'
	has "zkrun@$TASK" ExecMainStatus 127
	has "zkrun@$TASK" NRestarts 0
	setting ZKRUN_WAIT=x
	start "other@$TASK"
	ends "other@$TASK" 'exit-code'
	has "other@$TASK" ExecMainStatus 64
	has "other@$TASK" NRestarts 0
}

# tried_again N VICTIM: kill VICTIM (guard, keeper or command) of the unit of
# TASK, as the Nth kill of the test.  The job runs again once all its processes
# are dead.
tried_again()
{
	local before unit=zkrun@$TASK

	is_holding "$unit"
	wait_for 5 told "$unit" 'at work' "$1"
	mapfile -t before < <(processes "$unit")
	[ ${#before[@]} -ge 3 ]
	inside kill -KILL "$(pid_of "$2" "$unit")"
	becomes "$unit" NRestarts "$1"
	dead "${before[@]}"
	wait_for 15 told "$unit" 'at work' $(($1 + 1))
	is_holding "$unit"
}

@test "if guard, keeper or command is killed, the whole job ends and systemd tries it again" {
	drop_in "zkrun@$TASK.service" Service RestartSec=100ms
	setting ZKRUN_SESSION_TIMEOUT=2s
	start "zkrun@$TASK"
	tried_again 1 command
	tried_again 2 keeper
	tried_again 3 guard
	finish_job
	ends "zkrun@$TASK" success
	# systemd kills the keeper of a dead guard; the session times out.
	wait_for 10 no_sessions
	all_released
}

@test "a job whose keeper hangs ends at the deadline of its lease and is tried again" {
	local before

	drop_in "zkrun@$TASK.service" Service RestartSec=100ms
	setting ZKRUN_SESSION_TIMEOUT=2s
	start "zkrun@$TASK"
	is_holding "zkrun@$TASK"
	mapfile -t before < <(processes "zkrun@$TASK")
	inside kill -STOP "$(pid_of keeper "zkrun@$TASK")"
	becomes "zkrun@$TASK" NRestarts 1
	dead "${before[@]}"
	told "zkrun@$TASK" 'status=76' 1
	finish_job
	ends "zkrun@$TASK" success
}

@test "systemctl stop ends a job whose guard hangs" {
	start "zkrun@$TASK"
	is_holding "zkrun@$TASK"
	inside kill -STOP "$(pid_of guard "zkrun@$TASK")"
	inside systemctl stop "zkrun@$TASK"
	ends "zkrun@$TASK" success
	all_released
}

@test "a unit with credentials creates nodes that only they may use" {
	echo digest:unit:secret >"$ROOT/etc/zkrun.auth"
	chmod 600 "$ROOT/etc/zkrun.auth"
	sed -n 's/^#\(LoadCredential\|Environment=ZKRUN_AUTH\)/\1/p' \
	    "$TOP/contrib/systemd/zkrun@.service" >"$BATS_TEST_TMPDIR/lines"
	mapfile -t lines <"$BATS_TEST_TMPDIR/lines"
	[ ${#lines[@]} -eq 2 ]
	drop_in "zkrun@$TASK.service" Service "${lines[@]}"
	start "zkrun@$TASK"
	is_holding "zkrun@$TASK"
	run -0 zk -a digest:unit:secret acl "/lock/mutex/$TASK"
	assert_output --regexp '^digest:unit:.*:rwcda$'
	inside systemctl stop "zkrun@$TASK"
	ends "zkrun@$TASK" success
	nothing_wrong "zkrun@$TASK"
}

# timers_of_two: fail unless the timers of two servers start the job and only
# one server runs it.
timers_of_two()
{
	local name

	finish_job
	setting ZKRUN_INTERVAL=23h
	setting ZKRUN_WAIT=10m
	start "zkrun@$TASK.timer" "other@$TASK.timer"
	for name in zkrun other; do
		becomes "$name@$TASK.service" ExecMainExitTimestampMonotonic '[1-9]*'
		ends "$name@$TASK.service" success
		nothing_wrong "$name@$TASK.service"
	done
	assert_equal "$(journal -o cat | grep -cx 'at work')" 1
	all_released
}

@test "the timers of two servers fire in the same second: one server runs the job" {
	local name

	for name in zkrun other; do
		drop_in "$name@$TASK.timer" Timer OnCalendar= \
		    "OnCalendar=$(date -d '3 seconds' '+%F %T')"
	done
	timers_of_two
}

@test "two servers missed a night: one of them runs the job as soon as both are up" {
	local name

	inside mkdir -p /var/lib/systemd/timers
	for name in zkrun other; do
		inside touch -d '2 days ago' \
		    "/var/lib/systemd/timers/stamp-$name@$TASK.timer"
	done
	timers_of_two
	for name in zkrun other; do
		has "$name@$TASK.timer" NextElapseUSecRealtime '*03:00:00*'
	done
}

#
# The daemon
#

# two_gateways: make gateway active and other wait for the lock.
two_gateways()
{
	start gateway
	becomes gateway ActiveState active
	start other
	is_waiting other gateway
}

@test "a daemon is active on one server; after a stop there the next server takes over" {
	# A unit ordered after the daemon waits until the daemon is active.
	printf '%s\n' '[Unit]' After=other.service '[Service]' Type=oneshot \
	    RemainAfterExit=yes ExecStart=true \
	    >"$ROOT/etc/systemd/system/after.service"
	two_gateways
	start after
	run inside systemctl status --no-pager --full gateway other
	assert_output --partial 'Status: "gateway: holding"'
	assert_line --regexp "Status: \"gateway: waiting, next in the queue, held by .* \\(pid $(pid_of guard gateway)\\) since .*\""
	has other ActiveState activating
	has after ActiveState inactive
	inside systemctl stop gateway
	ends gateway success
	becomes other ActiveState active
	becomes after ActiveState active
	inside systemctl stop other
	ends other success
	all_released gateway
	nothing_wrong gateway
	nothing_wrong other
}

@test "a daemon's child in its own session delays a stop by less than -k plus two seconds" {
	local began

	gatewayd 'setsid sh -c "echo the child; exec sleep 600" &' \
	    'trap exit TERM' 'wait' 'wait'
	two_gateways
	wait_for 5 told gateway 'the child' 1
	began=$(now_us)
	inside systemctl stop gateway
	since "$began" 7000
	ends gateway success
	nothing_wrong gateway
	becomes other ActiveState active
}

@test "a daemon dies: the next server takes over, and the daemon's own server queues" {
	gatewayd 'trap "exit 1" USR1' 'while :; do sleep 0.05; done'
	drop_in gateway.service Service RestartSec=100ms
	two_gateways
	inside kill -USR1 "$(pid_of command gateway)"
	becomes other ActiveState active
	becomes gateway NRestarts 1
	is_waiting gateway gateway
}

@test "a daemon that dies at once is started again, without a limit" {
	gatewayd 'exit 1'
	drop_in gateway.service Service RestartSec=100ms
	start gateway
	# systemd's default limit is five starts.
	becomes gateway NRestarts '[6-9]'
}

@test "if guard, keeper or daemon is killed, all its processes end and the next server takes over" {
	local victim before

	drop_in gateway.service Service RestartSec=100ms
	for victim in command keeper guard; do
		two_gateways
		mapfile -t before < <(processes gateway)
		[ ${#before[@]} -ge 3 ]
		inside kill -KILL "$(pid_of $victim gateway)"
		becomes other ActiveState active
		dead "${before[@]}"
		becomes gateway NRestarts 1
		is_waiting gateway gateway
		inside systemctl stop gateway other
	done
}

@test "systemctl kill and a signal to the keeper end a daemon, and systemd restarts it" {
	drop_in gateway.service Service RestartSec=100ms
	start gateway
	becomes gateway ActiveState active
	inside systemctl kill gateway
	becomes gateway NRestarts 1
	becomes gateway ActiveState active
	inside kill -TERM "$(pid_of keeper gateway)"
	becomes gateway NRestarts 2
	becomes gateway ActiveState active
	run journal -p warning -u gateway -o cat
	assert_output ''
}

@test "guard or keeper hangs: the watchdog ends the service and the next server takes over" {
	local victim before

	drop_in gateway.service Service RestartSec=100ms WatchdogSec=1s
	for victim in guard keeper; do
		two_gateways
		mapfile -t before < <(processes gateway)
		inside kill -STOP "$(pid_of $victim gateway)"
		becomes gateway Result watchdog
		becomes other ActiveState active
		dead "${before[@]}"
		is_waiting gateway gateway
		inside systemctl stop gateway other
	done
	run journal -u gateway -o cat
	assert_output --partial 'Watchdog timeout'
}

@test "systemctl reload sends the daemon SIGHUP and does nothing else" {
	gatewayd 'trap "echo reloaded" HUP' 'trap exit TERM' \
	    'while :; do sleep 0.05; done'
	two_gateways
	inside systemctl reload gateway
	wait_for 5 told gateway reloaded 1
	has gateway ActiveState active
	has gateway NRestarts 0
	nothing_wrong gateway
}

@test "a daemon with --notify command reports READY=1 itself and feeds the watchdog" {
	drop_in gateway.service Service NotifyAccess=all WatchdogSec=2s \
	    RestartSec=100ms Environment=ZKRUN_NOTIFY=command
	gatewayd 'echo starting' 'until [ -e /etc/zkrun.d/end ]; do sleep 0.02; done' \
	    'systemd-notify --ready --status="at work"' \
	    'while [ -e /etc/zkrun.d/end ]; do systemd-notify WATCHDOG=1' \
	    'sleep 0.1; done' 'sleep 600'
	start gateway
	wait_for 10 told gateway starting 1
	has gateway ActiveState activating
	finish_job
	becomes gateway ActiveState active
	becomes gateway StatusText 'at work'
	rm "$ROOT/etc/zkrun.d/end"
	becomes gateway NRestarts 1
	wait_for 10 told gateway starting 2
}

@test "a connection to a socket unit starts the daemon, which answers it" {
	local port

	port=$("$TOOLS/freeport" 1)
	printf '%s\n' '[Socket]' "ListenStream=127.0.0.1:$port" \
	    >"$ROOT/etc/systemd/system/gateway.socket"
	gatewayd "exec /lib/systemd/systemd-socket-proxyd $ZKRUN_CONNECT"
	start gateway.socket
	becomes gateway.socket ActiveState active
	has gateway ActiveState inactive
	ZK_CONNECT=127.0.0.1:$port run -0 zk ls /lock/mutex/gateway/leases
	assert_equal "${#lines[@]}" 1
	has gateway ActiveState active
	inside systemctl stop gateway.socket gateway
	ends gateway success
	nothing_wrong gateway
}

@test "a shutdown stops a job and a daemon and leaves no node" {
	start "zkrun@$TASK" gateway
	is_holding "zkrun@$TASK"
	becomes gateway ActiveState active
	halt_machine
	all_released
	assert_lock_clean gateway
}
