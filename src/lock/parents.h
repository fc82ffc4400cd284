/*
 * The nodes above one that is to be made.
 */
#ifndef ZKRUN_PARENTS_H
#define ZKRUN_PARENTS_H

#include <stdbool.h>

struct session;

/*
 * Sends a create for every node above path, from the top down.  They become
 * containers with an open ACL, because other users have nodes there.  The topmost
 * one has a tag of its own: if its parent is missing, so is the chroot.  Does not
 * wait.  Returns false if nothing is above path.
 */
bool	parents_make(struct session *, const char *path, int top_tag, int tag);

#endif
