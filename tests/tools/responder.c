/*
 * responder: a server that is not ZooKeeper.  It prints its port, answers
 * any input with a fixed text and closes the connection.  Without a text it
 * listens and never answers.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
usage(void)
{
	fputs("usage: responder [-u] [-a ipv4-address] [-l port] [text]\n"
	    "  -u: UDP, which never answers\n", stderr);
	exit(2);
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in	 name = { .sin_family = AF_INET };
	socklen_t		 len = sizeof(name);
	char			 buffer[4096];
	int			 c, fd, client, type = SOCK_STREAM;

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	while ((c = getopt(argc, argv, "a:l:u")) != -1)
		switch (c) {
		case 'a':
			if (inet_pton(AF_INET, optarg, &name.sin_addr) != 1)
				usage();
			break;
		case 'l':
			name.sin_port = htons((in_port_t)strtonum(optarg, 0,
			    65535, NULL));
			break;
		case 'u':
			type = SOCK_DGRAM;
			break;
		default:
			usage();
		}
	signal(SIGPIPE, SIG_IGN);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&name, len) == -1 ||
	    (type == SOCK_STREAM && listen(fd, 16) == -1) ||
	    getsockname(fd, (struct sockaddr *)&name, &len) == -1)
		err(2, "listen");
	printf("%d\n", ntohs(name.sin_port));
	fflush(stdout);
	if (type == SOCK_DGRAM || optind == argc)
		for (;;)
			pause();
	while ((client = accept(fd, NULL, NULL)) != -1) {
		if (read(client, buffer, sizeof(buffer)) > 0 &&
		    write(client, argv[optind], strlen(argv[optind])) == -1)
			warn("write");
		close(client);
	}
	err(2, "accept");
}
