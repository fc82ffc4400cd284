#!/usr/bin/env bats
#
# zkrun --pause and --resume.  A pause keeps out every later contender, of zkrun
# and of Curator, until it ends.

load lib/helper
load lib/runs

setup()
{
	bench_setup
	P=/lock/mutex/$TASK
	# The user who pauses in these tests.
	export LOGNAME=ops
	OPS=ops@$(hostname)
	TIME='[0-9][-0-9: ]*'
}

# pauses [TASK]: print the names of all pause nodes, one a line.
pauses()
{
	holders "${1:-$TASK}" | grep '^pause-'
}

# pauses_count N [TASK]
pauses_count()
{
	assert_equal "nodes of pauses: $(pauses "$2" | grep -c .)" \
	    "nodes of pauses: $1"
}

# refused OPTION...: a new run gives up, says PAUSED_BY and starts nothing.
refused()
{
	run -75 zkrun "$@" -t "$TASK" -- touch "$(RAN)"
	assert_line --regexp "^zkrun: ('$TASK'|gave up waiting for '$TASK' after [0-9.]+s: it) is paused by $PAUSED_BY\$"
	[ ! -e "$(RAN)" ]
}

@test "a contender that comes after --pause gives up and says who paused, when and why" {
	run -0 zkrun --pause "$TASK" we move the disk
	assert_output "zkrun: paused '$TASK'"
	PAUSED_BY="$OPS since $TIME: we move the disk"
	start_relay
	refused -n -c "$RELAY_CONNECT"
	# The contender creates no node in the queue.
	assert_equal "$(relay_count op15)" 0
	# The lease node with which the next contender waits comes after the
	# pause.
	refused -w 1s
	zkrun_bg head -t "$TASK" -- touch "$(RAN)"
	wait_for 10 holds_count "$TASK" 2
	refused -n
	refused -w 1s
	queue_count "$TASK" 1
	kill -TERM "$BG_PID"
	ended_in head 5 143
	[ ! -e "$(RAN)" ]
	pauses_count 1
}

@test "a waiter reports the pause once and runs after --resume" {
	run -0 zkrun --pause "$TASK" why
	zkrun_bg head -t "$TASK" -- touch "$(RAN)"
	wait_for 5 says head "^zkrun: waiting for '$TASK': 0:0., next in the queue, paused by $OPS since $TIME: why\$"
	zkrun_bg second -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 2
	# The waiter looks again, but has nothing new to report.
	LOGNAME=bob run -0 zkrun --pause "$TASK"
	run -0 zkrun --resume "$TASK" bob
	run -0 zkrun --pause -l 2 "$TASK"
	[ ! -e "$(RAN)" ]
	run -0 zkrun --resume "$TASK"
	ended_in head 10 0
	ended_in second 10 0
	[ -e "$(RAN)" ]
	assert_equal "$(grep -c paused "$BATS_TEST_TMPDIR/head.err")" 1
	assert_lock_clean "$TASK"
}

@test "a waiter behind a holder reports a new pause" {
	hold holder "$TASK"
	zkrun_bg waiter -t "$TASK" -- true
	wait_for 10 holds_count "$TASK" 2
	run -0 zkrun --pause "$TASK" later
	wait_for 5 says waiter "paused by $OPS since $TIME: later\$"
	let_go holder
	PAUSED_BY="$OPS since $TIME: later" refused -n
	not gone "$BG_PID"
	run -0 zkrun --resume "$TASK"
	ended_in waiter 10 0
}

@test "--pause names a holder that got the lock a moment before" {
	local next round task

	start_relay
	for round in 1 2 3 4 5; do
		task=$TASK-$round
		hold "holder$round" "$task"
		zkrun_bg "next$round" -v -c "$RELAY_CONNECT" -t "$task" -- \
		    sleep 600
		next=$BG_PID
		wait_for 10 says "next$round" 'next in the queue'
		relay_tell delay 20
		let_go "holder$round"
		wait_for 10 holds_count "$task" 1
		# The new holder's request to leave the queue is under way.
		run -0 zkrun --pause "$task"
		assert_line --partial "$(hostname) (pid $next,"
		relay_tell delay 0
		let_go "next$round"
	done
}

