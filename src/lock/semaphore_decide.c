/*
 * What a reply or a fired watch means to the semaphore.
 */
#include "lock/semaphore.h"

#include <stdio.h>
#include <string.h>

#include "lock/nodedata.h"
#include "lock/nodename.h"
#include "lock/semaphore_private.h"
#include "zookeeper/session.h"

#define LATEST_MS	(INT64_MAX / 2)		/* no clock shows so late a time */

/* Whether the name is the one that was asked for, with a number behind it. */
static bool
is_ours(struct semaphore_node *node, const char *name)
{
	char path[SEMAPHORE_PATH_SIZE];
	size_t length;

	semaphore_name_node(node, path);
	length = strlen(path);
	return strncmp(name, path, length) == 0 && name[length] != '\0' &&
	    name[length + strspn(name + length, "-0123456789")] == '\0';
}

/*
 * Takes what the server says of a node of ours, if that can be true.  The
 * protocol has no checksum, so a reply that a bad line has changed or cut
 * reaches us as any other.
 */
static enum semaphore_news
believe(struct semaphore *semaphore, const struct session_event *event)
{
	struct semaphore_claim *claim = &semaphore->claim;

	/* Ephemeral of this very session; and nothing was ever below it. */
	if (event->owner != semaphore->session->identity.id ||
	    event->czxid <= 0 || event->children_zxid != event->czxid ||
	    event->made_ms < 0 || event->made_ms > LATEST_MS)
		return semaphore_fail(semaphore, SEMAPHORE_REFUSED,
		    "the server reports impossible facts about our node");
	if (claim->joined_ms == 0)
		claim->joined_ms = event->made_ms;
	if (event->tag == TAG_CREATE_LOCK || event->tag == TAG_GET_LOCK)
		return SEMAPHORE_NOTHING;
	if (claim->fence == 0)
		claim->seen_ms = event->read_ms;
	claim->fence = event->czxid;
	claim->made_ms = event->made_ms;
	return SEMAPHORE_NOTHING;
}

/* A look at our place.  One that is gone shows in the queue. */
static enum semaphore_news
take_place(struct semaphore *semaphore, const struct session_event *event)
{
	return event->code == SESSION_OK ? believe(semaphore, event) :
	    SEMAPHORE_NOTHING;
}

