#!/usr/bin/env bats
#
# How signals end a job and zkrun: jobs in their own process groups, what a job
# leaves behind, the shell around zkrun, and zombies.
#
# Measures: the 20 ms for which the guard waits for the keeper's answer.

load lib/helper
load lib/deaths

# group_bg NAME WORD...: start zkrun as the leader of its own process group,
# with these arguments and then siglog.
group_bg()
{
	local name=$1

	shift
	setsid "$ZKRUN" -t "$TASK-$name" "$@" "$TOOLS/siglog" "$(LOG "$name")" \
	    300 7 </dev/null 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
	BG[$name]=$!
	wait_for 10 grep -qs ready "$(LOG "$name")"
}

#
# Each process gets a signal once
#

@test "a signal to zkrun's group reaches a job in its own group once" {
	group_bg plain --
	group_bg timeout -- timeout 60
	group_bg setsid -- setsid -w
	group_bg all -g -- timeout 60
	for name in plain timeout setsid all; do
		kill -TERM -- "-${BG[$name]}"
		zkrun_wait "$name" 10
		# timeout(1) sends the signal to its child and then to its
		# group.
		assert_regex "$name: $(logged "$name")" \
		    '^(plain|setsid): 15 $|^(timeout|all): 15 (15 )?$'
	done
}

@test "^C at a terminal reaches a job in its own group" {
	start_shell
	type_keys "'$ZKRUN' -t '$TASK' -- timeout 60 '$TOOLS/siglog' '$(LOG c)' 300 7; echo st=\$?\n"
	wait_for 10 grep -qs ready "$(LOG c)"
	type_keys '\003'
	wait_for 10 terminal_says 'st=7'
	assert_regex "$(logged c)" '^2 (2 )?$'
	type_keys 'exit\n'
}

@test "kill %1 in a shell ends a job in its own group" {
	start_shell
	type_keys "'$ZKRUN' -t '$TASK' -- timeout 60 '$TOOLS/siglog' '$(LOG c)' 300 7 &\n"
	wait_for 10 grep -qs ready "$(LOG c)"
	type_keys 'kill %%1; wait %%1; echo st=$?\n'
	wait_for 10 terminal_says 'st=7'
	assert_regex "$(logged c)" '^15 (15 )?$'
	type_keys 'exit\n'
}

@test "a job gets only one signal from timeout(1), which sends two" {
	local n

	for n in 1 2 3 4 5 6; do
		run timeout -s TERM 0.5 "$ZKRUN" -t "$TASK" -- "$TOOLS/siglog" \
		    "$(LOG "$n")" 200 7
		assert_equal "$(logged "$n")" '15 '
	done
}

@test "a signal to the keeper, the command's parent, acts like a signal to the guard" {
	# shellcheck disable=SC2016 # for the inner shell
	run -143 zkrun -t "$TASK" -- sh -c 'kill -TERM $PPID; exec sleep 60'
	hold holder "$TASK"
	zkrun_ending waiter -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	kill -TERM "$(keeper_of "$BG_PID")"
	ended waiter 5 signal 15
	wait_for 5 queue_count "$TASK" 0
	let_go holder
}

# The keeper answers later than the guard waits.  The signal may then arrive
# twice, which is better than losing it.
@test "if the keeper is slow to report a signal, the job still gets the signal" {
	group_bg slow --
	keeper_now "${BG[slow]}"
	kill -STOP "$KEEPER"
	kill -TERM -- "-${BG[slow]}"
	wait_for 5 grep -q 15 "$(LOG slow)"
	kill -CONT "$KEEPER"
	zkrun_wait slow 10
	assert_regex "$(logged slow)" '^15 (15 )?$'
}

#
# A stop reaches the whole job
#

# leaves NAME TRAP OPTION...: start a zkrun whose command sets the trap TRAP,
# and starts a child in its own session.
# shellcheck disable=SC2016 # for the inner shells
leaves()
{
	local name=$1 trap=$2

	shift 2
	zkrun_ending "$name" -t "$TASK-$name" "$@" -- sh -c \
	    "$trap"'setsid sh -c "echo \$\$ >\"\$0\"; exec sleep 300" "$0" &
	    while :; do sleep 0.05; done' "$BATS_TEST_TMPDIR/$name.child"
	wait_for 10 test -s "$BATS_TEST_TMPDIR/$name.child"
}

