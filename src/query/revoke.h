/*
 * zkrun --revoke and --break: take leases from their holders.
 */
#ifndef ZKRUN_REVOKE_H
#define ZKRUN_REVOKE_H

struct options;

/*
 * Asks the holders of the task to stop their commands and to release it, and
 * waits for this as long as --wait says.  Blocks.  Returns the exit status: 0
 * if all have released it or it was not held; that of -E if a holder cannot be
 * asked (it is not a zkrun, or has no session) or did not release it in time;
 * EXITCODE_UNREACHABLE, EXITCODE_DENIED, EXITCODE_SYSTEM or EXITCODE_INTERNAL.
 */
int	revoke_run(const struct options *);

/*
 * Deletes the lease nodes of the holders, and queue nodes without a session,
 * after a question on the terminal, or without it with --yes.  Does not stop
 * commands.  Blocks.  Returns the exit status: 0 if the nodes are gone or there
 * were none; that of -E if the answer was no; EXITCODE_USAGE if there is no
 * terminal; EXITCODE_UNREACHABLE, EXITCODE_DENIED, EXITCODE_SYSTEM or
 * EXITCODE_INTERNAL.
 */
int	revoke_break(const struct options *);

#endif
