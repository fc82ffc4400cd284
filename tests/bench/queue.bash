# queue.bash: queues of waiters, each of which takes the lock from the waiter
# before it.
# shellcheck shell=bash disable=SC2154 # variables of tests/bench
# shellcheck disable=SC2016 # expanded by the inner shell

declare -A lined
# The number of hand-offs measured for each length of queue, at least.
handoffs=$(((rounds * 5 + 1) / 2))
# A session timeout so long that no beat falls into the measurement.
long=300
# How long each command runs, in ms.  By then the next waiter has come to the
# front of the queue.
hold=${BENCH_HOLD:-20}
# The most that this machine can run: each has 9 threads and 20 MB.
etcdctl_most=100
# A command that waits until the gate opens and then runs "$@".
at_gate='echo >"$0.shut"; read -r _ <"$0"; exec "$@"'

# Print the server's zxid, and the number of watches that it has fired for nodes
# that were deleted, changed or created, or whose children changed.
counters() {
	printf '%d ' "$(ask_server srvr | sed -n 's/^Zxid: //p')"
	ask_server mntr | awk '
	$1 ~ /^zk_sum_node_(deleted|changed|created|children)_watch_count$/ {
		events += $2
	}
	END { print events }'
}

zxid_rests() {
	local now

	now=$(ask_server srvr | grep '^Zxid')
	sleep 0.15
	[ "$now" = "$(ask_server srvr | grep '^Zxid')" ]
}

zkrun_queue() { # TASK N
	[ "$(znode ls "/lock/mutex/$1/locks" 2>/dev/null | wc -l)" -eq "$2" ]
}

# With the mutex recipe the holder has a node beside the waiters.
mutex_queue() { # TASK N
	[ "$(znode ls "/lock/mutex/$1" 2>/dev/null | wc -l)" -eq $(($2 + 1)) ]
}

etcd_queue() { # NAME N
	[ "$(etcdctl get --prefix "$1/" --keys-only | grep -c .)" -eq "$2" ]
}

has_begun() { # STAMPS ID
	sleep 0.15
	grep -q "^begin [0-9]* $2\$" "$1" 2>/dev/null
}

has_stamps() { # STAMPS N
	[ "$(grep -c ^begin "$1" 2>/dev/null)" -ge "$2" ]
}

# gaps STAMPS: print the milliseconds from each end to the next begin, in order.
gaps() {
	sort -n -k 2,2 "$1" | awk '
	$1 == "end" { end = $2 }
	$1 == "begin" && end { printf "%.3f\n", ($2 - end) / 1e6; end = 0 }'
}

# pss_of PID...: print their proportional memory in kB.
pss_of() {
	local pid

	for pid; do
		awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup"
	done | awk '{ sum += $1 } END { print sum + 0 }'
}

# zkruns_below PID: print the pids of guards below PID and of their keepers.
zkruns_below() {
	local guard guards

	guards=$(cat "/proc/$1/task/$1/children")
	for guard in $guards; do
		echo "$guard"
		tr ' ' '\n' <"/proc/$guard/task/$guard/children"
	done
}

# zkrun_line_once: run a queue of a holder, SIZE - 1 waiters and a last waiter,
# which keeps the lock.  Counting begins when all of them queue, so that exactly
# SIZE hand-offs lie between the end of the first command and the start of the
# last.
zkrun_line_once() { # SIZE TASK [SYSTEM]
	local system=${3:-zkrun} size=$1 task=$2 stamps=$work/$2.stamps gate=$work/$2.gate
	local before after began swarm='' holder last pids

	mkfifo "$gate"
	with_us "$zkrun" -T "$long" -t "$task" -- sh -c "$at_gate" "$gate" \
	    "$tools/stamp" "$stamps" holder 0 &
	holder=$!
	until_true 20 test -e "$gate.shut"
	began=$(now_ms)
	if [ "$size" -gt 1 ]; then
		"$tools/swarm" $((size - 1)) "$zkrun" -T "$long" -t "$task" -- \
		    "$tools/stamp" "$stamps" % "$hold" >"$work/$task.swarm" &
		swarm=$!
		until_true 120 "${system}_queue" "$task" $((size - 1))
	fi
	values["setup/$size"]=$(($(now_ms) - began))
	with_us "$zkrun" -T "$long" -t "$task" -- "$tools/stamp" "$stamps" last \
	    600000 &
	last=$!
	until_true 120 "${system}_queue" "$task" "$size"
	if [ -n "$swarm" ]; then
		mapfile -t pids < <(zkruns_below "$swarm")
		values["pss/$size"]=$(pss_of "${pids[@]}")
	fi
	until_true 20 zxid_rests
	before=$(counters)
	echo >"$gate"
	until_true 120 has_begun "$stamps" last
	until_true 20 zxid_rests
	after=$(counters)
	wait "$holder"
	[ -z "$swarm" ] || wait "$swarm"
	kill "$last"
	wait "$last" || true
	"$tools/overlap" "$stamps" >"$work/$task.overlap"
	values["ran/$size"]=$(grep -c '^begin' "$stamps")
	gaps "$stamps" | head -n "$((size > handoffs ? handoffs : size))" \
	    >>"$work/$system.$size"
	echo "$before $after $size" >>"$work/$system.counters.$size"
}

