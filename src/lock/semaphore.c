/*
 * The protocol of Curator's InterProcessSemaphoreV2.internalAcquire1Lease and
 * LockInternals, with requests sharing flights where it waits for each.
 *
 * Why it is safe: whoever holds has seen, after its own create and in its own
 * session, P/leases with its node and at most max_leases children, but for one
 * that it has seen go since.  Of any max_leases + 1 holders the last to create
 * would have seen them all.  The line is for fairness.
 *
 * The names are those of Curator's protected nodes, _c_UUID-lock-NNNNNNNNNN:
 * by the uuid a node is found again whose create had no reply.
 */
#include "lock/semaphore.h"

#include <stdio.h>
#include <string.h>

#include "lock/nodename.h"
#include "lock/paths.h"
#include "lock/semaphore_private.h"
#include "zookeeper/session.h"

enum semaphore_news
semaphore_fail(struct semaphore *semaphore, enum semaphore_failure failure,
    const char *reason)
{
	semaphore->failure = failure;
	(void)strlcpy(semaphore->reason, reason, sizeof(semaphore->reason));
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
    enum tag tag, int watch, const char *path)
{
	struct session_request request = {
		.operation = operation,
		.tag = (int)tag,
		.watch_tag = watch,
		.path = path,
		.data = semaphore->data,
	};

	session_send(semaphore->session, &request);
}

void
semaphore_forget_node(struct semaphore_node *node)
{
	memset(node, 0, sizeof(*node));
}

void
semaphore_name_node(struct semaphore_node *node, const char *parent,
    const char *kind, char path[SEMAPHORE_PATH_SIZE])
{
	char name[NODENAME_UUID_SIZE + 16];

	if (node->uuid[0] == '\0')
		nodename_make_uuid(node->uuid);
	(void)snprintf(name, sizeof(name), "_c_%s-%s-", node->uuid, kind);
	(void)nodename_join(path, SEMAPHORE_PATH_SIZE, parent, name);
}

/* Creates a node of ours below parent, with a new name if it has none yet. */
static void
create_node(struct semaphore *semaphore, struct semaphore_node *node,
    const char *parent, const char *kind, enum tag tag)
{
	char path[SEMAPHORE_PATH_SIZE];

	semaphore_name_node(node, parent, kind, path);
	node->pending = true;
	semaphore_ask(semaphore, SESSION_CREATE_EPHEMERAL, tag,
	    SESSION_NO_WATCH, path);
}

void
semaphore_list_locks(struct semaphore *semaphore)
{
	semaphore_ask(semaphore, SESSION_LIST, TAG_LIST_LOCKS, SESSION_NO_WATCH,
	    semaphore->locks);
}

void
semaphore_ask_along(struct semaphore *semaphore)
{
	struct session_request along = {
		.operation = SESSION_GET,
		.tag = semaphore->along_tag,
		.watch_tag = SESSION_NO_WATCH,
		.path = semaphore->along,
	};

	if (semaphore->along != NULL)
		session_send(semaphore->session, &along);
}

void
semaphore_list_leases(struct semaphore *semaphore)
{
	semaphore_ask(semaphore, SESSION_LIST, TAG_LIST_LEASES, WATCH_LEASES,
	    semaphore->leases);
	semaphore_ask_along(semaphore);
}

/* First flight: a place in line, and a look at the line. */
void
semaphore_stand_in_line(struct semaphore *semaphore)
{
	semaphore->state = SEMAPHORE_IN_LINE;
	create_node(semaphore, &semaphore->lock, semaphore->locks, "lock",
	    TAG_CREATE_LOCK);
	semaphore_list_locks(semaphore);
}

/* Second flight: a lease node, and a look at the others. */
void
semaphore_take_lease(struct semaphore *semaphore)
{
	semaphore->state = SEMAPHORE_AT_HEAD;
	create_node(semaphore, &semaphore->lease, semaphore->leases, "lease",
	    TAG_CREATE_LEASE);
	semaphore_list_leases(semaphore);
}

void
semaphore_name_first_lease(struct semaphore *semaphore,
    char path[SEMAPHORE_PATH_SIZE])
{
	semaphore_name_node(&semaphore->lease, semaphore->leases, "lease",
	    path);
	(void)strlcat(path, "0000000000", SEMAPHORE_PATH_SIZE);
}

