/*
 * A lock recipe: how a contender queues for the lock of a task, acquires and
 * releases it with nodes in ZooKeeper.  P is the path of the task.  The keeper
 * uses all recipes alike.  A place is our node in the queue, a lease is the
 * node with which we hold the lock.
 *
 * semaphore.c is Curator's InterProcessSemaphoreV2, which with one lease is
 * also its InterProcessSemaphoreMutex.  Places in the queue are nodes in
 * P/locks, leases are nodes in P/leases.
 *
 * mutex.c is Curator's InterProcessMutex.  One node in P is first the place in
 * the queue, and becomes the lease when no other contender is before it.
 *
 * A recipe makes missing parents as containers.  These functions send requests
 * on a session, and the caller hands them the replies.  They never block and
 * never connect.  When the session ends, only joined_ms and asked_ms of the
 * claim are kept.
 */
#ifndef ZKRUN_RECIPE_H
#define ZKRUN_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/paths.h"

struct options;
struct recipe;
struct session;
struct session_event;

enum recipe_news {
	RECIPE_NOTHING,
	RECIPE_WAITING,		/* in the queue: see ahead */
	RECIPE_TAKEN,		/* not queued: see recipe_do_not_wait() */
	RECIPE_ACQUIRED,	/* we hold the lock: see recipe_settle() */
	RECIPE_LOST,		/* our lease node is gone */
	RECIPE_REVOKED,		/* --revoke asks us to release: see reason */
	RECIPE_LEFT,		/* servers confirm that our nodes are gone */
	RECIPE_FAILED,		/* refused permanently: see failure, reason */
	RECIPE_UNPROVABLE,	/* we hold, but an ACL forbids the beat */
};

enum recipe_failure {
	RECIPE_REFUSED,
	RECIPE_DENIED,		/* by an ACL, quota or credential */
	RECIPE_NO_CHROOT,	/* the chroot does not exist */
};

/* The state of our contention. */
struct recipe_claim {
	const char	*lease;		/* path of our lease node; "": none */
	const char	*place;		/* path of our queue node; "": none */
	int64_t		 fence;		/* fencing token: czxid of the lease */
	int64_t		 made_ms;	/* ctime of the lease */
	int64_t		 joined_ms;	/* our first node's ctime; 0: unknown */
	int64_t		 asked_ms;	/* when we first asked (clock.h) */
	int64_t		 seen_ms;	/* when we saw the lease (clock.h) */
	size_t		 ahead;		/* waiters ahead of us */
	bool		 is_paused;	/* when we last listed the leases */
	enum recipe_failure failure;	/* of RECIPE_FAILED */
	char		 reason[320];	/* of a failure, or who revokes */
};

/*
 * Returns the recipe that the options name, for their task, or NULL if there is
 * no memory.  Borrows session and data; data becomes the data of our nodes.
 * The caller frees the recipe with recipe_free().
 */
struct recipe	*recipe_new(const struct options *, struct session *,
		    const char *data);
void		 recipe_free(struct recipe *);

/* Returns the claim.  The pointer stays valid and shows every change. */
const struct recipe_claim	*recipe_claim(const struct recipe *);

/*
 * From now on, reads the node at path after each request that can acquire.  The
 * reply has this tag, arrives after RECIPE_ACQUIRED, and shows the node at a
 * time when we held the lease.  Borrows path.
 */
void	recipe_read_along(struct recipe *, const char *path, int tag);

/*
 * From now on, RECIPE_TAKEN follows instead of RECIPE_WAITING if all leases are
 * taken.  A semaphore has then created no node.
 */
void	recipe_do_not_wait(struct recipe *);

/*
 * Begins to contend, in a new session or again in the same session.  First
 * deletes our nodes of an earlier try, so that we do not queue behind
 * ourselves.
 */
void	recipe_join(struct recipe *);

/*
 * Continues after contact was regained in the same session: finds out which of
 * our nodes still exist.
 */
void	recipe_resume(struct recipe *);

/*
 * After RECIPE_ACQUIRED: a semaphore leaves the queue, so that the next waiter
 * moves up.  Also sets the mtime of the lease to the present; a semaphore does
 * so only if we have waited.
 */
void	recipe_settle(struct recipe *);

/*
 * Keeps the session alive.  A holder, and a contender at the front of the
 * queue, sends a quorum write that fails if a node that it needs is gone.  A
 * contender behind the front sends a read.  Does nothing if an earlier beat is
 * unanswered.
 */
void	recipe_beat(struct recipe *);

/* Returns whether a beat is unanswered. */
bool	recipe_is_beating(const struct recipe *);

/*
 * Returns whether we hold the lock, or are or may be at the front of the queue.
 */
bool	recipe_is_urgent(const struct recipe *);

/* Forgets our nodes, because the session is over. */
void	recipe_forget(struct recipe *);

/*
 * Deletes our lease and queue nodes.  Returns RECIPE_LEFT if there are none.
 * Otherwise RECIPE_LEFT follows later.  If contact is lost first, it follows
 * only after recipe_resume().
 */
enum recipe_news	recipe_leave(struct recipe *);

/*
 * Deletes P/leases after RECIPE_LEFT if zkrun created it, it is empty, and the
 * queue is empty.  Does not wait for the reply.
 */
void	recipe_tidy(struct recipe *);

/*
 * Note that the caller's own transaction will delete, or has deleted, our
 * lease.
 */
void	recipe_before_release(struct recipe *);
void	recipe_lease_deleted(struct recipe *);

/* Handles a reply or a fired watch.  Ignores tags of other modules. */
enum recipe_news	recipe_take(struct recipe *,
			    const struct session_event *);

/*
 * These functions read lists for users.  recipe_parent() returns the parent of
 * the waiters' nodes (PATHS_LOCKS) or of the holders' nodes (PATHS_LEASES).
 * From a list of the waiters' parent, recipe_ahead() returns how many waiters
 * are ahead of us.  From a list of the holders' parent, recipe_holder() returns
 * the node of a pause, or else of the oldest holder, or else NULL, and sets
 * *holders to the number of holders.
 */
const char	*recipe_parent(const struct recipe *, enum paths_parent);
size_t		 recipe_ahead(const struct recipe *, char *const *names,
		    size_t count);
const char	*recipe_holder(const struct recipe *, char *const *names,
		    size_t count, size_t *holders);

#endif
