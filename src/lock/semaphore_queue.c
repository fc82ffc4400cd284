/*
 * Joins and leaves the queue, and watches the node ahead.
 *
 * Like Curator, zkrun sorts queue nodes by their sequence numbers as text.  At
 * 2^31 the counter of a parent becomes negative or stops, depending on the
 * server.  A new node may then sort ahead of the front of the queue, and both
 * contenders have a lease and wait for the other to leave.  The client at the
 * front therefore lists the queue.  It does so at once if there are more leases
 * than those of the holders and its own, or with the next beat if its number
 * allows overtaking.  If another node is ahead, the client deletes its lease
 * and waits behind that node.  It keeps its queue node.  A new queue node would
 * sort ahead of the other contender, which would then do the same, and so on
 * forever.
 *
 * A queue node without a session is persistent: it comes from a restored
 * backup, or a server lost track of its session.  zkrun skips such a node,
 * because its client does not exist and cannot delete it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lock/nodename.h"
#include "lock/semaphore_private.h"
#include "zookeeper/session.h"

void
semaphore_ask_joined(struct semaphore *semaphore)
{
	if (semaphore->recipe.claim.joined_ms == 0)
		recipe_ask(&semaphore->recipe, SESSION_GET, TAG_GET_LOCK,
		    semaphore->lock.name);
}

void
semaphore_list_locks(struct semaphore *semaphore)
{
	semaphore->is_second = false;
	/* A reply that has not yet arrived will show the present state. */
	if (semaphore->listing)
		return;
	semaphore->listing = true;
	recipe_ask(&semaphore->recipe, SESSION_LIST, TAG_LIST_LOCKS,
	    semaphore->lock.parent);
}

void
semaphore_join_queue(struct semaphore *semaphore)
{
	semaphore->state = STATE_IN_QUEUE;
	recipe_create_node(&semaphore->recipe, &semaphore->lock,
	    TAG_CREATE_LOCK);
	semaphore->listing = false;
	semaphore_list_locks(semaphore);
}

/* Stores the names ahead of our node.  Returns false if memory is exhausted. */
static bool
keep_place(struct semaphore *semaphore, const char *own,
    const struct session_event *event)
{
	size_t i;
	char *name;

	semaphore_forget_queue(semaphore);
	semaphore->queue = calloc(event->count, sizeof(*semaphore->queue));
	for (i = 0; semaphore->queue != NULL && i < event->count; i++) {
		if (nodename_compare(event->names[i], own) >= 0)
			continue;
		name = strdup(event->names[i]);
		if (name == NULL)
			return false;
		semaphore->queue[semaphore->queue_count++] = name;
	}
	return semaphore->queue != NULL;
}

/* Reads and watches the node right ahead of the named one. */
static enum recipe_news
look_before(struct semaphore *semaphore, const char *name)
{
	char path[PATHS_SIZE];

	semaphore->recipe.claim.ahead = nodename_ahead(name, semaphore->queue,
	    semaphore->queue_count, &semaphore->predecessor);
	if (semaphore->predecessor == NULL) {
		semaphore_take_lease(semaphore);
		return RECIPE_NOTHING;
	}
	/* Watching one node wakes one waiter at a time, in order. */
	if (!nodename_join(path, sizeof(path), semaphore->lock.parent,
	    semaphore->predecessor))
		return recipe_fail(&semaphore->recipe, RECIPE_REFUSED,
		    "the name of a node in the queue is too long");
	recipe_watch(&semaphore->recipe, SESSION_GET, TAG_GET_PREDECESSOR,
	    WATCH_PREDECESSOR, path);
	return RECIPE_NOTHING;
}

enum recipe_news
semaphore_take_queue(struct semaphore *semaphore,
    const struct session_event *event)
{
	const char *own;

	/* Replies come in order: this list predates our create. */
	if (semaphore->lock.pending)
		return RECIPE_NOTHING;
	semaphore->listing = false;
	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return recipe_fail_with(&semaphore->recipe, event);
	own = nodename_find(semaphore->lock.uuid, event->names, event->count);
	if (own == NULL) {
		/* Somebody deleted our node: queue again at the end. */
		recipe_forget_node(&semaphore->lock);
		semaphore_join(&semaphore->recipe);
		return RECIPE_NOTHING;
	}
	if (!keep_place(semaphore, own, event))
		return recipe_fail(&semaphore->recipe, RECIPE_REFUSED,
		    strerror(ENOMEM));
	semaphore->is_second = semaphore->queue_count == 1 &&
	    nodename_is_ordered(own);
	return look_before(semaphore, own);
}

