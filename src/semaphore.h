/*
 * Curator's InterProcessSemaphoreV2 (and with one lease its
 * InterProcessSemaphoreMutex), request by request.
 *
 * For a task's path P: stand in line with an ephemeral sequential node in
 * P/locks; first in line, make one in P/leases; hold when P/leases has no more
 * children than there may be holders; then leave the line.  Two flights when
 * nobody else is there.  Whatever is missing above is made as a container.
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

#include "nodename.h"

struct session;
struct session_event;

#define SEMAPHORE_PATH_SIZE	2048

enum semaphore_news {
	SEMAPHORE_NOTHING,
	SEMAPHORE_WAITING,	/* not our turn; ahead says how many are */
	SEMAPHORE_ACQUIRED,	/* the lease is ours */
	SEMAPHORE_LOST,		/* our lease node is gone */
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
	int64_t			 fence;		/* czxid of the lease */
	size_t			 ahead;		/* of us in line */
	bool			 beating;	/* a beat is on its way */
	bool			 no_parents;	/* a create found none */
	bool			 parent_denied;
	enum semaphore_failure	 failure;	/* FAILED: what kind */
	char			 reason[160];	/* FAILED because */
};

/*
 * Sets up for a task's path and as many holders as max_leases.  session and
 * data are borrowed.
 */
void	semaphore_init(struct semaphore *, struct session *, const char *path,
	    const char *data, size_t max_leases);

/* Joins the line, in a new session. */
void	semaphore_join(struct semaphore *);

/*
 * After a lost contact, in the same session again: finds out which of our
 * nodes exist and goes on from there.
 */
void	semaphore_resume(struct semaphore *);

/*
 * Shows the servers that we live: with a lease node by a beat, a quorum write
 * that fails if the node is gone; further back in line by a read.  At most one
 * is on its way.
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

/* Takes a reply or a fired watch of the session. */
enum semaphore_news	semaphore_take(struct semaphore *,
			    const struct session_event *);

#endif
