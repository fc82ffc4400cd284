# crowd.bash: what a waiting or holding zkrun costs, alone and among many.
# shellcheck shell=bash disable=SC2154 # variables of tests/bench

crowd=1000

# wakeups_of PID: print its voluntary context switches so far.
wakeups_of() {
	awk '/^voluntary/ { print $2 }' "/proc/$1/status"
}

packets() {
	ask_server mntr | awk '$1 == "zk_packets_received" { print $2 }'
}

keeper_below() {
	tr -d ' ' <"/proc/$1/task/$1/children"
}

has_keeper() {
	[ -n "$(keeper_below "$1")" ]
}

per_minute() { # COUNT MS
	awk -v n="$1" -v ms="$2" 'BEGIN { printf "%.1f", n * 60000 / ms }'
}

# e: a waiter at the front of the queue and a holder, with the default session
# timeout of 30 s.  Each sends a read and a beat seven times in 30 s, and wakes
# up for sending and for each answer.
part_e() {
	local beats=$((rounds / 4)) kind guard keeper holder began packets
	local -A pid wakeups

	with_us "$zkrun" -t e -- "$tools/stamp" "$work/e" e 600000 &
	holder=$!
	until_true 10 test -s "$work/e"
	with_us "$zkrun" -t e -- true &
	guard=$!
	until_true 10 zkrun_queue e 1
	for kind in waiting holding; do
		pid[$kind guard]=$guard
		keeper=$(tr ' ' '\n' <"/proc/$guard/task/$guard/children" |
		    head -n 1)
		pid[$kind keeper]=$keeper
		row e "zkrun $kind" pair "$(pss_of "$guard" "$keeper")" \
		    'kB PSS' '1024 (the bar)'
		row e "zkrun $kind" pair "$(find "/proc/$guard/fd" \
		    "/proc/$keeper/fd" -type l | wc -l)" descriptors
		guard=$holder
	done
	[ "$beats" -ge 1 ] || beats=1
	# Do not count wake-ups and packets of the start.
	sleep 1
	began=$(now_ms)
	packets=$(packets)
	for kind in "${!pid[@]}"; do
		wakeups[$kind]=$(wakeups_of "${pid[$kind]}")
	done
	sleep "$(awk -v n="$beats" 'BEGIN { print n * 30 / 7 }')"
	for kind in 'waiting guard' 'waiting keeper' 'holding guard' \
	    'holding keeper'; do
		row e "zkrun $kind" one "$(per_minute $(($(wakeups_of \
		    "${pid[$kind]}") - wakeups[$kind])) \
		    $(($(now_ms) - began)))" 'wake-ups a minute' \
		    '42 (three for each beat)'
	done
	# Subtract the packet that asks for the number.
	row e 'zkrun both' two "$(per_minute $(($(packets) - packets - 1)) \
	    $(($(now_ms) - began)))" 'requests a minute' '56 (two every T/7 each)'
	kill "${pid[waiting guard]}" "$holder"
	wait "${pid[waiting guard]}" "$holder" || true
}

# rate FILE SECONDS: print runs a second, counted from two seconds after the
# first run.
rate() {
	awk -v over="$2" '
	$1 == "begin" {
		if (!first) first = $2 + 2e9
		if ($2 >= first && $2 < first + over * 1e9) n++
	}
	END { printf "%.1f", n / over }' "$1"
}

# f: 50 contenders pass a task around; each queues again after its run.
part_f() {
	local over=$((rounds / 2 + 1))

	if [ "$peers" = yes ]; then
		"$tools/swarm" -s $((over + 5)) 50 etcdctl lock around \
		    "$tools/stamp" "$work/f.etcdctl" % 0 \
		    >"$work/f.swarm" 2>"$work/f.err" || true
		row f 'etcdctl lock' 50 "$(rate "$work/f.etcdctl" $over)" \
		    'runs a second'
	fi
	"$tools/swarm" -s $((over + 3)) 50 "$zkrun" -T 30 -t around -- \
	    "$tools/stamp" "$work/f.zkrun" % 0 >"$work/f.swarm" 2>&1 || true
	"$tools/overlap" "$work/f.zkrun" >"$work/f.overlap"
	row f zkrun 50 "$(rate "$work/f.zkrun" $over)" 'runs a second' \
	    'etcdctl lock/50'
}

# g: a thousand waiters of one task, and a thousand tasks held at once.
part_g() {
	local began swarm pids names

	lines zkrun "$crowd"
	row g 'zkrun waiting' "$crowd" "${values["setup/$crowd"]}" 'ms to line up'
	row g 'zkrun waiting' "$crowd" "${values["pss/$crowd"]}" 'kB PSS'
	row g 'zkrun waiting' "$crowd" \
	    $((crowd + 1 - values["ran/$crowd"])) lost

	began=$(now_ms)
	"$tools/swarm" "$crowd" "$zkrun" -T "$long" -t 'many-%' -- \
	    "$tools/stamp" "$work/many" % 600000 >"$work/many.swarm" &
	swarm=$!
	until_true 120 has_stamps "$work/many" "$crowd"
	row g 'zkrun holding' "$crowd" $(($(now_ms) - began)) 'ms to hold all'
	# zkruns_below lists guards and keepers, but no commands.
	mapfile -t pids < <(zkruns_below "$swarm")
	row g 'zkrun holding' "$crowd" "$(pss_of "${pids[@]}")" 'kB PSS'
	names=$(znode tree /lock/mutex | grep -c '/many-.*-lease-')
	row g 'zkrun holding' "$crowd" $((crowd - names)) lost
	began=$(now_ms)
	kill "$swarm"
	wait "$swarm" || true
	row g 'zkrun holding' "$crowd" $(($(now_ms) - began)) 'ms to release all'
	names=$(znode tree /lock/mutex | grep -c '/many-.*-lease-') || true
	row g 'zkrun holding' "$crowd" "$names" 'left behind'
}
