/*
 * zkrun --pause and --resume: keep all contenders out of a task's lock, and let
 * them in again.
 */
#ifndef ZKRUN_PAUSE_H
#define ZKRUN_PAUSE_H

struct options;

/*
 * Creates one pause node for each of the --leases, and reports the holders of
 * the lock.  Blocks.  Returns the exit status: 0 if the pause is in force;
 * EXITCODE_DENIED, EXITCODE_INTERNAL or EXITCODE_SYSTEM after an error, when it
 * has deleted its nodes as far as possible; EXITCODE_UNREACHABLE without
 * contact or chroot, when some of its nodes may exist.
 */
int	pause_run(const struct options *);

/*
 * Ends all pauses of the task, or those of the user that the options name, and
 * reports these pauses.  Blocks.  Returns the exit status: 0 if the pauses have
 * ended or there were none; that of -E if only other users have paused the
 * task; otherwise like pause_run().
 */
int	pause_resume(const struct options *);

#endif
