/*
 * The lock recipe: Curator's InterProcessSemaphoreV2, which with one lease is
 * also its InterProcessSemaphoreMutex, request by request.
 *
 * P is the path of the task.  A contender first tries to walk in: one
 * transaction creates its lease node if P/leases does not exist.  Otherwise it
 * queues: it creates an ephemeral sequential node in P/locks.  At the front of
 * the queue it creates a node in P/leases.  It holds the lock as soon as
 * P/leases has no more children than there may be holders, and then leaves the
 * queue.  With semaphore_do_not_wait() a contender queues only if fewer leases
 * exist than there may be holders.  Missing parents become containers.
 *
 * These functions send requests on a session, and the caller hands them the
 * replies.  They never block and never connect.  Only joined_ms and asked_ms of
 * the claim outlive the session.
 */
#ifndef ZKRUN_SEMAPHORE_H
#define ZKRUN_SEMAPHORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct semaphore;
struct session;
struct session_event;

enum semaphore_news {
	SEMAPHORE_NOTHING,
	SEMAPHORE_WAITING,	/* in the queue: see ahead */
	SEMAPHORE_TAKEN,	/* not queued: see semaphore_do_not_wait() */
	SEMAPHORE_ACQUIRED,	/* we hold the lock: see semaphore_settle() */
	SEMAPHORE_LOST,		/* our lease node is gone */
	SEMAPHORE_REVOKED,	/* --revoke asks us to release: see reason */
	SEMAPHORE_LEFT,		/* servers confirm that our nodes are gone */
	SEMAPHORE_FAILED,	/* refused for good: see failure and reason */
	SEMAPHORE_UNPROVABLE,	/* held, but an ACL forbids the beat */
};

enum semaphore_failure {
	SEMAPHORE_REFUSED,
	SEMAPHORE_DENIED,	/* by an ACL, quota or credential */
	SEMAPHORE_NO_CHROOT,	/* the chroot does not exist */
};

/* The state of our contention. */
struct semaphore_claim {
	const char	*lease;		/* path of our lease node; "": none */
	const char	*place;		/* path of our queue node; "": none */
	int64_t		 fence;		/* fencing token: czxid of the lease */
	int64_t		 made_ms;	/* ctime of the lease */
	int64_t		 joined_ms;	/* our first node's ctime; 0: unknown */
	int64_t		 asked_ms;	/* when we asked for it (clock.h) */
	int64_t		 seen_ms;	/* when we saw the lease (clock.h) */
	size_t		 ahead;		/* waiters ahead of us */
	bool		 is_paused;	/* when we last listed the leases */
	enum semaphore_failure failure;	/* of SEMAPHORE_FAILED */
	char		 reason[160];	/* of a failure; who revokes */
};

/*
 * Returns a semaphore for the task at path with up to max_leases holders, or
 * NULL if there is no memory.  Borrows session and data; data becomes the data
 * of our nodes.  The caller frees it with semaphore_free().
 */
struct semaphore	*semaphore_new(struct session *, const char *path,
			    const char *data, size_t max_leases);
void			 semaphore_free(struct semaphore *);

/* Returns the claim.  The pointer stays valid and shows every change. */
const struct semaphore_claim	*semaphore_claim(const struct semaphore *);

/*
 * From now on, reads the node at path after each request that can acquire.  The
 * reply with this tag follows SEMAPHORE_ACQUIRED, and shows the node at a time
 * when we held the lease.  Borrows path.
 */
void	semaphore_read_along(struct semaphore *, const char *path, int tag);

/*
 * From now on, does not queue if max_leases leases exist: SEMAPHORE_TAKEN
 * follows, and we have created no node.
 */
void	semaphore_do_not_wait(struct semaphore *);

/*
 * Contends, in a new session or again in the same one.  First deletes our nodes
 * of an earlier try, so that we do not queue behind ourselves.
 */
void	semaphore_join(struct semaphore *);

/*
 * Continues after contact returned in the same session: finds out which of our
 * nodes still exist.
 */
void	semaphore_resume(struct semaphore *);

/* Leaves the queue after SEMAPHORE_ACQUIRED: the next waiter moves up. */
void	semaphore_settle(struct semaphore *);

/*
 * Keeps the session alive.  With a lease node, sends a quorum write that fails
 * if a node that we need is gone.  Behind the front of the queue, sends a read.
 * Does nothing if an earlier beat is unanswered.
 */
void	semaphore_beat(struct semaphore *);

/* Returns whether a beat is unanswered. */
bool	semaphore_is_beating(const struct semaphore *);

/* Returns whether we have, or may have, a lease node that others wait for. */
bool	semaphore_is_urgent(const struct semaphore *);

/* Forgets our nodes, because the session is over. */
void	semaphore_forget(struct semaphore *);

/*
 * Deletes our lease and queue nodes.  Returns SEMAPHORE_LEFT if there are none.
 * Otherwise SEMAPHORE_LEFT follows, or, if contact is lost first, it follows
 * semaphore_resume().
 */
enum semaphore_news	semaphore_leave(struct semaphore *);

/*
 * Deletes P/leases after SEMAPHORE_LEFT if zkrun created it, it is empty, and
 * the queue is empty.  Does not wait for the reply.
 */
void	semaphore_tidy(struct semaphore *);

/* The caller's own transaction will delete our lease node, or has done so. */
void	semaphore_before_release(struct semaphore *);
void	semaphore_lease_deleted(struct semaphore *);

/* Handles a reply or a fired watch.  Ignores tags of other modules. */
enum semaphore_news	semaphore_take(struct semaphore *,
			    const struct session_event *);

#endif
