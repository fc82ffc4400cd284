# disk.bash: a small disk of the round's own that can stall.  Some zkruns have
# their stdout, stderr or both on it.  For the scripts of tests/torture; they set
# dir, the room of the round.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # names shared with the other scripts

disk=$dir/disk

# Every third zkrun, two for each task, and what of it is on the disk.
declare -A on_disk=([c01]=stderr [c04]=both [c07]=stdout [c10]=stderr
    [c13]=both [c16]=stdout)
# How many percent of their commands outlast a session and ignore TERM.  A stall
# that keeps zkrun from killing shows only with these.
stubborn=${TORTURE_STUBBORN:-25}

has_disk()
{
	mountpoint -q "$disk"
}

try_disk()
{
	mkdir -p "$disk" &&
	    truncate -s 32M "$disk.img" &&
	    mkfs.ext4 -q -F "$disk.img" &&
	    mount -o loop,noatime "$disk.img" "$disk" &&
	    fsfreeze -f "$disk" &&
	    fsfreeze -u "$disk"
}

# A round goes on without a disk where none can be made.
make_disk()
{
	try_disk >"$disk.err" 2>&1 && return
	say "no disk stalls in this round: $(tail -n 1 "$disk.err")"
	drop_disk
}

# Adds to the options of a contender: one whose zkrun has output on the disk.
give_disk()
{
	has_disk || return 0
	options+=(-S "$stubborn")
	[ "${on_disk[$1]}" = stdout ] || options+=(-E "$disk/err.$1")
	[ "${on_disk[$1]}" = stderr ] || options+=(-O "$disk/out.$1")
}

# Whoever writes to it now sleeps until thaw_disk, and cannot be killed.
freeze_disk()
{
	has_disk && fsfreeze -f "$disk" 2>/dev/null
}

thaw_disk()
{
	fsfreeze -u "$disk" 2>/dev/null
}

# Thaw first: nobody who sleeps there can die, and an unmounted disk that is
# frozen can never be thawed.
unmount_disk()
{
	has_disk || return 0
	thaw_disk || true
	kill_own_processes
	umount "$disk"
}

no_loop_device()
{
	[ -z "$(losetup -j "$disk.img")" ]
}

# Keeps what was written on the disk, and leaves neither mount nor loop device.
drop_disk()
{
	[ -e "$disk.img" ] || has_disk || return 0
	if has_disk; then
		thaw_disk || true
		mkdir -p "$dir/said"
		cp "$disk"/*.* "$dir/said" 2>/dev/null || true
	fi
	wait_for 20 unmount_disk && wait_for 5 no_loop_device || {
		say "cannot take away the disk at $disk"
		return 1
	}
	rm -rf "$disk" "$disk.img"
}
