#!/usr/bin/env bats
#
# Processes that the command leaves running when it ends.

load lib/helper

# leave_one OPTION...: run a command that exits 5 and leaves a sleep in its own
# session, marked with MARK.
leave_one()
{
	zkrun_bg run -t "$TASK" "$@" -- env "MARK=$TASK" \
	    "ENDED=$BATS_TEST_TMPDIR/ended" sh -c '
		setsid sleep 600 </dev/null >/dev/null 2>&1 &
		echo >"$ENDED"
		exit 5'
	wait_for 10 test -e "$BATS_TEST_TMPDIR/ended"
}

end_marked()
{
	local pid

	for pid in $(marked "$TASK"); do
		kill -KILL "$pid"
	done
}

@test "-o wait is the default: the lease is held until the last process is dead" {
	leave_one
	wait_for 5 marked_count "$TASK" 1
	run -75 zkrun -w 0.5 -t "$TASK" -- true
	marked_count "$TASK" 1
	# The keeper has adopted the sleep.
	assert_equal "$(children_of "$(keeper_of "$BG_PID")")" "$(marked "$TASK")"
	end_marked
	zkrun_wait run 5
	assert_equal "$status" 5
	lock_clean "$TASK"
}

@test "-o kill ends the processes left behind, in any session" {
	leave_one -o kill
	zkrun_wait run 5
	assert_equal "$status" 5
	marked_count "$TASK" 0
	lock_clean "$TASK"
}

@test "-o leave releases the lease at once and lets the remaining processes run on" {
	leave_one -o leave
	zkrun_wait run 5
	assert_equal "$status" 5
	marked_count "$TASK" 1
	lock_clean "$TASK"
	zkrun -n -t "$TASK" -- true
	end_marked
}

@test "-o kill -k 0.5 kills an orphan that ignores TERM before the lease is released" {
	local before took

	export -f marked gone
	before=$(now_us)
	zkrun_bg run -o kill -k 0.5 -t "$TASK" -- env "MARK=$TASK" sh -c '
		setsid sh -c "trap \"\" TERM; echo >\"\$1\"; sleep 600" sh \
		    "$1" </dev/null >/dev/null 2>&1 &
		until [ -e "$1" ]; do :; done' sh "$BATS_TEST_TMPDIR/deaf"
	wait_for 10 test -e "$BATS_TEST_TMPDIR/deaf"
	zkrun_bg next -t "$TASK" -- bash -c 'marked "$1" >"$2"' bash "$TASK" \
	    "$BATS_TEST_TMPDIR/met"
	zkrun_wait run 10
	took=$((($(now_us) - before) / 1000))
	assert_equal "$status" 0
	[ $took -ge 490 ]
	[ $took -lt 5000 ]
	zkrun_wait next 10
	assert_equal "$(<"$BATS_TEST_TMPDIR/met")" ''
	lock_clean "$TASK"
}

@test "-o kill sends TERM first and gives an orphan time to end" {
	zkrun_bg run -o kill -k 30 -t "$TASK" -- sh -c '
		setsid sh -c "trap \"sleep 0.2; echo >\$2; exit\" TERM
		    echo >\"\$1\"
		    while :; do sleep 0.02; done" sh "$1" "$2" \
		    </dev/null >/dev/null 2>&1 &
		until [ -e "$1" ]; do :; done' sh "$BATS_TEST_TMPDIR/ready" \
	    "$BATS_TEST_TMPDIR/polite"
	zkrun_wait run 10
	assert_equal "$status" 0
	[ -e "$BATS_TEST_TMPDIR/polite" ]
}

@test "a signal that arrives while zkrun waits for orphans is passed on to them" {
	leave_one
	wait_for 5 marked_count "$TASK" 1
	wait_for 5 lingers "$BG_PID"
	kill -TERM "$BG_PID"
	zkrun_wait run 5
	assert_equal "$status" 5
	marked_count "$TASK" 0
	lock_clean "$TASK"
}

# lingers GUARD: has the keeper reaped the command?  The command's sleep is then
# the keeper's child.
lingers()
{
	[ "$(children_of "$(children_of "$1")")" = "$(marked "$TASK")" ]
}

