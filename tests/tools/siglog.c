/*
 * siglog: a command that records every signal that it receives, so that a test
 * can see whether a signal came exactly once.  siglog does not catch stop
 * signals from the terminal.
 */
#include <sys/signalfd.h>

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LIMIT_MS	60000	/* siglog exits after this time */

static void
say(int fd, const char *line)
{
	if (dprintf(fd, "%s\n", line) < 0)
		err(2, "write");
}

int
main(int argc, char *argv[])
{
	static const int	 left_alone[] = { SIGCHLD, SIGCONT, SIGTSTP,
				    SIGTTIN, SIGTTOU, SIGWINCH };
	struct signalfd_siginfo	 info;
	struct pollfd		 pfd = { .events = POLLIN };
	const char		*bad1, *bad2;
	char			 line[32];
	sigset_t		 all;
	size_t			 i;
	int			 fd, n, quiet_ms, status, wait_ms;

	if (argc != 4) {
		fputs(
"usage: siglog FILE QUIET_MS STATUS\n"
"Appends \"ready\" to FILE and then the number of every signal that it gets, one\n"
"a line.  Exits with STATUS when QUIET_MS have passed since the last one.\n",
		    stderr);
		return (2);
	}
	quiet_ms = (int)strtonum(argv[2], 0, LIMIT_MS, &bad1);
	status = (int)strtonum(argv[3], 0, 255, &bad2);
	if (bad1 != NULL || bad2 != NULL)
		errx(2, "not a number");
	for (n = 1; n <= SIGRTMAX; n++)
		(void)signal(n, SIG_DFL);
	sigfillset(&all);
	for (i = 0; i < sizeof(left_alone) / sizeof(left_alone[0]); i++)
		sigdelset(&all, left_alone[i]);
	sigprocmask(SIG_SETMASK, &all, NULL);
	fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd == -1)
		err(2, "%s", argv[1]);
	if ((pfd.fd = signalfd(-1, &all, SFD_CLOEXEC)) == -1)
		err(2, "signalfd");
	say(fd, "ready");
	wait_ms = LIMIT_MS;
	while ((n = poll(&pfd, 1, wait_ms)) == 1 &&
	    read(pfd.fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		snprintf(line, sizeof(line), "%u", info.ssi_signo);
		say(fd, line);
		wait_ms = quiet_ms;
	}
	return (n == 0 && wait_ms == quiet_ms ? status : 2);
}
