/*
 * The protocol of Curator's InterProcessSemaphoreV2.internalAcquire1Lease and
 * LockInternals.  Where Curator waits for each reply, several requests share a
 * round trip here.
 *
 * P is the path of the task.  A contender first tries to walk in: one
 * transaction creates its lease node if P/leases does not exist.  Otherwise it
 * queues: it creates an ephemeral sequential node in P/locks.  At the front of
 * the queue it creates a node in P/leases.  It holds the lock as soon as
 * P/leases has at most as many children as the number of allowed holders, and
 * then leaves the queue.  With recipe_do_not_wait() a contender queues only if
 * P/leases has fewer children than that.
 *
 * The protocol is safe because every holder, in its own session and after its
 * own create, saw P/leases with its node and at most max_leases children.  (If
 * a child was deleted and the holder saw this, that child does not count.)  If
 * there were max_leases + 1 holders, the last one to create its node would have
 * seen the nodes of all.  The queue only provides fairness.
 *
 * Nodes are named like Curator's protected nodes, _c_UUID-lock-NNNNNNNNNN.  The
 * UUID identifies a node whose create had no reply.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lock/semaphore_private.h"

void
semaphore_list_leases(struct semaphore *semaphore)
{
	recipe_watch(&semaphore->recipe, SESSION_LIST, TAG_LIST_LEASES,
	    WATCH_LEASES, semaphore->lease.parent);
	recipe_ask_along(&semaphore->recipe);
}

void
semaphore_watch_lease(struct semaphore *semaphore)
{
	recipe_watch(&semaphore->recipe, SESSION_GET, TAG_WATCH_LEASE,
	    WATCH_LEASE, semaphore->lease.name);
}

void
semaphore_get_first_lease(struct semaphore *semaphore, const char *lease)
{
	recipe_watch(&semaphore->recipe, SESSION_GET, TAG_GET_FIRST_LEASE,
	    WATCH_LEASE, lease);
	recipe_ask_along(&semaphore->recipe);
}

void
semaphore_list_task(struct semaphore *semaphore)
{
	recipe_ask(&semaphore->recipe, SESSION_LIST, TAG_LIST_TASK,
	    semaphore->recipe.path);
}

void
semaphore_take_lease(struct semaphore *semaphore)
{
	semaphore->state = STATE_AT_HEAD;
	semaphore->recipe.claim.fence = 0;
	semaphore->has_rival = false;
	recipe_create_node(&semaphore->recipe, &semaphore->lease,
	    TAG_CREATE_LEASE);
	semaphore_list_task(semaphore);
	semaphore_list_leases(semaphore);
}

void
semaphore_name_first_lease(struct semaphore *semaphore,
    char path[PATHS_SIZE])
{
	recipe_name_node(&semaphore->lease, path);
	(void)strlcat(path, "0000000000", PATHS_SIZE);
}

/*
 * The transaction commits only if P/leases does not exist.  No other lease
 * exists then, so we need not list the leases.  A contender cannot walk in past
 * the front of the queue, because the front has a lease node.  It can only do
 * so in the one round trip in which the front creates that node.
 *
 * A release also deletes P/leases if it has the version set here: zkrun deletes
 * only a P/leases that zkrun created.  See "Walking in" in src/README.md.
 */
void
semaphore_walk_in(struct semaphore *semaphore)
{
	char lease[PATHS_SIZE];
	const struct session_step steps[] = {
		{ SESSION_CREATE_STEP, semaphore->lease.parent, NULL, -1 },
		{ SESSION_SET_STEP, semaphore->lease.parent, NULL,
		    PATHS_OWN_VERSION - 1 },
		{ SESSION_EPHEMERAL_STEP, lease, semaphore->recipe.data, -1 },
	};

	semaphore->state = STATE_WALKING_IN;
	semaphore_name_first_lease(semaphore, lease);
	semaphore->lease.pending = true;
	recipe_note_asked(&semaphore->recipe);
	session_ask_steps(semaphore->recipe.session, TAG_WALK_IN, steps, 3);
	semaphore_list_task(semaphore);
	semaphore_get_first_lease(semaphore, lease);
	if (!semaphore->recipe.waits)
		recipe_ask(&semaphore->recipe, SESSION_LIST, TAG_LIST_HOLDERS,
		    semaphore->lease.parent);
}

