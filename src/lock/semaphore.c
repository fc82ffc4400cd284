/*
 * The protocol of Curator's InterProcessSemaphoreV2.internalAcquire1Lease and
 * LockInternals.  Where Curator waits for each reply, several requests share a
 * round trip here.
 *
 * The protocol is safe because every holder, in its own session and after its
 * own create, saw P/leases with its node and at most max_leases children, not
 * counting one that it has since seen go.  Of max_leases + 1 holders, the last
 * one to create its node would have seen all of them.  The queue only provides
 * fairness.
 *
 * Nodes are named like Curator's protected nodes, _c_UUID-lock-NNNNNNNNNN.  The
 * UUID identifies a node whose create had no reply.
 */
#include "lock/semaphore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lock/nodename.h"
#include "lock/parents.h"
#include "lock/semaphore_private.h"
#include "zookeeper/session.h"

enum semaphore_news
semaphore_fail(struct semaphore *semaphore, enum semaphore_failure failure,
    const char *reason)
{
	struct semaphore_claim *claim = &semaphore->claim;

	claim->failure = failure;
	(void)strlcpy(claim->reason, reason, sizeof(claim->reason));
	return SEMAPHORE_FAILED;
}

enum semaphore_news
semaphore_fail_with(struct semaphore *semaphore,
    const struct session_event *event)
{
	return semaphore_fail(semaphore, event->code == SESSION_DENIED ?
	    SEMAPHORE_DENIED : SEMAPHORE_REFUSED, event->reason);
}

void
semaphore_ask(struct semaphore *semaphore, enum session_operation operation,
    enum tag tag, const char *path)
{
	session_ask(semaphore->session, operation, (int)tag, SESSION_NO_WATCH,
	    path, semaphore->data);
}

void
semaphore_watch(struct semaphore *semaphore, enum session_operation operation,
    enum tag tag, enum watch watch, const char *path)
{
	session_ask(semaphore->session, operation, (int)tag, (int)watch, path,
	    NULL);
}

void
semaphore_forget_node(struct semaphore_node *node)
{
	node->uuid[0] = node->name[0] = '\0';
	node->pending = node->deleting = false;
}

void
semaphore_name_node(struct semaphore_node *node, char path[SEMAPHORE_PATH_SIZE])
{
	char name[NODENAME_UUID_SIZE + 16];

	if (node->uuid[0] == '\0')
		nodename_make_uuid(node->uuid);
	(void)snprintf(name, sizeof(name), "_c_%s-%s-", node->uuid, node->kind);
	(void)nodename_join(path, SEMAPHORE_PATH_SIZE, node->parent, name);
}

static void
note_asked(struct semaphore *semaphore)
{
	if (semaphore->claim.joined_ms == 0)
		semaphore->claim.asked_ms = clock_ms();
}

void
semaphore_create_node(struct semaphore *semaphore, struct semaphore_node *node,
    enum tag tag)
{
	char path[SEMAPHORE_PATH_SIZE];

	semaphore_name_node(node, path);
	note_asked(semaphore);
	node->pending = true;
	semaphore_ask(semaphore, SESSION_CREATE_EPHEMERAL, tag, path);
}

static void
ask_along(struct semaphore *semaphore)
{
	if (semaphore->along != NULL)
		session_ask(semaphore->session, SESSION_GET,
		    semaphore->along_tag, SESSION_NO_WATCH, semaphore->along,
		    NULL);
}

void
semaphore_list_leases(struct semaphore *semaphore)
{
	semaphore_watch(semaphore, SESSION_LIST, TAG_LIST_LEASES, WATCH_LEASES,
	    semaphore->lease.parent);
	ask_along(semaphore);
}

void
semaphore_watch_lease(struct semaphore *semaphore)
{
	semaphore_watch(semaphore, SESSION_GET, TAG_WATCH_LEASE, WATCH_LEASE,
	    semaphore->lease.name);
}

void
semaphore_get_first_lease(struct semaphore *semaphore, const char *lease)
{
	semaphore_watch(semaphore, SESSION_GET, TAG_GET_FIRST_LEASE,
	    WATCH_LEASE, lease);
	ask_along(semaphore);
}

