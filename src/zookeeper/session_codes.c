/*
 * Translates a server's error codes for zkrun and for people.
 */
#include <stdio.h>

#include "zookeeper/session_private.h"

/*
 * The table has all codes of KeeperException.Code in ZooKeeper 3.9, because the
 * library names only some of them.  Any other code becomes SESSION_REFUSED.
 */
static const struct {
	int			 rc;
	enum session_code	 code;
	const char		*text;
} codes[] = {
	{ 0, SESSION_OK, "done" },
	{ -1, SESSION_REFUSED, "internal error of the server" },
	{ -2, SESSION_REFUSED, "the server found an inconsistent state" },
	{ -3, SESSION_REFUSED, "the server found inconsistent data" },
	{ -4, SESSION_REFUSED, "the connection was lost" },
	{ -5, SESSION_REFUSED, "the server cannot decode the request" },
	{ -6, SESSION_REFUSED, "the server does not support this request" },
	{ -7, SESSION_REFUSED, "the operation timed out in the server" },
	{ -8, SESSION_REFUSED, "the server calls the request invalid" },
	{ -12, SESSION_REFUSED, "the server does not know the session" },
	{ -13, SESSION_REFUSED, "the new configuration has no quorum" },
	{ -14, SESSION_REFUSED, "the ensemble is being reconfigured" },
	{ -100, SESSION_REFUSED, "the server refused the request" },
	{ -101, SESSION_NO_NODE, "the node does not exist" },
	{ -102, SESSION_DENIED, "an ACL forbids it" },
	{ -103, SESSION_STALE, "the node has changed" },
	{ -108, SESSION_REFUSED, "an ephemeral node cannot have children" },
	{ -110, SESSION_EXISTS, "the node already exists" },
	{ -111, SESSION_REFUSED, "the node has children" },
	{ -112, SESSION_REFUSED, "the session has expired" },
	{ -113, SESSION_REFUSED, "invalid callback of the client library" },
	{ -114, SESSION_DENIED, "the server rejects the ACL (see -a, --acl)" },
	{ -115, SESSION_DENIED, "the server refused a credential" },
	{ -118, SESSION_REFUSED, "the session moved to another server" },
	{ -119, SESSION_REFUSED, "the server has no quorum and is read-only" },
	{ -120, SESSION_REFUSED, "a local session cannot have ephemeral nodes" },
	{ -121, SESSION_REFUSED, "the watch does not exist" },
	{ -122, SESSION_REFUSED, "the request timed out in the server" },
	{ -123, SESSION_REFUSED, "reconfiguration is disabled" },
	{ -124, SESSION_DENIED, "the server requires authentication (-a)" },
	{ -125, SESSION_DENIED, "a quota is exceeded" },
	{ -127, SESSION_REFUSED, "the server is busy and throttles requests" },
};

enum session_code
session_judge_code(int rc, char reason[SESSION_REASON_SIZE])
{
	enum session_code code = SESSION_REFUSED;
	const char *text = "not an error code of ZooKeeper 3.9";
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rc == rc) {
			code = codes[i].code;
			text = codes[i].text;
		}
	(void)snprintf(reason, SESSION_REASON_SIZE, "%s (%d)", text, rc);
	return code;
}
