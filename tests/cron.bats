#!/usr/bin/env bats
#
# A real cron runs the crontab of contrib/cron.  The tests check which jobs send
# mail.  cron reads the clock only once a minute, so setup_file turns each line
# into one that cron runs when it starts, and all tests look at that run.
# cron has its own crontab directory, mailer and /run, and does not touch the
# machine's.
#
# Once: a second pass would test the same crontab.
# bats file_tags=long

load lib/helper

# These two servers stand for all servers with the same crontab.
SERVERS='one two'

setup_file()
{
	bench_setup
	export CRON_TASK=$TASK
	cd "$BATS_FILE_TMPDIR" || return 1
	mkdir cron.d mail sbin real
	# shellcheck disable=SC2016 # expanded by the script
	printf '#!/bin/sh\nfor to; do :; done\ncat >"%s/mail/$to.$$"\n' \
	    "$PWD" >sendmail
	make_crontabs
	: >empty
	start_cron || return 1
	# When this succeeds, all jobs have started and ended.
	if ! wait_for 10 test -e started ||
	    ! wait_for 30 not has_children "$(<cron.pid)"; then
		echo "cron did not run the jobs: $(<cron.out)" >&2
		return 1
	fi
}

teardown_file()
{
	[ ! -e "$BATS_FILE_TMPDIR/cron.pid" ] ||
	    "${AS_ROOT[@]}" kill "$(<"$BATS_FILE_TMPDIR/cron.pid")"
}

setup()
{
	bench_setup
	cd "$BATS_FILE_TMPDIR" || return 1
}

# start_cron: start a cron that sees none of the machine's jobs.
start_cron()
{
	AS_ROOT=()
	[ "$EUID" -eq 0 ] || AS_ROOT=(sudo -n)
	# shellcheck disable=SC2016 # expanded by the inner shell
	"${AS_ROOT[@]}" env --default-signal=INT,QUIT unshare --mount bash -c 'set -e
	    cd "$0"
	    mount --make-rprivate /
	    mount --bind /usr/sbin real
	    ln -s "$0/real"/* sbin
	    rm -f sbin/sendmail
	    install -m 755 sendmail sbin
	    mount --bind sbin /usr/sbin
	    mount -t tmpfs own /run
	    for name in /etc/cron.d /var/spool/cron; do
		mount -t tmpfs own "$name"
	    done
	    mkdir /var/spool/cron/crontabs
	    install -m 644 cron.d/* /etc/cron.d
	    [ ! -e /etc/crontab ] || mount --bind empty /etc/crontab
	    # Let every user log in: logins are not what the tests check.
	    printf "%s required pam_permit.so\n" auth account session >pam
	    mount --bind pam /etc/pam.d/cron
	    echo $$ >cron.pid
	    exec cron -f' "$PWD" </dev/null >cron.out 2>&1 3>&- &
}

# crontab NAME JOB [SED...]: make crontab NAME from the crontab of contrib/cron,
# to run at once.  NAME also names its tasks, jobs and mailbox; JOB is the
# script of every job.
crontab()
{
	local name=$1 box=${1%-*} job

	mkdir -p "jobs/$box"
	for job in sync backup reindex import; do
		printf '#!/bin/sh\necho ran >>"%s"\n%s\n' \
		    "$PWD/jobs/$box.$job" "$2" >"jobs/$box/$job"
		chmod 755 "jobs/$box/$job"
	done
	shift 2
	sed -e 's/^[0-9*][^a-z]* root/@reboot root/' -e "s/^MAILTO=.*/MAILTO=$box/" \
	    -e "s#^PATH=.*#PATH=$(dirname "$ZKRUN"):/usr/bin:/bin#" \
	    -e "s#^ZKRUN_CONNECT=.*#ZKRUN_CONNECT=$ZKRUN_CONNECT#" \
	    -e "s/ -t / -t $CRON_TASK-$box-/" -e "s#/opt/jobs#$PWD/jobs/$box#g" \
	    -e 's/--hold 5m/--hold 4s/' "$@" "$TOP/contrib/cron/zkrun" \
	    >"cron.d/$name"
}

