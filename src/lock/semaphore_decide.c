/*
 * What a reply or a fired watch means to the semaphore.
 */
#include "lock/semaphore.h"

#include <string.h>

#include "lock/nodedata.h"
#include "lock/nodename.h"
#include "lock/semaphore_private.h"
#include "zookeeper/session.h"

/* Whether the name is the one that was asked for, and a number behind it. */
static bool
is_ours(const struct semaphore *semaphore, struct semaphore_node *node,
    const char *name)
{
	bool is_lease = node == &semaphore->lease;
	char path[SEMAPHORE_PATH_SIZE];
	size_t length;

	semaphore_name_node(node, is_lease ? semaphore->leases :
	    semaphore->locks, is_lease ? "lease" : "lock", path);
	length = strlen(path);
	return strncmp(name, path, length) == 0 && name[length] != '\0' &&
	    name[length + strspn(name + length, "-0123456789")] == '\0';
}

/*
 * Whether what the server says of a node of ours can be so: there is no
 * checksum in the protocol, and what a bad line has changed, or left of a reply
 * that was cut, reaches us as any other.
 */
static bool
is_credible(const struct semaphore *semaphore,
    const struct session_event *event)
{
	/* Ephemeral of this very session; and nothing was ever below it. */
	return event->owner == semaphore->session->identity.id &&
	    event->czxid > 0 && event->children_zxid == event->czxid;
}

static enum semaphore_news
fail_to_believe(struct semaphore *semaphore)
{
	return semaphore_fail(semaphore, SEMAPHORE_REFUSED,
	    "the server says of a node of ours what cannot be so");
}

/* The reply to a create of ours. */
static enum semaphore_news
take_created(struct semaphore *semaphore, struct semaphore_node *node,
    const struct session_event *event)
{
	node->pending = false;
	switch (event->code) {
	case SESSION_OK:
		/* Beats and deletes with a garbled name would go nowhere. */
		if (!is_ours(semaphore, node, event->name))
			return semaphore_fail(semaphore, SEMAPHORE_REFUSED,
			    "the server has made another node than was asked "
			    "for");
		(void)strlcpy(node->name, event->name, sizeof(node->name));
		/* What is above it is there, whatever was said of making it. */
		semaphore->parent_denied = false;
		/* A plain create tells nothing but the name. */
		if (event->czxid != 0 && !is_credible(semaphore, event) &&
		    semaphore->state != SEMAPHORE_LEAVING)
			return fail_to_believe(semaphore);
		if (node == &semaphore->lease) {
			semaphore->fence = event->czxid;
			semaphore->began_ms = event->made_ms;
			semaphore->seen_ms = event->read_ms;
		}
		break;
	case SESSION_NO_NODE:
		/* Never made, or reaped a moment ago; the list comes next. */
		semaphore->no_parents = true;
		break;
	case SESSION_UNSUPPORTED:
		/* It will not be in the list, and the next try is a plain one. */
		break;
	case SESSION_EXISTS:
	case SESSION_STALE:
	case SESSION_DENIED:
	case SESSION_REFUSED:
		if (semaphore->state != SEMAPHORE_LEAVING)
			return semaphore_fail_with(semaphore, event);
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
		return semaphore_fail(semaphore, SEMAPHORE_DENIED,
		    "an ACL forbids to make nodes in it or above it");
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
		return semaphore_fail_with(semaphore, event);
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
		return semaphore_fail(semaphore, SEMAPHORE_REFUSED,
		    "a foreign node has a long name");
	semaphore_ask(semaphore, SESSION_GET, TAG_GET_PREDECESSOR,
	    WATCH_PREDECESSOR, path);
	return SEMAPHORE_WAITING;
}

static enum semaphore_news
hold(struct semaphore *semaphore)
{
	semaphore->state = SEMAPHORE_HOLDING;
	return SEMAPHORE_ACQUIRED;
}

/*
 * Where a single lease is in the way, that it has gone is all there is to know,
 * if nothing else has changed before; so it is watched besides.  Ours is for
 * whoever asks us to give it up before we hold it.
 */
static void
watch_rival(struct semaphore *semaphore, const struct session_event *event)
{
	const char *own, *rival;
	char path[SEMAPHORE_PATH_SIZE];

	semaphore->has_rival = false;
	/* With something to be read along, a look at all is needed anyway. */
	if (semaphore->max_leases != 1 || event->count != 2 ||
	    semaphore->along != NULL)
		return;
	own = nodename_find(semaphore->lease.uuid, event->names, event->count);
	rival = own == event->names[0] ? event->names[1] : event->names[0];
	if (!nodename_join(path, sizeof(path), semaphore->leases, rival))
		return;
	semaphore->has_rival = true;
	semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE, WATCH_LEASE,
	    semaphore->lease.name);
	semaphore_ask(semaphore, SESSION_GET, TAG_GET_RIVAL, WATCH_RIVAL, path);
}

