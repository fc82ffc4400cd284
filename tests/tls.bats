#!/usr/bin/env bats
#
# Use ZooKeeper over TLS, through the tunnel of contrib/tls, at a real TLS port.
# The tests make the certificates.  zkrun refuses the TLS options of earlier
# versions.
#
# Once: the tunnel handles TLS, so sanitizers in zkrun would find nothing new.
# bats file_tags=long

load lib/helper


setup_file()
{
	# One server for all tests of the file.
	export PKI=$BATS_FILE_TMPDIR/pki TLS_DIR=$BATS_FILE_TMPDIR/server
	mkdir -p "$PKI"
	authority ca 'CA of the servers'
	authority stranger 'CA of somebody else'
	certificate server ca /CN=zk1 'DNS:zk1.example.org'
	certificate client ca /CN=backup 'DNS:client.example.org'
	cat "$PKI/server.key" "$PKI/server.crt" >"$PKI/server.pem"
	TLS_PORT=$("$TOOLS/freeport" 1)
	export TLS_PORT
	TLS_CONNECT=127.0.0.1:$(timeout 90 "$SANDBOX" start "$TLS_DIR" \
	    --tick 500 --set "secureClientPort=$TLS_PORT" \
	    --set "secureClientPortAddress=127.0.0.1" \
	    --jvm -Dzookeeper.serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory \
	    --set "ssl.keyStore.location=$PKI/server.pem" \
	    --set "ssl.trustStore.location=$PKI/ca.pem" \
	    --set ssl.clientAuth=need)
	export TLS_CONNECT
}

teardown_file()
{
	timeout 30 "$SANDBOX" stop "$TLS_DIR"
}

# authority NAME SUBJECT: make a CA with key NAME.key and certificate NAME.pem.
authority()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 2 -subj "/CN=$2" -keyout "$PKI/$1.key" \
	    -out "$PKI/$1.pem" 2>>"$PKI/log"
}

# certificate NAME AUTHORITY SUBJECT ALTERNATIVE-NAME
certificate()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	    -subj "$3" -keyout "$PKI/$1.key" -out "$PKI/$1.csr" 2>>"$PKI/log"
	openssl x509 -req -in "$PKI/$1.csr" -CA "$PKI/$2.pem" \
	    -CAkey "$PKI/$2.key" -CAcreateserial -days 2 \
	    -extfile <(echo "subjectAltName=$4") -out "$PKI/$1.crt" \
	    2>>"$PKI/log"
}

# tunnel [SED-SCRIPT]: start stunnel with the shipped configuration, adapted to
# this test and changed by the script.  Set TUNNEL to its pid, and
# TUNNEL_CONNECT.
tunnel()
{
	local conf=$BATS_TEST_TMPDIR/stunnel.conf

	: "${TUNNEL_PORT:=$("$TOOLS/freeport" 1)}"
	TUNNEL_CONNECT=127.0.0.1:$TUNNEL_PORT
	sed -e '/^\[zk2\]/,$d' -e 's/^syslog = .*/syslog = no/' \
	    -e "s|/etc/stunnel/zookeeper-ca.pem|$PKI/ca.pem|" \
	    -e "s|/etc/stunnel/zookeeper-client.pem|$PKI/client.crt|" \
	    -e "s|/etc/stunnel/zookeeper-client.key|$PKI/client.key|" \
	    -e "s|^accept = .*|accept = $TUNNEL_CONNECT|" \
	    -e "s|^connect = .*|connect = 127.0.0.1:$TLS_PORT|" \
	    "$TOP/contrib/tls/stunnel.conf" | sed -e "${1:-}" >"$conf"
	stunnel "$conf" >"$BATS_TEST_TMPDIR/stunnel.log" 2>&1 3>&- &
	TUNNEL=$!
	HELPERS+=("$TUNNEL")
	wait_for 5 listens
}

listens()
{
	[ -n "$(ss -Hltn "src $TUNNEL_CONNECT")" ]
}

end_tunnel()
{
	kill -KILL "$TUNNEL"
	wait_for 5 gone "$TUNNEL"
}

