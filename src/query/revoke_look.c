/*
 * Finds the nodes for --revoke and --break.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/options.h"
#include "lock/paths.h"
#include "lock/pauses.h"
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
		free(revoke->nodes[--revoke->count].path);
	free(revoke->nodes);
}

struct revoke_node *
revoke_find(const struct revoke *revoke, const char *name)
{
	size_t i;

	for (i = 0; i < revoke->count; i++)
		if (strcmp(strrchr(revoke->nodes[i].path, '/') + 1, name) == 0)
			return &revoke->nodes[i];
	return NULL;
}

static bool
add_node(struct revoke *revoke, const struct holders_node *found,
    bool is_lease)
{
	struct revoke_node *node, *nodes;
	struct holders_who who;

	nodes = reallocarray(revoke->nodes, revoke->count + 1, sizeof(*nodes));
	if (nodes == NULL)
		return false;
	revoke->nodes = nodes;
	node = &nodes[revoke->count];
	memset(node, 0, sizeof(*node));
	node->path = paths_make(revoke->options->base, revoke->task,
	    found->parent, found->name);
	if (node->path == NULL)
		return false;
	holders_read_who(&who, found);
	node->is_lease = is_lease;
	node->can_be_asked = who.is_zkrun && found->session != 0;
	holders_describe(found, node->who, sizeof(node->who));
	revoke->count++;
	revoke->lease_count += node->is_lease;
	return true;
}

/* Adds count nodes, from index i on, except those that were added before. */
static bool
add_nodes(struct revoke *revoke, const struct holders_node *found, size_t i,
    size_t count, bool is_lease)
{
	for (; count > 0; i++, count--)
		if (revoke_find(revoke, found[i].name) == NULL &&
		    !add_node(revoke, &found[i], is_lease))
			return false;
	return true;
}

int
revoke_look(struct revoke *revoke)
{
	const struct holders *holders;
	int status;

	status = ask_task(&revoke->ask, &revoke->survey);
	if (status != ASK_GO_ON)
		return status;
	holders = &revoke->survey.tasks[0].holders;
	if (!add_nodes(revoke, holders->leases, 0, holders->holder_count,
	    true) ||
	    !add_nodes(revoke, holders->locks, holders->waiter_count,
	    holders->no_session_count, false))
		return ask_no_memory(&revoke->ask);
	return ASK_GO_ON;
}

void
revoke_name_pauses(const struct revoke *revoke)
{
	const struct holders *holders = &revoke->survey.tasks[0].holders;
	const struct holders_node *node;
	char who[4 * HOLDERS_TEXT_SIZE];
	size_t i = 0, size;

	while ((node = pauses_next(holders, &i, &size)) != NULL) {
		pauses_describe(node, who, sizeof(who));
		log_notice("'%s' is paused by %s (--resume ends the pause)",
		    revoke->task, who);
	}
}
