# clients.bash: run lock clients of other libraries beside zkrun --recipe mutex.
# A file that loads this must load helper as well.
# shellcheck shell=bash
# shellcheck disable=SC2154 # status is set by zkrun_wait
#
# The kinds of clients are
#
#	mutex	Curator's InterProcessMutex	tests/java/MutexClient.java
#	leader	Curator's LeaderSelector	the same
#	go	the Lock of go-zookeeper	tests/clients/go_client.go
#	kazoo	kazoo's Lock, with "lock-"	tests/clients/kazoo_client.py
#
# All have the same command line.  They and zkrun's commands write a begin and
# an end stamp for each stay under the lock.

# P: print the path of the node whose children are the contenders.
P()
{
	echo "/lock/mutex/$TASK"
}

STAYS()
{
	echo "$BATS_TEST_TMPDIR/stays"
}

# contenders N: are there N contenders?  For wait_for.
contenders()
{
	local names

	# Do not take an error of the witness for 0.
	names=$(zk ls "$(P)" 2>/dev/null) || [ $? -eq 1 ] || return 1
	[ "$(grep -c . <<<"$names")" -eq "$1" ]
}

# assert_no_contenders: all contenders end and leave no node.
assert_no_contenders()
{
	wait_for 10 contenders 0 && return
	zk tree "$(P)" >&2
	return 1
}

# client_bg KIND NAME ROUNDS [PATH]: start a client in the background.  Set
# BG[NAME] to its pid.  Its stderr is in $BATS_TEST_TMPDIR/NAME.err.
client_bg()
{
	local kind=$1 name=$2 rounds=$3 path=${4:-$(P)} program

	case $kind in
	mutex | leader)
		program=("$TOP/tests/java/run" -Xmx64m MutexClient) ;;
	go)	"$TOP/tests/clients/build" "$BUILD/clients" || return 1
		program=("$BUILD/clients/go_client") kind=lock ;;
	kazoo)	program=("$TOP/tests/clients/kazoo_client.py") kind=lock ;;
	esac
	"${program[@]}" "$ZKRUN_CONNECT" "$path" "$rounds" "$(STAYS)" "$name" \
	    "$kind" </dev/null >"$BATS_TEST_TMPDIR/$name.out" \
	    2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
	BG[$name]=$!
}

# mutex_bg NAME [OPTION...]: start a zkrun whose command stamps a stay of
# HOLD_MS under the lock.
mutex_bg()
{
	local name=$1

	shift
	zkrun_bg "$name" --recipe mutex -t "$TASK" "$@" -- \
	    "$TOOLS/stamp" "$(STAYS)" "$name" "${HOLD_MS:-1}"
}

# Create the contenders' parent as a plain node: kazoo looks for the parent only
# once, and fails if the servers delete an empty container.
know_parent()
{
	zk create -p "$(P)" >/dev/null
}

# began NAME: did NAME get the lock?  For wait_for.
began()
{
	grep -q "^begin .* $1\$" "$(STAYS)" 2>/dev/null
}

# ends NAME SECONDS: fail unless NAME exits 0 within SECONDS.
ends()
{
	zkrun_wait "$1" "$2" && assert_equal "$1: $status" "$1: 0" && return
	cat "$BATS_TEST_TMPDIR/$1.err" >&2
	return 1
}

# stays: print the names in the order of their stays, on one line.
stays()
{
	sed -n 's/^begin [0-9]* //p' "$(STAYS)" 2>/dev/null | tr '\n' ' '
}

# zkruns ID: take the lock again and again until the file "over" exists.
zkruns()
{
	local rc

	while [ ! -e "$BATS_TEST_TMPDIR/over" ]; do
		rc=0
		"$ZKRUN" --recipe mutex -t "$TASK" -- \
		    "$TOOLS/stamp" "$(STAYS)" "$1" 1 || rc=$?
		[ $rc -eq 0 ] || echo "$1 ended in $rc"
	done
}

