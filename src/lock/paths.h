/*
 * Where a task's nodes are: the queue is P/locks, the leases are P/leases, where
 * P is the task's own node, BASE/TASK.
 */
#ifndef ZKRUN_PATHS_H
#define ZKRUN_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define PATHS_SIZE	2048	/* of any path: the options bound their parts */

/*
 * The version of the data of P/leases if zkrun created it.  Only then may zkrun
 * delete it, when it is empty.
 */
#define PATHS_OWN_VERSION	1

enum paths_parent {
	PATHS_LOCKS,
	PATHS_LEASES,
};

/* Writes the path of a parent of the task at P; cut to what fits. */
void	paths_parent(char *path, size_t size, const char *p, enum paths_parent);

/*
 * Returns the path of a parent, or of the child of it with that name if the name
 * is not NULL.  The caller frees it.  Returns NULL if there is no memory.
 */
char	*paths_make(const char *base, const char *task, enum paths_parent,
	    const char *name);

/*
 * Says whether a node at path, or one below it, may be taken for one of a task
 * below base: every child of a task's parents counts as a contender.
 */
bool	paths_meet_tasks(const char *path, const char *base);

#endif
