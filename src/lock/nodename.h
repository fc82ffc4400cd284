/*
 * The names of Curator's protected sequential nodes: _c_UUID-lock-0000000042.
 *
 * Pure; the source is Curator's ProtectedMode, StandardLockInternalsDriver and
 * InterProcessSemaphoreV2.
 */
#ifndef ZKRUN_NODENAME_H
#define ZKRUN_NODENAME_H

#include <stdbool.h>
#include <stddef.h>

#define NODENAME_UUID_SIZE	37

/* Makes a random (version 4) UUID. */
void	nodename_make_uuid(char uuid[NODENAME_UUID_SIZE]);

/* Returns the name that carries the UUID, or NULL.  An empty UUID has none. */
const char	*nodename_find(const char *uuid, char *const *names,
		    size_t count);

/*
 * Compares the places of two names in line, as Curator sorts them; like
 * strcmp(3).  Of equal numbers, which Curator leaves as the server lists them,
 * the lower name comes first.
 */
int	nodename_compare(const char *, const char *);

/*
 * Says whether all nodes that are made later come behind this one.  The counter of
 * a parent turns negative at 2^31, and what is made from then on sorts before
 * what is there.
 */
bool	nodename_is_ordered(const char *name);

/*
 * Counts the names that come before a name in line, as Curator sorts them, and
 * stores the last of those, or NULL.
 */
size_t	nodename_ahead(const char *name, char *const *names, size_t count,
	    const char **predecessor);

/* What the name of a pause begins with, see pauses.h. */
#define NODENAME_PAUSE	"pause-"
bool	nodename_is_pause(const char *name);

/* Returns the first name of a pause, or NULL. */
const char	*nodename_find_pause(char *const *names, size_t count);

/* Writes parent, a slash and the name.  Returns false if that does not fit. */
bool	nodename_join(char *path, size_t size, const char *parent,
	    const char *name);

#endif
