/*
 * zkrun --check: is the lease that this command was started under still there?
 */
#ifndef ZKRUN_CHECK_H
#define ZKRUN_CHECK_H

struct options;

/*
 * Looks for the lease that ZKRUN_LEASE, ZKRUN_FENCE and ZKRUN_SESSION name, in
 * a session of its own.  Returns the exit status: 0 if that very node is in
 * place, EXITCODE_LOST if not, EXITCODE_UNREACHABLE if nobody could tell,
 * EXITCODE_USAGE if the environment names no lease.  May block as long as the
 * retry policy says.
 */
int	check_run(const struct options *);

#endif
