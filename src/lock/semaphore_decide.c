/*
 * Handles replies and fired watches, and decides what the semaphore does next.
 */
#include <stdio.h>
#include <string.h>

#include "lock/contender.h"
#include "lock/nodename.h"
#include "lock/semaphore_private.h"
#include "zookeeper/session.h"

/* Handles TAG_GET_LOCK.  If our node is gone, the queue list shows it. */
static enum recipe_news
take_place(struct semaphore *semaphore, const struct session_event *event)
{
	return event->code == SESSION_OK ?
	    recipe_believe(&semaphore->recipe, event, false) :
	    RECIPE_NOTHING;
}

/* Repeats a create that may succeed now. */
static enum recipe_news
create_again(struct semaphore *semaphore, bool is_lease,
    enum session_code code)
{
	/* The parents did not exist, or a server has just deleted them. */
	if (code == SESSION_NO_NODE) {
		if (semaphore->recipe.parents == PARENTS_DENIED)
			return RECIPE_FAILED; /* reason: see take_parent() */
		semaphore_make_parents(semaphore);
	}
	if (is_lease)
		semaphore_take_lease(semaphore);
	else
		semaphore_join_queue(semaphore);
	return RECIPE_NOTHING;
}

static enum recipe_news
take_created(struct semaphore *semaphore, const struct session_event *event)
{
	bool is_lease = event->tag == TAG_CREATE_LEASE;
	struct recipe_node *node = is_lease ? &semaphore->lease :
	    &semaphore->lock;

	node->pending = false;
	if (event->code == SESSION_OK && recipe_take_name(&semaphore->recipe,
	    node, event) == RECIPE_FAILED)
		return RECIPE_FAILED;
	if (semaphore_is_leaving(semaphore))
		return semaphore_clear(semaphore);
	/* The session sends plain creates after SESSION_UNSUPPORTED. */
	if (event->code == SESSION_NO_NODE ||
	    event->code == SESSION_UNSUPPORTED)
		return create_again(semaphore, is_lease, event->code);
	if (event->code != SESSION_OK)
		return recipe_fail_with(&semaphore->recipe, event);
	if (event->czxid != 0)
		return recipe_believe(&semaphore->recipe, event, is_lease);
	/* The reply to a plain create contains only the name. */
	if (!is_lease)
		semaphore_ask_joined(semaphore);
	return RECIPE_NOTHING;
}

static enum recipe_news
hold(struct semaphore *semaphore)
{
	semaphore->state = STATE_HOLDING;
	return RECIPE_ACQUIRED;
}

/*
 * Watches the rival: the only other lease.  If the rival is deleted before
 * another change, ours is the only lease, and we hold the lock without another
 * list.  Watches our own lease as well, because --revoke may change it
 * meanwhile.
 */
static void
watch_rival(struct semaphore *semaphore, const struct session_event *event)
{
	const char *own, *rival;
	char path[PATHS_SIZE];

	semaphore->has_rival = false;
	/* With recipe_read_along(), acquiring requires another list anyway. */
	if (semaphore->max_leases != 1 || event->count != 2 ||
	    semaphore->recipe.along != NULL)
		return;
	own = nodename_find(semaphore->lease.uuid, event->names, event->count);
	rival = own == event->names[0] ? event->names[1] : event->names[0];
	if (!nodename_join(path, sizeof(path), semaphore->lease.parent, rival))
		return;
	semaphore->has_rival = true;
	semaphore_watch_lease(semaphore);
	recipe_watch(&semaphore->recipe, SESSION_GET, TAG_GET_RIVAL,
	    WATCH_RIVAL, path);
}

