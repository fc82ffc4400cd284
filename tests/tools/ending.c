/*
 * ending: run a program and report how it ended, because a shell's $? is the
 * same for "died of signal 15" and for "exit 143".
 */
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
say(int fd, const char *what, int n)
{
	char	line[64];
	int	len;

	len = snprintf(line, sizeof(line), "%s %d\n", what, n);
	if (write(fd, line, (size_t)len) != len)
		err(2, "write");
}

int
main(int argc, char *argv[])
{
	pid_t	pid;
	int	fd, status;

	if (argc < 3) {
		fputs(
"usage: ending FILE program [argument ...]\n"
"Writes \"pid N\" to FILE at once, and at the end \"exit N\" or \"signal N\".\n",
		    stderr);
		return (2);
	}
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
	    0666);
	if (fd == -1)
		err(2, "%s", argv[1]);
	if ((pid = fork()) == -1)
		err(2, "fork");
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	say(fd, "pid", (int)pid);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			err(2, "waitpid");
	if (WIFSIGNALED(status))
		say(fd, "signal", WTERMSIG(status));
	else
		say(fd, "exit", WEXITSTATUS(status));
	return (0);
}
