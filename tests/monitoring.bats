#!/usr/bin/env bats
#
# Test contrib/monitoring with tasks on a real server: zkrun-metrics for
# Prometheus, check_zkrun for Nagios, and the alert rules, which promtool runs.
#
# Once: a second pass would test the same scripts.

load lib/helper

MONITORING=$BATS_TEST_DIRNAME/../contrib/monitoring

setup()
{
	bench_setup
	# Hide the tasks of other tests.
	export ZKRUN_BASE=/monitoring/$TASK ZKRUN_RUNS=/monitoring-runs/$TASK
	# shellcheck disable=SC2034 # for the helper
	LOCK_BASE=$ZKRUN_BASE
	# The scripts search zkrun in PATH.
	mkdir "$BATS_TEST_TMPDIR"/{bin,out}
	ln -s "$ZKRUN" "$BATS_TEST_TMPDIR/bin/zkrun"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	FILE=$BATS_TEST_TMPDIR/out/zkrun.prom
}

metrics()
{
	timeout -k 5 60 "$MONITORING/zkrun-metrics" "$@" 3>&-
}

# check TASK DUR [OPTION...]
check()
{
	timeout -k 5 60 "$MONITORING/check_zkrun" -t "$1" --max-age "$2" \
	    --timeout 50 "${@:3}" 3>&-
}

# fake PROGRAM: put a program of this name in front of the others.  Its shell
# script is read from stdin.
fake()
{
	rm -f "$BATS_TEST_TMPDIR/bin/$1"
	{ echo '#!/bin/sh'; cat; } >"$BATS_TEST_TMPDIR/bin/$1"
	chmod 755 "$BATS_TEST_TMPDIR/bin/$1"
}

# answer N: from now on zkrun is a script that prints N tasks.
answer()
{
	jq -nc --argjson n "$1" '{base: "/x", tasks: [range($n) | {
	    task: "t\(.)", held: false, problem: null, holders: [],
	    waiting: [], no_session: [], paused: [], last_run: null,
	    last_success: null, runs: [], record_problem: null}]}' \
	    >"$BATS_TEST_TMPDIR/answer"
	fake zkrun <<<"cat '$BATS_TEST_TMPDIR/answer'; exit 1"
}

# run_ended KIND AGO TOOK STATUS: print a line of the record, of a run that
# ended AGO seconds ago and took TOOK ms.
run_ended()
{
	local started=$((EPOCHSECONDS * 1000 - $2 * 1000 - $3))

	echo "$1 began=$started started=$started took=$3 status=$4 fence=1 host=web$4"
}

# write_record TASK LINE...: write a record with these lines.
write_record()
{
	zk create -p "$ZKRUN_RUNS/$1" >/dev/null
	# The record ends with a newline.
	zk set "$ZKRUN_RUNS/$1" "$(printf '%s\n' 'zkrun 1' "${@:2}")
"
}

# value METRIC [TASK]: print a value of the metrics in $output.
value()
{
	sed -n "s/^zkrun_$1${2:+{task=\"$2\"\}} //p" <<<"$output"
}

# between LEAST VALUE MOST: is VALUE in this range?  Fractions are allowed.
between()
{
	awk -v least="$1" -v value="$2" -v most="$3" \
	    'BEGIN { exit !(value != "" && value >= least && value <= most) }'
}

# only_file: fail if anything but the file is in the directory.
only_file()
{
	assert_equal "$(ls -A "$BATS_TEST_TMPDIR/out")" "${FILE##*/}"
}

no_server()
{
	echo "127.0.0.1:$("$TOOLS/freeport" 1)"
}

#
# zkrun-metrics
#

