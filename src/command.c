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

/* Names the command where the variable names the pid that the caller knows. */
static int
inherit_pid(const char *variable, pid_t from)
{
	const char *problem, *value;
	char own[32];

	value = getenv(variable);
	if (value == NULL || strtonum(value, 1, INT_MAX, &problem) != from ||
	    problem != NULL)
		return 0;
	(void)snprintf(own, sizeof(own), "%d", (int)getpid());
	return setenv(variable, own, 1);
}

/* What a service manager has set for the process that it started. */
static int
set_manager_environment(const struct command_lease *lease)
{
	/* Names the same process as LISTEN_PID, in another way. */
	if (unsetenv("LISTEN_PIDFDID") == -1)
		return -1;
	if (lease->notifies)
		return 0;
	return unsetenv("NOTIFY_SOCKET") == -1 ||
	    unsetenv("WATCHDOG_USEC") == -1 ||
	    unsetenv("WATCHDOG_PID") == -1 ? -1 : 0;
}

static int
set_environment(const struct command_lease *lease)
{
	char fence[32], session[32];

	(void)snprintf(fence, sizeof(fence), "%" PRId64, lease->fence);
	(void)snprintf(session, sizeof(session), "0x%" PRIx64,
	    (uint64_t)lease->session);
	if (set_manager_environment(lease) == -1 ||
	    setenv("ZKRUN_TASK", lease->task, 1) == -1 ||
	    setenv("ZKRUN_LEASE", lease->path, 1) == -1 ||
	    setenv("ZKRUN_LEASE_CONNECT", lease->connect, 1) == -1 ||
	    setenv("ZKRUN_FENCE", fence, 1) == -1 ||
	    setenv("ZKRUN_SESSION", session, 1) == -1)
		return -1;
	return 0;
}

/*
 * In the child, which until execvp(3) borrows our memory: what it changes there,
 * the error and variables of our environment, is changed for us.
 */
static void
become(char *const *argv, const struct signals *signals,
    const struct command_lease *lease, pid_t parent, volatile int *error)
{
	/* The parent may have died before it was asked to take us along. */
	if (prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L) == -1 ||
	    getppid() != parent)
		_exit(EXITCODE_INTERNAL);
	if (inherit_pid("LISTEN_PID", lease->caller_knows) == -1 ||
	    inherit_pid("WATCHDOG_PID", lease->caller_knows) == -1) {
		*error = errno;
		_exit(EXITCODE_SYSTEM);
	}
	signals_restore(signals);
	(void)execvp(argv[0], argv);
	*error = errno;
	_exit(*error == ENOENT ? EXITCODE_NOT_FOUND : EXITCODE_CANNOT_RUN);
}

pid_t
command_start(char *const *argv, const struct signals *signals,
    const struct command_lease *lease, bool *runs)
{
	volatile int error = 0;
	pid_t pid, parent;

	*runs = false;
	if (set_environment(lease) == -1)
		return -1;
	parent = getpid();
	/* Others wait for this moment, and fork(2) has the most to copy. */
	pid = vfork();	/* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
	if (pid == 0)	/* NOLINTNEXTLINE(clang-analyzer-unix.Vfork) */
		become(argv, signals, lease, parent, &error);
	*runs = pid > 0 && error == 0;
	if (pid > 0 && error != 0)
		log_error("cannot run '%.300s': %s", argv[0], strerror(error));
	return pid;
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
