/*
 * Sends beats, and finds our nodes after contact was lost and regained.
 *
 * The UUID in the name identifies a node.  A create that has left no node may
 * still be carried out: a stalled link may deliver it after we have moved to
 * another server, and servers accept it while the session lives.  Such a stray
 * node would block the queue, and a stray lease would block ourselves.  The
 * next create therefore uses a new UUID, and each beat looks for nodes with an
 * old one and deletes them.
 */
#include <string.h>

#include "lock/nodename.h"
#include "lock/semaphore_private.h"

/*
 * Sends the cheapest quorum write: it changes nothing, and fails if a node is
 * gone.  The front of the queue also checks its queue node: without it, another
 * contender moves to the front, and both wait with a lease for each other.
 */
static void
check_nodes(struct semaphore *semaphore)
{
	const struct session_step steps[] = {
		{ SESSION_CHECK_STEP, semaphore->lease.name, NULL, -1 },
		{ SESSION_CHECK_STEP, semaphore->lock.name, NULL, -1 },
	};

	/*
	 * The server answers a read at once, even if its disk is slow to write.
	 * A later beat proves the time of this read: see lease.h.
	 */
	semaphore_ask(semaphore, SESSION_GET, TAG_TOUCH_FIRST,
	    semaphore->lease.name);
	session_ask_steps(semaphore->session, TAG_BEAT, steps,
	    semaphore->state == STATE_AT_HEAD &&
	    semaphore->lock.name[0] != '\0' ? 2 : 1);
}

void
semaphore_beat(struct semaphore *semaphore)
{
	const struct semaphore_node *node =
	    semaphore->state == STATE_IN_QUEUE ? &semaphore->lock :
	    &semaphore->lease;

	/* Without a node, other requests are under way. */
	if (semaphore->beating || node->name[0] == '\0' ||
	    (semaphore->state != STATE_IN_QUEUE &&
	    semaphore->state != STATE_AT_HEAD &&
	    semaphore->state != STATE_HOLDING))
		return;
	semaphore->beating = true;
	if (semaphore->state == STATE_IN_QUEUE)
		semaphore_ask(semaphore, SESSION_GET, TAG_TOUCH,
		    semaphore->lock.name);
	else
		check_nodes(semaphore);
	if (semaphore->is_doubtful && semaphore->state == STATE_AT_HEAD)
		semaphore_list_head(semaphore);
	if (semaphore->stray_count == 0)
		return;
	semaphore_ask(semaphore, SESSION_LIST, TAG_STRAYS_LOCKS,
	    semaphore->lock.parent);
	semaphore_ask(semaphore, SESSION_LIST, TAG_STRAYS_LEASES,
	    semaphore->lease.parent);
}

bool
semaphore_is_beating(const struct semaphore *semaphore)
{
	return semaphore->beating;
}

enum semaphore_news
semaphore_take_beat(struct semaphore *semaphore,
    const struct session_event *event)
{
	semaphore->beating = false;
	/* Somebody changed the ACL of the lease. */
	if (event->code == SESSION_DENIED &&
	    (semaphore->state == STATE_HOLDING ||
	    semaphore->state == STATE_AT_HEAD)) {
		(void)semaphore_fail_with(semaphore, event);
		return semaphore->state == STATE_HOLDING ?
		    SEMAPHORE_UNPROVABLE : SEMAPHORE_FAILED;
	}
	if (event->code != SESSION_NO_NODE)
		return SEMAPHORE_NOTHING;
	if (semaphore->state == STATE_HOLDING && event->failed_step == 0)
		return SEMAPHORE_LOST;
	/* Step 1 checks the queue node.  The list shows a missing lease. */
	if (semaphore->state == STATE_AT_HEAD && event->failed_step == 1)
		semaphore_join(semaphore);
	return SEMAPHORE_NOTHING;
}

enum semaphore_news
semaphore_take_touched(struct semaphore *semaphore,
    const struct session_event *event)
{
	semaphore->beating = false;
	if (event->code == SESSION_NO_NODE &&
	    semaphore->state == STATE_IN_QUEUE)
		semaphore_list_locks(semaphore);
	return SEMAPHORE_NOTHING;
}