@test "a signal that ends the command also ends the processes that the command leaves" {
	local name

	leaves killed ''
	leaves handled 'trap "exit 3" TERM;'
	leaves otherwise 'trap "kill -KILL \$\$" TERM;'
	for name in killed handled otherwise; do
		kill -TERM "${BG[$name]}"
		wait_for 5 gone "$(<"$BATS_TEST_TMPDIR/$name.child")"
	done
	ended killed 5 signal 15
	ended handled 5 exit 3
	ended otherwise 5 signal 9
}

@test "a signal that ends the command also ends a stopped process that the command leaves" {
	local child

	leaves stopped ''
	child=$(<"$BATS_TEST_TMPDIR/stopped.child")
	kill -STOP "$child"
	wait_for 5 grep -q '^State:.T' "/proc/$child/status"
	kill -TERM "$BG_PID"
	ended stopped 5 signal 15
}

# systemd sends both signals at once to a unit with SendSIGHUP=yes.
@test "a HUP right after a TERM does not cancel the TERM" {
	# shellcheck disable=SC2016 # for the inner shell
	leaves both 'both() { [ "$t$h" != 11 ] || exit 3; }
	    trap "t=1; both" TERM; trap "h=1; both" HUP;'
	kill -TERM "$BG_PID"
	kill -HUP "$BG_PID"
	wait_for 5 gone "$(<"$BATS_TEST_TMPDIR/both.child")"
	ended both 5 exit 3
}

@test "-g: a process gets the signal that ends the command only once" {
	# shellcheck disable=SC2016 # for the inner shell
	zkrun_ending all -g -t "$TASK" -- sh -c \
	    'setsid "$0" "$1" 300 0 & until [ -s "$1" ]; do :; done
	    # A process that has just started may get the signal twice.
	    sleep 0.1; : >"$1.old"; exec sleep 300' "$TOOLS/siglog" "$(LOG all)"
	wait_for 10 test -e "$(LOG all.old)"
	kill -TERM "$BG_PID"
	ended all 5 signal 15
	assert_equal "$(logged all)" '15 '
}

@test "^C ends a script's background processes, although they ignore it" {
	start_shell
	type_keys "'$ZKRUN' -t '$TASK' -- sh -c 'sleep 300 & echo \$! >$BATS_TEST_TMPDIR/child; sleep 300'\n"
	wait_for 10 test -s "$BATS_TEST_TMPDIR/child"
	wait_for 10 holds_count "$TASK" 1
	type_keys '\003'
	wait_for 5 gone "$(<"$BATS_TEST_TMPDIR/child")"
	assert_lock_clean "$TASK"
	type_keys 'exit\n'
}

@test "a HUP that the command survives does not end the processes that the command leaves" {
	leaves daemon 'trap : HUP; trap "exit 3" USR2;'
	kill -HUP "$BG_PID"
	# The shell runs its handlers in this order.
	kill -USR2 "$BG_PID"
	wait_for 5 grep -q . "$BATS_TEST_TMPDIR/daemon.child"
	kill -0 "$(<"$BATS_TEST_TMPDIR/daemon.child")"
	kill -TERM "$(<"$BATS_TEST_TMPDIR/daemon.child")"
	ended daemon 5 exit 3
}

@test "if the terminal goes away, the whole job ends" {
	start_shell
	type_keys "'$ZKRUN' -t '$TASK' -- sh -c 'setsid sleep 300 & sleep 300'\n"
	wait_for 10 holds_count "$TASK" 1
	end_terminal
	assert_lock_clean "$TASK"
}

#
# How zkrun itself ends
#

@test "zkrun dies of the signal that killed its command" {
	local n

	for n in 1 2 9 11 15 34; do
		zkrun_ending "d$n" -t "$TASK-$n" -- sh -c "kill -$n \$\$"
		ended "d$n" 5 signal "$n"
		[ ! -e core ]
	done
	zkrun_ending status -t "$TASK" -- sh -c 'exit 143'
	ended status 5 exit 143
}

# bash reports a core file wherever the system puts it.
@test "zkrun leaves no core file when it dies of the command's signal" {
	cd "$BATS_TEST_TMPDIR" || return 1
	ulimit -c unlimited
	run -139 bash -c '"$@"; exit' bash "$ZKRUN" -t "$TASK" -- \
	    sh -c 'ulimit -c 0; kill -SEGV $$' 3>&-
	assert_output --partial 'Segmentation fault'
	refute_output --partial 'core dumped'
}

