#!/usr/bin/env bats
#
# Credentials and ACLs decide who may use a task's nodes.  zkrun reports a wrong
# credential.  A secret appears only in its file.

load lib/helper

SECRET=sesame-open-7391
CREATOR=digest:ops:$SECRET

setup()
{
	bench_setup
	P=/lock/mutex/$TASK
	AUTH=$BATS_TEST_TMPDIR/auth
	auth_file "$AUTH" "# ours" "$CREATOR"
}

auth_file()
{
	local file=$1

	shift
	printf '%s\n' "$@" >"$file"
	chmod 600 "$file"
}

# zka COMMAND...: run zk with the credential of CREATOR.
zka()
{
	zk -a "$CREATOR" "$@"
}

# digest_of USER PASSWORD: print the id that a server makes of this user and
# password.
digest_of()
{
	echo "$1:$(printf %s "$1:$2" | openssl dgst -sha1 -binary | base64)"
}

lease_of()
{
	echo "$P/leases/$(zka ls "$P/leases")"
}

# waits and clean are queue_count and lock_clean of the helper, with the
# credential.
waits()
{
	[ "$(zka ls "$P/locks" | wc -l)" -eq "$1" ]
}

clean()
{
	local names

	names=$(zka tree "$P") || [ $? -eq 1 ] || return 1
	! grep '_c_' <<<"$names"
}

@test "with -a only the creator may use the task's nodes; the parents stay open" {
	local ours node

	ours=digest:$(digest_of ops "$SECRET"):rwcda
	hold holder "$TASK" -a "$AUTH" -i 0
	for node in "$P" "$P/leases" "/lock/runs/$TASK"; do
		assert_equal "$node $(zka acl "$node")" "$node $ours"
	done
	node=$(lease_of)
	assert_equal "$(zk acl "$node")" "$(printf '%s\nworld:anyone:r' \
	    "digest:ops:x:rwcda")"
	for node in /lock /lock/mutex /lock/runs; do
		assert_equal "$node $(zka acl "$node")" \
		    "$node world:anyone:rwcda"
	done
	zkrun_bg waiter -a "$AUTH" -t "$TASK" -- true
	wait_for 10 waits 1
	assert_equal "$(zka acl "$P/locks")" "$ours"
	assert_equal "$(zka acl "$P/locks/$(zka ls "$P/locks")")" \
	    "$ours"$'\nworld:anyone:r'
	let_go holder
	zkrun_wait waiter 10
	assert_equal "$status" 0
	clean
}

@test "without the credential no client can delete the lease, queue or take the lock" {
	local lease

	hold holder "$TASK" -a "$AUTH"
	lease=$(lease_of)
	run -2 zk rm "$lease"
	run -2 zk create "$P/leases/x"
	run -2 zk set "$lease" x
	run -2 zk ls "$P/leases"
	run -77 zkrun -t "$TASK" -- true
	run -77 zkrun --status "$TASK"
	run -77 zkrun --revoke -n "$TASK"
	run -77 zkrun --break --yes "$TASK"
	[ -n "$(zka ls "$P/leases")" ]
	let_go holder
	clean
}

@test "--status, --revoke and --break use the credential; --check needs none" {
	zkrun_bg holder -a "$AUTH" -t "$TASK" -- sh -c '"$0" --check -v;
	    echo $? >"$1.tmp"; mv "$1.tmp" "$1"; exec sleep 600' \
	    "$ZKRUN" "$BATS_TEST_TMPDIR/check"
	wait_for 10 test -e "$BATS_TEST_TMPDIR/check"
	assert_equal "$(<"$BATS_TEST_TMPDIR/check")" 0
	run -0 zkrun -a "$AUTH" --status "$TASK"
	assert_line --index 1 --partial held
	run -75 zkrun -a "$AUTH" -n -t "$TASK" -- true
	run -0 zkrun -a "$AUTH" --revoke "$TASK"
	zkrun_wait holder 10
	assert_equal "$status" 76
	hold again "$TASK" -a "$AUTH"
	run -0 zkrun -a "$AUTH" --break --yes "$TASK"
	zkrun_wait again 10
	assert_equal "$status" 76
}

