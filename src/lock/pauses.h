/*
 * The nodes of a pause: persistent children of leases, as many as there may be
 * holders.  Curator counts children, whatever their names, so every client finds
 * the lock taken.
 *
 * Their names are "pause-UUID-N", with N from 1 on and one UUID for each pause.
 * Their data says who paused the task and why.
 *
 * Pure; no I/O.
 */
#ifndef ZKRUN_PAUSES_H
#define ZKRUN_PAUSES_H

#include <stdbool.h>
#include <stddef.h>

#include "lock/holders.h"
#include "lock/nodename.h"

#define PAUSES_NAME_SIZE	(NODENAME_UUID_SIZE + 32)

/* What a node of a pause says: bytes that others wrote, not clean. */
struct pauses_pause {
	char	user[HOLDERS_TEXT_SIZE];	/* "": unknown */
	char	host[HOLDERS_TEXT_SIZE];
	char	reason[HOLDERS_TEXT_SIZE];	/* "": none given */
};

void	pauses_make_name(char name[PAUSES_NAME_SIZE],
	    const char uuid[NODENAME_UUID_SIZE], size_t number);

void	pauses_read(struct pauses_pause *, const struct holders_node *);

/*
 * Writes "USER@HOST since TIME: REASON", clean for a terminal, with the time as the
 * reader's clock has it.
 */
void	pauses_describe(const struct holders_node *, char *, size_t);

/* Says whether both are nodes of one pause. */
bool	pauses_is_same(const struct holders_node *, const struct holders_node *);

/*
 * Steps through the pauses.  *i is 0 before the first call.  Returns the first node
 * of the next pause and sets *size to its number of nodes, or returns NULL.
 */
const struct holders_node	*pauses_next(const struct holders *, size_t *i,
				    size_t *size);

#endif
