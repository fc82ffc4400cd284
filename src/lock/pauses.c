/*
 * Names, describes and counts pauses.
 */
#include "lock/pauses.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lock/nodedata.h"

void
pauses_make_name(char name[PAUSES_NAME_SIZE],
    const char uuid[NODENAME_UUID_SIZE], size_t number)
{
	if (number == 0)
		(void)snprintf(name, PAUSES_NAME_SIZE, "ex_c_%s%s", uuid,
		    NODENAME_MUTEX_PAUSE);
	else
		(void)snprintf(name, PAUSES_NAME_SIZE, NODENAME_PAUSE "%s-%zu",
		    uuid, number);
}

void
pauses_read(struct pauses_pause *pause, const struct holders_node *node)
{
	const char *data = node->data != NULL ? node->data : "";

	(void)nodedata_get(data, NODEDATA_USER, pause->user,
	    sizeof(pause->user));
	(void)nodedata_get(data, NODEDATA_HOST, pause->host,
	    sizeof(pause->host));
	nodedata_get_reason(data, pause->reason, sizeof(pause->reason));
}

void
pauses_describe(const struct holders_node *node, char *text, size_t size)
{
	struct pauses_pause pause;
	char line[4 * HOLDERS_TEXT_SIZE], since[32];

	pauses_read(&pause, node);
	text_since(since, sizeof(since), node->since_ms);
	(void)snprintf(line, sizeof(line), "%s@%s since %s%s%s",
	    pause.user[0] != '\0' ? pause.user : "?",
	    pause.host[0] != '\0' ? pause.host : "?", since,
	    pause.reason[0] != '\0' ? ": " : "", pause.reason);
	text_clean(text, size, line);
}

bool
pauses_is_same(const struct holders_node *a, const struct holders_node *b)
{
	return strncmp(a->name, b->name,
	    strlen(NODENAME_PAUSE) + NODENAME_UUID_SIZE - 1) == 0;
}

/*
 * Returns the number of nodes of the pause that the i-th pause node belongs to,
 * or 0 if an earlier node belongs to the same pause.
 */
static size_t
size_of(const struct holders *holders, size_t i)
{
	const struct holders_node *pauses = holders->leases +
	    holders->holder_count;
	size_t j, size = 0;

	for (j = 0; j < holders->pause_count; j++) {
		if (!pauses_is_same(&pauses[i], &pauses[j]))
			continue;
		if (j < i)
			return 0;
		size++;
	}
	return size;
}

const struct holders_node *
pauses_next(const struct holders *holders, size_t *i, size_t *size)
{
	for (; *i < holders->pause_count; ++*i) {
		*size = size_of(holders, *i);
		if (*size > 0)
			return &holders->leases[holders->holder_count +
			    (*i)++];
	}
	return NULL;
}
