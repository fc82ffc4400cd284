/*
 * Who holds a task and who waits for it, told from its znodes.
 *
 * Every holder has a child of leases, every waiter one of locks; the head of
 * the line has both, and so has a holder in the moment after acquiring.  So at
 * most one lease is one that is waited with: the youngest (by czxid) of the
 * session that owns the head of the line, if it was made after the place in
 * line and is not the only lease there is.  A session can have several of both:
 * those of a Java program's threads.
 * That is a hint and no proof.
 *
 * Pure; no I/O.
 */
#ifndef ZKRUN_HOLDERS_H
#define ZKRUN_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOLDERS_TEXT_SIZE	256	/* of one thing said about a node */

/* A child of leases or locks, as it was found. */
struct holders_node {
	char	*name;		/* below its parent; owned */
	char	*data;		/* NULL until it is seen; owned */
	bool	 seen;		/* it was there when it was looked at */
	int64_t	 czxid;
	int64_t	 session;	/* its owner; 0: none */
	int64_t	 since_ms;	/* mtime, by ZooKeeper's clock since 1970 */
	int	 version;	/* of its data */
};

struct holders {
	struct holders_node	*leases;
	size_t			 lease_count;
	struct holders_node	*locks;
	size_t			 lock_count;
	/* holders_judge() puts these first in leases and in locks. */
	size_t			 holder_count;
	size_t			 waiter_count;
};

/* What a node says about who made it: bytes of others, clean for nothing. */
struct holders_who {
	bool	is_zkrun;	/* else only the address is filled in */
	char	host[HOLDERS_TEXT_SIZE];
	int64_t	pid;
	char	user[HOLDERS_TEXT_SIZE];
	char	command[HOLDERS_TEXT_SIZE];
	char	revoker[HOLDERS_TEXT_SIZE];	/* who asked it to give up */
	char	address[HOLDERS_TEXT_SIZE];	/* that is Curator's data */
	int64_t	since_ms;	/* not changed by one who asks to give up */
};

void	holders_init(struct holders *);

/*
 * Replace the children of leases and of locks.  Both take over the names and
 * their array.  Without memory they free all of it and return false.
 */
bool	holders_take_leases(struct holders *, char **names, size_t count);
bool	holders_take_locks(struct holders *, char **names, size_t count);

/*
 * Sorts by place: holders by czxid, waiters as Curator sorts its line; whoever
 * was not seen is left out, and so is the place in line of who holds already.
 */
void	holders_judge(struct holders *);

void	holders_free(struct holders *);

/* Reads the node's data; cut to what fits. */
void	holders_read_who(struct holders_who *, const struct holders_node *);

/*
 * Writes who that is for a message, clean for a terminal: "pid 4242 on web1
 * (user backup, command backup.sh)", or "10.0.0.7 (not a zkrun)".
 */
void	holders_describe(const struct holders_node *, char *, size_t);

#endif
