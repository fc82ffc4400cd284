/*
 * Credentials and ACLs, as the client library has them.  Private to the
 * session.
 */
#ifndef ZKRUN_SESSION_AUTH_H
#define ZKRUN_SESSION_AUTH_H

#include "config/credentials.h"
#include "zookeeper/session_private.h"

struct session_acl {
	struct ACL_vector	vector;
	struct ACL		entries[CREDENTIALS_MAX + 2];
};

/*
 * Returns the ACL for a node of ours, made in *acl, which it may point to.  One
 * that is readable can be read by everybody besides.
 */
const struct ACL_vector	*session_make_acl(const struct session *,
			    struct session_acl *, bool readable);

/*
 * As zookeeper_init2() of the library, over TLS if there are files for that.
 * Sets errno on failure.
 */
zhandle_t	*session_make_handle(const struct session *, const char *address,
		    watcher_fn, int timeout_ms, const clientid_t *);

/*
 * Before the handle connects: has the library send our credentials in front of
 * every other request; session->accepted becomes true, or the handle's state is
 * ZOO_AUTH_FAILED_STATE.  Returns -1 if the library does not want to.
 */
int	session_authenticate(struct session *);

#endif
