/*
 * The guard: the process that the user sees.  Signals, terminal and exit
 * status are its business; it has no ZooKeeper and never blocks.
 */
#ifndef ZKRUN_GUARD_H
#define ZKRUN_GUARD_H

#include <sys/types.h>

struct link;
struct logger;
struct options;
struct signals;

/*
 * Watches over the keeper, a child process at the other end of the link, and
 * starts a logger when there is something to write.
 * Returns the exit status of zkrun.  Does not return if a signal ended the
 * waiting or the command, and no other status is the truth: then this process
 * dies of that signal.
 */
int	guard_run(const struct options *, const struct signals *,
	    struct link *, pid_t keeper, struct logger *);

#endif