@test "if the lease is lost while zkrun waits for orphans, zkrun kills them" {
	leave_one
	wait_for 5 marked_count "$TASK" 1
	wait_for 5 lingers "$BG_PID"
	zk rm "$(lease_of "$TASK")"
	zkrun_wait run 5
	assert_equal "$status" 76
	marked_count "$TASK" 0
}

@test "after ten seconds zkrun names the processes that it waits for, and suggests -o leave" {
	local sleep

	sleep="'sleep' \\(pid [0-9]+\\)"
	zkrun_bg run -t "$TASK" -- env "MARK=$TASK" sh -c '
		for i in 1 2 3 4 5; do setsid sleep 600 & done; exit 5'
	wait_for 20 grep -q . "$BATS_TEST_TMPDIR/run.err"
	run cat "$BATS_TEST_TMPDIR/run.err"
	assert_output --regexp "^zkrun: still holding '$TASK' 1[0-9]s after .* left $sleep, $sleep, $sleep and 2 more running \\(-o leave"
	for sleep in $(marked "$TASK"); do
		[[ $output != *"(pid $sleep)"* ]] || echo "$sleep"
	done >"$BATS_TEST_TMPDIR/named"
	assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/named")" 3
	end_marked
	zkrun_wait run 5
	assert_equal "$status" 5
}

@test "a hundred unreaped dead children do not confuse zkrun" {
	zkrun_bg run -o kill -t "$TASK" -- env "MARK=$TASK" sh -c '
		"$1" zombies 100 &
		sleep 0.1' sh "$TOOLS/tree"
	zkrun_wait run 10
	assert_equal "$status" 0
	marked_count "$TASK" 0
	# Unreaped children do not confuse zkrun either when the lease is lost.
	zkrun_bg lost -t "$TASK" -- env "MARK=$TASK" "$TOOLS/tree" zombies 300
	wait_for 10 has_command "$BG_PID"
	wait_for 10 zombies_of "$(children_of "$(keeper_of "$BG_PID")")" 300
	zk rm "$(lease_of "$TASK")"
	zkrun_wait lost 10
	assert_equal "$status" 76
	marked_count "$TASK" 0
}

zombies_of()
{
	[ "$(ps -o stat= --ppid "$1" | grep -c Z)" -ge "$2" ]
}

@test "zkrun does not wait for a child that it inherited from its caller" {
	timeout 10 sh -c 'sleep 600 & echo $! >"$1"; shift; exec "$@"' sh \
	    "$BATS_TEST_TMPDIR/pid" "$ZKRUN" -t "$TASK" -- true 3>&- \
	    >/dev/null 2>&1
	not gone "$(<"$BATS_TEST_TMPDIR/pid")"
	kill "$(<"$BATS_TEST_TMPDIR/pid")"
}

@test "zkrun never kills a child that it inherited from its caller" {
	local pid what

	for what in orphans keeper; do
		sh -c 'sleep 600 & echo $! >"$1"; shift; exec "$@"' sh \
		    "$BATS_TEST_TMPDIR/pid" "$ZKRUN" -o kill -k 0.2 \
		    -t "$TASK" -- sh -c 'trap "" TERM; setsid sleep 600 &
		    until [ -e "$1" ]; do :; done' sh "$BATS_TEST_TMPDIR/go" \
		    >/dev/null 2>&1 3>&- &
		BG[run]=$!
		wait_for 5 is_zkrun "${BG[run]}"
		wait_for 10 holds_count "$TASK" 1
		pid=$(<"$BATS_TEST_TMPDIR/pid")
		if [ $what = keeper ]; then
			kill -KILL "$(pgrep -P "${BG[run]}" zkkeeper)"
			zkrun_wait run 10
			assert_equal "$status" 76
		else
			: >"$BATS_TEST_TMPDIR/go"
			zkrun_wait run 10
			assert_equal "$status" 0
			rm "$BATS_TEST_TMPDIR/go"
		fi
		not gone "$pid"
		kill "$pid"
		assert_lock_clean "$TASK"
	done
}

