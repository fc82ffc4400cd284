# lib.bash: servers, rows of the table, and functions that wait.
# shellcheck shell=bash disable=SC2154 # variables of tests/bench

declare -A values

progress() {
	echo "bench: ${SECONDS}s, $*" >&2
}

# row PART WHAT SIZE VALUE UNIT [REFERENCE]: add a row.  REFERENCE is
# "WHAT/SIZE" of an earlier row, or a number; the row shows the ratio of VALUE
# to REFERENCE.  If no such row exists, the new row has no ratio.  VALUE is kept
# in values[PART/WHAT/SIZE/UNIT].
row() {
	local part=$1 what=$2 size=$3 value=$4 unit=$5 reference=${6:-} of=

	values["$part/$what/$size/$unit"]=$value
	case $reference in
	'')	;;
	[0-9]*)	of=${reference%% *} ;;
	*)	of=${values["$part/$reference/$unit"]:-} ;;
	esac
	[ -n "$of" ] || reference=
	awk -v OFS=, -v p="$part" -v w="$what" -v s="$size" -v v="$value" \
	    -v u="$unit" -v of="$of" -v r="$reference" 'BEGIN {
		ratio = of + 0 > 0 && v != "" ? sprintf("%.3f", v / of) : ""
		print p, w, s, v, u, ratio, r
	}' >>"$rows"
}

# percentile P FILE [COLUMN]: print the percentile by the nearest rank.
percentile() {
	awk -v c="${3:-1}" '{ print $c }' "$2" | sort -g | awk -v p="$1" '
	{ v[NR] = $1 }
	END {
		i = int(NR * p / 100)
		if (i < NR * p / 100) i++
		printf "%.2f\n", v[i < 1 ? 1 : i]
	}'
}

median() {
	percentile 50 "$@"
}

now_ms() {
	echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

# until_true SECONDS COMMAND...: wait until COMMAND succeeds.
until_true() {
	local limit=$((SECONDS + $1)) what=$2

	shift
	until "$@"; do
		if [ "$SECONDS" -gt "$limit" ]; then
			echo "bench: waited in vain for: $what $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

# with_us COMMAND...: execute COMMAND so that it ends when this shell dies.  For
# background jobs.
with_us() {
	exec setpriv --pdeathsig TERM "$@"
}

# ZooKeeper and etcd write to the same disk, and both sync to disk.  Raise
# ZooKeeper's backlog: with the default of 50, clients of a crowd would wait a
# second for each TCP retry.
start_zookeeper() {
	zk_port=$("$sandbox" start "$work/zookeeper" --tick 2000 \
	    --jvm -Dzookeeper.forceSync=yes --set maxSessionTimeout=600000 \
	    --set clientPortListenBacklog=4096)
	zk=127.0.0.1:$zk_port
	export ZKRUN_CONNECT=$zk
}

etcd_serves() {
	etcdctl endpoint health >/dev/null 2>&1
}

start_etcd() {
	local client peer

	client=http://127.0.0.1:$("$tools/freeport" 1)
	peer=http://127.0.0.1:$("$tools/freeport" 1)
	with_us etcd --data-dir "$work/etcd" --listen-client-urls "$client" \
	    --advertise-client-urls "$client" --listen-peer-urls "$peer" \
	    --initial-advertise-peer-urls "$peer" \
	    --initial-cluster "default=$peer" >"$work/etcd.log" 2>&1 &
	export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=$client
	until_true 20 etcd_serves || { tail "$work/etcd.log" >&2; return 1; }
}

# relay_to NAME HOST:PORT: start a relay with part b's delay; set relayed.
relay_to() {
	with_us "$tools/relay" -l 0 -t "$2" -c "$work/$1.ctl" -d "$delay" \
	    >"$work/$1.port" 2>"$work/$1.log" &
	until_true 5 test -s "$work/$1.port"
	# shellcheck disable=SC2034 # for the parts
	relayed=127.0.0.1:$(<"$work/$1.port")
}

znode() {
	timeout 60 "$tools/znode" -c "$zk" "$@"
}

# ask_server WORD: print the server's answer to a four-letter word.
ask_server() {
	local server

	exec {server}<>"/dev/tcp/127.0.0.1/$zk_port"
	printf %s "$1" >&"$server"
	cat <&"$server"
	exec {server}>&-
}

curator() {
	BUILD=$build "$here/../java/run" CuratorRun "$@"
}
export -f curator
export here build

# measure FILE RUNS COMMAND...: append "wall cpu" lines, in ms.
measure() {
	local file=$1 runs=$2

	shift 2
	"$tools/measure" "$runs" "$@" >>"$work/$file.times"
}
