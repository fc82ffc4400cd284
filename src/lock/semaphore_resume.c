/*
 * After a lost contact: which of our nodes there are, and what becomes of
 * creates that were on their way.
 *
 * A node is found again by its uuid.  A create that has left none may still be
 * carried out: a link that fell silent may let go of it after we have been to
 * another server and back, and a server takes it for as long as the session
 * lives.  Such a stray would hold up the line, and a stray lease ourselves.  So
 * the next create has another uuid, and what carries the old one is deleted
 * whenever a beat is due.
 */
#include <string.h>

#include "lock/nodename.h"
#include "lock/semaphore_private.h"

/* The next create of that node is another one, with another uuid. */
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

void
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
			    TAG_DELETE_STRAY, SESSION_NO_WATCH, path);
	}
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

/* What of ours there is, after a lost contact. */
enum semaphore_news
semaphore_take_resumed(struct semaphore *semaphore,
    const struct session_event *event)
{
	bool is_lock = event->tag == TAG_RESUME_LOCKS;
	struct semaphore_node *node;
	const char *name;

	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return semaphore_fail_with(semaphore, event);
	node = is_lock ? &semaphore->lock : &semaphore->lease;
	name = nodename_find(node->uuid, event->names, event->count);
	if (name == NULL && node->pending)
		remember_stray(semaphore, node);
	node->pending = false;
	node->deleting = false;
	node->name[0] = '\0';
	if (name != NULL)
		(void)nodename_join(node->name, sizeof(node->name), is_lock ?
		    semaphore->locks : semaphore->leases, name);
	if (is_lock)
		return SEMAPHORE_NOTHING;	/* the leases come next */

	switch (semaphore->state) {
	case SEMAPHORE_OUT:
		break;
	case SEMAPHORE_LEAVING:
		return semaphore_clear(semaphore);
	case SEMAPHORE_HOLDING:
		if (name == NULL)
			return SEMAPHORE_LOST;
		if (semaphore->settled)
			semaphore_settle(semaphore);
		semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE,
		    WATCH_LEASE, semaphore->lease.name);
		break;
	case SEMAPHORE_WALKING_IN:
		/*
		 * Where it is, it was the only one when it was made, and so is
		 * ours, whoever has made another one since.
		 */
		if (name == NULL) {
			semaphore_join(semaphore);
			break;
		}
		semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE,
		    WATCH_LEASE, semaphore->lease.name);
		semaphore_ask_along(semaphore);
		break;
	case SEMAPHORE_IN_LINE:
	case SEMAPHORE_AT_HEAD:
		if (semaphore->lease.name[0] != '\0' &&
		    semaphore->lock.name[0] == '\0')
			semaphore_join_again(semaphore);
		else if (semaphore->lease.name[0] != '\0') {
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
