#!/usr/bin/env bats
#
# Run zkrun in real shells on real terminals, with keys, job control and the end
# of a terminal.  Run zkrun in a container's PID namespace.
#
# bats file_tags=long
#
# shellcheck disable=SC2016 # most of these words are for other shells

load lib/helper

SHELLS='bash dash zsh fish busybox'

setup()
{
	local program

	bench_setup
	for program in $SHELLS tmux unshare nsenter; do
		command -v "$program" >/dev/null || skip "no $program here"
	done
	# Use a short command line: on a dumb terminal editors redraw long ones.
	mkdir "$BATS_TEST_TMPDIR/bin"
	export D=$BATS_TEST_TMPDIR T=$TASK PATH=$BATS_TEST_TMPDIR/bin:$PATH
	# Without this directory fish reads all manuals first.
	export HOME=$BATS_TEST_TMPDIR
	mkdir -p "$HOME/.local/share/fish/generated_completions"
	ln -s "$ZKRUN" "$D/bin/zkrun"
	printf '#!/bin/sh\nexec env "MARK=$T" sleep 600\n' >"$D/bin/job"
	# 'pair' leaves a process in its own session.  env undoes the shell's
	# setting for background jobs, which ignores ^C.
	printf '#!/bin/sh\nenv --default-signal=INT,QUIT setsid job &\nexec job\n' \
	    >"$D/bin/pair"
	chmod +x "$D/bin/job" "$D/bin/pair"
}

teardown()
{
	[ ! -e "$D/tmux" ] || tmux -S "$D/tmux" kill-server || true
	stop_all
}

# open_shell NAME: start an interactive shell.  Set SHELL_NAME and SHELL_PID.
open_shell()
{
	local command

	SHELL_NAME=$1
	echo "in $1" >&2
	case $1 in
	bash)	command=(bash --norc --noprofile -i) ;;
	dash)	command=(dash -i) ;;
	zsh)	command=(zsh -f -i) ;;
	fish)	command=(fish --private -i) ;;
	busybox) command=(busybox sh -i) ;;
	esac
	rm -f "$D"/terminal.* "$D/status" "$D/rounds"
	PS1='READY>' TERM=dumb start_terminal "${command[@]}"
	wait_for 10 test -s "$D/terminal.out"
	SHELL_PID=$(children_of "${HELPERS[-1]}")
	wait_for 10 at_prompt
}

close_shell()
{
	wait_for 10 at_prompt
	type_keys 'exit\n'
	wait_for 10 gone "$SHELL_PID"
	exec {TERMINAL_IN}>&-
	TERMINAL_IN=''
}

