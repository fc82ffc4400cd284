/*
 * The one place that includes the client library's header.  Private to the files
 * of the session: session.c has the connection and the events, session_requests.c
 * requests and replies, session_auth.c credentials and ACLs.
 */
#ifndef ZKRUN_SESSION_PRIVATE_H
#define ZKRUN_SESSION_PRIVATE_H

#include <zookeeper/zookeeper.h>

#include "config/credentials.h"
#include "zookeeper/session.h"

/*
 * A request under way, freed by its completion.  Replies come in the order of
 * the requests.
 */
struct session_open_request {
	struct session		*session;
	int			 tag;
	bool			 is_write;
	bool			 is_extended;	/* not every server knows it */
	int64_t			 sent_ms;
	size_t			 step_count;	/* of a transaction */
	zoo_op_result_t		 results[SESSION_STEPS];
	STAILQ_ENTRY(session_open_request) entry;
};

/*
 * session.c: adds an event to the queue and returns it, for more to be filled
 * in.  Returns NULL out of memory; then the connection is given up.
 */
struct session_event	*session_add_event(struct session *,
			    enum session_event_type);

/* Ends the connection; everybody can deal with that. */
void	session_cut(const struct session *);

struct session_acl {
	struct ACL_vector	vector;
	struct ACL		entries[CREDENTIALS_MAX + 2];
};

/*
 * session_auth.c: returns the ACL for a node of ours; it may point to *acl, where
 * it is made.  Everybody can read a node that is readable.
 */
const struct ACL_vector	*session_make_acl(const struct session *,
			    struct session_acl *, bool readable);

/*
 * Before the handle connects: has the library send our credentials in front of
 * every other request.  Then session->accepted becomes true, or the state of the
 * handle ZOO_AUTH_FAILED_STATE.  Returns -1 if the library refuses.
 */
int	session_authenticate(struct session *);

#endif
