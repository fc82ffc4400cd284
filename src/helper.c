/*
 * Fork without keeping anything.
 */
#include "helper.h"

#include <sys/prctl.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "exitcode.h"

#define KEPT_FD	(STDERR_FILENO + 1)

pid_t
helper_fork(int *fd)
{
	pid_t parent, pid;
	int i;

	parent = getpid();
	pid = fork();
	if (pid != 0)
		return pid;
	/* The parent may be gone before it could take us along. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXITCODE_INTERNAL);
	if (*fd != -1 && dup2(*fd, KEPT_FD) == -1)
		_exit(EXITCODE_SYSTEM);
	(void)close_range(*fd != -1 ? KEPT_FD + 1 : KEPT_FD, ~0U, 0);
	(void)close_range(0, STDERR_FILENO, 0);
	if (*fd != -1)
		*fd = KEPT_FD;
	/* The lowest numbers are free now. */
	for (i = 0; i <= STDERR_FILENO; i++)
		(void)open("/dev/null", O_RDWR);
	return 0;
}
