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
#include "session.h"

enum tag {
	TAG_TOP_PARENT,
	TAG_PARENT,
	TAG_CREATE_LOCK,
	TAG_LIST_LOCKS,
	TAG_GET_PREDECESSOR,
	TAG_CREATE_LEASE,
	TAG_LIST_LEASES,
	TAG_GET_LEASE,
	TAG_DELETE_LOCK,
	TAG_DELETE_LEASE,
	TAG_SYNC,
	TAG_BEAT,
	TAG_TOUCH,
	TAG_RESUME_LOCKS,
	TAG_RESUME_LEASES,
};

enum watch {
	WATCH_PREDECESSOR,
	WATCH_LEASES,
	WATCH_LEASE,
};

static void
ask(struct semaphore *semaphore, enum session_operation operation,
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

static void
forget_node(struct semaphore_node *node)
{
	memset(node, 0, sizeof(*node));
}

static enum semaphore_news
fail(struct semaphore *semaphore, bool denied, const char *reason)
{
	semaphore->denied = denied;
	(void)strlcpy(semaphore->reason, reason, sizeof(semaphore->reason));
	return SEMAPHORE_FAILED;
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
	ask(semaphore, SESSION_CREATE_EPHEMERAL, tag, SESSION_NO_WATCH, path);
}

static void
list_locks(struct semaphore *semaphore)
{
	ask(semaphore, SESSION_LIST, TAG_LIST_LOCKS, SESSION_NO_WATCH,
	    semaphore->locks);
}

static void
list_leases(struct semaphore *semaphore)
{
	ask(semaphore, SESSION_LIST, TAG_LIST_LEASES, WATCH_LEASES,
	    semaphore->leases);
}

/* First flight: a place in line, and a look at the line. */
static void
stand_in_line(struct semaphore *semaphore)
{
	semaphore->state = SEMAPHORE_IN_LINE;
	create_node(semaphore, &semaphore->lock, semaphore->locks, "lock",
	    TAG_CREATE_LOCK);
	list_locks(semaphore);
}

/* Second flight: a lease node, and a look at the others. */
static void
take_lease(struct semaphore *semaphore)
{
	semaphore->state = SEMAPHORE_AT_HEAD;
	create_node(semaphore, &semaphore->lease, semaphore->leases, "lease",
	    TAG_CREATE_LEASE);
	list_leases(semaphore);
}

/* Makes every node from the top down to locks and leases, in one flight. */
static void
make_parents(struct semaphore *semaphore)
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
		ask(semaphore, SESSION_CREATE_CONTAINER, tag, SESSION_NO_WATCH,
		    path);
		tag = TAG_PARENT;
	} while (semaphore->path[end] != '\0');
	ask(semaphore, SESSION_CREATE_CONTAINER, tag, SESSION_NO_WATCH,
	    semaphore->locks);
	ask(semaphore, SESSION_CREATE_CONTAINER, tag, SESSION_NO_WATCH,
	    semaphore->leases);
}

static void
delete_node(struct semaphore *semaphore, struct semaphore_node *node,
    enum tag tag)
{
	if (node->name[0] == '\0' || node->deleting)
		return;
	node->deleting = true;
	ask(semaphore, SESSION_DELETE, tag, SESSION_NO_WATCH, node->name);
}

/* While leaving: deletes what is known; says when nothing is left. */
static enum semaphore_news
clear(struct semaphore *semaphore)
{
	/* The lease first: somebody waits for it. */
	delete_node(semaphore, &semaphore->lease, TAG_DELETE_LEASE);
	delete_node(semaphore, &semaphore->lock, TAG_DELETE_LOCK);
	if (semaphore->lease.name[0] != '\0' || semaphore->lease.pending ||
	    semaphore->lock.name[0] != '\0' || semaphore->lock.pending)
		return SEMAPHORE_NOTHING;
	semaphore_forget(semaphore);
	return SEMAPHORE_LEFT;
}

