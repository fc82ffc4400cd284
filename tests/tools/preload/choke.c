/*
 * choke.so, for LD_PRELOAD: fills the pipe at stderr just after zkrun has found
 * room in it.  On a real machine, the command may fill the pipe between poll(2)
 * and write(2).
 *
 * choke.so does this once the file that CHOKE names exists.
 */
#include <sys/stat.h>
#include <sys/uio.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void
choke(int fd)
{
	static char	 filling[4096];
	const char	*when = getenv("CHOKE");
	struct stat	 status;
	size_t		 size = sizeof(filling);
	int		 other;

	if (fd != STDERR_FILENO || when == NULL || access(when, F_OK) == -1)
		return;
	if (fstat(fd, &status) == -1 || !S_ISFIFO(status.st_mode))
		return;
	/* Open the pipe anew: the flags of zkrun's file must not change. */
	other = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	for (; other != -1 && size > 0; size /= 2)
		while (write(other, filling, size) > 0)
			continue;
	close(other);
}

ssize_t
write(int fd, const void *data, size_t size)
{
	ssize_t (*original)(int, const void *, size_t);

	*(void **)&original = dlsym(RTLD_NEXT, "write");
	choke(fd);
	return (original(fd, data, size));
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	ssize_t (*original)(int, const struct iovec *, int);

	*(void **)&original = dlsym(RTLD_NEXT, "writev");
	choke(fd);
	return (original(fd, parts, count));
}
