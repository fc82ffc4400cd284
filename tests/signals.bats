#!/usr/bin/env bats
#
# A signal to zkrun reaches the command and all processes that the command
# started, once.
#
# Measures: 20 ms for which a signal waits, and leases that last for a second.

load lib/helper

# The signals that end a waiting zkrun.  USR1 (10) does not; 34 is a real-time
# signal.
ENDING='1 2 3 12 14 15 34'

# siglog_bg NAME ARG...: start a zkrun whose command logs its signals.
siglog_bg()
{
	local name=$1

	shift
	zkrun_bg "$name" "$@" -- "$TOOLS/siglog" "$(LOG "$name")" 1000 7
	wait_for 10 grep -q ready "$(LOG "$name")"
}

@test "a signal while connecting: zkrun dies of it and starts nothing" {
	local n

	start_relay
	relay_tell freeze
	for n in $ENDING; do
		zkrun_ending "c$n" -c "$RELAY_CONNECT" -t "$TASK" -- \
		    touch "$BATS_TEST_TMPDIR/ran"
		# The keeper waits for a server that is silent.
		keeper_of "$BG_PID" >/dev/null
	done
	for n in $ENDING; do
		kill -"$n" "${BG[c$n]}"
	done
	for n in $ENDING; do
		ended "c$n" 5 signal "$n"
	done
	relay_tell thaw
	assert_lock_clean "$TASK"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "a signal between tries to connect: zkrun dies of it at once" {
	start_relay
	relay_tell refuse on
	zkrun_ending c -v -c "$RELAY_CONNECT" --retry-sleep 60 -t "$TASK" -- true
	wait_for 5 grep -q 'retrying in' "$BATS_TEST_TMPDIR/c.err"
	kill -TERM "${BG[c]}"
	ended c 3 signal 15
}

@test "a signal in the queue: zkrun dies of it at once, leaves no node and starts nothing" {
	local n count=0

	hold holder "$TASK"
	for n in $ENDING; do
		zkrun_ending "w$n" -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
		count=$((count + 1))
	done
	wait_for 10 queue_count "$TASK" "$count"
	for n in $ENDING; do
		kill -"$n" "${BG[w$n]}"
	done
	for n in $ENDING; do
		ended "w$n" 5 signal "$n"
	done
	# The nodes are deleted before zkrun exits.
	queue_count "$TASK" 0
	holds_count "$TASK" 1
	let_go holder
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "a signal in the queue without contact: zkrun ends within seconds" {
	hold holder "$TASK"
	start_relay
	zkrun_ending w -c "$RELAY_CONNECT" -T 2s -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	relay_tell freeze
	kill -TERM "${BG[w]}"
	ended w 5 signal 15
	relay_tell thaw
	wait_for 10 queue_count "$TASK" 0
	let_go holder
}

@test "a signal to the process group in the queue: zkrun dies of it and leaves no node" {
	local guard keeper

	hold holder "$TASK"
	setsid "$TOOLS/ending" "$BATS_TEST_TMPDIR/w.ending" "$ZKRUN" \
	    -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran" \
	    2>"$BATS_TEST_TMPDIR/w.err" 3>&- &
	HELPERS+=($!)
	wait_for 10 queue_count "$TASK" 1
	# Do not signal the leader of the group, because it reports the end.
	guard=$(sed -n 's/^pid //p' "$BATS_TEST_TMPDIR/w.ending")
	keeper=$(keeper_of "$guard")
	kill -USR2 "$keeper" "$guard"
	ended w 5 signal 12
	queue_count "$TASK" 0
	let_go holder
}

@test "if the keeper reports a signal in the queue late, the signal counts once" {
	local guard keeper

	hold holder "$TASK"
	# The relay makes leaving the queue slow.
	start_relay relay "$ZKRUN_CONNECT" -d 150
	zkrun_ending w -c "$RELAY_CONNECT" -t "$TASK" -- true
	guard=$BG_PID
	wait_for 10 queue_count "$TASK" 1
	keeper=$(keeper_of "$guard")
	kill -STOP "$keeper"
	kill -TERM "$keeper" "$guard"
	wait_for 5 grep -q leaving "/proc/$guard/cmdline"
	# Wait longer than the 20 ms that the guard waits for the keeper's
	# report.
	sleep 0.05
	kill -CONT "$keeper"
	ended w 5 signal 15
	gone "$keeper"
	queue_count "$TASK" 0
	let_go holder
}

@test "a signal while running, be it HUP, USR1 or TERM, reaches the command once" {
	local n

	for n in 10 $ENDING; do
		siglog_bg "r$n" -t "$TASK-$n"
	done
	for n in 10 $ENDING; do
		kill -"$n" "${BG[r$n]}"
	done
	for n in 10 $ENDING; do
		zkrun_wait "r$n" 10
		assert_equal "$n: $status, got $(logged "r$n")" "$n: 7, got $n "
		lock_clean "$TASK-$n"
	done
}

@test "several signals in a row: the command gets each of them once, in order" {
	local n expected='' i=0

	siglog_bg r -t "$TASK"
	for n in 1 10 15 10 15 34 2; do
		kill -"$n" "$BG_PID"
		expected+="$n "
		i=$((i + 1))
		wait_for 5 has_lines "$(LOG r)" '^[0-9]+$' $i
	done
	zkrun_wait r 10
	assert_equal "$status: $(logged r)" "7: $expected"
}

@test "TERM amid a flood of another signal reaches the command" {
	local i

	siglog_bg r -t "$TASK"
	for ((i = 0; i < 2000; i++)); do
		kill -USR2 "$BG_PID"
		[ $i -ne 500 ] || kill -TERM "$BG_PID"
	done
	wait_for 5 grep -qx 15 "$(LOG r)"
	zkrun_wait r 10
	assert_equal "$status" 7
}

@test "TSTP and at once CONT to the guard: the command runs on" {
	local i

	for i in 0 0.002 0.01; do
		zkrun_bg r -t "$TASK" -- sleep 1
		wait_for 10 has_command "$BG_PID"
		kill -TSTP "$BG_PID"
		sleep "$i"
		kill -CONT "$BG_PID"
		zkrun_wait r 5
		assert_equal "$i: $status" "$i: 0"
	done
}

@test "a signal in the queue does not hide the same signal while the command runs" {
	hold holder "$TASK"
	setsid "$ZKRUN" -t "$TASK" -- "$TOOLS/siglog" "$(LOG g)" 1000 7 \
	    </dev/null 2>/dev/null 3>&- &
	BG[g]=$!
	wait_for 10 queue_count "$TASK" 1
	kill -USR1 -- "-${BG[g]}"
	let_go holder
	wait_for 10 grep -qs ready "$(LOG g)"
	kill -USR1 "${BG[g]}"
	wait_for 5 grep -qx 10 "$(LOG g)"
	kill -TERM "${BG[g]}"
	zkrun_wait g 10
	assert_equal "$status" 7
}

@test "zkrun dies of the signal that killed its command" {
	zkrun_ending r -t "$TASK" -- sleep 600
	wait_for 10 has_command "$BG_PID"
	kill -TERM "$BG_PID"
	ended r 5 signal 15
	lock_clean "$TASK"
}

@test "a signal to the whole process group reaches the command once" {
	local n

	for n in 1 2 15 34; do
		setsid "$ZKRUN" -t "$TASK-$n" -- "$TOOLS/siglog" "$(LOG "$n")" \
		    300 7 </dev/null 3>&- &
		BG[g$n]=$!
	done
	for n in 1 2 15 34; do
		wait_for 10 grep -qs ready "$(LOG "$n")"
		kill -"$n" -- "-${BG[g$n]}"
	done
	for n in 1 2 15 34; do
		zkrun_wait "g$n" 10
		assert_equal "$status: $(logged "$n")" "7: $n "
	done
}

@test "if the command alone receives a signal, zkrun sends it none" {
	siglog_bg r -t "$TASK"
	kill -USR1 "$(children_of "$(keeper_of "$BG_PID")")"
	zkrun_wait r 10
	assert_equal "$status: $(logged r)" '7: 10 '
}

#
# A terminal
#

# Print the pid of the guard below the terminal's shell.
guard_in_terminal()
{
	local shell

	shell=$(children_of "${HELPERS[-1]}")
	children_of "$shell" | head -n 1
}

@test "^C at a terminal reaches the command once" {
	start_shell
	type_keys "'$ZKRUN' -t '$TASK' -- '$TOOLS/siglog' '$(LOG c)' 300 7; echo st=\$?\n"
	wait_for 10 grep -qs ready "$(LOG c)"
	type_keys '\003'
	wait_for 10 terminal_says 'st=7'
	assert_equal "$(logged c)" '2 '
	lock_clean "$TASK"
	type_keys 'exit\n'
}

@test "^C at a terminal in the queue: zkrun dies of it, and the shell drops the rest of its list" {
	hold holder "$TASK"
	start_shell
	type_keys "'$ZKRUN' -t '$TASK' -- true; touch '$BATS_TEST_TMPDIR/next'\n"
	wait_for 10 queue_count "$TASK" 1
	type_keys '\003'
	wait_for 10 queue_count "$TASK" 0
	type_keys 'echo do""ne\n'
	wait_for 10 terminal_says done
	# The shell would go on if zkrun had exited instead.
	[ ! -e "$BATS_TEST_TMPDIR/next" ]
	type_keys 'exit\n'
	let_go holder
}

@test "^Z stops zkrun and the command and keeps the lock; fg continues both" {
	local guard keeper command

	start_relay
	start_shell "$RELAY_CONNECT"
	type_keys "'$ZKRUN' -T 1s -t '$TASK' -- '$TOOLS/siglog' '$(LOG z)' 300 7\n"
	wait_for 10 grep -qs ready "$(LOG z)"
	guard=$(guard_in_terminal)
	keeper=$(keeper_of "$guard")
	command=$(children_of "$keeper")
	type_keys '\032'
	wait_for 10 terminal_says Stopped
	wait_for 5 in_state "$guard" T
	wait_for 5 in_state "$command" T
	not in_state "$keeper" T
	# Six requests take longer than a session lives without requests.
	relay_tell reset-stats
	pinged() { [ $(($(relay_count op11) + $(relay_count op14))) -ge 6 ]; }
	wait_for 15 pinged
	holds_count "$TASK" 1
	run -75 zkrun -n -t "$TASK" -- true
	type_keys 'fg\n'
	wait_for 5 not in_state "$guard" T
	wait_for 5 not in_state "$command" T
	type_keys '\003'
	wait_for 10 gone "$guard"
	assert_equal "$(logged z)" '2 '
	# The second time, kill the guard while it is stopped.
	type_keys "'$ZKRUN' -T 4s -t '$TASK' -- '$TOOLS/siglog' '$(LOG y)' 300 7\n"
	wait_for 10 grep -qs ready "$(LOG y)"
	guard=$(guard_in_terminal)
	command=$(children_of "$(keeper_of "$guard")")
	type_keys '\032'
	wait_for 5 in_state "$guard" T
	kill -KILL "$guard"
	wait_for 10 gone "$command"
	assert_lock_clean "$TASK"
	type_keys 'exit\nexit\n'
}

@test "the lease is lost while the job is suspended: the command dies" {
	local guard command

	start_shell
	type_keys "'$ZKRUN' -t '$TASK' -- sleep 600\n"
	wait_for 10 holds_count "$TASK" 1
	guard=$(guard_in_terminal)
	wait_for 10 has_command "$guard"
	command=$(children_of "$(keeper_of "$guard")")
	type_keys '\032'
	wait_for 5 in_state "$guard" T
	wait_for 5 in_state "$command" T
	zk rm "$(lease_of "$TASK")"
	wait_for 10 gone "$command"
	type_keys 'fg; echo st=$?\n'
	wait_for 10 terminal_says 'st=76'
	type_keys 'exit\n'
}

@test "all processes are stopped before the command's execve: the command dies in time, and no runs overlap" {
	local path child='' keeper

	# PATH is so long that the test meets the child while it searches for
	# sleep.
	path=$(printf '/x:%.0s' {1..40000})
	PATH=$path$PATH "$ZKRUN" -T 4s -t "$TASK" -- sleep 2 2>/dev/null 3>&- &
	BG[r]=$!
	until [ -n "$child" ]; do
		keeper=''
		read -r keeper <"/proc/${BG[r]}/task/${BG[r]}/children" || true
		[ -z "$keeper" ] || read -r child \
		    <"/proc/${keeper% }/task/${keeper% }/children" || true
	done 2>/dev/null
	child=${child% }
	kill -STOP "$child"
	kill -TSTP "${BG[r]}"
	wait_for 5 in_state "$child" T
	assert_equal "$(<"/proc/$child/comm")" zkkeeper
	run -0 zkrun -w 15 -t "$TASK" -- test ! -e "/proc/$child"
	kill -CONT "${BG[r]}"
	zkrun_wait r 10
	assert_equal "$status" 76
}

@test "^Z in the queue stops zkrun, which keeps its place; fg continues the wait" {
	local guard

	hold holder "$TASK"
	start_shell
	type_keys "'$ZKRUN' -t '$TASK' -- echo it-r\"\"an\n"
	wait_for 10 queue_count "$TASK" 1
	guard=$(guard_in_terminal)
	type_keys '\032'
	wait_for 5 in_state "$guard" T
	queue_count "$TASK" 1
	type_keys 'fg\n'
	wait_for 5 not in_state "$guard" T
	let_go holder
	wait_for 10 terminal_says it-ran
	type_keys 'exit\n'
}

@test "on a terminal the command reads the user's input" {
	start_shell
	type_keys "'$ZKRUN' -t '$TASK' -- sh -c 'read -r x; echo got-\$x'\n"
	wait_for 10 holds_count "$TASK" 1
	type_keys 'words\n'
	wait_for 10 terminal_says got-words
	type_keys 'exit\n'
}

#
# Which processes get a signal
#

# log_tree OPTION...: run a command with two more processes, one in its own
# session.
log_tree()
{
	zkrun_bg t "$@" -t "$TASK" -- bash -c '
		trap : USR1
		"$1" "$2" 300 0 &
		echo $! >"$4"
		setsid "$1" "$3" 300 0 &
		echo $! >"$5"
		wait; wait; wait' bash "$TOOLS/siglog" "$(LOG a)" "$(LOG b)" \
	    "$BATS_TEST_TMPDIR/pid1" "$BATS_TEST_TMPDIR/pid2"
	wait_for 10 grep -qs ready "$(LOG a)"
	wait_for 10 grep -qs ready "$(LOG b)"
}

@test "with -g every process of the command gets the signal once" {
	log_tree -g
	kill -USR1 "$BG_PID"
	zkrun_wait t 10
	assert_equal "$status: $(logged a): $(logged b)" '0: 10 : 10 '
}

@test "without -g only the command gets the signal" {
	local command

	log_tree -o kill
	kill -TERM "$BG_PID"
	# The command dies.  -o kill sends TERM to the processes it leaves.
	zkrun_wait t 10
	assert_equal "$status: $(logged a): $(logged b)" '143: 15 : 15 '
	rm "$(LOG a)" "$(LOG b)"
	log_tree
	command=$(children_of "$(keeper_of "$BG_PID")")
	kill -USR1 "$BG_PID"
	kill -USR2 "$BG_PID"
	# bash survives USR1 and dies of USR2, which goes on to its children.
	wait_for 5 gone "$command"
	zkrun_wait t 10
	assert_equal "$status: $(logged a): $(logged b)" '140: 12 : 12 '
}

@test "signals that the caller ignores stay ignored, in the queue and while running" {
	local command

	hold holder "$TASK"
	env --ignore-signal=HUP,USR1 --default-signal=INT,QUIT "$ZKRUN" \
	    -t "$TASK" -- sleep 600 </dev/null 2>"$BATS_TEST_TMPDIR/w.err" 3>&- &
	BG_PID=$!
	BG[w]=$!
	wait_for 10 queue_count "$TASK" 1
	kill -HUP "$BG_PID"
	kill -USR1 "$BG_PID"
	let_go holder
	wait_for 10 has_command "$BG_PID"
	command=$(children_of "$(keeper_of "$BG_PID")")
	wait_for 5 grep -qx sleep "/proc/$command/comm"
	kill -HUP "$BG_PID"
	kill -USR1 "$BG_PID"
	# HUP and USR1 are bits 0 and 9.  31 and 32 are the C library's own
	# signals, which posix_spawn(3), and so make, leaves ignored.
	run -0 sed -n 's/^Sig\(Ign\|Blk\):[[:space:]]*/\1 /p' \
	    "/proc/$command/status"
	assert_line 'Blk 0000000000000000'
	assert_line --regexp '^Ign 0000000[01][08]0000201$'
	kill -TERM "$BG_PID"
	zkrun_wait w 10
	assert_equal "$status" 143
}

@test "signals at the very moment of acquiring: no command runs to its end" {
	local stamps=$BATS_TEST_TMPDIR/stamps nap i pid rc n=100 us

	! asan || n=40
	# The random delays cover one whole run, however fast this machine is.
	us=$(now_us)
	zkrun -t "$TASK" -- true
	us=$(($(now_us) - us))
	: >"$stamps"
	mkfifo "$BATS_TEST_TMPDIR/never"
	exec {nap}<>"$BATS_TEST_TMPDIR/never"
	for ((i = 0; i < n; i++)); do
		"$ZKRUN" -t "$TASK" -- "$TOOLS/stamp" "$stamps" "r$i" 9000 \
		    2>>"$BATS_TEST_TMPDIR/err" 3>&- &
		pid=$!
		BG[r]=$pid
		# Before its exec(3) the shell's child may lose a signal.
		until is_zkrun "$pid"; do :; done
		read -rt "$(printf 0.%06d $((RANDOM * us / 32768)))" <&"$nap" ||
		    true
		kill -TERM "$pid"
		rc=0
		wait "$pid" || rc=$?
		assert_equal "$i: $rc" "$i: 143"
	done
	unset 'BG[r]'
	exec {nap}>&-
	echo "started: $(grep -c begin "$stamps") of $n"
	run -1 grep end "$stamps"
	assert_lock_clean "$TASK"
}

@test "a signal to the group right before the command exists is not lost" {
	local deadline=$((SECONDS + 20)) i

	can_preload || return 0
	for ((i = 0; i < 10; i++)); do
		rm -f "$BATS_TEST_TMPDIR/mark"
		SLOWSTART=$BATS_TEST_TMPDIR/mark LD_PRELOAD=$TOOLS/slowstart.so \
		    setsid "$ZKRUN" -t "$TASK" -- sleep 1 </dev/null 3>&- &
		BG[g]=$!
		until [ -e "$BATS_TEST_TMPDIR/mark" ] ||
		    [ $SECONDS -ge $deadline ]; do :; done
		kill -TERM -- "-${BG[g]}"
		zkrun_wait g 10
		assert_equal "$i: $status" "$i: 143"
	done
}

#
# KILL
#

# hold_with_tree: hold the lock with processes that are hard to kill.
hold_with_tree()
{
	zkrun_bg holder -k 30 -t "$TASK" -- env "MARK=$TASK" sh -c '
		trap "" TERM HUP INT
		setsid sleep 600 &
		(setsid sh -c "(sleep 600 &)" &)
		sh -c "kill -STOP \$\$" &
		"$1" deep 40 &
		sleep 600' sh "$TOOLS/tree"
	wait_for 10 marked_count "$TASK" 46
	# The next holder's command lists the processes that it still finds.
	export -f marked gone
	zkrun_bg next -t "$TASK" -- bash -c 'marked "$1" >"$2"' bash "$TASK" \
	    "$BATS_TEST_TMPDIR/met"
	wait_for 10 queue_count "$TASK" 1
}

assert_dead_before_takeover()
{
	zkrun_wait next 15
	assert_equal "$status" 0
	assert_equal "$(<"$BATS_TEST_TMPDIR/met")" ''
	assert_lock_clean "$TASK"
}

@test "the guard is killed: the whole tree is dead before the next contender holds" {
	hold_with_tree
	kill -KILL "${BG[holder]}"
	assert_dead_before_takeover
}

@test "the keeper is killed: the whole tree is dead before the next contender holds" {
	hold_with_tree
	kill -KILL "$(keeper_of "${BG[holder]}")"
	assert_dead_before_takeover
	zkrun_wait holder 10
	assert_equal "$status" 76
}

@test "the lock is held until the last process is dead" {
	local big what

	for what in guard keeper term; do
		TASK=$(unique_task)
		zkrun_bg "$what" -t "$TASK" -- "$TOOLS/tree" big 400
		wait_for 20 grep -q big "$BATS_TEST_TMPDIR/$what.out"
		big=$(children_of "$(keeper_of "$BG_PID")")
		export -f gone
		zkrun_bg next -t "$TASK" -- bash -c 'gone "$1" || echo alive' \
		    bash "$big"
		wait_for 10 queue_count "$TASK" 1
		case $what in
		guard)	kill -KILL "${BG[guard]}" ;;
		keeper)	kill -KILL "$(keeper_of "${BG[keeper]}")" ;;
		term)	kill -TERM "${BG[term]}" ;;
		esac
		zkrun_wait next 15
		assert_equal "$what: $(<"$BATS_TEST_TMPDIR/next.out")" "$what: "
	done
}

@test "a stopped guard is killed: the whole tree is dead before the next contender holds" {
	hold_with_tree
	kill -STOP "${BG[holder]}"
	kill -KILL "${BG[holder]}"
	assert_dead_before_takeover
}

@test "the keeper is killed while connecting or in the queue: exit 70, no node left" {
	start_relay
	relay_tell freeze
	zkrun_bg c -c "$RELAY_CONNECT" -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	kill -KILL "$(keeper_of "$BG_PID")"
	zkrun_wait c 10
	assert_equal "$status" 70
	hold holder "$TASK"
	zkrun_bg w -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	wait_for 10 queue_count "$TASK" 1
	kill -KILL "$(keeper_of "$BG_PID")"
	zkrun_wait w 10
	assert_equal "$status" 70
	queue_count "$TASK" 0
	let_go holder
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	relay_tell thaw
}