/* A create has failed in a way that the next try may not. */
static enum semaphore_news
create_again(struct semaphore *semaphore, bool is_lease,
    enum session_code code)
{
	/* Never made, or a server has reaped it a moment ago. */
	if (code == SESSION_NO_NODE) {
		if (semaphore->parents == PARENTS_DENIED)
			return SEMAPHORE_FAILED;	/* as that was said */
		semaphore_make_parents(semaphore);
	}
	if (is_lease)
		semaphore_take_lease(semaphore);
	else
		semaphore_join_queue(semaphore);
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_created(struct semaphore *semaphore, const struct session_event *event)
{
	bool is_lease = event->tag == TAG_CREATE_LEASE;
	struct semaphore_node *node = is_lease ? &semaphore->lease :
	    &semaphore->lock;

	node->pending = false;
	if (event->code == SESSION_OK) {
		/* Beats and deletes with a garbled name would go nowhere. */
		if (!is_ours(node, event->name))
			return semaphore_fail(semaphore, SEMAPHORE_REFUSED,
			    "the server created a node with another name than "
			    "requested");
		(void)strlcpy(node->name, event->name, sizeof(node->name));
		/* What is above it exists, whatever was said of making it. */
		semaphore->parents = PARENTS_EXPECTED;
	}
	if (semaphore_is_leaving(semaphore))
		return semaphore_clear(semaphore);
	/* After SESSION_UNSUPPORTED creates are plain ones. */
	if (event->code == SESSION_NO_NODE || event->code == SESSION_UNSUPPORTED)
		return create_again(semaphore, is_lease, event->code);
	if (event->code != SESSION_OK)
		return semaphore_fail_with(semaphore, event);
	if (event->czxid != 0)
		return believe(semaphore, event);
	/* A plain create tells nothing but the name. */
	if (!is_lease)
		semaphore_ask_joined(semaphore);
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
hold(struct semaphore *semaphore)
{
	semaphore->state = STATE_HOLDING;
	return SEMAPHORE_ACQUIRED;
}

/*
 * A single lease that is in our way is watched by name.  When it goes, and
 * nothing else has changed before, ours is the only one.  Our own is watched for
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
	if (!nodename_join(path, sizeof(path), semaphore->lease.parent, rival))
		return;
	semaphore->has_rival = true;
	semaphore_watch_lease(semaphore);
	semaphore_watch(semaphore, SESSION_GET, TAG_GET_RIVAL, WATCH_RIVAL,
	    path);
}

static enum semaphore_news
take_leases(struct semaphore *semaphore, const struct session_event *event)
{
	/* A list of before our create, which is answered first. */
	if (semaphore->lease.pending)
		return SEMAPHORE_NOTHING;
	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return semaphore_fail_with(semaphore, event);
	if (nodename_find(semaphore->lease.uuid, event->names,
	    event->count) == NULL) {
		semaphore_forget_node(&semaphore->lease);
		semaphore_take_lease(semaphore);
		return SEMAPHORE_NOTHING;
	}
	if (semaphore->claim.fence == 0) {
		/* A plain create does not tell; the list to judge by is next. */
		semaphore_watch_lease(semaphore);
		semaphore_list_leases(semaphore);
		return SEMAPHORE_NOTHING;
	}
	semaphore->untidy = event->version == PATHS_OWN_VERSION;
	/* Every child counts, whatever its name. */
	if (event->count > semaphore->max_leases) {
		semaphore->claim.ahead = 0;
		semaphore->waited = true;
		semaphore->claim.is_paused = nodename_find_pause(event->names,
		    event->count) != NULL;
		semaphore_doubt_head(semaphore, event->count);
		watch_rival(semaphore, event);
		return SEMAPHORE_WAITING;
	}
	semaphore_watch_lease(semaphore);
	return hold(semaphore);
}

static enum semaphore_news
take_parent(struct semaphore *semaphore, const struct session_event *event)
{
	struct semaphore_claim *claim = &semaphore->claim;

	if (semaphore_is_leaving(semaphore))
		return SEMAPHORE_NOTHING;
	/* Only a chroot is above the topmost; others were reaped. */
	if (event->code == SESSION_NO_NODE && event->tag == TAG_TOP_PARENT)
		return semaphore_fail(semaphore, SEMAPHORE_NO_CHROOT,
		    "the chroot of the connect string does not exist");
	/* Also said of a node that exists: the create will tell. */
	if (event->code == SESSION_DENIED) {
		semaphore->parents = PARENTS_DENIED;
		claim->failure = SEMAPHORE_DENIED;
		(void)snprintf(claim->reason, sizeof(claim->reason),
		    "cannot create it or a parent of it: %.100s", event->reason);
	}
	/* After SESSION_UNSUPPORTED the create below makes a plain one. */
	return event->code == SESSION_STALE || event->code == SESSION_REFUSED ?
	    semaphore_fail_with(semaphore, event) : SEMAPHORE_NOTHING;
}

/* The look behind semaphore_walk_in(), or at what it has left. */
static enum semaphore_news
take_first_lease(struct semaphore *semaphore,
    const struct session_event *event)
{
	/* Not walked in; what comes next is under way. */
	if (semaphore->lease.name[0] == '\0')
		return SEMAPHORE_NOTHING;
	if (event->code == SESSION_NO_NODE) {
		/* Somebody deleted it before we saw it. */
		semaphore_forget_node(&semaphore->lease);
		semaphore_join(semaphore);
		return SEMAPHORE_NOTHING;
	}
	if (event->code != SESSION_OK)
		return semaphore_fail_with(semaphore, event);
	semaphore->untidy = true;
	return believe(semaphore, event) == SEMAPHORE_FAILED ?
	    SEMAPHORE_FAILED : hold(semaphore);
}

/* A look at our own lease, which somebody may ask us to give up. */
static enum semaphore_news
take_lease(struct semaphore *semaphore, const struct session_event *event)
{
	struct semaphore_claim *claim = &semaphore->claim;
	bool holds = semaphore->state == STATE_HOLDING;

	if (!holds && semaphore->state != STATE_AT_HEAD)
		return SEMAPHORE_NOTHING;
	if (event->code == SESSION_NO_NODE && holds)
		return SEMAPHORE_LOST;
	/* A lease that is gone before shows in the list. */
	if (event->code != SESSION_OK)
		return SEMAPHORE_NOTHING;
	if (believe(semaphore, event) == SEMAPHORE_FAILED)
		/* Of one that is held, every beat says that it exists. */
		return holds ? SEMAPHORE_NOTHING : SEMAPHORE_FAILED;
	if (!nodedata_get(event->data, NODEDATA_REVOKE, claim->reason,
	    sizeof(claim->reason)))
		return SEMAPHORE_NOTHING;
	/* Not held yet: a look at all leases sees the request again then. */
	semaphore->has_rival = false;
	return holds ? SEMAPHORE_REVOKED : SEMAPHORE_NOTHING;
}

/* Not walked in. */
static enum semaphore_news
join_queue(struct semaphore *semaphore)
{
	/* Most likely missing: who walked in needed no queue. */
	semaphore_ask(semaphore, SESSION_CREATE_CONTAINER, TAG_PARENT,
	    semaphore->lock.parent);
	semaphore_join_queue(semaphore);
	return SEMAPHORE_NOTHING;
}

/* The reply to semaphore_walk_in(). */
static enum semaphore_news
take_walked_in(struct semaphore *semaphore, const struct session_event *event)
{
	semaphore->lease.pending = false;
	if (event->code == SESSION_OK)
		semaphore_name_first_lease(semaphore, semaphore->lease.name);
	if (semaphore_is_leaving(semaphore))
		return semaphore_clear(semaphore);
	if (event->code == SESSION_OK)
		return SEMAPHORE_NOTHING;
	semaphore_forget_node(&semaphore->lease);
	if (event->code == SESSION_NO_NODE &&
	    semaphore->parents == PARENTS_EXPECTED) {
		semaphore_make_path(semaphore);
		semaphore_walk_in(semaphore);
		return SEMAPHORE_NOTHING;
	}
	if (event->code != SESSION_EXISTS)
		return join_queue(semaphore);
	semaphore->parents = PARENTS_EXPECTED;
	/* Else the list behind it says whether to queue. */
	return semaphore->waits ? join_queue(semaphore) : SEMAPHORE_NOTHING;
}

/*
 * The list behind semaphore_walk_in().  It is of a moment after that was
 * refused, so it has no lease that was gone by then.
 */
static enum semaphore_news
take_holders(struct semaphore *semaphore, const struct session_event *event)
{
	/* Of an earlier try, or the lease is ours. */
	if (semaphore->lease.pending || semaphore->lease.name[0] != '\0')
		return SEMAPHORE_NOTHING;
	if (event->code != SESSION_OK || event->count < semaphore->max_leases)
		return join_queue(semaphore);
	semaphore->state = STATE_OUT;
	semaphore->claim.is_paused = nodename_find_pause(event->names,
	    event->count) != NULL;
	return SEMAPHORE_TAKEN;
}

static enum semaphore_news
take_deleted(struct semaphore *semaphore, const struct session_event *event)
{
	struct semaphore_node *node = event->tag == TAG_DELETE_LEASE ?
	    &semaphore->lease : &semaphore->lock;

	/* Gone is gone, whoever did it. */
	if (event->code == SESSION_OK || event->code == SESSION_NO_NODE) {
		semaphore_forget_node(node);
		return semaphore_clear(semaphore);
	}
	node->deleting = false;
	/* A place may be ours to delete when we leave. */
	return node == &semaphore->lease || semaphore_is_leaving(semaphore) ?
	    semaphore_fail_with(semaphore, event) : SEMAPHORE_NOTHING;
}

/* The reply to semaphore_settle(), where it was two steps. */
static enum semaphore_news
take_settled(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->code == SESSION_OK ||
	    (event->code == SESSION_NO_NODE && event->failed_step == 1))
		return take_deleted(semaphore, event);
	/* Without the new mtime; a lease that is gone shows by itself. */
	semaphore->lock.deleting = false;
	semaphore_delete_lock(semaphore);
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_change(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->tag == WATCH_PREDECESSOR) {
		if (semaphore->state != STATE_IN_LINE)
			return SEMAPHORE_NOTHING;
		if (event->gone)
			semaphore_move_up(semaphore);
		else
			semaphore_list_locks(semaphore);
	} else if (semaphore->state == STATE_HOLDING) {
		if (event->tag == WATCH_LEASE)
			semaphore_watch_lease(semaphore);
	} else if (semaphore->state == STATE_AT_HEAD) {
		/* Of one change the rival's watch fires first. */
		if (event->tag == WATCH_RIVAL && event->gone &&
		    semaphore->has_rival)
			return hold(semaphore);
		semaphore->has_rival = false;
		semaphore_list_leases(semaphore);
	}
	return SEMAPHORE_NOTHING;
}

