/*
 * The guard: the process that the user sees.  It handles signals, the terminal
 * and the exit status.  It does not talk to ZooKeeper, and never blocks.
 */
#ifndef ZKRUN_GUARD_H
#define ZKRUN_GUARD_H

#include <sys/types.h>

struct link;
struct logger;
struct options;
struct signals;

/*
 * Watches over the keeper, a child process at the other end of the link, until
 * the run is over.  Starts a logger when there is a message to write.  Borrows
 * its arguments; closes the link.
 *
 * Returns the exit status of zkrun.  If a signal ended the waiting, this
 * process dies of that signal and the function does not return.  The same
 * applies if a signal killed the command and no other status takes precedence.
 */
int	guard_run(const struct options *, const struct signals *,
	    struct link *, pid_t keeper, struct logger *);

#endif