void
semaphore_take_lease(struct semaphore *semaphore)
{
	semaphore->state = STATE_AT_HEAD;
	semaphore->claim.fence = 0;
	semaphore->has_rival = false;
	semaphore_create_node(semaphore, &semaphore->lease, TAG_CREATE_LEASE);
	semaphore_list_leases(semaphore);
}

void
semaphore_name_first_lease(struct semaphore *semaphore,
    char path[SEMAPHORE_PATH_SIZE])
{
	semaphore_name_node(&semaphore->lease, path);
	(void)strlcat(path, "0000000000", SEMAPHORE_PATH_SIZE);
}

/*
 * The transaction commits only if P/leases does not exist.  No other lease
 * exists then, so we need not list the leases.  Nobody walks in past the front
 * of the queue, because it has a lease node, except in the one round trip in
 * which it creates that node.
 *
 * A release also deletes P/leases if it has the version set here: zkrun deletes
 * only a P/leases that zkrun created.  See "Walking in" in src/README.md.
 */
void
semaphore_walk_in(struct semaphore *semaphore)
{
	char lease[SEMAPHORE_PATH_SIZE];
	const struct session_step steps[] = {
		{ SESSION_CREATE_STEP, semaphore->lease.parent, NULL, -1 },
		{ SESSION_SET_STEP, semaphore->lease.parent, NULL,
		    PATHS_OWN_VERSION - 1 },
		{ SESSION_EPHEMERAL_STEP, lease, semaphore->data, -1 },
	};

	semaphore->state = STATE_WALKING_IN;
	semaphore_name_first_lease(semaphore, lease);
	semaphore->lease.pending = true;
	note_asked(semaphore);
	session_ask_steps(semaphore->session, TAG_WALK_IN, steps, 3);
	semaphore_get_first_lease(semaphore, lease);
	if (!semaphore->waits)
		semaphore_ask(semaphore, SESSION_LIST, TAG_LIST_HOLDERS,
		    semaphore->lease.parent);
}

void
semaphore_make_path(struct semaphore *semaphore)
{
	semaphore->parents = PARENTS_MADE;
	semaphore_ask(semaphore, SESSION_CREATE_CONTAINER,
	    parents_make(semaphore->session, semaphore->path, TAG_TOP_PARENT,
	    TAG_PARENT) ? TAG_PARENT : TAG_TOP_PARENT, semaphore->path);
}

void
semaphore_make_parents(struct semaphore *semaphore)
{
	semaphore_make_path(semaphore);
	semaphore_ask(semaphore, SESSION_CREATE_CONTAINER, TAG_PARENT,
	    semaphore->lock.parent);
	semaphore_ask(semaphore, SESSION_CREATE_CONTAINER, TAG_PARENT,
	    semaphore->lease.parent);
}

static void
delete_node(struct semaphore *semaphore, struct semaphore_node *node,
    enum tag tag)
{
	if (node->name[0] == '\0' || node->deleting)
		return;
	node->deleting = true;
	semaphore_ask(semaphore, SESSION_DELETE, tag, node->name);
}

void
semaphore_delete_lock(struct semaphore *semaphore)
{
	delete_node(semaphore, &semaphore->lock, TAG_DELETE_LOCK);
}

void
semaphore_delete_lease(struct semaphore *semaphore)
{
	delete_node(semaphore, &semaphore->lease, TAG_DELETE_LEASE);
}

/*
 * If we waited with a lease node, the same transaction rewrites its data: the
 * mtime of a lease tells since when it is held.
 */
void
semaphore_settle(struct semaphore *semaphore)
{
	struct semaphore_node *lock = &semaphore->lock;
	const struct session_step steps[] = {
		/* Version 0 only: do not overwrite a revoke request. */
		{ SESSION_SET_STEP, semaphore->lease.name, semaphore->data, 0 },
		{ SESSION_DELETE_STEP, lock->name, NULL, -1 },
	};

	if (semaphore->state != STATE_HOLDING)
		return;
	if (semaphore->waited && lock->name[0] != '\0' && !lock->deleting) {
		lock->deleting = true;
		session_ask_steps(semaphore->session, TAG_SETTLE, steps, 2);
	} else
		semaphore_delete_lock(semaphore);
}