static enum recipe_news
take_leases(struct semaphore *semaphore, const struct session_event *event)
{
	/* Replies come in order: this list predates our create. */
	if (semaphore->lease.pending)
		return RECIPE_NOTHING;
	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return recipe_fail_with(&semaphore->recipe, event);
	if (nodename_find(semaphore->lease.uuid, event->names,
	    event->count) == NULL) {
		recipe_forget_node(&semaphore->lease);
		semaphore_take_lease(semaphore);
		return RECIPE_NOTHING;
	}
	if (semaphore->recipe.claim.fence == 0) {
		/* The reply to a plain create lacks the fence. */
		semaphore_watch_lease(semaphore);
		semaphore_list_leases(semaphore);
		return RECIPE_NOTHING;
	}
	semaphore->untidy = event->version == PATHS_OWN_VERSION;
	/* Like Curator, count all children, with any name. */
	if (event->count > semaphore->max_leases) {
		semaphore->recipe.claim.ahead = 0;
		semaphore->waited = true;
		semaphore->recipe.claim.is_paused = nodename_find_pause(
		    event->names, event->count) != NULL;
		semaphore_doubt_head(semaphore, event->count);
		watch_rival(semaphore, event);
		return RECIPE_WAITING;
	}
	semaphore_watch_lease(semaphore);
	return hold(semaphore);
}

static enum recipe_news
take_parent(struct semaphore *semaphore, const struct session_event *event)
{
	if (semaphore_is_leaving(semaphore))
		return RECIPE_NOTHING;
	return recipe_take_parent(&semaphore->recipe, event,
	    event->tag == TAG_TOP_PARENT);
}

/* Handles the read of the lease after semaphore_walk_in(). */
static enum recipe_news
take_first_lease(struct semaphore *semaphore,
    const struct session_event *event)
{
	/* Walking in failed, and the next step is under way. */
	if (semaphore->lease.name[0] == '\0')
		return RECIPE_NOTHING;
	if (event->code == SESSION_NO_NODE) {
		/* Somebody deleted our lease before we read it. */
		recipe_forget_node(&semaphore->lease);
		semaphore_join(&semaphore->recipe);
		return RECIPE_NOTHING;
	}
	if (event->code != SESSION_OK)
		return recipe_fail_with(&semaphore->recipe, event);
	semaphore->untidy = true;
	return recipe_believe(&semaphore->recipe, event, true) ==
	    RECIPE_FAILED ?
	    RECIPE_FAILED : hold(semaphore);
}

/*
 * Handles the list of P.  If the list shows a contender of the mutex recipe, we
 * must not hold, because that contender does not see our lease.  A contender
 * that comes later lists P after its create, sees P/leases and gives up.
 */
static enum recipe_news
take_task(struct semaphore *semaphore, const struct session_event *event)
{
	int64_t number;
	size_t i;

	if (semaphore->state == STATE_OUT || semaphore_is_leaving(semaphore))
		return RECIPE_NOTHING;
	for (i = 0; i < event->count; i++)
		if (contender_parse(event->names[i], &number) !=
		    CONTENDER_NONE)
			return recipe_fail(&semaphore->recipe, RECIPE_REFUSED,
			    "the znode has the node of a lock without leases: "
			    "others use InterProcessMutex or --recipe mutex");
	return RECIPE_NOTHING;
}

/* Handles a read of our lease, which may contain a revoke request. */
static enum recipe_news
take_lease(struct semaphore *semaphore, const struct session_event *event)
{
	bool holds = semaphore->state == STATE_HOLDING;

	if (!holds && semaphore->state != STATE_AT_HEAD)
		return RECIPE_NOTHING;
	if (event->code == SESSION_NO_NODE && holds)
		return RECIPE_LOST;
	/* If we wait and our lease is gone, the next list will show that. */
	if (event->code != SESSION_OK)
		return RECIPE_NOTHING;
	if (recipe_believe(&semaphore->recipe, event, true) ==
	    RECIPE_FAILED)
		/* While we hold, each beat proves that our lease exists. */
		return holds ? RECIPE_NOTHING : RECIPE_FAILED;
	if (!recipe_take_revoke(&semaphore->recipe, event))
		return RECIPE_NOTHING;
	/* Acquire only after a new list, which reads the request again. */
	semaphore->has_rival = false;
	return holds ? RECIPE_REVOKED : RECIPE_NOTHING;
}

/* Queues, because walking in failed. */
static enum recipe_news
join_queue(struct semaphore *semaphore)
{
	/*
	 * P/locks is probably missing, because a holder that walks in needs no
	 * queue.
	 */
	recipe_ask(&semaphore->recipe, SESSION_CREATE_CONTAINER, TAG_PARENT,
	    semaphore->lock.parent);
	semaphore_join_queue(semaphore);
	return RECIPE_NOTHING;
}

