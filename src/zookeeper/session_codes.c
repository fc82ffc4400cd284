/*
 * What a server's numbers mean: to zkrun, and to people.
 */
#include <stdio.h>

#include "zookeeper/session_private.h"

/*
 * All of KeeperException.Code (ZooKeeper 3.9), whatever the library knows of
 * them.  What no row says is refused for good.
 */
static const struct {
	int			 rc;
	enum session_code	 code;
	const char		*text;
} codes[] = {
	{ 0, SESSION_OK, "done" },
	{ -1, SESSION_REFUSED, "a fault in the server" },
	{ -2, SESSION_REFUSED, "a fault in the server: what it finds cannot be" },
	{ -3, SESSION_REFUSED, "a fault in the server: its data cannot be" },
	{ -4, SESSION_REFUSED, "the connection was lost" },
	{ -5, SESSION_REFUSED, "the server cannot read the request" },
	{ -6, SESSION_REFUSED, "the server does not know such a request" },
	{ -7, SESSION_REFUSED, "the server took too long" },
	{ -8, SESSION_REFUSED, "the server takes the request for invalid" },
	{ -12, SESSION_REFUSED, "the server does not know the session" },
	{ -13, SESSION_REFUSED, "no quorum of a new configuration" },
	{ -14, SESSION_REFUSED, "the servers are being reconfigured" },
	{ -100, SESSION_REFUSED, "the server refuses it" },
	{ -101, SESSION_NO_NODE, "the node does not exist" },
	{ -102, SESSION_DENIED, "an ACL forbids it" },
	{ -103, SESSION_STALE, "the node has changed" },
	{ -108, SESSION_REFUSED, "an ephemeral node cannot have children" },
	{ -110, SESSION_EXISTS, "the node exists" },
	{ -111, SESSION_REFUSED, "the node has children" },
	{ -112, SESSION_REFUSED, "the session has expired" },
	{ -113, SESSION_REFUSED, "the library called back wrongly" },
	{ -114, SESSION_DENIED, "the server does not take the ACL (-a)" },
	{ -115, SESSION_DENIED, "the server refuses a credential" },
	{ -118, SESSION_REFUSED, "the session is at another server" },
	{ -119, SESSION_REFUSED, "the server is read-only, without a quorum" },
	{ -120, SESSION_REFUSED, "a local session cannot have ephemeral nodes" },
	{ -121, SESSION_REFUSED, "there is no such watch" },
	{ -122, SESSION_REFUSED, "the request took the server too long" },
	{ -123, SESSION_REFUSED, "reconfiguration is switched off" },
	{ -124, SESSION_DENIED, "the server wants to know who we are (-a)" },
	{ -125, SESSION_DENIED, "a quota is used up" },
	{ -127, SESSION_REFUSED, "the server is busy and throttles requests" },
};

enum session_code
session_judge_code(int rc, char reason[SESSION_REASON_SIZE])
{
	enum session_code code = SESSION_REFUSED;
	const char *text = "no ZooKeeper up to 3.9 says that";
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rc == rc) {
			code = codes[i].code;
			text = codes[i].text;
		}
	(void)snprintf(reason, SESSION_REASON_SIZE, "%s (%d)", text, rc);
	return code;
}
