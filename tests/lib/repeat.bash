# repeat.bash: run tests that failed in a lane again by themselves.  For
# tests/run.
# shellcheck shell=bash disable=SC2154 # variables of tests/run
#
# The lanes share the processor time that the measuring files leave.  A test in
# a lane may fail only because it waited too long for the processor.  So a
# failed test runs three more times, with the machine to itself, and counts as
# failed if one of these runs fails.  tests/run names and counts the tests that
# passed only this way.  If more than three tests fail in a pass, none is
# repeated: so many failures are not chance.

# failed_in_lanes PASS: "FILE TAB TEST" for each test that failed in a lane.
failed_in_lanes()
{
	local file

	while read -r file; do
		sed -nE "s|^not ok [0-9]+ (.*) in [0-9]+ms$|$file\t\1|p" \
		    "$logs/$1-$(basename "$file" .bats).tap"
	done <"$logs/shared"
}

# passes_alone PASS FILE TEST: does the test pass three times in a row?
passes_alone()
{
	local run log
	# shellcheck disable=SC2034 # used by run_bats
	local select=(-f "^$(sed 's/[][\.*^$+?(){}|/]/\\&/g' <<<"$3")$")

	for run in 1 2 3; do
		log=$logs/repeated-$1-$(basename "$2" .bats).$run
		run_bats "$1" "$2" >"$log" 2>&1 3>&- 8>&- || return 1
		[ "$(grep -c '^ok ' "$log")" -eq 1 ] || return 1
	done
}

# repeat_failed PASS: run each test that failed in a lane by itself.
repeat_failed()
{
	local pass=$1 file name log number failures

	mapfile -t failures < <(failed_in_lanes "$pass")
	if [ ${#failures[@]} -eq 0 ] || [ ${#failures[@]} -gt 3 ]; then
		return
	fi
	export LANE_DIR=$scratch/$pass-repeat
	start_lane "$LANE_DIR" || return 0
	for name in "${failures[@]}"; do
		file=${name%%$'\t'*} name=${name#*$'\t'}
		passes_alone "$pass" "$file" "$name" || continue
		echo "# $pass: $file: '$name' failed beside others," \
		    "and passed three times by itself"
		repeated=$((repeated + 1))
		log=$logs/$pass-$(basename "$file" .bats).tap
		number=$(grep -F -m 1 " $name in " "$log" |
		    sed -nE 's/^not ok ([0-9]+) .*/\1/p')
		sed -i "s/^not ok $number /ok $number /" "$log"
		grep -q '^not ok' "$log" ||
		    sed -i 's/^# exit status 1$/# exit status 0/' "$log"
	done
	stop_lane "$LANE_DIR"
}
