#!/usr/bin/env bats
#
# Command line, environment and configuration file.  Bad input ends zkrun with
# status 64 or 78 and one line on stderr, before anything starts.
#
# bats file_tags=quick

load lib/helper

setup()
{
	bench_setup
	# Ignore this machine's /etc/zkrun.conf.
	export ZKRUN_CONFIG=/dev/null
	MARKER=$BATS_TEST_TMPDIR/marker
	FILE=$BATS_TEST_TMPDIR/zkrun.conf
}

# says_one_line FILE: does FILE have one line, in the form of zkrun's messages?
says_one_line()
{
	[ "$(wc -l <"$1")" -eq 1 ] &&
	    LC_ALL=C grep -qxE "zkrun: (cannot [a-z]+ (line [0-9]+ of )?'.*'.*: .+|.*try 'zkrun --help'\))" \
		"$1"
}

# refused STATUS ARG...: zkrun ARG... exits with STATUS, prints one message and
# starts nothing.  SAID is the message.
refused()
{
	local want=$1 rc=0

	shift
	rm -f "$MARKER"
	zkrun "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || rc=$?
	SAID=$(tr -d '\0' <"$BATS_TEST_TMPDIR/err")
	if [ $rc -ne "$want" ] || [ -s "$BATS_TEST_TMPDIR/out" ] ||
	    [ -e "$MARKER" ] || ! says_one_line "$BATS_TEST_TMPDIR/err"; then
		printf 'for:'
		printf ' %.99q' "$@"
		printf '\nstatus %d, wanted %d, stderr:\n%.999s\nstdout:\n' \
		    $rc "$want" "$SAID"
		cat "$BATS_TEST_TMPDIR/out"
		[ ! -e "$MARKER" ] || echo 'the command was started'
		return 1
	fi
}

# bad_option ARG...: zkrun refuses a call that would be complete without ARG.
bad_option()
{
	refused 64 -t "$TASK" "$@" -- touch "$MARKER"
}

bad_task()
{
	refused 64 -t "$1" -- touch "$MARKER"
}

# bad_file [PATTERN]: zkrun refuses the file on stdin and says PATTERN.
bad_file()
{
	cat >"$FILE"
	refused 78 -f "$FILE" -t "$TASK" -- touch "$MARKER" || return 1
	grep -qF -- "${1:-}" <<<"$SAID" && return
	echo "not said: $1 but: $SAID"
	return 1
}

# Take the lock with a node that has no session.
take_task()
{
	zk create -p "/lock/mutex/$TASK/leases/foreign"
}

repeat()
{
	printf "%.0s$1" $(seq "$2")
}

#
# Task ids
#

@test "a file of credentials given as the configuration file is not shown" {
	local line reason

	for line in 'digest:user:S3CRET' 'digest:user:S3CRET=' 'S3CRET = x'; do
		reason='unknown option'
		[[ $line = *=* ]] || reason='must have the form name = value'
		echo "$line" >"$BATS_TEST_TMPDIR/conf"
		run -78 zkrun -f "$BATS_TEST_TMPDIR/conf" -t "$TASK" -- true
		assert_output "zkrun: cannot use line 1 of '$BATS_TEST_TMPDIR/conf': $reason"
	done
}

@test "a task id that cannot be a znode name is refused" {
	local id

	for id in ../x '' . .. / a/b /a a/ "$(repeat x 256)" \
	    "$(repeat x 300)" $'a\nb' $'\n' $'a\tb' $'\x01' $'\x7f' \
	    $'\xc2\x80' $'\xff' $'\xc3' $'\xc0\xaf' $'\xed\xa0\x80' \
	    $'\xee\x80\x80' $'\xf0\x9f\x98\x80'; do
		bad_task "$id"
	done
}

@test "a huge task id is refused with a readable reason" {
	bad_task "$(repeat x 5000)"
	[[ $SAID == *255* ]]
}

@test "a task id in UTF-8 names a znode" {
	local id=$TASK-größe-日本

	run -0 zkrun -t "$id" -- "$TOOLS/znode" -c "$ZKRUN_CONNECT" \
	    ls "/lock/mutex/$id/leases"
	assert_output --partial _c_
	assert_lock_clean "$id"
}

