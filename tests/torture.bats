#!/usr/bin/env bats
#
# Run a minute of torture (see tests/torture/run), and prove that its checker
# sees faults.  make torture takes longer.  Sanitizers make zkrun too slow for
# it.
#
# Alone: it uses every processor, and measures when processes die.
# Once: sanitizers make zkrun too slow for it.

load lib/helper

CHECK=(-f "$TOP/tests/torture/check.awk" -f "$TOP/tests/torture/figures.awk")
SOUND=$TOP/tests/torture/sound.history

# A disk that a failed test left frozen would stall the clean-up.
teardown()
{
	local disk

	for disk in "$BATS_TEST_TMPDIR"/round-*/disk; do
		if mountpoint -q "$disk"; then
			fsfreeze -u "$disk" || true
			umount -l "$disk"
		fi
	done
	stop_all
}

# seen PROMISE SED-SCRIPT: in a sound history that the script changes, the
# checker finds PROMISE broken.
seen()
{
	sed -E "$2" "$SOUND" >"$BATS_TEST_TMPDIR/history"
	run ! cmp -s "$SOUND" "$BATS_TEST_TMPDIR/history"
	run -1 awk "${CHECK[@]}" "$BATS_TEST_TMPDIR/history"
	assert_line --partial "BROKEN $1"
}

# only PROMISE SED-SCRIPT: like seen, and the checker finds nothing else.
only()
{
	seen "$1" "$2"
	assert_equal "$(grep -c ^BROKEN <<<"$output")" 1
}

@test "the checker finds nothing wrong in a sound history" {
	run -0 awk "${CHECK[@]}" "$SOUND"
	assert_line '0 promises broken'
	assert_line '10 runs of commands in 13 tries, 7 hand-offs'
	assert_line --partial 'semaphore: 7 runs of commands in 10 tries, 5 hand-offs'
	assert_line --partial 'mutex: 3 runs of commands in 3 tries, 2 hand-offs'
	assert_line --partial '2 faults: '
}

@test "the checker names a stalled disk, but does not accept it as an excuse" {
	local stall='1500000 fault at=1500000 ms=4000 kind=stall target=disk'

	# The stall ends before run 1 of c01 begins.
	only 'dead before takeover' \
	    "1a $stall
	    /who=c02 n=0/{s/last=[0-9]+/last=6002000/;s/end=[0-9]+/end=6002000/}
	    s/starts=1/& disk=stderr/"
	assert_line --partial 'm1 c02 run 0 (stderr on a disk that stalled) lived'
	only 'true status' "1a $stall
	    /who=c01 n=1/s/how=signal code=9/how=exit code=71/
	    s/starts=1/& disk=stderr/"
	assert_line --partial 'm1 c01 run 1: exit 71'
	# A stalled disk does not explain a lost lock.
	only 'true status' '1i 900000 fault at=900000 kind=kill-guard target=c04 pid=14
	    /kind=kill-guard/d;s/kind=swallow-link target=aall/kind=stall target=disk/'
	assert_line --partial 'm1 c02 run 0: exit 76, but nothing had happened'
}

@test "the checker sees two runs at a time, and a run that outlives its lease" {
	# Run 0 of c01 lives when the next run begins, long after its lease is
	# gone.
	seen exclusion '/who=c01 n=0/s/last=[0-9]+/last=1400001/'
	assert_line --partial 'm1 c02 run 0 began while m1 c01 run 0 lived'
	only 'dead before takeover' \
	    '/who=c02 n=0/{s/last=[0-9]+/last=6002000/;s/end=[0-9]+/end=6002000/}'
	only 'held as long as the work lives' \
	    '/who=c08/s/last=3290000/last=3299999/;/who=c08/s/end=3310000/end=3299000/'
	only exclusion '/who=c08/s/starts=1/starts=2/'
	# The servers had told a Curator client that it held the lock.
	seen exclusion '/who=k2/s/begin=[0-9]+/begin=18800000/;/who=k2/s/^[0-9]+/18800000/'
	# A semaphore of three allows three holders.
	sed -E 's/leases=1/leases=3/' "$SOUND" >"$BATS_TEST_TMPDIR/wide"
	run -0 awk "${CHECK[@]}" "$BATS_TEST_TMPDIR/wide"
}

