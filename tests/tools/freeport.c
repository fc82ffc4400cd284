/*
 * freeport: print COUNT different TCP ports of 127.0.0.1 that are free now.
 *
 *	freeport COUNT
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length;
	const char *problem;
	int count, fd, i;

	count = argc == 2 ? (int)strtonum(argv[1], 1, 100, &problem) : 0;
	if (count == 0)
		errx(2, "usage: freeport count");
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < count; i++) {
		/* Keep all sockets open to the end, so that no port repeats. */
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		address.sin_port = 0;
		length = sizeof(address);
		if (fd == -1 ||
		    bind(fd, (struct sockaddr *)&address, length) == -1 ||
		    getsockname(fd, (struct sockaddr *)&address, &length) == -1)
			err(2, "cannot bind");
		(void)printf("%d\n", ntohs(address.sin_port));
	}
	return 0;
}
