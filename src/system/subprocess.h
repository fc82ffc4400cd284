/*
 * Helper processes, which do for us what might block.
 */
#ifndef ZKRUN_SUBPROCESS_H
#define ZKRUN_SUBPROCESS_H

#include <sys/types.h>

/*
 * Forks a helper that dies with this process.  The child closes every
 * descriptor (0 to 2 lead to /dev/null) except *fd, which gets another number;
 * -1 keeps none.  So no helper holds a pipe, connection or link of ours open.
 * Returns as fork(2) does.
 */
pid_t	subprocess_fork(int *fd);

/*
 * Forks a helper that outlives this process: it has its own session and the
 * root directory, is no child of any zkrun process, and blocks all signals but
 * KILL and ALRM.
 */
pid_t	subprocess_detach(int *fd);

#endif
