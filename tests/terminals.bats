#!/usr/bin/env bats
#
# zkrun in real shells on real terminals: what keys and job control do, what the
# end of a terminal does, and zkrun in a container's PID namespace.
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
	# Short lines: an editor on a dumb terminal draws long ones again and again.
	mkdir "$BATS_TEST_TMPDIR/bin"
	export D=$BATS_TEST_TMPDIR T=$TASK PATH=$BATS_TEST_TMPDIR/bin:$PATH
	# Without that directory fish would first read all manuals.
	export HOME=$BATS_TEST_TMPDIR
	mkdir -p "$HOME/.local/share/fish/generated_completions"
	ln -s "$ZKRUN" "$D/bin/zkrun"
	printf '#!/bin/sh\nexec env "MARK=$T" sleep 600\n' >"$D/bin/job"
	# It leaves a process in a session of its own.  The shell has what it runs
	# in the background ignore ^C.
	printf '#!/bin/sh\nenv --default-signal=INT,QUIT setsid job &\nexec job\n' \
	    >"$D/bin/pair"
	chmod +x "$D/bin/job" "$D/bin/pair"
}

teardown()
{
	[ ! -e "$D/tmux" ] || tmux -S "$D/tmux" kill-server || true
	stop_all
}

# open_shell NAME: interactive, at its prompt.  Sets SHELL_NAME and SHELL_PID.
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

