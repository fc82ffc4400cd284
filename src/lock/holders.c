/*
 * Sorts holders and waiters, and describes them from their nodes.
 */
#include "lock/holders.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lock/nodedata.h"
#include "lock/nodename.h"

static void
free_nodes(struct holders_node **nodes, size_t *count)
{
	while (*count > 0) {
		--*count;
		free((*nodes)[*count].name);
		free((*nodes)[*count].data);
	}
	free(*nodes);
	*nodes = NULL;
}

bool
holders_take(struct holders *holders, enum paths_parent parent, char **names,
    size_t name_count)
{
	bool is_lock = parent == PATHS_LOCKS;
	struct holders_node **nodes = is_lock ? &holders->locks :
	    &holders->leases;
	size_t i, *count = is_lock ? &holders->lock_count :
	    &holders->lease_count;

	holders->holder_count = holders->pause_count = 0;
	holders->waiter_count = holders->no_session_count = 0;
	free_nodes(nodes, count);
	if (name_count > 0)
		*nodes = calloc(name_count, sizeof(**nodes));
	for (i = 0; i < name_count; i++)
		if (*nodes != NULL)
			(*nodes)[(*count)++].name = names[i];
		else
			free(names[i]);
	free(names);
	return *count == name_count;
}

void
holders_free(struct holders *holders)
{
	(void)holders_take(holders, PATHS_LEASES, NULL, 0);
	(void)holders_take(holders, PATHS_LOCKS, NULL, 0);
}

/* Ranks leases first, then pauses, then nodes that were not seen. */
static int
rank_lease(const struct holders_node *lease)
{
	return !lease->seen ? 2 : lease->session == 0 &&
	    nodename_is_pause(lease->name) ? 1 : 0;
}

static int
compare_leases(const void *one, const void *other)
{
	const struct holders_node *a = one, *b = other;

	if (rank_lease(a) != rank_lease(b))
		return rank_lease(a) - rank_lease(b);
	/* Nodes of one transaction share their czxid. */
	return a->czxid != b->czxid ? (a->czxid > b->czxid ? 1 : -1) :
	    strcmp(a->name, b->name);
}

/* Ranks waiters first, then nodes without a session, then nodes not seen. */
static int
rank_lock(const struct holders_node *lock)
{
	return !lock->seen ? 2 : lock->session == 0 ? 1 : 0;
}

static int
compare_locks(const void *one, const void *other)
{
	const struct holders_node *a = one, *b = other;

	return rank_lock(a) != rank_lock(b) ? rank_lock(a) - rank_lock(b) :
	    nodename_compare(a->name, b->name);
}

/* Sorts the nodes.  Returns the number of those that were seen. */
static size_t
sort_nodes(struct holders_node *nodes, size_t count,
    int (*compare)(const void *, const void *))
{
	size_t seen;

	if (count == 0)
		return 0;
	qsort(nodes, count, sizeof(*nodes), compare);
	for (seen = count; seen > 0 && !nodes[seen - 1].seen;)
		seen--;
	return seen;
}

/* Moves a node to the end of the first count nodes. */
static void
move_behind(struct holders_node *nodes, size_t i, size_t count)
{
	struct holders_node node = nodes[i];

	memmove(nodes + i, nodes + i + 1, (count - i - 1) * sizeof(*nodes));
	nodes[count - 1] = node;
}

void
holders_judge(struct holders *holders)
{
	const struct holders_node *head;
	size_t i, leases, places;

	leases = sort_nodes(holders->leases, holders->lease_count,
	    compare_leases);
	for (i = leases; i > 0 && rank_lease(&holders->leases[i - 1]) > 0;)
		i--;
	holders->holder_count = i;
	holders->pause_count = leases - i;
	holders->is_doubtful = false;
	places = sort_nodes(holders->locks, holders->lock_count, compare_locks);
	for (i = places; i > 0 && rank_lock(&holders->locks[i - 1]) > 0;)
		i--;
	holders->waiter_count = i;
	holders->no_session_count = places - i;
	if (holders->waiter_count == 0)
		return;
	head = &holders->locks[0];
	/* Find the youngest lease of the session at the front. */
	for (i = holders->holder_count; i > 0; i--)
		if (holders->leases[i - 1].session == head->session)
			break;
	/*
	 * A client creates its lease after its queue node.  An older lease
	 * belongs to another thread of the session.
	 */
	if (i == 0 || holders->leases[i - 1].czxid < head->czxid)
		return;
	if (leases == 1) {
		move_behind(holders->locks, 0, places);
		holders->waiter_count--;
	} else {
		/* leases[1] is the oldest pause. */
		holders->is_doubtful = holders->holder_count == 1 &&
		    holders->pause_count > 0 && holders->leases[0].czxid <
		    holders->leases[1].czxid;
		move_behind(holders->leases, i - 1, leases);
		holders->holder_count--;
	}
}

void
holders_read_who(struct holders_who *who, const struct holders_node *node)
{
	const char *data = node->data != NULL ? node->data : "";

	memset(who, 0, sizeof(*who));
	who->since_ms = node->since_ms;
	who->is_zkrun = nodedata_get_number(data, NODEDATA_PID, 1, INT64_MAX,
	    &who->pid) &&
	    nodedata_get(data, NODEDATA_HOST, who->host, sizeof(who->host));
	if (!who->is_zkrun) {
		who->pid = 0;
		(void)strlcpy(who->address, data, sizeof(who->address));
		return;
	}
	(void)nodedata_get(data, NODEDATA_USER, who->user, sizeof(who->user));
	(void)nodedata_get(data, NODEDATA_COMMAND, who->command,
	    sizeof(who->command));
	if (nodedata_get(data, NODEDATA_REVOKE, who->revoker,
	    sizeof(who->revoker)))
		(void)nodedata_get_number(data, NODEDATA_SINCE, 1, INT64_MAX,
		    &who->since_ms);
}

const char *
holders_where(const struct holders_who *who)
{
	if (who->is_zkrun)
		return who->host;
	return who->address[0] != '\0' ? who->address : "another client";
}

void
holders_name(const struct holders_who *who, char *text, size_t size)
{
	char host[80], pid[32] = "";

	text_clean(host, sizeof(host), holders_where(who));
	if (who->is_zkrun)
		(void)snprintf(pid, sizeof(pid), " (pid %" PRId64 ")",
		    who->pid);
	(void)snprintf(text, size, "%s%s", host, pid);
}

void
holders_describe(const struct holders_node *node, char *text, size_t size)
{
	struct holders_who who;
	char line[4 * HOLDERS_TEXT_SIZE];

	holders_read_who(&who, node);
	if (who.is_zkrun)
		(void)snprintf(line, sizeof(line), "%s (pid %" PRId64
		    ", user %s, command %s)", who.host, who.pid,
		    who.user[0] != '\0' ? who.user : "?",
		    who.command[0] != '\0' ? who.command : "?");
	else
		(void)snprintf(line, sizeof(line), "%s%s", holders_where(&who),
		    who.address[0] != '\0' ? " (not zkrun)" : "");
	if (node->session == 0)
		(void)strlcat(line, " without a session", sizeof(line));
	text_clean(text, size, line);
}