@test "--pause warns if the task has more holders than the pause has leases" {
	hold one "$TASK" -l 2
	hold two "$TASK" -l 2
	run -0 zkrun --pause "$TASK"
	assert_line "zkrun: '$TASK' has 2 holders, but the pause covers only 1: pause again with the -l of the runs"
	run -0 zkrun --resume "$TASK"
	run -0 zkrun --pause -l 2 "$TASK"
	refute_output --partial ' holders,'
	run -64 zkrun --pause -l 1001 "$TASK"
	assert_output "zkrun: cannot use '--leases': a pause has at most 1000 leases (try 'zkrun --help')"
	let_go one
	let_go two
}

@test "over a slow link, a pause just before the holder ends keeps the waiter out" {
	start_relay relay "$ZKRUN_CONNECT" -d 150
	hold holder "$TASK"
	zkrun_bg waiter -c "$RELAY_CONNECT" -t "$TASK" -- touch "$(RAN)"
	wait_for 20 holds_count "$TASK" 2
	# The answer to USR1 shows that the waiter watches the holder.
	kill -USR1 "$BG_PID"
	wait_for 10 says waiter ', next in the queue, held by'
	run -0 zkrun --pause "$TASK"
	let_go holder
	wait_for 10 says waiter ', paused by'
	not gone "$BG_PID"
	[ ! -e "$(RAN)" ]
	run -0 zkrun --resume "$TASK"
	ended_in waiter 20 0
}

@test "a pause keeps out Curator's clients, and --resume lets them in" {
	start_curator
	run -0 zkrun --pause "$TASK"
	curator_say acquire A "$P" 0
	curator_expect 10 A refused
	curator_say acquire B "$P" 300
	curator_expect 10 B refused
	curator_say semaphore C "$P" 1 300
	curator_expect 10 C refused
	curator_say acquire D "$P" -1
	wait_for 10 queue_count "$TASK" 1
	curator_say semaphore E "$P" 1 -1
	wait_for 10 queue_count "$TASK" 2
	run -0 zkrun --resume "$TASK"
	curator_expect 10 D acquired
	run -75 zkrun -n -t "$TASK" -- true
	curator_say release D
	curator_expect 10 E acquired
	curator_say release E
	curator_expect 10 E released
	assert_lock_clean "$TASK"
}

@test "--pause names a Curator client that holds the lock; the client goes on, and no other one gets the lock" {
	start_curator
	curator_say acquire A "$P" -1
	curator_expect 10 A acquired
	run -0 zkrun --pause "$TASK"
	assert_line --index 0 "zkrun: paused '$TASK'"
	# zkrun cannot ask a Curator client to stop.
	assert_line --index 1 --regexp "^zkrun: ([0-9a-f.:]+ \(not zkrun\)|another client) still holds '$TASK' and continues\$"
	assert_equal "${#lines[@]}" 2
	curator_say release A
	curator_expect 10 A released
	curator_say acquire B "$P" 300
	curator_expect 10 B refused
	PAUSED_BY="$OPS since $TIME" refused -n
	run -0 zkrun --resume "$TASK"
	curator_say acquire C "$P" 5000
	curator_expect 10 C acquired
}

@test "during a pause the holder goes on, --revoke stops it, --break deletes its lease" {
	local who

	hold holder "$TASK"
	run -0 zkrun --pause "$TASK" why
	who="$(hostname) \(pid $BG_PID, user ops, command sleep\)"
	assert_line --index 1 --regexp "^zkrun: $who still holds '$TASK' and continues \(--revoke stops it\)\$"
	has_command "$BG_PID"
	PAUSED_BY="$OPS since $TIME: why"
	refused -n
	run -0 zkrun --revoke -w 20 "$TASK"
	assert_line --regexp "^zkrun: asked $who to stop"
	assert_line --regexp "^zkrun: '$TASK' is paused by $PAUSED_BY \(--resume ends the pause\)\$"
	ended_in holder 10 76
	refused -n
	run -0 zkrun --revoke "$TASK"
	assert_line --index 0 "zkrun: nobody holds '$TASK'"
	assert_line --index 1 --partial "is paused by $OPS"

	zk create "$P/leases/x" 'host=web1 pid=7 user=joe command=job' >/dev/null
	run -0 zkrun --break --yes "$TASK"
	assert_line --partial 'the lease node of web1 (pid 7,'
	assert_line --partial "is paused by $OPS"
	assert_equal "$(holders "$TASK")" "$(pauses)"
	run -0 zkrun --break --yes "$TASK"
	assert_line --index 0 "zkrun: nobody holds '$TASK'"
	assert_line --index 1 --partial "is paused by $OPS"
	refused -n
	pauses_count 1
}

