/*
 * Ending the session of a keeper that died.
 */
#ifndef ZKRUN_SESSION_CLOSER_H
#define ZKRUN_SESSION_CLOSER_H

#include <sys/types.h>

struct link_session;
struct options;
struct subprocesses;

/*
 * Forks a helper that resumes the session on any server and closes it, so that
 * lease and place in line are free at once and not when the session expires.
 * It ends by itself, at the latest when the session must have expired.
 * Call it only when everything that ran under the lease is dead.  Returns its
 * pid, or -1 with errno set.
 */
pid_t	session_closer_start(const struct options *,
	    const struct link_session *, struct subprocesses *);

#endif
