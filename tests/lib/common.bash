# common.bash: functions of tests and torture that wait for a condition or check
# whether a process has ended.
# shellcheck shell=bash

now_us()
{
	echo "${EPOCHREALTIME/[.,]/}"
}

# wait_for SECONDS COMMAND...: poll until COMMAND succeeds; fail after SECONDS.
wait_for()
{
	local seconds=$1 limit

	shift
	limit=$(($(now_us) + seconds * 1000000))
	until "$@" >/dev/null 2>&1; do
		if [ "$(now_us)" -gt "$limit" ]; then
			echo "waited ${seconds}s in vain for: $*" >&2
			return 1
		fi
		sleep 0.02
	done
}

# gone PID: has the process ended?  A zombie counts as ended, because only its
# parent can reap it.
gone()
{
	local stat

	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	stat=${stat##*) }
	[ "${stat%% *}" = Z ]
}
