/*
 * Handles replies and fired watches: decides what the semaphore does next.
 */
#include "lock/semaphore.h"

#include <stdio.h>
#include <string.h>

#include "lock/nodedata.h"
#include "lock/nodename.h"
#include "lock/semaphore_private.h"
#include "zookeeper/session.h"

#define LATEST_MS	(INT64_MAX / 2)	/* later times are garbled */

/* Returns whether the name is the requested one plus a sequence number. */
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
 * Takes over the facts about our node from a reply, if they are possible.  The
 * protocol has no checksum: replies can arrive garbled.
 */
static enum semaphore_news
believe(struct semaphore *semaphore, const struct session_event *event)
{
	struct semaphore_claim *claim = &semaphore->claim;

	/* Our node is ephemeral in this session and never had children. */
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

/* Handles TAG_GET_LOCK.  If our node is gone, the queue list shows it. */
static enum semaphore_news
take_place(struct semaphore *semaphore, const struct session_event *event)
{
	return event->code == SESSION_OK ? believe(semaphore, event) :
	    SEMAPHORE_NOTHING;
}

/* Repeats a create that may succeed now. */
static enum semaphore_news
create_again(struct semaphore *semaphore, bool is_lease,
    enum session_code code)
{
	/* The parents never existed, or a server has just reaped them. */
	if (code == SESSION_NO_NODE) {
		if (semaphore->parents == PARENTS_DENIED)
			return SEMAPHORE_FAILED; /* reason: see take_parent() */
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
		/* Beats and deletes with a garbled name would fail. */
		if (!is_ours(node, event->name))
			return semaphore_fail(semaphore, SEMAPHORE_REFUSED,
			    "the server created a node with another name than "
			    "requested");
		(void)strlcpy(node->name, event->name, sizeof(node->name));
		/* The node exists, so its parents exist as well. */
		semaphore->parents = PARENTS_EXPECTED;
	}
	if (semaphore_is_leaving(semaphore))
		return semaphore_clear(semaphore);
	/* The session sends plain creates after SESSION_UNSUPPORTED. */
	if (event->code == SESSION_NO_NODE ||
	    event->code == SESSION_UNSUPPORTED)
		return create_again(semaphore, is_lease, event->code);
	if (event->code != SESSION_OK)
		return semaphore_fail_with(semaphore, event);
	if (event->czxid != 0)
		return believe(semaphore, event);
	/* The reply to a plain create contains only the name. */
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
 * Watches the rival: the only other lease.  If the rival goes before anything
 * else changes, ours is the only lease, and we hold the lock without another
 * list.  Watches our own lease as well, because --revoke may change it
 * meanwhile.
 */
static void
watch_rival(struct semaphore *semaphore, const struct session_event *event)
{
	const char *own, *rival;
	char path[SEMAPHORE_PATH_SIZE];

	semaphore->has_rival = false;
	/* A node to read along requires another list anyway. */
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
	/* Replies come in order: this list predates our create. */
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
		/* The reply to a plain create lacks the fence. */
		semaphore_watch_lease(semaphore);
		semaphore_list_leases(semaphore);
		return SEMAPHORE_NOTHING;
	}
	semaphore->untidy = event->version == PATHS_OWN_VERSION;
	/* Like Curator, count all children, with any name. */
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
	/* The chroot is missing.  Other parents may have been reaped. */
	if (event->code == SESSION_NO_NODE && event->tag == TAG_TOP_PARENT)
		return semaphore_fail(semaphore, SEMAPHORE_NO_CHROOT,
		    "the chroot of the connect string does not exist");
	/* Go on: the create below this parent shows whether it exists. */
	if (event->code == SESSION_DENIED) {
		semaphore->parents = PARENTS_DENIED;
		claim->failure = SEMAPHORE_DENIED;
		(void)snprintf(claim->reason, sizeof(claim->reason),
		    "cannot create a znode there: %.100s",
		    event->reason);
	}
	/* Ignore SESSION_UNSUPPORTED: the create below makes plain parents. */
	return event->code == SESSION_STALE || event->code == SESSION_REFUSED ?
	    semaphore_fail_with(semaphore, event) : SEMAPHORE_NOTHING;
}

/* Handles the read of the lease after semaphore_walk_in(). */
static enum semaphore_news
take_first_lease(struct semaphore *semaphore,
    const struct session_event *event)
{
	/* Walking in failed, and the next step is under way. */
	if (semaphore->lease.name[0] == '\0')
		return SEMAPHORE_NOTHING;
	if (event->code == SESSION_NO_NODE) {
		/* Somebody deleted our lease before we read it. */
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

/* Handles a read of our lease, which may contain a revoke request. */
static enum semaphore_news
take_lease(struct semaphore *semaphore, const struct session_event *event)
{
	struct semaphore_claim *claim = &semaphore->claim;
	bool holds = semaphore->state == STATE_HOLDING;

	if (!holds && semaphore->state != STATE_AT_HEAD)
		return SEMAPHORE_NOTHING;
	if (event->code == SESSION_NO_NODE && holds)
		return SEMAPHORE_LOST;
	/* If we wait and our lease is gone, the next list shows that. */
	if (event->code != SESSION_OK)
		return SEMAPHORE_NOTHING;
	if (believe(semaphore, event) == SEMAPHORE_FAILED)
		/* While we hold, each beat proves that our lease exists. */
		return holds ? SEMAPHORE_NOTHING : SEMAPHORE_FAILED;
	if (!nodedata_get(event->data, NODEDATA_REVOKE, claim->reason,
	    sizeof(claim->reason)))
		return SEMAPHORE_NOTHING;
	/* Hold only after a new list, which reads the request again. */
	semaphore->has_rival = false;
	return holds ? SEMAPHORE_REVOKED : SEMAPHORE_NOTHING;
}

/* Queues, because walking in failed. */
static enum semaphore_news
join_queue(struct semaphore *semaphore)
{
	/* P/locks is probably missing: a holder that walked in needs none. */
	semaphore_ask(semaphore, SESSION_CREATE_CONTAINER, TAG_PARENT,
	    semaphore->lock.parent);
	semaphore_join_queue(semaphore);
	return SEMAPHORE_NOTHING;
}

/* Handles the reply to semaphore_walk_in(). */
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
	/* If we do not wait, take_holders() decides whether to queue. */
	return semaphore->waits ? join_queue(semaphore) : SEMAPHORE_NOTHING;
}

/* Handles the list of leases that was read together with walking in. */
static enum semaphore_news
take_holders(struct semaphore *semaphore, const struct session_event *event)
{
	/* The list belongs to an earlier try, or we have walked in. */
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

	/* The node is gone, whoever deleted it. */
	if (event->code == SESSION_OK || event->code == SESSION_NO_NODE) {
		semaphore_forget_node(node);
		return semaphore_clear(semaphore);
	}
	node->deleting = false;
	/* A queue node can still be deleted when we leave. */
	return node == &semaphore->lease || semaphore_is_leaving(semaphore) ?
	    semaphore_fail_with(semaphore, event) : SEMAPHORE_NOTHING;
}

/* Handles the reply to the two steps of semaphore_settle(). */
static enum semaphore_news
take_settled(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->code == SESSION_OK ||
	    (event->code == SESSION_NO_NODE && event->failed_step == 1))
		return take_deleted(semaphore, event);
	/* Go on without the new mtime.  Beats tell if the lease is gone. */
	semaphore->lock.deleting = false;
	semaphore_delete_lock(semaphore);
	return SEMAPHORE_NOTHING;
}

static enum semaphore_news
take_change(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->tag == WATCH_PREDECESSOR) {
		if (semaphore->state != STATE_IN_QUEUE)
			return SEMAPHORE_NOTHING;
		if (event->gone)
			semaphore_move_up(semaphore);
		else
			semaphore_list_locks(semaphore);
	} else if (semaphore->state == STATE_HOLDING) {
		if (event->tag == WATCH_LEASE)
			semaphore_watch_lease(semaphore);
	} else if (semaphore->state == STATE_AT_HEAD) {
		/* If one change fires both watches, the rival's fires first. */
		if (event->tag == WATCH_RIVAL && event->gone &&
		    semaphore->has_rival)
			return hold(semaphore);
		semaphore->has_rival = false;
		semaphore_list_leases(semaphore);
	}
	return SEMAPHORE_NOTHING;
}

/* Replies to other tags need no handling. */
static const struct {
	semaphore_taker	*take;
	enum state	 in;	/* in other states the reply is too late */
} takes[TAGS] = {
	[TAG_WALK_IN] = { take_walked_in, ANY_STATE },
	[TAG_GET_FIRST_LEASE] = { take_first_lease, STATE_WALKING_IN },
	[TAG_LIST_HOLDERS] = { take_holders, STATE_WALKING_IN },
	[TAG_TOP_PARENT] = { take_parent, ANY_STATE },
	[TAG_PARENT] = { take_parent, ANY_STATE },
	[TAG_CREATE_LOCK] = { take_created, ANY_STATE },
	[TAG_GET_LOCK] = { take_place, ANY_STATE },
	[TAG_LIST_LOCKS] = { semaphore_take_queue, STATE_IN_QUEUE },
	[TAG_LIST_HEAD] = { semaphore_take_head, STATE_AT_HEAD },
	[TAG_GET_PREDECESSOR] = { semaphore_take_predecessor, STATE_IN_QUEUE },
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
