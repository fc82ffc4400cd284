/*
 * Taking the lease in one flight when nobody is there: the first one in makes
 * the room, the last one out removes it.
 *
 * One transaction makes P/leases and our lease in it.  It commits only if there
 * is no P/leases, and so no lease; and at that moment ours is the only one,
 * which is why it need not be looked for.  Where P/leases exists we stand in
 * line as Curator does.  Whoever releases a lease deletes P/leases behind it,
 * which fails while anybody has another one there.
 *
 * Who waits at the head of the line has a lease node, so nobody walks past.  It
 * can be done only while the head is still making that node, which takes one
 * flight.  tests/model/ has all of this, with Curator's steps and ours in the
 * line.
 *
 * What zkrun has not made is not removed: of a P/leases made here the data has
 * version 1, and deletes name it.  One made by others may have an ACL, or be
 * meant to stay.  Ours is no container, because the client library cannot make
 * one in a transaction; it outlives its use only if a zkrun dies, until the next
 * one releases.
 */
#include <string.h>

#include "lock/nodename.h"
#include "lock/semaphore_private.h"

/* The first of its parent, by the name that a sequential one would have. */
static void
name_lease(struct semaphore *semaphore, char path[SEMAPHORE_PATH_SIZE])
{
	semaphore_name_node(&semaphore->lease, semaphore->leases, "lease",
	    path);
	(void)strlcat(path, "0000000000", SEMAPHORE_PATH_SIZE);
}

void
semaphore_walk_in(struct semaphore *semaphore)
{
	char lease[SEMAPHORE_PATH_SIZE];
	struct session_request request = {
		.operation = SESSION_MULTI,
		.tag = TAG_WALK_IN,
		.watch_tag = SESSION_NO_WATCH,
		.steps = {
			{ SESSION_CREATE_STEP, semaphore->leases, NULL, -1 },
			{ SESSION_SET_STEP, semaphore->leases, NULL,
			    SEMAPHORE_OWN_VERSION - 1 },
			{ SESSION_EPHEMERAL_STEP, lease, semaphore->data, -1 },
		},
		.step_count = 3,
	};

	semaphore->state = SEMAPHORE_WALKING_IN;
	name_lease(semaphore, lease);
	semaphore->lease.pending = true;
	session_send(semaphore->session, &request);
	/* It has the fence, and says that the lease is ours. */
	semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE, WATCH_LEASE,
	    lease);
	semaphore_ask_along(semaphore);
}

enum semaphore_news
semaphore_take_walked_in(struct semaphore *semaphore,
    const struct session_event *event)
{
	semaphore->lease.pending = false;
	if (event->code == SESSION_OK)
		name_lease(semaphore, semaphore->lease.name);
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

void
semaphore_tidy(struct semaphore *semaphore)
{
	struct session_request request = {
		.operation = SESSION_MULTI,
		.tag = TAG_TIDY,
		.watch_tag = SESSION_NO_WATCH,
		.steps = {
			{ SESSION_DELETE_STEP, semaphore->leases, NULL,
			    SEMAPHORE_OWN_VERSION },
		},
		.step_count = 1,
	};

	if (semaphore->untidy)
		session_send(semaphore->session, &request);
}
