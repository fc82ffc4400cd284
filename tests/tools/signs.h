/*
 * The page on which the processes of a run write their signs of life.
 * contender.c, toil.c and signs.c share it.  A contender has one file, with a
 * slot for each of its runs.  Times are microseconds of CLOCK_BOOTTIME.
 */
#ifndef SIGNS_H
#define SIGNS_H

#include <sys/mman.h>
#include <sys/syscall.h>

#include <err.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#define SIGNS_SLOTS	8192
#define SIGNS_BY_EXIT	1000	/* ending: this plus the status */
#define SIGNS_BY_SIGNAL	2000	/* this plus the signal */

struct signs {
	_Atomic int64_t	begin_us;
	_Atomic int64_t	last_us;	/* by processes that need the lease */
	_Atomic int64_t	left_us;	/* by processes left by -o leave */
	_Atomic int64_t	asked_us;	/* of the first request to stop */
	_Atomic int64_t	fence;
	_Atomic int64_t	session;
	_Atomic int32_t	ending;		/* how the command was about to end */
	_Atomic int32_t	starts;		/* more than 1: started twice */
};

/* Bypass any preload that changes the C library's clock. */
static inline int64_t
signs_now_us(void)
{
	struct timespec now;

	(void)syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now);
	return ((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

static inline void
signs_later(_Atomic int64_t *time_us, int64_t us)
{
	int64_t old = atomic_load(time_us);

	while (old < us && !atomic_compare_exchange_weak(time_us, &old, us))
		;
}

static inline struct signs *
signs_map(const char *path)
{
	size_t	size = SIGNS_SLOTS * sizeof(struct signs);
	void	*page;
	int	fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd == -1 || ftruncate(fd, (off_t)size) == -1)
		err(2, "cannot open '%s'", path);
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		err(2, "cannot map '%s'", path);
	close(fd);
	return (page);
}

#endif