@test "the checker excuses a run that begins when its session is ended, and no other" {
	local edit='/zxid=111/s/gone=.*/gone=18305000 by=close/
	    /zxid=113/s/^.* name/18310000 node task=m2 part=leases zxid=113 session=9 made=18310000 name/
	    /zxid=113/s/gone=[0-9]+/gone=18460000/
	    /who=k2/s/begin=.* fence/begin=18320000 last=18450000 fence/
	    /who=k2/s/^[0-9]+/18320000/;/who=k2/s/end=[0-9]+/end=18470000/'
	local expire='1i 900000 fault at=900000 ms=0 kind=expire target=m2 session=f'

	sed -E "$edit" "$SOUND" | sort -s -n -k 1,1 >"$BATS_TEST_TMPDIR/edited"
	run -1 awk "${CHECK[@]}" "$BATS_TEST_TMPDIR/edited"
	assert_line --partial 'm2 c06 run 1 began while m2 k2 run 0 lived'
	sed "$expire" "$BATS_TEST_TMPDIR/edited" >"$BATS_TEST_TMPDIR/ended"
	run -0 awk "${CHECK[@]}" "$BATS_TEST_TMPDIR/ended"
	# Even such a run has to be dead within its session timeout.
	sed '/who=c06 n=1/s/last=18900000/last=21400000/' \
	    "$BATS_TEST_TMPDIR/ended" >"$BATS_TEST_TMPDIR/long"
	run -1 awk "${CHECK[@]}" "$BATS_TEST_TMPDIR/long"
	assert_line --partial 'after its session was ended'
}

@test "the checker sees fences that do not grow or belong to no lease" {
	seen fence 's/(fence|zxid)=103/\1=100/'
	assert_line --partial 'and somebody before it had 101'
	only fence '/who=c01 n=0/s/fence=101/fence=95/'
}

@test "the checker sees every untrue exit status" {
	local n=0 from to

	while IFS='|' read -r from to; do
		only 'true status' "/$from/s/how=[a-z]+ code=[0-9]+/$to/"
		n=$((n + 1))
	done <<-'END'
		who=c01 n=0|how=exit code=3
		who=c01 n=0|how=exit code=75
		who=c01 n=0|how=exit code=70
		who=c01 n=0|how=exit code=124
		who=c01 n=0|how=exit code=137
		who=c01 n=0|how=signal code=15
		who=c01 n=1|how=exit code=0
		who=c01 n=1|how=exit code=71
		who=c01 n=1|how=exit code=137
		who=c02|how=exit code=0
		who=c02|how=exit code=69
		who=c02|how=exit code=143
		who=c03|how=exit code=0
		who=c03|how=exit code=42
		who=c03|how=signal code=9
		who=c04|how=signal code=11
		who=c06 n=1|how=exit code=76
	END
	assert_equal $n 17
	# The contender gave up before --wait was over, with no fault.
	only 'true status' '/who=c03/s/wait=500/wait=800/'
	only 'true status' '/ burst | quiet /d;/who=c08/a 9000000 quiet from=9000000 to=22000000'
	assert_line --partial 'm1 c02 run 0: exit 76, but nothing had happened'
}

@test "the checker sees two good runs of a slot, and a needless skip" {
	only 'one run of a slot' '/who=c08/s/interval=900/interval=1101/'
	only 'true status' '/who=c07/s/interval=900/interval=300/'
}

