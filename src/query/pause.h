/*
 * zkrun --pause and --resume: keep everybody out of a task's lock, and let them in
 * again.
 */
#ifndef ZKRUN_PAUSE_H
#define ZKRUN_PAUSE_H

struct options;

/*
 * Creates the nodes of a pause, as many as --leases says, and names the holders of
 * the lock.  Blocks.  Returns the exit status: 0 if the pause is in force;
 * EXITCODE_DENIED or EXITCODE_INTERNAL, after it has deleted the nodes again as far
 * as it may; EXITCODE_UNREACHABLE, and some nodes may exist.
 */
int	pause_run(const struct options *);

/*
 * Deletes the nodes of every pause of the task, or of those by the user that the
 * options name, and names them.  Blocks.  Returns the exit status: 0 if that is done,
 * or the task was not paused; the conflict exit status if only other users have
 * paused it; else as above.
 */
int	pause_resume(const struct options *);

#endif
