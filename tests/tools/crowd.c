/*
 * crowd: many processes, or one with many threads, that ignore SIGTERM.  They
 * write their last sign of life on the same page as alive does (see lastsign).
 *
 *	crowd FILE idle N	N processes that sleep
 *	crowd FILE busy N	N processes that compute once FILE.go exists
 *	crowd FILE threads N	one process of N threads that sleep
 *
 * Busy processes write signs without a pause.  A hundred of the sleepers,
 * evenly spread over the crowd, write one every few ms; if all did, they would
 * load the machine.  crowd creates FILE.up when all exist.  All end after two
 * minutes.
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
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIGNERS		100
#define LIMIT_S		120
#define STACK_SIZE	(64 * 1024)

static _Atomic int64_t *last;

/* Never replace a later time, which another process may have written. */
static void
sign(void)
{
	struct timespec	now;
	int64_t		now_us, seen = atomic_load(last);

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	while (seen < now_us &&
	    !atomic_compare_exchange_weak(last, &seen, now_us))
		continue;
}

/* The sleep ends when the file "go" appears.  "go" may be NULL. */
static _Noreturn void
live(const char *go, bool signs)
{
	const struct timespec pause_time = { .tv_nsec = 5000000 };
	bool busy = false;

	for (;;) {
		if (go == NULL && !signs)
			(void)pause();
		sign();
		if (!busy) {
			(void)nanosleep(&pause_time, NULL);
			busy = go != NULL && access(go, F_OK) == 0;
		}
	}
}

static void *
live_as_thread(void *signs)
{
	live(NULL, signs != NULL);
}

static void
start_thread(bool signs)
{
	pthread_attr_t	attributes;
	pthread_t	thread;

	if (pthread_attr_init(&attributes) != 0 ||
	    pthread_attr_setstacksize(&attributes, STACK_SIZE) != 0 ||
	    pthread_create(&thread, &attributes, live_as_thread,
	    signs ? last : NULL) != 0)
		errx(2, "cannot start a thread");
	(void)pthread_attr_destroy(&attributes);
}

static void
start_process(const char *go, bool signs)
{
	switch (fork()) {
	case -1:
		err(2, "fork");
	case 0:
		(void)alarm(LIMIT_S);
		live(go, signs);
	}
}

static void
map_page(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd == -1 || ftruncate(fd, sizeof(*last)) == -1)
		err(2, "%s", name);
	last = mmap(NULL, sizeof(*last), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (last == MAP_FAILED)
		err(2, "%s", name);
}

int
main(int argc, char *argv[])
{
	const char	*bad;
	char		 go[4096], up[4096];
	long		 i, n;
	bool		 signs;

	n = argc == 4 ? (long)strtonum(argv[3], 1, 30000, &bad) : 0;
	if (n == 0)
		errx(2, "usage: crowd FILE idle|busy|threads N");
	map_page(argv[1]);
	(void)snprintf(go, sizeof(go), "%s.go", argv[1]);
	(void)signal(SIGTERM, SIG_IGN);
	(void)alarm(LIMIT_S);
	for (i = 1; i <= n; i++) {
		signs = n <= SIGNERS || i % (n / SIGNERS) == 0 || i == n;
		if (strcmp(argv[2], "threads") == 0)
			start_thread(signs);
		else
			start_process(strcmp(argv[2], "busy") == 0 ? go : NULL,
			    signs);
	}
	(void)snprintf(up, sizeof(up), "%s.up", argv[1]);
	if (open(up, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) == -1)
		err(2, "%s", up);
	live(NULL, true);
}
