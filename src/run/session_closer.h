/*
 * Closes the session of a keeper that died.
 */
#ifndef ZKRUN_SESSION_CLOSER_H
#define ZKRUN_SESSION_CLOSER_H

#include <sys/types.h>

struct link_session;
struct options;
struct subprocesses;

/*
 * Forks a helper that resumes the session on any server and closes it.  This
 * frees the lease and the place in the queue before the session expires.  The
 * helper exits after the session timeout at the latest, or with the caller.
 * Call this only when all processes that ran under the lease are dead.
 *
 * Does not wait for the helper.  Returns its pid, which the caller reaps and
 * which is entered into the subprocesses; or -1 with errno set.
 */
pid_t	session_closer_start(const struct options *,
	    const struct link_session *, struct subprocesses *);

#endif