@test "--check works even if the user may not read the configured credential file" {
	[ "$EUID" -eq 0 ] || skip 'only root can become somebody else'
	chmod 755 "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_RUN_TMPDIR"
	install -m 755 "$ZKRUN" "$BATS_TEST_TMPDIR/zkrun"
	run -0 zkrun -a "$AUTH" -t "$TASK" -- env ZKRUN_AUTH_FILE="$AUTH" \
	    setpriv --reuid=65534 --regid=65534 --clear-groups \
	    "$BATS_TEST_TMPDIR/zkrun" --check
	assert_output ''
}

@test "--acl grants access to others, and they share the lock" {
	local other=$BATS_TEST_TMPDIR/other grants file

	auth_file "$other" "digest:dev:bazaar"
	grants=digest:$(digest_of ops "$SECRET"):cdrwa
	grants+=,digest:$(digest_of dev bazaar):cdrwa,world:anyone:r
	for file in "$AUTH" "$other" "$AUTH" "$other"; do
		run -0 zkrun -a "$file" --acl "$grants" -i 0 -t "$TASK" -- true
	done
	hold holder "$TASK" -a "$AUTH" --acl "$grants"
	zkrun_bg waiter -a "$other" --acl "$grants" -t "$TASK" -- true
	wait_for 10 waits 1
	# All other users may read the nodes but not change them.
	run -0 zkrun --status "$TASK"
	assert_line --partial 'wait 1'
	run -2 zk rm "$(lease_of)"
	let_go holder
	zkrun_wait waiter 10
	assert_equal "$status" 0
	clean
}

@test "--acl without -a is the whole ACL; zkrun refuses an invalid --acl" {
	run -0 zkrun --acl world:anyone:cdrwa -t "$TASK" -- true
	assert_equal "$(zk acl "$P")" world:anyone:rwcda
	run -77 zkrun --acl nonsense:x:r -t "$TASK-2" -- true
	assert_output "zkrun: cannot acquire '/lock/mutex/$TASK-2': the server rejects the ACL (see -a, --acl) (-114)"
	for acl in world:anyone world:anyone: :x:r world:anyone:rx ',' \
	    "$(printf 'world:anyone:r,%.0s' {1..16})world:anyone:r" \
	    "digest:$(printf %09999d 0):r"; do
		run -64 zkrun --acl "$acl" -t "$TASK" -- true
		assert_output --partial "cannot use '--acl=${acl:0:60}"
	done
}

@test "a wrong credential is reported once, without retries, and leaves no node" {
	local wrong=$BATS_TEST_TMPDIR/wrong

	run -0 zkrun -a "$AUTH" -t "$TASK" -- true
	auth_file "$wrong" digest:ops:wrong-secret
	start_relay
	run -77 zkrun -a "$wrong" -c "$RELAY_CONNECT" -r forever -t "$TASK" -- \
	    touch "$BATS_TEST_TMPDIR/ran"
	assert_output "zkrun: cannot acquire '$P': cannot create a znode there: an ACL forbids it (-102)"
	assert_equal "$(relay_count accepted)" 1
	# The server does not know this scheme.
	for lines in nonsense:x "$CREATOR nonsense:x"; do
		# shellcheck disable=SC2086 # two words are two lines
		auth_file "$wrong" $lines
		relay_tell reset-stats
		run -77 zkrun -a "$wrong" -c "$RELAY_CONNECT" -r forever \
		    -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
		assert_output "zkrun: cannot acquire '$P': $RELAY_CONNECT: the server refused a credential (it may not support the scheme)"
		assert_equal "$(relay_count accepted)" 1
		run -77 zkrun -a "$wrong" --status
		run -77 zkrun -a "$wrong" --revoke "$TASK"
	done
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	clean
}