# nap MS: sleep without starting a process.
nap()
{
	read -rt "$(printf '0.%03d' "$1")" <>"$BATS_TEST_TMPDIR/nap" || true
}

# lines_of FILE: print the number of lines of FILE.
lines_of()
{
	mapfile -t <"$1"
	echo "${#MAPFILE[@]}"
}

# race TASK: pause TASK just as its holder ends, while two contenders queue.
# Print how many commands had begun when --pause returned, or an error.
race()
{
	local task=$1 dir=$BATS_TEST_TMPDIR/$1 pids=() i rc ran

	: >"$dir.ran"
	"$ZKRUN" -t "$task" -- sh -c 'echo 0 >>"$0.ran"; read -r _ <"$0.gate"' \
	    "$dir" 2>"$dir.err" &
	pids=($!)
	until [ -s "$dir.ran" ]; do nap 5; done
	for i in 1 2; do
		"$ZKRUN" -q -t "$task" -- sh -c 'echo "$1" >>"$0.ran"' "$dir" $i \
		    2>>"$dir.err" &
		pids+=($!)
	done
	nap $((20 + RANDOM % 60))
	{ nap $((1 + RANDOM % (30 + 30 * (RANDOM % 3)))); echo >"$dir.gate"; } &
	nap $((1 + RANDOM % 30))
	"$ZKRUN" -q --pause "$task" || echo "--pause: $?"
	ran=$(lines_of "$dir.ran")
	rc=0
	"$ZKRUN" -n -t "$task" -- sh -c 'echo new >>"$0.ran"' "$dir" \
	    2>"$dir.refusal" || rc=$?
	[ $rc -eq 75 ] && grep -q 'paused by ops@' "$dir.refusal" ||
	    echo "came later: $rc $(<"$dir.refusal")"
	# One holder may have the lock, but not have started its command yet.
	[ "$(lines_of "$dir.ran")" -le $((ran + 1)) ] ||
	    echo "after $ran ran: $(tr '\n' ' ' <"$dir.ran")"
	"$ZKRUN" -q --resume "$task" || echo "--resume: $?"
	for i in "${pids[@]}"; do
		wait "$i" || echo "one of $task ended in $?"
	done
	wait
	[ "$(sort "$dir.ran" | tr '\n' ' ')" = '0 1 2 ' ] && [ ! -s "$dir.err" ] ||
	    echo "ran: $(tr '\n' ' ' <"$dir.ran") $(<"$dir.err")"
	echo "$ran had begun"
}

# races TASKS N: run N races on each of TASKS tasks, all tasks at a time.  The
# races must meet at least two of three cases: the pause comes before the holder
# ends, between the two waiters, or after both.
races()
{
	local tasks=$1 n=$2 i j out=$BATS_TEST_TMPDIR/races

	mkfifo "$BATS_TEST_TMPDIR/nap"
	for ((i = 0; i < tasks; i++)); do
		mkfifo "$BATS_TEST_TMPDIR/$TASK-$i.gate"
		for ((j = 0; j < n; j++)); do
			race "$TASK-$i"
		done >"$out$i" 2>&1 3>&- &
		BG[race$i]=$!
	done
	for ((i = 0; i < tasks; i++)); do
		wait "${BG[race$i]}"
		unset "BG[race$i]"
	done
	sort "$out"* | uniq -c >"$out"
	sed 's/^/# /' "$out" >&3
	assert_equal "$(grep -v 'had begun$' "$out")" ''
	assert_equal "$(awk '{ n += $1 } END { print n }' "$out")" $((tasks * n))
	[ "$(lines_of "$out")" -ge 2 ]
}

@test "60 pauses race with a holder's end: a later contender is always kept out" {
	races 6 10
}

# RACES=1000 tests/run pause 'many pauses'
# bats test_tags=long
@test "many pauses race with a holder's end: a later contender is always kept out" {
	if asan; then
		races 8 10
	else
		races 8 $((${RACES:-400} / 8))
	fi
}

