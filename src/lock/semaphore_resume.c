/*
 * Beats, and what becomes of our nodes and of creates under way when contact is
 * lost and regained.
 *
 * A node is found again by its uuid.  A create that has left no node may still
 * be carried out: a link that fell silent may let go of it after we have been to
 * another server and back, and a server takes it for as long as the session
 * lives.  Such a stray would hold up the queue, and a stray lease ourselves.  So
 * the next create has another uuid, and each beat looks for nodes with the old
 * one and deletes them.
 */
#include <string.h>

#include "lock/nodename.h"
#include "lock/semaphore_private.h"

/*
 * The cheapest quorum write: it changes nothing, and fails if a node is gone.
 * The head of the queue checks its place, too.  Without that place somebody
 * else comes to the head, and two that wait with a lease wait for each other.
 */
static void
check_nodes(struct semaphore *semaphore)
{
	const struct session_step steps[] = {
		{ SESSION_CHECK_STEP, semaphore->lease.name, NULL, -1 },
		{ SESSION_CHECK_STEP, semaphore->lock.name, NULL, -1 },
	};

	session_ask_steps(semaphore->session, TAG_BEAT, steps,
	    semaphore->state == STATE_AT_HEAD &&
	    semaphore->lock.name[0] != '\0' ? 2 : 1);
}

void
semaphore_beat(struct semaphore *semaphore)
{
	bool has_node;

	/* Without a node there is nothing to show, and soon another request. */
	has_node = semaphore->state == STATE_IN_LINE ?
	    semaphore->lock.name[0] != '\0' :
	    (semaphore->state == STATE_AT_HEAD ||
	    semaphore->state == STATE_HOLDING) &&
	    semaphore->lease.name[0] != '\0';
	if (semaphore->beating || !has_node)
		return;
	semaphore->beating = true;
	if (semaphore->state == STATE_IN_LINE)
		semaphore_ask(semaphore, SESSION_GET, TAG_TOUCH,
		    semaphore->lock.name);
	else
		check_nodes(semaphore);
	if (semaphore->stray_count == 0)
		return;
	semaphore_ask(semaphore, SESSION_LIST, TAG_STRAYS_LOCKS,
	    semaphore->locks);
	semaphore_ask(semaphore, SESSION_LIST, TAG_STRAYS_LEASES,
	    semaphore->leases);
}

enum semaphore_news
semaphore_take_beat(struct semaphore *semaphore, const struct session_event *event)
{
	semaphore->beating = false;
	if (event->code != SESSION_NO_NODE)
		return SEMAPHORE_NOTHING;
	if (semaphore->state == STATE_HOLDING && event->failed_step == 0)
		return SEMAPHORE_LOST;
	/* A lease that is gone there shows in the list. */
	if (semaphore->state == STATE_AT_HEAD && event->failed_step == 1)
		semaphore_join(semaphore);
	return SEMAPHORE_NOTHING;
}

enum semaphore_news
semaphore_take_touched(struct semaphore *semaphore, const struct session_event *event)
{
	semaphore->beating = false;
	if (event->code == SESSION_NO_NODE &&
	    semaphore->state == STATE_IN_LINE)
		semaphore_list_locks(semaphore);
	return SEMAPHORE_NOTHING;
}

/* Remembers the uuid of a create, and gives the next create another one. */
static void
remember_stray(struct semaphore *semaphore, struct semaphore_node *node)
{
	/* Of so many the oldest is the least likely to come. */
	if (semaphore->stray_count == SEMAPHORE_STRAYS_MAX)
		memmove(semaphore->strays[0], semaphore->strays[1],
		    sizeof(semaphore->strays[0]) * --semaphore->stray_count);
	memcpy(semaphore->strays[semaphore->stray_count++], node->uuid,
	    sizeof(node->uuid));
	node->uuid[0] = '\0';
}

