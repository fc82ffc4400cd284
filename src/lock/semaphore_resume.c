/*
 * Sends beats, and finds our nodes after contact was lost and regained.
 */
#include <string.h>

#include "lock/nodename.h"
#include "lock/semaphore_private.h"

/*
 * Sends the cheapest quorum write: it changes nothing, and fails if a node is
 * gone.  The front of the queue also checks its queue node.  If that node is
 * gone, another contender moves to the front, and both wait with a lease for
 * each other.
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
	recipe_ask(&semaphore->recipe, SESSION_GET, TAG_TOUCH_FIRST,
	    semaphore->lease.name);
	session_ask_steps(semaphore->recipe.session, TAG_BEAT, steps,
	    semaphore->state == STATE_AT_HEAD &&
	    semaphore->lock.name[0] != '\0' ? 2 : 1);
}

void
semaphore_beat(struct recipe *recipe)
{
	struct semaphore *semaphore = (struct semaphore *)recipe;
	const struct recipe_node *node =
	    semaphore->state == STATE_IN_QUEUE ? &semaphore->lock :
	    &semaphore->lease;

	/* Without a known node, send no beat: other requests are under way. */
	if (semaphore->recipe.beating || node->name[0] == '\0' ||
	    (semaphore->state != STATE_IN_QUEUE &&
	    semaphore->state != STATE_AT_HEAD &&
	    semaphore->state != STATE_HOLDING))
		return;
	semaphore->recipe.beating = true;
	if (semaphore->state == STATE_IN_QUEUE)
		recipe_ask(&semaphore->recipe, SESSION_GET, TAG_TOUCH,
		    semaphore->lock.name);
	else
		check_nodes(semaphore);
	if (semaphore->is_doubtful && semaphore->state == STATE_AT_HEAD)
		semaphore_list_head(semaphore);
	if (semaphore->recipe.stray_count == 0)
		return;
	recipe_ask(&semaphore->recipe, SESSION_LIST, TAG_STRAYS_LOCKS,
	    semaphore->lock.parent);
	recipe_ask(&semaphore->recipe, SESSION_LIST, TAG_STRAYS_LEASES,
	    semaphore->lease.parent);
}

enum recipe_news
semaphore_take_beat(struct semaphore *semaphore,
    const struct session_event *event)
{
	semaphore->recipe.beating = false;
	/* Somebody changed the ACL of the lease. */
	if (event->code == SESSION_DENIED &&
	    (semaphore->state == STATE_HOLDING ||
	    semaphore->state == STATE_AT_HEAD)) {
		(void)recipe_fail_with(&semaphore->recipe, event);
		return semaphore->state == STATE_HOLDING ?
		    RECIPE_UNPROVABLE : RECIPE_FAILED;
	}
	if (event->code != SESSION_NO_NODE)
		return RECIPE_NOTHING;
	if (semaphore->state == STATE_HOLDING && event->failed_step == 0)
		return RECIPE_LOST;
	/*
	 * Step 1 checks the queue node.  If the lease is missing, a list shows
	 * that.
	 */
	if (semaphore->state == STATE_AT_HEAD && event->failed_step == 1)
		semaphore_join(&semaphore->recipe);
	return RECIPE_NOTHING;
}

enum recipe_news
semaphore_take_touched(struct semaphore *semaphore,
    const struct session_event *event)
{
	semaphore->recipe.beating = false;
	if (event->code == SESSION_NO_NODE &&
	    semaphore->state == STATE_IN_QUEUE)
		semaphore_list_locks(semaphore);
	return RECIPE_NOTHING;
}

enum recipe_news
semaphore_take_strays(struct semaphore *semaphore,
    const struct session_event *event)
{
	recipe_delete_strays(&semaphore->recipe,
	    event->tag == TAG_STRAYS_LOCKS ? semaphore->lock.parent :
	    semaphore->lease.parent, TAG_DELETE_STRAY, event);
	return RECIPE_NOTHING;
}

void
semaphore_resume(struct recipe *recipe)
{
	struct semaphore *semaphore = (struct semaphore *)recipe;

	if (semaphore->state == STATE_OUT)
		return;
	semaphore->recipe.parents = PARENTS_EXPECTED;
	semaphore->recipe.beating = semaphore->listing = false;
	semaphore_forget_queue(semaphore);
	/* Beat first: with a lease node, this proves that the session lives. */
	if (semaphore->state != STATE_IN_QUEUE)
		semaphore_beat(&semaphore->recipe);
	/* A lagging server would not list all of our nodes. */
	recipe_ask(recipe, SESSION_SYNC, TAG_SYNC, recipe->path);
	recipe_ask(&semaphore->recipe, SESSION_LIST, TAG_RESUME_LOCKS,
	    semaphore->lock.parent);
	recipe_ask(&semaphore->recipe, SESSION_LIST, TAG_RESUME_LEASES,
	    semaphore->lease.parent);
}

/* Continues with the nodes that exist. */
static enum recipe_news
go_on(struct semaphore *semaphore)
{
	bool has_lock = semaphore->lock.name[0] != '\0';
	bool has_lease = semaphore->lease.name[0] != '\0';

	if (semaphore->state == STATE_OUT || semaphore_is_leaving(semaphore))
		return semaphore_clear(semaphore);
	if (semaphore->state == STATE_HOLDING) {
		if (!has_lease)
			return RECIPE_LOST;
		semaphore_watch_lease(semaphore);
	} else if (semaphore->state == STATE_WALKING_IN && has_lease) {
		/* We have walked in: our lease is the only one. */
		semaphore_list_task(semaphore);
		semaphore_get_first_lease(semaphore, semaphore->lease.name);
	} else if (!has_lock) {
		semaphore_join(&semaphore->recipe);
	} else if (has_lease) {
		semaphore_ask_joined(semaphore);
		semaphore->state = STATE_AT_HEAD;
		semaphore_list_task(semaphore);
		semaphore_list_leases(semaphore);
	} else {
		semaphore_ask_joined(semaphore);
		semaphore->state = STATE_IN_QUEUE;
		semaphore_list_locks(semaphore);
	}
	return RECIPE_NOTHING;
}

enum recipe_news
semaphore_take_resumed(struct semaphore *semaphore,
    const struct session_event *event)
{
	bool is_lock = event->tag == TAG_RESUME_LOCKS;
	struct recipe_node *node = is_lock ? &semaphore->lock :
	    &semaphore->lease;
	bool was_deleting = node->deleting;

	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return recipe_fail_with(&semaphore->recipe, event);
	/*
	 * The reply to TAG_LIST_OTHERS may be lost; this list serves as well.
	 */
	if (is_lock)
		(void)semaphore_take_others(semaphore, event);
	recipe_find_node(&semaphore->recipe, node, event);
	if (!is_lock)
		return go_on(semaphore);
	if (was_deleting && node->name[0] != '\0')
		semaphore_settle(&semaphore->recipe);
	return RECIPE_NOTHING;
}
