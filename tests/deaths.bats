#!/usr/bin/env bats
#
# Whichever process dies, stops or loses contact, everything that the command
# started is dead before the lease could expire.
#
# Measures: the times at which processes die.

load lib/helper
load lib/deaths

# Processes that ignore TERM would delay the end of a failed test.
teardown()
{
	kill_marked
	stop_all
}

# many N [ASAN_N]: print the size of a fleet.  Each zkrun sends its beats at
# random times, so a larger fleet makes more trials.
many()
{
	if asan; then echo "${2:-5}"; else echo "$1"; fi
}

err_of()
{
	echo "$BATS_TEST_TMPDIR/$1.err"
}

#
# The processes of zkrun
#

@test "if the guard stops and contact is lost, the keeper kills in time" {
	local name

	start_relay
	fleet "$(many 12)" -c "$RELAY_CONNECT" -T 3s
	beat_fleet
	signal_fleet STOP guard
	relay_tell blackhole
	# The age of the proof (T/4) and the margin make a lead of 600 ms.  A
	# tree with a smaller lead could die in time by luck, because the
	# servers round up.
	judge_fleet 15 3000 600
	# The servers ended all leases: no guard woke up to release one.
	for name in "${FLEET[@]}"; do
		in_state "${BG[$name]}" T
	done
	signal_fleet CONT guard
	end_fleet 76
	fleet_clean
}

@test "if the keeper stops, the guard kills in time, exit 76" {
	fleet "$(many 12)" -T 2s
	signal_fleet STOP keeper
	judge_fleet 10
	end_fleet 76
	fleet_clean
}

@test "if the keeper stops and contact is lost, the guard kills in time, exit 76" {
	start_relay
	fleet "$(many 12)" -c "$RELAY_CONNECT" -T 2s
	beat_fleet
	signal_fleet STOP keeper
	relay_tell blackhole
	judge_fleet 10 2000 550
	end_fleet 76
	fleet_clean
}

# kill_each guard|keeper: kill this process of each zkrun, one after the other,
# and measure how soon each lease is deleted.
kill_each()
{
	local name pid us=() at

	for name in "${FLEET[@]}"; do
		pid=${BG[$name]}
		if [ "$1" = keeper ]; then
			keeper_now "$pid"
			pid=$KEEPER
		fi
		boot_us
		at=$BOOT_US
		kill -KILL "$pid"
		wait_for 10 saw_lease_go "$name"
		judge_one "$name"
		us+=($((LEASE_GONE_US - at)))
		nap_up_to 20000
	done
	MEDIAN_US=$(median "${us[@]}")
	figure "KILL of the $1 to the lease gone: median $MEDIAN_US us," \
	    "most $(printf '%s\n' "${us[@]}" | sort -n | tail -n 1) us"
}

@test "if the guard is killed, the command's processes die and the lease is deleted within milliseconds" {
	fleet "$(many 12)"
	kill_each guard
	judge_fleet 5 500
	# The limit is generous, because the machine may be busy.
	asan || [ "$MEDIAN_US" -lt 100000 ]
	end_fleet 137
	fleet_clean
}

@test "if the keeper is killed, the command's processes die and the lease is deleted within milliseconds" {
	fleet "$(many 12)"
	kill_each keeper
	judge_fleet 5 500
	asan || [ "$MEDIAN_US" -lt 100000 ]
	end_fleet 76
	fleet_clean
}

@test "if all guards are killed at once, the command's processes die before the leases are deleted" {
	fleet "$(many 12)"
	signal_fleet KILL guard
	judge_fleet 10 2000
	end_fleet 137
	fleet_clean
}

@test "if guard and keeper are killed, the command dies before the lease is deleted" {
	local i commands=() n

	n=$(many 10 3)
	for ((i = 0; i < n; i++)); do
		hold "b$i" "$TASK-$i" -T 2s
		commands+=("$(children_of "$(keeper_of "$BG_PID")")")
	done
	for ((i = 0; i < n; i++)); do
		keeper_now "${BG[b$i]}"
		# Stop both first, so that neither process sees the other die.
		kill -STOP "${BG[b$i]}" "$KEEPER"
		kill -KILL "${BG[b$i]}" "$KEEPER"
		wait_for 1 gone "${commands[i]}"
		holds_count "$TASK-$i" 1
	done
	for ((i = 0; i < n; i++)); do
		zkrun_wait "b$i" 5
		assert_lock_clean "$TASK-$i"
	done
}