@test "--pause -l 3 blocks a task with three leases; --resume USER ends that user's pause" {
	local of='ended the pause' stays='is still paused'

	hold holder "$TASK" -l 3
	LOGNAME=alice run -0 zkrun --pause -l 3 "$TASK" disks
	pauses_count 3
	LOGNAME=bob run -0 zkrun --pause "$TASK" -l 3
	pauses_count 6
	PAUSED_BY="(alice|bob)@.*"
	refused -n -l 3
	refused -w 0.5 -l 3
	run -0 zkrun --resume "$TASK" alice
	assert_line --regexp "^zkrun: $of of '$TASK' by alice@$(hostname) since $TIME: disks\$"
	assert_line --regexp "^zkrun: '$TASK' $stays by bob@$(hostname) since $TIME\$"
	assert_equal "${#lines[@]}" 2
	pauses_count 3
	PAUSED_BY='bob@.*'
	refused -n -l 3
	run -75 zkrun --resume "$TASK" alice
	assert_line "zkrun: '$TASK' is not paused by alice"
	LOGNAME=alice run -0 zkrun --pause -l 2 "$TASK"
	run -75 zkrun --resume "$TASK" "bob@elsewhere"
	pauses_count 5
	run -0 zkrun --resume "$TASK"
	assert_line --regexp "^zkrun: $of of '$TASK' by alice@"
	assert_line --regexp "^zkrun: $of of '$TASK' by bob@"
	assert_equal "${#lines[@]}" 2
	run -0 zkrun -n -l 3 -t "$TASK" -- true
	# A pause with too few leases does not block the task.
	run -0 zkrun --pause -l 1 "$TASK"
	run -0 zkrun -n -l 3 -t "$TASK" -- true
	LOGNAME=bob run -0 zkrun --pause "$TASK"
	run -0 zkrun --resume "$TASK" "bob@$(hostname)"
	pauses_count 1
}

@test "the reason is the operands after the task: one line of UTF-8, up to 200 bytes" {
	local long

	long=$(printf 'x%.0s' {1..200})
	for reason in "a  b" $'\303\274ber' "$long" "user=eve reason=x" "%s%n"; do
		run -0 zkrun --pause "$TASK" "$reason"
		zkrun --status --json "$TASK" >"$BATS_TEST_TMPDIR/json" || [ $? -eq 1 ]
		assert_equal "$(jq -r '.tasks[0].paused[0]|.user,.reason' \
		    "$BATS_TEST_TMPDIR/json")" "ops"$'\n'"$reason"
		PAUSED_BY="$OPS since $TIME: $reason" refused -n
		run -0 zkrun --resume "$TASK"
	done
	for reason in "${long}x" $'a\nb' $'a\033[1m' $'a\x7f' $'a\xff' $'\xc3'; do
		run -64 zkrun --pause "$TASK" "$reason"
		run -64 zkrun --pause "$TASK" two "$reason"
	done
	run -64 zkrun --pause "$TASK" "${long:1}" x
	assert_output "zkrun: cannot use 'x': the reason is longer than 200 bytes (try 'zkrun --help')"
	pauses_count 0
	run -0 zkrun --pause -t "$TASK" a task by -q
	assert_output ''
	assert_equal "$(zk get "$P/leases/$(pauses)" | sed 's/.* reason=//')" \
	    'a task by'
}

@test "--pause and --resume refuse a missing task, too many operands and a second mode, and make no node" {
	run -64 zkrun --pause
	run -64 zkrun --resume
	run -64 zkrun --resume "$TASK" alice bob
	run -64 zkrun --resume -t "$TASK" alice bob
	run -64 zkrun --pause "$TASK" --status
	run -64 zkrun --pause --resume "$TASK"
	run -64 zkrun --pause "$TASK" --json
	run -64 zkrun --resume "$TASK" --yes
	run -64 zkrun --pause a/b
	run -1 zk stat "$P"
}

@test "--pause creates missing parents; --resume deletes only its own leases directory" {
	local base=/pause/$TASK/deep

	run -0 zkrun -b "$base" --pause t
	LOCK_BASE=$base pauses_count 1 t
	run -75 zkrun -b "$base" -n -t t -- true
	# The last --resume deletes 'leases'; the next run creates it again.
	run -0 zkrun -b "$base" --resume t
	run -1 zk stat "$base/t/leases"
	run -0 zkrun -b "$base" -n -t t -- true

	# A contender in the queue without a lease still needs 'leases'.
	run -0 zkrun --pause "$TASK"
	zk create -p "$P/locks/_c_x-lock-0000000000" >/dev/null
	run -0 zkrun --resume "$TASK"
	zk stat "$P/leases"
	zk rmr "$P"
	# Somebody else made 'leases': only the pause is deleted.
	zk create -p "$P/leases" >/dev/null
	run -0 zkrun --pause "$TASK"
	run -0 zkrun --resume "$TASK"
	zk stat "$P/leases"
	run -0 zkrun -b / --pause "$TASK-top"
	LOCK_BASE='' run -0 zk ls "/$TASK-top/leases"
	run -0 zkrun -b / --resume "$TASK-top"
}

