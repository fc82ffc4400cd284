# rush.bash: start hundreds of zkruns in the same second, as cron does.
# shellcheck shell=bash disable=SC2154 # variables of tests/bench

rush=400

# Print the server's CPU time so far, in ms.
server_cpu() {
	local pid

	pid=$("$sandbox" pid "$work/zookeeper")
	awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); split($0, f, " ")
	    print (f[12] + f[13]) * 1000 / hz }' "/proc/$pid/stat"
}

bytes_down() {
	timeout 10 "$tools/relay" -s "$work/rush.ctl" stats | tr ' ' '\n' |
	    sed -n 's/^down=//p'
}

each() { # TOTAL N
	awk -v total="$1" -v n="$2" 'BEGIN { printf "%.2f", total / n }'
}

# rush WHAT N STATUSES COMMAND...: start N of COMMAND at once, and print the
# cost of each.  STATUSES are the expected exit statuses ("0:400", or "0 75" for
# any number of each); a command with another status counts as lost.
rush() {
	local what=$1 n=$2 good=$3 began cpu bytes zxid lost=0 word
	local before="before ${1#* }/$2"

	shift 3
	read -r zxid _ <<<"$(counters)"
	cpu=$(server_cpu)
	bytes=$(bytes_down)
	began=$(now_ms)
	"$tools/measure" 1 sh -c '"$@" >"$0" || true' "$work/rush.swarm" \
	    "$tools/swarm" "$n" "$@" >"$work/rush.times"
	row h "$what" "$n" $(($(now_ms) - began)) 'ms until all had ended' \
	    "$before"
	until_true 20 zxid_rests
	read -r word _ <<<"$(counters)"
	row h "$what" "$n" "$(each "$(awk '{ print $2 }' "$work/rush.times")" \
	    "$n")" 'ms of CPU each' "$before"
	row h "$what" "$n" "$(each "$(awk -v a="$(server_cpu)" -v b="$cpu" \
	    'BEGIN { print a - b }')" "$n")" 'ms of CPU of the server each' \
	    "$before"
	row h "$what" "$n" "$(each $((word - zxid)) "$n")" \
	    'transactions each' "$before"
	row h "$what" "$n" "$(each $((($(bytes_down) - bytes) / 1000)) "$n")" \
	    'kB from the server each' "$before"
	for word in $(<"$work/rush.swarm"); do
		[[ $word == [0-9]*:* ]] || continue
		row h "$what" "$n" "${word#*:}" "ended in ${word%%:*}"
		case " $good " in
		*" $word "*|*" ${word%%:*} "*)	;;
		*)	lost=$((lost + ${word#*:})) ;;
		esac
	done
	row h "$what" "$n" "$lost" lost
}

# rushes NAME ZKRUN: run the three rushes of part h.
rushes() {
	local name=$1 zkrun=$2 holder

	with_us "$zkrun" -T "$long" -t "held-$name" -- "$tools/stamp" \
	    "$work/held-$name" h 600000 &
	holder=$!
	until_true 10 test -s "$work/held-$name"
	rush "$name -n on a held task" $rush "75:$rush" \
	    "$zkrun" -q -c "$relayed" -n -t "held-$name" -- true
	kill "$holder"
	wait "$holder" || true
	rush "$name -w on a free task" $rush "0:$rush" \
	    "$zkrun" -q -c "$relayed" -w 300s -t "free-$name" -- sleep 0.01
	# shellcheck disable=SC2016 # expanded by the inner shell
	rush "$name -n on forty free ones" $rush "0 75" \
	    sh -c 'exec "$0" -q -c "$1" -n -t "$2-$(($3 - $3 / 40 * 40))" -- sleep 0.01' \
	    "$zkrun" "$relayed" "many-$name" %
}

# h: 400 with -n on a held task; 400 that wait for a free task and run for 10 ms
# each; 40 tasks with ten contenders each.  BENCH_BEFORE names another zkrun to
# compare with.
part_h() {
	relay_to rush "$zk"
	timeout 10 "$tools/relay" -s "$work/rush.ctl" delay 0 >/dev/null
	if [ -n "${BENCH_BEFORE:-}" ]; then
		rushes before "$BENCH_BEFORE"
	fi
	rushes zkrun "$zkrun"
}