# Return whether the shell sleeps in the terminal's foreground.
at_prompt()
{
	local stat

	stat=$(<"/proc/$SHELL_PID/stat")
	# shellcheck disable=SC2086 # state, parent, group, session, tty, its group
	set -- ${stat##*) }
	[ "$1" = S ] && [ "$3" = "$6" ]
}

# shows_status STATUS: the shell reports STATUS for the last command.
shows_status()
{
	local variable='$?'

	[ "$SHELL_NAME" != fish ] || variable='$status'
	wait_for 10 at_prompt
	rm -f "$D/status"
	type_keys "echo $variable >\$D/status\n"
	wait_for 10 test -s "$D/status"
	assert_equal "$SHELL_NAME: $(<"$D/status")" "$SHELL_NAME: $1"
}

# type_loop COMMAND: type a loop that runs COMMAND three times.
type_loop()
{
	local body="echo r >>\$D/rounds; $1"

	if [ "$SHELL_NAME" = fish ]; then
		type_keys "for n in 1 2 3; $body; end\n"
	else
		type_keys "for n in 1 2 3; do $body; done\n"
	fi
}

# open_script NAME COMMAND: the shell runs a script that runs COMMAND three
# times.
open_script()
{
	local program=$1

	echo "in a script of $1" >&2
	[ "$1" != busybox ] || program='busybox sh'
	{
		if [ "$1" = fish ]; then
			echo 'for n in 1 2 3'
		else
			printf 'for n in 1 2 3\ndo\n'
		fi
		printf 'echo r >>$D/rounds\n%s\n' "$2"
		if [ "$1" = fish ]; then
			echo end
		else
			echo 'done'
		fi
	} >"$D/script"
	rm -f "$D"/terminal.* "$D/rounds"
	# shellcheck disable=SC2086 # one or two words
	start_terminal $program "$D/script"
}

# script_ends STATUS
script_ends()
{
	wait_for 10 gone "${HELPERS[-1]}"
	status=0
	wait "${HELPERS[-1]}" || status=$?
	assert_equal "$status" "$1"
	exec {TERMINAL_IN}>&-
	TERMINAL_IN=''
}

#
# Keys
#

@test "^C ends the whole job, zkrun and the loop around it, in each shell" {
	local shell way

	for shell in $SHELLS; do
		for way in '' 'timeout 60' 'setsid'; do
			open_shell "$shell"
			type_loop "zkrun -t \$T -- $way pair"
			wait_for 10 marked_count "$TASK" 2
			type_keys '\003'
			shows_status 130
			lock_clean "$TASK"
			marked_count "$TASK" 0
			assert_equal "$shell $way: $(<"$D/rounds")" "$shell $way: r"
			close_shell
		done
	done
}

# A shell that gets a ^C also waits for its child to die of it.
@test "^C with -g ends a script in its own session, in each shell" {
	local shell

	printf '#!/bin/sh\njob\necho more >>"$D/more"\n' >"$D/bin/script"
	chmod +x "$D/bin/script"
	for shell in $SHELLS; do
		open_shell "$shell"
		type_loop 'zkrun -g -t $T -- setsid script'
		wait_for 10 marked_count "$TASK" 1
		type_keys '\003'
		shows_status 130
		lock_clean "$TASK"
		assert_equal "$shell: $(<"$D/rounds")" "$shell: r"
		[ ! -e "$D/more" ]
		close_shell
	done
}

# bash ends only if its child died of the ^C; the other shells always end.
@test "^C ends a script with its loop, in each shell" {
	local shell way

	for shell in $SHELLS; do
		for way in '' 'timeout 60' 'setsid'; do
			open_script "$shell" "zkrun -t \$T -- $way job"
			wait_for 10 marked_count "$TASK" 1
			type_keys '\003'
			script_ends 130
			lock_clean "$TASK"
			marked_count "$TASK" 0
			assert_equal "$shell $way: $(<"$D/rounds")" "$shell $way: r"
		done
	done
}

@test "^C in the queue ends the loop around zkrun, in each shell" {
	local shell

	hold holder "$TASK"
	for shell in $SHELLS; do
		open_shell "$shell"
		type_loop 'zkrun -t $T -- job'
		wait_for 10 queue_count "$TASK" 1
		type_keys '\003'
		shows_status 130
		queue_count "$TASK" 0
		assert_equal "$shell: $(<"$D/rounds")" "$shell: r"
		close_shell
	done
	let_go holder
}

@test "the loop goes on if the command handles ^C and exits, in each shell" {
	local shell n

	printf '#!/bin/sh\ntrap "exit 3" INT\necho up >>"$D/up"
	    while :; do sleep 0.05; done\n' >"$D/bin/takes-it"
	chmod +x "$D/bin/takes-it"
	for shell in $SHELLS; do
		rm -f "$D/up"
		open_shell "$shell"
		type_loop 'zkrun -t $T -- takes-it'
		for n in 1 2 3; do
			wait_for 10 has_lines "$D/up" up "$n"
			type_keys '\003'
		done
		shows_status 3
		close_shell
	done
}

#
# Job control
#

# find_guard: set GUARD, the shell's child, and COMMAND.
find_guard()
{
	GUARD=$(children_of "$SHELL_PID")
	COMMAND=$(marked "$TASK")
}

# in_foreground PID: is its process group the terminal's foreground job?
in_foreground()
{
	local stat

	stat=$(<"/proc/$1/stat")
	# shellcheck disable=SC2086 # see above
	set -- ${stat##*) }
	[ "$3" = "$6" ]
}

# is_suspended WAY: has ^Z suspended the job?  ^Z stops a plain command.  ^Z
# stops timeout(1), but not the command behind it.  The kernel does not stop a
# command in its own session, because no shell could resume that command.
is_suspended()
{
	case $1 in
	'')	in_state "$COMMAND" T ;;
	timeout*) in_state "$(ps -o ppid= -p "$COMMAND" | tr -d ' ')" T ;;
	*)	not in_state "$COMMAND" T ;;
	esac
}

