/*
 * The keeper: the process that has the ZooKeeper session, stands in line,
 * starts the command and releases the lease.
 */
#ifndef ZKRUN_KEEPER_H
#define ZKRUN_KEEPER_H

struct link;
struct logger;
struct options;
struct signals;

/*
 * Runs the keeper on its end of the link, in a process of its own.  Returns
 * when everything is cleaned up, or when nobody can wait for that any longer;
 * the process should end then.  It starts a logger only without a guard.  Borrows
 * all; data is what its nodes hold.
 */
void	keeper_run(const struct options *, const struct signals *,
	    struct link *, struct logger *, const char *data);

#endif
