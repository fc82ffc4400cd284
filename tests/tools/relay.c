/*
 * relay: a TCP relay in front of a ZooKeeper server, for tests that need a bad
 * network: frozen, slow, cut, silent, or losing a single reply.  Tests control
 * the relay over a unix socket.
 */
#include <sys/resource.h>
#include <sys/un.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>

#include "relaycontrol.h"

static struct addrinfo		*target;
static double			 wait_ms;	/* if the server refuses */

static void
usage(void)
{
	fputs(
"usage: relay -l port -t host:port -c control-socket [-d ms] [-w ms] [-6]\n"
"       relay -s control-socket command ...\n"
"The first form prints its port and relays until told to quit.  It listens on\n"
"127.0.0.1, or with -6 on ::1; -l 0 is a free port.  -d is \"delay ms\" from the\n"
"start.  If the server refuses, the relay tries again for the ms of -w, and then\n"
"resets the client's connection.\n"
"The second form sends one command, prints the answer, and exits 0 for \"ok\".\n"
"DIR is up (client to server), down, or both (default).  Commands:\n"
"  freeze [DIR]      hold all bytes and ends of streams; connections stay\n"
"  thaw              let them go\n"
"  delay MS [DIR]    send bytes on MS after they came, in order\n"
"  cut               reset all connections\n"
"  refuse on|off     close the listening socket, or open it again\n"
"  blackhole [DIR]   discard bytes: of these connections for ever, of new ones\n"
"                    until heal\n"
"  heal              thaw, no blackhole for new connections, refuse off, no\n"
"                    drop-reply left; delay stays\n"
"  freeze-at OPCODE [N]\n"
"                    hold the Nth (1st) such request and what that client\n"
"                    sends after it, until thaw\n"
"  drop-reply OPCODE [N [SKIP]] [then-cut]\n"
"                    drop the replies to the next N (1) such requests after\n"
"                    SKIP (0) others; then-cut resets the connection right\n"
"                    after; N 0 forgets the rule\n"
"  fail-reply OPCODE ERROR [SKIP [N]]\n"
"                    after SKIP (0) others, make the replies to the next N (1)\n"
"                    such requests say that they failed with -ERROR\n"
"  unknown OPCODE    replace it by one that no server knows, from now on\n"
"  slam on|off       reset a connection at its first request\n"
"  hang-up on|off    end a connection after the first answer\n"
"  no-resume         give every connection a new session, from now on\n"
"  garble SEED ONE_IN wire|lies\n"
"                    from now on, damage or falsify one frame in ONE_IN of new\n"
"                    connections; garble off\n"
"  corrupt           send every client a reply that nobody asked for\n"
"  stats             ok connections= accepted= dropped= up= down= opN=...\n"
"                    held=PATH, of the request that freeze-at held last\n"
"  reset-stats\n"
"  quit\n", stderr);
	exit(2);
}

/* Try a refused connection again, a little later. */
static void
connect_again(struct conn *c)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	(void)nanosleep(&pause, NULL);
	close(c->fd[DOWN]);
	c->fd[DOWN] = socket(target->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd[DOWN] == -1)
		err(2, "socket");
	(void)connect(c->fd[DOWN], target->ai_addr, target->ai_addrlen);
}

