/*
 * zkrun --status: who holds, who waits, what the last run did.
 */
#ifndef ZKRUN_STATUS_H
#define ZKRUN_STATUS_H

struct options;

/*
 * Prints the state of the tasks that the options name, or of all tasks, as a
 * table or as JSON.  Returns the exit status: 0 if one of them is held,
 * EXITCODE_FREE if none is, EXITCODE_UNREACHABLE or EXITCODE_DENIED if
 * something could not be read.  May block as long as the retry policy says.
 */
int	status_run(const struct options *);

#endif
