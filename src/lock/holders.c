/*
 * Holders and waiters, and what their nodes say of them.
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
	size_t i;

	for (i = 0; i < *count; i++) {
		free((*nodes)[i].name);
		free((*nodes)[i].data);
	}
	free(*nodes);
	*nodes = NULL;
	*count = 0;
}

static bool
take(struct holders_node **nodes, size_t *count, char **names,
    size_t name_count)
{
	size_t i;

	free_nodes(nodes, count);
	if (name_count > 0)
		*nodes = calloc(name_count, sizeof(**nodes));
	for (i = 0; i < name_count; i++)
		if (*nodes != NULL)
			(*nodes)[i].name = names[i];
		else
			free(names[i]);
	free(names);
	if (*nodes != NULL)
		*count = name_count;
	return *count == name_count;
}

bool
holders_take_leases(struct holders *holders, char **names, size_t count)
{
	holders->holder_count = 0;
	return take(&holders->leases, &holders->lease_count, names, count);
}

bool
holders_take_locks(struct holders *holders, char **names, size_t count)
{
	holders->waiter_count = 0;
	return take(&holders->locks, &holders->lock_count, names, count);
}

void
holders_free(struct holders *holders)
{
	free_nodes(&holders->leases, &holders->lease_count);
	free_nodes(&holders->locks, &holders->lock_count);
	holders->holder_count = holders->waiter_count = 0;
}

static int
by_age(const struct holders_node *a, const struct holders_node *b)
{
	/* Two nodes of one transaction are of the same age. */
	return a->czxid != b->czxid ? (a->czxid > b->czxid ? 1 : -1) :
	    strcmp(a->name, b->name);
}

/* Those not seen come last. */
static int
compare_leases(const void *one, const void *other)
{
	const struct holders_node *a = one, *b = other;

	return a->seen != b->seen ? (a->seen ? -1 : 1) : by_age(a, b);
}

static int
compare_locks(const void *one, const void *other)
{
	const struct holders_node *a = one, *b = other;
	int place;

	if (a->seen != b->seen)
		return a->seen ? -1 : 1;
	place = nodename_compare(a->name, b->name);
	return place != 0 ? place : by_age(a, b);
}

/* Sorts, and returns how many were seen. */
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

/* Moves a node behind the others of the first count. */
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
	size_t i;

	holders->holder_count = sort_nodes(holders->leases,
	    holders->lease_count, compare_leases);
	holders->waiter_count = sort_nodes(holders->locks, holders->lock_count,
	    compare_locks);
	if (holders->waiter_count == 0)
		return;
	head = &holders->locks[0];
	/* The youngest first. */
	for (i = holders->holder_count; i > 0; i--)
		if (holders->leases[i - 1].session == head->session)
			break;
	/*
	 * It was first in line when it made its lease.  An older lease is that
	 * of another thread, and the head's own is to come any moment.
	 */
	if (i == 0 || head->session == 0 ||
	    holders->leases[i - 1].czxid < head->czxid)
		return;
	if (holders->holder_count == 1)
		move_behind(holders->locks, 0, holders->waiter_count--);
	else
		move_behind(holders->leases, i - 1, holders->holder_count--);
}

static bool
read_number(const char *data, const char *key, int64_t *number)
{
	const char *problem;
	char text[32];

	if (!nodedata_get(data, key, text, sizeof(text)) ||
	    text[strspn(text, "0123456789")] != '\0' ||
	    strlen(text) == sizeof(text) - 1)	/* it may have been cut */
		return false;
	*number = strtonum(text, 1, INT64_MAX, &problem);
	return problem == NULL;
}

void
holders_read_who(struct holders_who *who, const struct holders_node *node)
{
	const char *data = node->data != NULL ? node->data : "";

	memset(who, 0, sizeof(*who));
	who->since_ms = node->since_ms;
	who->is_zkrun = read_number(data, NODEDATA_PID, &who->pid) &&
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
		(void)read_number(data, NODEDATA_SINCE, &who->since_ms);
}

void
holders_describe(const struct holders_node *node, char *text, size_t size)
{
	struct holders_who who;
	char line[4 * HOLDERS_TEXT_SIZE];

	holders_read_who(&who, node);
	if (who.is_zkrun)
		(void)snprintf(line, sizeof(line), "pid %" PRId64 " on %s "
		    "(user %s, command %s)", who.pid, who.host,
		    who.user[0] != '\0' ? who.user : "?",
		    who.command[0] != '\0' ? who.command : "?");
	else
		(void)snprintf(line, sizeof(line), "%s (not a zkrun)",
		    who.address[0] != '\0' ? who.address : "?");
	text_clean(text, size, line);
}