void
semaphore_move_up(struct semaphore *semaphore)
{
	if (semaphore->is_second)
		semaphore_take_lease(semaphore);
	else
		semaphore_list_locks(semaphore);
}

enum recipe_news
semaphore_take_predecessor(struct semaphore *semaphore,
    const struct session_event *event)
{
	if (event->code == SESSION_NO_NODE) {
		semaphore_move_up(semaphore);
		return RECIPE_NOTHING;
	}
	if (event->code != SESSION_OK)
		return recipe_fail_with(&semaphore->recipe, event);
	if (event->owner == 0) {
		semaphore->is_second = false;
		return look_before(semaphore, semaphore->predecessor);
	}
	semaphore_forget_queue(semaphore);
	return RECIPE_WAITING;
}

/*
 * If P/leases is missing, a Curator client at the front of the queue creates it
 * and then tries to create its lease a second and last time.  That try fails if
 * zkrun created and deleted P/leases in between.
 */
void
semaphore_before_release(struct recipe *recipe)
{
	struct semaphore *semaphore = (struct semaphore *)recipe;

	if (!semaphore->untidy)
		return;
	/* Assume that others queue until the reply shows whether they do. */
	semaphore->has_others = true;
	recipe_ask(&semaphore->recipe, SESSION_LIST, TAG_LIST_OTHERS,
	    semaphore->lock.parent);
}

enum recipe_news
semaphore_leave(struct recipe *recipe)
{
	struct semaphore *semaphore = (struct semaphore *)recipe;

	/* Perhaps zkrun created P/leases: the version in the delete decides. */
	if (semaphore->state == STATE_WALKING_IN ||
	    semaphore->state == STATE_AT_HEAD)
		semaphore->untidy = true;
	if (semaphore->lease.name[0] != '\0')
		semaphore_before_release(&semaphore->recipe);
	semaphore->state = STATE_LEAVING;
	return semaphore_clear(semaphore);
}

enum recipe_news
semaphore_take_others(struct semaphore *semaphore,
    const struct session_event *event)
{
	bool is_ours = nodename_find(semaphore->lock.uuid, event->names,
	    event->count) != NULL;

	semaphore->has_others = event->count > (is_ours ? 1 : 0);
	return RECIPE_NOTHING;
}

void
semaphore_list_head(struct semaphore *semaphore)
{
	semaphore->is_doubtful = false;
	recipe_ask(&semaphore->recipe, SESSION_LIST, TAG_LIST_HEAD,
	    semaphore->lock.parent);
}

void
semaphore_doubt_head(struct semaphore *semaphore, size_t leases)
{
	if (leases > semaphore->max_leases + 1)
		semaphore_list_head(semaphore);
	else
		semaphore->is_doubtful =
		    !nodename_is_ordered(semaphore->lock.name);
}

/* Returns whether a node that we have not skipped is ahead of our node. */
static bool
is_overtaken(const struct semaphore *semaphore, const char *own,
    const struct session_event *event)
{
	size_t i, j;

	for (i = 0; i < event->count; i++) {
		if (nodename_compare(event->names[i], own) >= 0)
			continue;
		for (j = 0; j < semaphore->queue_count; j++)
			if (strcmp(semaphore->queue[j], event->names[i]) == 0)
				break;
		if (j == semaphore->queue_count)
			return true;
	}
	return false;
}

enum recipe_news
semaphore_take_head(struct semaphore *semaphore,
    const struct session_event *event)
{
	const char *own;

	/*
	 * The lease is not created yet: take_leases() will decide whether to
	 * list.
	 */
	if (semaphore->lease.pending)
		return RECIPE_NOTHING;
	own = nodename_find(semaphore->lock.uuid, event->names, event->count);
	if (own != NULL && !is_overtaken(semaphore, own, event))
		return RECIPE_NOTHING;
	semaphore->state = STATE_IN_QUEUE;
	semaphore_delete_lease(semaphore);
	return semaphore_take_queue(semaphore, event);
}
