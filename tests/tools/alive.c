/*
 * alive: a command tree that records its last sign of life.
 *
 *	alive FILE [hard|headless]
 *
 * alive starts a child, and a grandchild in its own session.  All three write
 * the time (ms of CLOCK_BOOTTIME) into one shared page of FILE as often as they
 * can, at least every few ms.  With "hard" they ignore SIGTERM.  With
 * "headless" they also end their main threads, so that they look like zombies.
 */
#include <sys/mman.h>

#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *
live(void *shared)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	_Atomic int64_t *last = shared;

	for (;;) {
		atomic_store(last, now_us());
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	_Atomic int64_t *last;
	pthread_t thread;
	bool headless;
	int fd;

	if (argc < 2)
		errx(2, "usage: alive file [hard|headless]");
	fd = open(argv[1], O_RDWR | O_CREAT, 0666);
	if (fd == -1 || ftruncate(fd, sizeof(*last)) == -1)
		err(2, "cannot open '%s'", argv[1]);
	last = mmap(NULL, sizeof(*last), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (last == MAP_FAILED)
		err(2, "cannot map '%s'", argv[1]);
	headless = argc > 2 && strcmp(argv[2], "headless") == 0;
	if (headless || (argc > 2 && strcmp(argv[2], "hard") == 0))
		(void)signal(SIGTERM, SIG_IGN);
	if (fork() == 0 && fork() == 0)
		(void)setsid();
	if (!headless)
		(void)live(last);
	if (pthread_create(&thread, NULL, live, last) != 0)
		errx(2, "cannot start a thread");
	pthread_exit(NULL);
}
