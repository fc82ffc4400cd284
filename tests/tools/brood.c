/*
 * brood: process trees that grow while they are killed.  All processes write
 * their last sign of life on the same page as alive does (see lastsign).
 *
 *	brood FILE hop N	N chains; each process forks the next and ends
 *	brood FILE replace N	a tree N deep; a process replaces its child as
 *				soon as the child has died, and survives its
 *				parent
 *
 * All processes ignore SIGTERM and end after a minute.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_US	60000000

static _Atomic int64_t	*last;
static int64_t		 end_us;

static int64_t
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return ((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

/* Never replace a later time, which another process may have written. */
static void
sign(void)
{
	int64_t now = now_us(), seen = atomic_load(last);

	while (seen < now && !atomic_compare_exchange_weak(last, &seen, now))
		;
	if (now > end_us)
		_exit(0);
}

static void
nap(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	(void)nanosleep(&pause, NULL);
}

static void
hop(long n)
{
	while (--n > 0 && fork() != 0)
		;
	for (;;) {
		if (fork() > 0)
			_exit(0);
		sign();
	}
}

static void
replace(long n)
{
	pid_t child = -1;

	for (;;) {
		sign();
		if (n > 1 && (child == -1 ||
		    waitpid(child, NULL, WNOHANG) == child) &&
		    (child = fork()) == 0) {
			if (--n % 2 == 0)
				(void)setsid();
			child = -1;
			continue;
		}
		nap();
	}
}

int
main(int argc, char *argv[])
{
	const char	*bad;
	long		 n;
	int		 fd;

	n = argc == 4 ? (long)strtonum(argv[3], 1, 200, &bad) : 0;
	if (n == 0)
		errx(2, "usage: brood FILE hop | replace N");
	fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd == -1 || ftruncate(fd, sizeof(*last)) == -1)
		err(2, "%s", argv[1]);
	last = mmap(NULL, sizeof(*last), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (last == MAP_FAILED)
		err(2, "%s", argv[1]);
	(void)signal(SIGTERM, SIG_IGN);
	end_us = now_us() + LIMIT_US;
	if (strcmp(argv[2], "hop") == 0)
		hop(n);
	else if (strcmp(argv[2], "replace") == 0)
		replace(n);
	errx(2, "%s: no such brood", argv[2]);
}
