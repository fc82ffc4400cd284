#!/usr/bin/env bats
#
# The command gets the same arguments, environment, descriptors and signals as
# without zkrun, and the caller gets the true status.
#
# bats file_tags=quick

load lib/helper

# Prefixes of a command: without zkrun, and with it.
bare=(env)
locked()
{
	"$ZKRUN" -t "$TASK" -- "$@"
}

# same COMMAND...: fail unless output and status are the same with zkrun.
same()
{
	local expected got

	expected=$("${bare[@]}" "$@" 3>&-; echo "status $?")
	got=$("${bare[@]}" "$ZKRUN" -t "$TASK" -- "$@" 3>&-; echo "status $?")
	assert_equal "$got" "$expected"
	[ -n "$expected" ]
}

# open_place: set PLACE to a directory that another user can reach, with zkrun.
open_place()
{
	PLACE=$(mktemp -d)
	cp "$ZKRUN" "$PLACE/zkrun"
	chmod 755 "$PLACE" "$PLACE/zkrun"
}

# start_responder NAME ARG...: start tools/responder and set RESPONDER_PORT.
start_responder()
{
	local out=$BATS_TEST_TMPDIR/$1.port

	shift
	"$TOOLS/responder" "$@" >"$out" 3>&- &
	HELPERS+=($!)
	wait_for 5 test -s "$out" || return 1
	RESPONDER_PORT=$(<"$out")
}

# unreached ARG...: zkrun must exit 69 with one line, after one short attempt.
unreached()
{
	run -69 zkrun -r 0 --connect-timeout 600ms -t "$TASK" "$@" true
	assert_equal "${#lines[@]}" 1
	[[ $output == "zkrun: cannot reach ZooKeeper for '$TASK': "* ]]
}

# took_at_most MS COMMAND...: fail if the command takes longer.
took_at_most()
{
	local limit=$1 before took

	shift
	before=$(now_us)
	"$@" || return
	took=$((($(now_us) - before) / 1000))
	[ $took -le "$limit" ] && return
	echo "took $took ms, not $limit: $*"
	return 1
}

#
# The table of exit statuses
#

@test "zkrun exits with each of the 256 statuses that a command can have" {
	local i rc wrong=''

	for i in {0..255}; do
		rc=0
		locked sh -c "exit $i" 3>&- || rc=$?
		[ $rc -eq "$i" ] || wrong+=" $i->$rc"
	done
	assert_equal "$wrong" ''
}

@test "if the command dies of signal n, the status is 128+n, never 0" {
	local i rc wrong=''

	ulimit -c 0
	for i in {1..64}; do
		case $i in
		17|18|19|20|21|22|23|28)	continue ;;	# not fatal
		32|33)				continue ;;	# libc uses them
		esac
		rc=0
		# The caller's shell may ignore some of these signals.
		env --default-signal "$ZKRUN" -t "$TASK" -- \
		    sh -c "kill -$i \$\$; exit 99" 3>&- || rc=$?
		[ $rc -eq $((128 + i)) ] || wrong+=" $i->$rc"
	done
	assert_equal "$wrong" ''
}

@test "64: the command line is wrong" {
	run -64 zkrun -t "$TASK"
}

@test "69: zkrun cannot reach ZooKeeper" {
	unreached -c 127.0.0.1:1
}

@test "if the chroot is missing, zkrun does not exit 70, which means a fault in zkrun" {
	run zkrun -c "$ZKRUN_CONNECT/missing-$TASK" -t "$TASK" \
	    touch "$BATS_TEST_TMPDIR/marker"
	[[ $output == *chroot*'does not exist'* ]]
	assert_equal "${#lines[@]}" 1
	[ ! -e "$BATS_TEST_TMPDIR/marker" ]
	assert_failure
	assert_not_equal "$status" 70
}

@test "71: the system refuses another process" {
	local as rc n

	[ "$(id -u)" -eq 0 ] || skip 'needs another user'
	open_place
	# No other process has this user id, so the limit counts only zkrun's.
	as=(setpriv --reuid=54321 --regid=54321 --clear-groups)
	# The search for leaks would need one more process.
	as+=(env "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0")
	# With a limit of 1 the guard cannot fork; with 2 the keeper cannot.
	for n in 1 2; do
		rc=0
		"${as[@]}" bash -c "ulimit -u $n; exec \"\$@\"" - \
		    "$PLACE/zkrun" -t "$TASK" -- touch "$PLACE/marker" \
		    2>"$BATS_TEST_TMPDIR/err" 3>&- || rc=$?
		assert_equal "$n: $rc" "$n: 71"
		assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/err")" 1
		grep -q '^zkrun: cannot .*unavailable' "$BATS_TEST_TMPDIR/err"
		[ ! -e "$PLACE/marker" ]
		assert_lock_clean "$TASK"
	done
	rm -rf "$PLACE"
}

