/*
 * The names of Curator's protected sequential nodes: _c_UUID-lock-0000000042.
 *
 * Source: Curator's ProtectedMode, StandardLockInternalsDriver and
 * InterProcessSemaphoreV2.  These functions do no I/O.
 */
#ifndef ZKRUN_NODENAME_H
#define ZKRUN_NODENAME_H

#include <stdbool.h>
#include <stddef.h>

#define NODENAME_UUID_SIZE	37

/* Writes a random (version 4) UUID. */
void	nodename_make_uuid(char uuid[NODENAME_UUID_SIZE]);

/* Returns the name with this UUID, or NULL.  Returns NULL for an empty UUID. */
const char	*nodename_find(const char *uuid, char *const *names,
		    size_t count);

/*
 * Compares the places of two nodes in the queue as Curator sorts them.  Returns
 * a value like strcmp(3).  Curator leaves nodes of equal number in the order of
 * the server's list; here the lower name comes first.
 */
int	nodename_compare(const char *, const char *);

/*
 * Returns whether all nodes that are created later sort behind this one.  At
 * 2^31 the counter of a parent becomes negative, and new nodes then sort before
 * the existing ones.
 */
bool	nodename_is_ordered(const char *name);

/*
 * Returns how many of the names are ahead of a name in the queue.  Stores the
 * name right ahead of it, or NULL.
 */
size_t	nodename_ahead(const char *name, char *const *names, size_t count,
	    const char **predecessor);

/* Begins, or with the mutex recipe ends, a pause's nodes: see pauses.h. */
#define NODENAME_PAUSE		"pause-"
#define NODENAME_MUTEX_PAUSE	"-pause-lock-0000000000"
bool	nodename_is_pause(const char *name);

/* Returns the first name that belongs to a pause, or NULL. */
const char	*nodename_find_pause(char *const *names, size_t count);

/* Writes "parent/name".  Returns false if it does not fit. */
bool	nodename_join(char *path, size_t size, const char *parent,
	    const char *name);

#endif
