# faults.bash: expose a crowd of zkruns to one fault, and judge how they end.  A
# file that loads this must load helper as well.
#
# Each zkrun of a crowd has its own task and phase, so twelve zkruns under one
# fault are twelve trials.  Each runs tools/alive: three processes that record
# their last sign of life and ignore SIGTERM.  Each task has a witness: a client
# on a server without the fault, which records when the lease is deleted.
#
# CROWD has the names of the zkruns.  The task of NAME is $TASK-NAME, and its
# files are $BATS_TEST_TMPDIR/NAME.*.
# shellcheck shell=bash
# shellcheck disable=SC2154 # status is set by zkrun_wait

#
# Three servers, shared by all tests of a file
#

start_three()
{
	export ENSEMBLE=$TOP/tests/ensemble THREE=$BATS_FILE_TMPDIR/three
	# With ticks of 500 ms a server grants at most 10 s by default, but
	# tests use 30 s.
	timeout 120 "$ENSEMBLE" start "$THREE" --tick 500 \
	    --set maxSessionTimeout=60000
}

stop_three()
{
	timeout 60 "$ENSEMBLE" stop "$THREE"
}

# three COMMAND [N]: run a command of tests/ensemble.
three()
{
	[ "$1" != cut ] || THREE_CUT=yes
	timeout 40 "$ENSEMBLE" "$1" "$THREE" ${2+"$2"}
}

# address_of N: print the address of server N for clients.
address_of()
{
	echo "127.0.0.1:$(<"$THREE/$1/port")"
}

three_are_whole()
{
	"$ENSEMBLE" whole "$THREE"
}

# mend_three: undo whatever a test did to the servers.
mend_three()
{
	local n pids=()

	# Heal only after a cut, because healing resets every link.
	[ -z "$THREE_CUT" ] || three heal
	for n in 1 2 3; do
		"$SANDBOX" thaw "$THREE/$n" 2>/dev/null || {
			# The server outlives the test, so it must not carry its
			# mark.
			timeout 60 env -u BENCH_MARK "$SANDBOX" restart "$THREE/$n" \
			    >/dev/null 3>&- &
			pids+=($!)
		}
	done
	for n in "${pids[@]}"; do
		wait "$n"
	done
	wait_for 30 three_are_whole
}

# choose leader|follower: set CHOSEN to the number of such a server, and OTHER
# and THIRD to those of the other two.
choose()
{
	CHOSEN=$(three "$1")
	OTHER=$((CHOSEN % 3 + 1))
	# shellcheck disable=SC2034 # for the tests
	THIRD=$((OTHER % 3 + 1))
}