@test "if unsolicited replies crash all keepers, the command's processes die before the leases are deleted" {
	# The test wants the crash: write no report and no core file.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_abort=0
	ulimit -c 0
	start_relay
	fleet "$(many 10 3)" -c "$RELAY_CONNECT"
	relay_tell corrupt
	judge_fleet 20
	end_fleet 76
	fleet_clean
}

#
# While zkrun acquires the lock
#

# contenders NAME...: start a contender for each of these tasks.  Its command
# records which marked processes are alive when it begins.
contenders()
{
	local name

	export -f marked gone
	for name; do
		zkrun_bg "next-$name" -t "$TASK-$name" -- bash -c \
		    'marked "$1" >"$2.met"' bash "$TASK-$name" \
		    "$BATS_TEST_TMPDIR/$name"
	done
}

assert_met_nobody()
{
	local name

	for name; do
		zkrun_wait "next-$name" 20
		assert_equal "$status" 0
		assert_equal "$name met: $(<"$BATS_TEST_TMPDIR/$name.met")" \
		    "$name met: "
		assert_lock_clean "$TASK-$name"
	done
}

@test "if the keeper stops during the start, no two commands run at once and no node is left" {
	local i n names=() pid ran=0 held=0 file us

	n=$(many 20 6)
	# Measure one run: on any machine some stops must come before the start,
	# and some after it.
	nap 1
	us=$(now_us)
	zkrun -t "$TASK" -- true
	us=$(($(now_us) - us))
	for ((i = 0; i < n; i++)); do
		names+=("s$i")
		file=$(signs "s$i")
		"$ZKRUN" -T 2s -t "$TASK-s$i" -- env "MARK=$TASK-s$i" \
		    "$TOOLS/alive" "$file" hard </dev/null >/dev/null \
		    2>"$file.err" 3>&- &
		pid=$!
		BG[s$i]=$pid
		until keeper_now "$pid" || gone "$pid"; do :; done
		nap_up_to "$us"
		kill -STOP "$KEEPER"
		KEEPERS[i]=$KEEPER
	done
	contenders "${names[@]}"
	assert_met_nobody "${names[@]}"
	for ((i = 0; i < n; i++)); do
		has_signs "s$i" && ran=$((ran + 1))
		gone "${KEEPERS[i]}" && held=$((held + 1))
		# A keeper that did not yet hold the lock is still in the queue.
		kill -CONT "${KEEPERS[i]}" 2>/dev/null || true
	done
	figure "of $n stopped keepers $held held, $ran had a command"
	for ((i = 0; i < n; i++)); do
		gone "${BG[s$i]}" || kill -KILL "${BG[s$i]}"
		zkrun_wait "s$i" 10
		[ "$status" -ne 0 ]
		wait_for 10 marked_count "$TASK-s$i" 0
		assert_lock_clean "$TASK-s$i"
	done
}

# stop_between NAME [TIMEOUT COMMAND ...]: start a zkrun whose keeper has the
# lease, while its guard is stopped and has not heard of the lease yet.
stop_between()
{
	local lease timeout=${2:-2s}
	local -a command=("${@:3}")

	[ $# -gt 1 ] || command=(env "MARK=$TASK-$1" "$TOOLS/alive" \
	    "$(signs "$1")" hard)
	hold "first-$1" "$TASK-$1"
	lease=$(holders "$TASK-$1")
	zkrun_bg "$1" -v -T "$timeout" -t "$TASK-$1" -- "${command[@]}"
	wait_for 10 queue_count "$TASK-$1" 1
	# At the front of the queue a waiter also has a lease node.
	wait_for 10 holds_count "$TASK-$1" 2
	kill -STOP "${BG[$1]}"
	keeper_now "${BG[$1]}"
	let_go "first-$1"
	wait_for 10 holds_count "$TASK-$1" 1
	wait_for 10 grep -qs starting "/proc/$KEEPER/cmdline"
	[ "$(holders "$TASK-$1")" != "$lease" ]
	contenders "$1"
}