static void
accept_all(void)
{
	int client, server, on = 1;

	while ((client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		server = socket(target->ai_family,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (server == -1) {
			warn("socket");
			close(client);
			return;
		}
		setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		/* When the socket is writable, connect(2) is done. */
		(void)connect(server, target->ai_addr, target->ai_addrlen);
		add_conn(client, server);
	}
	if (errno == EMFILE || errno == ENFILE)
		warn("accept");
}

/* Set the events to wait for on both sockets of a connection. */
static nfds_t
wait_for(struct conn *c, struct pollfd *pfd)
{
	nfds_t	n = 0;
	int	i;

	for (i = 0; i < 2; i++) {
		short events = 0;

		if (c->connecting && i == DOWN)
			events = POLLOUT;
		else {
			if (!c->flow[i].ended)
				events |= POLLIN;
			if (c->flow[!i].full)
				events |= POLLOUT;
		}
		c->pfd[i] = -1;
		/* Omit idle sockets: poll(2) always reports a hang-up. */
		if (events == 0)
			continue;
		c->pfd[i] = (int)n;
		pfd[n].fd = c->fd[i];
		pfd[n].events = events;
		pfd[n++].revents = 0;
	}
	return (n);
}

/* Handle poll's events of one connection, which may close it. */
static void
attend(struct conn *c, const struct pollfd *pfd)
{
	socklen_t	len = sizeof(int);
	int		i, error = 0;

	for (i = 0; i < 2; i++) {
		if (c->pfd[i] == -1 || pfd[c->pfd[i]].revents == 0)
			continue;
		if (c->connecting && i == DOWN) {
			getsockopt(c->fd[i], SOL_SOCKET, SO_ERROR, &error,
			    &len);
			if (error == ECONNREFUSED &&
			    now_ms() < c->since + wait_ms) {
				connect_again(c);
				continue;
			}
			c->connecting = false;
			c->cut = error != 0;
		} else if (!c->flow[i].ended &&
		    (pfd[c->pfd[i]].revents & (POLLIN | POLLHUP | POLLERR)))
			take(c, i);
	}
	if (c->cut)
		close_conn(c, true);
}

static void
loop(void)
{
	struct pollfd	*pfd = NULL;
	struct conn	*c, *next;
	nfds_t		 n;
	double		 soonest, ms;
	int		 i;

	while (!quit) {
		pfd = realloc(pfd, (2 * stats.open + 2) * sizeof(*pfd));
		if (pfd == NULL)
			err(1, NULL);
		soonest = -1;
		n = 2;
		LIST_FOREACH_SAFE(c, &conns, link, next) {
			for (i = 0; i < 2; i++) {
				ms = give(c, i);
				if (ms >= 0 && (soonest < 0 || ms < soonest))
					soonest = ms;
			}
			if (c->flow[UP].finished && c->flow[DOWN].finished)
				close_conn(c, false);
			else
				n += wait_for(c, pfd + n);
		}
		pfd[0] = (struct pollfd){ listener, POLLIN, 0 };
		pfd[1] = (struct pollfd){ control, POLLIN, 0 };
		{
			struct timespec ts = { (time_t)(soonest / 1e3),
			    (long)(soonest * 1e6) % 1000000000L };

			if (ppoll(pfd, n, soonest < 0 ? NULL : &ts, NULL) == -1
			    && errno != EINTR)
				err(1, "ppoll");
		}
		n = 2;
		LIST_FOREACH_SAFE(c, &conns, link, next) {
			int used = (c->pfd[UP] != -1) + (c->pfd[DOWN] != -1);

			attend(c, pfd + n);
			n += (nfds_t)used;
		}
		if (pfd[1].revents != 0)
			serve_control();
		if (pfd[0].revents != 0 && listener != -1)
			accept_all();
	}
	free(pfd);
	cut_all();
}

static struct sockaddr_un
control_address(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		errx(2, "%s: too long for a socket", path);
	return (sun);
}

/* With -s: send one command and print the answer. */
static int
tell(const char *path, int n, char *words[])
{
	struct sockaddr_un	sun = control_address(path);
	char			line[LINE_MAX_LEN] = "";
	FILE			*f;
	int			 fd, i;

	for (i = 0; i < n; i++) {
		strlcat(line, words[i], sizeof(line));
		strlcat(line, i + 1 < n ? " " : "\n", sizeof(line));
	}
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    (f = fdopen(fd, "r+")) == NULL)
		err(2, "%s", path);
	alarm(10);
	fputs(line, f);
	fflush(f);
	if (fgets(line, sizeof(line), f) == NULL)
		errx(2, "no answer");
	fputs(line, stdout);
	return (strncmp(line, "ok", 2) == 0 ? 0 : 1);
}

static void
find_target(char *spec)
{
	const struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM };
	char			*colon = strrchr(spec, ':');
	int			 rc;

	if (colon == NULL)
		usage();
	*colon = '\0';
	if ((rc = getaddrinfo(spec, colon + 1, &hints, &target)) != 0)
		errx(2, "%s: %s", spec, gai_strerror(rc));
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in6	*in6 = (struct sockaddr_in6 *)&here;
	struct sockaddr_in	*in = (struct sockaddr_in *)&here;
	struct sockaddr_un	 sun;
	struct rlimit		 files;
	const char		*path = NULL, *send_to = NULL, *bad;
	char			*to = NULL;
	int			 ch, port = -1;
	bool			 six = false;

	while ((ch = getopt(argc, argv, "+6c:d:l:s:t:w:")) != -1) {
		switch (ch) {
		case '6':
			six = true;
			break;
		case 'c':
			path = optarg;
			break;
		case 'd':
			delay_ms[UP] = delay_ms[DOWN] = atof(optarg);
			break;
		case 'l':
			port = (int)strtonum(optarg, 0, 65535, &bad);
			if (bad != NULL)
				errx(2, "port %s: %s", optarg, bad);
			break;
		case 's':
			send_to = optarg;
			break;
		case 't':
			to = optarg;
			break;
		case 'w':
			wait_ms = atof(optarg);
			break;
		default:
			usage();
		}
	}
	if (send_to != NULL && optind < argc)
		return (tell(send_to, argc - optind, argv + optind));
	if (path == NULL || to == NULL || port == -1 || optind != argc)
		usage();

	signal(SIGPIPE, SIG_IGN);
	/* There may be many clients, and each takes two descriptors. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	find_target(to);
	if (six) {
		in6->sin6_family = AF_INET6;
		in6->sin6_addr = in6addr_loopback;
		in6->sin6_port = htons((uint16_t)port);
		here_len = sizeof(*in6);
	} else {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in->sin_port = htons((uint16_t)port);
		here_len = sizeof(*in);
	}
	sun = control_address(path);
	unlink(path);
	control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (control == -1 ||
	    bind(control, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(control, 16) == -1)
		err(2, "%s", path);
	if ((listener = open_listener()) == -1)
		err(2, "port %d", port);
	/* The port is in the same place for both address families. */
	printf("%d\n", ntohs(in->sin_port));
	fflush(stdout);
	loop();
	unlink(path);
	return (0);
}
