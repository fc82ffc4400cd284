/*
 * Forks helpers and keeps a list of those not yet reaped.
 */
#include "system/subprocess.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "system/descriptors.h"

/* Returns the slot of a pid, a free slot for pid 0, or NULL. */
static pid_t *
find(struct subprocesses *ours, pid_t pid)
{
	size_t i;

	for (i = 0; i < SUBPROCESSES_MAX; i++)
		if (ours->pid[i] == pid)
			return &ours->pid[i];
	return NULL;
}

pid_t
subprocess_fork(struct subprocesses *ours, int fd, bool outlives_us)
{
	pid_t parent, *slot = find(ours, 0), pid;

	if (slot == NULL) {
		errno = EAGAIN;
		return -1;
	}
	parent = getpid();
	pid = fork();
	if (pid > 0)
		*slot = pid;
	if (pid != 0)
		return pid;
	if (!outlives_us) {
		(void)prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L);
		/*
		 * If the parent died before the prctl(2), the kernel sends no
		 * signal.
		 */
		if (getppid() != parent)
			_exit(EXITCODE_INTERNAL);
	}
	descriptors_close_ours(fd);
	descriptors_let_go();
	return 0;
}

bool
subprocess_is_ours(struct subprocesses *ours, pid_t pid)
{
	return pid != 0 && find(ours, pid) != NULL;
}

size_t
subprocess_count(const struct subprocesses *ours)
{
	size_t count = 0, i;

	for (i = 0; i < SUBPROCESSES_MAX; i++)
		count += ours->pid[i] != 0;
	return count;
}

void
subprocess_reaped(struct subprocesses *ours, pid_t pid)
{
	pid_t *slot = find(ours, pid);

	if (slot != NULL)
		*slot = 0;
}

void
subprocess_kill(struct subprocesses *ours, pid_t pid)
{
	/*
	 * The pid still belongs to the helper, because we have not reaped it.
	 */
	if (subprocess_is_ours(ours, pid))
		(void)kill(pid, SIGKILL);
}

bool
subprocess_wait(struct subprocesses *ours, pid_t pid, int64_t patience_ms)
{
	int64_t give_up_ms = clock_after(clock_ms(), patience_ms), left_ms;
	struct timespec left = { 0 };
	sigset_t child;

	if (!subprocess_is_ours(ours, pid))
		return true;
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		left_ms = give_up_ms - clock_ms();
		if (left_ms <= 0)
			return false;
		left.tv_nsec = left_ms % 1000 * 1000000;
		(void)sigtimedwait(&child, NULL, &left);
	}
	subprocess_reaped(ours, pid);
	return true;
}

void
subprocess_sweep(struct subprocesses *ours)
{
	size_t i;

	for (i = 0; i < SUBPROCESSES_MAX; i++)
		if (ours->pid[i] != 0 &&
		    waitpid(ours->pid[i], NULL, WNOHANG) != 0)
			ours->pid[i] = 0;
}