/* The reply to a create of ours. */
static enum semaphore_news
take_created(struct semaphore *semaphore, struct semaphore_node *node,
    const struct session_event *event)
{
	node->pending = false;
	switch (event->code) {
	case SESSION_OK:
		(void)strlcpy(node->name, event->name, sizeof(node->name));
		if (node == &semaphore->lease)
			semaphore->fence = event->czxid;
		break;
	case SESSION_NO_NODE:
		/* Never made, or reaped a moment ago; the list comes next. */
		semaphore->no_parents = true;
		break;
	case SESSION_EXISTS:
	case SESSION_DENIED:
	case SESSION_UNSUPPORTED:
	case SESSION_REFUSED:
		if (semaphore->state != SEMAPHORE_LEAVING)
			return fail(semaphore, event->code == SESSION_DENIED,
			    event->reason);
		break;
	}
	return semaphore->state == SEMAPHORE_LEAVING ? clear(semaphore) :
	    SEMAPHORE_NOTHING;
}

/* Creates found no parents: makes them and stands where we stood again. */
static enum semaphore_news
start_from_parents(struct semaphore *semaphore,
    void (*again)(struct semaphore *))
{
	if (semaphore->parent_denied)
		return fail(semaphore, true,
		    "its parents are missing and may not be made");
	make_parents(semaphore);
	again(semaphore);
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_line(struct semaphore *semaphore, const struct session_event *event)
{
	const char *own, *predecessor;
	char path[SEMAPHORE_PATH_SIZE];

	if (semaphore->no_parents)
		return start_from_parents(semaphore, stand_in_line);
	own = nodename_find(semaphore->lock.uuid, event->names, event->count);
	if (own == NULL) {
		/* Somebody deleted our node: to the end of the line. */
		semaphore_join(semaphore);
		return SEMAPHORE_NOTHING;
	}
	semaphore->ahead = nodename_ahead(own, event->names, event->count,
	    &predecessor);
	if (predecessor == NULL) {
		take_lease(semaphore);
		return SEMAPHORE_NOTHING;
	}
	/* Only this one is watched: no herd, and first come, first served. */
	if (!nodename_join(path, sizeof(path), semaphore->locks, predecessor))
		return fail(semaphore, false, "a foreign node has a long name");
	ask(semaphore, SESSION_GET, TAG_GET_PREDECESSOR, WATCH_PREDECESSOR,
	    path);
	return SEMAPHORE_WAITING;
}

static enum semaphore_news
take_leases(struct semaphore *semaphore, const struct session_event *event)
{
	if (semaphore->no_parents)
		return start_from_parents(semaphore, take_lease);
	if (nodename_find(semaphore->lease.uuid, event->names,
	    event->count) == NULL) {
		forget_node(&semaphore->lease);
		take_lease(semaphore);
		return SEMAPHORE_NOTHING;
	}
	/* Every child counts, whatever its name. */
	if (event->count > semaphore->max_leases) {
		semaphore->ahead = 0;
		return SEMAPHORE_WAITING;
	}
	semaphore->state = SEMAPHORE_HOLDING;
	/* Nobody waits for these replies: the next in line and the watch. */
	delete_node(semaphore, &semaphore->lock, TAG_DELETE_LOCK);
	ask(semaphore, SESSION_GET, TAG_GET_LEASE, WATCH_LEASE,
	    semaphore->lease.name);
	return SEMAPHORE_ACQUIRED;
}

/* What of ours there is, after a lost contact. */
static enum semaphore_news
take_resumed(struct semaphore *semaphore, struct semaphore_node *node,
    const char *parent, const struct session_event *event)
{
	const char *name;

	node->pending = false;
	node->deleting = false;
	node->name[0] = '\0';
	name = nodename_find(node->uuid, event->names, event->count);
	if (name != NULL)
		(void)nodename_join(node->name, sizeof(node->name), parent,
		    name);
	if (node == &semaphore->lock)
		return SEMAPHORE_NOTHING;	/* the leases come next */

	switch (semaphore->state) {
	case SEMAPHORE_OUT:
		break;
	case SEMAPHORE_LEAVING:
		return clear(semaphore);
	case SEMAPHORE_HOLDING:
		if (name == NULL)
			return SEMAPHORE_LOST;
		delete_node(semaphore, &semaphore->lock, TAG_DELETE_LOCK);
		ask(semaphore, SESSION_GET, TAG_GET_LEASE, WATCH_LEASE,
		    semaphore->lease.name);
		break;
	case SEMAPHORE_IN_LINE:
	case SEMAPHORE_AT_HEAD:
		if (semaphore->lease.name[0] != '\0') {
			/* Its reply was lost, and with it the fence. */
			ask(semaphore, SESSION_GET, TAG_GET_LEASE,
			    SESSION_NO_WATCH, semaphore->lease.name);
			list_leases(semaphore);
		} else if (semaphore->lock.name[0] != '\0') {
			semaphore->state = SEMAPHORE_IN_LINE;
			list_locks(semaphore);
		} else
			semaphore_join(semaphore);
		break;
	}
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_parent(struct semaphore *semaphore, bool top,
    const struct session_event *event)
{
	switch (event->code) {
	case SESSION_OK:
	case SESSION_EXISTS:
		break;
	case SESSION_NO_NODE:
		/* Only a chroot is above the topmost; others were reaped. */
		if (top)
			return fail(semaphore, false,
			    "the chroot of the connect string does not exist");
		break;
	case SESSION_DENIED:
		/* Also said of a node that exists: the create will tell. */
		semaphore->parent_denied = true;
		break;
	case SESSION_UNSUPPORTED:
	case SESSION_REFUSED:
		return fail(semaphore, false, event->reason);
	}
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_predecessor(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->code == SESSION_NO_NODE)
		list_locks(semaphore);
	else if (event->code != SESSION_OK)
		return fail(semaphore, event->code == SESSION_DENIED,
		    event->reason);
	return SEMAPHORE_NOTHING;
}

/* A look at our own lease node. */
static enum semaphore_news
take_lease_stat(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->code == SESSION_OK)
		semaphore->fence = event->czxid;
	else if (event->code == SESSION_NO_NODE &&
	    semaphore->state == SEMAPHORE_HOLDING)
		return SEMAPHORE_LOST;
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_deleted(struct semaphore *semaphore, struct semaphore_node *node,
    const struct session_event *event)
{
	/* Gone is gone, whoever did it. */
	if (event->code == SESSION_OK || event->code == SESSION_NO_NODE)
		forget_node(node);
	else if (semaphore->state == SEMAPHORE_LEAVING)
		return fail(semaphore, event->code == SESSION_DENIED,
		    event->reason);
	return semaphore->state == SEMAPHORE_LEAVING ? clear(semaphore) :
	    SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_change(struct semaphore *semaphore, enum watch watch)
{
	switch (watch) {
	case WATCH_PREDECESSOR:
		if (semaphore->state == SEMAPHORE_IN_LINE)
			list_locks(semaphore);
		break;
	case WATCH_LEASES:
		if (semaphore->state == SEMAPHORE_AT_HEAD)
			list_leases(semaphore);
		break;
	case WATCH_LEASE:
		if (semaphore->state == SEMAPHORE_HOLDING)
			ask(semaphore, SESSION_GET, TAG_GET_LEASE, WATCH_LEASE,
			    semaphore->lease.name);
		break;
	}
	return SEMAPHORE_NOTHING;
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
	forget_node(&semaphore->lock);
	forget_node(&semaphore->lease);
	semaphore->fence = 0;
	semaphore->no_parents = semaphore->parent_denied = false;
	semaphore->beating = false;
	semaphore->state = SEMAPHORE_OUT;
}

void
semaphore_join(struct semaphore *semaphore)
{
	semaphore_forget(semaphore);
	stand_in_line(semaphore);
}

void
semaphore_resume(struct semaphore *semaphore)
{
	if (semaphore->state == SEMAPHORE_OUT)
		return;
	semaphore->no_parents = semaphore->beating = false;
	/* First of all: it proves that the session lives. */
	if (semaphore->state != SEMAPHORE_LEAVING &&
	    semaphore_has_lease(semaphore))
		semaphore_beat(semaphore);
	/* A server that lags behind would hide a node that exists. */
	ask(semaphore, SESSION_SYNC, TAG_SYNC, SESSION_NO_WATCH,
	    semaphore->path);
	ask(semaphore, SESSION_LIST, TAG_RESUME_LOCKS, SESSION_NO_WATCH,
	    semaphore->locks);
	ask(semaphore, SESSION_LIST, TAG_RESUME_LEASES, SESSION_NO_WATCH,
	    semaphore->leases);
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
		ask(semaphore, SESSION_GET, TAG_TOUCH, SESSION_NO_WATCH,
		    semaphore->lock.name);
		break;
	case SEMAPHORE_AT_HEAD:
	case SEMAPHORE_HOLDING:
		if (semaphore->lease.name[0] == '\0')
			return;
		ask(semaphore, SESSION_BEAT, TAG_BEAT, SESSION_NO_WATCH,
		    semaphore->lease.name);
		break;
	case SEMAPHORE_OUT:
	case SEMAPHORE_LEAVING:
		return;
	}
	semaphore->beating = true;
}

bool
semaphore_has_lease(const struct semaphore *semaphore)
{
	return semaphore->state == SEMAPHORE_AT_HEAD ||
	    semaphore->state == SEMAPHORE_HOLDING;
}

enum semaphore_news
semaphore_leave(struct semaphore *semaphore)
{
	semaphore->state = SEMAPHORE_LEAVING;
	return clear(semaphore);
}

enum semaphore_news
semaphore_take(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->type == SESSION_CHANGED)
		return take_change(semaphore, (enum watch)event->tag);
	switch ((enum tag)event->tag) {
	case TAG_TOP_PARENT:
	case TAG_PARENT:
		if (semaphore->state == SEMAPHORE_LEAVING)
			break;
		return take_parent(semaphore, event->tag == TAG_TOP_PARENT,
		    event);
	case TAG_CREATE_LOCK:
		return take_created(semaphore, &semaphore->lock, event);
	case TAG_CREATE_LEASE:
		return take_created(semaphore, &semaphore->lease, event);
	case TAG_LIST_LOCKS:
		if (semaphore->state == SEMAPHORE_IN_LINE)
			return take_line(semaphore, event);
		break;
	case TAG_LIST_LEASES:
		if (semaphore->state == SEMAPHORE_AT_HEAD)
			return take_leases(semaphore, event);
		break;
	case TAG_GET_PREDECESSOR:
		if (semaphore->state == SEMAPHORE_IN_LINE)
			return take_predecessor(semaphore, event);
		break;
	case TAG_GET_LEASE:
		return take_lease_stat(semaphore, event);
	case TAG_DELETE_LOCK:
		return take_deleted(semaphore, &semaphore->lock, event);
	case TAG_DELETE_LEASE:
		return take_deleted(semaphore, &semaphore->lease, event);
	case TAG_RESUME_LOCKS:
		return take_resumed(semaphore, &semaphore->lock,
		    semaphore->locks, event);
	case TAG_RESUME_LEASES:
		return take_resumed(semaphore, &semaphore->lease,
		    semaphore->leases, event);
	case TAG_BEAT:
		semaphore->beating = false;
		if (event->code == SESSION_NO_NODE &&
		    semaphore->state == SEMAPHORE_HOLDING)
			return SEMAPHORE_LOST;
		break;
	case TAG_TOUCH:
		semaphore->beating = false;
		if (event->code == SESSION_NO_NODE &&
		    semaphore->state == SEMAPHORE_IN_LINE)
			list_locks(semaphore);
		break;
	case TAG_SYNC:
		break;
	}
	return SEMAPHORE_NOTHING;
}
