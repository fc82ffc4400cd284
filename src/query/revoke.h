/*
 * zkrun --revoke and --break: taking a lease from who holds it.
 */
#ifndef ZKRUN_REVOKE_H
#define ZKRUN_REVOKE_H

struct options;

/*
 * Asks the holders of the options' task to stop their commands and to release,
 * and waits for that as long as --wait says.  Returns the exit status: 0 when
 * the asked ones are gone or nobody held it, the conflict exit status if one of
 * them cannot be asked (it is no zkrun) or did not go in time,
 * EXITCODE_UNREACHABLE or EXITCODE_DENIED.
 */
int	revoke_run(const struct options *);

/*
 * Deletes the lease nodes of the holders, after a question on the terminal or
 * with --yes.  Returns the exit status: 0 when they are gone or nobody held it,
 * the conflict exit status if the answer was no, EXITCODE_USAGE if nobody could
 * be asked.
 */
int	revoke_break(const struct options *);

#endif
