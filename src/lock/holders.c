/*
 * Sorts holders and waiters, and describes them from their nodes.
 */
#include "lock/holders.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lock/contender.h"
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

	holders->careless = NULL;
	holders->holder_count = holders->pause_count = 0;
	holders->waiter_count = holders->no_session_count = 0;
	free_nodes(nodes, count);
	if (name_count > 0)
		*nodes = calloc(name_count, sizeof(**nodes));
	for (i = 0; i < name_count; i++)
		if (*nodes != NULL) {
			(*nodes)[*count].parent = parent;
			(*nodes)[(*count)++].name = names[i];
		} else
			free(names[i]);
	free(names);
	return *count == name_count;
}

/* Appends a node.  Takes ownership of its name. */
static bool
add_contender(struct holders_node **nodes, size_t *count, char *name)
{
	struct holders_node *grown;

	grown = reallocarray(*nodes, *count + 1, sizeof(**nodes));
	if (grown == NULL) {
		free(name);
		return false;
	}
	*nodes = grown;
	memset(&grown[*count], 0, sizeof(*grown));
	grown[*count].parent = PATHS_TASK;
	grown[(*count)++].name = name;
	return true;
}

bool
holders_add_contenders(struct holders *holders, char **names, size_t count)
{
	const char *first = contender_lowest(names, count, NULL);
	int64_t number;
	size_t i;
	bool is_lease, ok = true;

	for (i = 0; i < count; i++) {
		is_lease = names[i] == first || nodename_is_pause(names[i]);
		if (contender_parse(names[i], &number) == CONTENDER_NONE)
			free(names[i]);
		else
			ok &= add_contender(is_lease ? &holders->leases :
			    &holders->locks, is_lease ? &holders->lease_count :
			    &holders->lock_count, names[i]);
	}
	free(names);
	return ok;
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
	int64_t first, second;

	if (rank_lock(a) != rank_lock(b))
		return rank_lock(a) - rank_lock(b);
	/* In P/locks, Curator compares the numbers as text. */
	if (a->parent == PATHS_TASK && b->parent == PATHS_TASK &&
	    contender_parse(a->name, &first) != CONTENDER_NONE &&
	    contender_parse(b->name, &second) != CONTENDER_NONE &&
	    first != second)
		return first < second ? -1 : 1;
	return nodename_compare(a->name, b->name);
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

static bool
sees(const struct holders_node *node, const struct holders_node *others,
    size_t count)
{
	int64_t number;
	size_t i;

	for (i = 0; i < count; i++)
		if (others[i].parent == PATHS_TASK && contender_sees(
		    contender_parse(node->name, &number),
		    contender_parse(others[i].name, &number)))
			return true;
	return false;
}

static const struct holders_node *
find_careless(const struct holders *holders)
{
	size_t i;

	for (i = 0; i < holders->waiter_count; i++)
		if (holders->locks[i].parent == PATHS_TASK &&
		    !sees(&holders->locks[i], holders->leases,
		    holders->holder_count + holders->pause_count) &&
		    !sees(&holders->locks[i], holders->locks, i))
			return &holders->locks[i];
	return NULL;
}

/* During a pause, moves a lowest contender that only waits to the queue. */
static void
move_paused(struct holders *holders)
{
	struct holders_node *lowest = NULL, *node, *locks;
	int64_t paused_czxid = INT64_MAX;
	size_t i;

	for (i = 0; i < holders->lease_count; i++) {
		node = &holders->leases[i];
		if (!node->seen || node->parent != PATHS_TASK)
			continue;
		if (!nodename_is_pause(node->name))
			lowest = node;
		else if (node->czxid < paused_czxid)
			paused_czxid = node->czxid;
	}
	if (paused_czxid == INT64_MAX || lowest == NULL ||
	    (lowest->czxid < paused_czxid &&
	    (lowest->version > 0 || holders_client(lowest)[0] != '\0')))
		return;
	locks = reallocarray(holders->locks, holders->lock_count + 1,
	    sizeof(*locks));
	if (locks == NULL)
		return;
	holders->locks = locks;
	locks[holders->lock_count++] = *lowest;
	*lowest = holders->leases[--holders->lease_count];
}

/*
 * Counts the front of P/locks once if it also has a lease: as a holder if this
 * is the only lease, else as a waiter.
 */
static void
move_front(struct holders *holders, size_t leases, size_t places)
{
	const struct holders_node *head = holders->locks;
	size_t i;

	if (holders->waiter_count == 0 || head->parent == PATHS_TASK)
		return;
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
		/* If there is one holder, leases[1] is the oldest pause. */
		holders->is_doubtful = holders->holder_count == 1 &&
		    holders->pause_count > 0 && holders->leases[0].czxid <
		    holders->leases[1].czxid;
		move_behind(holders->leases, i - 1, leases);
		holders->holder_count--;
	}
}

void
holders_judge(struct holders *holders)
{
	size_t i, leases, places;

	move_paused(holders);
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
	move_front(holders, leases, places);
	holders->careless = find_careless(holders);
}

const char *
holders_client(const struct holders_node *node)
{
	enum contender_kind kind;
	int64_t number;

	kind = contender_parse(node->name, &number);
	return node->parent != PATHS_TASK || kind == CONTENDER_NONE ||
	    kind == CONTENDER_ZKRUN ? "" : contender_client(kind);
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