/*
 * Take the lease in one round trip if nobody else is there.
 *
 * One transaction creates P/leases and our lease in it.  It commits only if
 * P/leases does not exist.  Then no other lease exists, so nobody has to look.
 * If P/leases exists, we queue as Curator does.  Whoever releases a lease also
 * deletes P/leases; the delete fails while another lease is in it.
 *
 * Nobody walks past the head of the queue, because the head has a lease node.
 * The exception is the one round trip in which the head creates that node.
 * tests/model/lock.pml has all of this.
 *
 * zkrun never deletes a P/leases that somebody else has made: that one may have
 * an ACL or be meant to stay.  The data of a P/leases made here has version 1,
 * and every delete names this version.  P/leases made here is no container: the
 * client library cannot create one in a transaction.  If a zkrun dies, it stays
 * until the next zkrun releases.
 */
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
	semaphore_name_first_lease(semaphore, lease);
	semaphore->lease.pending = true;
	session_send(semaphore->session, &request);
	/* It has the fence, and says that the lease is ours. */
	semaphore_ask(semaphore, SESSION_GET, TAG_GET_LEASE, WATCH_LEASE,
	    lease);
	semaphore_ask_along(semaphore);
}

void
semaphore_make_path(struct semaphore *semaphore)
{
	char path[SEMAPHORE_PATH_SIZE];
	enum tag tag;
	size_t end;

	semaphore->no_parents = false;
	tag = TAG_TOP_PARENT;
	end = 0;
	do {
		end += 1 + strcspn(semaphore->path + end + 1, "/");
		(void)snprintf(path, sizeof(path), "%.*s", (int)end,
		    semaphore->path);
		/* Other tasks, of other people, live below all but the last. */
		semaphore_ask(semaphore, semaphore->path[end] != '\0' ?
		    SESSION_CREATE_SHARED : SESSION_CREATE_CONTAINER, tag,
		    SESSION_NO_WATCH, path);
		tag = TAG_PARENT;
	} while (semaphore->path[end] != '\0');
}

void
semaphore_make_parents(struct semaphore *semaphore)
{
	semaphore_make_path(semaphore);
	semaphore_ask(semaphore, SESSION_CREATE_CONTAINER, TAG_PARENT,
	    SESSION_NO_WATCH, semaphore->locks);
	semaphore_ask(semaphore, SESSION_CREATE_CONTAINER, TAG_PARENT,
	    SESSION_NO_WATCH, semaphore->leases);
}

void
semaphore_delete_node(struct semaphore *semaphore, struct semaphore_node *node,
    enum tag tag)
{
	if (node->name[0] == '\0' || node->deleting)
		return;
	node->deleting = true;
	semaphore_ask(semaphore, SESSION_DELETE, tag, SESSION_NO_WATCH,
	    node->name);
}

/*
 * Nobody waits for the reply but the next in line.  After a wait, the same
 * transaction writes the lease node anew: its mtime is since when it is held.
 */
void
semaphore_settle(struct semaphore *semaphore)
{
	struct session_request enter = {
		.operation = SESSION_MULTI,
		.tag = TAG_ENTER,
		.watch_tag = SESSION_NO_WATCH,
		.steps = {
			/* Not over what somebody else has written there. */
			{ SESSION_SET_STEP, semaphore->lease.name,
			    semaphore->data, 0 },
			{ SESSION_DELETE_STEP, semaphore->lock.name, NULL, -1 },
		},
		.step_count = 2,
	};

	if (semaphore->state != SEMAPHORE_HOLDING)
		return;
	semaphore->settled = true;
	if (semaphore->waited && semaphore->lock.name[0] != '\0' &&
	    !semaphore->lock.deleting) {
		semaphore->lock.deleting = true;
		session_send(semaphore->session, &enter);
	} else
		semaphore_delete_node(semaphore, &semaphore->lock,
		    TAG_DELETE_LOCK);
}

/* While leaving: deletes what is known; says when nothing is left. */
enum semaphore_news
semaphore_clear(struct semaphore *semaphore)
{
	/* The lease first: somebody waits for it. */
	semaphore_delete_node(semaphore, &semaphore->lease, TAG_DELETE_LEASE);
	semaphore_delete_node(semaphore, &semaphore->lock, TAG_DELETE_LOCK);
	if (semaphore->lease.name[0] != '\0' || semaphore->lease.pending ||
	    semaphore->lock.name[0] != '\0' || semaphore->lock.pending)
		return SEMAPHORE_NOTHING;
	if (semaphore->returning) {
		semaphore_join(semaphore);
		return SEMAPHORE_NOTHING;
	}
	semaphore_forget(semaphore);
	return SEMAPHORE_LEFT;
}

void
semaphore_init(struct semaphore *semaphore, struct session *session,
    const char *path, const char *data, size_t max_leases)
{
	memset(semaphore, 0, sizeof(*semaphore));
	semaphore->session = session;
	semaphore->data = data;
	semaphore->max_leases = max_leases;
	/* Their lengths are bounded by the options. */
	(void)strlcpy(semaphore->path, path, sizeof(semaphore->path));
	paths_parent(semaphore->locks, sizeof(semaphore->locks), path,
	    PATHS_LOCKS);
	paths_parent(semaphore->leases, sizeof(semaphore->leases), path,
	    PATHS_LEASES);
}

