/*
 * Who holds a task and who waits for it, judged from its znodes.
 *
 * Every holder has a child of leases, and every waiter has one of locks.  The
 * head of the queue has both, and so has a holder in the moment after
 * acquiring.  So at most one lease is not held but waited with.  It is the
 * youngest lease (by czxid) of the session that owns the head of the queue, if
 * it is younger than that place in the queue and not the only lease.  The
 * session of a Java program can own several of both, one for each thread.  The
 * judgement is a hint and proves nothing.
 *
 * A node without a session is persistent: nobody's.  Such a lease is held all the
 * same, for every client counts it, unless its name says that it is a pause.
 * Nobody waits in such a place, and zkrun passes it over.
 *
 * Pure; no I/O.
 */
#ifndef ZKRUN_HOLDERS_H
#define ZKRUN_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/paths.h"

#define HOLDERS_TEXT_SIZE	256	/* of one text about a node */

/* A child of leases or locks, as it was found. */
struct holders_node {
	char	*name;		/* below its parent; owned */
	char	*data;		/* NULL until it is seen; owned */
	bool	 seen;		/* it existed when it was looked at */
	int64_t	 czxid;
	int64_t	 session;	/* its owner; 0: none */
	int64_t	 since_ms;	/* mtime, by ZooKeeper's clock since 1970 */
	int	 version;	/* of its data */
};

/* Empty when it is all zero. */
struct holders {
	struct holders_node	*leases;
	size_t			 lease_count;
	struct holders_node	*locks;
	size_t			 lock_count;
	/* holders_judge() puts these first in leases and in locks. */
	size_t			 holder_count;
	size_t			 pause_count;	/* nodes, behind the holders */
	bool			 is_doubtful;	/* see holders_judge() */
	size_t			 waiter_count;
	size_t			 no_session_count;	/* behind the waiters */
};

/* What a node says about its maker: bytes that others wrote, not clean. */
struct holders_who {
	bool	is_zkrun;	/* if not, only the address is filled in */
	char	host[HOLDERS_TEXT_SIZE];
	int64_t	pid;
	char	user[HOLDERS_TEXT_SIZE];
	char	command[HOLDERS_TEXT_SIZE];
	char	revoker[HOLDERS_TEXT_SIZE];	/* who asked it to give up */
	char	address[HOLDERS_TEXT_SIZE];	/* Curator's data */
	int64_t	since_ms;	/* a request to give up does not change it */
};

/*
 * Replaces the children of leases or of locks, and voids the judgement.  Takes
 * over the names and their array.  Without memory it frees them and returns false.
 */
bool	holders_take(struct holders *, enum paths_parent, char **names,
	    size_t count);

/*
 * A pause can hide a holder: the head of the queue has a lease that is older than
 * the pause.  Either it holds, and will leave the queue at once, or it waited behind
 * a holder that has gone since.  Until another look shows more, it counts as a
 * waiter and is_doubtful is set.
 *
 * Sorts holders and pauses by czxid, waiters and places without a session as Curator sorts
 * its queue.  Leaves out what was not seen, and the place in the queue of a
 * holder.
 */
void	holders_judge(struct holders *);

void	holders_free(struct holders *);

/* Reads the node's data, cut to what fits. */
void	holders_read_who(struct holders_who *, const struct holders_node *);

/*
 * Returns where a node's maker is: the host of a zkrun, else the address.  Curator
 * writes no address where the name of its own machine does not resolve; the
 * answer is "another client" then.
 */
const char *holders_where(const struct holders_who *);

/* Writes the same in short, clean for a terminal: "web1 (pid 4242)", or "10.0.0.7". */
void	holders_name(const struct holders_who *, char *, size_t);

/*
 * Writes who that is for a message, clean for a terminal: "web1 (pid 4242,
 * user backup, command backup.sh)", "10.0.0.7 (not zkrun)", or "another client";
 * and behind that " without a session" if so.
 */
void	holders_describe(const struct holders_node *, char *, size_t);

#endif