@test "if the lease expires while guard and keeper are stopped, the command gets a new one" {
	local own

	stop_between g
	own=$(holders "$TASK-g")
	kill -STOP "$KEEPER"
	# The servers expire the lease while both are stopped.
	assert_met_nobody g
	kill -CONT "${BG[g]}"
	# The guard has read its messages once it sleeps again.
	wait_for 5 not in_state "${BG[g]}" TR
	[ ! -e "$(signs g)" ]
	kill -CONT "$KEEPER"
	wait_for 15 has_signs g
	wait_for 5 holds_count "$TASK-g" 1
	[ "$(holders "$TASK-g")" != "$own" ]
	kill -KILL "${BG[g]}"
	zkrun_wait g 10
	assert_lock_clean "$TASK-g"
}

@test "a keeper that wakes up too late for the guard's consent starts nothing" {
	local keeper

	stop_between k
	keeper=$KEEPER
	kill -STOP "$keeper"
	kill -CONT "${BG[k]}"
	# The guard consents, and kills the keeper at the deadline.  No command
	# was started, so the status is not 76.
	assert_met_nobody k
	zkrun_wait k 10
	assert_equal "$status" 70
	[ ! -e "$(signs k)" ]
	assert_lock_clean "$TASK-k"
}

@test "a keeper that reads the guard's consent and a request to stop starts the command" {
	stop_between l 5s true
	kill -STOP "$KEEPER"
	kill -CONT "${BG[l]}"
	# zkrun wants to stop the command, but no command runs yet.  The lease
	# is never lost.
	wait_for 10 grep -q 'lost contact.*: stopping' "$BATS_TEST_TMPDIR/l.err"
	kill -CONT "$KEEPER"
	zkrun_wait l 10
	assert_equal "$status" 0
	said l "acquired '.*' after" 1
	assert_met_nobody l
}

@test "a signal between the guard's consent and the start decides the exit status" {
	stop_between t 5s true
	kill -STOP "$KEEPER"
	kill -CONT "${BG[t]}"
	wait_for 10 grep -q 'lost contact.*: stopping' "$BATS_TEST_TMPDIR/t.err"
	kill -TERM "${BG[t]}"
	nap 200000
	# The keeper finds both the signal and the guard's consent, which comes
	# too late.
	kill -CONT "$KEEPER"
	zkrun_wait t 10
	assert_equal "$status" 143
	said t "acquired '.*' after" 0
	assert_met_nobody t
}

@test "if only the guard sleeps, zkrun keeps the lease and the command starts later" {
	stop_between a
	# The keeper goes on beating, so the lease stays and the contender
	# waits.
	wait_for 10 queue_count "$TASK-a" "$(uses_mutex && echo 1 || echo 2)"
	kill -CONT "${BG[a]}"
	wait_for 10 has_signs a
	kill -KILL "${BG[a]}"
	zkrun_wait a 10
	assert_met_nobody a
}

#
# The system around zkrun
#

# set_own_names: set OWN_NAMES, the words that run a command with hosts,
# resolv.conf and nsswitch.conf from $BATS_TEST_TMPDIR.  A test may change these
# while the command runs.
set_own_names()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	OWN_NAMES=(unshare --mount bash -c 'set -e
	    for i in hosts resolv.conf nsswitch.conf; do
		mount --bind "$0/$i" "$(realpath "/etc/$i")"
	    done
	    exec "$@"' "$BATS_TEST_TMPDIR")
}

@test "if a waiter's keeper hangs, -w still ends the wait and no node is left" {
	hold holder "$TASK"
	zkrun_bg waiter -T 2s -w 1 -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	kill -STOP "$(keeper_of "${BG[waiter]}")"
	zkrun_wait waiter 20
	assert_equal "$status" 75
	said waiter 'its keeper hangs' 1
	wait_for 10 queue_count "$TASK" 0
	let_go holder
	assert_lock_clean "$TASK"
}

