/*
 * logsink: stands for the system's logger.  It binds a datagram socket and
 * appends each message to a file, on a line of its own.  With -f it instead
 * fills the queue of a logger, so that another message would block.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
usage(void)
{
	fputs("usage: logsink socket file\n"
	    "       logsink -f socket\n", stderr);
	exit(2);
}

/* Use many senders: one sender's buffer may be smaller than the queue. */
static void
fill(const struct sockaddr_un *name)
{
	int fd, sent;

	do {
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (fd == -1 || connect(fd, (const struct sockaddr *)name,
		    sizeof(*name)) == -1)
			err(2, "%s", name->sun_path);
		for (sent = 0; send(fd, "filler", 6, 0) == 6; sent++)
			;
		if (errno != EAGAIN)
			err(2, "send");
	} while (sent > 0);
}

static void
drain(const struct sockaddr_un *name, const char *path)
{
	char	 line[65536];
	ssize_t	 length, i;
	int	 fd, out;

	out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (out == -1)
		err(2, "%s", path);
	(void)unlink(name->sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)name, sizeof(*name)) == -1)
		err(2, "%s", name->sun_path);
	while ((length = recv(fd, line, sizeof(line) - 1, 0)) != -1) {
		/* Keep a message on one line, without control characters. */
		for (i = 0; i < length; i++)
			if (iscntrl((unsigned char)line[i]))
				line[i] = '^';
		line[length] = '\n';
		if (write(out, line, (size_t)length + 1) == -1)
			err(2, "%s", path);
	}
	err(2, "recv");
}

int
main(int argc, char *argv[])
{
	struct sockaddr_un	 name = { .sun_family = AF_UNIX };
	const char		*path;
	int			 full;

	full = argc == 3 && strcmp(argv[1], "-f") == 0;
	if (argc != 3)
		usage();
	path = argv[full ? 2 : 1];
	if (strlcpy(name.sun_path, path, sizeof(name.sun_path)) >=
	    sizeof(name.sun_path))
		errx(2, "%s: too long", path);
	if (full)
		fill(&name);
	else
		drain(&name, argv[2]);
	return 0;
}
