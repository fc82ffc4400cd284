/*
 * FD_CLOEXEC tells descriptors apart: all of ours have it, and no inherited one
 * has it, for it would not have survived our own exec.
 */
#include "system/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

int
descriptors_fill_standard(void)
{
	int fd;

	/* open(2) takes the lowest number that is free. */
	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd != -1 && fd <= STDERR_FILENO);
	if (fd == -1)
		return -1;
	return close(fd);
}

static void
replace_with_null(int fd)
{
	int null;

	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1) {
		(void)close(fd);
		return;
	}
	(void)dup3(null, fd, O_CLOEXEC);
	(void)close(null);
}

void
descriptors_close_inherited(void)
{
	const char *problem;
	struct dirent *entry;
	DIR *directory;
	int fd, flags;

	directory = opendir("/proc/self/fd");
	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL) {
		fd = (int)strtonum(entry->d_name, 0, INT_MAX, &problem);
		flags = fcntl(fd, F_GETFD);
		if (problem != NULL || fd == STDERR_FILENO || flags == -1 ||
		    (flags & FD_CLOEXEC) != 0)
			continue;
		if (fd < STDERR_FILENO)
			replace_with_null(fd);
		else
			(void)close(fd);
	}
	(void)closedir(directory);
}

void
descriptors_close_stderr(void)
{
	replace_with_null(STDERR_FILENO);
}