@test "^Z, bg, fg and ^C work as for any job, in each shell" {
	local shell way

	for shell in $SHELLS; do
		for way in '' 'timeout 60' 'setsid'; do
			open_shell "$shell"
			type_keys "zkrun -t \$T -- $way job\n"
			wait_for 10 marked_count "$TASK" 1
			find_guard
			type_keys '\032'
			wait_for 5 in_state "$GUARD" T
			wait_for 5 is_suspended "$way"
			if [ "$shell" = fish ]; then
					# fish sets no status for a suspended
					# job.
				shows_status 0
			else
				shows_status 148
			fi
			holds_count "$TASK" 1
			type_keys 'bg\n'
			wait_for 5 not in_state "$GUARD" T
			wait_for 5 not is_suspended ''
			wait_for 5 not is_suspended "${way:+timeout}"
			wait_for 5 at_prompt
			type_keys 'fg\n'
			wait_for 5 in_foreground "$GUARD"
			type_keys '\003'
			if [ "$shell" = fish ]; then
					# This is the exit status of fg.
				shows_status 0
			else
				shows_status 130
			fi
			lock_clean "$TASK"
			marked_count "$TASK" 0
			close_shell
		done
	done
}

@test "kill %1 ends a background job, in each shell" {
	local shell way

	for shell in $SHELLS; do
		for way in '' 'timeout 60' 'setsid'; do
			open_shell "$shell"
			type_keys "zkrun -t \$T -- $way job &\n"
			wait_for 10 marked_count "$TASK" 1
			wait_for 5 at_prompt
			if [ "$shell" = fish ]; then
					# fish's wait does not return the job's
					# status.
				type_keys 'kill %%1; wait\n'
				shows_status 0
			else
				# wait in the same line, and by pid: the shell
				# soon forgets a job that has ended.
				type_keys 'kill %%1; wait $!\n'
				shows_status 143
			fi
			lock_clean "$TASK"
			marked_count "$TASK" 0
			close_shell
		done
	done
}

@test "kill %1 ends a suspended job, in each shell" {
	local shell

	for shell in $SHELLS; do
		open_shell "$shell"
		type_keys 'zkrun -t $T -- job\n'
		wait_for 10 marked_count "$TASK" 1
		find_guard
		type_keys '\032'
		wait_for 5 in_state "$GUARD" T
		wait_for 5 at_prompt
		type_keys 'kill %%1\n'
		case $shell in
		dash|fish|busybox)
			# These shells do not resume a job that they signal, and
			# a suspended job dies only when resumed.
			wait_for 5 at_prompt
			type_keys 'bg\n' ;;
		esac
		assert_lock_clean "$TASK"
		wait_for 5 marked_count "$TASK" 0
		close_shell
	done
}

@test "each shell shows how a run ended: exit status, signal or 124" {
	local shell n

	# The killed commands must not dump core.
	ulimit -c 0
	for shell in $SHELLS; do
		open_shell "$shell"
		for n in 3 143; do
			type_keys "zkrun -t \$T -- sh -c 'exit $n'\n"
			shows_status "$n"
		done
		for n in 1 2 9 11 13 15 34; do
			type_keys "zkrun -t \$T -- sh -c 'kill -$n \$\$'\n"
			shows_status $((128 + n))
		done
		type_keys 'zkrun -m 100ms -t $T -- job\n'
		shows_status 124
		close_shell
	done
}

#
# The end of a terminal
#

# close_terminal: close the terminal and end its shell, as if the window or
# connection was closed.
close_terminal()
{
	end_terminal
	wait_for 10 gone "$SHELL_PID"
	exec {TERMINAL_IN}>&-
	TERMINAL_IN=''
}

all_ended()
{
	assert_lock_clean "$TASK"
	wait_for 5 marked_count "$TASK" 0
}

# This is like ssh -t host zkrun: the kernel signals only the session's leader.
@test "zkrun leads the session and the terminal closes: the whole job ends" {
	local way

	for way in 'job' 'pair' 'timeout 60 pair' 'setsid pair'; do
		rm -f "$D"/terminal.*
		# shellcheck disable=SC2086 # several words
		start_terminal zkrun -t "$TASK" -- $way
		wait_for 10 marked_count "$TASK" \
		    "$([ "$way" = job ] && echo 1 || echo 2)"
		SHELL_PID=$(children_of "${HELPERS[-1]}")
		close_terminal
		all_ended
	done
}

@test "the terminal closes: a job in the foreground ends, in each shell" {
	local shell way

	for shell in $SHELLS; do
		for way in '' 'timeout 60' 'setsid'; do
			open_shell "$shell"
			type_keys "zkrun -t \$T -- $way pair\n"
			wait_for 10 marked_count "$TASK" 2
			close_terminal
			all_ended
		done
	done
}

@test "the terminal closes: a suspended job ends, in each shell" {
	local shell

	for shell in $SHELLS; do
		open_shell "$shell"
		type_keys 'zkrun -t $T -- pair\n'
		wait_for 10 marked_count "$TASK" 2
		find_guard
		type_keys '\032'
		wait_for 5 in_state "$GUARD" T
		wait_for 5 at_prompt
		close_terminal
		all_ended
	done
}