@test "a task id may contain spaces, quotes, '$' and '%', and is used unchanged" {
	local id

	for id in "$TASK a b" "$TASK"'$(id)`id`;id' "-$TASK" "$TASK'\"\\" \
	    "%s%n$TASK" "...$TASK" "$TASK$(repeat x $((255 - ${#TASK})))"; do
		run -0 zkrun -t "$id" -- sh -c 'printf %s "$ZKRUN_TASK"'
		assert_output "$id"
		zk stat "/lock/mutex/$id"
	done
}

#
# Values
#

@test "a malformed connect string is refused" {
	local list

	for list in '' ',' 'a,' ',a' 'a,,b' :2181 a: a:0 a:65536 a:x a:-1 ::1 \
	    ::1:2181 '[::1' '[::1]2181' '[]:1' 'a b' a:1:2 /x a//x a/../x \
	    a/. 'user@a' http://a "$(repeat a, 64)a" "$(repeat a 256):1"; do
		bad_option -c "$list"
	done
}

@test "every option that takes a duration refuses a malformed one" {
	local option value

	for option in --wait --retry-sleep --retry-cap --retry-for \
	    --connect-timeout --session-timeout --kill-after --hold \
	    --interval --max-time; do
		for value in '' . x -1 1e9 5x 0x10 inf nan ' 5' '5 ' 1h30m \
		    3651d 99999999999999999999; do
			bad_option "$option=$value"
			[[ $SAID == *"'$option=$value'"* ]]
		done
	done
}

@test "a value out of range is refused" {
	local option

	for option in --retry-cap=0 --retry-for=0 --connect-timeout=0 \
	    --session-timeout=999ms --session-timeout=25h \
	    --conflict-exit-code=256 --conflict-exit-code=-1 -E1x -E '-E ' \
	    --max-retries=-1 --max-retries=1.5 --max-retries=1000000001 \
	    --max-retries=Forever --orphans=no --orphans= --orphans=WAIT \
	    --base=a --base=/a/ --base=//a --base=/a/../b --max-time=0 -m0 \
	    --interval-counts= --interval-counts=all --interval-counts=ANY \
	    --leases=0 -l-1 -l1x --leases=1000001 --leases= \
	    --skip-exit-code=256 --skip-exit-code=-1 --skip-exit-code= \
	    --runs=a --runs= --runs=/ --runs=/a/ --runs=/a/../b \
	    --syslog= --syslog=kern --syslog=mark --syslog=DAEMON \
	    --syslog=24; do
		bad_option "$option"
	done
}

@test "an empty base is refused; it does not mean '/'" {
	bad_option --base=
	ZKRUN_BASE='' bad_option
}

@test "with the base '/' tasks are znodes of the top level" {
	run -0 zkrun -b / -t "$TASK" -- "$TOOLS/znode" -c "$ZKRUN_CONNECT" \
	    ls "/$TASK/leases"
	assert_output --partial _c_
	zk rmr "/$TASK"
}

@test "a base given with -b is created and used" {
	run -0 zkrun -b "/bases/$TASK/x" -t y -- "$TOOLS/znode" \
	    -c "$ZKRUN_CONNECT" ls "/bases/$TASK/x/y/leases"
	assert_output --partial _c_
}

#
# The command line
#

@test "an unknown option is refused and named" {
	bad_option -x
	[[ $SAID == *"'-x'"* ]]
	bad_option -nx
	[[ $SAID == *"'-x'"* ]]
	bad_option --bogus
	[[ $SAID == *"'--bogus'"* ]]
	bad_option --bogus=1
	bad_option --retry		# ambiguous: three options begin so
	bad_option -é
	[[ $SAID == *"'-"* ]]
}

