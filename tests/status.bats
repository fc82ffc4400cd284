#!/usr/bin/env bats
#
# --status shows holders, waiters and the last run.  --revoke asks a holder to
# give up, and --break deletes the lease of a holder that zkrun cannot ask.
#
# Measures: the duration of a look.

load lib/helper
load lib/clock

setup()
{
	bench_setup
	# Use paths of this test: other tests leave nodes in the default ones.
	BASE=/status/$TASK
	# shellcheck disable=SC2034 # for the helper
	LOCK_BASE=$BASE
	RUNS=/status-runs/$TASK
	export ZKRUN_BASE=$BASE ZKRUN_RUNS=$RUNS
}

# hold_it NAME TASK: hold, and wait until the holder has left the queue.
hold_it()
{
	hold "$@" && wait_for 5 queue_count "$2" 0
}

# status_json [TASK...]: set $output to the JSON and $status to the exit status.
status_json()
{
	run zkrun --status --json "$@"
	[ "$status" -le 1 ] && jq -e . <<<"$output" >/dev/null
}

# got FILTER: print the result of jq's FILTER on $output, on one line.
got()
{
	jq -c "$1" <<<"$output"
}

# plant NAME BASE <LINES: create the nodes of LINES (see znode's usage) in a
# session of its own, which lives until the test ends.
plant()
{
	"$TOOLS/znode" -c "$ZKRUN_CONNECT" plant "$2" <&0 \
	    >"$BATS_TEST_TMPDIR/$1.planted" 3>&- &
	HELPERS+=($!)
	declare -g "PLANTED_$1=$!"
	wait_for 20 grep -q planted "$BATS_TEST_TMPDIR/$1.planted"
}

# made_by N: print the data of a node that the Nth zkrun writes.
made_by()
{
	echo "host=web$1 pid=$1 user=joe start=2026-11-22T03:00:01Z command=job$1"
}

# write_record TASK [LINE...]
write_record()
{
	local task=$1

	shift
	zk create -p "$RUNS/$task" "$(printf '%s\n' 'zkrun 1' "$@" x)" >/dev/null
	# $() drops the newline that ends a record.
	zk set "$RUNS/$task" "$(printf '%s\n' 'zkrun 1' "$@")
"
}

run_line()
{
	echo "$1 began=1763780400123 started=1763780400131 took=$2 status=$3 fence=$4 host=$5"
}

#
# --status
#

@test "without any nodes --status shows nothing and creates nothing" {
	run -1 zkrun --status
	assert_output --regexp '^TASK +STATE +SINCE +HOST +PID +USER +COMMAND$'
	run -1 zkrun --status --json
	assert_equal "$(got .tasks)" '[]'
	assert_equal "$(got .base)" "\"$BASE\""
	run -1 zkrun --status a b
	assert_line --index 1 'a     free'
	assert_line --index 2 'b     free'
	run -1 zk stat "$BASE"
	run -1 zk stat "$RUNS"
	run -1 zk stat /status/lock
}

