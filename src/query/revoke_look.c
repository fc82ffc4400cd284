/*
 * Finds the leases to revoke or to break.
 */
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "lock/paths.h"
#include "query/revoke_private.h"

void
revoke_open(struct revoke *revoke, const struct options *options,
    const char *verb)
{
	memset(revoke, 0, sizeof(*revoke));
	revoke->options = options;
	revoke->task = options->task;
	ask_open(&revoke->ask, options, verb, options->task);
	survey_init(&revoke->survey, options, &revoke->ask.connector.session);
}

void
revoke_close(struct revoke *revoke)
{
	survey_free(&revoke->survey);
	connector_close(&revoke->ask.connector);
	while (revoke->count > 0)
		free(revoke->leases[--revoke->count].path);
	free(revoke->leases);
}

struct revoke_lease *
revoke_find(const struct revoke *revoke, const char *name)
{
	size_t i;

	for (i = 0; i < revoke->count; i++)
		if (strcmp(strrchr(revoke->leases[i].path, '/') + 1, name) == 0)
			return &revoke->leases[i];
	return NULL;
}

static bool
add_lease(struct revoke *revoke, const struct holders_node *node)
{
	struct revoke_lease *lease, *leases;
	struct holders_who who;

	leases = reallocarray(revoke->leases, revoke->count + 1,
	    sizeof(*leases));
	if (leases == NULL)
		return false;
	revoke->leases = leases;
	lease = &leases[revoke->count];
	memset(lease, 0, sizeof(*lease));
	lease->path = paths_make(revoke->options->base, revoke->task,
	    PATHS_LEASES, node->name);
	if (lease->path == NULL)
		return false;
	holders_read_who(&who, node);
	lease->is_zkrun = who.is_zkrun;
	holders_describe(node, lease->who, sizeof(lease->who));
	revoke->count++;
	return true;
}

int
revoke_look(struct revoke *revoke)
{
	const struct holders_node *node;
	const struct holders *holders;
	size_t i;
	int status;

	status = ask_task(&revoke->ask, &revoke->survey);
	if (status != ASK_GO_ON)
		return status;
	holders = &revoke->survey.tasks[0].holders;
	for (i = 0; i < holders->holder_count; i++) {
		node = &holders->leases[i];
		if (revoke_find(revoke, node->name) == NULL &&
		    !add_lease(revoke, node))
			return ask_no_memory(&revoke->ask);
	}
	return ASK_GO_ON;
}