@test "an option with a missing or an extra value is refused" {
	local option

	for option in -t -c -b -E -f -i -k -l -m -o -r -T -w --task --connect \
	    --base --config --conflict-exit-code --connect-timeout --hold \
	    --interval --interval-counts --kill-after --leases --max-retries \
	    --max-time --orphans --retry-cap --retry-for --retry-sleep --runs \
	    --session-timeout --skip-exit-code --wait; do
		refused 64 "$option"
		[[ $SAID == *"'$option' needs a value"* ]]
	done
	for option in --nonblock=yes --group=no --quiet=1 --verbose= --help=x \
	    --version=1 --status=x --revoke=x --break=yes --yes=1 --json=no \
	    --check=1; do
		bad_option "$option"
	done
}

@test "zkrun without a task or without a command is refused" {
	refused 64
	refused 64 --
	refused 64 touch "$MARKER"
	refused 64 -n -- touch "$MARKER"
	refused 64 -t "$TASK"
	refused 64 -t "$TASK" --
	# ZKRUN_TASK is for the command and names no task.
	ZKRUN_TASK=$TASK refused 64 -- touch "$MARKER"
}

@test "-n and -w exclude each other in the same place" {
	bad_option -n -w 5
	bad_option -w 5 -n
	bad_option --wait=0 --nonblock
	ZKRUN_NONBLOCK=yes ZKRUN_WAIT=5 bad_option
	bad_file <<<$'nonblock = yes\nwait = 5'
}

@test "-n on the command line overrides wait from elsewhere, and -w overrides nonblock" {
	take_task
	ZKRUN_WAIT=60 run -75 zkrun -n -t "$TASK" -- touch "$MARKER"
	ZKRUN_NONBLOCK=yes run -75 zkrun -w 10ms -t "$TASK" -- touch "$MARKER"
	assert_output --partial 'gave up waiting'
}

@test "--syslog takes its value only after '='" {
	# Without '=' --syslog would take the task or the command as its value.
	run -0 zkrun --syslog -t "$TASK" -- true
	run -0 zkrun -t "$TASK" --syslog -- true
	run -0 zkrun -t "$TASK" --syslog true
	run -0 zkrun -t "$TASK" --syslog=user true
	run -127 zkrun -t "$TASK" --syslog user true
	assert_output --partial "cannot run 'user'"
}

#
# Options that exclude each other
#

@test "zkrun refuses two of --break, --check, --status and the like at a time" {
	local one other
	local all=(--break --check --forget --pause --resume --revoke --status)

	for one in "${all[@]}"; do
		for other in "${all[@]}"; do
			[ $one != $other ] || continue
			refused 64 $one $other "$TASK"
			[[ $SAID == *"'$other'"*'choose one of'* ]]
		done
	done
}

@test "--json needs --status, and --yes needs --break or --forget" {
	local mode

	for mode in --revoke --break --check --pause --resume --forget; do
		refused 64 --json $mode "$TASK"
		[[ $mode = --check || $SAID == *"'--json'"* ]]
	done
	bad_option --json
	[[ $SAID == *"'--json'"*'--status'* ]]
	for mode in --revoke --status --pause --resume; do
		refused 64 --yes $mode "$TASK"
		[[ $SAID == *"'--yes'"*'--break and --forget'* ]]
	done
	bad_option --yes
}

@test "--status takes tasks as operands, or one with -t" {
	refused 64 --status -t "$TASK" "$TASK"
	[[ $SAID == *"'$TASK'"*'-t'* ]]
	refused 64 --status -t "$TASK" other
	refused 64 --status "$TASK" ../x
	[[ $SAID == *"'../x'"* ]]
	refused 64 --status ''
}

@test "--revoke and --break take one task, as operand or with -t" {
	local mode

	for mode in --revoke '--break --yes'; do
		# shellcheck disable=SC2086 # two words
		refused 64 $mode
		[[ $SAID == *'no task'* ]]
		# shellcheck disable=SC2086
		refused 64 $mode "$TASK" "$TASK-2"
		[[ $SAID == *"'$TASK-2'"*'one task'* ]]
		# shellcheck disable=SC2086
		refused 64 $mode -t "$TASK" "$TASK"
		# shellcheck disable=SC2086
		refused 64 $mode a/b
		# shellcheck disable=SC2086
		refused 64 $mode ..
	done
}

@test "--check takes no command" {
	refused 64 --check touch "$MARKER"
	[[ $SAID == *"'touch'"*'--check'* ]]
}

