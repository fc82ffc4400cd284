/*
 * The nodes of a pause: persistent children of P/leases, one for each allowed
 * holder.  Every client, including Curator, counts all children of P/leases,
 * and finds the lock taken.
 *
 * The nodes are named "pause-UUID-N", with one UUID per pause and N counted
 * from 1.  Their data says who paused the task and why.
 *
 * With the mutex recipe a pause is one persistent child of P, named
 * "ex_c_UUID-pause-lock-0000000000".  Every client that waits for zkrun also
 * waits for this node, because 0 is lower than the number of any later node:
 * the create of this node advances the servers' counter.  Only the holder's
 * node can have the number 0 as well.
 *
 * These functions do no I/O.
 */
#ifndef ZKRUN_PAUSES_H
#define ZKRUN_PAUSES_H

#include <stdbool.h>
#include <stddef.h>

#include "lock/holders.h"
#include "lock/nodename.h"

#define PAUSES_NAME_SIZE	(NODENAME_UUID_SIZE + 32)

/*
 * What a node of a pause says.  The texts come from other clients, so they are
 * not clean for a terminal.
 */
struct pauses_pause {
	char	user[HOLDERS_TEXT_SIZE];	/* "": unknown */
	char	host[HOLDERS_TEXT_SIZE];
	char	reason[HOLDERS_TEXT_SIZE];	/* "": none */
};

/* Writes the name of a node.  Number 0 names the mutex recipe's node in P. */
void	pauses_make_name(char name[PAUSES_NAME_SIZE],
	    const char uuid[NODENAME_UUID_SIZE], size_t number);

/* Parses the node's data. */
void	pauses_read(struct pauses_pause *, const struct holders_node *);

/*
 * Writes "USER@HOST since TIME: REASON", clean for a terminal, with the time in
 * the reader's time zone.
 */
void	pauses_describe(const struct holders_node *, char *, size_t);

/* Returns whether both nodes belong to one pause. */
bool	pauses_is_same(const struct holders_node *,
	    const struct holders_node *);

/*
 * Iterates over the pauses.  The caller sets *i to 0 before the first call.
 * Returns the first node of the next pause and sets *size to its number of
 * nodes, or returns NULL.
 */
const struct holders_node	*pauses_next(const struct holders *, size_t *i,
				    size_t *size);

#endif