# Does the shell sleep, and is it the terminal's foreground job itself?
at_prompt()
{
	local stat

	stat=$(<"/proc/$SHELL_PID/stat")
	# shellcheck disable=SC2086 # state, parent, group, session, tty, its group
	set -- ${stat##*) }
	[ "$1" = S ] && [ "$3" = "$6" ]
}

# The shell says that the last command ended so.
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

# type_loop COMMAND: three rounds of it.
type_loop()
{
	local body="echo r >>\$D/rounds; $1"

	if [ "$SHELL_NAME" = fish ]; then
		type_keys "for n in 1 2 3; $body; end\n"
	else
		type_keys "for n in 1 2 3; do $body; done\n"
	fi
}

# open_script NAME COMMAND: the shell runs a script with three rounds of it.
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

@test "^C ends all of a job, zkrun and the loop around it, in each shell" {
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

# A shell that gets a ^C waits for its child to die of it, too.
@test "^C with -g ends a script in a session of its own, in each shell" {
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

# bash ends when its child has died of the ^C, the others in any case.
@test "^C ends a script and the loop in it, in each shell" {
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

@test "^C in line ends the loop around zkrun, in each shell" {
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

@test "a command that takes the ^C and exits lets the loop go on, in each shell" {
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

# The guard, under the shell.
find_guard()
{
	GUARD=$(children_of "$SHELL_PID")
	COMMAND=$(marked "$TASK")
}

# Is that process group the terminal's foreground job?
in_foreground()
{
	local stat

	stat=$(<"/proc/$1/stat")
	# shellcheck disable=SC2086 # see above
	set -- ${stat##*) }
	[ "$3" = "$6" ]
}

# What ^Z does to the command: behind timeout(1) it stops timeout, which does not
# pass it on.  A session of its own has nobody who could resume it, so the kernel
# stops nothing there.
is_suspended()
{
	case $1 in
	'')	in_state "$COMMAND" T ;;
	timeout*) in_state "$(ps -o ppid= -p "$COMMAND" | tr -d ' ')" T ;;
	*)	not in_state "$COMMAND" T ;;
	esac
}

@test "^Z, bg, fg and ^C, in each shell" {
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
				# It has no status for a suspended job.
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
				# That of fg itself.
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

@test "kill %1 ends a job in the background, in each shell" {
	local shell way

	for shell in $SHELLS; do
		for way in '' 'timeout 60' 'setsid'; do
			open_shell "$shell"
			type_keys "zkrun -t \$T -- $way job &\n"
			wait_for 10 marked_count "$TASK" 1
			wait_for 5 at_prompt
			if [ "$shell" = fish ]; then
				# Its wait does not tell the job's status.
				type_keys 'kill %%1; wait\n'
				shows_status 0
			else
				# In one line, and not %1: what has ended is
				# soon no job any more.
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
			# These leave it suspended, as every job, and it cannot
			# die before it is resumed.
			wait_for 5 at_prompt
			type_keys 'bg\n' ;;
		esac
		assert_lock_clean "$TASK"
		wait_for 5 marked_count "$TASK" 0
		close_shell
	done
}

@test "each shell shows how a run ended" {
	local shell n

	# The command's own.
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

# The terminal goes away, as when its window or its connection is closed, and with
# it the shell.
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

# As for ssh -t host zkrun ...: the kernel tells the leader of the session only.
@test "zkrun leads the session, and the terminal closes: all of the job ends" {
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

@test "the terminal closes: the job in the foreground ends, whatever the shell" {
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

@test "the terminal closes: a suspended job ends, whatever the shell" {
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

@test "the terminal closes: zkrun in line leaves it, whatever the shell" {
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

# goes_on: the job does, with the lock.  Then it is ended.
goes_on()
{
	run -75 zkrun -n -t "$TASK" -- true
	marked_count "$TASK" 1
	not gone "$GUARD"
	kill -TERM "$GUARD"
	all_ended
}

@test "the terminal closes: a job in the background ends where the shell says so" {
	local shell

	for shell in $SHELLS; do
		open_shell "$shell"
		type_keys 'zkrun -t $T -- job &\n'
		wait_for 10 marked_count "$TASK" 1
		wait_for 5 at_prompt
		find_guard
		close_terminal
		case $shell in
		# These do not hang up on their jobs.
		dash|busybox) goes_on ;;
		*)	all_ended ;;
		esac
	done
}

@test "the terminal closes: a job behind nohup goes on, whatever the shell" {
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

@test "the terminal closes: a disowned job goes on, where a shell can do that" {
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

# tmux_do COMMAND...: with a server of the test's own.
tmux_do()
{
	SHELL=/bin/sh timeout 10 tmux -S "$D/tmux" -f /dev/null "$@" 3>&-
}

@test "tmux: kill-window, kill-pane and kill-server end all of the job" {
	local how

	for how in kill-window kill-pane; do
		tmux_do new-session -d 'sleep 600'
		tmux_do new-window 'zkrun -t $T -- pair'
		wait_for 10 marked_count "$TASK" 2
		tmux_do $how -t :1
		all_ended
		# The same below a shell.
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
# PID namespaces, as containers have them
#

# run_as_pid_1 ARG...: zkrun is the first process.
run_as_pid_1()
{
	[ "$EUID" -eq 0 ] || skip 'needs a PID namespace'
	env --default-signal=INT,QUIT unshare -pf --mount-proc --kill-child \
	    "$ZKRUN" -t "$TASK" "$@" </dev/null 2>"$D/err" 3>&- &
	HELPERS+=($!)
}

# Sets PID_1, and waits for N marked processes.
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

# The names of all processes in the namespace of PID_1, Z before a zombie's.
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

# A command whose orphans come and go.
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

# inside_is_well WAY NAME...: what the command orphaned has been reaped, and all
# else runs, with these.
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

@test "as PID 1 of a container: TERM ends the job and what it leaves, in 143; no zombie" {
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

@test "as PID 1 of a container: a signal from within ends the job, too" {
	run_as_pid_1 -- pair
	find_pid_1 2
	nsenter -t "$PID_1" -p -m sh -c 'kill -INT 1'
	pid_1_ends 130
}

@test "as PID 1 of a container: what others ran in there leaves no zombie" {
	run_as_pid_1 -- job
	find_pid_1 1
	# It is an orphan, of no command of zkrun's.
	nsenter -t "$PID_1" -p -m sh -c \
	    '(until [ -e "$0" ]; do sleep 0.05; done; : >"$0.seen") &' "$D/go" \
	    </dev/null >/dev/null 2>&1 3>&-
	: >"$D/go"
	wait_for 10 test -e "$D/go.seen"
	wait_for 5 inside_are 'sleep zkkeeper zkrun '
	kill -TERM "$PID_1"
	pid_1_ends 143
}

@test "as PID 1 of a container: the status is the command's, or 128+n" {
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

@test "as PID 1 of a container with a terminal: ^C and the terminal's end end the job" {
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

@test "in a container whose PID 1 never reaps: no zombie while a job runs, and none behind it" {
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