@test "75, or the status of -E: the lock is taken" {
	zk create -p "/lock/mutex/$TASK/leases/foreign"
	run -75 zkrun -n -t "$TASK" true
	assert_output --partial 'held by another client'
	run -75 zkrun -w 20ms -t "$TASK" true
	assert_output --partial 'gave up waiting'
	run -0 zkrun -n -E 0 -t "$TASK" true
	run -3 zkrun -w 20ms -E 3 -t "$TASK" true
	run -255 zkrun -n -q -E 255 -t "$TASK" true
	assert_output ''
	wait_for 5 queue_count "$TASK" 0
}

@test "-E does not change the status of the command or of an error" {
	run -75 zkrun -E 3 -t "$TASK" sh -c 'exit 75'
	run -0 zkrun -E 3 -t "$TASK" true
	run -69 zkrun -E 3 -r 0 -c 127.0.0.1:1 --connect-timeout 1 \
	    -t "$TASK" true
}

@test "77: an ACL forbids what zkrun has to do" {
	local marker=$BATS_TEST_TMPDIR/marker

	zk create -p "/lock/mutex/$TASK/locks"
	zk create "/lock/mutex/$TASK/leases"
	zk setacl "/lock/mutex/$TASK/locks" r
	run -77 zkrun -t "$TASK" touch "$marker"
	assert_equal "${#lines[@]}" 1
	zk create -p "/$TASK"
	zk setacl "/$TASK" r
	run -77 zkrun -b "/$TASK/x" -t y touch "$marker"
	assert_equal "${#lines[@]}" 1
	zk create -p "/lock/mutex/$TASK.2/leases"
	zk setacl "/lock/mutex/$TASK.2/leases" r
	zk create -p "/lock/mutex/$TASK.2/locks"
	run -77 zkrun -t "$TASK.2" touch "$marker"
	[ ! -e "$marker" ]
	assert_lock_clean "$TASK.2"
}

@test "zkrun works below parents that it may not change" {
	zk create -p "/$TASK/x/y/locks"
	zk create -p "/$TASK/x/y/leases"
	zk setacl "/$TASK" r
	zk setacl "/$TASK/x" r
	run -0 zkrun -b "/$TASK/x" -t y true
	assert_output ''
}

@test "several zkruns take turns below a parent in which they may not create nodes" {
	local i round

	zk create -p "/$TASK/mutex"
	zk create -p "/$TASK/runs"
	zk setacl "/$TASK" rwda
	start_relay relay "$ZKRUN_CONNECT" -d 15
	for round in 1 2; do
		for i in 1 2 3 4; do
			zkrun_bg $round$i -c "$RELAY_CONNECT" -b "/$TASK/mutex" \
			    --runs "/$TASK/runs" -t $round -i 1h -- true
		done
		for i in 1 2 3 4; do
			zkrun_wait $round$i 20
			assert_equal "$status" 0
		done
	done
}

@test "78: zkrun cannot use the configuration file" {
	run -78 zkrun -f /nonexistent -t "$TASK" true
}

@test "126: the command cannot be run" {
	local file=$BATS_TEST_TMPDIR/file

	echo 'exit 0' >"$file"
	run -126 zkrun -t "$TASK" "$file"
	assert_output "zkrun: cannot run '$file': Permission denied"
	run -126 zkrun -t "$TASK" /
	run -126 zkrun -t "$TASK" "$file/x"
	run -126 zkrun -t "$TASK" "$(printf '%05000d' 0)"
	assert_lock_clean "$TASK"
}

@test "127: the command is not found" {
	run -127 zkrun -t "$TASK" no-such-command-anywhere
	assert_output "zkrun: cannot run 'no-such-command-anywhere': No such file or directory"
	run -127 zkrun -t "$TASK" ./no-such-file
	assert_lock_clean "$TASK"
}

#
# What the command gets
#

