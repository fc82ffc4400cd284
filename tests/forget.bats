#!/usr/bin/env bats
#
# zkrun --forget lists and deletes the records of unused tasks.

load lib/helper
load lib/runs

setup()
{
	bench_setup
	# In the default places a list would also have the records of other
	# tests.
	BASE=/forget/$TASK
	# shellcheck disable=SC2034 # for the helper
	LOCK_BASE=$BASE
	RUNS=/forget-runs/$TASK
	export ZKRUN_BASE=$BASE ZKRUN_RUNS=$RUNS LOGNAME=ops TZ=UTC
}

# records TASK:DAY...: make a record for each TASK.  Its last run was on DAY of
# November 2025, on web1, and exited with 3.
records()
{
	local one ms

	for one; do
		ms=$(($(date -d "2025-11-${one#*:}T03:00:00Z" +%s) * 1000))
		zk create -p "$RUNS/${one%:*}" x >/dev/null
		zk set "$RUNS/${one%:*}" "zkrun 1
run began=$ms started=$ms took=5 status=3 fence=7 host=web1
"
	done
}

# join_queue TASK: put a waiter without a lease into the queue until the test
# ends.
join_queue()
{
	zk create -p "$BASE/$1/locks" >/dev/null
	"$TOOLS/znode" -c "$ZKRUN_CONNECT" plant "$BASE/$1/locks" 3>&- \
	    >/dev/null <<<'e _c_x-lock-0000000000' &
	HELPERS+=($!)
	wait_for 5 queue_count "$1" 1
}

# kept TASK...: fail unless exactly these tasks have a record.
kept()
{
	assert_equal "$(zk ls "$RUNS" | tr '\n' ' ')" "${*:+$* }"
}

@test "without a task, --forget lists unused records, and deletes none" {
	records new:22 old:2 middle:12 held:1 waited:1 paused:1
	hold holder held
	join_queue waited
	run -0 zkrun --pause paused
	zk create -p "$BASE/no-record/leases" >/dev/null
	zk create -p "$RUNS/bad" junk >/dev/null
	zk create -p "$RUNS/empty" x >/dev/null
	zk set "$RUNS/empty" $'zkrun 1\n'
	run -0 zkrun --forget
	assert_output - <<-'EOF'
	bad     unreadable: this version of zkrun does not know its format
	empty   no runs
	old     last run 2025-11-02 03:00:00 on web1, exit 3
	middle  last run 2025-11-12 03:00:00 on web1, exit 3
	new     last run 2025-11-22 03:00:00 on web1, exit 3
	EOF
	kept bad empty held middle new old paused waited
	run -71 bash -c '"$ZKRUN" --forget >/dev/full'
}

@test "where there is no record, --forget lists nothing and creates no node" {
	run -0 zkrun --forget
	assert_output ''
	run -0 zkrun --forget --yes gone
	assert_output "zkrun: 'gone' has no record of runs"
	run -1 zk stat "$RUNS"
	run -1 zk stat "$BASE"
}

@test "--forget --yes deletes only the records of the named tasks, and says so" {
	records a:1 b:2 c:3
	zk create "$RUNS/bad" junk >/dev/null
	run -0 zkrun --forget --yes a gone bad c
	assert_output - <<-'EOF'
	zkrun: 'a' has a record: last run 2025-11-01 03:00:00 on web1, exit 3
	zkrun: 'gone' has no record of runs
	zkrun: 'bad' has a record: unreadable: this version of zkrun does not know its format
	zkrun: 'c' has a record: last run 2025-11-03 03:00:00 on web1, exit 3
	zkrun: the record of 'a' is deleted
	zkrun: the record of 'bad' is deleted
	zkrun: the record of 'c' is deleted
	EOF
	kept b
	run -0 zkrun --forget --yes -q -t b
	assert_output ''
	kept
}

@test "a forgotten task runs like a task that has never run" {
	run -0 zkrun -i 23h -t t -- true
	run -0 zkrun -i 23h -t t -- touch "$(RAN)"
	[ ! -e "$(RAN)" ]
	run -0 zkrun --forget --yes t
	run -0 zkrun -i 23h -t t -- touch "$(RAN)"
	[ -e "$(RAN)" ]
	kept t
}