# random_pause LEAST MOST: sleep for so many ms, so that trials differ in phase.
random_pause()
{
	local ms=$(($1 + RANDOM % ($2 - $1 + 1)))

	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

#
# The crowd
#

crowd_setup()
{
	bench_setup
	declare -ga CROWD=()
	declare -g VIOLATIONS=0 WRONG=0 THREE_CUT='' NETWORK=''
}

# watch_leases NAME CONNECT: start the witness of a task.
watch_leases()
{
	local out=$BATS_TEST_TMPDIR/$1.witness

	"$TOOLS/znode" -c "$2" watch "$(leases_of "$TASK-$1")" \
	    >"$out" 2>&1 3>&- &
	HELPERS+=($!)
	# The witness reports only the changes after its start.
	wait_for 20 grep -q watching "$out"
}

# witnessed NAME SIGN N: has the witness seen N leases created (+) or deleted
# (-)?
witnessed()
{
	[ "$(grep -c "^[0-9.]* [$2] " "$BATS_TEST_TMPDIR/$1.witness")" -ge "$3" ]
}

# join NAME T KILL_AFTER CONNECT COMMAND...: add a zkrun to CROWD.
join()
{
	local name=$1 t=$2 kill_after=$3 connect=$4

	shift 4
	zkrun_bg "$name" -T "$t" -k "$kill_after" -c "$connect" \
	    -t "$TASK-$name" -- "$@" || return 1
	CROWD+=("$name")
	random_pause 10 90
}

# mortal_crowd N T KILL_AFTER CONNECT WITNESS: start N zkruns for a fault that
# will end them, and their witnesses on the server WITNESS.  All commands run
# when this returns.
mortal_crowd()
{
	local n=$1 t=$2 kill_after=$3 connect=$4 witness=$5 i

	for ((i = 0; i < n; i++)); do
		watch_leases "c$i" "$witness"
	done
	for ((i = 0; i < n; i++)); do
		wait_for 20 grep -q watching "$BATS_TEST_TMPDIR/c$i.witness" &&
		    join "c$i" "$t" "$kill_after" "$connect" \
		    "$TOOLS/alive" "$BATS_TEST_TMPDIR/c$i.alive" hard ||
		    return 1
	done
	for ((i = 0; i < n; i++)); do
		wait_for 20 test -s "$BATS_TEST_TMPDIR/c$i.alive" &&
		    wait_for 20 witnessed "c$i" + 1 || return 1
	done
	random_pause 1000 2500
}

# tells_of_loss NAME: does NAME's stderr have all messages about lost contact?
tells_of_loss()
{
	local s='[0-9]+\.[0-9]s' err=$BATS_TEST_TMPDIR/$1.err pattern

	for pattern in "lost contact with ZooKeeper \(.*\); stopping '.*' in $s unless" \
	    "contact with ZooKeeper: stopping '.*', its lease may expire in $s" \
	    "killing all processes of '.*', $s before its lease could expire" \
	    "all processes of '.*' are dead, $s before"; do
		grep -Eq -e "$pattern" "$err" || {
			echo "$1 does not say: $pattern" >&2
			cat "$err" >&2
			return 1
		}
	done
}

# judge NAME: did the last sign of life come before the task's latest lease was
# deleted?  Print by how many ms.
judge()
{
	local dir=$BATS_TEST_TMPDIR lease gone last

	lease=$(sed -n 's/^[0-9.]* + //p' "$dir/$1.witness" | tail -n 1)
	wait_for 40 grep -q "^[0-9.]* - $lease\$" "$dir/$1.witness" || return 1
	gone=$(sed -n "s/^\([0-9.]*\) - $lease\$/\1/p" "$dir/$1.witness")
	last=$("$TOOLS/lastsign" "$dir/$1.alive") || return 1
	awk -v gone="$gone" -v last="$last" \
	    'BEGIN { printf "%.0f\n", gone - last; exit gone <= last }'
}

# verdict NAME...: judge each, print the margins, and count in VIOLATIONS those
# that died too late.
verdict()
{
	local name margin margins=()

	VIOLATIONS=0
	for name; do
		margin=$(judge "$name") || {
			VIOLATIONS=$((VIOLATIONS + 1))
			echo "$name: margin ${margin:-unknown}" >&2
			cat "$BATS_TEST_TMPDIR/$name".{err,witness} >&2
		}
		margins+=("${margin:-unknown}")
	done
	mapfile -t margins < <(printf '%s\n' "${margins[@]}" | sort -n)
	echo "# ${#margins[@]} trials, dead before the lease was gone by" \
	    "${margins[0]} to ${margins[-1]} ms: $BATS_TEST_DESCRIPTION" >&3
}

# crowd_ends NAME...: wait for each to end.  Count in WRONG those that did not
# exit 76 with all messages about lost contact.
crowd_ends()
{
	local name

	for name; do
		zkrun_wait "$name" 40 || status=none
		if [ "$status" != 76 ] || ! tells_of_loss "$name"; then
			echo "$name: exit status $status" >&2
			cat "$BATS_TEST_TMPDIR/$name.err" >&2
			WRONG=$((WRONG + 1))
		fi
	done
}

# crowd_was_in_time NAME...: after crowd_ends, fail if any died too late or did
# not end as it should.
crowd_was_in_time()
{
	verdict "$@"
	assert_equal "violations: $VIOLATIONS" 'violations: 0'
	assert_equal "wrong status or words: $WRONG" \
	    'wrong status or words: 0'
}

# crowd_died_in_time: all of CROWD must exit 76 with all messages, dead in time.
crowd_died_in_time()
{
	crowd_ends "${CROWD[@]}"
	crowd_was_in_time "${CROWD[@]}"
}

# lucky_crowd PREFIX N T KILL_AFTER CONNECT: start N zkruns for a fault that
# will spare them.  Their commands run until a test tells them to exit with 42.
lucky_crowd()
{
	local prefix=$1 n=$2 i base

	shift 2
	for ((i = 0; i < n; i++)); do
		base=$BATS_TEST_TMPDIR/$prefix$i
		mkfifo "$base.fifo"
		# shellcheck disable=SC2016 # for the command's shell
		join "$prefix$i" "$@" sh -c 'echo $$ >>"$0.pid"
		    read -r word <"$0.fifo"; exit 42' "$base" || return 1
	done
	for ((i = 0; i < n; i++)); do
		wait_for 20 test -s "$BATS_TEST_TMPDIR/$prefix$i.pid" ||
		    return 1
	done
	random_pause 1000 2500
}

# has_lost NAME: has NAME ever reported lost contact?
has_lost()
{
	grep -q 'lost contact with ZooKeeper' "$BATS_TEST_TMPDIR/$1.err"
}

# has_contact NAME: fail if NAME's last message about contact reports a loss.
has_contact()
{
	! grep 'contact with ZooKeeper' "$BATS_TEST_TMPDIR/$1.err" |
	    tail -n 1 | grep -q lost
}

# all_of CHECK NAME...: does CHECK succeed for every NAME?
all_of()
{
	local check=$1 name

	shift
	for name; do
		"$check" "$name" || return 1
	done
}

# all_untouched NAME...: fail unless each has contact, still runs its first
# command, never asked this command to stop, and exits with its status.
all_untouched()
{
	local name base pid wrong=0 lost=0

	for name; do
		wait_for 15 has_contact "$name" || wrong=$((wrong + 1))
		! has_lost "$name" || lost=$((lost + 1))
	done
	for name; do
		base=$BATS_TEST_TMPDIR/$name
		pid=$(<"$base.pid")
		# shellcheck disable=SC2016 # expanded by the inner shell
		timeout 5 sh -c 'kill -0 "$1" && echo end >"$0.fifo"' \
		    "$base" "$pid" || wrong=$((wrong + 1))
		zkrun_wait "$name" 15
		if [ "$status" -ne 42 ] || grep -Eq 'asking|killing|expired' \
		    "$base.err" || [ "$(wc -l <"$base.pid")" -ne 1 ]; then
			echo "$name: exit status $status" >&2
			cat "$base.err" "$base.pid" >&2
			wrong=$((wrong + 1))
		fi
	done
	echo "# $# trials untouched, $lost of them had said that they lost" \
	    "contact: $BATS_TEST_DESCRIPTION" >&3
	assert_equal "touched: $wrong" 'touched: 0'
}

#
# A lease that is handed off while the fault begins
#

# queue_for NAME T WAITER_CONNECT HEALTHY DEEP: start a holder and a waiter,
# which runs tools/alive when its turn comes.  If DEEP is 1, another one waits
# between.
queue_for()
{
	local name=$1 t=$2 connect=$3 healthy=$4 deep=$5

	watch_leases "$name" "$healthy"
	zkrun_bg "$name-holder" -T 10 -c "$healthy" -t "$TASK-$name" -- \
	    sleep 600 && wait_for 20 witnessed "$name" + 1 || return 1
	if [ "$deep" -eq 1 ]; then
		zkrun_bg "$name-head" -T 10 -c "$healthy" -t "$TASK-$name" -- \
		    sleep 600 && wait_for 20 witnessed "$name" + 2 || return 1
	fi
	join "$name" "$t" 0.5 "$connect" "$TOOLS/alive" \
	    "$BATS_TEST_TMPDIR/$name.alive" hard
}

# older_than SINCE MS: have MS passed since SINCE?
older_than()
{
	[ "$(now_us)" -gt $(($1 + $2 * 1000)) ]
}

# hand_over NAME: end the holder, and the other waiter if there is one.
hand_over()
{
	kill -TERM "${BG[$1-holder]}" ${BG[$1-head]:+"${BG[$1-head]}"}
}

# handed_end: set STARTED to the zkruns of CROWD that started their command, and
# end these with crowd_ends.  Stop the others, and fail if one of them has
# started its command meanwhile.
handed_end()
{
	local name others=()

	STARTED=()
	for name in "${CROWD[@]}"; do
		if wait_for 1 test -s "$BATS_TEST_TMPDIR/$name.alive" 2>&1; then
			STARTED+=("$name")
		else
			others+=("$name")
		fi
	done
	crowd_ends "${STARTED[@]}"
	for name in "${others[@]}"; do
		kill -TERM "${BG[$name]}"
		zkrun_wait "$name" 10
		assert_equal "$name: $status" "$name: 143"
		[ ! -e "$BATS_TEST_TMPDIR/$name.alive" ]
	done
	echo "# ${#STARTED[@]} were started, ${#others[@]} were not" >&3
}

# drop_leader: kill a cut leader when the test no longer needs it.  Its votes
# still reach the other servers, because a server connects back to the address
# that another one names, past the relay.  The others would elect the cut server
# again and again.
drop_leader()
{
	"$SANDBOX" kill "$THREE/$CHOSEN"
}

#
# A server behind a network that a test can cut
#

as_root()
{
	if [ "$EUID" -eq 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

# start_network: start a server in its own network namespace; set
# NETWORK_CONNECT.  Only one such server can run at a time.
start_network()
{
	local port

	# An interface's name has at most 15 characters.
	NETWORK=zkt$((RANDOM % 10000))
	as_root ip netns add "$NETWORK"
	as_root ip link add "$NETWORK" type veth peer name far netns "$NETWORK"
	as_root ip address add 198.18.77.1/30 dev "$NETWORK"
	as_root ip link set "$NETWORK" up
	as_root ip -n "$NETWORK" address add 198.18.77.2/30 dev far
	as_root ip -n "$NETWORK" link set lo up
	as_root ip -n "$NETWORK" link set far up
	as_root timeout 90 ip netns exec "$NETWORK" "$SANDBOX" start \
	    "$BATS_TEST_TMPDIR/far" --set clientPortAddress=198.18.77.2 \
	    --set maxSessionTimeout=60000 >"$BATS_TEST_TMPDIR/far.port" ||
	    return 1
	port=$(<"$BATS_TEST_TMPDIR/far.port")
	# shellcheck disable=SC2034 # for the tests
	NETWORK_CONNECT=198.18.77.2:$port
}

# network_link up|down: while down, the link drops what zkrun sends.  The
# interface stays up, or the kernel would notice the failure and its end at
# once.
network_link()
{
	local neighbour=(198.18.77.2 dev "$NETWORK")

	if [ "$1" = down ]; then
		as_root ip neighbour replace "${neighbour[@]}" \
		    lladdr 02:00:00:00:00:01 nud permanent
	else
		as_root ip neighbour delete "${neighbour[@]}"
	fi
}

end_network()
{
	[ -n "$NETWORK" ] || return 0
	as_root timeout 30 "$SANDBOX" kill "$BATS_TEST_TMPDIR/far"
	# This deletes the link as well.
	as_root ip netns delete "$NETWORK"
	NETWORK=
}