@test "if names stop resolving during a run, beats and reconnects still work" {
	[ "$(id -u)" -eq 0 ] || skip 'needs mounts'
	start_relay
	"$TOOLS/responder" -u -a 127.77.0.2 -l 53 \
	    >"$BATS_TEST_TMPDIR/dns.port" 3>&- &
	HELPERS+=($!)
	wait_for 5 test -s "$BATS_TEST_TMPDIR/dns.port"
	echo '127.0.0.1 zk.example' >"$BATS_TEST_TMPDIR/hosts"
	echo 'nameserver 127.77.0.2' >"$BATS_TEST_TMPDIR/resolv.conf"
	echo 'hosts: files dns' >"$BATS_TEST_TMPDIR/nsswitch.conf"
	set_own_names
	"${OWN_NAMES[@]}" true || skip 'no mounts here'
	"${OWN_NAMES[@]}" "$ZKRUN" -T 2s -c "zk.example:${RELAY_CONNECT##*:}" \
	    -t "$TASK" -- env "MARK=$TASK" sh -c \
	    'until [ -e "$0" ]; do sleep 0.05; done' "$BATS_TEST_TMPDIR/end" \
	    </dev/null 2>"$BATS_TEST_TMPDIR/d.err" 3>&- &
	BG[d]=$!
	wait_for 10 is_zkrun "$!"
	wait_for 10 has_command "$!"
	echo '' >"$BATS_TEST_TMPDIR/hosts"
	relay_tell reset-stats
	# zkrun sends a beat every T/7, so 14 beats take 2T.
	beaten() { [ "$(relay_count op14)" -ge 14 ]; }
	wait_for 15 beaten
	assert_equal "$(<"$(err_of d)")" ''
	holds_count "$TASK" 1
	# zkrun reconnects to the address that it already had.
	relay_tell cut
	wait_for 10 grep -q 'regained contact' "$(err_of d)"
	relay_tell reset-stats
	wait_for 15 beaten
	holds_count "$TASK" 1
	said d . 2
	: >"$BATS_TEST_TMPDIR/end"
	zkrun_wait d 10
	assert_equal "$status" 0
	assert_lock_clean "$TASK"
}

#
# Trees that are hard to kill
#

@test "processes whose main thread has ended are killed" {
	headless() { [ "$(ps -eo stat=,comm= | grep -c '^Z.*l.* alive')" -ge 6 ]; }
	FLEET=()
	enlist keeper -- "$TOOLS/alive" "$(signs keeper)" headless
	enlist guard -- "$TOOLS/alive" "$(signs guard)" headless
	watch_fleet
	wait_for 10 headless
	FLEET=(keeper)
	signal_fleet KILL keeper
	judge_fleet 20
	end_fleet 76
	FLEET=(guard)
	signal_fleet KILL guard
	judge_fleet 20
	end_fleet 137
	FLEET=(keeper guard)
	fleet_clean
}

@test "if a filter forbids pidfds with ENOSYS or EPERM, all processes are killed" {
	local errno

	for errno in 38 1; do	# ENOSYS, and EPERM of older containers
		run -124 timeout -s KILL 15 "$TOOLS/nocalls" $errno 424 424 \
		    "$TOOLS/nocalls" $errno 434 434 "$ZKRUN" \
		    -m 0.5 -k 0.5 -t "$TASK" -- \
		    sh -c 'setsid sleep 20 & sleep 20' 3>&-
		refute_output --partial 'not permitted'
		lock_clean "$TASK"
	done
}

@test "zkrun kills processes that /proc hides" {
	local dir

	[ "$EUID" -eq 0 ] || skip 'needs root, to mount a /proc and become nobody'
	dir=$(mktemp -d /tmp/shy.XXXXXX)	# the user nobody can read it
	chmod 755 "$dir"
	cp "$TOOLS/shy" "$ZKRUN" "$dir"
	unshare --mount sh -c 'mount -t proc -o hidepid=2 proc /proc &&
	    exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' sh \
	    "$dir/zkrun" -t "$TASK" -- "$dir/shy" >/dev/null 2>&1 3>&- &
	BG[run]=$!
	wait_for 10 holds_count "$TASK" 1
	two_are_shy() { [ "$(pgrep -xc shy)" -ge 2 ]; }
	wait_for 5 two_are_shy
	kill -KILL "$(pgrep -P "${BG[run]}" zkkeeper)"
	zkrun_wait run 15
	rm -r "$dir"
	assert_equal "$status" 76
	run -1 pgrep -x shy
	lock_clean "$TASK"
}

