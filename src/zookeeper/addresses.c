/*
 * A list of addresses, by server in no order.
 */
#include "zookeeper/addresses.h"

#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The problem of a server whose name has no answer yet. */
static const char unresolved[] = "not resolved in time";

static void
set_problem(struct addresses *addresses, size_t server, const char *reason)
{
	(void)strlcpy(addresses->problems[server], reason,
	    sizeof(addresses->problems[server]));
}

/* Drops what is known of a server, but for the address in use. */
static void
drop(struct addresses *addresses, size_t server)
{
	size_t i, kept;

	for (i = kept = 0; i < addresses->count; i++) {
		if (addresses->list[i].server == server &&
		    i != addresses->current)
			continue;
		if (i == addresses->current)
			addresses->current = kept;
		addresses->list[kept++] = addresses->list[i];
	}
	addresses->count = kept;
}

void
addresses_init(struct addresses *addresses, const struct servers *servers)
{
	size_t i;

	memset(addresses, 0, sizeof(*addresses));
	addresses->servers = servers;
	addresses->current = ADDRESSES_NONE;
	for (i = 0; i < servers->count; i++)
		set_problem(addresses, i, unresolved);
}

void
addresses_take(struct addresses *addresses,
    const struct resolver_answer *answer)
{
	char problem[ADDRESSES_REASON_SIZE];
	size_t i, server = answer->server;

	if (answer->error != 0) {
		/* What was known may still be right. */
		(void)snprintf(problem, sizeof(problem),
		    "cannot resolve the name: %s",
		    gai_strerror(answer->error));
		set_problem(addresses, server, problem);
		return;
	}
	if (strcmp(addresses->problems[server], unresolved) == 0)
		set_problem(addresses, server, "not tried");
	drop(addresses, server);
	for (i = 0; i < answer->count && addresses->count < ADDRESSES_MAX; i++) {
		addresses->list[addresses->count].server = server;
		addresses->list[addresses->count].tried = false;
		(void)strlcpy(addresses->list[addresses->count++].text,
		    answer->address[i], RESOLVER_ADDRESS_SIZE);
	}
}

size_t
addresses_pick(struct addresses *addresses)
{
	size_t i, untried;

	addresses->current = ADDRESSES_NONE;
	for (i = untried = 0; i < addresses->count; i++)
		if (!addresses->list[i].tried &&
		    arc4random_uniform((uint32_t)++untried) == 0)
			addresses->current = i;
	if (untried > 0)
		addresses->list[addresses->current].tried = true;
	return untried;
}

size_t
addresses_begin(struct addresses *addresses)
{
	const struct servers *servers = addresses->servers;
	struct resolver_answer answer;
	size_t i, named;

	addresses->current = ADDRESSES_NONE;
	for (i = 0; i < addresses->count; i++)
		addresses->list[i].tried = false;
	for (i = named = 0; i < servers->count; i++) {
		if (!resolver_numeric(&servers->server[i], &answer))
			named++;
		else {
			answer.server = i;
			addresses_take(addresses, &answer);
		}
	}
	return named;
}

void
addresses_fail(struct addresses *addresses, const char *reason)
{
	set_problem(addresses, addresses->list[addresses->current].server,
	    reason);
	addresses->current = ADDRESSES_NONE;
}

const char *
addresses_shown(const struct addresses *addresses)
{
	if (addresses->current == ADDRESSES_NONE)
		return "none";
	return addresses->servers->server[
	    addresses->list[addresses->current].server].shown;
}

void
addresses_explain(const struct addresses *addresses, char *buffer, size_t size)
{
	const struct servers *servers = addresses->servers;
	size_t i, length;
	int added;

	buffer[0] = '\0';
	for (i = length = 0; i < servers->count; i++) {
		added = snprintf(buffer + length, size - length, "%s%s: %s",
		    i > 0 ? "; " : "", servers->server[i].shown,
		    addresses->problems[i]);
		if (added < 0 || (size_t)added >= size - length)
			return;
		length += (size_t)added;
	}
}