@test "-i needs one lease, except -i 0, which allows any number" {
	bad_option -i 5 -l 2
	[[ $SAID == *"'--interval'"* ]]
	bad_option -l 2 -i 1ms
	ZKRUN_LEASES=3 bad_option -i 1h
	ZKRUN_INTERVAL=1h bad_option -l 3
	printf '%s\n' 'interval = 1h' 'leases = 2' >"$FILE"
	bad_option -f "$FILE"
	run -0 zkrun -i 5 -l 1 -t "$TASK" -- true
	run -0 zkrun -i 0 -l 2 -t "$TASK-0" -- true
	run -0 zkrun -l 2 -t "$TASK-2" -- true
}

@test "--runs may not lie below --base, nor --base below --runs" {
	local both

	for both in '/a /a' '/a /a/b' '/a/b /a' '/lock /lock/runs'; do
		bad_option -i 1h --base "${both% *}" --runs "${both#* }"
		[[ $SAID == *"'${both#* }'"* ]]
		bad_option -i 0 --base "${both% *}" --runs "${both#* }"
	done
	bad_option -i 1h --runs /lock/mutex
	bad_option -i 1h --base /lock/runs
	ZKRUN_RUNS=/lock/mutex/x bad_option -i 1h
	# A common prefix is not a common parent.  Base / is always allowed.
	run -0 zkrun -i 1h -b "/$TASK" --runs "/$TASK-runs" -t x -- true
	run -0 zkrun -i 1h -b / --runs "/$TASK-runs2" -t "$TASK-root" -- true
	zk rmr "/$TASK-root"
	for both in /a/locks /a/leases /a/leases/b/c; do
		bad_option -i 0 --base / --runs "$both"
		[[ $SAID == *"'$both'"* ]]
	done
	run -0 zkrun -i 0 -b / --runs "/$TASK/leases2" -t "$TASK-two" -- true
	zk rmr "/$TASK-two"
	# Without an interval zkrun records nothing and accepts any path.
	run -0 zkrun -b "/$TASK" --runs "/$TASK" -t x -- true
}

@test "--help and --version print to stdout and exit 0, whatever follows" {
	local option

	for option in -h --help -V --version; do
		run -0 --separate-stderr zkrun "$option" --bogus
		# shellcheck disable=SC2154 # by run
		assert_equal "$stderr" ''
		case $option in
		-h|--help)	[[ $output == 'usage: zkrun '* ]] ;;
		*)		[[ $output =~ ^'zkrun '[0-9]+\.[0-9.]+$ ]] ;;
		esac
	done
	run -0 zkrun -t "$TASK" -nv --help
}

@test "options after the command belong to the command" {
	run -0 zkrun -t "$TASK" printf '%s.' -n -t x --help
	assert_output -- '-n.-t.x.--help.'
	run -0 zkrun -t "$TASK" -- printf '%s.' -V --
	assert_output -- '-V.--.'
	POSIXLY_CORRECT=1 run -0 zkrun -t "$TASK" echo -n
	assert_output ''
}

@test "without a command, options may follow the tasks" {
	run -1 zkrun --status "$TASK" --json "$TASK-2"
	assert_equal "$(jq -c '.tasks|map(.task)' <<<"$output")" \
	    "[\"$TASK\",\"$TASK-2\"]"
	run -0 zkrun --pause "$TASK" too many -l 2 of them -q
	assert_output ''
	run -1 zkrun --json --status "$TASK"
	assert_equal "$(jq -c '.tasks[0].paused[0]|.reason,.leases' \
	    <<<"$output" | tr '\n' ' ')" '"too many of them" 2 '
	run -0 zkrun --resume "$TASK" -q
	# Before --status an operand is the command, which gets --status.
	refused 64 "$TASK" --status
	# After -- every argument is an operand.
	run -0 zkrun --pause -q "$TASK" -- -l 2
	run -1 zkrun --status --json -- "$TASK"
	assert_equal "$(jq -r '.tasks[0].paused[0].reason' <<<"$output")" '-l 2'
	refused 64 --pause "$TASK" why --no-such
	[[ $SAID == *"'--no-such'"* ]]
	run -0 zkrun -t "$TASK-3" -- echo --json --status
	assert_output -- '--json --status'
	run -0 zkrun -t "$TASK-3" echo -l --pause
	assert_output -- '-l --pause'
}

