/*
 * zkrun --check: does the lease of this command still exist?
 */
#ifndef ZKRUN_CHECK_H
#define ZKRUN_CHECK_H

struct options;

/*
 * Looks, in a new session, for the lease that ZKRUN_LEASE, ZKRUN_FENCE and
 * ZKRUN_SESSION name.  Returns the exit status: 0 if that very node exists,
 * EXITCODE_LOST if not, EXITCODE_UNREACHABLE if nobody could tell,
 * EXITCODE_USAGE if the environment names no lease.  May block as long as the
 * retry policy says.
 */
int	check_run(const struct options *);

#endif
