/*
 * Curator's InterProcessSemaphoreV2 (and with one lease its
 * InterProcessSemaphoreMutex), request by request.
 *
 * For a task's path P: stand in line with an ephemeral sequential node in
 * P/locks; first in line, make one in P/leases; hold when P/leases has no more
 * children than there may be holders; then leave the line.  Whatever is missing
 * above is made as a container.  But first of all try to walk in: one
 * transaction, and so one flight, that makes the lease if nobody is there.
 *
 * Pure protocol: it sends requests on a session and is told what comes of
 * them.  It never blocks, never connects, and nothing it knows of a session
 * outlives that session.
 */
#ifndef ZKRUN_SEMAPHORE_H
#define ZKRUN_SEMAPHORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/nodename.h"

struct session;
struct session_event;

#define SEMAPHORE_PATH_SIZE	2048
#define SEMAPHORE_STRAYS_MAX	8

enum semaphore_news {
	SEMAPHORE_NOTHING,
	SEMAPHORE_WAITING,	/* not our turn; ahead says how many are */
	SEMAPHORE_ACQUIRED,	/* the lease is ours; see semaphore_settle() */
	SEMAPHORE_LOST,		/* our lease node is gone */
	SEMAPHORE_REVOKED,	/* its data asks us to give it up: see reason */
	SEMAPHORE_LEFT,		/* no node of ours is left, confirmed */
	SEMAPHORE_FAILED,	/* refused for good: see failure and reason */
};

enum semaphore_failure {
	SEMAPHORE_REFUSED,
	SEMAPHORE_DENIED,	/* an ACL */
	SEMAPHORE_NO_CHROOT,	/* the connect string names one that is not */
};

enum semaphore_state {
	SEMAPHORE_OUT,		/* nothing asked, or all over */
	SEMAPHORE_WALKING_IN,	/* lease node being made, if nobody is there */
	SEMAPHORE_IN_LINE,	/* lock node made or being made */
	SEMAPHORE_AT_HEAD,	/* lease node made or being made */
	SEMAPHORE_HOLDING,
	SEMAPHORE_LEAVING,
};

struct semaphore_node {
	char	uuid[NODENAME_UUID_SIZE];
	char	name[SEMAPHORE_PATH_SIZE];	/* full path; "": not known */
	bool	pending;		/* create sent, outcome unknown */
	bool	deleting;		/* delete sent */
};

struct semaphore {
	struct session		*session;
	const char		*data;		/* what our nodes hold */
	size_t			 max_leases;
	enum semaphore_state	 state;
	char			 path[SEMAPHORE_PATH_SIZE];	/* P */
	char			 locks[SEMAPHORE_PATH_SIZE];
	char			 leases[SEMAPHORE_PATH_SIZE];
	struct semaphore_node	 lock;
	struct semaphore_node	 lease;
	const char		*along;		/* see semaphore_read_along() */
	int			 along_tag;
	int64_t			 fence;		/* czxid of the lease */
	int64_t			 began_ms;	/* ctime of the lease */
	int64_t			 seen_ms;	/* by then it was, on our clock */
	size_t			 ahead;		/* of us in line */
	bool			 beating;	/* a beat is on its way */
	bool			 waited;	/* with a lease node */
	bool			 has_rival;	/* a single one, and watched */
	bool			 settled;	/* see semaphore_settle() */
	bool			 made_parents;	/* and tried to walk in again */
	bool			 own_leases;	/* P/leases is of zkrun's making */
	bool			 untidy;	/* see semaphore_tidy() */
	bool			 returning;	/* see semaphore_join_again() */
	/* Their creates had no reply, left no node, and may yet make one. */
	char			 strays[SEMAPHORE_STRAYS_MAX][NODENAME_UUID_SIZE];
	size_t			 stray_count;
	bool			 no_parents;	/* a create found none */
	bool			 parent_denied;
	enum semaphore_failure	 failure;	/* FAILED: what kind */
	char			 reason[160];	/* FAILED, or REVOKED by */
};

/*
 * Sets up for a task's path and as many holders as max_leases.  session and
 * data are borrowed.
 */
void	semaphore_init(struct semaphore *, struct session *, const char *path,
	    const char *data, size_t max_leases);

/*
 * From now on has a node read, with the tag, in the flight of every look at the
 * leases and behind it: when SEMAPHORE_ACQUIRED was the news, that reply comes
 * next and is of a moment at which the lease was ours.  path is borrowed.
 */
void	semaphore_read_along(struct semaphore *, const char *path, int tag);

/* Joins the line, in a new session or once more in the same one. */
void	semaphore_join(struct semaphore *);

/*
 * Leaves the line and joins it at its end, in the same session: the lease node
 * is gone, and nothing was done with it.
 */
void	semaphore_join_again(struct semaphore *);

/*
 * After a lost contact, in the same session again: finds out which of our
 * nodes exist and goes on from there.
 */
void	semaphore_resume(struct semaphore *);

/*
 * Holding, and what cannot wait is done: leaves the line, so that the next one
 * comes to its head.
 */
void	semaphore_settle(struct semaphore *);

/*
 * Shows the servers that we live: with a lease node by a beat, a quorum write
 * that fails if a node that we need is gone; further back in line by a read.
 * At most one is on its way.
 */
void	semaphore_beat(struct semaphore *);

/*
 * Says whether others wait for us: we have a lease node, or may have one, or
 * are giving up what we have.
 */
bool	semaphore_is_urgent(const struct semaphore *);

/* Forgets all: the session is over, and its nodes with it. */
void	semaphore_forget(struct semaphore *);

/*
 * Gives up what there is, lease or place in line.  SEMAPHORE_LEFT follows,
 * after semaphore_resume() if contact is lost meanwhile; or is returned at
 * once when there is nothing to give up.
 */
enum semaphore_news	semaphore_leave(struct semaphore *);

/*
 * After SEMAPHORE_LEFT: removes P/leases if it is of zkrun's making and empty.
 * The reply is not waited for.
 */
void	semaphore_tidy(struct semaphore *);

/* The lease node was deleted by a transaction of somebody else's. */
void	semaphore_lease_deleted(struct semaphore *);

/* Takes a reply or a fired watch of the session; others' tags are ignored. */
enum semaphore_news	semaphore_take(struct semaphore *,
			    const struct session_event *);

#endif