static enum semaphore_news
take_leases(struct semaphore *semaphore, const struct session_event *event)
{
	if (semaphore->lease.pending)
		return SEMAPHORE_NOTHING;
	if (semaphore->no_parents)
		return start_from_parents(semaphore, semaphore_take_lease);
	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return semaphore_fail_with(semaphore, event);
	if (nodename_find(semaphore->lease.uuid, event->names,
	    event->count) == NULL) {
		semaphore_forget_node(&semaphore->lease);
		semaphore_take_lease(semaphore);
		return SEMAPHORE_NOTHING;
	}
	if (semaphore->fence == 0) {
		/* A plain create does not tell; the list to judge by is next. */
		semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE,
		    SESSION_NO_WATCH, semaphore->lease.name);
		semaphore_list_leases(semaphore);
		return SEMAPHORE_NOTHING;
	}
	semaphore->own_leases = event->version == SEMAPHORE_OWN_VERSION;
	/* Every child counts, whatever its name. */
	if (event->count > semaphore->max_leases) {
		semaphore->ahead = 0;
		semaphore->waited = true;
		watch_rival(semaphore, event);
		return SEMAPHORE_WAITING;
	}
	/* Its data changes when somebody asks us to give the lease up. */
	semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE, WATCH_LEASE,
	    semaphore->lease.name);
	return hold(semaphore);
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
			return semaphore_fail(semaphore, SEMAPHORE_NO_CHROOT,
			    "the chroot of the connect string does not exist");
		break;
	case SESSION_DENIED:
		/* Also said of a node that exists: the create will tell. */
		semaphore->parent_denied = true;
		break;
	case SESSION_UNSUPPORTED:
		/* Who needs it does not find it, and makes a plain one. */
		break;
	case SESSION_STALE:
	case SESSION_REFUSED:
		return semaphore_fail(semaphore, SEMAPHORE_REFUSED, event->reason);
	}
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_predecessor(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->code == SESSION_NO_NODE)
		semaphore_list_locks(semaphore);
	else if (event->code != SESSION_OK)
		return semaphore_fail_with(semaphore, event);
	return SEMAPHORE_NOTHING;
}

/* A look at our own lease node. */
static enum semaphore_news
take_lease_stat(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->code == SESSION_OK && !is_credible(semaphore, event))
		/* Of one that is held, every beat says that it is there. */
		return semaphore->state == SEMAPHORE_HOLDING ||
		    semaphore->state == SEMAPHORE_LEAVING ||
		    semaphore->state == SEMAPHORE_OUT ?
		    SEMAPHORE_NOTHING : fail_to_believe(semaphore);
	if (event->code == SESSION_OK) {
		/* Unknown if the reply to the create was lost. */
		if (semaphore->fence == 0)
			semaphore->seen_ms = event->read_ms;
		semaphore->fence = event->czxid;
		semaphore->began_ms = event->made_ms;
		if (semaphore->state == SEMAPHORE_WALKING_IN) {
			semaphore->own_leases = true;
			return hold(semaphore);
		}
		if (!nodedata_get(event->data, NODEDATA_REVOKE,
		    semaphore->reason, sizeof(semaphore->reason)))
			return SEMAPHORE_NOTHING;
		if (semaphore->state == SEMAPHORE_HOLDING)
			return SEMAPHORE_REVOKED;
		/* To be seen again once it is held. */
		semaphore->has_rival = false;
	}
	if (semaphore->state == SEMAPHORE_HOLDING)
		return event->code == SESSION_NO_NODE ? SEMAPHORE_LOST :
		    SEMAPHORE_NOTHING;
	/* Made, and this was to say so; nothing else follows. */
	if (semaphore->state != SEMAPHORE_WALKING_IN ||
	    semaphore->lease.name[0] == '\0')
		return SEMAPHORE_NOTHING;
	if (event->code != SESSION_NO_NODE)
		return semaphore_fail_with(semaphore, event);
	/* Deleted by somebody before we saw it. */
	semaphore_join(semaphore);
	return SEMAPHORE_NOTHING;
}

