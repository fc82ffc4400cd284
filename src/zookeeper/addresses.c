/*
 * The servers' addresses: which are known, which of them were tried in this
 * attempt, and what came of it.
 */
#include "zookeeper/addresses.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "zookeeper/connector.h"

/* The problem of a server whose name has no answer yet. */
static const char unresolved[] = "not resolved in time";

void
addresses_take(struct connector *connector,
    const struct resolver_answer *answer)
{
	struct connector_address *address;
	size_t i, kept;

	if (answer->error != 0) {
		(void)snprintf(connector->problem[answer->server],
		    sizeof(connector->problem[0]),
		    "cannot resolve the name: %s",
		    gai_strerror(answer->error));
		return;		/* what was known may still be right */
	}
	if (strcmp(connector->problem[answer->server], unresolved) == 0)
		(void)strlcpy(connector->problem[answer->server], "not tried",
		    sizeof(connector->problem[0]));
	for (i = kept = 0; i < connector->addresses; i++) {
		if (connector->address[i].server == answer->server &&
		    i != connector->current)
			continue;
		if (i == connector->current)
			connector->current = kept;
		connector->address[kept++] = connector->address[i];
	}
	connector->addresses = kept;
	for (i = 0; i < answer->count; i++) {
		if (connector->addresses == CONNECTOR_ADDRESSES)
			return;
		address = &connector->address[connector->addresses++];
		address->server = answer->server;
		address->tried = false;
		(void)strlcpy(address->text, answer->address[i],
		    sizeof(address->text));
	}
}

size_t
addresses_pick(const struct connector *connector, size_t *untried)
{
	size_t i, picked;

	picked = SIZE_MAX;
	*untried = 0;
	for (i = 0; i < connector->addresses; i++)
		if (!connector->address[i].tried &&
		    arc4random_uniform((uint32_t)++*untried) == 0)
			picked = i;
	return picked;
}

size_t
addresses_begin(struct connector *connector)
{
	struct resolver_answer answer;
	const struct servers *servers = &connector->options->servers;
	size_t i, named;

	for (i = 0; i < connector->addresses; i++)
		connector->address[i].tried = false;
	for (i = named = 0; i < servers->count; i++) {
		/* Of a lost contact, how it was lost is the news. */
		if (connector->identity.id == 0)
			(void)strlcpy(connector->problem[i], unresolved,
			    sizeof(connector->problem[i]));
		if (!resolver_numeric(&servers->server[i], &answer))
			named++;
		else {
			answer.server = i;
			addresses_take(connector, &answer);
		}
	}
	return named;
}

void
connector_explain(const struct connector *connector, char *buffer, size_t size)
{
	const struct servers *servers = &connector->options->servers;
	size_t i, length;
	int added;

	buffer[0] = '\0';
	for (i = length = 0; i < servers->count; i++) {
		added = snprintf(buffer + length, size - length, "%s%s: %s",
		    i > 0 ? "; " : "", servers->server[i].shown,
		    connector->problem[i]);
		if (added < 0 || (size_t)added >= size - length)
			return;
		length += (size_t)added;
	}
}