/* Remembers a stray.  Drops the oldest one, the least likely to be created. */
static void
remember_stray(struct semaphore *semaphore, struct semaphore_node *node)
{
	size_t i = semaphore->stray_count++ % SEMAPHORE_STRAYS_MAX;

	memcpy(semaphore->strays[i], node->uuid, sizeof(node->uuid));
	node->uuid[0] = '\0';
}

enum semaphore_news
semaphore_take_strays(struct semaphore *semaphore,
    const struct session_event *event)
{
	const char *name, *parent = event->tag == TAG_STRAYS_LOCKS ?
	    semaphore->lock.parent : semaphore->lease.parent;
	char path[SEMAPHORE_PATH_SIZE];
	size_t i;

	for (i = 0; i < SEMAPHORE_STRAYS_MAX; i++) {
		name = nodename_find(semaphore->strays[i], event->names,
		    event->count);
		if (name != NULL &&
		    nodename_join(path, sizeof(path), parent, name))
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
	semaphore->beating = semaphore->listing = false;
	semaphore_forget_queue(semaphore);
	/* Beat first: with a lease node, this proves that the session lives. */
	if (semaphore->state != STATE_IN_QUEUE)
		semaphore_beat(semaphore);
	/* A lagging server would not list all of our nodes. */
	semaphore_ask(semaphore, SESSION_SYNC, TAG_SYNC, semaphore->path);
	semaphore_ask(semaphore, SESSION_LIST, TAG_RESUME_LOCKS,
	    semaphore->lock.parent);
	semaphore_ask(semaphore, SESSION_LIST, TAG_RESUME_LEASES,
	    semaphore->lease.parent);
}

/* Finds our node in a list. */
static void
find_node(struct semaphore *semaphore, struct semaphore_node *node,
    const struct session_event *event)
{
	const char *name;

	name = nodename_find(node->uuid, event->names, event->count);
	if (name == NULL && node->pending)
		remember_stray(semaphore, node);
	node->pending = node->deleting = false;
	node->name[0] = '\0';
	if (name != NULL)
		(void)nodename_join(node->name, sizeof(node->name),
		    node->parent, name);
}

/* Continues with the nodes that exist. */
static enum semaphore_news
go_on(struct semaphore *semaphore)
{
	bool has_lock = semaphore->lock.name[0] != '\0';
	bool has_lease = semaphore->lease.name[0] != '\0';

	if (semaphore->state == STATE_OUT || semaphore_is_leaving(semaphore))
		return semaphore_clear(semaphore);
	if (semaphore->state == STATE_HOLDING) {
		if (!has_lease)
			return SEMAPHORE_LOST;
		semaphore_watch_lease(semaphore);
	} else if (semaphore->state == STATE_WALKING_IN && has_lease) {
		/* Our lease was created as the only one: we hold the lock. */
		semaphore_get_first_lease(semaphore, semaphore->lease.name);
	} else if (!has_lock) {
		semaphore_join(semaphore);
	} else if (has_lease) {
		semaphore_ask_joined(semaphore);
		semaphore->state = STATE_AT_HEAD;
		semaphore_list_leases(semaphore);
	} else {
		semaphore_ask_joined(semaphore);
		semaphore->state = STATE_IN_QUEUE;
		semaphore_list_locks(semaphore);
	}
	return SEMAPHORE_NOTHING;
}

enum semaphore_news
semaphore_take_resumed(struct semaphore *semaphore,
    const struct session_event *event)
{
	bool is_lock = event->tag == TAG_RESUME_LOCKS;
	struct semaphore_node *node = is_lock ? &semaphore->lock :
	    &semaphore->lease;
	bool was_deleting = node->deleting;

	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return semaphore_fail_with(semaphore, event);
	/* The reply to TAG_LIST_OTHERS may be lost. */
	if (is_lock)
		(void)semaphore_take_others(semaphore, event);
	find_node(semaphore, node, event);
	if (!is_lock)
		return go_on(semaphore);
	if (was_deleting && node->name[0] != '\0')
		semaphore_settle(semaphore);
	return SEMAPHORE_NOTHING;
}
