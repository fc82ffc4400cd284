/*
 * The keeper: the process that has the ZooKeeper session, queues, starts the
 * command and releases the lease.
 */
#ifndef ZKRUN_KEEPER_H
#define ZKRUN_KEEPER_H

struct link;
struct logger;
struct options;
struct signals;

/*
 * Runs the keeper on its end of the link, in a process of its own.  Returns
 * after it has released the lease and the place in the queue, or when they will
 * end with the session; the process should exit next.  Exits with
 * EXITCODE_SYSTEM if it cannot start.
 *
 * Borrows its arguments; closes the link.  Writes the data into its znodes.
 * Starts a logger only after the guard is gone.
 */
void	keeper_run(const struct options *, const struct signals *,
	    struct link *, struct logger *, const char *data);

#endif