@test "the argument after -- is the command, even if it begins with '-'" {
	run -127 zkrun -t "$TASK" -- -n
	assert_output --partial "cannot run '-n'"
	run -127 zkrun -t "$TASK" -- -- true
	assert_output --partial "cannot run '--'"
	run -127 zkrun -t "$TASK" -- ''
	assert_output --partial "cannot run ''"
}

@test "if an option is given twice, the last value counts" {
	take_task
	run -12 zkrun -n -E 11 --conflict-exit-code=12 -t x -t "$TASK" true
}

@test "a long option may be shortened while it is unambiguous" {
	take_task
	run -12 zkrun --nonb --confl=12 --ta "$TASK" true
	run -0 zkrun --nonb --tas "$TASK-free" -- true
	bad_option --ret=3
	[[ $SAID == *"'--ret' is short for several options: --retry-cap --retry-for --retry-sleep (try 'zkrun --help')" ]]
	bad_option --bogus
	assert_equal "$SAID" \
	    "zkrun: unknown option '--bogus' (try 'zkrun --help')"
}

@test "5000 options are all parsed" {
	local many=()

	take_task
	mapfile -t many < <(yes -- -q | head -n 5000)
	run -12 zkrun -E 12 "${many[@]}" -n -t "$TASK" true
	assert_output ''
	bad_option "${many[@]}" --bogus
}

@test "bad input exits 64 even if stderr is closed or full" {
	local rc=0

	zkrun -x >&- 2>&- || rc=$?
	assert_equal $rc 64
	rc=0
	zkrun -x 2>/dev/full || rc=$?
	assert_equal $rc 64
}

#
# The environment
#

@test "a bad environment variable is refused and named" {
	ZKRUN_WAIT=x bad_option
	[[ $SAID == *"'ZKRUN_WAIT=x'"* ]]
	ZKRUN_MAX_RETRIES=-1 bad_option
	ZKRUN_NONBLOCK=1 bad_option
	ZKRUN_GROUP='' bad_option
	ZKRUN_CONNECT='' bad_option
	ZKRUN_CONNECT=a:b bad_option
	# A good value on the command line does not excuse a bad one elsewhere.
	ZKRUN_WAIT=x bad_option -w 5
}

@test "a variable that zkrun does not know reaches the command unchanged" {
	ZKRUN_BOGUS=1 ZKRUN_HELP=1 run -0 zkrun -t "$TASK" -- \
	    sh -c 'echo "$ZKRUN_BOGUS"'
	assert_output 1
}

@test "the command line overrides the environment, and the environment overrides the file" {
	take_task
	echo 'conflict-exit-code = 11' >"$FILE"
	run -75 zkrun -n -t "$TASK" true
	run -11 zkrun -n -f "$FILE" -t "$TASK" true
	ZKRUN_CONFLICT_EXIT_CODE=12 run -12 zkrun -n -f "$FILE" -t "$TASK" true
	ZKRUN_CONFLICT_EXIT_CODE=12 run -13 zkrun -E 13 -n -f "$FILE" \
	    -t "$TASK" true
	# -f counts wherever it stands among the options.
	run -13 zkrun -E 13 -n -t "$TASK" -f "$FILE" true
}

