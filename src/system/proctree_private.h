/*
 * How proctree.c finds descendants.  Private to the proctree*.c files.
 *
 * proctree_signal() is in proctree_walk.c, too.  It leaves those that live in
 * tree->found, and how long it took in tree->walk_ms.
 */
#ifndef ZKRUN_PROCTREE_PRIVATE_H
#define ZKRUN_PROCTREE_PRIVATE_H

#include "system/process.h"
#include "system/proctree.h"

/* The pause between the first two rounds of SIGKILL. */
#define PROCTREE_KILL_AGAIN_MS	20

/*
 * Takes the descriptors that a look needs, which others might take.  -1 stands
 * for one that could not be had.
 */
void	proctree_hold_reserve(struct proctree *);

/* Says whether it was surely there at that time. */
bool	proctree_is_older(const struct process *, int64_t than_ms);

/* Asks the kernel.  A pid stays with our child until we reap it. */
bool	proctree_is_living_child(pid_t);

/* Leaves our own children in tree->found. */
void	proctree_list_own(const struct proctree *);

#endif
