/*
 * The protocol of Curator's InterProcessSemaphoreV2.internalAcquire1Lease and
 * LockInternals, with requests sharing flights where it waits for each.
 *
 * Why it is safe: whoever holds has seen, after its own create and in its own
 * session, P/leases with its node and at most max_leases children.  Of any
 * max_leases + 1 holders the last to create would have seen them all.  The line
 * is for fairness.
 *
 * The names are those of Curator's protected nodes, _c_UUID-lock-NNNNNNNNNN:
 * by the uuid a node is found again whose create had no reply.
 */
#include "semaphore.h"

#include <stdio.h>
#include <string.h>

#include "nodename.h"
#include "semaphore_steps.h"
#include "session.h"

void
semaphore_ask(struct semaphore *semaphore, enum session_operation operation,
    enum tag tag, int watch, const char *path)
{
	struct session_request request = {
		.operation = operation,
		.tag = (int)tag,
		.watch_tag = watch,
		.path = path,
		.data = semaphore->data,
	};

	session_send(semaphore->session, &request);
}

void
semaphore_forget_node(struct semaphore_node *node)
{
	memset(node, 0, sizeof(*node));
}

/* Creates a node of ours below parent, with a new name if it has none yet. */
static void
create_node(struct semaphore *semaphore, struct semaphore_node *node,
    const char *parent, const char *kind, enum tag tag)
{
	char name[NODENAME_UUID_SIZE + 16], path[SEMAPHORE_PATH_SIZE];

	if (node->uuid[0] == '\0')
		nodename_make_uuid(node->uuid);
	(void)snprintf(name, sizeof(name), "_c_%s-%s-", node->uuid, kind);
	(void)nodename_join(path, sizeof(path), parent, name);
	node->pending = true;
	semaphore_ask(semaphore, SESSION_CREATE_EPHEMERAL, tag,
	    SESSION_NO_WATCH, path);
}

void
semaphore_list_locks(struct semaphore *semaphore)
{
	semaphore_ask(semaphore, SESSION_LIST, TAG_LIST_LOCKS, SESSION_NO_WATCH,
	    semaphore->locks);
}

void
semaphore_list_leases(struct semaphore *semaphore)
{
	semaphore_ask(semaphore, SESSION_LIST, TAG_LIST_LEASES, WATCH_LEASES,
	    semaphore->leases);
}

/* First flight: a place in line, and a look at the line. */
void
semaphore_stand_in_line(struct semaphore *semaphore)
{
	semaphore->state = SEMAPHORE_IN_LINE;
	create_node(semaphore, &semaphore->lock, semaphore->locks, "lock",
	    TAG_CREATE_LOCK);
	semaphore_list_locks(semaphore);
}

/* Second flight: a lease node, and a look at the others. */
void
semaphore_take_lease(struct semaphore *semaphore)
{
	semaphore->state = SEMAPHORE_AT_HEAD;
	create_node(semaphore, &semaphore->lease, semaphore->leases, "lease",
	    TAG_CREATE_LEASE);
	semaphore_list_leases(semaphore);
}

/* Makes every node from the top down to locks and leases, in one flight. */
void
semaphore_make_parents(struct semaphore *semaphore)
{
	char path[SEMAPHORE_PATH_SIZE];
	enum tag tag;
	size_t end;

	semaphore->no_parents = false;
	tag = TAG_TOP_PARENT;
	end = 0;
	do {
		end += 1 + strcspn(semaphore->path + end + 1, "/");
		(void)snprintf(path, sizeof(path), "%.*s", (int)end,
		    semaphore->path);
		semaphore_ask(semaphore, SESSION_CREATE_CONTAINER, tag,
		    SESSION_NO_WATCH, path);
		tag = TAG_PARENT;
	} while (semaphore->path[end] != '\0');
	semaphore_ask(semaphore, SESSION_CREATE_CONTAINER, tag,
	    SESSION_NO_WATCH, semaphore->locks);
	semaphore_ask(semaphore, SESSION_CREATE_CONTAINER, tag,
	    SESSION_NO_WATCH, semaphore->leases);
}

