/*
 * Helper processes, which do for us what might block.
 *
 * They are children of ours and not the command's: proctree.h passes over them.
 * Nobody waits for the death of one, for it may hang in the kernel.
 */
#ifndef ZKRUN_SUBPROCESS_H
#define ZKRUN_SUBPROCESS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUBPROCESSES_MAX	8	/* with those that do not die */

/* All zero: none. */
struct subprocesses {
	pid_t	pid[SUBPROCESSES_MAX];	/* not yet reaped; 0: free */
};

/*
 * Forks a helper.  The child keeps of our descriptors only fd, and of inherited
 * ones only stderr and files: so no helper holds a pipe, connection or link
 * open.  It dies with this process unless it is to outlive us.  Returns as
 * fork(2) does; EAGAIN also means that too many are there.
 */
pid_t	subprocess_fork(struct subprocesses *, int fd, bool outlives_us);

/* Kills one that was not reaped yet; else does nothing. */
void	subprocess_kill(struct subprocesses *, pid_t);

/*
 * At the end of this process: waits until it has ended, and reaps it.  Returns
 * false if it has not ended in time.  Leaves SIGCHLD blocked.
 */
bool	subprocess_wait(struct subprocesses *, pid_t, int64_t patience_ms);

/* Says whether this is one of ours that was not reaped yet. */
bool	subprocess_is_ours(struct subprocesses *, pid_t);

/* Returns how many were not reaped yet. */
size_t	subprocess_count(const struct subprocesses *);

/* Somebody has reaped this child: its pid may belong to another process now. */
void	subprocess_reaped(struct subprocesses *, pid_t);

/* Reaps those that are dead, where nobody else reaps children. */
void	subprocess_sweep(struct subprocesses *);

#endif
