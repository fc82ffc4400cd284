/*
 * Finds out who holds a task and who waits for the task, from the task's
 * znodes.
 *
 * Every holder owns a child of P/leases, every waiter a child of P/locks.  The
 * client at the front of the queue owns both.  A holder still owns both for a
 * moment after it has acquired.  At most one lease therefore belongs to a
 * waiter: the youngest lease (by czxid) of the session that owns the front of
 * the queue, if this lease is younger than the queue node and not the only
 * lease.  The session of a Java program can own several leases and queue nodes,
 * one of each per thread.  The judgement is a hint, not a proof.
 *
 * With the mutex recipe, holder and waiters each own one child of P.  The
 * lowest child belongs to the holder and counts as a lease.  The others count
 * as places in the queue.
 *
 * A node without a session is persistent and belongs to no client.  A lease
 * without a session counts as held, because every client counts it, unless its
 * name marks it as a pause.  zkrun skips queue nodes without a session.
 *
 * These functions do no I/O.
 */
#ifndef ZKRUN_HOLDERS_H
#define ZKRUN_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/paths.h"

#define HOLDERS_TEXT_SIZE	256	/* of each text about a node */

/* A child of P/leases, P/locks or P. */
struct holders_node {
	enum paths_parent parent;
	char	*name;		/* below its parent; owned */
	char	*data;		/* NULL until it is read; owned */
	bool	 seen;		/* a read has found the node */
	int64_t	 czxid;
	int64_t	 session;	/* its owner; 0: none */
	int64_t	 since_ms;	/* mtime: ZooKeeper's clock, ms since 1970 */
	int	 version;	/* of its data */
};

/* A struct of zero bytes is empty. */
struct holders {
	struct holders_node	*leases;
	size_t			 lease_count;
	struct holders_node	*locks;
	size_t			 lock_count;
	/* holders_judge() sorts leases: first holders, then pauses. */
	size_t			 holder_count;
	size_t			 pause_count;
	bool			 is_doubtful;	/* see holders_judge() */
	/* It sorts locks: first waiters, then nodes without a session. */
	size_t			 waiter_count;
	size_t			 no_session_count;
	/*
	 * A waiter in P that waits for no node before its own, because its
	 * client knows none of their names.  NULL: there is none.
	 */
	const struct holders_node *careless;
};

/*
 * What a node says about its creator.  The texts come from other clients, so
 * they are not clean for a terminal.
 */
struct holders_who {
	bool	is_zkrun;	/* false: only address and since_ms are set */
	char	host[HOLDERS_TEXT_SIZE];
	int64_t	pid;
	char	user[HOLDERS_TEXT_SIZE];
	char	command[HOLDERS_TEXT_SIZE];
	char	revoker[HOLDERS_TEXT_SIZE];	/* "user@host" of --revoke */
	char	address[HOLDERS_TEXT_SIZE];	/* a Curator node's data */
	int64_t	since_ms;	/* a revoke request does not change this */
};

/*
 * Replaces the children of P/leases or P/locks and resets the judgement.  Takes
 * ownership of the names and their array, even on failure.  Returns false if
 * there is no memory.
 */
bool	holders_take(struct holders *, enum paths_parent, char **names,
	    size_t count);

/*
 * Adds the contenders among the children of P, after holders_take() for
 * P/leases and P/locks.  Takes ownership of the names and their array.  Returns
 * false if there is no memory.
 */
bool	holders_add_contenders(struct holders *, char **names, size_t count);

/*
 * Sets the counts, and sorts holders and pauses by czxid, waiters and nodes
 * without a session as Curator sorts its queue.  Counts neither unseen nodes
 * nor the queue node of a holder.
 *
 * During a pause, the lowest contender in P may hold, or wait for the pause.  It
 * waits if it is younger than the pause.  An older zkrun waits if its data was
 * never changed, because a holder rewrites its data.  Another client that is
 * older counts as the holder.
 *
 * A pause can hide a holder.  If the only lease is older than the pause and its
 * session is at the front of the queue, that client either holds and is about
 * to leave the queue, or it waits and its holder has left.  The client counts
 * as a waiter, and is_doubtful tells the caller to read the nodes again.
 */
void	holders_judge(struct holders *);

void	holders_free(struct holders *);

/* Returns the name of a client in P, such as "kazoo", or "" for zkrun. */
const char	*holders_client(const struct holders_node *);

/* Parses the node's data.  Cuts texts that are too long. */
void	holders_read_who(struct holders_who *, const struct holders_node *);

/*
 * Returns the host of a zkrun, or the address of another client, or "another
 * client": Curator writes no address if its machine's name does not resolve.
 */
const char *holders_where(const struct holders_who *);

/* Writes "web1 (pid 4242)" or holders_where(), clean for a terminal. */
void	holders_name(const struct holders_who *, char *, size_t);

/*
 * Writes "web1 (pid 4242, user backup, command backup.sh)", "10.0.0.7 (not
 * zkrun)" or "another client", followed by " without a session" if the node has
 * no session.  Clean for a terminal.
 */
void	holders_describe(const struct holders_node *, char *, size_t);

#endif