@test "a lock is taken, held and released through the tunnel" {
	tunnel
	hold holder "$TASK" -c "$TUNNEL_CONNECT"
	# A witness sees the lock on the server's other port.
	[ -n "$(ZK_CONNECT=$TLS_CONNECT holders "$TASK")" ]
	run -75 zkrun -n -c "$TUNNEL_CONNECT" -t "$TASK" -- true
	let_go holder
	ZK_CONNECT=$TLS_CONNECT assert_lock_clean "$TASK"
}

@test "the server takes the client certificate's subject for the client's identity" {
	tunnel
	run -0 zkrun -c "$TUNNEL_CONNECT" --acl auth::cdrwa -t "$TASK" -- true
	ZK_CONNECT=$TLS_CONNECT run -2 zk ls "/lock/mutex/$TASK"
	run -77 zkrun -c "$TLS_CONNECT" -t "$TASK" -- true
	run -0 zkrun -c "$TUNNEL_CONNECT" --acl auth::cdrwa -t "$TASK" -- true
}

# no_way SED-SCRIPT MESSAGE: fail unless the changed tunnel logs MESSAGE and
# zkrun soon exits 69.
no_way()
{
	local begin=$EPOCHREALTIME

	tunnel "$1"
	ZKRUN_LIMIT=10 run -69 zkrun -r 1 --retry-sleep 0.1 \
	    -c "$TUNNEL_CONNECT" -t "$TASK" -- touch "$BATS_TEST_TMPDIR/ran"
	assert_output --partial 'the server closed the connection without opening a session'
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	[ "$((${EPOCHREALTIME/[.,]/} - ${begin/[.,]/}))" -lt 3000000 ]
	grep -q "$2" "$BATS_TEST_TMPDIR/stunnel.log"
}

@test "a server with a certificate of another authority is refused" {
	no_way "s|$PKI/ca.pem|$PKI/stranger.pem|" 'certificate verify failed'
}

@test "a server with a certificate for another name is refused" {
	no_way 's/checkHost = .*/checkHost = zk9.example.org/' \
	    'certificate verify failed'
}

@test "a client without a certificate is refused" {
	no_way '/^cert =/d; /^key =/d' 'ert'
}

@test "when the tunnel dies, contact is lost and the command stopped in time" {
	tunnel
	hold holder "$TASK" -T 3s -k 0.3 -c "$TUNNEL_CONNECT"
	end_tunnel
	zkrun_wait holder 5
	assert_equal "$status" 76
	grep -q 'lost contact with ZooKeeper' "$BATS_TEST_TMPDIR/holder.err"
	grep -q "are dead, .* before its lease could expire" \
	    "$BATS_TEST_TMPDIR/holder.err"
	ZK_CONNECT=$TLS_CONNECT assert_lock_clean "$TASK"
}

regained()
{
	grep -q regained "$BATS_TEST_TMPDIR/holder.err"
}

@test "when the tunnel comes back in time, the command runs on" {
	tunnel
	hold holder "$TASK" -c "$TUNNEL_CONNECT"
	end_tunnel
	tunnel
	wait_for 5 regained
	let_go holder
	ZK_CONNECT=$TLS_CONNECT assert_lock_clean "$TASK"
}

@test "the removed TLS options are refused, with a hint at the tunnel" {
	local name file=$BATS_TEST_TMPDIR/conf variable
	local gone='this option was removed; use the TLS tunnel of contrib/tls (see TLS in zkrun-lock(7)'
	local help="; try 'zkrun --help')"

	for name in tls-ca tls-cert tls-key; do
		run -64 zkrun --$name /x.pem -t "$TASK" -- true
		assert_output "zkrun: cannot use '--$name': $gone$help"
		run -64 zkrun --$name=/x.pem -t "$TASK" -- true
		assert_output "zkrun: cannot use '--$name=/x.pem': $gone$help"
		variable=ZKRUN_${name^^}
		variable=${variable//-/_}
		run -64 env "$variable=/x.pem" "$ZKRUN" -t "$TASK" -- true
		assert_output "zkrun: cannot use '$variable=/x.pem': $gone)"
		printf '\n%s\n' "$name = /x.pem" >"$file"
		run -78 zkrun -f "$file" -t "$TASK" -- true
		assert_output "zkrun: cannot use '$name = /x.pem' in line 2 of '$file': $gone)"
	done
}
