/*
 * pty: run a program on its own terminal.  pty types its stdin on the terminal
 * and writes the program's output to stdout.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
become(const char *tty, char *argv[])
{
	int fd, n;

	/* The terminal that a session leader opens first becomes its own. */
	if (setsid() == -1 || (fd = open(tty, O_RDWR)) == -1 ||
	    ioctl(fd, TIOCSCTTY, 0) == -1)
		err(127, "%s", tty);
	for (n = 0; n <= 2; n++)
		dup2(fd, n);
	if (fd > 2)
		close(fd);
	for (n = 1; n <= SIGRTMAX; n++)
		(void)signal(n, SIG_DFL);
	execvp(argv[0], argv);
	err(127, "%s", argv[0]);
}

/* Copy what one read returns.  Returns false at the end. */
static bool
copy(int from, int to)
{
	char	buf[4096];
	ssize_t	n;

	n = read(from, buf, sizeof(buf));
	if (n == -1 && errno == EINTR)
		return (true);
	return (n > 0 && write(to, buf, (size_t)n) == n);
}

int
main(int argc, char *argv[])
{
	struct pollfd	 pfd[2] = { { .events = POLLIN }, { .events = POLLIN } };
	const char	*tty;
	pid_t		 pid;
	int		 status;

	if (argc < 2) {
		fputs("usage: pty program [argument ...]\n", stderr);
		return (2);
	}
	pfd[1].fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pfd[1].fd == -1 || grantpt(pfd[1].fd) == -1 ||
	    unlockpt(pfd[1].fd) == -1 || (tty = ptsname(pfd[1].fd)) == NULL)
		err(2, "no terminal");
	if ((pid = fork()) == -1)
		err(2, "fork");
	if (pid == 0)
		become(tty, argv + 1);
	for (;;) {
		if (poll(pfd, 2, 1000) == -1 && errno != EINTR)
			err(2, "poll");
		if (pfd[0].revents != 0 && !copy(STDIN_FILENO, pfd[1].fd))
			pfd[0].fd = -1;
		/* EIO: no process has the terminal open any more. */
		if (pfd[1].revents != 0 && !copy(pfd[1].fd, STDOUT_FILENO))
			break;
		pfd[0].revents = pfd[1].revents = 0;
	}
	if (waitpid(pid, &status, 0) == -1)
		err(2, "waitpid");
	return (WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status));
}
