# bench.bash: start and end the participants of a round.  For the scripts of
# tests/torture; they set dir, the round's directory, and seed.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # names shared with the other scripts

# shellcheck source=tests/lib/common.bash
. "$top/tests/lib/common.bash"
# shellcheck source=tests/torture/disk.bash
. "$top/tests/torture/disk.bash"

sandbox=$top/contrib/zookeeper-sandbox
ensemble=$top/tests/ensemble
base=/lock/mutex

# The tasks, their numbers of leases, and their recipes.
declare -A leases=([m1]=1 [m2]=1 [s3]=3 [x1]=1 [x2]=1)
declare -A recipes=([m1]=semaphore [m2]=semaphore [s3]=semaphore [x1]=mutex
    [x2]=mutex)
tasks=(m1 m2 s3 x1 x2)
# In these tasks some runs have an interval.
timed=' m2 x2 '
# Client machines: each has its own links to the servers.
groups=(a b c d)
# 24 zkruns, and six Curator clients on the links of d.
contenders=(c01:m1 c02:m1 c03:m1 c04:m1 c05:m1 c06:m2 c07:m2 c08:m2 c09:m2
    c10:m2 c11:s3 c12:s3 c13:s3 c14:s3 c15:s3 c16:s3 c17:x1 c18:x1
    c19:x1 c20:x1 c21:x2 c22:x2 c23:x2 c24:x2)
curators=(k1:m1:1 k2:m2:1 k3:s3:3 k4:s3:3 k5:x1:mutex k6:x2:mutex)
# The wall clocks of these can be stepped.
clocked=' c04 c08 c12 c20 c24 '

say()
{
	echo "torture: $*" >&2
}

# boot_us: set BOOT_US to the time of the clock that signs use, in microseconds.
boot_us()
{
	BOOT_US=$((${EPOCHREALTIME/[.,]/} - wall_offset))
}

all_gone()
{
	local pid

	for pid; do
		gone "$pid" || return 1
	done
}

# enlist PID: have PID killed at the end, even if this shell dies.
enlist()
{
	echo "$1" >>"$dir/pids"
	disown "$1"
}

# Print the pids of the round's zkruns and commands.
own_processes()
{
	local proc

	for proc in /proc/[0-9]*; do
		if [ "$proc/exe" -ef "$dir/zkrun" ] ||
		    [ "$proc/exe" -ef "$dir/toil" ]; then
			gone "${proc#/proc/}" || echo "${proc#/proc/}"
		fi
	done
}

no_own_processes()
{
	[ -z "$(own_processes)" ]
}

#
# Servers and links
#

start_servers()
{
	"$ensemble" start "$dir/three" --tick 500 || return 1
	direct=$("$ensemble" connect "$dir/three")
}

whole()
{
	"$ensemble" whole "$dir/three"
}

# writes: does a quorum commit a write?
writes()
{
	timeout 5 "$tools/znode" -c "$direct" create -p /torture/probe- x \
	    --sequential >/dev/null
}

start_link()
{
	local name=$1 server=$2

	"$tools/relay" -l 0 -t "127.0.0.1:$(<"$dir/three/$server/port")" \
	    -c "$dir/$name.sock" >"$dir/$name.port" 2>"$dir/$name.log" &
	enlist $!
	wait_for 5 test -s "$dir/$name.port"
}

start_links()
{
	local group server

	for group in "${groups[@]}"; do
		for server in 1 2 3; do
			start_link "$group$server" $server || return 1
		done
	done
}

tell()
{
	timeout 10 "$tools/relay" -s "$dir/$1.sock" "${@:2}" >/dev/null
}

# servers_of GROUP: print the connect string of its contenders.
servers_of()
{
	printf '127.0.0.1:%s,127.0.0.1:%s,127.0.0.1:%s\n' \
	    "$(<"$dir/${1}1.port")" "$(<"$dir/${1}2.port")" \
	    "$(<"$dir/${1}3.port")"
}

#
# Contenders
#

