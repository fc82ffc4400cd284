/*
 * One helper for all names.  In it, getaddrinfo_a(3) of glibc looks up as many
 * at once as it has threads for (20).
 */
#include "zookeeper/addresses.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "system/subprocess.h"

#define ROUND_MS	1000	/* from one round of look-ups to the next */

/* An answer comes out of the pipe whole or not at all. */
_Static_assert(sizeof(struct addresses_answer) <= PIPE_BUF,
    "answers too large");

/* The problem of a server whose name has no answer yet. */
static const char unresolved[] = "not resolved in time";

/* Writes down what getaddrinfo(3) has found, and frees it. */
static void
make_answer(struct addresses_answer *answer, const struct servers *servers,
    size_t server, int error, struct addrinfo *found)
{
	struct addrinfo *each;
	char address[46];

	memset(answer, 0, sizeof(*answer));
	answer->server = server;
	answer->error = error;
	if (error != 0)
		return;
	for (each = found; each != NULL && answer->count < ADDRESSES_EACH;
	    each = each->ai_next) {
		error = getnameinfo(each->ai_addr, each->ai_addrlen, address,
		    sizeof(address), NULL, 0, NI_NUMERICHOST);
		if (error == 0)
			(void)snprintf(answer->address[answer->count++],
			    ADDRESSES_SIZE, "%s:%s", address,
			    servers->server[server].port);
	}
	answer->error = answer->count > 0 ? 0 : error;
	freeaddrinfo(found);
}

/* Answers at once if a server is given by address; else returns false. */
static bool
answer_numeric(const struct servers *servers, size_t server,
    struct addresses_answer *answer)
{
	struct addrinfo *found, hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST,
	};
	int error;

	error = getaddrinfo(servers->server[server].host, NULL, &hints, &found);
	make_answer(answer, servers, server, error, found);
	return answer->error == 0;
}

/*
 * Looks up all names at once.  Each answer comes with a signal that is queued
 * and read; gai_suspend(3) would overlook one that comes just before it.
 */
static _Noreturn void
run_helper(int fd, const struct servers *servers)
{
	struct addresses_answer answer;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct gaicb names[SERVERS_MAX], *name;
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGRTMIN,
	};
	siginfo_t info;
	sigset_t answered;
	size_t i;

	(void)sigemptyset(&answered);
	(void)sigaddset(&answered, SIGRTMIN);
	(void)sigprocmask(SIG_BLOCK, &answered, NULL);
	memset(names, 0, sizeof(names));
	for (i = 0; i < servers->count; i++) {
		if (answer_numeric(servers, i, &answer))
			continue;
		name = &names[i];
		name->ar_name = servers->server[i].host;
		name->ar_request = &hints;
		event.sigev_value.sival_int = (int)i;
		if (getaddrinfo_a(GAI_NOWAIT, &name, 1, &event) != 0)
			_exit(EXITCODE_SYSTEM);
	}
	/* Whoever has all the answers kills us. */
	for (;;) {
		/* Somebody may send this signal to all of our group. */
		if (sigwaitinfo(&answered, &info) == -1 ||
		    info.si_code != SI_ASYNCNL)
			continue;
		i = (size_t)info.si_value.sival_int;
		make_answer(&answer, servers, i, gai_error(&names[i]),
		    names[i].ar_result);
		if (write(fd, &answer, sizeof(answer)) == -1)
			_exit(EXITCODE_SYSTEM);
	}
}

void
addresses_init(struct addresses *addresses, const struct servers *servers)
{
	size_t i;

	memset(addresses, 0, sizeof(*addresses));
	addresses->servers = servers;
	addresses->current = ADDRESSES_NONE;
	addresses->fd = -1;
	addresses->started_ms = -ROUND_MS;
	for (i = 0; i < servers->count; i++)
		(void)strlcpy(addresses->problems[i], unresolved,
		    ADDRESSES_REASON_SIZE);
}