#
# A terminal
#

@test "^Z for longer than two session timeouts, then fg: the command runs on, exit 0" {
	local guard

	start_relay
	PS1='READY>' TERM=dumb start_terminal bash --norc --noprofile \
	    --noediting -i
	type_keys "'$ZKRUN' -c $RELAY_CONNECT -T 2s -t '$TASK' -- sh -c 'until [ -e \"\$0\" ]; do sleep 0.05; done' '$BATS_TEST_TMPDIR/end'\n"
	wait_for 10 holds_count "$TASK" 1
	guard=$(children_of "$(children_of "${HELPERS[-1]}")")
	wait_for 10 has_command "$guard"
	start_witness z "$TASK"
	type_keys '\032'
	wait_for 5 in_state "$guard" T
	wait_for 5 in_state "$(children_of "$(keeper_of "$guard")")" T
	relay_tell reset-stats
	beaten() { [ "$(relay_count op14)" -ge 15 ]; }
	wait_for 15 beaten
	not saw_lease_go z
	# shellcheck disable=SC2016 # expanded by the shell on the terminal
	type_keys 'fg; echo fg-$?\n'
	wait_for 5 not in_state "$guard" T
	: >"$BATS_TEST_TMPDIR/end"
	wait_for 10 grep -q '^fg-0' "$BATS_TEST_TMPDIR/terminal.out"
	assert_lock_clean "$TASK"
	not grep 'zkrun: ' "$BATS_TEST_TMPDIR/terminal.out"
	type_keys 'exit\n'
}

#
# Processes that zkrun may not kill
#

# open_place: set PLACE to a directory where another user finds zkrun and a
# set-uid setpriv, which changes all user ids to root as sudo(8) does.
open_place()
{
	[ "$(id -u)" -eq 0 ] || skip 'needs another user'
	PLACE=$(mktemp -d)
	cp "$ZKRUN" "$PLACE/zkrun"
	cp "$(command -v setpriv)" "$PLACE/setpriv"
	chmod 755 "$PLACE" "$PLACE/zkrun"
	chmod 4755 "$PLACE/setpriv"
	mkdir -m 777 "$PLACE/out"
	AS_NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups)
}

# untouchable NAME OPTION...: start a zkrun as user nobody.  Its command starts
# a process of root, ROOTS, and runs until $PLACE/out/end exists.
untouchable()
{
	local name=$1

	shift
	"${AS_NOBODY[@]}" "$PLACE/zkrun" "$@" -t "$TASK-$name" -- sh -c '
		"$1/setpriv" --reuid=0 --clear-groups setsid sh -c \
		    "echo \$\$ >\"\$1\"; exec sleep 600" sh "$1/out/pid.$2" &
		until [ -e "$1/out/end" ]; do sleep 0.05; done' sh "$PLACE" \
	    "$name" </dev/null >/dev/null 2>"$(err_of "$name")" 3>&- &
	BG[$name]=$!
	wait_for 10 test -s "$PLACE/out/pid.$name"
	ROOTS=$(<"$PLACE/out/pid.$name")
	wait_for 10 grep -qx sleep "/proc/$ROOTS/comm"
}

# assert_named_and_held NAME: zkrun must name the process that it may not kill,
# and stay while that process lives.
assert_named_and_held()
{
	wait_for 15 grep -q 'not permitted' "$(err_of "$1")"
	said "$1" "^zkrun: cannot kill 'sleep' \\(pid $ROOTS, user id 0\\): not permitted; '$TASK-$1' stays locked while it lives" 1
	not gone "$ROOTS"
	not gone "${BG[$1]}"
}

