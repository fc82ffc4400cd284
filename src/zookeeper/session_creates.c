/*
 * Making nodes, on servers of any age.
 *
 * ZooKeeper before 3.5, and others that speak its protocol, know no containers
 * and no create that answers with more than a name.  Some say so, others close
 * the connection, and that twice; should it have been the network both times,
 * plain creates do no harm.
 */
#include <string.h>

#include "base/log.h"
#include "zookeeper/session_auth.h"
#include "zookeeper/session_private.h"

void
session_use_plain_creates(struct session *session)
{
	if (!session->plain)
		log_verbose("the server seems to know no container nodes; "
		    "parents are made as persistent nodes");
	session->plain = true;
}

static void
on_plain_created(int rc, const char *name, const void *data)
{
	session_on_created(rc, name, NULL, data);
}

int
session_send_create(struct session *session,
    const struct session_request *wanted, struct session_open_request *request,
    int mode)
{
	bool is_container = mode == ZOO_CONTAINER;
	const char *data = wanted->data == NULL || is_container ? "" :
	    wanted->data;
	const struct ACL_vector *acl = &ZOO_OPEN_ACL_UNSAFE;
	struct session_acl own;

	if (wanted->operation != SESSION_CREATE_SHARED)
		acl = session_make_acl(session, &own,
		    wanted->operation == SESSION_CREATE_EPHEMERAL);
	request->is_extended = !session->plain;
	if (session->plain)
		return zoo_acreate(session->handle, wanted->path, data,
		    (int)strlen(data), acl, is_container ? ZOO_PERSISTENT :
		    mode, on_plain_created, request);
	return zoo_acreate2(session->handle, wanted->path, data,
	    (int)strlen(data), acl, mode, session_on_created, request);
}