/* Replaces what was known of a server's addresses, or notes why not. */
static void
take_answer(struct addresses *addresses, const struct addresses_answer *answer)
{
	size_t server = answer->server;

	if (answer->error != 0) {
		/* What was known may still be right. */
		(void)snprintf(addresses->problems[server],
		    ADDRESSES_REASON_SIZE, "cannot resolve the name: %s",
		    gai_strerror(answer->error));
		return;
	}
	if (strcmp(addresses->problems[server], unresolved) == 0)
		(void)strlcpy(addresses->problems[server], "not tried",
		    ADDRESSES_REASON_SIZE);
	addresses->known[server] = *answer;
	memset(addresses->tried[server], 0, sizeof(addresses->tried[server]));
}

static int
start_helper(struct addresses *addresses, size_t named)
{
	int fds[2], error;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	addresses->helper = subprocess_fork(&fds[1]);
	if (addresses->helper == 0)
		run_helper(fds[1], addresses->servers);
	error = errno;
	(void)close(fds[1]);
	if (addresses->helper == -1) {
		(void)close(fds[0]);
		errno = error;
		return -1;
	}
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	addresses->fd = fds[0];
	addresses->started_ms = clock_ms();
	addresses->pending = named;
	return 0;
}

int
addresses_begin(struct addresses *addresses)
{
	const struct servers *servers = addresses->servers;
	struct addresses_answer answer;
	size_t i, named;

	addresses->current = ADDRESSES_NONE;
	memset(addresses->tried, 0, sizeof(addresses->tried));
	for (i = named = 0; i < servers->count; i++)
		if (answer_numeric(servers, i, &answer))
			take_answer(addresses, &answer);
		else
			named++;
	if (named == 0 || addresses->fd != -1 ||
	    clock_ms() - addresses->started_ms < ROUND_MS)
		return 0;
	return start_helper(addresses, named);
}

void
addresses_read(struct addresses *addresses)
{
	struct addresses_answer answer;
	ssize_t got;

	while (addresses->fd != -1) {
		got = read(addresses->fd, &answer, sizeof(answer));
		if (got == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got == (ssize_t)sizeof(answer))
			take_answer(addresses, &answer);
		if (got != (ssize_t)sizeof(answer) || --addresses->pending == 0)
			addresses_stop(addresses);
	}
}

void
addresses_stop(struct addresses *addresses)
{
	siginfo_t info;

	if (addresses->fd == -1)
		return;
	(void)close(addresses->fd);
	addresses->fd = -1;
	addresses->pending = 0;
	/*
	 * Somebody else may have reaped the helper, and its pid may belong to
	 * another process by now; but that one is no child of ours.
	 */
	if (waitid(P_PID, (id_t)addresses->helper, &info,
	    WEXITED | WNOHANG | WNOWAIT) == -1)
		return;
	(void)kill(addresses->helper, SIGKILL);
	(void)waitid(P_PID, (id_t)addresses->helper, &info, WEXITED);
}

const char *
addresses_pick(struct addresses *addresses, size_t *untried)
{
	bool *tried = NULL;
	const char *picked = NULL;
	size_t i, j;

	addresses->current = ADDRESSES_NONE;
	*untried = 0;
	for (i = 0; i < addresses->servers->count; i++)
		for (j = 0; j < addresses->known[i].count; j++)
			if (!addresses->tried[i][j] &&
			    arc4random_uniform((uint32_t)++*untried) == 0) {
				picked = addresses->known[i].address[j];
				tried = &addresses->tried[i][j];
				addresses->current = i;
			}
	if (picked != NULL)
		*tried = true;
	return picked;
}

void
addresses_fail(struct addresses *addresses, const char *reason)
{
	(void)strlcpy(addresses->problems[addresses->current], reason,
	    ADDRESSES_REASON_SIZE);
	addresses->current = ADDRESSES_NONE;
}