@test "zkrun names and waits for a set-uid process that it may not kill, exit 76" {
	local what pid

	open_place
	start_relay
	untouchable orphan -o kill -k 0.2
	: >"$PLACE/out/end"
	assert_named_and_held orphan
	holds_count "$TASK-orphan" 1
	run -75 zkrun -n -t "$TASK-orphan" -- true
	kill -KILL "$ROOTS"
	zkrun_wait orphan 10
	assert_equal "$status" 76
	assert_lock_clean "$TASK-orphan"
	rm "$PLACE/out/end"
	for what in node keeper guard contact; do
		set --
		[ $what != contact ] || set -- -c "$RELAY_CONNECT" -T 2s
		untouchable $what "$@"
		pid=${BG[$what]}
		case $what in
		node)	zk rm "$(lease_of "$TASK-node")" ;;
		keeper)	keeper_now "$pid"; kill -KILL "$KEEPER" ;;
		guard)	kill -KILL "$pid" ;;
		contact) relay_tell blackhole ;;
		esac
		if [ $what = guard ]; then
			wait_for 15 grep -q 'not permitted' "$(err_of guard)"
			holds_count "$TASK-guard" 1
			kill -KILL "$ROOTS"
			zkrun_wait guard 5
			assert_lock_clean "$TASK-guard"
			continue
		fi
		assert_named_and_held $what
		[ $what != keeper ] || holds_count "$TASK-keeper" 1
		kill -KILL "$ROOTS"
		zkrun_wait $what 10
		assert_equal "$what: $status" "$what: 76"
		assert_lock_clean "$TASK-$what"
	done
	rm -rf "$PLACE"
}

#
# What zkrun reports and does when contact or lease is lost
#

@test "--on-loss ignore: the command runs to its end with one warning, exit 76" {
	start_relay
	FLEET=()
	enlist i -c "$RELAY_CONNECT" -T 2s --on-loss ignore -- sh -c '
		"$TOOLS/alive" "$1" hard & until [ -e "$2" ]; do sleep 0.05
		done
		for pid in $(pgrep -x alive); do
			! grep -qzxF "$1" "/proc/$pid/cmdline" || kill -KILL $pid
		done' sh \
	    "$(signs i)" "$BATS_TEST_TMPDIR/end"
	watch_fleet
	relay_tell blackhole
	wait_for 15 saw_lease_go i
	# The command outlives the lease.
	outlives() { ! judge_one i; }
	wait_for 5 outlives
	zkrun -n -t "$TASK-i" -- true
	not gone "${BG[i]}"
	said i '--on-loss ignore' 1
	not grep -E 'killing|asking' "$(err_of i)"
	: >"$BATS_TEST_TMPDIR/end"
	zkrun_wait i 15
	assert_equal "$status" 76
	assert_lock_clean "$TASK-i"
}

@test "--on-loss ignore: the command outlives a deleted lease, exit 76" {
	zkrun_bg i --on-loss ignore -t "$TASK" -- sh -c \
	    'until [ -e "$0" ]; do sleep 0.05; done' "$BATS_TEST_TMPDIR/end"
	wait_for 10 has_command "$BG_PID"
	zk rm "$(lease_of "$TASK")"
	wait_for 10 grep -q ignore "$(err_of i)"
	zkrun -n -t "$TASK" -- true
	not gone "$BG_PID"
	: >"$BATS_TEST_TMPDIR/end"
	zkrun_wait i 10
	assert_equal "$status" 76
	said i . 1
	lock_clean "$TASK"
}

@test "when contact is lost, the command gets -s SIG or TERM once before KILL" {
	local sig
	declare -A numbers=([INT]=2 [USR1]=10 [SIGHUP]=1 [34]=34 [64]=64
	    [none]=15)

	start_relay
	for sig in "${!numbers[@]}"; do
		set -- -s "$sig"
		[ $sig != none ] || set --
		zkrun_bg "s$sig" "$@" -c "$RELAY_CONNECT" -T 4s -k 0.9 \
		    -t "$TASK-$sig" -- "$TOOLS/siglog" \
		    "$BATS_TEST_TMPDIR/log$sig" 300 7
		wait_for 10 grep -qs ready "$BATS_TEST_TMPDIR/log$sig"
	done
	relay_tell blackhole
	for sig in "${!numbers[@]}"; do
		zkrun_wait "s$sig" 15
		assert_equal "$sig: $status" "$sig: 76"
		assert_equal "$sig: $(grep -v ready \
		    "$BATS_TEST_TMPDIR/log$sig" | tr '\n' ' ')" \
		    "$sig: ${numbers[$sig]} "
	done
}