# give_clock NAME: add options for a wall clock that can be stepped.
give_clock()
{
	echo +0 >"$dir/clock.$1"
	options+=(-e "LD_PRELOAD=$tools/wallclock.so"
	    -e "WALLCLOCK=$dir/clock.$1")
}

start_contenders()
{
	local i name task options

	contender_pids=()
	cp "$zkrun" "$dir/zkrun"
	cp "$tools/toil" "$dir/toil"
	for i in "${!contenders[@]}"; do
		IFS=: read -r name task <<<"${contenders[i]}"
		options=()
		[[ $timed != *" $task "* ]] || options=(-i)
		[[ $clocked != *" $name "* ]] || give_clock "$name"
		[ -z "${on_disk[$name]:-}" ] || give_disk "$name"
		"$tools/contender" -d "$dir" -n "$name" -t "$task" \
		    -l "${leases[$task]}" -r "${recipes[$task]}" \
		    -s "$seed" -z "$dir/zkrun" -w "$dir/toil" \
		    -c "$(servers_of "${groups[i % 4]}")" \
		    ${options[@]+"${options[@]}"} </dev/null \
		    2>"$dir/contender.$name.err" &
		contender_pids+=($!)
		enlist $!
	done
}

start_curators()
{
	mkfifo "$dir/curator.in"
	BUILD=$build "$top/tests/java/run" -Xmx256m CuratorContender "$(servers_of d)" $base "$seed" \
	    "$("$tools/signs" monotonic)" "$dir/curator.runs" \
	    "${curators[@]}" <>"$dir/curator.in" >"$dir/curator.out" \
	    2>"$dir/curator.err" &
	curator_pid=$!
	enlist $!
}

# Ask all contenders to end, and record those that do not.
end_contenders()
{
	local pid

	kill -TERM "${contender_pids[@]}" 2>/dev/null || true
	echo end >"$dir/curator.in"
	wait_for 30 all_gone "${contender_pids[@]}" ||
	    for pid in "${contender_pids[@]}"; do
		gone "$pid" ||
		    echo "left what=contender pid=$pid" >>"$dir/left"
	    done
	wait_for 40 all_gone "$curator_pid" ||
	    echo "left what=curator pid=$curator_pid" >>"$dir/left"
}

# Record processes and nodes that are left.
look_for_litter()
{
	local pid task parent node

	wait_for 20 no_own_processes || for pid in $(own_processes); do
		echo "left what=process pid=$pid" \
		    "args=$(tr '\0 ' '__' <"/proc/$pid/cmdline")" >>"$dir/left"
	done
	wait_for 20 no_nodes || for task in "${tasks[@]}"; do
		for parent in $(parents_of "$task"); do
			for node in $(nodes_of "$parent"); do
				echo "left what=node name=$parent/$node" \
				    >>"$dir/left"
			done
		done
	done
}

# parents_of TASK: print the parents of the nodes of its contenders.
parents_of()
{
	if [ "${recipes[$1]}" = mutex ]; then
		echo "$1"
	else
		echo "$1/locks" "$1/leases"
	fi
}

# nodes_of PARENT
nodes_of()
{
	timeout 20 "$tools/znode" -c "$direct" ls "$base/$1" 2>/dev/null ||
	    [ $? -eq 1 ]
}

no_nodes()
{
	local task parent nodes

	for task in "${tasks[@]}"; do
		for parent in $(parents_of "$task"); do
			nodes=$(nodes_of "$parent") && [ -z "$nodes" ] ||
			    return 1
		done
	done
}

kill_own_processes()
{
	local pid

	for pid in $(own_processes); do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

# Kill all participants and servers.
clear_bench()
{
	local pid

	if [ -e "$dir/pids" ]; then
		while read -r pid; do
			kill -KILL "$pid" 2>/dev/null || true
		done <"$dir/pids"
		: >"$dir/pids"
	fi
	kill_own_processes
	drop_disk || true
	[ ! -d "$dir/three" ] || "$ensemble" stop "$dir/three" || true
}
