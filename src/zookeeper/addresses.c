/*
 * What the resolver answered, by server.
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
	size_t server = answer->server;

	if (answer->error != 0) {
		/* What was known may still be right. */
		(void)snprintf(addresses->problems[server],
		    ADDRESSES_REASON_SIZE, "cannot resolve the name: %s",
		    gai_strerror(answer->error));
		return;
	}
	if (strcmp(addresses->problems[server], unresolved) == 0)
		set_problem(addresses, server, "not tried");
	addresses->known[server] = *answer;
	memset(addresses->tried[server], 0, sizeof(addresses->tried[server]));
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

size_t
addresses_begin(struct addresses *addresses)
{
	const struct servers *servers = addresses->servers;
	struct resolver_answer answer;
	size_t i, named;

	addresses->current = ADDRESSES_NONE;
	memset(addresses->tried, 0, sizeof(addresses->tried));
	for (i = named = 0; i < servers->count; i++)
		if (resolver_numeric(servers, i, &answer))
			addresses_take(addresses, &answer);
		else
			named++;
	return named;
}

void
addresses_fail(struct addresses *addresses, const char *reason)
{
	set_problem(addresses, addresses->current, reason);
	addresses->current = ADDRESSES_NONE;
}

void
addresses_explain(const struct addresses *addresses, char *buffer, size_t size)
{
	const struct servers *servers = addresses->servers;
	size_t i, length;

	buffer[0] = '\0';
	for (i = length = 0; i < servers->count && length < size; i++)
		length += (size_t)snprintf(buffer + length, size - length,
		    "%s%s: %s", i > 0 ? "; " : "", servers->server[i].shown,
		    addresses->problems[i]);
}
