/*
 * slowsync.so, for LD_PRELOAD: give a server a slow disk.  The file that
 * SLOWSYNC names contains the milliseconds that each fsync(2) takes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Read the file each time, so that a test can change it. */
static int
take_time(void)
{
	char text[16] = "";
	struct timespec pause;
	long ms;
	int fd = open(getenv("SLOWSYNC"), O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return 0;
	if (read(fd, text, sizeof(text) - 1) == -1)
		text[0] = '\0';
	(void)close(fd);
	ms = strtol(text, NULL, 10);
	pause.tv_sec = ms / 1000;
	pause.tv_nsec = ms % 1000 * 1000000;
	(void)nanosleep(&pause, NULL);
	return 0;
}

int
fsync(int fd)
{
	(void)fd;
	return take_time();
}

int
fdatasync(int fd)
{
	(void)fd;
	return take_time();
}
