/*
 * The protocol of Curator's InterProcessMutex and LockInternals, which
 * LeaderSelector, go-zookeeper and others use as well.
 *
 * A contender creates one ephemeral sequential node in P, and lists P in the
 * same round trip.  It holds the lock when no counted node has a lower number.
 * Otherwise it watches the highest lower node, and lists P again when that node
 * is gone.  It releases the lock by deleting its node.
 *
 * The protocol is safe because numbers rise: of two holders, the one with the
 * higher number has listed P after its own create, and so after the other's.
 * zkrun counts the nodes of all clients in contender.h, so each of these
 * clients only has to count zkrun's node.
 *
 * Our node is named ex_c_UUID-lock-NNNNNNNNNN.  Curator, Go and others look for
 * "lock-", the Ruby client looks for "ex".
 */
#include <stdlib.h>

#include "lock/contender.h"
#include "lock/mutex_private.h"

static void
list(struct mutex *mutex, int watch)
{
	mutex->listing = true;
	recipe_watch(&mutex->recipe, SESSION_LIST, TAG_LIST, watch,
	    mutex->recipe.path);
	recipe_ask_along(&mutex->recipe);
}

void
mutex_list(struct mutex *mutex)
{
	mutex->is_next = false;
	/* A reply that has not yet arrived will show the present state. */
	if (!mutex->listing)
		list(mutex, SESSION_NO_WATCH);
}

void
mutex_watch_task(struct mutex *mutex)
{
	mutex->is_next = false;
	mutex->watches_task = true;
	list(mutex, WATCH_TASK);
}

void
mutex_enqueue(struct mutex *mutex)
{
	mutex->state = STATE_QUEUED;
	mutex->recipe.claim.fence = 0;
	mutex->predecessor[0] = '\0';
	mutex->lower = 0;
	mutex->listing = mutex->watches_task = false;
	recipe_create_node(&mutex->recipe, &mutex->node, TAG_CREATE);
	mutex_list(mutex);
}

void
mutex_watch_own(struct mutex *mutex)
{
	recipe_watch(&mutex->recipe, SESSION_GET, TAG_GET_OWN, WATCH_OWN,
	    mutex->node.name);
}

void
mutex_forget_node(struct mutex *mutex)
{
	recipe_forget_node(&mutex->node);
	mutex->recipe.claim.lease = "";
}

static void
forget(struct recipe *recipe)
{
	struct mutex *mutex = (struct mutex *)recipe;

	mutex_forget_node(mutex);
	recipe->claim.fence = recipe->claim.made_ms = 0;
	recipe->parents = PARENTS_EXPECTED;
	recipe->beating = false;
	mutex->state = STATE_OUT;
}

bool
mutex_is_leaving(const struct mutex *mutex)
{
	return mutex->state == STATE_RETURNING ||
	    mutex->state == STATE_LEAVING;
}

enum recipe_news
mutex_clear(struct mutex *mutex)
{
	bool returns = mutex->state == STATE_RETURNING;

	if (!mutex_is_leaving(mutex))
		return RECIPE_NOTHING;
	recipe_delete_node(&mutex->recipe, &mutex->node, TAG_DELETE);
	if (mutex->node.name[0] != '\0' || mutex->node.pending)
		return RECIPE_NOTHING;
	forget(&mutex->recipe);
	if (!returns)
		return RECIPE_LEFT;
	mutex_enqueue(mutex);
	return RECIPE_NOTHING;
}

void
mutex_join(struct recipe *recipe)
{
	struct mutex *mutex = (struct mutex *)recipe;

	mutex->state = STATE_RETURNING;
	(void)mutex_clear(mutex);
}

static enum recipe_news
leave(struct recipe *recipe)
{
	struct mutex *mutex = (struct mutex *)recipe;

	mutex->state = STATE_LEAVING;
	return mutex_clear(mutex);
}

/*
 * Rewrites the data: the mtime of a lease tells since when it is held, and the
 * data version tells a holder from a waiter (see holders_judge()).
 */
static void
settle(struct recipe *recipe)
{
	struct mutex *mutex = (struct mutex *)recipe;
	const struct session_step step = {
		/* Version 0 only: do not overwrite a revoke request. */
		SESSION_SET_STEP, mutex->node.name, recipe->data, 0,
	};

	if (mutex->state == STATE_HOLDING)
		session_ask_steps(recipe->session, TAG_SETTLE, &step, 1);
}