# contend KIND KIND: two clients and two loops of zkrun contend for one lock.
# No two holders overlap, the clients complete all rounds, and the zkruns get
# turns in between.
contend()
{
	local rounds=${ROUNDS:-200} name n

	! asan || rounds=50
	client_bg "$1" client1 "$rounds"
	client_bg "$2" client2 "$rounds"
	for name in zkrun1 zkrun2; do
		zkruns $name >"$BATS_TEST_TMPDIR/$name.err" 2>&1 3>&- &
		BG[$name]=$!
	done
	ends client1 60
	ends client2 60
	: >"$BATS_TEST_TMPDIR/over"
	for name in zkrun1 zkrun2; do
		ends $name 20
		assert_equal "$(<"$BATS_TEST_TMPDIR/$name.err")" ''
	done
	run -0 "$TOOLS/overlap" "$(STAYS)"
	echo "$output"
	assert_output --partial 'ids=4 overlaps=0 max_concurrent=1 '
	assert_output --partial 'open=0'
	for name in client1 client2; do
		assert_equal "$(stays | tr ' ' '\n' | grep -cx $name)" "$rounds"
	done
	# Count only the stays between two stays of clients.
	for name in zkrun1 zkrun2; do
		n=$(stays | grep -o 'client.*client' | tr ' ' '\n' |
		    grep -cx $name)
		echo "$name $n"
		[ "$n" -ge $((rounds / 10)) ]
	done
	assert_no_contenders
}

# in_order KIND: clients and zkruns get the lock in the order in which they
# came.
in_order()
{
	local name

	hold holder "$TASK" --recipe mutex
	client_bg "$1" client1 1
	wait_for 20 contenders 2
	mutex_bg zkrun1
	wait_for 10 contenders 3
	client_bg "$1" client2 1
	wait_for 20 contenders 4
	mutex_bg zkrun2
	wait_for 10 contenders 5
	assert_equal "$(stays)" ''
	let_go holder
	for name in client1 zkrun1 client2 zkrun2; do
		ends $name 10
	done
	assert_equal "$(stays)" 'client1 zkrun1 client2 zkrun2 '
	run -0 "$TOOLS/overlap" "$(STAYS)"
	assert_no_contenders
}

# waiters_leave KIND: in the middle of the queue, a client is killed and a zkrun
# is stopped.  The contenders behind them still wait for the holder.
waiters_leave()
{
	hold holder "$TASK" --recipe mutex
	SESSION_MS=2000 client_bg "$1" killed 1
	wait_for 20 contenders 2
	mutex_bg zkrun
	wait_for 10 contenders 3
	mutex_bg stopped
	wait_for 10 contenders 4
	client_bg "$1" client 1
	wait_for 20 contenders 5
	kill -TERM "${BG[stopped]}"
	zkrun_wait stopped 10
	assert_equal "$status" 143
	kill -KILL "${BG[killed]}"
	zkrun_wait killed 5
	assert_equal "$status" 137
	wait_for 10 contenders 3
	# A contender that mistakes this for its turn begins within a few ms.
	sleep 0.3
	assert_equal "$(stays)" ''
	contenders 3
	let_go holder
	ends zkrun 10
	ends client 10
	assert_equal "$(stays)" 'zkrun client '
	assert_no_contenders
}

# client_dies KIND: a client is killed while it holds the lock.  Its session
# expires, and then zkrun gets the lock.
client_dies()
{
	HOLD_MS=60000 SESSION_MS=2000 client_bg "$1" client 1
	wait_for 20 began client
	run -75 zkrun --recipe mutex -n -t "$TASK" -- true
	mutex_bg zkrun
	wait_for 10 contenders 2
	# The client's session lives for as long as the client.
	sleep 2.5
	assert_equal "$(stays)" 'client '
	kill -KILL "${BG[client]}"
	zkrun_wait client 5
	assert_equal "$status" 137
	ends zkrun 10
	assert_equal "$(stays)" 'client zkrun '
	assert_no_contenders
}

# zkrun_dies KIND: guard and keeper are killed while zkrun holds the lock.  Its
# command dies, its session expires, and then a client gets the lock.
zkrun_dies()
{
	local keeper command

	HOLD_MS=60000 mutex_bg zkrun -T 2s
	wait_for 10 began zkrun
	client_bg "$1" client 1
	wait_for 20 contenders 2
	keeper=$(keeper_of "${BG[zkrun]}")
	command=$(children_of "$keeper")
	# Stop both first, so that neither process sees the other die.
	kill -STOP "${BG[zkrun]}" "$keeper"
	kill -KILL "${BG[zkrun]}" "$keeper"
	wait_for 1 gone "$command"
	assert_equal "$(stays)" 'zkrun '
	ends client 10
	assert_equal "$(stays)" 'zkrun client '
	zkrun_wait zkrun 5
	assert_equal "$status" 137
	assert_no_contenders
}
