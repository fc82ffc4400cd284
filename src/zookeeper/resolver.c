/*
 * One helper a name; all write whole answers to one pipe.
 */
#include "zookeeper/resolver.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/exitcode.h"
#include "system/subprocess.h"

/* So that answers never mix in the pipe. */
_Static_assert(sizeof(struct resolver_answer) <= PIPE_BUF, "answers too large");

static void
resolve(const struct server *server, int flags, struct resolver_answer *answer)
{
	struct addrinfo hints = { 0 }, *found, *each;
	char address[46];
	int error;

	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = flags;
	answer->count = 0;
	error = getaddrinfo(server->host, NULL, &hints, &found);
	if (error != 0) {
		answer->error = error;
		return;
	}
	for (each = found; each != NULL && answer->count < RESOLVER_ADDRESSES;
	    each = each->ai_next) {
		error = getnameinfo(each->ai_addr, each->ai_addrlen, address,
		    sizeof(address), NULL, 0, NI_NUMERICHOST);
		if (error != 0)
			continue;
		(void)snprintf(answer->address[answer->count],
		    RESOLVER_ADDRESS_SIZE, "%s:%s", address, server->port);
		answer->count++;
	}
	answer->error = answer->count > 0 ? 0 : error;
	freeaddrinfo(found);
}

static void
run_helper(int fd, const struct server *server, size_t index)
{
	struct resolver_answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.server = index;
	resolve(server, 0, &answer);
	_exit(write(fd, &answer, sizeof(answer)) == (ssize_t)sizeof(answer) ?
	    0 : EXITCODE_SYSTEM);
}

void
resolver_init(struct resolver *resolver)
{
	memset(resolver, 0, sizeof(*resolver));
	resolver->fd = -1;
}

bool
resolver_numeric(const struct server *server, struct resolver_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	resolve(server, AI_NUMERICHOST, answer);
	return answer->error == 0;
}

int
resolver_start(struct resolver *resolver, const struct servers *servers)
{
	struct resolver_answer answer;
	pid_t pid;
	size_t i;
	int fds[2], error;

	resolver_stop(resolver);
	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	resolver->fd = fds[0];
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	for (i = 0; i < servers->count; i++) {
		if (resolver_numeric(&servers->server[i], &answer))
			continue;
		pid = subprocess_fork(&fds[1]);
		if (pid == 0)
			run_helper(fds[1], &servers->server[i], i);
		if (pid == -1) {
			error = errno;
			(void)close(fds[1]);
			resolver_stop(resolver);
			errno = error;
			return -1;
		}
		resolver->helper[resolver->helpers++] = pid;
		resolver->pending++;
	}
	(void)close(fds[1]);
	return 0;
}

int
resolver_read(struct resolver *resolver, struct resolver_answer *answer)
{
	ssize_t got;

	if (resolver->fd == -1)
		return -1;
	got = read(resolver->fd, answer, sizeof(*answer));
	if (got == (ssize_t)sizeof(*answer)) {
		resolver->pending--;
		return 1;
	}
	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	resolver_stop(resolver);
	return -1;
}

void
resolver_stop(struct resolver *resolver)
{
	siginfo_t info;
	size_t i;

	if (resolver->fd != -1)
		(void)close(resolver->fd);
	resolver->fd = -1;
	for (i = 0; i < resolver->helpers; i++) {
		/*
		 * Somebody else may have reaped it, and its pid be taken by
		 * now; but then it is no child of ours to wait for.
		 */
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)resolver->helper[i], &info,
		    WEXITED | WNOHANG | WNOWAIT) == -1)
			continue;
		(void)kill(resolver->helper[i], SIGKILL);
		(void)waitid(P_PID, (id_t)resolver->helper[i], &info, WEXITED);
	}
	resolver->helpers = resolver->pending = 0;
}
