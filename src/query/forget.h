/*
 * zkrun --forget: lists and deletes the records of unused tasks.
 */
#ifndef ZKRUN_FORGET_H
#define ZKRUN_FORGET_H

struct options;

/*
 * Without tasks in the options, prints the records of all tasks that are not
 * held, waited for or paused.  The task whose last run is the oldest comes
 * first.  With tasks, asks on the terminal, unless --yes is given, and deletes
 * their records.  Blocks.  Returns the exit status: 0; that of -E if the user
 * answered no or a task is in use; EXITCODE_USAGE if there is no terminal;
 * EXITCODE_UNREACHABLE, EXITCODE_DENIED, EXITCODE_SYSTEM or EXITCODE_INTERNAL.
 */
int	forget_run(const struct options *);

#endif