@test "the checker judges runs with a mutex by the same rules" {
	# k5 had the place behind c18, which had the place behind c17.
	seen exclusion '/who=c17/s/last=[0-9]+/last=17415000/'
	assert_line --partial 'x1 c18 run 0 began while x1 c17 run 0 lived'
	assert_line --regexp '^mutex: .* [1-9] promises broken$'
	assert_line --regexp '^semaphore: .* 0 promises broken$'
	# Curator's node proves that it held the lock.
	seen exclusion '/who=k5/s/begin=[0-9]+/begin=17600000/'
	assert_line --partial 'x1 k5 run 0 began while x1 c18 run 0 lived'
	only 'dead before takeover' \
	    '/who=c18/s/last=[0-9]+/last=17705000/'
	seen fence 's/(fence|zxid)=116/\1=114/'
	only 'no litter' '/name=nine/s/gone=[0-9]+ by=delete/gone=0 by=nobody/'
	# The servers' logs say when it is whose turn.
	only exclusion '/name=eight/s/gone=[0-9]+/gone=17420000/'
	assert_line --partial 'x1 c18 run 0 began 0.010 s before the last node ahead'
	# The command may not start while the mutex has another holder.
	only 'true status' '/who=c18/s/max=200/max=400/'
}

@test "the checker sees processes and nodes left behind, and a task without progress" {
	only 'nothing left' '1i 0 left what=process pid=7'
	only 'no litter' '/name=seven/s/gone=[0-9]+ by=delete/gone=0 by=nobody/'
	only 'no litter' '/name=line/s/gone=18400000/gone=22500000/'
	only 'no litter' '/name=six/p;/name=six/s/part=leases/part=locks/'
	only progress '/quiet/s/to=[0-9]+/to=18200000/'
	run -2 awk "${CHECK[@]}" <(echo 0 forgotten zxid=1 parent=/x; cat "$SOUND")
	assert_line --partial 'this round proves nothing'
}

@test "a seed always gives the same schedule, with one fault at a time for each zkrun" {
	schedule()
	{
		awk -f "$TOP/tests/torture/schedule.awk" -v seed="$1" \
		    -v seconds=600
	}

	schedule 7 >"$BATS_TEST_TMPDIR/a"
	schedule 7 | cmp - "$BATS_TEST_TMPDIR/a"
	schedule 8 >"$BATS_TEST_TMPDIR/b"
	run ! cmp -s "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	run -0 awk '
		$1 == "burst" { split("", hit); n++ }
		$4 ~ /^c[0-9][0-9]/ && hit[$4]++ { print "twice: " $0 }
		{ seen[$3]++ }
		$3 == "stall" { stalls++; before = until; until = $1 + $2 }
		$1 == "burst" { until = -1 }
		$3 == "stall" && $1 <= before { print "two stalls: " $0 }
		END { for (kind in seen) kinds++
			print n, (kinds >= 20), (stalls >= n) }' \
	    "$BATS_TEST_TMPDIR/a"
	assert_output '22 1 1'
	# In every fifth burst the stall is the only fault.
	run -0 awk '$1 == "burst" { n++ }
		$1 ~ /^[0-9]/ && $3 != "stall" { others[n]++ }
		END { for (i = 1; i <= n; i++)
			if (!others[i]) printf "%d ", i }' "$BATS_TEST_TMPDIR/a"
	assert_output '5 10 15 20 '
}

@test "six broken zkruns can be built, and the build names an edit that no longer fits the source" {
	local copy=$BATS_TEST_TMPDIR/copy n

	TORTURE_DIR=$BATS_TEST_TMPDIR run -0 "$TOP/tests/torture/broken" -b
	assert_output "$(printf "$BATS_TEST_TMPDIR/broken-%d/zkrun\n" 1 2 3 4 5 6)"
	for n in 1 2 3 4 5 6; do
		run ! cmp -s "$ZKRUN" "$BATS_TEST_TMPDIR/broken-$n/zkrun"
	done
	mkdir -p "$copy/tests"
	cp -r "$TOP/Makefile" "$TOP/src" "$copy"
	cp -r "$TOP/tests/torture" "$copy/tests"
	sed -i 's/node->pending/node->waiting/' "$copy/src/lock/recipe_nodes.c"
	TORTURE_DIR=$BATS_TEST_TMPDIR/again run -1 "$copy/tests/torture/broken" -b 3
	assert_line --partial 'the fault does not fit lock/recipe_nodes.c any more'
	[ ! -e "$BATS_TEST_TMPDIR/again/broken-3/zkrun" ]
}