/* The reply to semaphore_walk_in(). */
static enum semaphore_news
take_walked_in(struct semaphore *semaphore,
    const struct session_event *event)
{
	semaphore->lease.pending = false;
	if (event->code == SESSION_OK)
		semaphore_name_first_lease(semaphore, semaphore->lease.name);
	if (semaphore->state == SEMAPHORE_LEAVING)
		return semaphore_clear(semaphore);
	if (event->code == SESSION_OK)
		return SEMAPHORE_NOTHING;
	semaphore_forget_node(&semaphore->lease);
	if (event->code == SESSION_EXISTS)
		semaphore->parent_denied = false;
	if (event->code == SESSION_NO_NODE && !semaphore->made_parents) {
		semaphore->made_parents = true;
		semaphore_make_path(semaphore);
		semaphore_walk_in(semaphore);
		return SEMAPHORE_NOTHING;
	}
	/* Most likely missing: who walked in needed no line. */
	semaphore_ask(semaphore, SESSION_CREATE_CONTAINER, TAG_PARENT,
	    SESSION_NO_WATCH, semaphore->locks);
	semaphore_stand_in_line(semaphore);
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_beat(struct semaphore *semaphore, const struct session_event *event)
{
	semaphore->beating = false;
	if (event->code != SESSION_NO_NODE)
		return SEMAPHORE_NOTHING;
	if (semaphore->state == SEMAPHORE_HOLDING && event->failed_step == 0)
		return SEMAPHORE_LOST;
	/* A lease that is gone there shows in the list. */
	if (semaphore->state == SEMAPHORE_AT_HEAD && event->failed_step == 1)
		semaphore_join_again(semaphore);
	return SEMAPHORE_NOTHING;
}

/* The reply to semaphore_settle(), where it was two steps. */
static enum semaphore_news
take_entered(struct semaphore *semaphore, const struct session_event *event)
{
	semaphore->lock.deleting = false;
	if (event->code == SESSION_OK ||
	    (event->code == SESSION_NO_NODE && event->failed_step == 1)) {
		semaphore_forget_node(&semaphore->lock);
		return semaphore->state == SEMAPHORE_LEAVING ?
		    semaphore_clear(semaphore) : SEMAPHORE_NOTHING;
	}
	/* Without the time, then; a lease that is gone shows by itself. */
	semaphore_delete_node(semaphore, &semaphore->lock, TAG_DELETE_LOCK);
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_deleted(struct semaphore *semaphore, struct semaphore_node *node,
    const struct session_event *event)
{
	/* Gone is gone, whoever did it. */
	if (event->code == SESSION_OK || event->code == SESSION_NO_NODE)
		semaphore_forget_node(node);
	else {
		/* It may be ours to delete when we leave. */
		node->deleting = false;
		if (semaphore->state == SEMAPHORE_LEAVING)
			return semaphore_fail_with(semaphore, event);
	}
	return semaphore->state == SEMAPHORE_LEAVING ?
	    semaphore_clear(semaphore) : SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_change(struct semaphore *semaphore, const struct session_event *event)
{
	switch ((enum watch)event->tag) {
	case WATCH_PREDECESSOR:
		if (semaphore->state == SEMAPHORE_IN_LINE)
			semaphore_list_locks(semaphore);
		break;
	case WATCH_LEASE:
		if (semaphore->state == SEMAPHORE_HOLDING)
			semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE,
			    WATCH_LEASE, semaphore->lease.name);
		/* FALLTHROUGH */
	case WATCH_LEASES:
	case WATCH_RIVAL:
		if (semaphore->state != SEMAPHORE_AT_HEAD)
			break;
		/* Of one change the rival's watch fires first. */
		if (event->tag == WATCH_RIVAL && event->gone &&
		    semaphore->has_rival)
			return hold(semaphore);
		semaphore->has_rival = false;
		semaphore_list_leases(semaphore);
		break;
	}
	return SEMAPHORE_NOTHING;
}

enum semaphore_news
semaphore_take(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->type == SESSION_CHANGED)
		return take_change(semaphore, event);
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
	case TAG_RESUME_LEASES:
		return semaphore_take_resumed(semaphore, event);
	case TAG_STRAYS_LOCKS:
	case TAG_STRAYS_LEASES:
		semaphore_take_strays(semaphore, event);
		break;
	case TAG_BEAT:
		return take_beat(semaphore, event);
	case TAG_TOUCH:
		semaphore->beating = false;
		if (event->code == SESSION_NO_NODE &&
		    semaphore->state == SEMAPHORE_IN_LINE)
			semaphore_list_locks(semaphore);
		break;
	case TAG_WALK_IN:
		return take_walked_in(semaphore, event);
	case TAG_ENTER:
		return take_entered(semaphore, event);
	case TAG_GET_RIVAL:	/* what there is to know its watch tells */
	case TAG_DELETE_STRAY:
	case TAG_TIDY:
	case TAG_SYNC:
		break;
	}
	return SEMAPHORE_NOTHING;
}