@test "zkrun kills none of a hundred children that it inherited from its caller" {
	sh -c 'for i in $(seq 100); do sleep 600 & echo $! >>"$1"; done
	    shift; exec "$@"' sh "$BATS_TEST_TMPDIR/pids" "$ZKRUN" \
	    -t "$TASK" -- sleep 600 >/dev/null 2>&1 3>&- &
	BG[run]=$!
	wait_for 20 is_zkrun "${BG[run]}"
	wait_for 10 holds_count "$TASK" 1
	kill -KILL "$(pgrep -P "${BG[run]}" zkkeeper)"
	zkrun_wait run 10
	assert_equal "$status" 76
	# kill(1) fails if one of the children is gone.
	xargs kill <"$BATS_TEST_TMPDIR/pids"
	assert_lock_clean "$TASK"
}

@test "a process of the command that has the pid of an inherited child is killed" {
	local names=(unshare --pid --fork --kill-child --mount-proc)

	[ "$EUID" -eq 0 ] || names=(unshare --map-root-user "${names[@]:1}")
	"${names[@]}" sh -c 'echo 300 >/proc/sys/kernel/ns_last_pid' 3>&- ||
	    skip "no pid can be chosen here"
	# In its own PID namespace no other process takes the pid.
	run -0 timeout -k 5 60 "${names[@]}" sh -c '
		sh -c "sleep 0.5 & echo \$! >\$0; exec \"\$@\"" "$0/pid" \
		    "$2" -t "$1" -- sh -c "sleep 1; read -r pid <\$0/pid
		    echo \$((pid - 1)) >/proc/sys/kernel/ns_last_pid
		    setsid sleep 600 & echo \$! \$pid >\$0/both
		    sleep 600" "$0" &
		while [ ! -s "$0/both" ]; do sleep 0.1; done
		sleep 0.2
		kill -KILL "$(pgrep -x zkkeeper)"
		wait $!
		echo "status $?"
		! pgrep -x sleep' "$BATS_TEST_TMPDIR" "$TASK" "$ZKRUN" 3>&-
	assert_line 'status 76'
	run -0 cat "$BATS_TEST_TMPDIR/both"
	assert_equal "${output% *}" "${output#* }"
}

# fallen_to GUARD PID: has GUARD adopted PID?
fallen_to()
{
	[ "$(ps -o ppid= -p "$2" | tr -d ' ')" = "$1" ]
}

@test "zkrun neither stops nor kills the processes that an inherited child leaves behind" {
	local what pid parent

	start_relay
	# unnoticed: the parent is no child of zkrun, so zkrun does not see its
	# end.
	for what in contact keeper unnoticed; do
		parent=:
		# shellcheck disable=SC2016 # for the inner shell
		[ $what != unnoticed ] ||
		    parent='echo $BASHPID >"$0/parent"; exec sleep 600'
		rm -f "$BATS_TEST_TMPDIR"/{pid,go}
		# The process has to be older than the command by a clock tick.
		# shellcheck disable=SC2016 # for the inner shells
		bash -c '( { sleep 600 & echo $! >"$0/pid"
			until [ -e "$0/go" ]; do sleep 0.02; done; } &
			eval "$1"; wait ) &
		    sleep 0.2; shift; exec "$@"' "$BATS_TEST_TMPDIR" \
		    "$parent" "$ZKRUN" -T 2s -k 0.3 \
		    -c "$RELAY_CONNECT" -t "$TASK" -- sleep 600 </dev/null \
		    >/dev/null 2>"$BATS_TEST_TMPDIR/run.err" 3>&- &
		BG[run]=$!
		wait_for 5 is_zkrun "${BG[run]}"
		wait_for 10 holds_count "$TASK" 1
		pid=$(<"$BATS_TEST_TMPDIR/pid")
		: >"$BATS_TEST_TMPDIR/go"
		wait_for 5 fallen_to "${BG[run]}" "$pid"
		if [ $what = contact ]; then
			relay_tell blackhole
		else
			kill -KILL "$(pgrep -P "${BG[run]}" zkkeeper)"
		fi
		zkrun_wait run 10
		cat "$BATS_TEST_TMPDIR/run.err"
		assert_equal "$what: $status" "$what: 76"
		not gone "$pid"
		kill "$pid"
		[ $what != unnoticed ] ||
		    kill "$(<"$BATS_TEST_TMPDIR/parent")"
		relay_tell heal
		assert_lock_clean "$TASK"
	done
}

