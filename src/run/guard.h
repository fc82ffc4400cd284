/*
 * The guard: the process that the user sees.  Signals, terminal and exit
 * status are its business; it has no ZooKeeper and never blocks.
 */
#ifndef ZKRUN_GUARD_H
#define ZKRUN_GUARD_H

struct link;
struct options;
struct signals;

/*
 * Forks the keeper, which runs keep() in a process of its own, and watches
 * over it.  Returns the exit status of zkrun; in the keeper, whatever is to be
 * its own.  Does not return if a signal ended the waiting: then this process
 * dies of that signal.
 */
int	guard_run(const struct options *, const struct signals *,
	    void (*keep)(const struct options *, const struct signals *,
		struct link *));

#endif
