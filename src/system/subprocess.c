/*
 * Forks with all inherited descriptors closed.
 */
#include "system/subprocess.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/exitcode.h"

#define KEPT_FD	(STDERR_FILENO + 1)

/* Closes everything but *fd, or exits. */
static void
keep_only(int *fd)
{
	int i;

	if (*fd != -1 && dup2(*fd, KEPT_FD) == -1)
		_exit(EXITCODE_SYSTEM);
	(void)close_range(*fd != -1 ? KEPT_FD + 1 : KEPT_FD, ~0U, 0);
	(void)close_range(0, STDERR_FILENO, 0);
	if (*fd != -1)
		*fd = KEPT_FD;
	/* The lowest numbers are free now. */
	for (i = 0; i <= STDERR_FILENO; i++)
		(void)open("/dev/null", O_RDWR);
}

pid_t
subprocess_fork(int *fd)
{
	pid_t parent, pid;

	parent = getpid();
	pid = fork();
	if (pid != 0)
		return pid;
	/* The parent may have died before the prctl(2). */
	(void)prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L);
	if (getppid() != parent)
		_exit(EXITCODE_INTERNAL);
	keep_only(fd);
	return 0;
}

pid_t
subprocess_detach(int *fd)
{
	sigset_t blocked;
	pid_t pid;
	int status;

	pid = fork();
	if (pid == -1)
		return -1;
	if (pid > 0) {
		(void)waitpid(pid, &status, 0);
		return pid;
	}
	(void)sigfillset(&blocked);
	(void)sigdelset(&blocked, SIGALRM);
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
	(void)signal(SIGALRM, SIG_DFL);
	/* If the caller ignored it, statuses would be discarded. */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)setsid();
	/* Keep no file system busy. */
	if (chdir("/") == -1)
		_exit(EXITCODE_SYSTEM);
	/* The parent ends here, so the helper is no child of ours. */
	if (fork() != 0)
		_exit(0);
	keep_only(fd);
	return 0;
}
