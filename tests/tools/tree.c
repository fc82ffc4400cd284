/*
 * tree: process trees that are hard to kill or to count.  Each tree ends after
 * a minute at the latest.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_S	60

static time_t
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec);
}

static void
nap(long ms)
{
	struct timespec ts = { ms / 1000, (ms % 1000) * 1000000 };

	while (nanosleep(&ts, &ts) == -1)
		;
}

/* Fork and exit, again and again: no pid lives long. */
static void
hop(long ms, time_t end)
{
	while (seconds() < end) {
		if (fork() > 0)
			_exit(0);
		nap(ms);
	}
}

/* Leave n dead children unreaped. */
static void
zombies(long n)
{
	for (; n > 0; n--)
		if (fork() == 0)
			_exit(0);
	nap(LIMIT_S * 1000L);
}

/* Start children that end at once, without a pause. */
static void
churn(time_t end)
{
	pid_t pid;

	while (seconds() < end) {
		if ((pid = fork()) == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

/* n nested processes that ignore TERM, every second one in its own session. */
static void
deep(long n)
{
	signal(SIGTERM, SIG_IGN);
	for (; n > 0; n--) {
		if (fork() != 0)
			break;
		if (n % 2 == 0)
			setsid();
	}
	nap(LIMIT_S * 1000L);
}

/* Use so much memory in small pages that the exit takes a while. */
static void
big(long mb)
{
	size_t	 size = (size_t)mb << 20;
	char	*memory;

	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		err(1, NULL);
	madvise(memory, size, MADV_NOHUGEPAGE);
	memset(memory, 1, size);
	puts("big");
	fflush(stdout);
	nap(LIMIT_S * 1000L);
}

int
main(int argc, char *argv[])
{
	const char	*bad;
	time_t		 end = seconds() + LIMIT_S;
	long		 n;

	n = argc == 3 ? (long)strtonum(argv[2], 0, 10000, &bad) : 0;
	if (argc != 3 || bad != NULL) {
		fputs(
"usage: tree hop MS | zombies N | churn 0 | deep N | big MB\n", stderr);
		return (2);
	}
	if (strcmp(argv[1], "hop") == 0)
		hop(n, end);
	else if (strcmp(argv[1], "zombies") == 0)
		zombies(n);
	else if (strcmp(argv[1], "churn") == 0)
		churn(end);
	else if (strcmp(argv[1], "deep") == 0)
		deep(n);
	else if (strcmp(argv[1], "big") == 0)
		big(n);
	else
		errx(2, "%s: no such tree", argv[1]);
	return (0);
}