@test "arguments reach the command unchanged" {
	bare=() same printf '<%s>' '' ' ' 'a b' $'a\nb' "it's" '"q"' '$HOME' \
	    '`id`' '*' "\\" ';exit 3' '--' '-t' $'\x01' 'größe' $'\xff' \
	    '&' '|' '>x' '' ''
	bare=() same printf '<%s>' "$(printf '%0100000d' 0)"
}

@test "the environment tells the command task, lease, fence and session" {
	run -0 zkrun -t "$TASK" -- bash -c '
	    set -e
	    znode() { "$TOOLS/znode" -c "$ZKRUN_CONNECT" "$@" 3>&-; }
	    echo "$ZKRUN_TASK"
	    [ "$(znode czxid "$ZKRUN_LEASE")" = "$ZKRUN_FENCE" ]
	    znode stat "$ZKRUN_LEASE" | grep -qix "ephemeral_owner=$ZKRUN_SESSION"
	    [ "$(znode ls "/lock/mutex/$ZKRUN_TASK/leases")" = \
		"${ZKRUN_LEASE##*/}" ]
	    [ "${ZKRUN_LEASE%/*}" = "/lock/mutex/$ZKRUN_TASK/leases" ]'
	assert_output "$TASK"
}

@test "the command of a nested zkrun has the environment of the inner one" {
	run -0 zkrun -t "$TASK.outer" -- bash -c '
	    outer=$ZKRUN_FENCE
	    "$ZKRUN" -t "$1" -- bash -c "[ \$ZKRUN_FENCE -gt $outer ] &&
		[[ \$ZKRUN_LEASE == /lock/mutex/$1/leases/* ]] &&
		echo \$ZKRUN_TASK"
	    echo "$ZKRUN_TASK"' - "$TASK.inner"
	assert_output "$TASK.inner"$'\n'"$TASK.outer"
}

@test "the fence grows from run to run" {
	local fence last=0 i

	for i in {1..10}; do
		fence=$(zkrun -t "$TASK" -- sh -c 'echo "$ZKRUN_FENCE"')
		[[ $fence =~ ^[0-9]+$ ]]
		[ "$fence" -gt "$last" ]
		last=$fence
	done
}

@test "the rest of the environment is the caller's" {
	diff <(env | grep -v '^_=' | sort) \
	    <(locked env 3>&- | grep -v '^_=' |
	    grep -vE '^ZKRUN_(TASK|LEASE|LEASE_CONNECT|FENCE|SESSION)=' | sort)
}

@test "directory, umask, limits and process group are the caller's" {
	local script

	cd "$BATS_TEST_TMPDIR"
	umask 031
	ulimit -n 234
	ulimit -S -c 0
	script='pwd; umask; ulimit -a; ulimit -aH; ps -o pgid=,sid=,ni= -p $$'
	same bash -c "$script"
	bare=(nice -n 3) same bash -c "$script"
}

@test "inherited descriptors stay open in the command" {
	zkrun -t "$TASK" -- sh -c 'echo seven >&7; read -r x <&8; echo "$x" >&7' \
	    7>"$BATS_TEST_TMPDIR/seven" 8<<<eight
	assert_equal "$(<"$BATS_TEST_TMPDIR/seven")" $'seven\neight'
}

@test "the command gets no descriptor of zkrun" {
	local before after list

	list='find "/proc/$$/fd" -type l -printf "%f %l\n"; :'
	exec 7</dev/null 9>"$BATS_TEST_TMPDIR/nine"
	# Write to a file: a pipe would differ from run to run.
	sh -c "$list" <&7 >"$BATS_TEST_TMPDIR/fds" 2>&9 3>&-
	before=$(sort "$BATS_TEST_TMPDIR/fds")
	locked sh -c "$list" <&7 >"$BATS_TEST_TMPDIR/fds" 2>&9 3>&-
	after=$(sort "$BATS_TEST_TMPDIR/fds")
	[ -n "$before" ]
	assert_equal "$after" "$before"
}

@test "the command gets all of stdin, and zkrun reads nothing from it" {
	local file=$BATS_TEST_TMPDIR/in

	head -c 3000000 /dev/urandom >"$file"
	# shellcheck disable=SC2094 # it is only read
	locked cat <"$file" 3>&- | cmp - "$file"
	# shellcheck disable=SC2002 # a pipe, not the file
	cat "$file" | locked cat 3>&- | cmp - "$file"
	assert_equal "$(printf 'a\nb\nc\n' |
	    { locked sh -c 'read -r x' 3>&-; cat; })" $'b\nc'
	assert_equal "$(locked cat </dev/null 3>&-)" ''
}

@test "closed standard descriptors stay closed for the command" {
	local report=$BATS_TEST_TMPDIR/report list
	local script='r=; for i in 0 1 2; do
	    if [ -e /proc/self/fd/$i ]; then r=$r$i; fi; done
	    echo "$r" >>"$1"'

	# test(1) is built into the shell, so /proc/self is the shell.
	closed()
	{
		: >"$report"
		locked sh -c "$script" - "$report"
		list=$(<"$report")
	}
	exec 4>&1
	closed 3>&- 4>&- <&-
	assert_equal "$list" 12
	closed 3>&- 4>&- >&-
	assert_equal "$list" 02
	closed 3>&- 4>&- 2>&-
	assert_equal "$list" 01
	closed 3>&- 4>&- <&- >&-
	assert_equal "$list" 2
	closed 3>&- 4>&- <&- >&- 2>&-
	assert_equal "$list" ''
	closed 3>&- 4>&-
	assert_equal "$list" 012
	assert_lock_clean "$TASK"
}

@test "closed descriptors do not change the status" {
	local rc=0

	locked sh -c 'exit 5' <&- >&- 2>&- 3>&- || rc=$?
	assert_equal $rc 5
	rc=0
	locked no-such-command <&- >&- 2>&- 3>&- || rc=$?
	assert_equal $rc 127
}

@test "signal mask and ignored signals are the caller's" {
	local status=(grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status) n

	# A sanitizer catches these signals in zkrun, even if they are ignored.
	for n in segv sigbus abort sigill sigtrap sigfpe; do
		ASAN_OPTIONS+=:handle_$n=0
	done
	same "${status[@]}"
	for bare in "--ignore-signal=INT --ignore-signal=QUIT" \
	    --ignore-signal=CHLD --ignore-signal=TERM --ignore-signal=PIPE \
	    --block-signal=USR1 "--block-signal=TERM --block-signal=CHLD" \
	    --block-signal --ignore-signal --default-signal \
	    "--ignore-signal=HUP --block-signal=RTMIN"; do
		read -ra bare <<<"env $bare"
		same "${status[@]}"
	done
	bare=(nohup) same "${status[@]}" </dev/null
}

@test "a caller that ignores SIGCHLD, as cron may, still gets the status" {
	bare=(env --ignore-signal=CHLD) same sh -c 'exit 3'
	bare=(env --block-signal=CHLD) same sh -c 'exit 4'
	bare=(env --block-signal) same sh -c 'exit 5'
}

#
# Readers of a pipe
#

# reader_took ARG...: set TOOK to the ms until a reader sees the end of zkrun's
# stdout.  Do not use timeout(1): nothing else may hold the pipe open.
reader_took()
{
	local before end

	before=$(now_us)
	end=$("$ZKRUN" -t "$TASK" "$@" 3>&- | { cat >/dev/null; now_us; })
	TOOK=$(((end - before) / 1000))
}

@test "a reader sees the end when the command closes its stdout" {
	reader_took -- sh -c 'exec >&-; sleep 2'
	[ $TOOK -lt 1500 ]
	assert_lock_clean "$TASK"
}

@test "a reader of another descriptor sees the end when the command closes it" {
	local before end

	before=$(now_us)
	end=$("$ZKRUN" -t "$TASK" -- sh -c 'exec 7>&-; sleep 2' \
	    7>&1 >/dev/null 3>&- | { cat >/dev/null; now_us; })
	[ $(((end - before) / 1000)) -lt 1500 ]
}

@test "a writer to stdin gets SIGPIPE when the command closes it" {
	local rc

	rc=$({ { timeout 1 yes 2>/dev/null; echo $? >&4; } |
	    "$ZKRUN" -t "$TASK" -- sh -c 'exec <&-; sleep 2' 3>&- 4>&-; } 4>&1)
	# Status 124 would mean that yes got no signal and timeout(1) ended it.
	[ -n "$rc" ]
	assert_not_equal "$rc" 124
	assert_lock_clean "$TASK"
}

#
# Servers that zkrun cannot reach
#

@test "the message names a refused connection" {
	unreached -c 127.0.0.1:1
	assert_output --partial '127.0.0.1:1: Connection refused'
}

@test "a refused connection costs no time" {
	took_at_most 1000 run -69 zkrun -r 0 --connect-timeout 5 \
	    -c 127.0.0.1:1 -t "$TASK" true
	took_at_most 1000 run -69 zkrun -r 0 --connect-timeout 5 \
	    -c 127.0.0.1:1,127.0.0.1:2,localhost:1 -t "$TASK" true
	took_at_most 1000 run -69 zkrun -r 3 --retry-sleep 10ms \
	    --connect-timeout 5 -c 127.0.0.1:1 -t "$TASK" true
}

@test "the message names a server that accepts and is silent" {
	start_relay
	relay_tell freeze
	unreached -c "$RELAY_CONNECT"
	assert_output --partial "$RELAY_CONNECT: connected, but no answer after 0."
}

@test "the message names a server that is not ZooKeeper" {
	start_responder http $'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
	unreached -c "127.0.0.1:$RESPONDER_PORT"
	assert_output --partial "127.0.0.1:$RESPONDER_PORT: "
	[[ $output == *[Zz]oo[Kk]eeper*[Zz]oo[Kk]eeper* ]]
	# This server closes each connection at once.
	start_responder hangup ''
	unreached -c "127.0.0.1:$RESPONDER_PORT"
	assert_output --partial "127.0.0.1:$RESPONDER_PORT: "
}

@test "the message names a host that cannot be resolved" {
	unreached -c a..b:2181
	assert_output --partial 'a..b:2181: cannot resolve name: '
}

@test "the message names each of several servers with its own reason" {
	start_relay
	relay_tell freeze
	unreached -c "127.0.0.1:1,$RELAY_CONNECT,a..b"
	assert_output --partial '127.0.0.1:1: Connection refused; '
	assert_output --partial "$RELAY_CONNECT: connected, but no answer after "
	assert_output --partial 'a..b:2181: cannot resolve name: '
	assert_output --partial '(attempts: 1)'
}

@test "if one of two servers is dead, zkrun loses only a moment" {
	local i

	for i in {1..4}; do
		took_at_most 1500 zkrun -r 0 --connect-timeout 4 \
		    -c "127.0.0.1:1,$ZKRUN_CONNECT" -t "$TASK" true
		took_at_most 1500 zkrun -r 0 --connect-timeout 4 \
		    -c "$ZKRUN_CONNECT,a..b" -t "$TASK" true
	done
}

@test "if one of two servers is silent, zkrun loses only that server's share of the attempt" {
	local i

	start_relay
	relay_tell freeze
	for i in {1..4}; do
		took_at_most 1800 zkrun -r 0 --connect-timeout 1200ms \
		    -c "$RELAY_CONNECT,$ZKRUN_CONNECT" -t "$TASK" true
	done
}

@test "zkrun reaches an IPv6 server" {
	grep -q '^0\{31\}1 ' /proc/net/if_inet6 || skip 'no ::1 here'
	start_relay relay "$ZKRUN_CONNECT" -6
	run -0 zkrun -r 0 -c "[::1]:${RELAY_CONNECT##*:}" -t "$TASK" echo yes
	assert_output yes
	unreached -c '[::1]:1'
	assert_output --partial '[::1]:1: Connection refused'
}

@test "each attempt resolves the names, at most once a second" {
	local before

	before=$(now_us)
	run -69 zkrun -r 2 --retry-sleep 0 -c a..b:1 \
	    -t "$TASK" -- true
	[ $(($(now_us) - before)) -ge 2000000 ]
	assert_output --partial 'attempts: 3'
}

@test "names are resolved even if no signal can be queued" {
	# shellcheck disable=SC2016 # for the inner shell
	run -69 bash -c 'ulimit -i 0; exec "$0" "$@"' "$ZKRUN" -r 0 \
	    --connect-timeout 3s -c localhost:1 -t "$TASK" -- true
	assert_output --partial 'Connection refused'
}

@test "zkrun reaches a server by its name" {
	run -0 zkrun -r 0 -c "localhost:${ZKRUN_CONNECT##*:}" -t "$TASK" \
	    echo yes
	assert_output yes
}

@test "tasks are below the chroot, with and without a slash at its end" {
	local slash

	zk create "/$TASK"
	for slash in '' /; do
		# ZKRUN_LEASE is the path below the chroot.
		run -0 zkrun -c "$ZKRUN_CONNECT/$TASK$slash" -t "$TASK" -- \
		    sh -c 'echo "$ZKRUN_LEASE"'
		[[ $output == "/lock/mutex/$TASK/leases/_c_"* ]]
	done
	zk stat "/$TASK/lock/mutex/$TASK"
	run -1 zk stat "/lock/mutex/$TASK"
}

@test "zkrun makes as many attempts as -r allows" {
	local n

	start_relay
	relay_tell freeze
	for n in 0 2; do
		relay_tell reset-stats
		run -69 zkrun -r $n --retry-sleep 10ms --connect-timeout 150ms \
		    -c "$RELAY_CONNECT" -t "$TASK" true
		assert_output --partial "(attempts: $((n + 1)))"
		assert_equal "$(relay_count accepted)" $((n + 1))
	done
}

@test "--retry-for ends the attempts" {
	took_at_most 2500 run -69 zkrun -r forever --retry-sleep 50ms \
	    --retry-for 500ms --connect-timeout 200ms -c 127.0.0.1:1 \
	    -t "$TASK" true
	[[ $output =~ attempts:\ ([0-9]+) ]]
	[ "${BASH_REMATCH[1]}" -ge 2 ]
}

@test "a server that comes up at the third attempt is used" {
	third() { [ "$(relay_count accepted)" -ge 2 ]; }

	start_relay
	relay_tell freeze
	zkrun_bg late -r 3 --retry-sleep 300ms --connect-timeout 300ms \
	    -c "$RELAY_CONNECT" -t "$TASK" echo late
	wait_for 5 third
	relay_tell heal
	zkrun_wait late 10
	assert_equal "$status" 0
	assert_equal "$(<"$BATS_TEST_TMPDIR/late.out")" late
	assert_equal "$(<"$BATS_TEST_TMPDIR/late.err")" ''
}

# with_deaf_resolver COMMAND...: run COMMAND with one name server, which never
# answers.  COMMAND can resolve only the names in $BATS_TEST_TMPDIR/hosts.
with_deaf_resolver()
{
	local dir=$BATS_TEST_TMPDIR

	echo "nameserver 127.77.0.1" >"$dir/resolv.conf"
	echo "hosts: files dns" >"$dir/nsswitch.conf"
	touch "$dir/hosts"
	unshare --mount bash -c 'set -e
	    for i in hosts resolv.conf nsswitch.conf; do
		mount --bind "$0/$i" "$(realpath "/etc/$i")"
	    done
	    exec "$@"' "$dir" "$@" 3>&-
}

@test "a silent name server does not delay an address of the list" {
	local i

	[ "$(id -u)" -eq 0 ] || skip 'needs mounts and port 53'
	start_responder dns -u -a 127.77.0.1 -l 53
	with_deaf_resolver true || skip 'no mounts here'
	for i in 1 2 3; do
		took_at_most 1000 with_deaf_resolver "$ZKRUN" -r 0 \
		    --connect-timeout 5 -t "$TASK" \
		    -c "slow.example:2181,$ZKRUN_CONNECT" true
		took_at_most 1000 with_deaf_resolver "$ZKRUN" -r 0 \
		    --connect-timeout 5 -t "$TASK" \
		    -c "$ZKRUN_CONNECT,slow.example,slower.example" true
	done
	assert_lock_clean "$TASK"
}

@test "a name that hangs does not delay the other names of the list" {
	local port=${ZKRUN_CONNECT##*:}

	[ "$(id -u)" -eq 0 ] || skip 'needs mounts and port 53'
	start_responder dns -u -a 127.77.0.1 -l 53
	echo '127.0.0.1 quick.example' >"$BATS_TEST_TMPDIR/hosts"
	with_deaf_resolver true || skip 'no mounts here'
	took_at_most 1000 with_deaf_resolver "$ZKRUN" -r 0 \
	    --connect-timeout 5 -t "$TASK" \
	    -c "slow.example,slower.example,quick.example:$port" true
	assert_lock_clean "$TASK"
}

@test "a lookup without an answer ends with the attempt, and is reported" {
	[ "$(id -u)" -eq 0 ] || skip 'needs mounts and port 53'
	start_responder dns -u -a 127.77.0.1 -l 53
	with_deaf_resolver true || skip 'no mounts here'
	took_at_most 2000 run -69 with_deaf_resolver "$ZKRUN" -r 1 \
	    --retry-sleep 10ms --connect-timeout 400ms -t "$TASK" \
	    -c slow.example:2181 true
	assert_output --partial 'slow.example:2181: name not resolved in time'
	assert_output --partial '(attempts: 2)'
}