make_crontabs()
{
	local server task n

	for server in $SERVERS; do
		crontab "good-$server" 'case $0 in */import) seq 1000 ;; esac'
	done
	crontab bad 'echo broken; exit 3'
	crontab mute 'exit 3'
	crontab away true -e 's/^ZKRUN_CONNECT=.*/ZKRUN_CONNECT=127.0.0.1:1/'
	crontab taken true -e 's/-w [0-9a-z]*/-w 1s/'
	for task in sync backup reindex import; do
		for n in 1 2 3; do
			zk create -p \
			    "/lock/mutex/$CRON_TASK-taken-$task/leases/x$n" \
			    >/dev/null
		done
	done
	# tell prints what cron passes to a job, without and with zkrun.
	cat >cron.d/other <<-END
	PATH=$(dirname "$ZKRUN"):/usr/bin:/bin
	MAILTO=plain
	@reboot root sh "$PWD/tell" 2>&1
	MAILTO=locked
	@reboot root zkrun -c $ZKRUN_CONNECT -t $CRON_TASK-a -- sh "$PWD/tell" 2>&1
	MAILTO=plain-odd
	@reboot root exec <&-; trap '' HUP TERM PIPE; sh "$PWD/tell" 2>&1
	MAILTO=locked-odd
	@reboot root exec <&-; trap '' HUP TERM PIPE; zkrun -c $ZKRUN_CONNECT -t $CRON_TASK-b -- sh "$PWD/tell" 2>&1
	MAILTO=root
	@reboot root sleep 0.5; : >"$PWD/started"
	END
	cat >tell <<-'END'
	env | grep -v -e '^_=' -e '^ZKRUN_' -e '^MAILTO=' -e '^SHLVL=' | sort
	umask
	grep -e SigBlk -e SigIgn /proc/self/status
	[ ! -e /proc/self/fd/0 ] || cat | wc -c
	tty
	exit 0
	END
}

# mails BOX: print how many mails BOX has.
mails()
{
	find mail -name "$1.*" | wc -l
}

# mail BOX [PATTERN]: print the only mail of BOX, or the one with a subject that
# matches PATTERN.
mail()
{
	local file

	file=$(grep -lE "^Subject: Cron <.*> .*${2:-}" mail/"$1".*)
	assert_equal "$(wc -l <<<"$file")" 1
	if grep -qx 'Content-Transfer-Encoding: quoted-printable' "$file"; then
		sed '1,/^$/d' "$file" | decode
	else
		sed '1,/^$/d' "$file"
	fi
}

# decode: turn quoted-printable into plain text.  The cron of Debian 13 encodes
# its mail.
decode()
{
	sed -e ':join; /=$/ { N; s/=\n//; b join; }' -e 's/\\/&&/g' \
	    -e 's/=\([0-9A-F]\{2\}\)/\\x\1/g' | while IFS= read -r line; do
		printf '%b\n' "$line"
	done
}

# ran BOX JOB: print how often the job has run.
ran()
{
	[ ! -e "jobs/$1.$2" ] || wc -l <"jobs/$1.$2"
}

@test "the tests cover every line of the crontab" {
	local lines

	lines=$(grep -c ' root ' "$TOP/contrib/cron/zkrun")
	assert_equal "$lines" 4
	assert_equal "$(grep -c '^@reboot' cron.d/bad)" "$lines"
}

@test "successful jobs send no mail, and a job for one server runs on one" {
	assert_equal "$(mails good)" 0
	assert_equal "$(ran good sync)" 1
	assert_equal "$(ran good backup)" 1
	assert_equal "$(ran good import)" 1
	assert_equal "$(ran good reindex)" 2
}

@test "if others hold the locks, nothing runs and no mail is sent" {
	assert_equal "$(mails taken)" 0
	assert_equal "$(find jobs -name 'taken.*')" ''
}

@test "a job that fails with output sends one mail" {
	local job

	assert_equal "$(mails bad)" 4
	for job in sync backup reindex; do
		assert_equal "$(mail bad "-$job ")" broken
	done
	assert_equal "$(mail bad '-import ')" 'import: status 3: broken'
}

@test "a job that fails without output sends mail if its line checks the status" {
	assert_equal "$(mails mute)" 1
	assert_equal "$(mail mute '-import ')" 'import: status 3: '
}

@test "without ZooKeeper, each line of the crontab reports this in one mail" {
	local job

	assert_equal "$(mails away)" 4
	for job in sync backup reindex; do
		run -0 mail away "-$job "
		assert_output --regexp "^zkrun: cannot reach ZooKeeper for '$CRON_TASK-away-$job': [^"$'\n'"]*$"
	done
	run -0 mail away '-import '
	assert_output --partial 'import: status 69: zkrun: cannot reach ZooKeeper'
	assert_equal "$(find jobs -name 'away.*')" ''
}

@test "the command gets environment, umask, stdin and signals as cron gives them" {
	assert_equal "$(mail locked)" "$(mail plain)"
	run -0 mail plain
	assert_line 'LOGNAME=root'
	assert_line 'not a tty'
	refute_line --regexp '^(TERM|USER|ZKRUN)'
	assert_equal "$(mail locked-odd)" "$(mail plain-odd)"
	run -0 mail plain-odd
	# The signals HUP, PIPE and TERM are ignored.
	assert_line --regexp 'SigIgn:.*5001$'
}
