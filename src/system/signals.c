/*
 * Blocks signals, reads them from a signalfd, and restores the caller's state
 * for the command.
 */
#include "system/signals.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>

#include <unistd.h>

#include "base/exitcode.h"

void
signals_block(struct signals *signals)
{
	static const int faults[] = {
		SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS,
	};
	struct sigaction action;
	size_t i;
	int number;

	(void)sigfillset(&signals->taken);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		(void)sigdelset(&signals->taken, faults[i]);
	signals->caller_ignored_chld = false;
	for (number = 1; number <= SIGRTMAX; number++) {
		if (sigaction(number, NULL, &action) == -1 ||
		    action.sa_handler != SIG_IGN)
			continue;
		if (number != SIGCHLD) {
			/*
			 * The kernel queues a blocked signal even if it is
			 * ignored, and we would forward it.
			 */
			(void)sigdelset(&signals->taken, number);
			continue;
		}
		/* An ignored SIGCHLD would discard our children's statuses. */
		signals->caller_ignored_chld = true;
		(void)signal(SIGCHLD, SIG_DFL);
	}
	(void)sigprocmask(SIG_SETMASK, &signals->taken, &signals->caller_mask);
}

int
signals_open(const struct signals *signals)
{
	return signalfd(-1, &signals->taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool
signals_read(int fd, struct signals_received *received)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		/*
		 * Ignore our own SIGPIPE, which shows only that stderr has no
		 * reader.
		 */
		if (info.ssi_code <= 0 && info.ssi_signo != SIGCHLD &&
		    info.ssi_pid == (uint32_t)getpid())
			continue;
		received->number = (int)info.ssi_signo;
		received->sender = info.ssi_code <= 0 ? (pid_t)info.ssi_pid : 0;
		return true;
	}
	return false;
}

enum signals_kind
signals_kind(int number)
{
	switch (number) {
	case SIGCHLD:
		return SIGNALS_CHILD;
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return SIGNALS_STOPPING;
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
		return SIGNALS_HARMLESS;
	default:
		return SIGNALS_TERMINATING;
	}
}

void
signals_stop(int number)
{
	sigset_t only;

	(void)sigemptyset(&only);
	(void)sigaddset(&only, number);
	(void)kill(getpid(), number);
	(void)sigprocmask(SIG_UNBLOCK, &only, NULL);
	(void)sigprocmask(SIG_BLOCK, &only, NULL);
}

void
signals_restore(const struct signals *signals)
{
	if (signals->caller_ignored_chld)
		(void)signal(SIGCHLD, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &signals->caller_mask, NULL);
}

void
signals_die(int number)
{
	(void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
	(void)signal(number, SIG_DFL);
	/*
	 * The call delivers the signal, whose default action ends this process.
	 */
	signals_stop(number);
	_exit(EXITCODE_SIGNAL + number);
}