@test "on a terminal --forget asks, and only a yes deletes" {
	local out=$BATS_TEST_TMPDIR/terminal.out

	records a:1 b:2
	# shellcheck disable=SC2016 # for the terminal's shell
	start_terminal sh -c '
		for i in 1 2 3; do
			"$ZKRUN" --forget a b </dev/null >/dev/null
			echo "status $?."
		done'
	wait_for 10 grep -q 'Delete these records? \[y/N\] $' "$out"
	assert_regex "$(<"$out")" "'a' has a record: last run 2025-11-01"
	assert_regex "$(<"$out")" "'b' has a record: last run 2025-11-02"
	type_keys '\n'
	wait_for 10 has_lines "$out" '^status 75\.' 1
	wait_for 10 has_lines "$out" '\[y/N\]' 2
	type_keys 'nay\n'
	wait_for 10 has_lines "$out" '^status 75\.' 2
	wait_for 10 has_lines "$out" '\[y/N\]' 3
	kept a b
	type_keys 'y\n'
	wait_for 10 has_lines "$out" '^status 0\.' 1
	kept
}

@test "with no terminal and no --yes, --forget exits 64 and deletes nothing" {
	records a:1
	run -64 setsid -w "$ZKRUN" --forget a
	assert_output "zkrun: cannot forget 'a': no terminal to ask for confirmation (use --yes)"
	run -64 zkrun --forget --yes a ../b
	run -64 zkrun --forget --yes -t a b
	kept a
}

# in_use: zkrun must refuse to forget t, and keep 'other', which the same
# command names.
in_use()
{
	run -75 zkrun --forget --yes other t
	assert_line "zkrun: cannot forget 't': it is held, waited for or paused"
	run -9 zkrun --forget --yes -E 9 t other
	kept other t
}

@test "--forget refuses a task that is held, waited for or paused, exit 75" {
	records t:1 other:1
	hold holder t
	in_use
	let_go holder
	run -0 zkrun --pause t
	in_use
	run -0 zkrun --resume t
	join_queue t
	in_use
	kill "${HELPERS[-1]}"
	wait_for 5 queue_count t 0
	run -0 zkrun --forget --yes t
	kept other
}

@test "--forget keeps a run recorded between its look and its delete, exit 75" {
	records t:1 other:1
	start_relay
	relay_tell freeze-at 14
	zkrun_bg forget -c "$RELAY_CONNECT" --forget --yes t other
	wait_for 10 relay_counts op14 1
	run -0 zkrun -i 0 -t t -- true
	relay_tell thaw
	ended_in forget 10 75
	says forget "cannot forget 't': it has just run"
	kept other t
	zk get "$RUNS/t" | grep -q status=0
}

@test "--forget succeeds if contact is lost or another client deletes the record" {
	records a:1 b:1 c:1
	start_relay
	for op in 9 14; do
		relay_tell drop-reply $op 1 then-cut
		run -0 zkrun -c "$RELAY_CONNECT" --forget --yes a b
		records a:1 b:1
	done
	assert_equal "$(relay_count dropped)" 2
	relay_tell reset-stats
	relay_tell freeze-at 14
	zkrun_bg forget -c "$RELAY_CONNECT" --forget --yes a b c
	wait_for 10 relay_counts op14 1
	zk rm "$RUNS/a"
	relay_tell thaw
	ended_in forget 10 0
	kept
}

@test "--forget exits 77 if an ACL forbids it, 69 without a server or chroot" {
	local none

	none=127.0.0.1:$("$TOOLS/freeport" 1)
	records t:1 secret:1
	zk setacl "$RUNS/secret" wcda
	run -77 zkrun --forget --yes t secret
	assert_line --partial "cannot look at '$RUNS/secret': an ACL forbids it"
	zk setacl "$RUNS" rwca
	run -77 zkrun --forget --yes t
	assert_line "zkrun: cannot forget '$RUNS/t': an ACL forbids it (-102)"
	zk setacl "$RUNS" wcda
	run -77 zkrun --forget
	assert_output "zkrun: cannot look at '$RUNS': an ACL forbids it (-102)"
	zk setacl "$RUNS" rwcda
	kept secret t

	for what in --forget '--forget --yes t'; do
		# shellcheck disable=SC2086 # words
		run -69 zkrun -c "$none" -r 0 $what
		assert_output --regexp "^zkrun: cannot (look at|forget) '[^']*': $none: "
		# shellcheck disable=SC2086 # words
		run -69 zkrun -c "$ZKRUN_CONNECT/$TASK" $what
		assert_output --partial "'/$TASK', does not exist"
	done
}
