/*
 * What a reply or a fired watch means to the semaphore.
 */
#include "semaphore.h"

#include <string.h>

#include "nodename.h"
#include "semaphore_steps.h"
#include "session.h"

static enum semaphore_news
fail(struct semaphore *semaphore, enum semaphore_failure failure,
    const char *reason)
{
	semaphore->failure = failure;
	(void)strlcpy(semaphore->reason, reason, sizeof(semaphore->reason));
	return SEMAPHORE_FAILED;
}

static enum semaphore_news
fail_with(struct semaphore *semaphore, const struct session_event *event)
{
	return fail(semaphore, event->code == SESSION_DENIED ?
	    SEMAPHORE_DENIED : SEMAPHORE_REFUSED, event->reason);
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
			return fail_with(semaphore, event);
		break;
	}
	return semaphore->state == SEMAPHORE_LEAVING ?
	    semaphore_clear(semaphore) : SEMAPHORE_NOTHING;
}

/* Creates found no parents: makes them and stands where we stood again. */
static enum semaphore_news
start_from_parents(struct semaphore *semaphore,
    void (*again)(struct semaphore *))
{
	if (semaphore->parent_denied)
		return fail(semaphore, SEMAPHORE_DENIED,
		    "its parents are missing and may not be made");
	semaphore_make_parents(semaphore);
	again(semaphore);
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_line(struct semaphore *semaphore, const struct session_event *event)
{
	const char *own, *predecessor;
	char path[SEMAPHORE_PATH_SIZE];

	/* A list of before our create, which is answered first. */
	if (semaphore->lock.pending)
		return SEMAPHORE_NOTHING;
	if (semaphore->no_parents)
		return start_from_parents(semaphore, semaphore_stand_in_line);
	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return fail_with(semaphore, event);
	own = nodename_find(semaphore->lock.uuid, event->names, event->count);
	if (own == NULL) {
		/* Somebody deleted our node: to the end of the line. */
		semaphore_join(semaphore);
		return SEMAPHORE_NOTHING;
	}
	semaphore->ahead = nodename_ahead(own, event->names, event->count,
	    &predecessor);
	if (predecessor == NULL) {
		semaphore_take_lease(semaphore);
		return SEMAPHORE_NOTHING;
	}
	/* Only this one is watched: no herd, and first come, first served. */
	if (!nodename_join(path, sizeof(path), semaphore->locks, predecessor))
		return fail(semaphore, SEMAPHORE_REFUSED,
		    "a foreign node has a long name");
	semaphore_ask(semaphore, SESSION_GET, TAG_GET_PREDECESSOR,
	    WATCH_PREDECESSOR, path);
	return SEMAPHORE_WAITING;
}

static enum semaphore_news
take_leases(struct semaphore *semaphore, const struct session_event *event)
{
	if (semaphore->lease.pending)
		return SEMAPHORE_NOTHING;
	if (semaphore->no_parents)
		return start_from_parents(semaphore, semaphore_take_lease);
	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return fail_with(semaphore, event);
	if (nodename_find(semaphore->lease.uuid, event->names,
	    event->count) == NULL) {
		semaphore_forget_node(&semaphore->lease);
		semaphore_take_lease(semaphore);
		return SEMAPHORE_NOTHING;
	}
	/* Every child counts, whatever its name. */
	if (event->count > semaphore->max_leases) {
		semaphore->ahead = 0;
		return SEMAPHORE_WAITING;
	}
	semaphore->state = SEMAPHORE_HOLDING;
	/* Nobody waits for these replies: the next in line and the watch. */
	semaphore_delete_node(semaphore, &semaphore->lock, TAG_DELETE_LOCK);
	semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE, WATCH_LEASE,
	    semaphore->lease.name);
	return SEMAPHORE_ACQUIRED;
}

/* What of ours there is, after a lost contact. */
static enum semaphore_news
take_resumed(struct semaphore *semaphore, struct semaphore_node *node,
    const char *parent, const struct session_event *event)
{
	const char *name;

	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return fail_with(semaphore, event);
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
		return semaphore_clear(semaphore);
	case SEMAPHORE_HOLDING:
		if (name == NULL)
			return SEMAPHORE_LOST;
		semaphore_delete_node(semaphore, &semaphore->lock,
		    TAG_DELETE_LOCK);
		semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE,
		    WATCH_LEASE, semaphore->lease.name);
		break;
	case SEMAPHORE_IN_LINE:
	case SEMAPHORE_AT_HEAD:
		if (semaphore->lease.name[0] != '\0') {
			/* Its reply was lost, and with it the fence. */
			semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE,
			    SESSION_NO_WATCH, semaphore->lease.name);
			semaphore_list_leases(semaphore);
		} else if (semaphore->lock.name[0] != '\0') {
			semaphore->state = SEMAPHORE_IN_LINE;
			semaphore_list_locks(semaphore);
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
			return fail(semaphore, SEMAPHORE_NO_CHROOT,
			    "the chroot of the connect string does not exist");
		break;
	case SESSION_DENIED:
		/* Also said of a node that exists: the create will tell. */
		semaphore->parent_denied = true;
		break;
	case SESSION_UNSUPPORTED:
	case SESSION_REFUSED:
		return fail(semaphore, SEMAPHORE_REFUSED, event->reason);
	}
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_predecessor(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->code == SESSION_NO_NODE)
		semaphore_list_locks(semaphore);
	else if (event->code != SESSION_OK)
		return fail_with(semaphore, event);
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
		semaphore_forget_node(node);
	else if (semaphore->state == SEMAPHORE_LEAVING)
		return fail_with(semaphore, event);
	return semaphore->state == SEMAPHORE_LEAVING ?
	    semaphore_clear(semaphore) : SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_change(struct semaphore *semaphore, enum watch watch)
{
	switch (watch) {
	case WATCH_PREDECESSOR:
		if (semaphore->state == SEMAPHORE_IN_LINE)
			semaphore_list_locks(semaphore);
		break;
	case WATCH_LEASES:
		if (semaphore->state == SEMAPHORE_AT_HEAD)
			semaphore_list_leases(semaphore);
		break;
	case WATCH_LEASE:
		if (semaphore->state == SEMAPHORE_HOLDING)
			semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE,
			    WATCH_LEASE, semaphore->lease.name);
		break;
	}
	return SEMAPHORE_NOTHING;
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
			semaphore_list_locks(semaphore);
		break;
	case TAG_SYNC:
		break;
	}
	return SEMAPHORE_NOTHING;
}
