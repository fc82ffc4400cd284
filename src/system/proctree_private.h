/*
 * Finds descendants for proctree.c.  Private to the proctree*.c files.
 *
 * proctree_walk.c also contains proctree_signal(), which leaves the living
 * descendants in tree->found and its duration in tree->walk_ms.
 */
#ifndef ZKRUN_PROCTREE_PRIVATE_H
#define ZKRUN_PROCTREE_PRIVATE_H

#include "system/process.h"
#include "system/proctree.h"

/* The pause between the first two rounds of SIGKILL. */
#define PROCTREE_KILL_AGAIN_MS	20

/*
 * Opens the descriptors that a look needs, in order to reserve their numbers.
 * Stores -1 for each descriptor that it cannot open.
 */
void	proctree_hold_reserve(struct proctree *);

/* Returns whether the process certainly started before that time. */
bool	proctree_is_older(const struct process *, int64_t than_ms);

/* Asks the kernel whether this child, not yet reaped, is alive. */
bool	proctree_is_living_child(pid_t);

/* Lists this process's children in tree->found, except the spared ones. */
void	proctree_list_own(const struct proctree *);

#endif
