/*
 * wallclock.so, for LD_PRELOAD: a wall clock that a test can step.  As on a
 * real machine, other clocks and timers do not change.  (libfaketime also
 * shifts timers of CLOCK_BOOTTIME.)
 *
 * The file that WALLCLOCK names contains the clock's error in seconds.
 */
#include <sys/syscall.h>
#include <sys/time.h>

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long
step(void)
{
	const char	*name = getenv("WALLCLOCK");
	char		 text[24];
	ssize_t		 n;
	int		 fd;

	if (name == NULL || (fd = open(name, O_RDONLY | O_CLOEXEC)) == -1)
		return (0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return (0);
	text[n] = '\0';
	return (strtol(text, NULL, 10));
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	if (syscall(SYS_clock_gettime, clock, now) == -1)
		return (-1);
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		now->tv_sec += step();
	return (0);
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return (0);
}

time_t
time(time_t *now)
{
	struct timespec precise;

	(void)clock_gettime(CLOCK_REALTIME, &precise);
	if (now != NULL)
		*now = precise.tv_sec;
	return (precise.tv_sec);
}