@test "metrics: the text has holders, waiters, and good and bad runs" {
	local before=$EPOCHSECONDS

	hold holder held
	zkrun_bg waiter -t held -- true
	wait_for 10 holds_count held 2
	run -0 zkrun -i 0 -t mixed -- sleep 0.2
	run -3 zkrun -i 0 -t mixed -- sh -c 'exit 3'
	run -0 metrics
	assert_equal "$(value held held) $(value waiting held) $(value paused held)" \
	    '1 1 0'
	assert_equal "$(value held mixed) $(value waiting mixed) $(value paused mixed)" \
	    '0 0 0'
	assert_equal "$(value last_run_status mixed)" 3
	between "$before" "$(value last_success_timestamp_seconds mixed)" \
	    "$(value last_run_timestamp_seconds mixed)"
	between "$before" "$(value last_run_timestamp_seconds mixed)" \
	    "$((EPOCHSECONDS + 1))"
	between 0.2 "$(value last_success_duration_seconds mixed)" 30
	between 0 "$(value last_run_duration_seconds mixed)" 30
	assert_equal "$(value look_success)" 1
	between "$before" "$(value look_timestamp_seconds)" "$EPOCHSECONDS"
	let_go holder
	zkrun_wait waiter 10
	# zkrun-metrics also succeeds if no task is held.
	run -0 metrics
	assert_equal "$(value held held) $(value look_success)" '0 1'
}