/* What is not named is of no interest: we watch what matters about it. */
static const struct {
	semaphore_taker	*take;
	enum state	 in;	/* else the reply comes too late */
} takes[TAGS] = {
	[TAG_WALK_IN] = { take_walked_in, ANY_STATE },
	[TAG_GET_FIRST_LEASE] = { take_first_lease, STATE_WALKING_IN },
	[TAG_LIST_HOLDERS] = { take_holders, STATE_WALKING_IN },
	[TAG_TOP_PARENT] = { take_parent, ANY_STATE },
	[TAG_PARENT] = { take_parent, ANY_STATE },
	[TAG_CREATE_LOCK] = { take_created, ANY_STATE },
	[TAG_GET_LOCK] = { take_place, ANY_STATE },
	[TAG_LIST_LOCKS] = { semaphore_take_queue, STATE_IN_LINE },
	[TAG_LIST_HEAD] = { semaphore_take_head, STATE_AT_HEAD },
	[TAG_GET_PREDECESSOR] = { semaphore_take_predecessor, STATE_IN_LINE },
	[TAG_CREATE_LEASE] = { take_created, ANY_STATE },
	[TAG_LIST_LEASES] = { take_leases, STATE_AT_HEAD },
	[TAG_WATCH_LEASE] = { take_lease, ANY_STATE },
	[TAG_SETTLE] = { take_settled, ANY_STATE },
	[TAG_BEAT] = { semaphore_take_beat, ANY_STATE },
	[TAG_TOUCH] = { semaphore_take_touched, ANY_STATE },
	[TAG_LIST_OTHERS] = { semaphore_take_others, ANY_STATE },
	[TAG_DELETE_LOCK] = { take_deleted, ANY_STATE },
	[TAG_DELETE_LEASE] = { take_deleted, ANY_STATE },
	[TAG_RESUME_LOCKS] = { semaphore_take_resumed, ANY_STATE },
	[TAG_RESUME_LEASES] = { semaphore_take_resumed, ANY_STATE },
	[TAG_STRAYS_LOCKS] = { semaphore_take_strays, ANY_STATE },
	[TAG_STRAYS_LEASES] = { semaphore_take_strays, ANY_STATE },
};

enum semaphore_news
semaphore_take(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->type == SESSION_CHANGED)
		return take_change(semaphore, event);
	if (event->tag >= TAGS || takes[event->tag].take == NULL ||
	    (takes[event->tag].in != ANY_STATE &&
	    takes[event->tag].in != semaphore->state))
		return SEMAPHORE_NOTHING;
	return takes[event->tag].take(semaphore, event);
}
