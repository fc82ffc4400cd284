# disk.bash: a small disk of the round that can stall.  Some zkruns have stdout,
# stderr or both on it.  For the scripts of tests/torture; they set dir, the
# round's directory.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # names shared with the other scripts

disk=$dir/disk

# Every third zkrun (one or two for each task), and its outputs on the disk.
declare -A on_disk=([c01]=stderr [c04]=both [c07]=stdout [c10]=stderr
    [c13]=both [c16]=stdout [c19]=stderr [c22]=both)
# The percentage of their commands that outlast a session and ignore TERM.  Only
# these show a stall that keeps zkrun from killing.
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

# Make a disk; the round goes on without one if that fails.
make_disk()
{
	try_disk >"$disk.err" 2>&1 && return
	say "no disk stalls in this round: $(tail -n 1 "$disk.err")"
	drop_disk
}

# give_disk NAME: add options that put the outputs of a contender on the disk.
give_disk()
{
	has_disk || return 0
	options+=(-S "$stubborn")
	[ "${on_disk[$1]}" = stdout ] || options+=(-E "$disk/err.$1")
	[ "${on_disk[$1]}" = stderr ] || options+=(-O "$disk/out.$1")
}

# A process that writes to the disk now sleeps until thaw_disk, unkillable.
freeze_disk()
{
	has_disk && fsfreeze -f "$disk" 2>/dev/null
}

thaw_disk()
{
	fsfreeze -u "$disk" 2>/dev/null
}

# Thaw first: a process that sleeps there cannot die, and a frozen disk that is
# unmounted can never be thawed.
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

# Keep the outputs on the disk, and remove mount and loop device.
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