@test "the terminal closes: zkrun leaves the queue, in each shell" {
	local shell

	hold holder "$TASK"
	for shell in $SHELLS; do
		open_shell "$shell"
		type_keys 'zkrun -t $T -- job\n'
		wait_for 10 queue_count "$TASK" 1
		close_terminal
		wait_for 10 queue_count "$TASK" 0
	done
	let_go holder
}

# goes_on: fail unless the job runs on and holds the lock; then end the job.
goes_on()
{
	run -75 zkrun -n -t "$TASK" -- true
	marked_count "$TASK" 1
	not gone "$GUARD"
	kill -TERM "$GUARD"
	all_ended
}

@test "the terminal closes: a background job ends if the shell hangs up on it" {
	local shell

	for shell in $SHELLS; do
		open_shell "$shell"
		type_keys 'zkrun -t $T -- job &\n'
		wait_for 10 marked_count "$TASK" 1
		wait_for 5 at_prompt
		find_guard
		close_terminal
		case $shell in
		# These shells do not hang up on their jobs.
		dash|busybox) goes_on ;;
		*)	all_ended ;;
		esac
	done
}

@test "the terminal closes: a job under nohup runs on, in each shell" {
	local shell

	for shell in $SHELLS; do
		open_shell "$shell"
		type_keys 'nohup zkrun -t $T -- job >$D/out 2>&1 &\n'
		wait_for 10 marked_count "$TASK" 1
		wait_for 5 at_prompt
		find_guard
		close_terminal
		goes_on
	done
}

@test "the terminal closes: a disowned job runs on, in each shell that has disown" {
	local shell

	for shell in bash zsh fish; do
		open_shell "$shell"
		type_keys 'zkrun -t $T -- job &\n'
		wait_for 10 marked_count "$TASK" 1
		wait_for 5 at_prompt
		find_guard
		type_keys 'disown\n'
		type_keys 'echo >$D/status\n'
		wait_for 5 test -s "$D/status"
		wait_for 5 at_prompt
		close_terminal
		goes_on
	done
}

# tmux_do COMMAND...: run COMMAND with a tmux server of this test.
tmux_do()
{
	SHELL=/bin/sh timeout 10 tmux -S "$D/tmux" -f /dev/null "$@" 3>&-
}

@test "tmux kill-window, kill-pane and kill-server end the whole job" {
	local how

	for how in kill-window kill-pane; do
		tmux_do new-session -d 'sleep 600'
		tmux_do new-window 'zkrun -t $T -- pair'
		wait_for 10 marked_count "$TASK" 2
		tmux_do $how -t :1
		all_ended
		# tmux also ends a job whose parent is a shell.
		tmux_do new-window bash --norc --noprofile -i
		tmux_do send-keys -t :1 'zkrun -t $T -- timeout 60 pair' Enter
		wait_for 10 marked_count "$TASK" 2
		tmux_do $how -t :1
		all_ended
		tmux_do new-window 'zkrun -t $T -- pair'
		wait_for 10 marked_count "$TASK" 2
		tmux_do kill-server
		all_ended
	done
}

#
# PID namespaces, as in containers
#

# run_as_pid_1 ARG...: run zkrun as PID 1.
run_as_pid_1()
{
	[ "$EUID" -eq 0 ] || skip 'needs a PID namespace'
	env --default-signal=INT,QUIT unshare -pf --mount-proc --kill-child \
	    "$ZKRUN" -t "$TASK" "$@" </dev/null 2>"$D/err" 3>&- &
	HELPERS+=($!)
}

# find_pid_1 N: wait for N marked processes, and set PID_1.
find_pid_1()
{
	wait_for 10 marked_count "$TASK" "$1"
	PID_1=$(children_of "${HELPERS[-1]}")
}

# pid_1_ends STATUS
pid_1_ends()
{
	wait_for 10 gone "${HELPERS[-1]}"
	status=0
	wait "${HELPERS[-1]}" || status=$?
	assert_equal "$status" "$1"
	lock_clean "$TASK"
	marked_count "$TASK" 0
}

# Print the names of all processes in PID_1's namespace, with Z before a
# zombie's.
inside()
{
	nsenter -t "$PID_1" -p -m ps -eo stat=,comm= |
	    sed -e '/ ps$/d' -e 's/^Z[^ ]* */Z/' -e 's/^[^Z][^ ]* *//' |
	    sort | tr '\n' ' '
}

