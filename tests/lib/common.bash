# common.bash: what tests and torture both need: waiting, and who is gone.
# shellcheck shell=bash

now_us()
{
	echo "${EPOCHREALTIME/[.,]/}"
}

# wait_for SECONDS COMMAND...: until it succeeds; polls, at most that long.
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

# Is the process gone, or a zombie that only its parent can take away?
gone()
{
	local stat

	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	stat=${stat##*) }
	[ "${stat%% *}" = Z ]
}
