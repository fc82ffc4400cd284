/*
 * Forks and executes the command, with the caller's environment and signal
 * state.
 */
#include "system/command.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "system/signals.h"

/* If the variable's value is the pid "from", sets it to our pid. */
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

static int
set_environment(const struct command_lease *lease)
{
	char fence[32], session[32];

	/* This variable identifies the process of LISTEN_PID, which changes. */
	(void)unsetenv("LISTEN_PIDFDID");
	/* The service manager set these for zkrun only. */
	if (!lease->notifies) {
		(void)unsetenv("NOTIFY_SOCKET");
		(void)unsetenv("WATCHDOG_USEC");
		(void)unsetenv("WATCHDOG_PID");
	}
	(void)snprintf(fence, sizeof(fence), "%" PRId64, lease->fence);
	(void)snprintf(session, sizeof(session), "0x%" PRIx64,
	    (uint64_t)lease->session);
	return setenv("ZKRUN_TASK", lease->task, 1) == -1 ||
	    setenv("ZKRUN_LEASE", lease->path, 1) == -1 ||
	    setenv("ZKRUN_LEASE_CONNECT", lease->connect, 1) == -1 ||
	    setenv("ZKRUN_FENCE", fence, 1) == -1 ||
	    setenv("ZKRUN_SESSION", session, 1) == -1 ? -1 : 0;
}

/*
 * Runs in the child of vfork(2).  The child shares the keeper's memory until
 * execvp(3), so the keeper sees *error and the changed environment.
 */
static void
become(char *const *argv, const struct signals *signals,
    const struct command_lease *lease, pid_t parent, volatile int *error)
{
	/*
	 * If the parent died before the prctl(2), the kernel sends no signal.
	 */
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
	/* vfork(2) is faster than fork(2), which copies page tables. */
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