/* Handles the reply to semaphore_walk_in(). */
static enum recipe_news
take_walked_in(struct semaphore *semaphore, const struct session_event *event)
{
	semaphore->lease.pending = false;
	if (event->code == SESSION_OK)
		semaphore_name_first_lease(semaphore, semaphore->lease.name);
	if (semaphore_is_leaving(semaphore))
		return semaphore_clear(semaphore);
	if (event->code == SESSION_OK)
		return RECIPE_NOTHING;
	recipe_forget_node(&semaphore->lease);
	if (event->code == SESSION_NO_NODE &&
	    semaphore->recipe.parents == PARENTS_EXPECTED) {
		recipe_make_path(&semaphore->recipe, TAG_TOP_PARENT,
		    TAG_PARENT);
		semaphore_walk_in(semaphore);
		return RECIPE_NOTHING;
	}
	if (event->code != SESSION_EXISTS)
		return join_queue(semaphore);
	semaphore->recipe.parents = PARENTS_EXPECTED;
	/* If we do not wait, take_holders() decides whether to queue. */
	return semaphore->recipe.waits ? join_queue(semaphore) : RECIPE_NOTHING;
}

/* Handles the list of leases that was read together with walking in. */
static enum recipe_news
take_holders(struct semaphore *semaphore, const struct session_event *event)
{
	/* The list belongs to an earlier try, or we have walked in. */
	if (semaphore->lease.pending || semaphore->lease.name[0] != '\0')
		return RECIPE_NOTHING;
	if (event->code != SESSION_OK || event->count < semaphore->max_leases)
		return join_queue(semaphore);
	semaphore->state = STATE_OUT;
	semaphore->recipe.claim.is_paused = nodename_find_pause(event->names,
	    event->count) != NULL;
	return RECIPE_TAKEN;
}

static enum recipe_news
take_deleted(struct semaphore *semaphore, const struct session_event *event)
{
	struct recipe_node *node = event->tag == TAG_DELETE_LEASE ?
	    &semaphore->lease : &semaphore->lock;

	/* The node is gone, whoever deleted it. */
	if (event->code == SESSION_OK || event->code == SESSION_NO_NODE) {
		recipe_forget_node(node);
		return semaphore_clear(semaphore);
	}
	node->deleting = false;
	/* A queue node can still be deleted when we leave. */
	return node == &semaphore->lease || semaphore_is_leaving(semaphore) ?
	    recipe_fail_with(&semaphore->recipe, event) : RECIPE_NOTHING;
}

/* Handles the reply to the two steps of semaphore_settle(). */
static enum recipe_news
take_settled(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->code == SESSION_OK ||
	    (event->code == SESSION_NO_NODE && event->failed_step == 1))
		return take_deleted(semaphore, event);
	/*
	 * Continue without the new mtime.  Beats show whether the lease is
	 * gone.
	 */
	semaphore->lock.deleting = false;
	semaphore_delete_lock(semaphore);
	return RECIPE_NOTHING;
}

static enum recipe_news
take_change(struct semaphore *semaphore, const struct session_event *event)
{
	if (event->tag == WATCH_PREDECESSOR) {
		if (semaphore->state != STATE_IN_QUEUE)
			return RECIPE_NOTHING;
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
	return RECIPE_NOTHING;
}

/* Replies to other tags need no handling. */
static const struct {
	semaphore_taker	*take;
	enum state	 in;	/* ignored in other states */
} takes[TAGS] = {
	[TAG_WALK_IN] = { take_walked_in, ANY_STATE },
	[TAG_GET_FIRST_LEASE] = { take_first_lease, STATE_WALKING_IN },
	[TAG_LIST_HOLDERS] = { take_holders, STATE_WALKING_IN },
	[TAG_LIST_TASK] = { take_task, ANY_STATE },
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

enum recipe_news
semaphore_take(struct recipe *recipe, const struct session_event *event)
{
	struct semaphore *semaphore = (struct semaphore *)recipe;

	if (event->type == SESSION_CHANGED)
		return take_change(semaphore, event);
	if (event->tag >= TAGS || takes[event->tag].take == NULL ||
	    (takes[event->tag].in != ANY_STATE &&
	    takes[event->tag].in != semaphore->state))
		return RECIPE_NOTHING;
	return takes[event->tag].take(semaphore, event);
}
