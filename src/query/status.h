/*
 * zkrun --status: shows the holders, the waiters and the last run of each task.
 */
#ifndef ZKRUN_STATUS_H
#define ZKRUN_STATUS_H

struct options;

/*
 * Prints the tasks that the options name, or all tasks, as a table or as JSON.
 * May block for as long as the retry policy allows, and while it prints.
 * Returns the exit status: 0 if a task is held, EXITCODE_FREE if no task is
 * held; EXITCODE_UNREACHABLE, EXITCODE_DENIED or EXITCODE_INTERNAL if something
 * could not be read; EXITCODE_SYSTEM if memory is exhausted or the output is
 * incomplete.
 */
int	status_run(const struct options *);

#endif
