/*
 * zkrun --revoke and --break: take a lease from its holder.
 */
#ifndef ZKRUN_REVOKE_H
#define ZKRUN_REVOKE_H

struct options;

/*
 * Asks the holders of the options' task to stop their commands and to release
 * it, and waits for that as long as --wait says.  Returns the exit status: 0 if
 * all have released it or nobody held it; the conflict exit status if a holder
 * cannot be asked (no living zkrun) or did not release it in time;
 * EXITCODE_UNREACHABLE or EXITCODE_DENIED.
 */
int	revoke_run(const struct options *);

/*
 * Deletes the lease nodes of the holders, and places in line that belong to no
 * session, after a question on the terminal or with --yes.  Returns the exit status: 0 if they are gone or nobody held it;
 * the conflict exit status if the answer was no; EXITCODE_USAGE if there is no
 * terminal to ask on.
 */
int	revoke_break(const struct options *);

#endif
