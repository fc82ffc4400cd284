/*
 * posixlock: run a command that holds a POSIX record lock on a file.  A caller
 * of zkrun may hold such a lock.
 *
 *	posixlock FILE COMMAND [ARGUMENT ...]
 *
 * posixlock exits 1 if another process has the lock.  Otherwise it executes the
 * command, which inherits the descriptor.  The kernel drops the lock when the
 * process that has it closes any descriptor of the file.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct flock	lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int		fd;

	if (argc < 3)
		errx(2, "usage: posixlock FILE COMMAND [ARGUMENT ...]");
	if ((fd = open(argv[1], O_RDWR | O_CREAT, 0666)) == -1)
		err(2, "%s", argv[1]);
	if (fcntl(fd, F_SETLK, &lock) == -1) {
		if (errno != EAGAIN && errno != EACCES)
			err(2, "lock");
		return (1);
	}
	(void)execvp(argv[2], argv + 2);
	err(2, "%s", argv[2]);
}