@test "--resume of a task that is not paused says so and exits 0" {
	run -0 zkrun --resume "$TASK"
	assert_output "zkrun: '$TASK' is not paused"
	run -0 zkrun --resume "$TASK" alice
	assert_output "zkrun: '$TASK' is not paused by alice"
	run -1 zk stat "$P"
}

@test "without a server or chroot --pause and --resume exit 69 and make no node" {
	local none

	none=127.0.0.1:$("$TOOLS/freeport" 1)
	run -69 zkrun -c "$none" -r 0 --pause "$TASK"
	assert_output --regexp "^zkrun: cannot pause '$TASK': $none: "
	run -69 zkrun -c "$none" -r 0 --resume "$TASK"
	assert_output --regexp "^zkrun: cannot resume '$TASK': $none: "
	for verb in --pause --resume; do
		run -69 zkrun -c "$ZKRUN_CONNECT/$TASK" $verb t
		assert_output --partial "the chroot of the connect string, '/$TASK', does not exist"
		assert_equal "${#lines[@]}" 1
	done
	run -1 zk stat "/$TASK"
}

# lost_reply SKIP COMMAND...: skip SKIP transactions of COMMAND, and lose the
# reply to the next one.
lost_reply()
{
	relay_tell drop-reply 14 1 "$1" then-cut
	run -0 zkrun -c "$RELAY_CONNECT" "${@:2}"
	dropped=$((dropped + 1))
	assert_equal "$(relay_count dropped)" "$dropped"
}

@test "if contact is lost at any moment, --pause makes one pause, and --resume removes all of its nodes" {
	local dropped=0 skip

	start_relay
	# There are six transactions: a try without and one with the parents,
	# for the first node and again after a lost reply, then two more nodes.
	for skip in 0 1 2 3 4 5; do
		lost_reply $skip --pause -l 3 "$TASK-$skip" why
		pauses_count 3 "$TASK-$skip"
		run zkrun --status --json "$TASK-$skip"
		assert_equal "$(jq -c '.tasks[0].paused|map(.leases)' \
		    <<<"$output")" '[3]'
	done
	# --resume deletes three nodes and 'leases'.
	for skip in 0 1 2 3; do
		lost_reply $skip --resume "$TASK-$skip"
		run -1 zk stat "/lock/mutex/$TASK-$skip/leases"
	done
}

@test "if an ACL stops a pause of three leases half-way, --pause takes it back" {
	start_relay
	zk create -p "$P/leases" >/dev/null
	relay_tell freeze-at 14 3
	zkrun_bg pause -c "$RELAY_CONNECT" --pause -l 3 "$TASK"
	wait_for 10 relay_counts op14 3
	pauses_count 2
	# From here on no client may create nodes in 'leases'.
	zk setacl "$P/leases" rd
	relay_tell thaw
	ended_in pause 10 77
	pauses_count 0
}

# auth_file NAME CREDENTIAL
auth_file()
{
	(umask 077; echo "$2" >"$BATS_TEST_TMPDIR/$1")
}