# bats test_tags=long
@test "the checker catches three zkruns that break a promise" {
	TORTURE_SECONDS=60 TORTURE_DIR=$BATS_TEST_TMPDIR \
	    "$TOP/tests/torture/broken" -q >"$BATS_TEST_TMPDIR/out" 3>&-
	sed 's/^/# /' "$BATS_TEST_TMPDIR/out" >&3
}

# bats test_tags=long
@test "a minute of torture breaks no promise" {
	local rc=0

	TORTURE_SECONDS=60 TORTURE_SEED=2 TORTURE_DIR=$BATS_TEST_TMPDIR \
	    "$TOP/tests/torture/run" >"$BATS_TEST_TMPDIR/out" 3>&- || rc=$?
	sed 's/^/# /' "$BATS_TEST_TMPDIR/out" >&3
	# Copy the round to a place where the next test run does not delete it.
	[ $rc -eq 0 ] || cp -R "$BATS_TEST_TMPDIR"/round-* "$BUILD"/
	assert_equal $rc 0
	# The round had runs and drew a picture.
	run -0 sed -n 's/^\([0-9]*\) runs of commands.*/\1/p' \
	    "$BATS_TEST_TMPDIR/figures"
	[ "$output" -ge 100 ]
	grep -q '^mutex: [1-9][0-9]' "$BATS_TEST_TMPDIR/figures"
	grep -q '^semaphore: [1-9][0-9]' "$BATS_TEST_TMPDIR/figures"
	for task in m1 m2 s3 x1 x2; do
		grep -q 'class="hold"' "$BATS_TEST_TMPDIR/$task.svg"
		tail -n 1 "$BATS_TEST_TMPDIR/$task.svg" | grep -q '</svg>'
	done
}

# bats test_tags=long
@test "a round that is killed while its disk is frozen leaves no disk behind" {
	local seed=0 dir signal pid

	# Does a guard, keeper or logger sleep in a write?
	a_zkrun_sleeps()
	{
		local proc

		for proc in /proc/[0-9]*; do
			[ "$proc/exe" -ef "$dir/zkrun" ] &&
			    in_state "${proc#/proc/}" D && return
		done
		return 1
	}

	[ "$EUID" -eq 0 ] || skip 'only root can make a disk'
	printf '%s\n' 'burst 60000' '500 59000 stall disk' 'quiet 2000' \
	    >"$BATS_TEST_TMPDIR/schedule"
	for signal in TERM KILL; do
		seed=$((seed + 1)) dir=$BATS_TEST_TMPDIR/round-$seed
		TORTURE_SEED=$seed TORTURE_DIR=$BATS_TEST_TMPDIR \
		    TORTURE_SCHEDULE=$BATS_TEST_TMPDIR/schedule \
		    "$TOP/tests/torture/run" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
		pid=$!
		wait_for 60 grep -q 'no disk\|^fault .*kind=stall' \
		    "$BATS_TEST_TMPDIR/out" "$dir/faults" || {
			cat "$BATS_TEST_TMPDIR/out"
			return 1
		}
		grep -q kind=stall "$dir/faults" || skip 'no disk can stall here'
		mountpoint -q "$dir/disk"
		[ -n "$(losetup -j "$dir/disk.img")" ]
		wait_for 20 a_zkrun_sleeps
		kill -"$signal" "$pid"
		wait "$pid" || true
		wait_for 30 not test -e "$dir/disk.img"
		run ! mountpoint -q "$dir/disk"
		run ! grep -F "$dir" <(losetup -a)
		wait_for 30 nothing_left
		# The round keeps the messages of each zkrun.
		[ -s "$dir/said/err.c01" ]
	done
}

# bats test_tags=long
@test "300 hand-offs do not change the number of descriptors, the memory or the znodes" {
	SOAK_HANDOFFS=300 SOAK_DIR=$BATS_TEST_TMPDIR/soak \
	    "$TOP/tests/torture/soak" >"$BATS_TEST_TMPDIR/out" 3>&-
	tail -n 2 "$BATS_TEST_TMPDIR/out" | sed 's/^/# /' >&3
}
