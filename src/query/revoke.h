/*
 * zkrun --revoke and --break: take leases from their holders.
 */
#ifndef ZKRUN_REVOKE_H
#define ZKRUN_REVOKE_H

struct options;

/*
 * Asks the holders of the task to stop their commands and to release the lock,
 * and waits for the release for at most the time of --wait.  Blocks.  Returns
 * the exit status: 0 if all holders have released the lock or there were none;
 * that of -E if zkrun cannot ask a holder (another client, or a node without a
 * session) or if a holder did not release the lock in time;
 * EXITCODE_UNREACHABLE, EXITCODE_DENIED, EXITCODE_SYSTEM or EXITCODE_INTERNAL.
 */
int	revoke_run(const struct options *);

/*
 * Asks on the terminal, unless --yes is given, and deletes the lease nodes of
 * the holders and the queue nodes without a session.  Does not stop commands.
 * Blocks.  Returns the exit status: 0 if the nodes are gone or there were none;
 * that of -E if the user answered no; EXITCODE_USAGE if there is no terminal;
 * EXITCODE_UNREACHABLE, EXITCODE_DENIED, EXITCODE_SYSTEM or EXITCODE_INTERNAL.
 */
int	revoke_break(const struct options *);

#endif
