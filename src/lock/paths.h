/*
 * The paths of a task's nodes.  P is the node of the task, BASE/TASK.  Its
 * queue is P/locks, its leases are P/leases.
 *
 * Source: Curator's InterProcessSemaphoreV2.
 */
#ifndef ZKRUN_PATHS_H
#define ZKRUN_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define PATHS_SIZE	2048	/* of any path: the options limit its parts */

/*
 * The data version of P/leases if zkrun created it.  zkrun deletes P/leases
 * only with this version, and only if it is empty.
 */
#define PATHS_OWN_VERSION	1

enum paths_parent {
	PATHS_LOCKS,
	PATHS_LEASES,
	PATHS_TASK,	/* P itself, for the mutex recipe */
};

/* Writes P/locks, P/leases or P, cut to the size. */
void	paths_parent(char *path, size_t size, const char *p, enum paths_parent);

/*
 * Returns the path of a task's parent, or of its child if name is not NULL.
 * The caller frees it.  Returns NULL if there is no memory.
 */
char	*paths_make(const char *base, const char *task, enum paths_parent,
	    const char *name);

/*
 * Returns whether clients could count a node at path, or one below it, as a
 * contender of a task below base.  They count every child of P/locks and
 * P/leases.
 */
bool	paths_meet_tasks(const char *path, const char *base);

#endif
