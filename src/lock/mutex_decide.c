/* Handles replies and fired watches, and decides what the mutex does next. */
#include <string.h>

#include "lock/contender.h"
#include "lock/mutex_private.h"

/* What a list of P says about our place. */
struct place {
	const char	*highest;	/* counted node right before ours */
	int64_t		 number;	/* of that node */
	enum contender_kind kind;	/* of that node */
	size_t		 lower;		/* counted nodes before ours */
	size_t		 pauses;	/* how many of them are a pause */
};

static enum recipe_news
hold(struct mutex *mutex)
{
	mutex->state = STATE_HOLDING;
	mutex->recipe.claim.lease = mutex->node.name;
	mutex_watch_own(mutex);
	return RECIPE_ACQUIRED;
}

/* Handles the reply to the create of our node. */
static enum recipe_news
take_created(struct mutex *mutex, const struct session_event *event)
{
	struct recipe *recipe = &mutex->recipe;

	mutex->node.pending = false;
	if (event->code == SESSION_OK && recipe_take_name(recipe, &mutex->node,
	    event) == RECIPE_FAILED)
		return RECIPE_FAILED;
	if (mutex_is_leaving(mutex))
		return mutex_clear(mutex);
	/* P never existed, or somebody has just deleted it. */
	if (event->code == SESSION_NO_NODE) {
		if (recipe->parents == PARENTS_DENIED)
			return RECIPE_FAILED; /* reason: recipe_take_parent() */
		recipe_make_path(recipe, TAG_TOP_PARENT, TAG_PARENT);
	}
	/* The session sends plain creates after SESSION_UNSUPPORTED. */
	if (event->code == SESSION_NO_NODE ||
	    event->code == SESSION_UNSUPPORTED) {
		mutex_enqueue(mutex);
		return RECIPE_NOTHING;
	}
	if (event->code != SESSION_OK)
		return recipe_fail_with(recipe, event);
	return event->czxid != 0 ? recipe_believe(recipe, event, true) :
	    RECIPE_NOTHING;
}

/*
 * Finds our place in a list of P.  A node with our number belongs to a pause
 * that came after us: see pauses.h.
 */
static enum recipe_news
find_place(struct mutex *mutex, const char *own,
    const struct session_event *event, struct place *place)
{
	enum contender_kind kind;
	/* Without a number of our own we would wait for everybody. */
	int64_t number, ours = INT64_MAX;
	size_t i;

	memset(place, 0, sizeof(*place));
	(void)contender_parse(own, &ours);
	for (i = 0; i < event->count; i++) {
		if (contender_is_semaphore(event->names[i]))
			return recipe_fail(&mutex->recipe, RECIPE_REFUSED,
			    "the znode has the child 'leases' or 'locks': "
			    "others use --recipe semaphore, or have used it "
			    "until a moment ago");
		kind = contender_parse(event->names[i], &number);
		if (kind == CONTENDER_NONE)
			continue;
		if (number < 0 || number > CONTENDER_NUMBER_MAX)
			return recipe_fail(&mutex->recipe, RECIPE_REFUSED,
			    "the sequence numbers below the znode are used up: "
			    "stop all clients of this lock and delete the "
			    "znode");
		if (number >= ours)
			continue;
		place->lower++;
		place->pauses += nodename_is_pause(event->names[i]);
		if (place->highest == NULL || number > place->number) {
			place->highest = event->names[i];
			place->number = number;
			place->kind = kind;
		}
	}
	return RECIPE_NOTHING;
}

/*
 * Watches the node right before ours.  If no other node is before ours, watches
 * the children of P as well, as long as we wait.  We are next if both watches
 * are set: a pause that begins, or the deletion of our own node, then leads to
 * a new list before we hold.
 */