@test "zkrun refuses -s with an invalid signal, exit 64, and runs nothing" {
	local bad

	for bad in '' FOO SIG SIGFOO 0 65 -1 1x ' 15' '15 ' RTMIN+99 EXIT \
	    99999999999999999999 'TERM INT'; do
		run zkrun -s "$bad" -t "$TASK" -- \
		    touch "$BATS_TEST_TMPDIR/ran"
		assert_equal "'$bad': $status" "'$bad': 64"
		assert_equal "${#lines[@]}" 1
	done
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "messages report lost contact, the time left, and regained contact" {
	start_relay
	FLEET=()
	enlist m -c "$RELAY_CONNECT" -T 4s -- "$TOOLS/alive" "$(signs m)"
	watch_fleet
	relay_tell refuse on
	relay_tell cut
	wait_for 5 grep -q lost "$(err_of m)"
	relay_tell heal
	wait_for 5 grep -q 'regained contact' "$(err_of m)"
	said m . 2
	said m "^zkrun: lost contact with ZooKeeper \\($RELAY_CONNECT: .*\\); stopping '$TASK-m' in [0-9]\\.[0-9]s unless contact returns\$" 1
	said m "^zkrun: regained contact with ZooKeeper for '$TASK-m' \\($RELAY_CONNECT\\)\$" 1
	not saw_lease_go m
	kill -TERM "${BG[m]}"
	# zkrun passes TERM on to the processes in other sessions.
	zkrun_wait m 10
	assert_equal "$status" 143
}

@test "a command that ends while contact is lost keeps its status, and zkrun kills nothing" {
	local i

	start_relay
	for i in 0 3; do
		zkrun_bg "e$i" -c "$RELAY_CONNECT" -T 3s -t "$TASK-$i" -- sh -c \
		    'until [ -e "$0" ]; do sleep 0.05; done; exit "$1"' \
		    "$BATS_TEST_TMPDIR/end" "$i"
		wait_for 10 has_command "$BG_PID"
	done
	relay_tell refuse on
	relay_tell cut
	for i in 0 3; do
		wait_for 5 grep -q 'lost contact with ZooKeeper' "$(err_of "e$i")"
	done
	: >"$BATS_TEST_TMPDIR/end"
	for i in 0 3; do
		zkrun_wait "e$i" 15
		assert_equal "$i: $status" "$i: $i"
		not grep -E ': stopping|killing|died' "$(err_of "e$i")"
		said "e$i" 'cannot release' 1
		assert_lock_clean "$TASK-$i"
	done
}

@test "if contact stays lost, zkrun reports each step once, with the time left" {
	start_relay
	FLEET=()
	enlist hard -c "$RELAY_CONNECT" -T 4s -- "$TOOLS/alive" \
	    "$(signs hard)" hard
	enlist soft -c "$RELAY_CONNECT" -T 4s -- "$TOOLS/alive" "$(signs soft)"
	watch_fleet
	relay_tell blackhole
	judge_fleet 15
	end_fleet 76
	for name in hard soft; do
		said $name "^zkrun: lost contact with ZooKeeper \\(.*\\); stopping '$TASK-$name' in [0-9]\\.[0-9]s unless contact returns\$" 1
		said $name "^zkrun: lost contact with ZooKeeper: stopping '$TASK-$name', its lease may expire in 1\\.[0-9]s\$" 1
	done
	said hard "^zkrun: killing all processes of '$TASK-hard', 0\\.[12]s before its lease could expire\$" 1
	said soft killing 0
	said hard "^zkrun: all processes of '$TASK-hard' are dead, 0\\.[0-9]s before its lease could expire\$" 1
	said soft "^zkrun: all processes of '$TASK-soft' are dead, 1\\.[0-9]s before its lease could expire\$" 1
	said hard . 4
	said soft . 3
	# The message was true: the lease node was deleted more than 1 s later.
	judge_one soft
	[ "$AHEAD_US" -gt 1000000 ]
}