enum semaphore_news
semaphore_take_strays(struct semaphore *semaphore,
    const struct session_event *event)
{
	char path[SEMAPHORE_PATH_SIZE];
	const char *name;
	size_t i;

	for (i = 0; i < semaphore->stray_count; i++) {
		name = nodename_find(semaphore->strays[i], event->names,
		    event->count);
		if (name != NULL && nodename_join(path, sizeof(path),
		    event->tag == TAG_STRAYS_LOCKS ? semaphore->locks :
		    semaphore->leases, name))
			semaphore_ask(semaphore, SESSION_DELETE,
			    TAG_DELETE_STRAY, path);
	}
	return SEMAPHORE_NOTHING;
}

void
semaphore_resume(struct semaphore *semaphore)
{
	if (semaphore->state == STATE_OUT)
		return;
	semaphore->parents = PARENTS_EXPECTED;
	semaphore->beating = false;
	/* First of all: with a lease node it proves that the session lives. */
	if (semaphore->state != STATE_IN_LINE)
		semaphore_beat(semaphore);
	/* A server that lags behind would hide a node that exists. */
	semaphore_ask(semaphore, SESSION_SYNC, TAG_SYNC, semaphore->path);
	semaphore_ask(semaphore, SESSION_LIST, TAG_RESUME_LOCKS,
	    semaphore->locks);
	semaphore_ask(semaphore, SESSION_LIST, TAG_RESUME_LEASES,
	    semaphore->leases);
}

/* Notes whether a node of ours exists. */
static void
find_node(struct semaphore *semaphore, struct semaphore_node *node,
    const char *parent, const struct session_event *event)
{
	const char *name;

	name = nodename_find(node->uuid, event->names, event->count);
	if (name == NULL && node->pending)
		remember_stray(semaphore, node);
	node->pending = false;
	node->name[0] = '\0';
	if (name != NULL)
		(void)nodename_join(node->name, sizeof(node->name), parent,
		    name);
}

/* Goes on from the nodes that exist. */
static enum semaphore_news
go_on(struct semaphore *semaphore)
{
	bool has_lock = semaphore->lock.name[0] != '\0';
	bool has_lease = semaphore->lease.name[0] != '\0';

	switch (semaphore->state) {
	case STATE_OUT:
	case ANY_STATE:
		break;
	case STATE_RETURNING:
	case STATE_LEAVING:
		return semaphore_clear(semaphore);
	case STATE_HOLDING:
		if (!has_lease)
			return SEMAPHORE_LOST;
		semaphore_watch(semaphore, SESSION_GET, TAG_WATCH_LEASE,
		    WATCH_LEASE, semaphore->lease.name);
		break;
	case STATE_WALKING_IN:
		/*
		 * A lease that exists was the only one when it was made.  So it
		 * is ours, whoever has made another one since.
		 */
		if (has_lease)
			semaphore_get_first_lease(semaphore,
			    semaphore->lease.name);
		else
			semaphore_join(semaphore);
		break;
	case STATE_IN_LINE:
	case STATE_AT_HEAD:
		if (!has_lock)
			semaphore_join(semaphore);
		else if (has_lease)
			semaphore_list_leases(semaphore);
		else {
			semaphore->state = STATE_IN_LINE;
			semaphore_list_locks(semaphore);
		}
		break;
	}
	return SEMAPHORE_NOTHING;
}

enum semaphore_news
semaphore_take_resumed(struct semaphore *semaphore,
    const struct session_event *event)
{
	struct semaphore_node *lock = &semaphore->lock;
	bool was_settled = lock->deleting;

	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return semaphore_fail_with(semaphore, event);
	if (event->tag == TAG_RESUME_LEASES) {
		find_node(semaphore, &semaphore->lease, semaphore->leases,
		    event);
		semaphore->lease.deleting = false;
		return go_on(semaphore);
	}
	find_node(semaphore, lock, semaphore->locks, event);
	lock->deleting = false;
	if (was_settled && lock->name[0] != '\0')
		semaphore_settle(semaphore);
	return SEMAPHORE_NOTHING;
}
