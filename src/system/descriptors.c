/*
 * zkrun tells descriptors apart by FD_CLOEXEC.  It sets this flag on all its
 * own descriptors.  No inherited descriptor has the flag, or the exec of zkrun
 * would have closed it.
 */
#include "system/descriptors.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define MOST	65536	/* numbers to try if /proc has no list */

int
descriptors_fill_standard(void)
{
	int fd;

	/* open(2) returns the lowest free number. */
	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd != -1 && fd <= STDERR_FILENO);
	if (fd == -1)
		return -1;
	return close(fd);
}

/* The majors are in Documentation/admin-guide/devices.txt of Linux. */
static bool
is_terminal(unsigned major)
{
	static const unsigned majors[] = { 4, 5, 166, 188, 204, 229 };
	size_t i;

	for (i = 0; i < sizeof(majors) / sizeof(majors[0]); i++)
		if (majors[i] == major)
			return true;
	return major >= 136 && major <= 143;
}

/*
 * Returns whether this is a pipe, FIFO, socket or terminal.  AT_STATX_DONT_SYNC
 * makes statx(2) answer from memory.  Other calls may block on a device, or on
 * a pipe's lock, which the other end may hold while it waits for a disk.
 */
static bool
is_stream(int fd)
{
	struct statx what;

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE,
	    &what) == 0 && (S_ISFIFO(what.stx_mode) ||
	    S_ISSOCK(what.stx_mode) || (S_ISCHR(what.stx_mode) &&
	    is_terminal(what.stx_rdev_major)));
}

/*
 * Replaces 0 to 2 by /dev/null, because the next socket would get the number.
 */
static void
let_go(int fd)
{
	int null;

	if (fd > STDERR_FILENO) {
		(void)close(fd);
		return;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1)
		return;
	(void)dup3(null, fd, O_CLOEXEC);
	(void)close(null);
}

static void
look_at(int fd, bool ours, void (*act)(int fd, int except), int except)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags != -1 && ((flags & FD_CLOEXEC) != 0) == ours)
		act(fd, except);
}

/*
 * Calls a function for each of zkrun's own descriptors, or each inherited one.
 */
static void
each(bool ours, void (*act)(int fd, int except), int except)
{
	const char *problem;
	struct dirent *entry;
	DIR *directory;
	int fd, most;

	directory = opendir("/proc/self/fd");
	if (directory == NULL) {
		/* opendir(3) usually fails because no descriptor is left. */
		most = getdtablesize() < MOST ? getdtablesize() : MOST;
		for (fd = 0; fd < most; fd++)
			look_at(fd, ours, act, except);
		return;
	}
	while ((entry = readdir(directory)) != NULL) {
		fd = (int)strtonum(entry->d_name, 0, INT_MAX, &problem);
		if (problem == NULL && fd != dirfd(directory))
			look_at(fd, ours, act, except);
	}
	(void)closedir(directory);
}

static void
let_go_stream(int fd, int except)
{
	if (fd != except && is_stream(fd))
		let_go(fd);
}

void
descriptors_let_go(void)
{
	each(false, let_go_stream, STDERR_FILENO);
}

void
descriptors_let_go_stderr(void)
{
	if (is_stream(STDERR_FILENO))
		let_go(STDERR_FILENO);
}

static void
close_any(int fd, int except)
{
	if (fd != except)
		let_go(fd);
}

void
descriptors_close_inherited(void)
{
	each(false, close_any, -1);
}

static void
close_own(int fd, int except)
{
	if (fd != except && fd > STDERR_FILENO)
		(void)close(fd);
}

void
descriptors_close_ours(int except)
{
	each(true, close_own, except);
}
