/*
 * stamp: the command of a contention test.  It appends "begin NS ID" to a file,
 * waits, and appends "end NS ID"; overlap judges the file.  stamp reads
 * CLOCK_MONOTONIC, as Java's System.nanoTime() does, so the stamps of all
 * processes of a machine can be compared.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void
stamp(int fd, const char *what, const char *id)
{
	struct timespec	ts;
	char		line[256];
	int		len;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	len = snprintf(line, sizeof(line), "%s %lld%09ld %s\n", what,
	    (long long)ts.tv_sec, ts.tv_nsec, id);
	if (len < 0 || (size_t)len >= sizeof(line))
		errx(2, "id too long");
	/* Single writes with O_APPEND do not mix with those of others. */
	if (write(fd, line, (size_t)len) != len)
		err(2, "write");
}

int
main(int argc, char *argv[])
{
	struct timespec	 hold;
	const char	*bad;
	long long	 ms;
	int		 fd;

	if (argc != 4) {
		fputs("usage: stamp FILE ID HOLD_MS\n", stderr);
		return (2);
	}
	ms = strtonum(argv[3], 0, 86400000, &bad);
	if (bad != NULL)
		errx(2, "%s: %s", argv[3], bad);
	fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd == -1)
		err(2, "%s", argv[1]);
	stamp(fd, "begin", argv[2]);
	hold.tv_sec = (time_t)(ms / 1000);
	hold.tv_nsec = (long)(ms % 1000) * 1000000;
	while (nanosleep(&hold, &hold) == -1)
		;
	stamp(fd, "end", argv[2]);
	return (0);
}