void
semaphore_make_parents(struct semaphore *semaphore)
{
	recipe_make_path(&semaphore->recipe, TAG_TOP_PARENT, TAG_PARENT);
	recipe_ask(&semaphore->recipe, SESSION_CREATE_CONTAINER, TAG_PARENT,
	    semaphore->lock.parent);
	recipe_ask(&semaphore->recipe, SESSION_CREATE_CONTAINER, TAG_PARENT,
	    semaphore->lease.parent);
}

void
semaphore_delete_lock(struct semaphore *semaphore)
{
	recipe_delete_node(&semaphore->recipe, &semaphore->lock,
	    TAG_DELETE_LOCK);
}

void
semaphore_delete_lease(struct semaphore *semaphore)
{
	recipe_delete_node(&semaphore->recipe, &semaphore->lease,
	    TAG_DELETE_LEASE);
}

/*
 * If we waited with a lease node, the same transaction rewrites the data of
 * that node, because the mtime of a lease tells since when it is held.
 */
void
semaphore_settle(struct recipe *recipe)
{
	struct semaphore *semaphore = (struct semaphore *)recipe;
	struct recipe_node *lock = &semaphore->lock;
	const struct session_step steps[] = {
		/* Version 0 only: do not overwrite a revoke request. */
		{ SESSION_SET_STEP, semaphore->lease.name, recipe->data, 0 },
		{ SESSION_DELETE_STEP, lock->name, NULL, -1 },
	};

	if (semaphore->state != STATE_HOLDING)
		return;
	if (semaphore->waited && lock->name[0] != '\0' && !lock->deleting) {
		lock->deleting = true;
		session_ask_steps(recipe->session, TAG_SETTLE, steps, 2);
	} else
		semaphore_delete_lock(semaphore);
}

/* Returns to the initial state within the session. */
static void
start_over(struct semaphore *semaphore)
{
	recipe_forget_node(&semaphore->lock);
	recipe_forget_node(&semaphore->lease);
	semaphore->recipe.claim.fence = semaphore->recipe.claim.made_ms = 0;
	semaphore->recipe.parents = PARENTS_EXPECTED;
	semaphore->recipe.beating = false;
	semaphore->waited = semaphore->has_rival = false;
	semaphore->state = STATE_OUT;
}

static void
forget(struct recipe *recipe)
{
	struct semaphore *semaphore = (struct semaphore *)recipe;

	start_over(semaphore);
}

bool
semaphore_is_leaving(const struct semaphore *semaphore)
{
	return semaphore->state == STATE_RETURNING ||
	    semaphore->state == STATE_LEAVING;
}

enum recipe_news
semaphore_clear(struct semaphore *semaphore)
{
	bool returns = semaphore->state == STATE_RETURNING;

	if (!semaphore_is_leaving(semaphore))
		return RECIPE_NOTHING;
	/* Delete the lease first, because others wait for it. */
	semaphore_delete_lease(semaphore);
	semaphore_delete_lock(semaphore);
	if (semaphore->lease.name[0] != '\0' || semaphore->lease.pending ||
	    semaphore->lock.name[0] != '\0' || semaphore->lock.pending)
		return RECIPE_NOTHING;
	start_over(semaphore);
	if (!returns)
		return RECIPE_LEFT;
	semaphore->untidy = false;
	semaphore_walk_in(semaphore);
	return RECIPE_NOTHING;
}

void
semaphore_forget_queue(struct semaphore *semaphore)
{
	while (semaphore->queue_count > 0)
		free(semaphore->queue[--semaphore->queue_count]);
	free(semaphore->queue);
	semaphore->queue = NULL;
	semaphore->predecessor = NULL;
}

static void
lease_deleted(struct recipe *recipe)
{
	struct semaphore *semaphore = (struct semaphore *)recipe;

	recipe_forget_node(&semaphore->lease);
}

