/*
 * swarm: run a command many times at once.
 *
 *	swarm [-s seconds] [-r runs] N command [argument ...]
 *
 * swarm starts N commands and ends when all have ended.  A % in an argument
 * becomes the number of the command, 0 to N - 1.  When a command ends, swarm
 * starts it again: with -s for so many seconds, with -r until it has started so
 * many.  After that, on TERM, and when its parent dies, swarm sends TERM to all
 * commands.  10 s later it kills those that still live, and their descendants.
 *
 * swarm prints "started=N failed=N killed=N", and STATUS:N for each exit status
 * that occurred (128 and more for a signal).  swarm ignores how commands end
 * after the TERM.  The commands' stdout goes to /dev/null.
 */
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS	10000.0

static pid_t	*pids;		/* 0: not running */
static char	**arguments;
static int	 count, null, signal_fd;
static long	 failed, killed, started;
static long	 ended[256];	/* by status */
static bool	 ending;

static double
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Return the argument with each % replaced by the number. */
static char *
numbered(const char *argument, int number)
{
	const char *percent;
	char *out;

	percent = strchr(argument, '%');
	if (percent == NULL)
		return strdup(argument);
	if (asprintf(&out, "%.*s%d%s", (int)(percent - argument), argument,
	    number, percent + 1) == -1)
		return NULL;
	return out;
}

static void
start(int number)
{
	sigset_t none;
	int i;

	pids[number] = fork();
	if (pids[number] == -1)
		err(2, "cannot fork");
	if (pids[number] != 0) {
		started++;
		return;
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	for (i = 0; arguments[i] != NULL; i++)
		if ((arguments[i] = numbered(arguments[i], number)) == NULL)
			err(127, NULL);
	(void)execvp(arguments[0], arguments);
	err(127, "cannot run '%s'", arguments[0]);
}

/* Reap the commands that have ended; return how many still run. */
static int
reap(bool again)
{
	pid_t pid;
	int i, left, status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < count; i++) {
			if (pids[i] != pid)
				continue;
			pids[i] = 0;
			if (!ending) {
				failed += status != 0;
				ended[WIFSIGNALED(status) ? 128 +
				    WTERMSIG(status) : WEXITSTATUS(status)]++;
			}
			if (again && !ending)
				start(i);
			break;
		}
	left = 0;
	for (i = 0; i < count; i++)
		left += pids[i] != 0;
	return left;
}

static void
signal_all(int signal_number)
{
	int i;

	for (i = 0; i < count; i++)
		if (pids[i] != 0)
			(void)kill(pids[i], signal_number);
}

/* The swarm is a subreaper, so it adopts all orphans. */
static void
kill_children(void)
{
	char list[65536], *at, *end, path[64];
	ssize_t n;
	long pid;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children",
	    (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	n = read(fd, list, sizeof(list) - 1);
	(void)close(fd);
	list[n > 0 ? n : 0] = '\0';
	for (at = list; (pid = strtol(at, &end, 10)) > 0; at = end) {
		(void)kill((pid_t)pid, SIGKILL);
		killed++;
	}
}

static void
end_all(void)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	double limit;

	ending = true;
	signal_all(SIGTERM);
	signal_all(SIGCONT);
	limit = now_ms() + PATIENCE_MS;
	while (reap(false) > 0 && now_ms() < limit)
		(void)nanosleep(&moment, NULL);
	/* Kill the orphans of the dead as well. */
	while (waitpid(-1, NULL, WNOHANG) >= 0) {
		if (now_ms() >= limit)
			kill_children();
		(void)nanosleep(&moment, NULL);
	}
}

static int
number(const char *text)
{
	const char *problem;
	int n;

	n = (int)strtonum(text, 1, 1000000, &problem);
	if (problem != NULL)
		errx(2, "cannot use '%s': %s", text, problem);
	return n;
}

/* Wait until the deadline, for TERM, or for the end of all commands. */
static void
wait_for_all(double end_ms, long runs)
{
	struct pollfd pfd = { .fd = signal_fd, .events = POLLIN };
	struct signalfd_siginfo info;
	double left_ms;

	while (reap(end_ms > 0 || started < runs) > 0) {
		left_ms = end_ms - now_ms();
		if (end_ms > 0 && left_ms <= 0)
			return;
		if (poll(&pfd, 1, end_ms > 0 ? (int)left_ms + 1 : -1) <= 0)
			continue;
		if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
			err(2, "cannot read signals");
		if (info.ssi_signo != SIGCHLD)
			return;
	}
}

int
main(int argc, char **argv)
{
	sigset_t signals;
	double seconds = 0;
	long runs = 0;
	int ch, i;

	while ((ch = getopt(argc, argv, "+r:s:")) != -1) {
		switch (ch) {
		case 'r':
			runs = number(optarg);
			break;
		case 's':
			seconds = atof(optarg);
			break;
		default:
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc < 2)
		errx(2, "usage: swarm [-s seconds] [-r runs] N command ...");
	count = number(argv[0]);
	arguments = argv + 1;
	pids = calloc((size_t)count, sizeof(*pids));
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (pids == NULL || null == -1 || signal_fd == -1 ||
	    prctl(PR_SET_PDEATHSIG, (long)SIGTERM, 0L, 0L, 0L) == -1 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) == -1)
		err(2, "cannot begin");
	for (i = 0; i < count; i++)
		start(i);
	wait_for_all(seconds > 0 ? now_ms() + seconds * 1e3 : 0, runs);
	end_all();
	(void)printf("started=%ld failed=%ld killed=%ld", started, failed,
	    killed);
	for (i = 0; i < 256; i++)
		if (ended[i] > 0)
			(void)printf(" %d:%ld", i, ended[i]);
	(void)putchar('\n');
	return failed > 0 || killed > 0;
}
