/*
 * Processes that do for us what might block.
 */
#ifndef ZKRUN_SUBPROCESS_H
#define ZKRUN_SUBPROCESS_H

#include <sys/types.h>

/*
 * Forks a helper that dies with this process.  In the child every descriptor
 * is closed (0 to 2 lead to /dev/null) but *fd, which gets another number; -1
 * keeps none.  So no pipe, connection or link of ours is held open by a helper.
 * Returns as fork(2) does.
 */
pid_t	subprocess_fork(int *fd);

/*
 * The same, but the helper outlives this process: in a session of its own, in
 * the root directory, a child of none of ours, all signals blocked but KILL and
 * ALRM.
 */
pid_t	subprocess_detach(int *fd);

#endif