@test "with credentials others can neither lift a pause nor pause the task" {
	local auth=$BATS_TEST_TMPDIR/ours other=$BATS_TEST_TMPDIR/other ours

	auth_file ours digest:ops:x
	auth_file other digest:eve:y
	run -0 zkrun -a "$auth" --pause "$TASK" ours
	run -77 zkrun --resume "$TASK"
	run -77 zkrun -a "$other" --resume "$TASK"
	run -77 zkrun -a "$other" -n -t "$TASK" -- true
	run -75 zkrun -a "$auth" -n -t "$TASK" -- true
	run -0 zkrun -a "$auth" --resume "$TASK"
	# Only these credentials may still use the task's nodes.
	run -77 zkrun -a "$other" --pause "$TASK"
	assert_equal "${#lines[@]}" 1
	run -77 zkrun --pause -l 3 "$TASK"
	assert_equal "${#lines[@]}" 1
	assert_equal "$(zk -a digest:ops:x tree "$P" | grep pause)" ''

	# A user with read access sees who paused the task.
	ours=$(zk -a digest:ops:x acl "$P")
	run -0 zkrun -a "$auth" --acl "$ours,world:anyone:r" --pause "$TASK-2" why
	run -77 zkrun --resume "$TASK-2"
	assert_output --partial 'an ACL forbids it'
	assert_equal "${#lines[@]}" 1
	run -77 zkrun --pause -l 2 "$TASK-2"
	assert_equal "${#lines[@]}" 1
	pauses_count 1 "$TASK-2"
	run -1 zkrun --status "$TASK-2"
	assert_line --index 1 --regexp "$TASK-2 +paused .* ops +why\$"
	run -0 zkrun -a "$auth" --resume "$TASK-2"
	# With an open 'leases' directory the pause node still says who paused.
	zk create -p "$P-3/leases" >/dev/null
	run -0 zkrun -a "$auth" --pause "$TASK-3" why
	run -75 zkrun -n -t "$TASK-3" -- true
	assert_output --partial "paused by $OPS since"
	run -2 zk set "$P-3/leases/$(pauses "$TASK-3")" x
	# --pause succeeds without the right to look at the holder.
	zk create -p "$P-4/leases" >/dev/null
	zk setacl "$P-4/leases" cda
	run -0 zkrun --pause "$TASK-4"
	assert_line "zkrun: cannot look at '$P-4/leases': an ACL forbids it (-102)"
	zk setacl "$P-4/leases" rwcda
	pauses_count 1 "$TASK-4"
}

@test "--status shows a pause apart from the holder: its user, time, reason and number of leases" {
	local table

	hold holder "$TASK"
	run -0 zkrun --pause "$TASK" why
	LOGNAME=bob run -0 zkrun --pause "$TASK" -l 3 why not
	zkrun_bg waiter -t "$TASK" -- true
	wait_for 10 queue_count "$TASK" 1
	run -0 zkrun --status "$TASK"
	assert_line --index 1 --regexp "^$TASK +held .* sleep\$"
	assert_line --index 2 --regexp "^ +paused +[-0-9]+ [0-9:]+ +$(hostname) +ops +why\$"
	assert_line --index 3 --regexp "^ +paused +[-0-9]+ [0-9:]+ +$(hostname) +bob +why not \(3 leases\)\$"
	assert_line --index 4 --regexp '^ +wait 1 '
	assert_line 'These tasks need attention:'
	assert_line --regexp "^$TASK: paused by $OPS since $TIME: why; paused by bob@$(hostname) since $TIME: why not\$"
	let_go holder
	# The waiter's lease node does not make it a holder.
	run -1 zkrun --status "$TASK"
	assert_line --index 1 --regexp "^$TASK +paused .* ops +why\$"
	assert_line --index 3 --regexp '^ +wait 1 '
	run -1 zkrun --status "$TASK" --json
	table=$(jq -c '.tasks[0]|.held,.holders,(.waiting|length),(.paused|map(
	    .user,.host,.reason,.leases))' <<<"$output" | tr '\n' ' ')
	assert_equal "$table" "false [] 1 [\"ops\",\"$(hostname)\",\"why\",1,\"bob\",\"$(hostname)\",\"why not\",3] "
	assert_equal "$(jq -r '.tasks[0].paused[0]|keys|join(" ")' <<<"$output")" \
	    'host leases node reason since user'
	run zk get "$(jq -r '.tasks[0].paused[0].node' <<<"$output")"
	assert_output --partial 'reason=why'
}

@test "-i: a waiter runs for its slot after a pause; a waiter that gives up records nothing" {
	local before

	run -0 zkrun --pause "$TASK"
	run -75 zkrun -i 23h -w 0.5 -t "$TASK" -- touch "$(RAN)"
	run -1 zk stat "$(record_path)"
	zkrun_bg first -i 23h -t "$TASK" -- true
	wait_for 10 holds_count "$TASK" 2
	zkrun_bg second -v -i 23h -t "$TASK" -- touch "$(RAN)"
	wait_for 10 queue_count "$TASK" 2
	before=$(($(now_us) / 1000))
	run -0 zkrun --resume "$TASK"
	ended_in first 10 0
	ended_in second 10 0
	says second 'skipped'
	[ ! -e "$(RAN)" ]
	assert_equal "$(statuses)" '0 '
	[ "$(of_run 1 began)" -le "$before" ]
	[ "$(of_run 1 started)" -ge "$before" ]
	record_is_sound
}