/* Returns whether we hold the lock, are next, or do not know our place yet. */
static bool
is_urgent(const struct recipe *recipe)
{
	const struct mutex *mutex = (const struct mutex *)recipe;

	return mutex->state != STATE_OUT &&
	    (mutex->state != STATE_QUEUED || mutex->lower <= 1);
}

static void
beat(struct recipe *recipe)
{
	struct mutex *mutex = (struct mutex *)recipe;
	const struct session_step step = {
		SESSION_CHECK_STEP, mutex->node.name, NULL, -1,
	};

	/* Without a known node, send no beat: other requests are under way. */
	if (recipe->beating || mutex->node.name[0] == '\0' ||
	    (mutex->state != STATE_QUEUED && mutex->state != STATE_HOLDING))
		return;
	recipe->beating = true;
	recipe_ask(recipe, SESSION_GET, is_urgent(recipe) ? TAG_TOUCH_FIRST :
	    TAG_TOUCH, mutex->node.name);
	/* A quorum write that changes nothing, and fails without our node. */
	if (is_urgent(recipe))
		session_ask_steps(recipe->session, TAG_BEAT, &step, 1);
	if (recipe->stray_count > 0)
		recipe_ask(recipe, SESSION_LIST, TAG_STRAYS, recipe->path);
}

static void
resume(struct recipe *recipe)
{
	struct mutex *mutex = (struct mutex *)recipe;

	if (mutex->state == STATE_OUT)
		return;
	recipe->parents = PARENTS_EXPECTED;
	recipe->beating = mutex->listing = mutex->is_next = false;
	mutex->watches_task = false;
	mutex->predecessor[0] = '\0';
	/* Beat first: this proves that the session lives. */
	if (is_urgent(recipe))
		beat(recipe);
	/* A lagging server would not list our node. */
	recipe_ask(recipe, SESSION_SYNC, TAG_SYNC, recipe->path);
	recipe_ask(recipe, SESSION_LIST, TAG_RESUME, recipe->path);
}

static void
lease_deleted(struct recipe *recipe)
{
	mutex_forget_node((struct mutex *)recipe);
}

/* P is a container, which the servers delete when it has been empty. */
static void
do_nothing(struct recipe *recipe)
{
	(void)recipe;
}

static const char *
parent_of(const struct recipe *recipe, enum paths_parent parent)
{
	(void)parent;
	return recipe->path;
}

/* The first of the contenders before ours holds the lock. */
static size_t
waiters_ahead(const struct recipe *recipe, char *const *names, size_t count)
{
	const struct mutex *mutex = (const struct mutex *)recipe;
	const char *own = nodename_find(mutex->node.uuid, names, count);
	int64_t number, ours = 0;
	size_t ahead = 0, i;

	if (own != NULL)
		(void)contender_parse(own, &ours);
	for (i = 0; i < count; i++)
		ahead += contender_parse(names[i], &number) !=
		    CONTENDER_NONE && number < ours &&
		    !nodename_is_pause(names[i]);
	return ahead > 0 ? ahead - 1 : 0;
}

static const char *
find_holder(const struct recipe *recipe, char *const *names, size_t count,
    size_t *holders)
{
	const struct mutex *mutex = (const struct mutex *)recipe;
	const char *pause = nodename_find_pause(names, count);
	const char *first = contender_lowest(names, count,
	    nodename_find(mutex->node.uuid, names, count));

	*holders = pause != NULL || first != NULL ? 1 : 0;
	return pause != NULL ? pause : first;
}

static void
free_mutex(struct recipe *recipe)
{
	free(recipe);
}

static const struct recipe_methods methods = {
	.join = mutex_join,
	.resume = resume,
	.settle = settle,
	.beat = beat,
	.is_urgent = is_urgent,
	.forget = forget,
	.leave = leave,
	.before_release = do_nothing,
	.lease_deleted = lease_deleted,
	.tidy = do_nothing,
	.take = mutex_take,
	.parent = parent_of,
	.ahead = waiters_ahead,
	.holder = find_holder,
	.free = free_mutex,
};

struct recipe *
mutex_new(const char *path)
{
	struct mutex *mutex;

	mutex = calloc(1, sizeof(*mutex));
	if (mutex == NULL)
		return NULL;
	mutex->recipe.methods = &methods;
	mutex->recipe.claim.lease = "";
	mutex->recipe.claim.place = mutex->node.name;
	mutex->node.prefix = "ex";
	mutex->node.kind = "lock";
	paths_parent(mutex->node.parent, PATHS_SIZE, path, PATHS_TASK);
	return &mutex->recipe;
}