@test "the file's values of connect, wait, base, orphans and the like take effect" {
	take_task
	printf '%s\n' 'connect = 127.0.0.1:1' 'max-retries = 0' >"$FILE"
	(
		unset ZKRUN_CONNECT
		run -69 zkrun -f "$FILE" -t "$TASK" true
	)
	printf '%s\n' 'nonblock = yes' 'quiet = yes' >"$FILE"
	run -75 zkrun -f "$FILE" -t "$TASK" true
	assert_output ''
	printf '%s\n' 'wait = 10ms' >"$FILE"
	run -75 zkrun -f "$FILE" -t "$TASK" true
	assert_output --partial 'gave up waiting'
	printf '%s\n' "base = /$TASK" 'verbose = yes' >"$FILE"
	run -0 zkrun -f "$FILE" -t x true
	assert_output --partial "acquired 'x'"
	zk stat "/$TASK/x"
	printf '%s\n' 'session-timeout = 4s' 'group = no' 'orphans = kill' \
	    'kill-after = 1s' 'retry-sleep = 1ms' 'retry-cap = 1s' \
	    'retry-for = 1m' 'connect-timeout = 5s' >"$FILE"
	run -0 zkrun -v -f "$FILE" -t x true
	assert_output --partial 'timeout 4.0s'
}

