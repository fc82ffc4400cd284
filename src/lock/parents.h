/*
 * The nodes above one that is to be made.
 */
#ifndef ZKRUN_PARENTS_H
#define ZKRUN_PARENTS_H

#include <stdbool.h>

struct session;

/*
 * Sends a create for every node above path, from the top down, as a container that
 * is everybody's: other people have their nodes there, too.  The topmost one has a
 * tag of its own, for only a missing chroot can be above it.  Does not wait.
 * Returns false if nothing is above path.
 */
bool	parents_make(struct session *, const char *path, int top_tag, int tag);

#endif