@test "the table shows holder, queue and last runs, in the viewer's time zone" {
	local since user=${LOGNAME:-$(id -un)}

	hold_it holder backup
	zkrun_bg w1 -t backup -- true
	wait_for 10 holds_count backup 2
	zkrun_bg w2 -t backup -- false
	wait_for 10 queue_count backup 2
	write_record backup "$(run_line success 2467 0 17 web3)" \
	    "$(run_line run 3723000 143 18 web4)"
	write_record idle "$(run_line run 754321 3 19 web5)"
	zk create -p "$BASE/idle/leases" >/dev/null
	TZ=UTC run -0 zkrun --status
	since='20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}'
	assert_equal "${#lines[@]}" 10
	assert_line --index 1 --regexp \
	    "^backup +held +$since +$(hostname) +${BG[holder]} +$user +sleep$"
	assert_line --index 2 --regexp \
	    "^ +wait 1 +$since +$(hostname) +${BG[w1]} +$user +true$"
	assert_line --index 3 --regexp \
	    "^ +wait 2 +$since +$(hostname) +${BG[w2]} +$user +false$"
	assert_line --index 4 --regexp \
	    '^ +last run +2025-11-22 03:00:00 +web4 +exit 143 after 1h02m$'
	assert_line --index 5 --regexp \
	    '^ +last ok +2025-11-22 03:00:00 +web3 +exit 0 after 2.5s$'
	assert_line --index 6 --regexp \
	    '^idle +free +2025-11-22 03:00:00 +web5 +exit 3 after 12m34s$'
	# Below the table --status says which tasks need attention.
	assert_line --index 7 'These tasks need attention:'
	assert_line --index 8 --regexp \
	    '^backup: failed [0-9]+d[0-9]+h ago on web4 with exit status 143; last succeeded [0-9]+d[0-9]+h ago$'
	assert_line --index 9 --regexp \
	    '^idle: failed [0-9]+d[0-9]+h ago on web5 with exit status 3, and never succeeded$'
	for line in "${lines[@]:0:7}"; do
		[ ${#line} -le 80 ]
	done
	TZ=Asia/Kolkata run -0 zkrun --status backup
	assert_line --index 4 --regexp 'last run +2025-11-22 08:30:00 '
	let_go holder
	# End the waiters before the teardown: a SIGCONT just before exit hangs
	# a leak sanitizer.
	zkrun_wait w1 10
	zkrun_wait w2 10
}

@test "the JSON has every key, with the values of the nodes" {
	local node node_keys run_keys

	hold_it holder backup
	zkrun_bg w1 -t backup -- true
	wait_for 10 holds_count backup 2
	write_record backup "$(run_line success 2467 0 17 web3)" \
	    "$(run_line run 3000 143 18 web4)" "$(run_line run 2467 0 17 web3)"
	status_json
	assert_equal "$status" 0
	assert_equal "$(got '.tasks[0]|[.task,.held,.problem,.record_problem]')" \
	    '["backup",true,null,null]'
	node_keys='["address","client","command","fence","host","node","pid","revoked_by","session","since","user"]'
	run_keys='["began","fence","host","started","status","took_ms"]'
	assert_equal "$(got '[.tasks[0].holders[0]|keys]')" "[$node_keys]"
	assert_equal "$(got '[.tasks[0].waiting[0]|keys]')" \
	    "[$(jq -c '. + ["ahead"] | sort' <<<"$node_keys")]"
	assert_equal "$(got '.tasks[0].last_run|keys')" "$run_keys"
	assert_equal "$(got '.tasks[0]|keys')" \
	    '["held","holders","last_run","last_success","no_session","paused","problem","record_problem","runs","task","waiting"]'
	node=$(jq -r '.tasks[0].holders[0].node' <<<"$output")
	assert_equal "$(got '.tasks[0].holders[0]|[.pid,.fence,.session,.command,.address]')" \
	    "[${BG[holder]},$(zk czxid "$node"),\"0x$(session_of "$node")\",\"sleep\",null]"
	assert_equal "$(got '.tasks[0].waiting|map([.ahead,.pid,.fence])')" \
	    "[[0,${BG[w1]},null]]"
	assert_equal "$(got '.tasks[0].last_run')" \
	    '{"host":"web4","began":"2025-11-22T03:00:00.123Z","started":"2025-11-22T03:00:00.131Z","took_ms":3000,"status":143,"fence":18}'
	assert_equal "$(got '.tasks[0]|[.last_success.fence,(.runs|map(.fence))]')" \
	    '[17,[18,17]]'
	let_go holder
	zkrun_wait w1 10
}

@test "'since' is the time of the last write to the node, by the servers' clock" {
	local node want

	zk create -p "$BASE/t/leases" >/dev/null
	plant holder "$BASE/t/leases" <<<"e x $(made_by 1)"
	node=$BASE/t/leases/x
	wait_for 5 eval 'sleep 0.01; zk set "$node" "$(made_by 2)" &&
	    [ "$(zk stat "$node" | sed -n "s/^mtime=//p")" -gt \
	    "$(zk stat "$node" | sed -n "s/^ctime=//p")" ]'
	want=$(zk stat "$node" | sed -n 's/^mtime=//p')
	status_json t
	assert_equal "$(got '.tasks[0].holders[0].since')" \
	    "\"$(date -u -d "@${want%???}" +%Y-%m-%dT%H:%M:%S).${want: -3}Z\""
	assert_equal "$(got '.tasks[0].holders[0].host')" '"web2"'
}

@test "waiters appear in the order of the queue" {
	local i

	zk create -p "$BASE/t/leases" >/dev/null
	zk create -p "$BASE/t/locks" >/dev/null
	plant a "$BASE/t" <<<"e leases/_c_z-lease-0000000007 $(made_by 1)"
	# The head of the queue has the lease with the lowest name.
	plant b "$BASE/t" <<-EOF
		e locks/_c_y-lock-0000000001 $(made_by 2)
		e leases/_c_a-lease-0000000001 $(made_by 2)
	EOF
	for i in 4 5 3; do
		plant "w$i" "$BASE/t" \
		    <<<"e locks/_c_$((9 - i))-lock-000000000$i $(made_by $i)"
	done
	status_json t
	assert_equal "$(got '.tasks[0]|[.holders,.waiting]|map(map(.pid))')" \
	    '[[1],[2,3,4,5]]'
}

@test "--status without operands lists the tasks with a lock node or a record, and no others" {
	write_record only-run "$(run_line run 1 0 3 web1)"
	zk create -p "$BASE/b/leases" >/dev/null
	zk create -p "$BASE/ä/locks" >/dev/null
	zk create -p "$BASE/stranger/x" >/dev/null
	run -1 zkrun --status --json
	assert_equal "$(got '.tasks|map(.task)')" '["b","only-run","ä"]'
	# A task given by name is always shown.
	run -1 zkrun --status --json stranger b b
	assert_equal "$(got '.tasks|map(.task)')" '["stranger","b","b"]'
	# The servers' own node below the base / is not a task.
	ZKRUN_RUNS=$RUNS run zkrun --status --json -b /
	assert_equal "$(got '.tasks|map(.task)|index("zookeeper")')" null
}

@test "--status exits 0 if a task is held and 1 if no task is held" {
	hold_it holder held
	run -0 zkrun --status held
	run -0 zkrun --status free held
	run -1 zkrun --status free
	run -0 zkrun --status -t held
	run -0 zkrun --status
	let_go holder
	run -1 zkrun --status held
	run -1 zkrun --status
}

@test "--status exits 69 without ZooKeeper, 64 for a bad task id, 77 if an ACL forbids it" {
	run -69 zkrun -c "127.0.0.1:$("$TOOLS/freeport" 1)" -r 0 --status t
	assert_output --regexp "^zkrun: cannot look at 't': 127.0.0.1:.*refused"
	# A job may retry for ever, but --status gives up.
	ZKRUN_MAX_RETRIES=forever run -69 timeout 20 "$ZKRUN" \
	    -c "127.0.0.1:$("$TOOLS/freeport" 1)" --retry-sleep 10ms --status t
	run -64 zkrun --status a/b
	# --json behind the task is an option, not a task that is free.
	run -1 zkrun --status t --json
	[[ $output == '{'* ]]
	# After -- the word --json is a task.
	run -1 zkrun --status -- t --json
	assert_line --regexp '^--json +free$'
	run -64 zkrun --json -t t -- true
	zk create -p "$BASE/open/leases/x" "$(made_by 1)" >/dev/null
	zk create -p "$BASE/shut/leases" >/dev/null
	zk setacl "$BASE/shut/leases" wcda
	# --status still shows the tasks that it can read.
	run -77 --separate-stderr zkrun --status
	assert_line --index 1 --regexp '^open +held '
	assert_line --index 2 'shut  unknown  an ACL forbids it (-102)'
	assert_equal "$stderr" \
	    "zkrun: cannot look at '$BASE/shut/leases': an ACL forbids it (-102)"
	run -77 --separate-stderr zkrun --status --json shut
	assert_equal "$(got '.tasks|map([.held,.problem])')" \
	    '[[null,"an ACL forbids it (-102)"]]'
	zk setacl "$BASE" wcda
	run -77 --separate-stderr zkrun --status
	assert_equal "$stderr" \
	    "zkrun: cannot look at '$BASE': an ACL forbids it (-102)"
	zk setacl "$BASE" rwcda
	zk setacl "$BASE/shut/leases" rwcda
}

@test "--status looks below the chroot, and exits 69 if the chroot does not exist" {
	local word

	zk create -p "/chroot/$TASK" >/dev/null
	ZKRUN_CONNECT=$ZKRUN_CONNECT/chroot/$TASK
	hold holder t
	run -0 zkrun --status
	assert_line --index 1 --regexp '^t +held '
	run -0 zkrun --revoke -w 20 t
	zkrun_wait holder 10
	# zkrun needs no right to read the chroot itself.
	ZK_CONNECT=${ZKRUN_CONNECT%%/*} zk setacl "/chroot/$TASK" cdwa
	run -1 zkrun --status t
	ZK_CONNECT=${ZKRUN_CONNECT%%/*} zk setacl "/chroot/$TASK" rcdwa
	ZKRUN_CONNECT+=/none
	for word in '' t; do
		# shellcheck disable=SC2086 # a word or none
		run -69 zkrun --status $word
		assert_output "zkrun: cannot look at '/': the chroot of the connect string, '/chroot/$TASK/none', does not exist"
	done
	run -69 --separate-stderr zkrun --status --json t
	assert_output ''
	for word in --revoke '--break --yes'; do
		# shellcheck disable=SC2086 # words
		run -69 zkrun $word t
		assert_output --partial "chroot of the connect string, '/chroot/$TASK/none',"
	done
}

# curator_where LEASE: print how --status names the Curator client of LEASE.
# The client writes no address if this machine's name does not resolve.
curator_where()
{
	local address

	address=$(zk get "$1")
	[[ $address =~ ^[0-9a-f.:]*$ ]] || return 1
	echo "${address:-another client}"
}

@test "a Curator client that holds or waits appears with its address, if it has one" {
	local where

	start_curator
	curator_say acquire A "$BASE/t" -1
	curator_expect 10 A acquired
	curator_say acquire B "$BASE/t" -1
	wait_for 10 holds_count t 2
	zkrun_bg waiter -t t -- true
	wait_for 10 queue_count t 2
	where=$(curator_where "$BASE/t/leases/$(holders t | head -n 1)")
	status_json t
	assert_equal "$(got '.tasks[0].holders|map([.address // "another client",.host,.pid,.user])')" \
	    "[[\"$where\",null,null,null]]"
	assert_equal "$(got '.tasks[0].waiting|map([.ahead,.pid])')" \
	    "[[0,null],[1,$BG_PID]]"
	run -0 zkrun --status t
	assert_line --index 1 --regexp "^t +held +[^ ]+ [^ ]+ +$where\$"
	curator_say release A
	curator_expect 10 B acquired
	curator_say release B
	zkrun_wait waiter 10
}

@test "a client without an address appears as 'another client'" {
	zk create -p "$BASE/t/leases"
	plant h "$BASE/t" <<<'e leases/x'
	status_json t
	assert_equal "$(got '.tasks[0].holders|map([.address,.host,.pid])')" \
	    '[[null,null,null]]'
	run -0 zkrun --status t
	assert_line --index 1 --regexp '^t +held +[^ ]+ [^ ]+ +another client$'
	run -75 zkrun --revoke t
	assert_output "zkrun: cannot revoke 't': it is held by another client, which cannot be asked to stop (--break deletes its lease node)"
	zkrun_bg waiter -t t -- true
	wait_for 10 queue_count t 1
	kill -USR1 "$BG_PID"
	wait_for 10 grep -q ', held by another client since ' \
	    "$BATS_TEST_TMPDIR/waiter.err"
}

@test "a lease without a session counts as held, and --status says 'no session'" {
	zk create -p "$BASE/t/leases/x" "$(made_by 1)" >/dev/null
	zk create "$BASE/t/leases/y" >/dev/null
	run -0 zkrun --status t
	assert_line --index 1 --regexp '^t +held +[^ ]+ [^ ]+ +web1 +1 +joe +job1, no session$'
	assert_line --index 2 --regexp '^ +held +[^ ]+ [^ ]+ +another client, no session$'
	status_json t
	assert_equal "$(got '.tasks[0].holders|map([.pid,.session])')" \
	    '[[1,null],[null,null]]'
	# A zkrun wrote the node once, but no zkrun watches it now.
	run -75 zkrun --revoke -w 5 t
	assert_line --index 0 "zkrun: cannot revoke 't': it is held by web1 (pid 1, user joe, command job1) without a session, which cannot be asked to stop (--break deletes its lease node)"
	assert_line --index 1 --partial "another client without a session, which cannot be asked to stop"
	assert_equal "$(zk get "$BASE/t/leases/x")" "$(made_by 1)"
	run -0 zkrun --break --yes t
	assert_line --index 0 "zkrun: 't' is held by web1 (pid 1, user joe, command job1) without a session"
	assert_equal "$(holders t)" ''
}

# stale_line TASK: plant a queue with two nodes without a session, x and y.
stale_line()
{
	zk create -p "$BASE/$1/locks/_c_x-lock-0000000000" "$(made_by 7)" \
	    >/dev/null
	zk create "$BASE/$1/locks/_c_y-lock-0000000001" '10.0.0.7' >/dev/null
}

@test "a queue node without a session appears as such, and the waiter behind it is first" {
	stale_line t
	run -1 zkrun --status
	assert_line --index 1 't     free'
	assert_line --index 2 --regexp '^ +no session +[^ ]+ [^ ]+ +web7 +7 +joe +job7$'
	assert_line --index 3 --regexp '^ +no session +[^ ]+ [^ ]+ +10.0.0.7$'
	hold holder t
	zkrun_bg w -t t -- true
	wait_for 10 holds_count t 2
	run -0 zkrun --status t
	assert_equal "${#lines[@]}" 7
	assert_line --index 6 --regexp "^t: a node in the queue has no session"
	assert_line --index 1 --regexp "^t +held .* ${BG[holder]} "
	assert_line --index 2 --regexp "^ +wait 1 .* ${BG[w]} "
	status_json t
	assert_equal "$(got '.tasks[0]|[.holders,.waiting,.no_session]|map(map(.pid))')" \
	    "[[${BG[holder]}],[${BG[w]}],[7,null]]"
	assert_equal "$(got '.tasks[0].no_session[1]|[.address,.session,.fence,.node]')" \
	    "[\"10.0.0.7\",null,null,\"$BASE/t/locks/_c_y-lock-0000000001\"]"
	let_go holder
	zkrun_wait w 10
	assert_equal "$status" 0
}

@test "--revoke reports queue nodes without a session, and --break deletes them" {
	local out=$BATS_TEST_TMPDIR/terminal.out

	stale_line t
	run -0 zkrun --revoke t
	assert_line --index 0 "zkrun: nobody holds 't'"
	assert_line --index 1 "zkrun: the queue of 't' has a node of web7 (pid 7, user joe, command job7) without a session (--break deletes it)"
	assert_line --index 2 --partial "a node of 10.0.0.7 (not zkrun) without a session (--break deletes it)"
	assert_equal "${#lines[@]}" 3
	# --break shows the nodes and asks first.
	start_terminal "$ZKRUN" --break -q t
	wait_for 10 grep -q '\[y/N\] $' "$out"
	assert_regex "$(<"$out")" "the queue of 't' has a node of web7 \\(pid 7,"
	# A node without a session has no command that could run.
	run ! grep 'still be running' "$out"
	type_keys 'n\n'
	wait_for 10 gone "${HELPERS[-1]}"
	queue_count t 2
	# --break deletes the nodes along with a lease; a waiter keeps its
	# place.
	zk create "$BASE/t/leases" >/dev/null
	plant h "$BASE/t" <<<"e leases/x $(made_by 1)"
	zkrun_bg w -t t -- true
	wait_for 10 holds_count t 2
	run -0 zkrun --break --yes t
	assert_line --index 0 "zkrun: 't' is held by web1 (pid 1, user joe, command job1)"
	assert_line --index 1 --partial "the queue of 't' has a node of web7 (pid 7,"
	assert_line "zkrun: the lease node of web1 (pid 1, user joe, command job1) is deleted"
	assert_line "zkrun: the queue node of web7 (pid 7, user joe, command job7) without a session is deleted"
	assert_line --partial "the queue node of 10.0.0.7"
	zkrun_wait w 10
	assert_equal "$status" 0
	queue_count t 0
	# --break also deletes the nodes if no client holds the lock.
	stale_line u
	run -0 zkrun --break --yes u
	queue_count u 0
}

@test "--status lists all holders and waiters of a semaphore" {
	start_curator
	for name in A B; do
		curator_say semaphore $name "$BASE/t" 2 -1
		curator_expect 10 $name acquired
	done
	curator_say semaphore C "$BASE/t" 2 -1
	wait_for 10 holds_count t 3
	curator_say semaphore D "$BASE/t" 2 -1
	wait_for 10 queue_count t 2
	status_json t
	assert_equal "$(got '.tasks[0]|[.holders,.waiting]|map(length)')" '[2,2]'
	curator_say release A
	curator_expect 10 C acquired
	wait_for 10 queue_count t 1
	wait_for 10 holds_count t 3
	status_json t
	assert_equal "$(got '.tasks[0]|[.holders,.waiting]|map(length)')" '[2,1]'
}

@test "one session of several threads: its youngest lease waits, older ones hold" {
	zk create -p "$BASE/t/leases" >/dev/null
	zk create -p "$BASE/t/locks" >/dev/null
	plant threads "$BASE/t" <<-EOF
		e leases/_c_a-lease-0000000001 $(made_by 1)
		e leases/_c_b-lease-0000000002 $(made_by 2)
		e locks/_c_c-lock-0000000003 $(made_by 3)
	EOF
	status_json t
	assert_equal "$(got '.tasks[0]|[.holders,.waiting]|map(map(.pid))')" \
	    '[[1,2],[3]]'
	plant other "$BASE/t" <<<"e locks/_c_d-lock-0000000004 $(made_by 4)"
	status_json t
	assert_equal "$(got '.tasks[0]|[.holders,.waiting]|map(map(.pid))')" \
	    '[[1,2],[3,4]]'
}

@test "--status reports an unreadable record and shows everything else" {
	zk create -p "$RUNS/a" 'not a record' >/dev/null
	zk create -p "$RUNS/b" >/dev/null
	write_record c "$(run_line run 59999 1 3 web1)"
	run -1 zkrun --status
	assert_line --index 2 --regexp '^ +last run +unknown; the record cannot be read: this version of zkrun does not know its format'
	assert_line --index 4 --regexp '^ +last run +unknown; the record cannot be read: it is empty'
	assert_line --index 5 --regexp '^c +free .* exit 1 after 60.0s$'
	assert_line 'a: its record of runs cannot be read'
	status_json
	assert_equal "$(got '.tasks|map([.last_run.status,(.runs|length),(.record_problem|type)])')" \
	    '[[null,0,"string"],[null,0,"string"],[1,1,"null"]]'
}

@test "--status reports a record that an ACL protects, and still shows the lock's state" {
	local denied="an ACL forbids it (-102)"

	# 'held' and 'shut' have lock nodes; 'shut' has two protected nodes.
	write_record free "$(run_line run 59999 1 3 web1)"
	write_record held "$(run_line run 59999 1 3 web1)"
	write_record shut "$(run_line run 59999 1 3 web1)"
	hold_it h held
	zk create -p "$BASE/shut/leases" >/dev/null
	zk setacl "$BASE/shut/leases" wcda
	for name in free held shut; do
		zk setacl "$RUNS/$name" wcda
	done

	run -77 --separate-stderr zkrun --status free
	assert_equal "${#lines[@]}" 5
	assert_line --index 1 --regexp '^free +free$'
	assert_line --index 2 --regexp "^ +last run +unknown; the record cannot be read: ${denied//[()]/.}\$"
	assert_equal "$stderr" \
	    "zkrun: cannot look at '$RUNS/free': $denied"

	# Each protected node has its own message.
	run -77 --separate-stderr zkrun --status
	assert_line --index 1 --regexp '^free +free$'
	assert_line --index 3 --regexp '^held +held +20'
	assert_line --index 4 --regexp "^ +last run +unknown; the record cannot be read: ${denied//[()]/.}\$"
	assert_line --index 5 --regexp "^shut +unknown +${denied//[()]/.}\$"
	assert_line --index 6 --regexp "^ +last run +unknown; "
	assert_equal "$stderr" "$(printf "zkrun: cannot look at '%s': $denied\n" \
	    "$RUNS/free" "$RUNS/held" "$RUNS/shut" "$BASE/shut/leases")"

	run -77 --separate-stderr zkrun --status --json
	assert_equal "$(got '.tasks|map([.held,.problem,.record_problem,.last_run,.runs])|.[]')" \
	    "[false,null,\"$denied\",null,[]]
[true,null,\"$denied\",null,[]]
[null,\"$denied\",\"$denied\",null,[]]"

	# --revoke does not need the record.
	run -0 zkrun --revoke held
	zkrun_wait h 10
	run -0 zkrun --revoke free
	for name in free held shut; do
		zk setacl "$RUNS/$name" rwcda
	done
	zk setacl "$BASE/shut/leases" rwcda

	# A run with a credential leaves a protected record and no lease.
	echo digest:ops:sesame >"$BATS_TEST_TMPDIR/auth"
	chmod 600 "$BATS_TEST_TMPDIR/auth"
	run -0 zkrun -a "$BATS_TEST_TMPDIR/auth" -i 0 -t ours -- true
	run -77 --separate-stderr zkrun --status --json ours
	assert_equal "$(got '.tasks[0]|[.held,.problem,.record_problem]')" \
	    "[null,\"$denied\",\"$denied\"]"
	run -1 zkrun -a "$BATS_TEST_TMPDIR/auth" --status ours
	assert_line --index 1 --regexp '^ours +free .* exit 0 after'
}

# lease TASK AGE: plant a lease with a session, AGE seconds ago.
lease()
{
	set_clock "-$2"
	zk create -p "$BASE/$1/leases" >/dev/null
	plant "$1" "$BASE/$1/leases" <<<"e _c_x-lease-0000000000 $(made_by 1)"
	set_clock +0d
}

@test "below the table --status lists the tasks that need attention, and why" {
	use_clock_server
	zk create -p "$BASE" >/dev/null
	# 'waited' and 'lonely' are held for two hours.  'hangs' is held much
	# longer than its last good run took, 'works' is not.
	lease waited 7230
	plant line "$BASE/waited" <<<"p locks"
	plant line2 "$BASE/waited/locks" <<<"e _c_x-lock-0000000000 $(made_by 2)"
	lease lonely 7230
	lease hangs 1010
	lease works 1010
	write_record hangs "$(run_line success 100000 0 17 web3)" \
	    "$(run_line run 100000 0 17 web3)"
	write_record works "$(run_line success 400000 0 17 web3)" \
	    "$(run_line run 400000 0 17 web3)"
	# 'restored' has a lease without a session, the last run of 'failed'
	# failed, and 'shut' is paused.
	zk create -p "$BASE/restored/leases/x" "$(made_by 1)" >/dev/null
	write_record failed "$(run_line run 2467 9 17 web3)"
	LOGNAME=alice zkrun --pause shut disk is full
	run -0 zkrun --status
	run -0 sed '1,/^These tasks need attention:$/d' <<<"$output"
	assert_equal "$(sed 's/:.*//' <<<"$output" | tr '\n' ' ')" \
	    'failed hangs restored waited shut '
	assert_line --regexp '^failed: failed [0-9]+d[0-9]+h ago on web3 with exit status 9, and never succeeded$'
	assert_line --regexp '^hangs: held by web1 \(pid 1\) for 16m[0-9]+s; its last successful run took 1m40s$'
	assert_line "restored: held by a lease without a session (--break deletes it)"
	assert_line --regexp "^shut: paused by alice@$(hostname) since [0-9:]+: disk is full\$"
	assert_line --regexp '^waited: held by web1 \(pid 1\) for 2h00m while 1 client waits$'
	# 'works' and 'lonely' need no attention.
	run -0 zkrun --status works lonely
	refute_output --partial 'need attention'
}

@test "a record with huge numbers does not overflow the age of a run" {
	local most=9223372036854775807

	write_record t "run began=1 started=$most took=$most status=7 fence=1 host=web3"
	run -1 zkrun --status t
	assert_line 't: failed 0.0s ago on web3 with exit status 7, and never succeeded'
}

@test "on a terminal --status prints the age after each time" {
	hold_it holder t
	"$TOOLS/pty" "$ZKRUN" --status t >"$BATS_TEST_TMPDIR/shown"
	run -0 cat "$BATS_TEST_TMPDIR/shown"
	assert_output --regexp ' held +20[-0-9]+ [0-9:]+ \([0-9.]+s ago\) '
	run -0 zkrun --status t
	refute_output --partial ' ago'
	let_go holder
}

# harmless FILE: does FILE hold UTF-8 with no control character but the newline?
harmless()
{
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null &&
	    ! LC_ALL=C tr -d '\n' <"$1" | LC_ALL=C grep -qaP '[\x00-\x1f\x7f]' &&
	    ! LC_ALL=C grep -qaP '\xc2[\x80-\x9f]' "$1"
}

@test "foreign data never reaches the terminal raw, and the JSON stays valid" {
	local out=$BATS_TEST_TMPDIR/out bad i=0 file

	zk create -p "$BASE/t/leases" >/dev/null
	for bad in $'\e[2J\a\r\n\t' $'\302\233[31m' $'\377\376\300\200' \
	    $'\303' '"\\}]' $'\342\200\256evil' \
	    $'host=\e[31m pid=1 user=\377 command=\302\205' \
	    "$(printf 'host=%0300d pid=1 command=%05000d' 0 0)" \
	    'host=h pid=notapid' 'host= pid=99999999999999999999'; do
		i=$((i + 1))
		zk create "$BASE/t/leases/x$i" "$bad" >/dev/null
	done
	zk create -p "$RUNS/t" >/dev/null
	zk set "$RUNS/t" "zkrun 1
$(run_line run 9223372036854775807 1 3 $'\e[31m\377"')
"
	zkrun --status >"$out"
	harmless "$out"
	# Each lease has one line in the table, and the task one below it.
	assert_equal "$(wc -l <"$out")" $((i + 2 + 3))
	zkrun --status --json >"$out"
	harmless "$out"
	jq -e '.tasks[0].holders|length == 10' "$out"
	assert_equal "$(jq -c '.tasks[0].holders[0].address' "$out")" \
	    '"\u001b[2J\u0007\r\n\t"'
	assert_equal "$(jq -r '.tasks[0].holders[2].address' "$out")" '����'
	assert_equal "$(jq -r '.tasks[0].holders[4].address' "$out")" '"\\}]'
	# Messages are harmless as well.
	file=$BATS_TEST_TMPDIR/err
	run -75 zkrun --revoke -w 0.1 t
	printf '%s\n' "$output" >"$file"
	harmless "$file"
	zkrun --break --yes t 2>"$file"
	harmless "$file"
}

@test "--status reports a full disk, but not a closed stdout" {
	run -71 bash -c '"$ZKRUN" --status >/dev/full'
	assert_output "zkrun: cannot write to standard output: No space left on device"
	run -1 bash -c '"$ZKRUN" --status >&-'
	assert_output ''
	run -1 bash -c '"$ZKRUN" --status --json a >&- 2>&- <&-'
}

@test "after lost contact --status repeats all its requests" {
	zk create -p "$BASE/t/leases/x" "$(made_by 7)" >/dev/null
	start_relay
	for op in 9 12 4; do
		relay_tell drop-reply $op 1 then-cut
		run -0 zkrun -c "$RELAY_CONNECT" --status --json
		assert_equal "$(got '.tasks|map([.task,.held,.holders[0].pid])')" \
		    '[["t",true,7]]'
	done
	assert_equal "$(relay_count dropped)" 3
}

# a_thousand: make 1000 tasks, each with a holder, a waiter and a record.
a_thousand()
{
	local who='host=web pid=%d user=joe start=x command=job'

	zk create -p "$BASE" >/dev/null
	zk create -p "$RUNS" >/dev/null
	plant h "$BASE" < <(seq 1000 | awk -v who="$(printf "$who" 1)" '{
		t = "t" $1
		print "p " t "\np " t "/leases\np " t "/locks"
		print "e " t "/leases/_c_h-lease-0000000000 " who }')
	plant w "$BASE" < <(seq 1000 | awk -v who="$(printf "$who" 2)" '{
		print "e t" $1 "/locks/_c_w-lock-0000000001 " who
		print "e t" $1 "/leases/_c_w-lease-0000000001 " who }')
	plant r "$RUNS" < <(seq 1000 |
	    awk -v run="$(run_line run 5 0 17 web1)" '{
		print "p t" $1 " zkrun 1\\n" run "\\n" }')
}

@test "--status of 1,000 tasks takes three round trips and less than half a second" {
	local best=999999 before took i limit=500 out=$BATS_TEST_TMPDIR/out

	! asan || limit=2000
	a_thousand
	# Take the best of eight, because the machine has other work.
	for i in 1 2 3 4 5 6 7 8; do
		before=$(now_us)
		zkrun --status --json >"$out"
		took=$((($(now_us) - before) / 1000))
		[ $took -ge $best ] || best=$took
	done
	echo "best of 8: $best ms"
	jq -e '[.tasks[]|select(.holders[0].pid == 1 and .waiting[0].pid == 2
	    and (.holders|length) == 1 and .last_run.fence == 17)]|
	    length == 1000' "$out"
	[ $best -lt $limit ]

	# Each round trip takes two seconds: one for the session, three to look.
	start_relay relay "$ZKRUN_CONNECT" -d 1000
	: >"$out"
	before=$(now_us)
	zkrun_bg status -c "$RELAY_CONNECT" --status
	wait_for 20 test -s "$BATS_TEST_TMPDIR/status.out"
	took=$((($(now_us) - before) / 1000))
	echo "over a slow line: $took ms"
	zkrun_wait status 10
	assert_equal "$(grep -c ' held ' "$BATS_TEST_TMPDIR/status.out")" 1000
	[ $took -ge 8000 ]
	asan || [ $took -lt 10000 ]
	# --status sends one sync, one list each of base and runs, three lists for
	# each task, and four reads for each task: the record and three nodes.
	assert_equal "$(relay_count op9)" 1
	assert_equal $(($(relay_count op8) + $(relay_count op12))) 3002
	assert_equal "$(relay_count op4)" 4000
}

@test "--status of a named task takes two round trips and closes its session" {
	local took before

	start_relay relay "$ZKRUN_CONNECT" -d 250
	zk create -p "$BASE/t/leases/x" "$(made_by 1)" >/dev/null
	before=$(now_us)
	zkrun_bg status -c "$RELAY_CONNECT" --status t
	wait_for 10 test -s "$BATS_TEST_TMPDIR/status.out"
	took=$((($(now_us) - before) / 1000))
	zkrun_wait status 10
	[ $took -ge 1500 ]
	[ $took -lt 2000 ]
	assert_equal "$(relay_count op-11)" 1
}

# churner N END: take one of three tasks at random until END.
churner()
{
	while [ "$(now_us)" -lt "$2" ]; do
		"$ZKRUN" -w 0.2 -t "c$((RANDOM % 3))" -- true 2>/dev/null || true
	done
}

# ghosts: print each node that --status showed after its deletion.
ghosts()
{
	local i

	for ((i = 1; i <= looks; i++)); do
		jq -r --arg at "$(<"$BATS_TEST_TMPDIR/at$i")" '.tasks[] |
		    .holders[], .waiting[] | "\($at) \(.node)"' \
		    "$BATS_TEST_TMPDIR/look$i"
	done >"$BATS_TEST_TMPDIR/shown"
	[ -s "$BATS_TEST_TMPDIR/shown" ] || echo 'nothing was ever shown'
	awk 'FILENAME !~ /shown$/ { if ($2 == "-") gone[$3] = $1; next }
	    { sub(".*/", "", $2) }
	    $2 in gone && gone[$2] < $1 { print $2, "went at", gone[$2], "shown at", $1 }
	    ' "$BATS_TEST_TMPDIR"/watch-* "$BATS_TEST_TMPDIR/shown"
}

@test "while zkruns come and go, --status shows no deleted node and no second holder" {
	local end i looks=0 rc name gone seen

	for i in 0 1 2; do
		zk create -p "$BASE/c$i/leases" >/dev/null
		zk create -p "$BASE/c$i/locks" >/dev/null
		for name in leases locks; do
			"$TOOLS/znode" -c "$ZKRUN_CONNECT" watch \
			    "$BASE/c$i/$name" \
			    >"$BATS_TEST_TMPDIR/watch-$i-$name" 3>&- &
			HELPERS+=($!)
			wait_for 5 grep -q watching \
			    "$BATS_TEST_TMPDIR/watch-$i-$name"
		done
	done
	end=$(($(now_us) + 3000000))
	for i in 1 2 3 4 5; do
		churner $i $end 3>&- &
		BG[churner$i]=$!
	done
	while [ "$(now_us)" -lt $end ]; do
		looks=$((looks + 1))
		# znode's lines have the same clock, in milliseconds.
		awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime \
		    >"$BATS_TEST_TMPDIR/at$looks"
		rc=0
		zkrun --status --json >"$BATS_TEST_TMPDIR/look$looks" || rc=$?
		[ $rc -le 1 ]
	done
	for i in 1 2 3 4 5; do
		wait "${BG[churner$i]}"
	done
	gone=$(cat "$BATS_TEST_TMPDIR"/watch-* | grep -c ' - ')
	seen=$(cat "$BATS_TEST_TMPDIR"/look*[0-9] |
	    jq -s 'map(.tasks[].holders|length)|[length,add,max]' -c)
	echo "$looks looks, $gone nodes gone; tasks, holders, most: $seen"
	[ $looks -ge 5 ]
	[ "$gone" -ge 20 ]
	assert_equal "$(ghosts)" ''
	jq -e '.[1] > 0 and .[2] == 1' <<<"$seen"
}

#
# --revoke
#

# give_up_when_asked NODE: do for a planted node what a holder's keeper does.
give_up_when_asked()
{
	wait_for 10 asked "$1" && zk rm "$1"
}

asked()
{
	zk get "$1" | grep -q ' revoke='
}

@test "--revoke asks the holder, and exits when its lease is deleted" {
	local node me since

	me=${LOGNAME:-$(id -un)}@$(hostname)
	# The command ignores TERM until told to end.
	zkrun_bg holder -k 60 -t t -- sh -c 'trap "" TERM
	    until [ -e "$1" ]; do sleep 0.05; done' job "$BATS_TEST_TMPDIR/go"
	wait_for 10 has_command "$BG_PID"
	wait_for 5 queue_count t 0
	node=$BASE/t/leases/$(holders t)
	status_json t
	since=$(got '.tasks[0].holders[0].since')
	zkrun_bg revoke --revoke t
	wait_for 10 asked "$node"
	assert_regex "$(zk get "$node")" \
	    "^host=$(hostname) pid=${BG[holder]} user=[^ ]+ start=[^ ]+ command=sh since=[0-9]+ revoke=$me$"
	status_json t
	assert_equal "$(got '.tasks[0].holders[0].revoked_by')" "\"$me\""
	assert_equal "$(got '.tasks[0].holders[0].since')" "$since"
	wait_for 5 grep -q "was revoked by $me" "$BATS_TEST_TMPDIR/holder.err"
	[ -e "/proc/$BG_PID" ]
	touch "$BATS_TEST_TMPDIR/go"
	zkrun_wait revoke 10
	assert_equal "$status" 0
	run cat "$BATS_TEST_TMPDIR/revoke.err"
	assert_line --index 0 --regexp "^zkrun: asked $(hostname) \(pid ${BG[holder]}, user .*, command sh\) to stop and release 't'$"
	assert_line --index 1 --regexp "^zkrun: .* \(pid ${BG[holder]}, .* released 't'$"
	assert_equal "${#lines[@]}" 2
	zkrun_wait holder 10
	assert_equal "$status" 76
}

@test "--revoke reaches a holder that had to wait, and its successor runs" {
	hold_it first t
	zkrun_bg second -t t -- sleep 600
	wait_for 10 holds_count t 2
	zkrun_bg third -t t -- touch "$BATS_TEST_TMPDIR/ran"
	wait_for 10 queue_count t 2
	run -0 zkrun --revoke -w 20 t
	zkrun_wait first 10
	assert_equal "$status" 76
	wait_for 10 has_command "${BG[second]}"
	# The second --revoke asks the new holder.
	run -0 zkrun --revoke -w 20 t
	assert_output --partial "asked $(hostname) (pid ${BG[second]},"
	zkrun_wait second 10
	assert_equal "$status" 76
	zkrun_wait third 10
	assert_equal "$status" 0
	[ -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "--revoke of a free task exits 0 at once and creates nothing" {
	run -0 zkrun --revoke t
	assert_output "zkrun: nobody holds 't'"
	run -1 zk stat "$BASE"
	zk create -p "$BASE/t/leases" >/dev/null
	run -0 zkrun --revoke -w 5 -t t
	run -64 zkrun --revoke
	run -64 zkrun --revoke t u
	run -69 zkrun -c "127.0.0.1:$("$TOOLS/freeport" 1)" -r 0 --revoke t
	assert_output --regexp "^zkrun: cannot revoke 't': 127.0.0.1:"
}

@test "--revoke waits as long as -w says, and asks only once" {
	local me node

	zk create -p "$BASE/t/leases" >/dev/null
	plant h "$BASE/t" <<<"e leases/x $(made_by 1)"
	node=$BASE/t/leases/x
	me=${LOGNAME:-$(id -un)}@$(hostname)
	run -75 zkrun --revoke -n t
	assert_line --index 0 "zkrun: asked web1 (pid 1, user joe, command job1) to stop and release 't'"
	assert_line --index 1 "zkrun: not waiting for 't' to be released"
	run -9 zkrun --revoke -E 9 -w 0.2 t
	assert_line --index 0 "zkrun: web1 (pid 1, user joe, command job1) was already asked by $me to stop and release 't'"
	assert_line --index 1 "zkrun: gave up waiting for 't' after 0.2s"
	LOGNAME=eve run -75 zkrun --revoke -w 0.1 t
	assert_line --index 0 --partial " was already asked by $me to stop"
	assert_equal "$(zk get "$node" | grep -o revoke= | wc -l)" 1
	run -75 zkrun --revoke -q -n t
	assert_output ''
}

@test "--revoke asks all holders and no waiters" {
	zk create -p "$BASE/t/leases" >/dev/null
	zk create -p "$BASE/t/locks" >/dev/null
	plant a "$BASE/t" <<<"e leases/a $(made_by 1)"
	plant b "$BASE/t" <<<"e leases/b $(made_by 2)"
	plant c "$BASE/t" <<-EOF
		e locks/x-lock-0000000001 $(made_by 3)
		e leases/c $(made_by 3)
	EOF
	zkrun_bg revoke --revoke -w 20 t
	give_up_when_asked "$BASE/t/leases/a"
	wait_for 10 asked "$BASE/t/leases/b"
	[ -e "/proc/$BG_PID" ]
	zk rm "$BASE/t/leases/b"
	zkrun_wait revoke 5
	assert_equal "$status" 0
	assert_equal "$(zk get "$BASE/t/leases/c")" "$(made_by 3)"
	assert_equal "$(zk get "$BASE/t/locks/x-lock-0000000001")" "$(made_by 3)"
}

# revoke_through_relay: start a --revoke behind a relay.  It asks a planted
# holder.
revoke_through_relay()
{
	zk create -p "$BASE/t/leases" >/dev/null
	plant h "$BASE/t" <<<"e leases/x $(made_by 1)"
	start_relay
	zkrun_bg revoke -c "$RELAY_CONNECT" --revoke -w 20 t
	wait_for 10 asked "$BASE/t/leases/x"
	wait_for 5 grep -q asked "$BATS_TEST_TMPDIR/revoke.err"
}

# revoked_once: the --revoke succeeds and reports the release once.
revoked_once()
{
	zkrun_wait revoke 10
	assert_equal "$status" 0
	assert_equal "$(grep -c 'released' "$BATS_TEST_TMPDIR/revoke.err")" 1
}

@test "--revoke goes on waiting after lost contact" {
	revoke_through_relay
	relay_tell refuse on
	relay_tell cut
	# The holder releases while --revoke has no contact.
	zk rm "$BASE/t/leases/x"
	relay_tell refuse off
	revoked_once
}

@test "--revoke goes on waiting after its own session expired" {
	revoke_through_relay
	relay_tell no-resume
	relay_tell cut
	counted() { [ "$(relay_count accepted)" -ge 3 ]; }
	wait_for 10 counted
	zk rm "$BASE/t/leases/x"
	revoked_once
}

@test "--revoke looks again if its request was lost or came too late" {
	local node=$BASE/t/leases/x

	zk create -p "$BASE/t/leases" >/dev/null
	plant h "$BASE/t" <<<"e leases/x $(made_by 1)"
	start_relay
	# Somebody writes the node between the look and the request (multi, 14).
	relay_tell freeze-at 14
	zkrun_bg revoke -c "$RELAY_CONNECT" --revoke -w 20 t
	wait_for 10 eval '[ "$(relay_count op14)" -eq 1 ]'
	zk set "$node" "$(made_by 2)"
	relay_tell thaw
	wait_for 10 asked "$node"
	assert_regex "$(zk get "$node")" '^host=web2 .* revoke='
	zk rm "$node"
	zkrun_wait revoke 5
	assert_equal "$status" 0
	# The request arrives and its reply is lost: --revoke asks only once.
	plant h2 "$BASE/t" <<<"e leases/x $(made_by 1)"
	relay_tell drop-reply 14 1 then-cut
	zkrun_bg revoke2 -c "$RELAY_CONNECT" --revoke -w 20 t
	give_up_when_asked "$node"
	zkrun_wait revoke2 10
	assert_equal "$status" 0
}

@test "--revoke cannot ask a Curator client, which keeps its lease" {
	local name

	start_curator
	curator_say semaphore A "$BASE/t" 2 -1
	curator_expect 10 A acquired
	run -75 zkrun --revoke t
	assert_output --regexp "^zkrun: cannot revoke 't': it is held by ([0-9a-f.:]+ \(not zkrun\)|another client), which cannot be asked to stop \(--break deletes its lease node\)$"
	run -5 zkrun --revoke -E 5 -n t
	name=$(holders t)
	# The node still has the data that Curator wrote.
	curator_where "$BASE/t/leases/$name"
	# With two holders --revoke asks the zkrun and waits for it.
	plant h "$BASE/t" <<<"e leases/x $(made_by 1)"
	zkrun_bg revoke --revoke -w 20 t
	wait_for 10 asked "$BASE/t/leases/x"
	[ -e "/proc/$BG_PID" ]
	zk rm "$BASE/t/leases/x"
	zkrun_wait revoke 5
	assert_equal "$status" 75
	assert_equal "$(holders t)" "$name"
}

@test "--revoke and --break exit 77 if an ACL forbids to ask, to delete or to look" {
	zk create -p "$BASE/t/leases" >/dev/null
	plant h "$BASE/t" <<<"e leases/x $(made_by 1)"
	zk setacl "$BASE/t/leases/x" ra
	run -77 zkrun --revoke t
	assert_output "zkrun: cannot revoke '$BASE/t/leases/x': an ACL forbids it (-102)"
	zk setacl "$BASE/t/leases" rwca
	run -77 zkrun --break --yes t
	assert_line "zkrun: cannot break '$BASE/t/leases/x': an ACL forbids it (-102)"
	zk setacl "$BASE/t/leases" wcda
	run -77 zkrun --revoke t
	assert_output "zkrun: cannot look at '$BASE/t/leases': an ACL forbids it (-102)"
	run -77 zkrun --break --yes t
	zk setacl "$BASE/t/leases" rwcda
}

#
# --break
#

@test "--break --yes deletes the leases of all holders, also of Curator clients" {
	start_curator
	hold_it holder t
	# Plant the leases, because the mutex admits only one holder.
	plant foreign "$BASE/t" <<<'e leases/y 10.0.0.7'
	zkrun_bg waiter -t t -- true
	wait_for 10 holds_count t 3
	run -0 zkrun --break --yes t
	assert_line --index 0 --regexp "^zkrun: 't' is held by .* \\(pid ${BG[holder]},"
	assert_line --index 1 "zkrun: 't' is held by 10.0.0.7 (not zkrun)"
	assert_line --index 2 --regexp '^zkrun: their commands may still be running'
	assert_line --regexp "^zkrun: the lease node of .* \(pid ${BG[holder]}, .* is deleted$"
	assert_line 'zkrun: the lease node of 10.0.0.7 (not zkrun) is deleted'
	# zkrun kills the command of the broken lease, and the waiter runs.
	zkrun_wait holder 10
	assert_equal "$status" 76
	zkrun_wait waiter 10
	assert_equal "$status" 0
	run -0 zkrun --break --yes t
	assert_output "zkrun: nobody holds 't'"
	run -0 zkrun --break --yes -q nothing
	assert_output ''
}

@test "--break asks on the terminal, and deletes only the leases that it showed" {
	local out=$BATS_TEST_TMPDIR/terminal.out

	zk create -p "$BASE/t/leases" >/dev/null
	plant a "$BASE/t" <<<"e leases/a $(made_by 1)"
	start_terminal sh -c '
		for i in 1 2 3; do
			"$ZKRUN" --break -q t </dev/null >/dev/null
			echo "status $?."
		done'
	# zkrun takes any answer except y or yes for a no.
	wait_for 10 grep -q '\[y/N\] $' "$out"
	type_keys '\n'
	wait_for 10 has_lines "$out" '^status 75\.' 1
	assert_regex "$(<"$out")" "'t' is held by web1 \(pid 1, user joe, command job1\)"
	assert_regex "$(<"$out")" 'may still be running'
	wait_for 10 has_lines "$out" '\[y/N\]' 2
	type_keys 'nay\n'
	wait_for 10 has_lines "$out" '^status 75\.' 2
	assert_equal "$(holders t)" a
	# A lease that appears after the question stays.
	wait_for 10 has_lines "$out" '\[y/N\]' 3
	plant b "$BASE/t" <<<"e leases/b $(made_by 2)"
	type_keys 'y\n'
	wait_for 10 has_lines "$out" '^status 0\.' 1
	assert_equal "$(holders t)" b
}

@test "--break without a terminal and without --yes deletes nothing" {
	zk create -p "$BASE/t/leases/x" "$(made_by 1)" >/dev/null
	run -64 setsid -w "$ZKRUN" --break t
	assert_output "zkrun: cannot break 't': no terminal to ask for confirmation (use --yes)"
	assert_equal "$(holders t)" x
	run -64 zkrun --break --yes
	run -64 zkrun --yes --status
}
