#!/usr/bin/env bats
#
# With the manual's interval a daily job runs once on each day, even if clocks
# change and a day has 23 or 25 hours.  The manual's table of intervals agrees
# with the calendar.

load lib/helper
load lib/runs
load lib/clock

# Clocks change by an hour in two zones, and by half an hour in the third, where
# summer is in January.
ZONES='Europe/Berlin America/New_York Australia/Lord_Howe'

setup()
{
	bench_setup
	use_clock_server
	cd "$TOP" || return 1
	WORK=$BATS_TEST_TMPDIR
}

# days ZONE YEAR [YEARS]: print a line for each day from the first of January
# on: its date, its 03:00 in seconds, its weekday (1 is Monday), its day of the
# month.
days()
{
	local from to

	from=$(date -u -d "$2-01-01" +%s)
	to=$(date -u -d "$(($2 + ${3:-1}))-01-01" +%s)
	seq -f '@%.0f' "$from" 86400 $((to - 1)) | date -u -f - +'%F 03:00' |
	    TZ=$1 date -f - +'%F %s %u %d'
}

# around_changes: print the days on stdin around each day that does not have 24
# hours.
around_changes()
{
	awk '{ line[NR] = $0; at[NR] = $2 }
	NR > 1 && at[NR] - at[NR - 1] != 86400 {
		for (i = NR - 5; i <= NR + 5; i++)
			near[i] = 1
	}
	END { for (i = 1; i <= NR; i++) if (i in near) print line[i] }'
}

# shortest [FIELD]: print the shortest time in seconds between two days on
# stdin, or between two days with the same FIELD.
shortest()
{
	awk -v field="${1:-0}" '{
		key = field ? $field : ""
		if (key in at && (!least || $2 - at[key] < least))
			least = $2 - at[key]
		at[key] = $2
	} END { print least }'
}

# advised: print the interval of the manual's daily job.
advised()
{
	sed -n 's/^0 3 \* \* \* ops zkrun .*-i \([0-9.]*[a-z]\) .*/\1/p' \
	    man/zkrun.1
}

# walk TASK INTERVAL: on each day on stdin start two contenders, some seconds
# early or late by ZooKeeper's clock, and earliest on Sundays, when clocks
# change.  Each run records its day.  Print each deviation.
walk()
{
	local task=$1 interval=$2 first=(x 0 -1 2 1 -2 3 -3)
	local day slot weekday off rc

	while read -r day slot weekday _; do
		for off in ${first[weekday]} $((first[weekday] + 1)); do
			set_clock $((slot + off - EPOCHSECONDS))
			rc=0
			zkrun -t "$task" -w 10m -i "$interval" \
			    --skip-exit-code 9 -- echo "$day" \
			    </dev/null >>"$WORK/$task.ran" || rc=$?
			[ $rc -eq 0 ] || [ $rc -eq 9 ] ||
			    echo "$day: exit status $rc"
		done
	done
	lock_clean "$task" || echo "$task: nodes are left"
}

# once_a_day ZONE SHORTEST FILTER...: fail unless each day of the year that
# FILTER passes has one run, and the shortest of these days has SHORTEST
# seconds.
once_a_day()
{
	local zone=$1 task=$TASK-${1#*/} seconds=$2

	shift 2
	days "$zone" 2024 | "$@" >"$WORK/days"
	assert_equal "$zone: $(shortest <"$WORK/days")" "$zone: $seconds"
	walk "$task" "$(advised)" <"$WORK/days" >"$WORK/wrong" 2>&1
	assert_equal "$zone: $(<"$WORK/wrong")" "$zone: "
	diff <(cut -d ' ' -f 1 "$WORK/days") "$WORK/$task.ran"
	echo "# $zone: $(wc -l <"$WORK/days") days and runs" >&3
}

@test "in weeks when clocks change a job runs once a day, in three time zones" {
	once_a_day Europe/Berlin 82800 around_changes
	! asan || return 0
	once_a_day America/New_York 82800 around_changes
	once_a_day Australia/Lord_Howe 84600 around_changes
}

# bats test_tags=long
@test "for a whole year a job runs once a day, in three time zones" {
	local filter=cat

	# Under sanitizers the whole year takes more than a minute.
	! asan || filter=around_changes
	once_a_day Europe/Berlin 82800 $filter
	once_a_day America/New_York 82800 $filter
	once_a_day Australia/Lord_Howe 84600 $filter
}

@test "an interval of 23h skips the run on the day of 23 hours" {
	days Europe/Berlin 2024 | around_changes >"$WORK/days"
	walk "$TASK" 23h <"$WORK/days" >"$WORK/wrong" 2>&1
	assert_equal "$(<"$WORK/wrong")" ''
	run diff <(cut -d ' ' -f 1 "$WORK/days") "$WORK/$TASK.ran"
	assert_output --regexp '^[0-9]+d[0-9]+.< 2024-03-31$'
}

@test "all examples of a daily job have the same interval" {
	local intervals

	intervals=$({ grep -h '^ *0 3 \* \* \* .* -i ' README.md man/zkrun.1 \
	    contrib/cron/zkrun; cat contrib/systemd/*; } |
	    grep -oE '( -i |ZKRUN_INTERVAL=)[0-9.]+[a-z]+')
	assert_equal "$(grep -c . <<<"$intervals")" 5
	assert_equal "$(sed -E 's/^( -i |.*=)//' <<<"$intervals" | sort -u)" \
	    "$(advised)"
}

# rows: print the manual's table of intervals, with | between the fields.
rows()
{
	awk '/^\.It Em schedule Ta / { on = 1; next } /^\.El/ { on = 0 } on' \
	    man/zkrun.1 | sed -e 's/^\.It //' -e 's/ Ta /|/g'
}

# in_seconds DURATION: convert a duration such as "6d 23h".
in_seconds()
{
	local sum

	sum=$(sed -e 's/d */*86400+/' -e 's/h */*3600+/' -e 's/m */*60+/' <<<"$1")
	echo $((${sum}0))
}

@test "the manual's table: interval plus wait is shorter than the gap between two runs" {
	local schedule time interval wait n=0

	while IFS='|' read -r schedule time interval wait _; do
		echo "$schedule: $time, $interval, $wait"
		time=$(in_seconds "$time") interval=$(in_seconds "$interval")
		wait=$(in_seconds "$wait")
		# A server that comes late by the whole wait must not run this
		# slot again, and its run must not make the others skip the next
		# slot.
		[ "$wait" -gt 0 ]
		[ "$wait" -lt "$interval" ]
		[ $((interval + wait)) -lt "$time" ]
		n=$((n + 1))
	done < <(rows)
	assert_equal "$n" 6
}

# shortest_of SCHEDULE: print the table's shortest time in seconds.
shortest_of()
{
	in_seconds "$(rows | awk -F '|' -v schedule="$1" \
	    'index($1, schedule) == 1 { print $2 }')"
}

@test "the manual's table: the gaps are right for ten years" {
	local zone schedule found=()

	for zone in $ZONES; do
		days "$zone" 2020 10 >"$WORK/days"
		assert_equal "$(wc -l <"$WORK/days")" 3653
		found+=("daily $(shortest <"$WORK/days")"
		    "weekly $(shortest 3 <"$WORK/days")"
		    "monthly $(shortest 4 <"$WORK/days")")
	done
	printf '%s\n' "${found[@]}"
	for schedule in daily weekly monthly; do
		assert_equal "$schedule $(shortest_of $schedule)" \
		    "$(printf '%s\n' "${found[@]}" | grep "^$schedule " |
		    sort -k 2n | head -n 1)"
	done
}