mutex_line_once() { # SIZE TASK
	local -x ZKRUN_RECIPE=mutex

	zkrun_line_once "$1" "$2" mutex
}

etcdctl_line_once() { # SIZE NAME
	local size=$1 name=$2 stamps=$work/$2.stamps gate=$work/$2.gate
	local swarm holder

	mkfifo "$gate"
	# etcdctl ignores TERM while its command runs; the swarm kills it if
	# needed.
	"$tools/swarm" 1 etcdctl lock "$name" -- sh -c "$at_gate" "$gate" \
	    "$tools/stamp" "$stamps" holder 0 >"$work/$name.holder" &
	holder=$!
	until_true 20 test -e "$gate.shut"
	"$tools/swarm" "$size" etcdctl lock "$name" "$tools/stamp" "$stamps" \
	    % "$hold" >"$work/$name.swarm" &
	swarm=$!
	until_true 120 etcd_queue "$name" $((size + 1))
	sleep 0.5
	echo >"$gate"
	wait "$holder" "$swarm"
	gaps "$stamps" | head -n "$((size > handoffs ? handoffs : size))" \
	    >>"$work/etcdctl.$size"
}

# lines SYSTEM SIZE: measure enough queues of this length, unless already done.
lines() {
	local i

	[ -z "${lined[$1/$2]:-}" ] || return 0
	lined[$1/$2]=yes
	progress "$1, a line of $2"
	for i in $(seq $(((handoffs + $2 - 1) / $2))); do
		"$1_line_once" "$2" "line-$1-$2-$i"
	done
}

# c: from a command's end to the next one's start, by the commands' clocks.
part_c() {
	local size p other

	if [ "$peers" = yes ]; then
		for size in "${sizes[@]}"; do
			[ "$size" -le "$etcdctl_most" ] || continue
			lines etcdctl "$size"
			for p in 50 99; do
				row c "etcdctl lock p$p" "$size" "$(percentile \
				    $p "$work/etcdctl.$size")" ms
			done
		done
	fi
	for size in "${sizes[@]}"; do
		lines zkrun "$size"
		other=$((size > etcdctl_most ? etcdctl_most : size))
		for p in 50 99; do
			row c "zkrun p$p" "$size" "$(percentile $p \
			    "$work/zkrun.$size")" ms "etcdctl lock p$p/$other"
		done
	done
	for size in "${sizes[@]}"; do
		lines mutex "$size"
		row c 'zkrun --recipe mutex p50' "$size" "$(percentile 50 \
		    "$work/mutex.$size")" ms "zkrun p50/$size"
	done
	for size in "${sizes[@]:1}"; do
		row c 'zkrun p50 by length' "$size" \
		    "${values["c/zkrun p50/$size/ms"]}" ms \
		    "zkrun p50/${sizes[0]}"
	done
}

# d: what a hand-off costs the server, by its own counters.
part_d() {
	local size

	for size in "${sizes[@]}"; do
		lines mutex "$size"
		row d 'zkrun --recipe mutex transactions' "$size" "$(awk '
		    { n += $3 - $1; by += $5 } END { printf "%.2f", n / by }
		    ' "$work/mutex.counters.$size")" 'per hand-off' \
		    '6 (the bar)'
		lines zkrun "$size"
		row d 'zkrun transactions' "$size" "$(awk '
		    { n += $3 - $1; by += $5 } END { printf "%.2f", n / by }
		    ' "$work/zkrun.counters.$size")" 'per hand-off' \
		    '6 (the bar)'
		row d 'zkrun watch events' "$size" "$(awk '
		    { n += $4 - $2; by += $5 } END { printf "%.2f", n / by }
		    ' "$work/zkrun.counters.$size")" 'per hand-off'
	done
}
