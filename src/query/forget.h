/*
 * zkrun --forget: the records of tasks that are no more.
 */
#ifndef ZKRUN_FORGET_H
#define ZKRUN_FORGET_H

struct options;

/*
 * Without a task, prints the records of all tasks that nobody holds, waits for or
 * has paused, oldest last run first.  Else deletes the records of the tasks, after a
 * question on the terminal or with --yes.  Blocks.  Returns the exit status: 0; the
 * conflict exit status if the answer was no or somebody uses a task; EXITCODE_USAGE
 * if there is no terminal to ask on; EXITCODE_UNREACHABLE, EXITCODE_DENIED,
 * EXITCODE_SYSTEM or EXITCODE_INTERNAL.
 */
int	forget_run(const struct options *);

#endif