inside_are()
{
	[ "$(inside)" = "$1" ]
}

# Write a command that leaves orphans, which end by themselves.
write_orphans()
{
	cat >"$D/bin/orphans" <<-'END'
	#!/bin/sh
	for n in 1 2 3 4 5 6 7 8 9; do
		sh -c "sh -c 'echo \$PPID >>\"\$D/born\"' & setsid true &"
	done
	exec pair
	END
	chmod +x "$D/bin/orphans"
}

# inside_is_well WAY NAME...: fail unless the command's orphans are reaped and
# all other processes run, NAME... among them.
inside_is_well()
{
	local way=$1 names

	shift
	wait_for 10 has_lines "$D/born" . 9
	wait_for 10 marked_count "$TASK" 2
	[ "$way" != 'timeout 60' ] || set -- "$@" timeout
	names=$(printf '%s\n' sleep sleep zkkeeper zkrun "$@" | sort |
	    tr '\n' ' ')
	wait_for 5 inside_are "$names" && return
	echo "inside are $(inside), not $names" >&2
	return 1
}

@test "if zkrun is PID 1 of a container, TERM ends the job and its orphans, exit 143, no zombie" {
	local way

	write_orphans
	for way in '' 'timeout 60' 'setsid'; do
		rm -f "$D/born"
		# shellcheck disable=SC2086 # none or two words
		run_as_pid_1 -- $way orphans
		find_pid_1 2
		inside_is_well "$way"
		kill -TERM "$PID_1"
		pid_1_ends 143
	done
}

@test "if zkrun is PID 1 of a container, a signal from inside the container ends the job" {
	run_as_pid_1 -- pair
	find_pid_1 2
	nsenter -t "$PID_1" -p -m sh -c 'kill -INT 1'
	pid_1_ends 130
}

@test "if zkrun is PID 1 of a container, it reaps the orphans of other processes" {
	run_as_pid_1 -- job
	find_pid_1 1
	# The orphan is no process of zkrun's command.
	nsenter -t "$PID_1" -p -m sh -c \
	    '(until [ -e "$0" ]; do sleep 0.05; done; : >"$0.seen") &' "$D/go" \
	    </dev/null >/dev/null 2>&1 3>&-
	: >"$D/go"
	wait_for 10 test -e "$D/go.seen"
	wait_for 5 inside_are 'sleep zkkeeper zkrun '
	kill -TERM "$PID_1"
	pid_1_ends 143
}

@test "if zkrun is PID 1 of a container, it exits with the command's status or 128+n" {
	local n

	run_as_pid_1 -- sh -c 'exit 3'
	pid_1_ends 3
	for n in 1 2 9 11 15 34; do
		run_as_pid_1 -- sh -c "kill -$n \$\$"
		pid_1_ends $((128 + n))
	done
	run_as_pid_1 -m 100ms -- job
	pid_1_ends 124
}

@test "if zkrun is PID 1 of a container, ^C or the end of the terminal ends the job" {
	local way end

	[ "$EUID" -eq 0 ] || skip 'needs a PID namespace'
	for way in '' 'timeout 60' 'setsid'; do
		for end in key hangup; do
			rm -f "$D"/terminal.*
			# shellcheck disable=SC2086 # none or two words
			start_terminal unshare -pf --mount-proc \
			    "$ZKRUN" -t "$TASK" -- $way pair
			wait_for 10 marked_count "$TASK" 2
			if [ $end = key ]; then
				type_keys '\003'
				script_ends 130
			else
				SHELL_PID=$(children_of "${HELPERS[-1]}")
				close_terminal
			fi
			all_ended
		done
	done
}

@test "in a container whose PID 1 never reaps, zkrun leaves no zombie" {
	local way

	[ "$EUID" -eq 0 ] || skip 'needs a PID namespace'
	write_orphans
	unshare -pf --mount-proc --kill-child sleep 600 3>&- &
	HELPERS+=($!)
	wait_for 5 has_children "$!"
	PID_1=$(children_of "$!")
	wait_for 5 inside_are 'sleep '
	for way in '' 'timeout 60' 'setsid'; do
		rm -f "$D/born"
		# shellcheck disable=SC2086 # none or two words
		nsenter -t "$PID_1" -p -m "$ZKRUN" -t "$TASK" -- $way orphans \
		    </dev/null 2>"$D/err" 3>&- &
		HELPERS+=($!)
		inside_is_well "$way" sleep
		kill -TERM "$(children_of "$!")"
		pid_1_ends 143
		wait_for 5 inside_are 'sleep '
	done
}
