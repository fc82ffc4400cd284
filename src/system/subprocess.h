/*
 * Helper processes, which make the calls that may block.
 *
 * proctree.h skips them: they are children of zkrun, but not the command's
 * processes.  A loop never waits for a helper to die, because the helper may
 * hang in the kernel.
 */
#ifndef ZKRUN_SUBPROCESS_H
#define ZKRUN_SUBPROCESS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUBPROCESSES_MAX	8	/* including helpers that hang */

/* The helpers of one process.  A struct of zero bytes has no helpers. */
struct subprocesses {
	pid_t	pid[SUBPROCESSES_MAX];	/* not yet reaped; 0: free */
};

/*
 * Forks a helper.  The child keeps only fd of zkrun's own descriptors, and only
 * stderr and files of the inherited ones, so that it holds no pipe, connection
 * or link open.  The kernel kills the helper when this process dies, unless
 * outlives_us is set.  Returns what fork(2) returns.  The errno EAGAIN may also
 * mean that SUBPROCESSES_MAX helpers exist.
 */
pid_t	subprocess_fork(struct subprocesses *, int fd, bool outlives_us);

/* Kills a helper if it is not reaped yet.  Does not wait. */
void	subprocess_kill(struct subprocesses *, pid_t);

/*
 * Blocks until the helper has ended, and reaps it.  Returns false if the helper
 * still runs after patience_ms (below 1000).  Leaves SIGCHLD blocked.  Use it
 * only when this process ends.
 */
bool	subprocess_wait(struct subprocesses *, pid_t, int64_t patience_ms);

/* Returns whether this pid belongs to a helper that is not reaped yet. */
bool	subprocess_is_ours(struct subprocesses *, pid_t);

/* Returns the number of helpers that are not reaped yet. */
size_t	subprocess_count(const struct subprocesses *);

/* Removes a child that the caller has reaped: its pid may be reused. */
void	subprocess_reaped(struct subprocesses *, pid_t);

/* Reaps dead helpers.  Use it in a process that reaps no other children. */
void	subprocess_sweep(struct subprocesses *);

#endif
