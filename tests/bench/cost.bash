# cost.bash: the cost of running a command under a lock.
# shellcheck shell=bash disable=SC2154 # variables of tests/bench

# rows_of_times PART SIZE REFERENCE WHAT...: print a row of wall time and a row
# of CPU time for each WHAT.
rows_of_times() {
	local part=$1 size=$2 reference=$3 what

	shift 3
	for what; do
		row "$part" "$what" "$size" "$(median "$work/$what.times" 1)" \
		    'ms wall' "$reference/$size"
	done
	for what; do
		row "$part" "$what" "$size" "$(median "$work/$what.times" 2)" \
		    'ms CPU' "$reference/$size"
	done
}

# a: wall and CPU time of "X -- true" on loopback, one run after the other.
part_a() {
	local all=(zkrun true flock)

	[ "$peers" = no ] || all=('etcdctl lock' "${all[@]}"
	    'Curator (with JVM start)')
	for _ in $(seq "$rounds"); do
		measure true 3 true
		measure flock 3 flock "$work/file" true
		measure zkrun 3 "$zkrun" -t bench -- true
		[ "$peers" = yes ] || continue
		measure 'etcdctl lock' 3 etcdctl lock bench true
		measure 'Curator (with JVM start)' 1 \
		    bash -c 'curator "$@"' _ "$zk" /lock/mutex/java 1 true
	done
	rows_of_times a loopback 'etcdctl lock' "${all[@]}"
}

# trips WHAT: print a row of part b.
trips() {
	row b "$1" "$((2 * delay)) ms" "$(percentile 50 "$work/$1.times" |
	    awk -v d="$delay" '{ printf "%.2f\n", $1 / (2 * d) }')" \
	    'round trips' "etcdctl lock/$((2 * delay)) ms"
}

# b: the same over a distance.  The relay delays data in each direction.  It
# does not delay the TCP handshake, which would add one round trip to each run.
part_b() {
	local runs=$(((rounds + 1) / 2)) far holder

	relay_to far "$zk"
	far=$relayed
	if [ "$peers" = yes ]; then
		relay_to far-etcd "${ETCDCTL_ENDPOINTS#http://}"
		measure 'etcdctl lock' 1 true
		rm -f "$work/etcdctl lock.times"
		ETCDCTL_ENDPOINTS=http://$relayed measure 'etcdctl lock' \
		    "$runs" etcdctl lock bench true
		trips 'etcdctl lock'
	fi
	"$zkrun" -t far -- true
	measure 'zkrun warm' "$runs" "$zkrun" -c "$far" -t far -- true
	trips 'zkrun warm'
	"$zkrun" --recipe mutex -t far-mutex -- true
	measure 'zkrun --recipe mutex' "$runs" "$zkrun" -c "$far" \
	    --recipe mutex -t far-mutex -- true
	trips 'zkrun --recipe mutex'
	for _ in $(seq "$runs"); do
		znode rmr /lock >/dev/null
		measure 'zkrun parents missing' 1 \
		    "$zkrun" -c "$far" -t far -- true
	done
	trips 'zkrun parents missing'
	with_us "$zkrun" -t taken -- "$tools/stamp" "$work/taken" taken 600000 &
	holder=$!
	until_true 10 test -s "$work/taken"
	measure 'zkrun -n taken' "$runs" "$zkrun" -c "$far" -E 0 -n -q \
	    -t taken -- false
	kill "$holder"
	wait "$holder" || true
	trips 'zkrun -n taken'
	[ "$peers" = yes ] || return 0
	# Curator's times come from its own clock, without the start of the JVM
	# and without the first run, in which the JVM loads and compiles.
	curator "$far" /lock/mutex/java "$((runs + 1))" true |
	    tail -n +2 >"$work/Curator (running JVM).times"
	trips 'Curator (running JVM)'
}