static enum recipe_news
wait_behind(struct mutex *mutex, const struct place *place)
{
	struct recipe_claim *claim = &mutex->recipe.claim;
	char path[PATHS_SIZE];

	if (!nodename_join(path, sizeof(path), mutex->recipe.path,
	    place->highest))
		return recipe_fail(&mutex->recipe, RECIPE_REFUSED,
		    "the name of a node in the queue is too long");
	mutex->lower = place->lower;
	claim->ahead = place->lower - place->pauses;
	if (claim->ahead > 0)
		claim->ahead--;		/* the holder */
	claim->is_paused = place->pauses > 0;
	if (!mutex->recipe.waits)
		return RECIPE_TAKEN;
	if (strcmp(path, mutex->predecessor) != 0) {
		(void)strlcpy(mutex->predecessor, path,
		    sizeof(mutex->predecessor));
		recipe_watch(&mutex->recipe, SESSION_GET, TAG_GET_PREDECESSOR,
		    WATCH_PREDECESSOR, path);
	}
	/*
	 * A writer of Curator may continue as a reader with the same number, so
	 * a new list must decide.  With recipe_read_along(), acquiring requires
	 * another list anyway.
	 */
	if (place->lower > 1 || place->kind == CONTENDER_CURATOR_RW ||
	    mutex->recipe.along != NULL)
		return RECIPE_WAITING;
	if (!mutex->watches_task) {
		mutex_watch_task(mutex);
		return RECIPE_NOTHING;
	}
	mutex->is_next = true;
	return RECIPE_WAITING;
}

static enum recipe_news
take_list(struct mutex *mutex, const struct session_event *event)
{
	struct recipe *recipe = &mutex->recipe;
	struct place place;
	const char *own;

	/* Replies come in order: this list predates our create. */
	if (mutex->state != STATE_QUEUED || mutex->node.pending)
		return RECIPE_NOTHING;
	mutex->listing = false;
	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return recipe_fail_with(recipe, event);
	recipe_delete_strays(recipe, recipe->path, TAG_DELETE_STRAY, event);
	own = nodename_find(mutex->node.uuid, event->names, event->count);
	if (own == NULL) {
		/* Somebody deleted our node: queue again at the end. */
		mutex_forget_node(mutex);
		mutex_join(recipe);
		return RECIPE_NOTHING;
	}
	if (recipe->claim.fence == 0) {
		/* The reply to the create was plain, or lost. */
		mutex_watch_own(mutex);
		mutex_list(mutex);
		return RECIPE_NOTHING;
	}
	if (find_place(mutex, own, event, &place) == RECIPE_FAILED)
		return RECIPE_FAILED;
	return place.lower == 0 ? hold(mutex) : wait_behind(mutex, &place);
}

static enum recipe_news
take_predecessor(struct mutex *mutex, const struct session_event *event)
{
	if (mutex->state != STATE_QUEUED)
		return RECIPE_NOTHING;
	if (event->code == SESSION_NO_NODE) {
		mutex->predecessor[0] = '\0';
		mutex_list(mutex);
	} else if (event->code != SESSION_OK)
		return recipe_fail_with(&mutex->recipe, event);
	return RECIPE_NOTHING;
}

static enum recipe_news
take_own(struct mutex *mutex, const struct session_event *event)
{
	bool holds = mutex->state == STATE_HOLDING;

	if (!holds && mutex->state != STATE_QUEUED)
		return RECIPE_NOTHING;
	if (event->code == SESSION_NO_NODE && holds)
		return RECIPE_LOST;
	/* If we wait and our node is gone, the next list will show that. */
	if (event->code != SESSION_OK)
		return RECIPE_NOTHING;
	if (recipe_believe(&mutex->recipe, event, true) == RECIPE_FAILED)
		/* While we hold, each beat proves that our node exists. */
		return holds ? RECIPE_NOTHING : RECIPE_FAILED;
	return holds && recipe_take_revoke(&mutex->recipe, event) ?
	    RECIPE_REVOKED : RECIPE_NOTHING;
}

static enum recipe_news
take_deleted(struct mutex *mutex, const struct session_event *event)
{
	/* The node is gone, whoever deleted it. */
	if (event->code == SESSION_OK || event->code == SESSION_NO_NODE) {
		mutex_forget_node(mutex);
		return mutex_clear(mutex);
	}
	mutex->node.deleting = false;
	return recipe_fail_with(&mutex->recipe, event);
}

