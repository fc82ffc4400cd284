/*
 * The nodes of clients whose lock is one ephemeral sequential child of P.
 * zkrun with --recipe mutex counts the nodes of all these clients.  Each of the
 * other clients knows, and counts, only some of the names.
 *
 * Source: Curator's LockInternals and StandardLockInternalsDriver,
 * InterProcessReadWriteLock; go-zookeeper's lock.go; kazoo's recipe/lock.py;
 * zk-ruby's locker; ZooKeeper's recipes; DistributedLock for .NET.  These
 * functions do no I/O.
 */
#ifndef ZKRUN_CONTENDER_H
#define ZKRUN_CONTENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One bit each. */
enum contender_kind {
	CONTENDER_NONE = 0,		/* not the node of a contender */
	CONTENDER_ZKRUN = 1 << 0,
	CONTENDER_CURATOR = 1 << 1,	/* InterProcessMutex, LeaderSelector */
	CONTENDER_CURATOR_RW = 1 << 2,	/* InterProcessReadWriteLock */
	CONTENDER_GO = 1 << 3,
	CONTENDER_KAZOO = 1 << 4,
	CONTENDER_RUBY = 1 << 5,
	CONTENDER_RUBY_SHARED = 1 << 6,
	CONTENDER_ZOOKEEPER = 1 << 7,	/* the recipe in ZooKeeper's sources */
	CONTENDER_DOTNET = 1 << 8,
};

/*
 * The highest number that zkrun accepts.  The servers number the children of P
 * with a signed 32 bit counter, and when it overflows, the clients disagree
 * about the order.  The limit leaves enough numbers for the contenders that
 * join while another one holds the lock.
 */
#define CONTENDER_NUMBER_MAX	2147000000

/* Returns the kind of a node by its name, and its sequence number. */
enum contender_kind	contender_parse(const char *name, int64_t *number);

/* Returns the client's name as users know it, such as "kazoo". */
const char	*contender_client(enum contender_kind);

/*
 * Returns whether the client of one kind waits for a node of the other that has
 * a lower number.
 */
bool	contender_sees(enum contender_kind, enum contender_kind other);

/*
 * Returns the contender with the lowest number, or NULL if there is none.
 * Leaves out pauses, and the name at except, which may be NULL.
 */
const char	*contender_lowest(char *const *names, size_t count,
		    const char *except);

/*
 * Returns whether the name is "locks" or "leases".  The semaphore recipe uses
 * these nodes, and does not exclude the contenders in P.
 */
bool	contender_is_semaphore(const char *name);

#endif