@test "metrics: the whole text is the same in any time zone and locale" {
	write_record backup \
	    'success began=1763780400123 started=1763780400131 took=2467 status=0 fence=17 host=web3' \
	    'run began=1763784000123 started=1763784000131 took=3723000 status=143 fence=18 host=web4'
	TZ=America/New_York LC_ALL=C run -0 metrics backup backup
	assert_output "# HELP zkrun_held Whether the lock is held.
# TYPE zkrun_held gauge
zkrun_held{task=\"backup\"} 0
# HELP zkrun_paused Whether the task is paused.
# TYPE zkrun_paused gauge
zkrun_paused{task=\"backup\"} 0
# HELP zkrun_waiting Number of contenders in the queue.
# TYPE zkrun_waiting gauge
zkrun_waiting{task=\"backup\"} 0
# HELP zkrun_last_success_timestamp_seconds When the last run that succeeded ended.
# TYPE zkrun_last_success_timestamp_seconds gauge
zkrun_last_success_timestamp_seconds{task=\"backup\"} 1763780402.598
# HELP zkrun_last_success_duration_seconds How long the last run that succeeded took.
# TYPE zkrun_last_success_duration_seconds gauge
zkrun_last_success_duration_seconds{task=\"backup\"} 2.467
# HELP zkrun_last_run_timestamp_seconds When the last run ended.
# TYPE zkrun_last_run_timestamp_seconds gauge
zkrun_last_run_timestamp_seconds{task=\"backup\"} 1763787723.131
# HELP zkrun_last_run_duration_seconds How long the last run took.
# TYPE zkrun_last_run_duration_seconds gauge
zkrun_last_run_duration_seconds{task=\"backup\"} 3723
# HELP zkrun_last_run_status The exit status of the last run.
# TYPE zkrun_last_run_status gauge
zkrun_last_run_status{task=\"backup\"} 143
# HELP zkrun_lock_unreadable Whether the lock could not be read.
# TYPE zkrun_lock_unreadable gauge
zkrun_lock_unreadable{task=\"backup\"} 0
# HELP zkrun_record_unreadable Whether the record of runs could not be read.
# TYPE zkrun_record_unreadable gauge
zkrun_record_unreadable{task=\"backup\"} 0
# HELP zkrun_look_success Whether zkrun could read all tasks.
# TYPE zkrun_look_success gauge
zkrun_look_success 1
# HELP zkrun_look_timestamp_seconds When zkrun last looked.
# TYPE zkrun_look_timestamp_seconds gauge
zkrun_look_timestamp_seconds $(value look_timestamp_seconds)"
}

@test "metrics: task names may have quotes, backslashes and letters of any script" {
	local name

	for name in 'a"b\c d' 'ä|€ {x="1"}' '\n'; do
		run -0 zkrun -i 0 -t "$name" -- true
	done
	run -0 metrics
	assert_line 'zkrun_last_run_status{task="a\"b\\c d"} 0'
	assert_line 'zkrun_last_run_status{task="ä|€ {x=\"1\"}"} 0'
	assert_line 'zkrun_last_run_status{task="\\n"} 0'
}

@test "metrics: a paused task is not held, unless a client still holds it" {
	hold holder both
	run -0 zkrun --pause both
	run -0 zkrun --pause paused
	run -0 zkrun --pause paused once more
	hold other held
	run -0 metrics
	assert_equal "$(value held both)$(value paused both)" 11
	assert_equal "$(value held paused)$(value paused paused)" 01
	assert_equal "$(value held held)$(value paused held)" 10
	run -0 zkrun --resume paused
	run -0 metrics paused
	assert_equal "$(value held paused)$(value paused paused)" 00
	let_go holder
	let_go other
}

@test "metrics: after a failed look the file has the time of the look, but no task" {
	local before

	hold holder t
	run -0 metrics -o "$FILE"
	output=$(<"$FILE")
	assert_equal "$(value held t)" 1
	assert_equal "$(stat -c %a "$FILE")" 644
	only_file
	let_go holder

	before=$EPOCHSECONDS
	run -69 metrics -o "$FILE" -c "$(no_server)" -r 0
	output=$(<"$FILE")
	assert_equal "$(grep -v '^#' "$FILE")" \
	    "zkrun_look_success 0
zkrun_look_timestamp_seconds $(value look_timestamp_seconds)"
	between "$before" "$(value look_timestamp_seconds)" "$EPOCHSECONDS"
	only_file

	# After other failures the file is the same.
	run -64 metrics -o "$FILE" --no-such-option
	assert_equal "$(grep -c '^zkrun_look_success 0$' "$FILE")" 1
	run -0 metrics -o "$FILE"
	fake jq <<<'echo "zkrun_held{task=\"t\"} 1"; exit 5'
	run -70 metrics -o "$FILE"
	assert_equal "$(grep -v '^#' "$FILE" | cut -d ' ' -f 1,2 | head -n 1)" \
	    'zkrun_look_success 0'
	run ! grep held "$FILE"
	only_file
}

@test "metrics: a task that an ACL hides is missing, and the look has failed" {
	hold holder open
	zk create -p "$ZKRUN_BASE/shut/leases" >/dev/null
	zk setacl "$ZKRUN_BASE/shut/leases" wcda
	write_record strange 'what is this'
	run -77 metrics
	assert_equal "$(value held open) $(value lock_unreadable open)" '1 0'
	assert_equal "$(value held shut)$(value waiting shut)$(value paused shut)" ''
	assert_equal "$(value lock_unreadable shut)" 1
	assert_equal "$(value record_unreadable shut)" 0
	assert_equal "$(value record_unreadable strange)" 1
	assert_equal "$(value look_success)" 0
	run -0 metrics open strange
	assert_equal "$(value look_success)" 1
	zk setacl "$ZKRUN_BASE/shut/leases" rwcda
	# Without the list of tasks zkrun-metrics cannot tell which are missing.
	zk setacl "$ZKRUN_BASE" wcda
	run -77 metrics
	assert_equal "$(value look_success)" 0
	zk setacl "$ZKRUN_BASE" rwcda
	let_go holder
}

# read_all_the_time: read FILE again and again until told to stop, or until its
# last line is missing.
read_all_the_time()
{
	local text n

	for ((n = 0; ; n++)); do
		text=$(<"$FILE") || text=none
		if [[ ${text##*$'\n'} != zkrun_look_timestamp_seconds\ [0-9]* ]]
		then
			echo "incomplete: ${text: -80}"
			return
		fi
		[ ! -e "$BATS_TEST_TMPDIR/enough" ] || break
	done
	echo "read $n times"
}

@test "metrics: a reader never sees half a file" {
	local i reader

	answer 300
	metrics -o "$FILE"
	ln "$FILE" "$BATS_TEST_TMPDIR/first"
	cp "$FILE" "$BATS_TEST_TMPDIR/copy"
	read_all_the_time >"$BATS_TEST_TMPDIR/read" 3>&- &
	reader=$!
	for i in {1..15}; do
		answer $((300 + i))
		metrics -o "$FILE"
	done
	: >"$BATS_TEST_TMPDIR/enough"
	wait "$reader"
	assert_regex "$(<"$BATS_TEST_TMPDIR/read")" '^read [0-9]+ times$'
	# The first file is unchanged: it was replaced, not overwritten.
	cmp "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/copy"
	only_file
}

@test "metrics: if the file cannot be written, the old one stays, exit 71" {
	run -0 metrics -o "$FILE"
	cp "$FILE" "$BATS_TEST_TMPDIR/copy"
	# The write fails as on a full disk.
	(
		ulimit -f 0
		exec env --ignore-signal=XFSZ "$MONITORING/zkrun-metrics" \
		    -o "$FILE"
	) 2>/dev/null || status=$?
	assert_equal "$status" 71
	cmp "$FILE" "$BATS_TEST_TMPDIR/copy"
	only_file
	run -71 metrics -o "$BATS_TEST_TMPDIR/none/zkrun.prom"
	mkdir "$BATS_TEST_TMPDIR/out/directory"
	run -71 metrics -o "$BATS_TEST_TMPDIR/out/directory"
	assert_equal "$(find "$BATS_TEST_TMPDIR/out" -mindepth 2)" ''
	rmdir "$BATS_TEST_TMPDIR/out/directory"
	only_file
	run -64 metrics -o
	assert_output --partial 'usage: zkrun-metrics '
	run -0 metrics --help
	assert_output --partial 'usage: zkrun-metrics '
}

@test "metrics: a signal while the new file is written leaves only the old one" {
	answer 1
	metrics -o "$FILE"
	# The script calls chmod when the new file exists.
	fake chmod <<-END
		: >'$BATS_TEST_TMPDIR/writing'
		while [ ! -e '$BATS_TEST_TMPDIR/enough' ]; do sleep 0.02; done
	END
	"$MONITORING/zkrun-metrics" -o "$FILE" 3>&- &
	wait_for 20 test -e "$BATS_TEST_TMPDIR/writing"
	[ "$(ls -A "$BATS_TEST_TMPDIR/out" | wc -l)" -eq 2 ]
	kill -TERM $!
	: >"$BATS_TEST_TMPDIR/enough"
	status=0
	wait $! || status=$?
	assert_equal "$status" 71
	only_file
}

# bats test_tags=long
@test "metrics: a silent server costs at most 30 seconds" {
	"$TOOLS/responder" >"$BATS_TEST_TMPDIR/port" 3>&- &
	HELPERS+=($!)
	wait_for 5 test -s "$BATS_TEST_TMPDIR/port"
	SECONDS=0
	run -124 metrics -o "$FILE" -c "127.0.0.1:$(<"$BATS_TEST_TMPDIR/port")"
	[ $SECONDS -lt 40 ]
	grep -qx 'zkrun_look_success 0' "$FILE"
}

#
# check_zkrun
#

@test "check: exits 0 while the last good run is recent enough, 2 afterwards" {
	write_record t "$(run_ended success 36000 727000 0)" \
	    "$(run_ended run 36000 727000 0)"
	run -0 check t 25h
	assert_output --regexp '^ZKRUN OK - t: last good run ended 10h0[0-9]m ago, took 12m07s \| age=360[0-9]{2}s;;90000;0 took=727s;;;0 waiting=0;;;0$'
	run -2 check t 9h
	assert_output --regexp '^ZKRUN CRITICAL - t: last good run ended 10h0[0-9]m ago, .* age=360[0-9]{2}s;;32400;0 '
	# check_zkrun takes all units, and fractions.
	for age in 36100 36100s 602m 10.1h 0.42d; do
		run -0 check t $age
	done
	for age in 35900000ms 35999 599m 9.99h 0.41d 0; do
		run -2 check t $age
	done
	# The clock of this machine may be behind ZooKeeper's.
	write_record later "$(run_ended success -100 1000 0)"
	run -0 check later 1h
	assert_output --partial ' | age=0s;;3600;0 '
	# Record real runs; the last one fails.
	run -0 zkrun -i 0 -t real -- true
	run -3 zkrun -i 0 -t real -- sh -c 'exit 3'
	run -0 check real 1h
	assert_output --regexp "^ZKRUN OK - real: last good run ended [0-9]+s ago, took 0s; last run on $(hostname) exited 3, [0-9]+s ago \| "
	assert_equal "${#lines[@]}" 1
}

@test "check: exits 2 if no recorded run was good; prints holders and waiters" {
	write_record t "$(run_ended run 100 1000 3)" \
	    "$(run_ended run 200 1000 1)"
	hold holder t
	zkrun_bg waiter -t t -- true
	wait_for 10 holds_count t 2
	run -2 check t 25h
	assert_output --regexp "^ZKRUN CRITICAL - t: no good run is recorded; last run on web3 exited 3, 1m[0-9]{2}s ago; held by $(hostname) since 20[0-9-]+T[0-9:]+Z; 1 waiting \| waiting=1;;;0\$"
	let_go holder
	zkrun_wait waiter 10
}

@test "check: exits 1 if the task is paused, and names user and reason; 2 if overdue" {
	local by

	by="paused by ${LOGNAME:-$(id -un)}@$(hostname) since 20[0-9-]+T[0-9:]+Z"
	write_record t "$(run_ended success 100 1000 0)"
	run -0 zkrun --pause t 'disk | is full'
	run -1 check t 1h
	assert_output --regexp "^ZKRUN WARNING - t: last good run ended [^;]*; $by: disk \? is full \| age="
	run -2 check t 10s
	assert_output --regexp "^ZKRUN CRITICAL - .*; $by: disk "
	# One more user pauses the task, without a reason.
	LOGNAME=joe run -0 zkrun --pause t
	run -1 check t 1h
	assert_output --regexp "; $by: disk \? is full; paused by [^ ]*@$(hostname) since 20[0-9-]+T[0-9:]+Z \|"
	run -0 zkrun --resume t
	run -0 check t 1h
	refute_output --partial paused
}

@test "check: exits 3 if no run is recorded or zkrun could not look" {
	run -3 check none 25h
	assert_output 'ZKRUN UNKNOWN - none: no run is recorded (new task, wrong name, or no -i) | waiting=0;;;0'
	run -3 check t 25h -c "$(no_server)" -r 0
	assert_output --regexp "^ZKRUN UNKNOWN - t: zkrun: cannot look at 't': 127.0.0.1:[^|]*refused[^|]*$"
	assert_equal "${#lines[@]}" 1
	write_record shut "$(run_ended success 100 1000 0)"
	zk create -p "$ZKRUN_BASE/shut/leases" >/dev/null
	zk setacl "$ZKRUN_BASE/shut/leases" wcda
	run -3 check shut 25h
	assert_output --regexp '^ZKRUN UNKNOWN - shut: last good run .*; the lock cannot be read: an ACL forbids it \(-102\) \| age=[^ ]* took=1s;;;0$'
	# check_zkrun still exits 2 if the task is overdue.
	run -2 check shut 10s
	zk setacl "$ZKRUN_BASE/shut/leases" rwcda
	write_record strange 'what is this'
	run -3 check strange 25h
	assert_output --regexp '^ZKRUN UNKNOWN - strange: the record of runs cannot be read: this version of zkrun does not know its format'
	fake jq <<<'exit 5'
	run -3 check t 25h
	assert_output 'ZKRUN UNKNOWN - t: jq could not read what zkrun printed'
}

@test "check: exits 3 if no answer comes in time" {
	"$TOOLS/responder" >"$BATS_TEST_TMPDIR/port" 3>&- &
	HELPERS+=($!)
	wait_for 5 test -s "$BATS_TEST_TMPDIR/port"
	SECONDS=0
	run -3 check t 25h --timeout 1 -c "127.0.0.1:$(<"$BATS_TEST_TMPDIR/port")"
	assert_output 'ZKRUN UNKNOWN - t: no answer from ZooKeeper within 1s'
	[ $SECONDS -lt 7 ]
}

@test "check: takes any task name, in every form of the option" {
	run -0 zkrun -i 0 -t 'a"b\c|ä' -- true
	run -0 check 'a"b\c|ä' 1h
	assert_output --regexp '^ZKRUN OK - a"b\\c\?ä: last [^|]* \| age=[0-9]+s;;3600;0 took=[0-9.]+s;;;0 waiting=0;;;0$'
	run -0 "$MONITORING/check_zkrun" '--task=a"b\c|ä' --max-age=1h --timeout=50
	assert_output --partial 'ZKRUN OK - a"b\c?ä: '
	# Another task on the command line changes nothing.
	run -3 check none 1h 'a"b\c|ä'
	assert_output --partial 'ZKRUN UNKNOWN - none: '
}

@test "check: exits 3 after wrong usage and after --help" {
	local words

	for words in '' '-t t' '--max-age 1h' '-t t --max-age' '-t' \
	    '-t t --max-age 1w' '-t t --max-age -1' '-t t --max-age 1,5h' \
	    '-t t --max-age=' '-t t --max-age 1h --timeout soon' --help -h; do
		# shellcheck disable=SC2086 # words
		run -3 "$MONITORING/check_zkrun" $words
		assert_output --regexp '^usage: check_zkrun -t task --max-age '
		assert_equal "${#lines[@]}" 1
	done
	run -3 check t 1h --no-such-option
	assert_output --partial "ZKRUN UNKNOWN - t: zkrun: "
	assert_output --partial "'--no-such-option'"
	run -3 check $'a\n|b' 1h
	assert_output --partial 'ZKRUN UNKNOWN - a??b: zkrun: '
	assert_equal "${#lines[@]}" 1
}

#
# Prometheus
#

@test "the README of contrib/monitoring names every metric, and the rules name no other" {
	local written

	answer 1
	written=$(metrics | sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' | sort)
	[ "$(wc -l <<<"$written")" -ge 12 ]
	assert_equal "$(grep -oE 'zkrun_[a-z_]+[a-z]' "$MONITORING/README.md" |
	    sort -u)" "$written"
	run comm -13 <(echo "$written") <(grep -oE 'zkrun_[a-z_]+[a-z]' \
	    "$MONITORING/zkrun.rules.yml" | sort -u)
	assert_output ''
}

# bats test_tags=long
@test "promtool accepts the metrics" {
	hold holder 'a"b\c'
	run -0 zkrun -i 0 -t 'ä €|' -- true
	run -3 zkrun -i 0 -t bad -- sh -c 'exit 3'
	run -0 metrics
	assert_line 'zkrun_held{task="a\"b\\c"} 1'
	run -0 promtool check metrics <<<"$output"
	assert_output ''
	let_go holder
	run -69 --separate-stderr metrics -c "$(no_server)" -r 0
	run -0 promtool check metrics <<<"$output"
	assert_output ''
	run -0 metrics none
	run -0 promtool check metrics <<<"$output"
	assert_output ''
	# promtool refuses malformed metrics.
	run ! promtool check metrics <<<'zkrun_held{task="a"b"} 1'
	run ! promtool check metrics <<<'zkrun_held{task="a"} 1'
}

# in_time "SERIES = VALUES"...: print a test for promtool with these series, one
# value per minute.  Each line of stdin, ALERT TIME NUMBER, says how many alerts
# must fire at that time.
in_time()
{
	local series alert time number

	echo '  - interval: 1m'
	echo '    input_series:'
	for series; do
		echo "      - series: '${series% = *}'"
		echo "        values: '${series##* = }'"
	done
	echo '    promql_expr_test:'
	while read -r alert time number; do
		cat <<-END
		      - expr: count(ALERTS{alertname="$alert",alertstate="firing"}) or vector(0)
		        eval_time: $time
		        exp_samples:
		          - labels: '{}'
		            value: $number
		END
	done
}

# bats test_tags=long
@test "promtool accepts the rules, and each alert fires when it should" {
	local now='zkrun_look_timestamp_seconds{instance="web1"} = 0+60x3000'

	run -0 promtool check rules "$MONITORING/zkrun.rules.yml"
	assert_output --partial 'SUCCESS: 7 rules found'
	cd "$BATS_TEST_TMPDIR"
	{
		printf '%s\n' 'evaluation_interval: 1m' 'rule_files:' \
		    "  - $MONITORING/zkrun.rules.yml" 'tests:'
		# Two machines that look raise one alert.
		in_time "$now" \
		    'zkrun_last_success_timestamp_seconds{task="backup",instance="web1"} = 0x3000' \
		    'zkrun_last_success_timestamp_seconds{task="backup",instance="web2"} = 0x3000' \
		    'zkrun_last_success_timestamp_seconds{task="other"} = 0x3000' <<-END
			ZkrunTaskOverdue 24h59m 0
			ZkrunTaskOverdue 25h1m 1
			ZkrunTaskNeverSucceeded 25h1m 0
			ZkrunLookMissing 25h1m 0
		END
		in_time 'zkrun_last_run_status{task="bad",instance="web1"} = 3x200' \
		    'zkrun_last_run_status{task="mixed"} = 3x200' \
		    'zkrun_last_success_timestamp_seconds{task="mixed"} = 0x200' <<-END
			ZkrunTaskNeverSucceeded 59m 0
			ZkrunTaskNeverSucceeded 61m 1
		END
		in_time 'zkrun_paused{task="a"} = 0x60 1x1000' \
		    'zkrun_paused{task="b"} = 0x400 1x300 0x360' <<-END
			ZkrunTaskPaused 12h 0
			ZkrunTaskPaused 13h2m 1
		END
		# The queue of a grows; b has a constant queue, as standby
		# servers make; c has a queue once a day.
		in_time 'zkrun_waiting{task="a"} = 0x60 0+1x240' \
		    'zkrun_waiting{task="b"} = 9x300' \
		    'zkrun_waiting{task="c"} = 0x100 6x10 0x190' <<-END
			ZkrunQueueGrows 65m 0
			ZkrunQueueGrows 109m 1
			ZkrunQueueGrows 4h 1
		END
		in_time "$now" 'zkrun_look_success{instance="web1"} = 1x60 0x100' \
		    'zkrun_record_unreadable{task="a"} = 0x60 1x240' <<-END
			ZkrunLookFailed 1h5m 0
			ZkrunLookFailed 1h12m 1
			ZkrunRecordUnreadable 1h5m 0
			ZkrunRecordUnreadable 1h12m 1
		END
		# First the file disappears, then its time stands still.
		in_time 'zkrun_look_timestamp_seconds{instance="web1"} = 0+60x60' <<-END
			ZkrunLookMissing 1h 0
			ZkrunLookMissing 1h12m 1
		END
		in_time 'zkrun_look_timestamp_seconds{instance="web1"} = 0+60x60 3600x60' <<-END
			ZkrunLookMissing 1h10m 0
			ZkrunLookMissing 1h22m 1
		END
	} >rules.test.yml
	run -0 promtool test rules rules.test.yml
	assert_output --partial SUCCESS
}
