/*
 * A lock recipe: Curator's InterProcessSemaphoreV2 (with one lease also its
 * InterProcessSemaphoreMutex), request by request.
 *
 * P is the path of the task.  A contender queues with an ephemeral sequential
 * node in P/locks.  The head of the queue makes a node in P/leases, and holds
 * when P/leases has no more children than there may be holders.  Then it leaves
 * the queue.  Missing parents are made as containers.  But first a contender
 * tries to walk in: one transaction makes the lease if nobody is there.  Who does
 * not wait lists the leases behind it, and queues only if there is one to spare.
 *
 * Pure protocol: it sends requests on a session and takes the replies.  It never
 * blocks, never connects, and what it knows ends with the session, except since
 * when it contends.
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
	SEMAPHORE_WAITING,	/* not our turn; see ahead */
	SEMAPHORE_TAKEN,	/* not queued; see semaphore_do_not_wait() */
	SEMAPHORE_ACQUIRED,	/* the lease is ours; see semaphore_settle() */
	SEMAPHORE_LOST,		/* our lease node is gone */
	SEMAPHORE_REVOKED,	/* somebody asks us to give up: see reason */
	SEMAPHORE_LEFT,		/* no node of ours is left, confirmed */
	SEMAPHORE_FAILED,	/* refused for good: see failure and reason */
	SEMAPHORE_UNPROVABLE,	/* held, but a beat is refused: the same */
};

enum semaphore_failure {
	SEMAPHORE_REFUSED,
	SEMAPHORE_DENIED,	/* by an ACL, or a quota */
	SEMAPHORE_NO_CHROOT,	/* the connect string names one that is missing */
};

/* What came of it. */
struct semaphore_claim {
	const char	*lease;		/* path of our lease node; "": none */
	const char	*place;		/* path of our node in the queue; "": none */
	int64_t		 fence;		/* czxid of the lease */
	int64_t		 made_ms;	/* ctime of the lease */
	int64_t		 joined_ms;	/* of our first node ever; 0: not known */
	int64_t		 asked_ms;	/* for that node, on our clock */
	int64_t		 seen_ms;	/* when we learned of it, on our clock */
	size_t		 ahead;		/* of us in the queue */
	bool		 is_paused;	/* as of the last look at the leases */
	enum semaphore_failure failure;	/* of SEMAPHORE_FAILED */
	char		 reason[160];	/* of a refusal; who revokes */
};

/*
 * Makes one for the path of a task and as many holders as max_leases.  Borrows
 * session and data, which is what our nodes hold.  Returns NULL if there is no
 * memory.
 */
struct semaphore	*semaphore_new(struct session *, const char *path,
			    const char *data, size_t max_leases);
void			 semaphore_free(struct semaphore *);

/* Returns what came of it so far; the pointer stays valid. */
const struct semaphore_claim	*semaphore_claim(const struct semaphore *);

/*
 * Reads the node at path, from now on, together with every look at the leases:
 * after SEMAPHORE_ACQUIRED the reply with this tag comes next, and it is of a
 * moment at which the lease was ours.  Borrows path.
 */
void	semaphore_read_along(struct semaphore *, const char *path, int tag);

/*
 * From now on does not queue if as many hold as may: SEMAPHORE_TAKEN says so,
 * and no node of ours was made.
 */
void	semaphore_do_not_wait(struct semaphore *);

/*
 * Joins the queue at its end, in a new session or once more in the same one.
 * Deletes first what is left of an earlier try.
 */
void	semaphore_join(struct semaphore *);

/*
 * After a lost contact, in the same session: finds out which of our nodes exist
 * and goes on from there.
 */
void	semaphore_resume(struct semaphore *);

/* Holding: leaves the queue, so that the next one becomes its head. */
void	semaphore_settle(struct semaphore *);

/*
 * Shows the servers that we live.  With a lease node that is a quorum write,
 * which fails if a node that we need is gone; further back in the queue it is a
 * read.  At most one is on its way.
 */
void	semaphore_beat(struct semaphore *);

/* Says whether a beat is on its way. */
bool	semaphore_is_beating(const struct semaphore *);

/* Says whether others wait for us: we have a lease node, or may have one. */
bool	semaphore_is_urgent(const struct semaphore *);

/* Forgets everything: the session is over, and its nodes with it. */
void	semaphore_forget(struct semaphore *);

/*
 * Gives up lease and place in the queue.  Returns SEMAPHORE_LEFT if there is
 * nothing to give up.  Else SEMAPHORE_LEFT follows, after semaphore_resume() if
 * contact is lost meanwhile.
 */
enum semaphore_news	semaphore_leave(struct semaphore *);

/*
 * After SEMAPHORE_LEFT: removes P/leases if zkrun has made it, it is empty, and
 * nobody is in the queue.  Nobody waits for the reply.
 */
void	semaphore_tidy(struct semaphore *);

/* The caller's own transaction will delete our lease node, or has deleted it. */
void	semaphore_before_release(struct semaphore *);
void	semaphore_lease_deleted(struct semaphore *);

/* Takes a reply or a fired watch of the session; ignores the tags of others. */
enum semaphore_news	semaphore_take(struct semaphore *,
			    const struct session_event *);

#endif