# zkrun refuses an impossible value.  This shows that it read the option.
@test "a bad value of hold, interval, leases, max-time and the like is refused in all three places" {
	local pair name variable

	for pair in hold=x interval=x interval-counts=x leases=x max-time=x \
	    runs=x skip-exit-code=x syslog=x; do
		name=${pair%=*}
		variable=ZKRUN_${name^^}
		variable=${variable//-/_}
		refused 64 -t "$TASK" "--$pair" -- touch "$MARKER"
		[[ $SAID == *"'--$pair'"* ]]
		(
			export "$variable=x"
			bad_option
			[[ $SAID == *"'$variable=x'"* ]]
		)
		bad_file "'$name = x'" <<<"$name = x"
	done
}

@test "good values of hold, interval, leases, max-time and the like are accepted from all three places" {
	local pair name variable

	for pair in hold=1ms interval=0 interval-counts=any \
	    interval-counts=success leases=1 max-time=1h "runs=/$TASK/runs" \
	    skip-exit-code=10 syslog=local0 syslog=no; do
		name=${pair%=*}
		variable=ZKRUN_${name^^}
		variable=${variable//-/_}
		run -0 zkrun "--$pair" -t "$TASK" -- true
		assert_output ''
		(
			export "$variable=${pair#*=}"
			run -0 zkrun -t "$TASK" -- true
			assert_output ''
		)
		echo "$name = ${pair#*=}" >"$FILE"
		run -0 zkrun -f "$FILE" -t "$TASK" -- true
		assert_output ''
	done
}

@test "syslog in the environment and the file is yes, no or a facility" {
	ZKRUN_SYSLOG='' bad_option
	ZKRUN_SYSLOG=1 bad_option
	ZKRUN_SYSLOG=yes run -0 zkrun -t "$TASK" -- true
	bad_file "'syslog = '" <<<'syslog ='
	bad_file "'syslog = on'" <<<'syslog = on'
	echo 'syslog = yes' >"$FILE"
	run -0 zkrun -f "$FILE" -t "$TASK" -- true
}

@test "variables named like command-line-only options are ignored" {
	ZKRUN_STATUS=yes ZKRUN_REVOKE=yes ZKRUN_BREAK=yes ZKRUN_CHECK=yes \
	    ZKRUN_YES=yes ZKRUN_JSON=yes run -0 zkrun -t "$TASK" -- echo ran
	assert_output ran
}

#
# The configuration file
#

@test "a configuration file given by name must exist and be readable" {
	refused 78 -f "$FILE" -t "$TASK" -- touch "$MARKER"
	[[ $SAID == *"'$FILE'"*'No such file'* ]]
	refused 78 -f '' -t "$TASK" -- touch "$MARKER"
	ZKRUN_CONFIG=$FILE refused 78 -t "$TASK" -- touch "$MARKER"
	refused 78 -f "$BATS_TEST_TMPDIR" -t "$TASK" -- touch "$MARKER"
	[[ $SAID == *directory* ]]
	refused 78 -f "$FILE/x" -t "$TASK" -- touch "$MARKER"
}

@test "an unreadable configuration file is refused, not ignored" {
	local dir rc=0 as=()

	dir=$(mktemp -d)
	cp "$ZKRUN" "$dir/zkrun"
	: >"$dir/conf"
	chmod 000 "$dir/conf"
	chmod 755 "$dir" "$dir/zkrun"
	[ "$(id -u)" -ne 0 ] ||
	    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	"${as[@]}" "$dir/zkrun" -f "$dir/conf" -t "$TASK" -- touch "$MARKER" \
	    2>"$BATS_TEST_TMPDIR/err" 3>&- || rc=$?
	rm -rf "$dir"
	assert_equal $rc 78
	says_one_line "$BATS_TEST_TMPDIR/err"
	grep -q 'Permission denied' "$BATS_TEST_TMPDIR/err"
}

@test "-f overrides ZKRUN_CONFIG" {
	take_task
	echo 'conflict-exit-code = 11' >"$FILE"
	echo 'conflict-exit-code = 12' >"$FILE.2"
	ZKRUN_CONFIG=$FILE run -11 zkrun -n -t "$TASK" true
	ZKRUN_CONFIG=$FILE run -12 zkrun -n -f "$FILE.2" -t "$TASK" true
	ZKRUN_CONFIG=$FILE run -75 zkrun -n -f /dev/null -t "$TASK" true
	run -12 zkrun -n -f <(cat "$FILE.2") -t "$TASK" true
}

@test "the file may have comments, blank lines, continuations, spaces and CRLF" {
	take_task
	printf '%s\n' '# a comment' '' '   ' $'\t# another' \
	    $'  conflict-exit-code=2\\\n1  # of 0 to 255' >"$FILE"
	run -21 zkrun -n -f "$FILE" -t "$TASK" true
	printf 'conflict-exit-code \t = 22 \t\r\n\r\nnonblock=yes\r\n' >"$FILE"
	run -22 zkrun -f "$FILE" -t "$TASK" true
	printf 'nonblock = yes\nconflict-exit-code = 23' >"$FILE"
	run -23 zkrun -f "$FILE" -t "$TASK" true
	printf '%s\n' 'conflict-exit-code = 24' 'nonblock = yes' \
	    'conflict-exit-code = 25' >"$FILE"
	run -25 zkrun -f "$FILE" -t "$TASK" true
	: >"$FILE"
	run -75 zkrun -n -f "$FILE" -t "$TASK" true
}

@test "a bad line of the file is refused with its number" {
	bad_file 'line 1' <<<'bogus = 1'
	bad_file "'bogus'" <<<'bogus = 1'
	bad_file 'line 3' <<<$'\n# x\nwait = y\nbogus = 1'
	bad_file "'wait = y'" <<<'wait=y'
	bad_file 'line 2' <<<$'wait = 1\nWait = 2'
	bad_file 'line 1' <<<'wait'
	bad_file 'line 1' <<<'= 5'
	bad_file 'line 1' <<<'wait 5'
	bad_file 'line 1' <<<'-w = 5'
	bad_file 'line 1' <<<'--wait = 5'
	bad_file 'line 1' <<<'wait = 5 = 6'
	bad_file 'line 1' <<<'nonblock ='
	bad_file 'line 1' <<<'[section]'
	bad_file 'line 1' <<<'base ='
	bad_file 'line 3' <<<$'wait = \\\n\\\nx'
	# A good value on the command line does not excuse a bad one in the
	# file.
	echo 'wait = x' >"$FILE"
	refused 78 -w 5 -f "$FILE" -t "$TASK" -- touch "$MARKER"
}

@test "the file may not set options that only the command line takes" {
	local name

	for name in task config help version status revoke break check yes \
	    json; do
		bad_file "'$name'" <<<"$name = x"
		[[ $SAID == *'command line'* ]]
	done
}

@test "a binary file and an over-long line are refused" {
	printf 'wait = 5\0\n' | bad_file 'line 1'
	head -c 100000 "$ZKRUN" | bad_file
	{ printf 'wait = 5\nbase = /'; repeat x 5000; echo; } |
	    bad_file 'line 2'
	{ printf '#'; repeat x 4000; printf '\nwait = '; repeat 1 3000; echo; } |
	    bad_file 'line 2'
	printf 'bogus\033[31m = 5\n' | bad_file
	[[ $SAID != *$'\033'* ]]
	printf '\xff\xfe = 5\n' | bad_file 'line 1'
}
