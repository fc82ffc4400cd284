#!/usr/bin/env bats
#
# Run a short make bench: its output is well-formed, and zkrun stays within
# those limits that a busy machine does not affect.
#
# Alone: it is a benchmark.
# Once: sanitizers would change the measurements.
# bats file_tags=long

load lib/helper

# value PART WHAT SIZE UNIT: print a value of the table.
value()
{
	awk -F, -v p="$1" -v w="$2" -v s="$3" -v u="$4" '
	$1 == p && $2 == w && $3 == s && $5 == u { print $4 }' "$WORK/bench.csv"
}

# at_most BAR PART WHAT SIZE UNIT: fail if the value is missing or above BAR.
at_most()
{
	local bar=$1 is

	shift
	is=$(value "$@")
	awk -v is="$is" -v bar="$bar" \
	    'BEGIN { exit !(is != "" && is > 0 && is <= bar) }' || {
		echo "$*: $is, more than $bar"
		return 1
	}
}

@test "make bench writes table, CSV and picture, and zkrun stays within the limits" {
	WORK=$BATS_TEST_TMPDIR/build
	mkdir "$WORK"
	ln -s "$BUILD/zkrun" "$TOOLS" "$BUILD/java" "$WORK"
	BUILD=$WORK BENCH_PEERS=no BENCH_ROUNDS=1 BENCH_ONLY=a,b,d,e \
	    BENCH_SIZES='2 10' BENCH_DELAY=200 timeout 100 "$TOP/tests/bench/run" \
	    >"$WORK/table" 2>"$WORK/err" 3>&- || {
		cat "$WORK/err"
		return 1
	}

	# The CSV has seven columns with numbers in place, and as many rows as
	# the table.
	assert_equal "$(head -n 1 "$WORK/bench.csv")" \
	    part,what,size,value,unit,ratio,reference
	run -0 awk -F, 'NF != 7 || NR > 1 && ($4 !~ /^[0-9]+(\.[0-9]+)?$/ ||
	    $6 !~ /^([0-9]+\.[0-9]+)?$/ || ($6 == "") != ($7 == ""))' \
	    "$WORK/bench.csv"
	assert_output ''
	assert_equal "$(grep -c '^[a-h] ' "$WORK/table")" \
	    $(($(wc -l <"$WORK/bench.csv") - 1))
	assert_equal "$(cut -d , -f 1 "$WORK/bench.csv" | uniq | xargs)" \
	    'part a b d e'

	# The picture is well-formed and has a bar for each ratio.
	run -0 awk -v RS='<' -v FS='>' '
	NR == 1 { next }
	{ split($1, name, /[ \/]/) }
	$1 ~ /^\// { if (open[n--] != substr($1, 2)) print "not open: " $1 }
	$1 !~ /^\// && $1 !~ /\/$/ { open[++n] = name[1] }
	/&/ && !/&(amp|lt|gt);/ { print "bare &: " $0 }
	END { if (n) print "left open: " open[n] }' "$WORK/bench.svg"
	assert_output ''
	assert_equal "$(grep -c '<rect x=' "$WORK/bench.svg")" \
	    "$(awk -F, 'NR > 1 && $6 != ""' "$WORK/bench.csv" | wc -l)"

	at_most 3.6 b 'zkrun warm' '400 ms' 'round trips'
	at_most 4.7 b 'zkrun parents missing' '400 ms' 'round trips'
	at_most 2.4 b 'zkrun -n taken' '400 ms' 'round trips'
	at_most 6 d 'zkrun transactions' 2 'per hand-off'
	at_most 6 d 'zkrun transactions' 10 'per hand-off'
	at_most 1024 e 'zkrun waiting' pair 'kB PSS'
}

holds_something()
{
	[ -s "$(echo "$1"/*/e)" ]
}

@test "make bench ends all processes that it started, even if it is killed itself" {
	local bench dir=$BATS_TEST_TMPDIR/tmp signal

	mkdir "$dir"
	for signal in TERM KILL; do
		TMPDIR=$dir BENCH_PEERS=no BENCH_ONLY=e "$TOP/tests/bench/run" \
		    >/dev/null 2>&1 3>&- &
		bench=$!
		wait_for 20 holds_something "$dir"
		# The waiting zkrun starts a moment after the holder.
		sleep 0.5
		kill -"$signal" "$bench"
		wait "$bench" || true
		wait_for 20 rmdir "$dir"
		mkdir "$dir"
		wait_for 5 nothing_left
	done
}