void
semaphore_delete_node(struct semaphore *semaphore, struct semaphore_node *node,
    enum tag tag)
{
	if (node->name[0] == '\0' || node->deleting)
		return;
	node->deleting = true;
	semaphore_ask(semaphore, SESSION_DELETE, tag, SESSION_NO_WATCH,
	    node->name);
}

/* While leaving: deletes what is known; says when nothing is left. */
enum semaphore_news
semaphore_clear(struct semaphore *semaphore)
{
	/* The lease first: somebody waits for it. */
	semaphore_delete_node(semaphore, &semaphore->lease, TAG_DELETE_LEASE);
	semaphore_delete_node(semaphore, &semaphore->lock, TAG_DELETE_LOCK);
	if (semaphore->lease.name[0] != '\0' || semaphore->lease.pending ||
	    semaphore->lock.name[0] != '\0' || semaphore->lock.pending)
		return SEMAPHORE_NOTHING;
	semaphore_forget(semaphore);
	return SEMAPHORE_LEFT;
}

void
semaphore_init(struct semaphore *semaphore, struct session *session,
    const char *path, const char *data, size_t max_leases)
{
	memset(semaphore, 0, sizeof(*semaphore));
	semaphore->session = session;
	semaphore->data = data;
	semaphore->max_leases = max_leases;
	/* Their lengths are bounded by the options. */
	(void)strlcpy(semaphore->path, path, sizeof(semaphore->path));
	(void)nodename_join(semaphore->locks, sizeof(semaphore->locks), path,
	    "locks");
	(void)nodename_join(semaphore->leases, sizeof(semaphore->leases), path,
	    "leases");
}

void
semaphore_forget(struct semaphore *semaphore)
{
	semaphore_forget_node(&semaphore->lock);
	semaphore_forget_node(&semaphore->lease);
	semaphore->fence = 0;
	semaphore->no_parents = semaphore->parent_denied = false;
	semaphore->beating = false;
	semaphore->state = SEMAPHORE_OUT;
}

void
semaphore_join(struct semaphore *semaphore)
{
	semaphore_forget(semaphore);
	semaphore_stand_in_line(semaphore);
}

void
semaphore_resume(struct semaphore *semaphore)
{
	if (semaphore->state == SEMAPHORE_OUT)
		return;
	semaphore->no_parents = semaphore->beating = false;
	/* First of all: with a lease node it proves that the session lives. */
	if (semaphore->state != SEMAPHORE_IN_LINE)
		semaphore_beat(semaphore);
	/* A server that lags behind would hide a node that exists. */
	semaphore_ask(semaphore, SESSION_SYNC, TAG_SYNC, SESSION_NO_WATCH,
	    semaphore->path);
	semaphore_ask(semaphore, SESSION_LIST, TAG_RESUME_LOCKS,
	    SESSION_NO_WATCH, semaphore->locks);
	semaphore_ask(semaphore, SESSION_LIST, TAG_RESUME_LEASES,
	    SESSION_NO_WATCH, semaphore->leases);
}

void
semaphore_beat(struct semaphore *semaphore)
{
	if (semaphore->beating)
		return;
	switch (semaphore->state) {
	case SEMAPHORE_IN_LINE:
		if (semaphore->lock.name[0] == '\0')
			return;
		semaphore_ask(semaphore, SESSION_GET, TAG_TOUCH,
		    SESSION_NO_WATCH, semaphore->lock.name);
		break;
	case SEMAPHORE_AT_HEAD:
	case SEMAPHORE_HOLDING:
		if (semaphore->lease.name[0] == '\0')
			return;
		semaphore_ask(semaphore, SESSION_BEAT, TAG_BEAT,
		    SESSION_NO_WATCH, semaphore->lease.name);
		break;
	case SEMAPHORE_OUT:
	case SEMAPHORE_LEAVING:
		return;
	}
	semaphore->beating = true;
}

bool
semaphore_is_urgent(const struct semaphore *semaphore)
{
	return semaphore->state == SEMAPHORE_AT_HEAD ||
	    semaphore->state == SEMAPHORE_HOLDING ||
	    semaphore->state == SEMAPHORE_LEAVING;
}

enum semaphore_news
semaphore_leave(struct semaphore *semaphore)
{
	semaphore->state = SEMAPHORE_LEAVING;
	return semaphore_clear(semaphore);
}