/*
 * If we are next and the watched node is deleted, we hold the lock without
 * another list: the children of P have not changed before, and later nodes have
 * higher numbers.
 */
static enum recipe_news
take_change(struct mutex *mutex, const struct session_event *event)
{
	if (event->tag == WATCH_OWN && mutex->state == STATE_HOLDING)
		mutex_watch_own(mutex);
	if (event->tag == WATCH_OWN || mutex->state != STATE_QUEUED)
		return RECIPE_NOTHING;
	if (event->tag == WATCH_TASK) {
		mutex->watches_task = false;
		if (mutex->lower == 1)
			mutex_watch_task(mutex);
		return RECIPE_NOTHING;
	}
	mutex->predecessor[0] = '\0';
	/* If one change fires both watches, this one fires first. */
	if (event->gone && mutex->is_next)
		return hold(mutex);
	mutex_list(mutex);
	return RECIPE_NOTHING;
}

/* Handles the reply to a beat. */
static enum recipe_news
take_beat(struct mutex *mutex, const struct session_event *event)
{
	bool holds = mutex->state == STATE_HOLDING;

	mutex->recipe.beating = false;
	if (!holds && mutex->state != STATE_QUEUED)
		return RECIPE_NOTHING;
	/* Somebody changed the ACL of our node. */
	if (event->code == SESSION_DENIED && event->tag == TAG_BEAT) {
		(void)recipe_fail_with(&mutex->recipe, event);
		return holds ? RECIPE_UNPROVABLE : RECIPE_FAILED;
	}
	if (event->code != SESSION_NO_NODE)
		return RECIPE_NOTHING;
	if (holds)
		return RECIPE_LOST;
	mutex_list(mutex);
	return RECIPE_NOTHING;
}

/* Continues with our node, if it exists. */
static enum recipe_news
take_resumed(struct mutex *mutex, const struct session_event *event)
{
	if (event->code != SESSION_OK && event->code != SESSION_NO_NODE)
		return recipe_fail_with(&mutex->recipe, event);
	recipe_find_node(&mutex->recipe, &mutex->node, event);
	if (mutex->state == STATE_OUT || mutex_is_leaving(mutex))
		return mutex_clear(mutex);
	if (mutex->state == STATE_HOLDING) {
		if (mutex->node.name[0] == '\0')
			return RECIPE_LOST;
		mutex_watch_own(mutex);
	} else if (mutex->node.name[0] == '\0')
		mutex_join(&mutex->recipe);
	else
		mutex_list(mutex);
	return RECIPE_NOTHING;
}

enum recipe_news
mutex_take(struct recipe *recipe, const struct session_event *event)
{
	struct mutex *mutex = (struct mutex *)recipe;

	if (event->type == SESSION_CHANGED)
		return take_change(mutex, event);
	switch ((enum tag)event->tag) {
	case TAG_TOP_PARENT:
	case TAG_PARENT:
		return mutex_is_leaving(mutex) ? RECIPE_NOTHING :
		    recipe_take_parent(recipe, event,
		    event->tag == TAG_TOP_PARENT);
	case TAG_CREATE:
		return take_created(mutex, event);
	case TAG_LIST:
		return take_list(mutex, event);
	case TAG_GET_PREDECESSOR:
		return take_predecessor(mutex, event);
	case TAG_GET_OWN:
		return take_own(mutex, event);
	case TAG_BEAT:
	case TAG_TOUCH:
		return take_beat(mutex, event);
	case TAG_DELETE:
		return take_deleted(mutex, event);
	case TAG_RESUME:
		return take_resumed(mutex, event);
	case TAG_STRAYS:
		recipe_delete_strays(recipe, recipe->path, TAG_DELETE_STRAY,
		    event);
		break;
	case TAG_SETTLE:
	case TAG_TOUCH_FIRST:
	case TAG_SYNC:
	case TAG_DELETE_STRAY:
		break;
	}
	return RECIPE_NOTHING;
}