@test "zkrun exits 124 or 76 if it stopped the command itself" {
	zkrun_ending limit -m 0.3 -t "$TASK-m" -- sleep 60
	ended limit 5 exit 124
	hold holder "$TASK"
	run -0 zkrun --revoke -n "$TASK" || true
	zkrun_wait holder 10
	assert_equal "$status" 76
}

@test "^C ends a shell's loop around zkrun" {
	start_shell
	type_keys "for n in 1 2 3; do echo \$n >>'$BATS_TEST_TMPDIR/rounds'; '$ZKRUN' -t '$TASK' -- sleep 60; done\n"
	wait_for 10 holds_count "$TASK" 1
	type_keys '\003'
	type_keys 'echo do""ne\n'
	wait_for 10 terminal_says done
	assert_equal "$(<"$BATS_TEST_TMPDIR/rounds")" 1
	type_keys 'exit\n'
}

#
# Zombies and sessions
#

# new_namespace: make a PID namespace whose PID 1 never reaps; set INIT to it.
new_namespace()
{
	unshare -pf --mount-proc --kill-child sleep 300 3>&- &
	HELPERS+=($!)
	wait_for 5 pgrep -P "$!"
	INIT=$(pgrep -P "$!")
}

in_namespace()
{
	nsenter -t "$INIT" -p -m -r "$@"
}

zombies()
{
	in_namespace ps -eo stat= | grep -c '^Z'
}

@test "runs leave no zombie where PID 1 does not reap, with and without --syslog" {
	local shown

	[ "$EUID" -eq 0 ] || skip 'needs a pid namespace'
	new_namespace
	# shellcheck disable=SC2016 # for the inner shell
	in_namespace bash -c 'for ((n = 0; n < 50; n++)); do
	    "$0" -t "$1" -- true || exit; done
	    for ((n = 0; n < 10; n++)); do
	    "$0" -v --syslog=user -t "$1" -- true || exit; done' \
	    "$ZKRUN" "$TASK" 2>"$BATS_TEST_TMPDIR/err" || {
		cat "$BATS_TEST_TMPDIR/err"
		return 1
	}
	shown=$(zombies) || true
	assert_equal "$shown" 0
}

@test "runs leave no zombie where PID 1 does not reap and a name server is silent" {
	local dir=$BATS_TEST_TMPDIR file n shown

	[ "$EUID" -eq 0 ] || skip 'needs a pid namespace and port 53'
	"$TOOLS/responder" -u -a 127.77.0.4 -l 53 >"$dir/dns" 3>&- &
	HELPERS+=($!)
	wait_for 5 test -s "$dir/dns"
	echo 'nameserver 127.77.0.4' >"$dir/resolv.conf"
	echo 'hosts: files dns' >"$dir/nsswitch.conf"
	new_namespace
	for file in resolv.conf nsswitch.conf; do
		in_namespace mount --bind "$dir/$file" "$(realpath "/etc/$file")"
	done
	for n in {1..20}; do
		run -69 in_namespace "$ZKRUN" -r 0 --connect-timeout 50ms \
		    -t "$TASK" -c slow.example -- true
		assert_output --partial 'name not resolved in time'
	done
	shown=$(zombies) || true
	assert_equal "$shown" 0
}

sessions()
{
	exec {server}<>"/dev/tcp/${OWN_CONNECT/://}"
	printf mntr >&"$server"
	awk '$1 == "zk_global_sessions" { print $2 }' <&"$server"
	exec {server}>&-
}

@test "no session stays on the server, however the run ends" {
	local n

	own_server
	start_relay far "$OWN_CONNECT" -d 50
	for n in 1 2 3 4 5; do
		run -0 zkrun -c "$OWN_CONNECT" -t "$TASK" -- true
		# shellcheck disable=SC2016 # for the inner shell
		run -143 zkrun -c "$OWN_CONNECT" -t "$TASK" -- sh -c 'kill $$'
		run -0 zkrun -c "$RELAY_CONNECT" -t "$TASK" -- true
	done
	has_no_session() { [ "$(sessions)" -eq 0 ]; }
	wait_for 1 has_no_session
}
