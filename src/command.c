/*
 * Fork and exec, without a shell and without a trace of ourselves.
 */
#include "command.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exitcode.h"
#include "log.h"
#include "signals.h"

int
command_fill_standard_descriptors(void)
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

static int
set_environment(const struct command_lease *lease)
{
	char fence[32], session[32];

	(void)snprintf(fence, sizeof(fence), "%" PRId64, lease->fence);
	(void)snprintf(session, sizeof(session), "0x%" PRIx64,
	    (uint64_t)lease->session);
	if (setenv("ZKRUN_TASK", lease->task, 1) == -1 ||
	    setenv("ZKRUN_LEASE", lease->path, 1) == -1 ||
	    setenv("ZKRUN_LEASE_CONNECT", lease->connect, 1) == -1 ||
	    setenv("ZKRUN_FENCE", fence, 1) == -1 ||
	    setenv("ZKRUN_SESSION", session, 1) == -1)
		return -1;
	return 0;
}

pid_t
command_start(char *const *argv, const struct signals *signals,
    const struct command_lease *lease)
{
	pid_t pid, parent;
	int error;

	parent = getpid();
	pid = fork();
	if (pid != 0)
		return pid;

	/* The parent may have died before it was asked to take us along. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent)
		_exit(EXITCODE_INTERNAL);
	if (set_environment(lease) == -1) {
		log_error("cannot run '%s': %s", argv[0], strerror(errno));
		_exit(EXITCODE_SYSTEM);
	}
	signals_restore(signals);
	(void)execvp(argv[0], argv);
	error = errno;
	log_error("cannot run '%s': %s", argv[0], strerror(error));
	_exit(error == ENOENT ? EXITCODE_NOT_FOUND : EXITCODE_CANNOT_RUN);
}

int
command_exit_code(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return EXITCODE_SIGNAL + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
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
command_close_inherited(void)
{
	const char *problem;
	struct dirent *entry;
	DIR *directory;
	int fd, flags;

	/*
	 * Every descriptor of ours is close-on-exec, and none that came through
	 * our own exec can be: the flag tells them apart.
	 */
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
command_close_stderr(void)
{
	replace_with_null(STDERR_FILENO);
}
