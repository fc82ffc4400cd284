/*
 * zkrun --check: tells a command whether its lease still exists.
 */
#ifndef ZKRUN_CHECK_H
#define ZKRUN_CHECK_H

struct options;

/*
 * Reads, in a new session, the lease node that ZKRUN_LEASE, ZKRUN_FENCE and
 * ZKRUN_SESSION identify.  Returns the exit status: 0 if exactly that node
 * exists, EXITCODE_LOST if it does not exist, EXITCODE_UNREACHABLE if no server
 * answers, EXITCODE_DENIED if the servers refuse a credential, EXITCODE_USAGE
 * if the environment does not name a lease.  Blocks for at most as long as the
 * retry policy allows.
 */
int	check_run(const struct options *);

#endif