/* Returns to the initial state within the session. */
static void
start_over(struct semaphore *semaphore)
{
	semaphore_forget_node(&semaphore->lock);
	semaphore_forget_node(&semaphore->lease);
	semaphore->claim.fence = semaphore->claim.made_ms = 0;
	semaphore->parents = PARENTS_EXPECTED;
	semaphore->beating = semaphore->waited = semaphore->has_rival = false;
	semaphore->state = STATE_OUT;
}

void
semaphore_forget(struct semaphore *semaphore)
{
	start_over(semaphore);
	semaphore->stray_count = 0;
	memset(semaphore->strays, 0, sizeof(semaphore->strays));
}

bool
semaphore_is_leaving(const struct semaphore *semaphore)
{
	return semaphore->state == STATE_RETURNING ||
	    semaphore->state == STATE_LEAVING;
}

enum semaphore_news
semaphore_clear(struct semaphore *semaphore)
{
	bool returns = semaphore->state == STATE_RETURNING;

	if (!semaphore_is_leaving(semaphore))
		return SEMAPHORE_NOTHING;
	/* Delete the lease first: others wait for it. */
	semaphore_delete_lease(semaphore);
	semaphore_delete_lock(semaphore);
	if (semaphore->lease.name[0] != '\0' || semaphore->lease.pending ||
	    semaphore->lock.name[0] != '\0' || semaphore->lock.pending)
		return SEMAPHORE_NOTHING;
	start_over(semaphore);
	if (!returns)
		return SEMAPHORE_LEFT;
	semaphore->untidy = false;
	semaphore_walk_in(semaphore);
	return SEMAPHORE_NOTHING;
}

struct semaphore *
semaphore_new(struct session *session, const char *path, const char *data,
    size_t max_leases)
{
	struct semaphore *semaphore;

	semaphore = calloc(1, sizeof(*semaphore));
	if (semaphore == NULL)
		return NULL;
	semaphore->claim.lease = semaphore->lease.name;
	semaphore->claim.place = semaphore->lock.name;
	semaphore->session = session;
	semaphore->data = data;
	semaphore->max_leases = max_leases;
	semaphore->waits = true;
	/* The options limit the length. */
	(void)strlcpy(semaphore->path, path, sizeof(semaphore->path));
	semaphore->lock.kind = "lock";
	paths_parent(semaphore->lock.parent, SEMAPHORE_PATH_SIZE, path,
	    PATHS_LOCKS);
	semaphore->lease.kind = "lease";
	paths_parent(semaphore->lease.parent, SEMAPHORE_PATH_SIZE, path,
	    PATHS_LEASES);
	return semaphore;
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

void
semaphore_free(struct semaphore *semaphore)
{
	semaphore_forget_queue(semaphore);
	free(semaphore);
}

const struct semaphore_claim *
semaphore_claim(const struct semaphore *semaphore)
{
	return &semaphore->claim;
}

void
semaphore_read_along(struct semaphore *semaphore, const char *path, int tag)
{
	semaphore->along = path;
	semaphore->along_tag = tag;
}

void
semaphore_do_not_wait(struct semaphore *semaphore)
{
	semaphore->waits = false;
}

void
semaphore_lease_deleted(struct semaphore *semaphore)
{
	semaphore_forget_node(&semaphore->lease);
}

void
semaphore_join(struct semaphore *semaphore)
{
	semaphore->state = STATE_RETURNING;
	(void)semaphore_clear(semaphore);
}

bool
semaphore_is_urgent(const struct semaphore *semaphore)
{
	return semaphore->state != STATE_OUT &&
	    semaphore->state != STATE_IN_QUEUE;
}

void
semaphore_tidy(struct semaphore *semaphore)
{
	const struct session_step step = {
		SESSION_DELETE_STEP, semaphore->lease.parent, NULL,
		PATHS_OWN_VERSION,
	};

	if (semaphore->untidy && !semaphore->has_others)
		session_ask_steps(semaphore->session, TAG_TIDY, &step, 1);
}