void
semaphore_join(struct recipe *recipe)
{
	struct semaphore *semaphore = (struct semaphore *)recipe;

	semaphore->state = STATE_RETURNING;
	(void)semaphore_clear(semaphore);
}

static bool
is_urgent(const struct recipe *recipe)
{
	const struct semaphore *semaphore = (const struct semaphore *)recipe;

	return semaphore->state != STATE_OUT &&
	    semaphore->state != STATE_IN_QUEUE;
}

static void
tidy(struct recipe *recipe)
{
	struct semaphore *semaphore = (struct semaphore *)recipe;
	const struct session_step step = {
		SESSION_DELETE_STEP, semaphore->lease.parent, NULL,
		PATHS_OWN_VERSION,
	};

	if (semaphore->untidy && !semaphore->has_others)
		session_ask_steps(recipe->session, TAG_TIDY, &step, 1);
}

static void
free_semaphore(struct recipe *recipe)
{
	semaphore_forget_queue((struct semaphore *)recipe);
	free(recipe);
}

static const char *
parent_of(const struct recipe *recipe, enum paths_parent parent)
{
	const struct semaphore *semaphore = (const struct semaphore *)recipe;

	return parent == PATHS_LOCKS ? semaphore->lock.parent :
	    semaphore->lease.parent;
}

static size_t
waiters_ahead(const struct recipe *recipe, char *const *names, size_t count)
{
	const struct semaphore *semaphore = (const struct semaphore *)recipe;
	const char *own = strrchr(semaphore->lock.name, '/'), *predecessor;

	/* If we have a lease node, we are at the front of the queue. */
	return own == NULL || semaphore->lease.name[0] != '\0' ? 0 :
	    nodename_ahead(own + 1, names, count, &predecessor);
}

/* Returns the number in a lease node's name; "" sorts first. */
static const char *
number_of(const char *name)
{
	const char *number = strstr(name, "lease-");

	return number != NULL ? number : "";
}

/*
 * If there are more than max_leases, the front of the queue waits with the
 * youngest one.
 */
static const char *
find_holder(const struct recipe *recipe, char *const *names, size_t count,
    size_t *holders)
{
	const struct semaphore *semaphore = (const struct semaphore *)recipe;
	const char *oldest = NULL, *pause = nodename_find_pause(names, count);
	size_t i;

	*holders = count < semaphore->max_leases ? count :
	    semaphore->max_leases;
	for (i = 0; i < count; i++)
		if (oldest == NULL ||
		    strcmp(number_of(names[i]), number_of(oldest)) < 0)
			oldest = names[i];
	return pause != NULL ? pause : oldest;
}

static const struct recipe_methods methods = {
	.join = semaphore_join,
	.resume = semaphore_resume,
	.settle = semaphore_settle,
	.beat = semaphore_beat,
	.is_urgent = is_urgent,
	.forget = forget,
	.leave = semaphore_leave,
	.before_release = semaphore_before_release,
	.lease_deleted = lease_deleted,
	.tidy = tidy,
	.take = semaphore_take,
	.parent = parent_of,
	.ahead = waiters_ahead,
	.holder = find_holder,
	.free = free_semaphore,
};

struct recipe *
semaphore_new(const char *path, size_t max_leases)
{
	struct semaphore *semaphore;

	semaphore = calloc(1, sizeof(*semaphore));
	if (semaphore == NULL)
		return NULL;
	semaphore->recipe.methods = &methods;
	semaphore->recipe.claim.lease = semaphore->lease.name;
	semaphore->recipe.claim.place = semaphore->lock.name;
	semaphore->max_leases = max_leases;
	semaphore->lock.prefix = semaphore->lease.prefix = "";
	semaphore->lock.kind = "lock";
	paths_parent(semaphore->lock.parent, PATHS_SIZE, path, PATHS_LOCKS);
	semaphore->lease.kind = "lease";
	paths_parent(semaphore->lease.parent, PATHS_SIZE, path, PATHS_LEASES);
	return &semaphore->recipe;
}
