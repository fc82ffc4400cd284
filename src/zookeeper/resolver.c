/*
 * One helper process looks up all names.  It uses getaddrinfo_a(3), with which
 * glibc looks up 20 names at once.
 */
#include "zookeeper/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "system/descriptors.h"
#include "system/subprocess.h"

#define ROUND_MS	1000	/* least time between two rounds of look-ups */
#define DEATH_MS	200	/* time for the helper to die at the end */

/* The pipe delivers an answer whole or not at all. */
_Static_assert(sizeof(struct resolver_answer) <= PIPE_BUF, "answers too large");

/* Converts the result of getaddrinfo(3) to text, and frees it. */
static void
make_answer(struct resolver_answer *answer, const struct servers *servers,
    size_t server, int error, struct addrinfo *found)
{
	struct addrinfo *each;
	char address[46];

	memset(answer, 0, sizeof(*answer));
	answer->server = server;
	answer->error = error;
	if (error != 0)
		return;
	for (each = found; each != NULL && answer->count < RESOLVER_ADDRESSES;
	    each = each->ai_next) {
		error = getnameinfo(each->ai_addr, each->ai_addrlen, address,
		    sizeof(address), NULL, 0, NI_NUMERICHOST);
		if (error == 0)
			(void)snprintf(answer->address[answer->count++],
			    RESOLVER_ADDRESS_SIZE, "%s:%s", address,
			    servers->server[server].port);
	}
	answer->error = answer->count > 0 ? 0 : error;
	freeaddrinfo(found);
}

bool
resolver_numeric(const struct servers *servers, size_t server,
    struct resolver_answer *answer)
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

static void
send_answer(int fd, const struct servers *servers, size_t server, int error,
    struct addrinfo *found)
{
	struct resolver_answer answer;

	make_answer(&answer, servers, server, error, found);
	if (write(fd, &answer, sizeof(answer)) == -1)
		_exit(EXITCODE_SYSTEM);
}

/*
 * Looks up all names at once.  gai_suspend(3) misses an answer that arrives
 * just before the call, so each call waits for 50 ms only.
 */
static _Noreturn void
run_helper(int fd, const struct servers *servers, int wait_ms)
{
	const struct timespec moment = { .tv_nsec = 50000000 };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct gaicb names[SERVERS_MAX] = { 0 }, *name;
	struct addrinfo *found;
	const struct gaicb *asked[SERVERS_MAX] = { NULL };
	struct resolver_answer numeric;
	size_t i, left;
	int error;

	(void)poll(NULL, 0, wait_ms);
	for (i = 0; i < servers->count; i++) {
		if (resolver_numeric(servers, i, &numeric))
			continue;
		name = &names[i];
		name->ar_name = servers->server[i].host;
		name->ar_request = &hints;
		asked[i] = name;
		if (getaddrinfo_a(GAI_NOWAIT, &name, 1, NULL) == 0)
			continue;
		/*
		 * Use no thread, because a filter of system calls may refuse
		 * clone3(2).
		 */
		asked[i] = NULL;
		error = getaddrinfo(name->ar_name, NULL, &hints, &found);
		send_answer(fd, servers, i, error, error == 0 ? found : NULL);
	}
	/* The parent kills this process when it has all answers. */
	for (;;) {
		(void)gai_suspend(asked, (int)servers->count, &moment);
		for (i = left = 0; i < servers->count; i++) {
			if (asked[i] == NULL)
				continue;
			error = gai_error(&names[i]);
			if (error == EAI_INPROGRESS) {
				left++;
				continue;
			}
			asked[i] = NULL;
			send_answer(fd, servers, i, error, names[i].ar_result);
		}
		if (left == 0)
			(void)poll(NULL, 0, -1);
	}
}

void
resolver_init(struct resolver *resolver, struct subprocesses *ours)
{
	memset(resolver, 0, sizeof(*resolver));
	resolver->ours = ours;
	resolver->fd = -1;
	resolver->started_ms = -ROUND_MS;
}

int
resolver_start(struct resolver *resolver, const struct servers *servers,
    size_t named)
{
	int64_t now_ms = clock_ms(), start_ms;
	int fds[2], error;

	if (named == 0 || resolver->fd != -1)
		return 0;
	start_ms = resolver->started_ms + ROUND_MS;
	if (start_ms < now_ms)
		start_ms = now_ms;
	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	resolver->helper = subprocess_fork(resolver->ours, fds[1], false);
	if (resolver->helper == 0) {
		descriptors_let_go_stderr();
		run_helper(fds[1], servers, (int)(start_ms - now_ms));
	}
	error = errno;
	(void)close(fds[1]);
	if (resolver->helper == -1) {
		(void)close(fds[0]);
		errno = error;
		return -1;
	}
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	resolver->fd = fds[0];
	resolver->started_ms = start_ms;
	resolver->pending = named;
	return 0;
}

bool
resolver_read(struct resolver *resolver, struct resolver_answer *answer)
{
	ssize_t got;

	if (resolver->fd == -1)
		return false;
	got = read(resolver->fd, answer, sizeof(*answer));
	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got != (ssize_t)sizeof(*answer) || --resolver->pending == 0)
		resolver_stop(resolver);
	return got == (ssize_t)sizeof(*answer);
}

void
resolver_stop(struct resolver *resolver)
{
	if (resolver->fd == -1)
		return;
	(void)close(resolver->fd);
	resolver->fd = -1;
	resolver->pending = 0;
	subprocess_kill(resolver->ours, resolver->helper);
}

void
resolver_close(struct resolver *resolver)
{
	resolver_stop(resolver);
	(void)subprocess_wait(resolver->ours, resolver->helper, DEATH_MS);
}