# reuse_helper: print a script.  The script kills the resolver's helper while
# contact is lost, gives the helper's pid to an orphan of the command and
# restores contact.  It prints both pids and whether the orphan lives.
reuse_helper()
{
	cat <<-'END'
	cd "$1"
	for i in hosts resolv.conf nsswitch.conf; do
		mount --bind $i "$(realpath /etc/$i)"
	done
	"$ZKRUN" -T 8s -c "zk.example:$2,slow.example:1" -t "$3" -- bash -c '
		: >begun
		until [ -s pid ]; do sleep 0.01; done
		read -r pid <pid
		trap "" TERM
		for ((i = 0; i < 50; i++)); do
			(echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
			setsid sleep 600 & echo $! >orphan)
			read -r orphan <orphan
			[ $orphan != $pid ] || break
			kill -KILL $orphan
		done
		: >made
		sleep 600' 2>err &
	guard=$!
	until [ -e begun ]; do sleep 0.02; done
	read -r keeper _ <<<$(pgrep -P $guard)
	command=$(pgrep -P $keeper)
	"$TOOLS/relay" -s relay.ctl refuse on >/dev/null
	"$TOOLS/relay" -s relay.ctl cut >/dev/null
	until helper=$(pgrep -P $keeper | grep -vx "$command"); do :; done
	kill -KILL $helper
	while [ -e /proc/$helper ]; do :; done
	echo $helper >pid
	until [ -e made ]; do sleep 0.02; done
	"$TOOLS/relay" -s relay.ctl heal >/dev/null
	until grep -q regained err; do sleep 0.02; done
	read -r orphan <orphan
	alive=no
	! kill -0 $orphan || alive=yes
	echo $helper $orphan $alive
	kill -KILL $guard
	END
}

@test "zkrun does not kill a process that reuses the pid of a dead helper" {
	[ "$EUID" -eq 0 ] || skip 'needs mounts and pids of its own'
	start_relay
	"$TOOLS/responder" -u -a 127.77.0.3 -l 53 \
	    >"$BATS_TEST_TMPDIR/dns.port" 3>&- &
	HELPERS+=($!)
	wait_for 5 test -s "$BATS_TEST_TMPDIR/dns.port"
	echo '127.0.0.1 zk.example' >"$BATS_TEST_TMPDIR/hosts"
	# This name server never answers, so the helper lives on.
	echo 'nameserver 127.77.0.3' >"$BATS_TEST_TMPDIR/resolv.conf"
	echo 'hosts: files dns' >"$BATS_TEST_TMPDIR/nsswitch.conf"
	run -0 timeout -k 5 30 unshare --mount --pid --fork --kill-child \
	    --mount-proc bash -c "$(reuse_helper)" bash "$BATS_TEST_TMPDIR" \
	    "${RELAY_CONNECT#*:}" "$TASK" 3>&-
	cat "$BATS_TEST_TMPDIR/err"
	set -- $output
	assert_equal "$2 $3" "$1 yes"
}

@test "the reader of a pipe sees its end as soon as the command closes it" {
	# The orphan has no copy of the pipe; zkrun still waits for the orphan.
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	sh -c 'cat <"$1/pipe" >"$1/out"; : >"$1/eof"' sh "$BATS_TEST_TMPDIR" \
	    3>&- &
	HELPERS+=($!)
	"$ZKRUN" -t "$TASK" -- sh -c 'echo said
		setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $! >"$1"' \
	    sh "$BATS_TEST_TMPDIR/pid" 3>&- >"$BATS_TEST_TMPDIR/pipe" \
	    2>/dev/null &
	BG[run]=$!
	wait_for 10 test -e "$BATS_TEST_TMPDIR/eof"
	not gone "${BG[run]}"
	assert_equal "$(<"$BATS_TEST_TMPDIR/out")" said
	kill "$(<"$BATS_TEST_TMPDIR/pid")"
	zkrun_wait run 5
	assert_equal "$status" 0
}
