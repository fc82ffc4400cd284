/*
 * Who holds a task and who waits for it, told from its znodes.
 *
 * Every holder has a child of leases, every waiter one of locks; the head of
 * the line has both, and so has a holder in the moment after acquiring.  So at
 * most one lease is one that is waited with: the youngest (by czxid) of the
 * session that owns the head of the line, if it was made after the place in
 * line and is not the only lease there is.  A session can have several of both:
 * those of a Java program's threads.
 * That is a hint and no proof; section 4 of the design.
 *
 * Pure; no I/O.
 */
#ifndef ZKRUN_CENSUS_H
#define ZKRUN_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CENSUS_TEXT_SIZE	256	/* of one thing said about a node */

/* A child of leases or locks, as it was found. */
struct census_node {
	char	*name;		/* below its parent; owned by the census */
	char	*data;		/* NULL until it is seen; owned */
	bool	 seen;		/* it was there when it was looked at */
	int64_t	 czxid;
	int64_t	 session;	/* its owner; 0: none */
	int64_t	 since_ms;	/* mtime, by ZooKeeper's clock since 1970 */
	int	 version;	/* of its data */
};

struct census {
	struct census_node	*leases;
	size_t			 lease_count;
	struct census_node	*locks;
	size_t			 lock_count;
	/* census_judge() puts holders first in leases, waiters first in locks. */
	size_t			 holders;
	size_t			 waiters;
};

/* What a node says about who made it: bytes of others, clean for nothing. */
struct census_who {
	bool	is_zkrun;	/* else only the address is filled in */
	char	host[CENSUS_TEXT_SIZE];
	int64_t	pid;
	char	user[CENSUS_TEXT_SIZE];
	char	command[CENSUS_TEXT_SIZE];
	char	revoker[CENSUS_TEXT_SIZE];	/* who asked it to give up */
	char	address[CENSUS_TEXT_SIZE];	/* that is Curator's data */
	int64_t	since_ms;	/* not changed by one who asks to give up */
};

void	census_init(struct census *);

/*
 * Take over the children of leases and of locks, instead of those taken before:
 * the names are the census's then, and so is the array.  Return false, with
 * nothing taken and all freed, if there is no memory.
 */
bool	census_take_leases(struct census *, char **names, size_t count);
bool	census_take_locks(struct census *, char **names, size_t count);

/*
 * Sorts by place: holders by czxid, waiters as Curator sorts its line; whoever
 * was not seen is left out, and so is the place in line of who holds already.
 */
void	census_judge(struct census *);

void	census_free(struct census *);

/* Reads the node's data; cut to what fits. */
void	census_read_who(struct census_who *, const struct census_node *);

/*
 * Returns where a node's maker is: the host of a zkrun, else the address.  Curator
 * writes no address where the name of its own machine does not resolve; the
 * answer is "another client" then.
 */
const char *census_where(const struct census_who *);

/*
 * Writes who that is for a message, clean for a terminal: "pid 4242 on web1
 * (user backup, command backup.sh)", "10.0.0.7 (not a zkrun)", or "another client".
 */
void	census_describe(const struct census_node *, char *, size_t);

#endif
