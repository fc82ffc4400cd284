/*
 * Creates the parents of a node.
 */
#ifndef ZKRUN_PARENTS_H
#define ZKRUN_PARENTS_H

#include <stdbool.h>

struct session;

/*
 * Sends a create for every node above path, from the top down.  The new nodes
 * are containers with an open ACL, because other users have nodes below them.
 * The create of the topmost node has a tag of its own: if ZooKeeper answers
 * NO_NODE to it, the chroot does not exist.  Does not block.  Returns false if
 * path has no parent.
 */
bool	parents_make(struct session *, const char *path, int top_tag, int tag);

#endif