@test "every new connection sends the credential first" {
	local keeper

	auth_file "$AUTH" digest:first:one "$CREATOR"
	start_relay
	hold holder "$TASK" -a "$AUTH" -c "$RELAY_CONNECT"
	assert_equal "$(relay_count op100)" 2
	relay_tell cut
	contact() { grep -q 'regained contact' "$BATS_TEST_TMPDIR/holder.err"; }
	wait_for 10 contact
	assert_equal "$(relay_count op100)" 4
	# The session closer sends the credential as well.
	keeper=$(keeper_of "${BG[holder]}")
	kill -KILL "$keeper"
	zkrun_wait holder 10
	assert_equal "$status" 76
	wait_for 5 clean
	[ "$(relay_count op100)" -ge 6 ]
	# After a reconnect zkrun can delete its node only with the credential.
	hold holder "$TASK" -a "$AUTH" -c "$RELAY_CONNECT"
	relay_tell cut
	wait_for 10 contact
	let_go holder
	clean
}

# collect_traces: save each place where the secret could appear in its own file.
collect_traces()
{
	local dir=$BATS_TEST_TMPDIR/traces pid node

	mkdir -p "$dir"
	for pid in $(leftovers); do
		for node in cmdline environ comm; do
			cat "/proc/$pid/$node" >"$dir/$pid.$node" || true
		done
		ls -l "/proc/$pid/fd" >"$dir/$pid.fd"
	done
	ps axww >"$dir/ps"
	{
		zka tree "/lock/mutex/$TASK"
		zka tree "/lock/runs/$TASK"
	} | while read -r node; do
		echo "$node"
		zka get "$node"
	done >"$dir/nodes"
	cp "$BATS_TEST_TMPDIR"/*.err "$BATS_TEST_TMPDIR"/*.out "$dir"
}

@test "no argument, environment, title, message, node or open file has the secret" {
	local command

	zkrun_bg holder -a "$AUTH" -v --syslog -i 0 -t "$TASK" -- sleep 600
	wait_for 10 has_command "$BG_PID"
	zkrun_bg waiter -a "$AUTH" -v -i 0 -t "$TASK" -- true
	wait_for 10 waits 1
	collect_traces
	command=$(children_of "$(keeper_of "${BG[holder]}")" | head -n 1)
	[ -s "$BATS_TEST_TMPDIR/traces/$command.environ" ]
	grep -q 'connected to' "$BATS_TEST_TMPDIR/traces/holder.err"
	grep -q 'command=sleep' "$BATS_TEST_TMPDIR/traces/nodes"
	run -1 grep -raE "$SECRET|$AUTH" "$BATS_TEST_TMPDIR/traces/$command".*
	run -1 grep -ra "$SECRET" "$BATS_TEST_TMPDIR/traces"
	run -1 grep -l "$AUTH" "$BATS_TEST_TMPDIR"/traces/*.fd
	# Check that the same grep finds the secret in the file.
	grep -q "$SECRET" "$AUTH"
	let_go holder
	zkrun_wait waiter 10
}

# refused MESSAGE: zkrun must refuse the file as it is with this message.
refused()
{
	run -78 zkrun -a "$AUTH" -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	assert_output "zkrun: cannot $1"
	refute_output --partial "$SECRET"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "zkrun refuses a credential file that is malformed or that others may read" {
	for mode in 644 604 606 620; do
		chmod $mode "$AUTH"
		refused "use '$AUTH': other users can read or write it (run chmod 600)"
	done
	auth_file "$AUTH" '' '# nothing'
	refused "use '$AUTH': contains no credentials"
	auth_file "$AUTH" '# one' "$CREATOR" "$SECRET"
	refused "use line 3 of '$AUTH': must have the form scheme:credential"
	auth_file "$AUTH" digest:
	refused "use line 1 of '$AUTH': must have the form scheme:credential"
	printf 'digest:x\0:%s\n' "$SECRET" >"$AUTH"
	refused "use line 1 of '$AUTH': contains a NUL byte"
	# shellcheck disable=SC2046 # words
	auth_file "$AUTH" $(printf 'digest:%s:x ' {1..17})
	refused "use line 17 of '$AUTH': more than 16 credentials"
	auth_file "$AUTH" "$CREATOR" "digest:$(printf %09999d 0):x"
	refused "use line 2 of '$AUTH': the credentials are longer than 4096 bytes"
	rm "$AUTH"
	refused "read '$AUTH': No such file or directory"
	mkfifo -m 600 "$AUTH"
	refused "use '$AUTH': not a regular file"
	rm "$AUTH"
	mkdir "$AUTH"
	refused "use '$AUTH': not a regular file"
}

@test "zkrun judges a symbolic link by its target" {
	auth_file "$AUTH.behind" "$CREATOR"
	rm -f "$AUTH"
	ln -s "$AUTH.behind" "$AUTH"
	run -0 zkrun -a "$AUTH" -t "$TASK" -- true
	chmod 644 "$AUTH.behind"
	refused "use '$AUTH': other users can read or write it (run chmod 600)"
}

@test "a file of another user is refused; a group may read a file of root" {
	[ "$EUID" -eq 0 ] || skip 'only root can give files away'
	chmod 640 "$AUTH"
	run -0 zkrun -a "$AUTH" -t "$TASK" -- true
	chmod 600 "$AUTH"
	chown nobody "$AUTH"
	refused "use '$AUTH': it belongs to another user"
}

@test "the environment or the configuration file may name the credential file" {
	auth_file "$AUTH" '# a comment, and a secret with a hash' \
	    '  digest:ops:a\#b   # that is it'
	ZKRUN_AUTH_FILE=$AUTH run -0 zkrun -t "$TASK" -- true
	assert_equal "$(zk -a 'digest:ops:a#b' acl "$P")" \
	    "digest:$(digest_of ops 'a#b'):rwcda"
	# The file may have CRLF, and may lack the newline at the end.
	printf '# ours\r\n\r\n \r\ndigest:ops:a\\#b\r\n\ndigest:ops:b' >"$AUTH"
	run -0 zkrun -a "$AUTH" -t "$TASK" -- true
	printf 'auth-file = %s\nacl = world:anyone:r\n' "$AUTH" \
	    >"$BATS_TEST_TMPDIR/conf"
	run -0 zkrun -f "$BATS_TEST_TMPDIR/conf" -t "$TASK-2" -- true
	assert_equal "$(zk acl "$P-2" | tail -n 1)" world:anyone:r
	run -64 zkrun -a '' -t "$TASK" -- true
}

@test "Curator queues behind zkrun with a credential if the parents are open" {
	zk create -p "$P/locks" >/dev/null
	zk create -p "$P/leases" >/dev/null
	start_curator
	hold holder "$TASK" -a "$AUTH"
	# The first waiter has a lease node, the second only a lock node.
	zkrun_bg first -a "$AUTH" -t "$TASK" -- true
	wait_for 10 waits 1
	zkrun_bg second -a "$AUTH" -t "$TASK" -- sleep 600
	wait_for 10 waits 2
	curator_say acquire C "$P" -1
	wait_for 10 waits 3
	let_go holder
	zkrun_wait first 10
	wait_for 10 has_command "${BG[second]}"
	let_go second
	curator_expect 10 C acquired
	curator_say release C
	curator_expect 10 C released
}

@test "Curator with the same credential and zkrun exclude each other" {
	run -0 zkrun -a "$AUTH" -t "$TASK" -- true
	start_curator "$ZKRUN_CONNECT" 10000 "$CREATOR"
	curator_say acquire C "$P" -1
	curator_expect 10 C acquired
	run -75 zkrun -a "$AUTH" -n -t "$TASK" -- true
	zkrun_bg waiter -a "$AUTH" -t "$TASK" -- sleep 600
	wait_for 10 waits 1
	curator_say release C
	curator_expect 10 C released
	wait_for 10 has_command "$BG_PID"
	curator_say acquire D "$P" 0
	curator_expect 10 D refused
	let_go waiter
	clean
}
