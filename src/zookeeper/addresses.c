/*
 * Keeps the known addresses, and picks one to try.
 */
#include "zookeeper/addresses.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* The problem of a server until the look-up of its name is answered. */
static const char unresolved[] = "name not resolved in time";

void
addresses_init(struct addresses *addresses, const struct servers *servers,
    struct subprocesses *ours)
{
	size_t i;

	memset(addresses, 0, sizeof(*addresses));
	addresses->servers = servers;
	addresses->current = ADDRESSES_NONE;
	resolver_init(&addresses->resolver, ours);
	for (i = 0; i < servers->count; i++)
		(void)strlcpy(addresses->problems[i], unresolved,
		    ADDRESSES_REASON_SIZE);
}

static void
note_unresolved(struct addresses *addresses, size_t server, const char *why)
{
	(void)snprintf(addresses->problems[server], ADDRESSES_REASON_SIZE,
	    "cannot resolve name: %s", why);
	if (addresses->known[server].count == 0)
		addresses->failed_ms[server][0] = clock_ms();
}

/*
 * Takes new addresses.  A name server may return the same addresses in another
 * order, so this moves each address's time of failure along with it.
 */
static void
reorder(struct addresses *addresses, const struct resolver_answer *answer)
{
	size_t server = answer->server, current = addresses->current_address;
	const struct resolver_answer *before = &addresses->known[server];
	int64_t failed_ms[RESOLVER_ADDRESSES] = { 0 };
	size_t i, j;

	if (server == addresses->current)
		addresses->current_address = RESOLVER_ADDRESSES;
	for (i = 0; i < answer->count; i++)
		for (j = 0; j < before->count; j++) {
			if (strcmp(answer->address[i], before->address[j]) != 0)
				continue;
			failed_ms[i] = addresses->failed_ms[server][j];
			if (server == addresses->current && j == current)
				addresses->current_address = i;
		}
	memcpy(addresses->failed_ms[server], failed_ms, sizeof(failed_ms));
	addresses->known[server] = *answer;
}

/* Replaces a server's addresses, or notes why the look-up found none. */
static void
take_answer(struct addresses *addresses, const struct resolver_answer *answer)
{
	size_t server = answer->server;

	if (answer->error != 0) {
		/* Keep the old addresses: they may still be right. */
		note_unresolved(addresses, server,
		    gai_strerror(answer->error));
		return;
	}
	if (strcmp(addresses->problems[server], unresolved) == 0)
		(void)strlcpy(addresses->problems[server], "not tried",
		    ADDRESSES_REASON_SIZE);
	reorder(addresses, answer);
	memset(addresses->tried[server], 0, sizeof(addresses->tried[server]));
}

void
addresses_begin(struct addresses *addresses)
{
	const struct servers *servers = addresses->servers;
	struct resolver_answer answer;
	bool named[SERVERS_MAX] = { false };
	size_t i, names;

	addresses->current = ADDRESSES_NONE;
	memset(addresses->tried, 0, sizeof(addresses->tried));
	for (i = names = 0; i < servers->count; i++)
		if (resolver_numeric(servers, i, &answer))
			take_answer(addresses, &answer);
		else
			names += named[i] = true;
	if (resolver_start(&addresses->resolver, servers, names) == 0)
		return;
	for (i = 0; i < servers->count; i++)
		if (named[i])
			note_unresolved(addresses, i, strerror(errno));
}

void
addresses_read(struct addresses *addresses)
{
	struct resolver_answer answer;

	while (resolver_read(&addresses->resolver, &answer))
		take_answer(addresses, &answer);
}

const char *
addresses_pick(struct addresses *addresses, size_t *untried)
{
	bool *tried = NULL;
	const char *picked = NULL;
	int64_t failed_ms, oldest_ms = INT64_MAX;
	uint32_t alike = 0;
	size_t i, j;

	addresses->current = ADDRESSES_NONE;
	*untried = 0;
	for (i = 0; i < addresses->servers->count; i++)
		for (j = 0; j < addresses->known[i].count; j++) {
			failed_ms = addresses->failed_ms[i][j];
			*untried += !addresses->tried[i][j];
			if (addresses->tried[i][j] || failed_ms > oldest_ms)
				continue;
			alike = failed_ms < oldest_ms ? 1 : alike + 1;
			oldest_ms = failed_ms;
			if (arc4random_uniform(alike) != 0)
				continue;
			picked = addresses->known[i].address[j];
			tried = &addresses->tried[i][j];
			addresses->current = i;
			addresses->current_address = j;
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
	if (addresses->current_address < RESOLVER_ADDRESSES)
		addresses->failed_ms[addresses->current]
		    [addresses->current_address] = clock_ms();
	addresses->current = ADDRESSES_NONE;
}

bool
addresses_has_other(const struct addresses *addresses, int64_t since_ms)
{
	size_t count, i, j;

	for (i = 0; i < addresses->servers->count; i++) {
		/* A name without known addresses counts as one address. */
		count = addresses->known[i].count > 0 ?
		    addresses->known[i].count : 1;
		for (j = 0; j < count; j++)
			if ((i != addresses->current ||
			    j != addresses->current_address) &&
			    (addresses->failed_ms[i][j] == 0 ||
			    addresses->failed_ms[i][j] < since_ms))
				return true;
	}
	return false;
}
