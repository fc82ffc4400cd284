/*
 * The place in the queue, and who is ahead of it.
 */
#include <stddef.h>

#include "lock/nodename.h"
#include "lock/semaphore_private.h"
#include "zookeeper/session.h"

void
semaphore_list_locks(struct semaphore *semaphore)
{
	semaphore->is_second = false;
	semaphore_ask(semaphore, SESSION_LIST, TAG_LIST_LOCKS,
	    semaphore->lock.parent);
}

void
semaphore_stand_in_line(struct semaphore *semaphore)
{
	semaphore->state = STATE_IN_LINE;
	semaphore_create_node(semaphore, &semaphore->lock, TAG_CREATE_LOCK);
	semaphore_list_locks(semaphore);
}

enum semaphore_news
semaphore_take_line(struct semaphore *semaphore,
    const struct session_event *event)
{
	const char *own, *predecessor;
	char path[SEMAPHORE_PATH_SIZE];

	/* A list of before our create, which is answered first. */
	if (semaphore->lock.pending)
		return SEMAPHORE_NOTHING;
	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return semaphore_fail_with(semaphore, event);
	own = nodename_find(semaphore->lock.uuid, event->names, event->count);
	if (own == NULL) {
		/* Somebody deleted our node: to the end of the queue. */
		semaphore_forget_node(&semaphore->lock);
		semaphore_join(semaphore);
		return SEMAPHORE_NOTHING;
	}
	semaphore->claim.ahead = nodename_ahead(own, event->names,
	    event->count, &predecessor);
	if (predecessor == NULL) {
		semaphore_take_lease(semaphore);
		return SEMAPHORE_NOTHING;
	}
	semaphore->is_second = semaphore->claim.ahead == 1 &&
	    nodename_is_ordered(own);
	/* Only this one is watched: no herd, and first come, first served. */
	if (!nodename_join(path, sizeof(path), semaphore->lock.parent,
	    predecessor))
		return semaphore_fail(semaphore, SEMAPHORE_REFUSED,
		    "the name of a node in the queue is too long");
	semaphore_watch(semaphore, SESSION_GET, TAG_GET_PREDECESSOR,
	    WATCH_PREDECESSOR, path);
	return SEMAPHORE_WAITING;
}

void
semaphore_move_up(struct semaphore *semaphore)
{
	if (semaphore->is_second)
		semaphore_take_lease(semaphore);
	else
		semaphore_list_locks(semaphore);
}

enum semaphore_news
semaphore_take_predecessor(struct semaphore *semaphore,
    const struct session_event *event)
{
	if (event->code == SESSION_NO_NODE)
		semaphore_move_up(semaphore);
	else if (event->code != SESSION_OK)
		return semaphore_fail_with(semaphore, event);
	return SEMAPHORE_NOTHING;
}