void
semaphore_read_along(struct semaphore *semaphore, const char *path, int tag)
{
	semaphore->along = path;
	semaphore->along_tag = tag;
}

void
semaphore_lease_deleted(struct semaphore *semaphore)
{
	semaphore_forget_node(&semaphore->lease);
}

/* To the start, in the session that there is. */
static void
start_over(struct semaphore *semaphore)
{
	semaphore_forget_node(&semaphore->lock);
	semaphore_forget_node(&semaphore->lease);
	semaphore->fence = semaphore->began_ms = 0;
	semaphore->no_parents = semaphore->parent_denied = false;
	semaphore->beating = semaphore->waited = false;
	semaphore->has_rival = semaphore->settled = false;
	semaphore->made_parents = semaphore->own_leases = false;
	semaphore->returning = false;
	semaphore->state = SEMAPHORE_OUT;
}

void
semaphore_forget(struct semaphore *semaphore)
{
	start_over(semaphore);
	semaphore->stray_count = 0;
}

void
semaphore_join(struct semaphore *semaphore)
{
	start_over(semaphore);
	semaphore->untidy = false;
	semaphore_walk_in(semaphore);
}

/* A place of ours that stayed behind would be one that we wait for. */
void
semaphore_join_again(struct semaphore *semaphore)
{
	semaphore->state = SEMAPHORE_LEAVING;
	semaphore->returning = true;
	(void)semaphore_clear(semaphore);
}

/*
 * The cheapest that a quorum commits; it fails if a node is gone.  At the head
 * of the line that goes for our place, too: without it somebody else comes to
 * the head, and of two that wait with a lease each waits for the other.
 */
static void
check_nodes(struct semaphore *semaphore)
{
	struct session_request check = {
		.operation = SESSION_MULTI,
		.tag = TAG_BEAT,
		.watch_tag = SESSION_NO_WATCH,
		.steps = {
			{ SESSION_CHECK_STEP, semaphore->lease.name, NULL, -1 },
			{ SESSION_CHECK_STEP, semaphore->lock.name, NULL, -1 },
		},
		.step_count = semaphore->state == SEMAPHORE_AT_HEAD &&
		    semaphore->lock.name[0] != '\0' ? 2 : 1,
	};

	session_send(semaphore->session, &check);
}

void
semaphore_look_for_strays(struct semaphore *semaphore)
{
	if (semaphore->stray_count == 0)
		return;
	semaphore_ask(semaphore, SESSION_LIST, TAG_STRAYS_LOCKS,
	    SESSION_NO_WATCH, semaphore->locks);
	semaphore_ask(semaphore, SESSION_LIST, TAG_STRAYS_LEASES,
	    SESSION_NO_WATCH, semaphore->leases);
}

void
semaphore_beat(struct semaphore *semaphore)
{
	if (semaphore->beating)
		return;
	switch (semaphore->state) {
	case SEMAPHORE_IN_LINE:
		if (semaphore->lock.name[0] == '\0')
			return;
		semaphore_ask(semaphore, SESSION_GET, TAG_TOUCH,
		    SESSION_NO_WATCH, semaphore->lock.name);
		break;
	case SEMAPHORE_AT_HEAD:
	case SEMAPHORE_HOLDING:
		if (semaphore->lease.name[0] == '\0')
			return;
		check_nodes(semaphore);
		break;
	case SEMAPHORE_OUT:
	case SEMAPHORE_WALKING_IN:
	case SEMAPHORE_LEAVING:
		return;
	}
	semaphore->beating = true;
	semaphore_look_for_strays(semaphore);
}

bool
semaphore_is_urgent(const struct semaphore *semaphore)
{
	return semaphore->state == SEMAPHORE_WALKING_IN ||
	    semaphore->state == SEMAPHORE_AT_HEAD ||
	    semaphore->state == SEMAPHORE_HOLDING ||
	    semaphore->state == SEMAPHORE_LEAVING;
}

enum semaphore_news
semaphore_leave(struct semaphore *semaphore)
{
	/* Without a look nobody knows whose P/leases is; the delete will. */
	semaphore->untidy |= semaphore->own_leases ||
	    semaphore->state == SEMAPHORE_WALKING_IN ||
	    semaphore->state == SEMAPHORE_AT_HEAD;
	semaphore->returning = false;
	semaphore->state = SEMAPHORE_LEAVING;
	return semaphore_clear(semaphore);
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
