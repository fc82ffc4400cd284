/*
 * Sends credentials, and makes the ACLs of new nodes.
 */
#include <string.h>

#include "zookeeper/session_private.h"

static void
add_entry(struct session_acl *acl, int perms, const char *scheme,
    const char *id)
{
	struct ACL *entry = &acl->entries[acl->vector.count++];

	entry->perms = perms;
	/* The library only reads these strings. */
	entry->id.scheme = (char *)(uintptr_t)scheme;
	entry->id.id = (char *)(uintptr_t)id;
}

static int
perms_of(const char *letters)
{
	static const char bits[] = "rwcda";	/* from ZOO_PERM_READ up */
	const char *bit;
	int perms;

	for (perms = 0; *letters != '\0'; letters++)
		if ((bit = strchr(bits, *letters)) != NULL)
			perms |= 1 << (bit - bits);
	return perms;
}

const struct ACL_vector *
session_make_acl(const struct session *session, struct session_acl *acl,
    bool readable)
{
	const struct credentials *credentials = session->credentials;
	size_t i;

	if (credentials->credential_count == 0 && credentials->grant_count == 0)
		return &ZOO_OPEN_ACL_UNSAFE;
	acl->vector.count = 0;
	acl->vector.data = acl->entries;
	/*
	 * The server replaces "auth" by every identity that we authenticated.
	 */
	if (credentials->credential_count > 0)
		add_entry(acl, ZOO_PERM_ALL, "auth", "");
	for (i = 0; i < credentials->grant_count; i++)
		add_entry(acl, perms_of(credentials->grants[i].perms),
		    credentials->grants[i].scheme, credentials->grants[i].id);
	if (readable)
		add_entry(acl, ZOO_PERM_READ, "world", "anyone");
	return &acl->vector;
}

static int	show_next(struct session *);

static void
on_shown(int rc, const void *data)
{
	struct session *session = (struct session *)(uintptr_t)data;

	if (rc != ZOK || session->phase == SESSION_CLOSED)
		return;
	session->accepted = session->shown ==
	    session->credentials->credential_count;
	if (!session->accepted && show_next(session) == -1)
		session_cut(session);
}

static int
show_next(struct session *session)
{
	size_t next = session->shown++;
	const char *secret = session->credentials->credential[next].secret;

	return zoo_add_auth(session->handle,
	    session->credentials->credential[next].scheme, secret,
	    (int)strlen(secret), on_shown, session) == ZOK ? 0 : -1;
}

/*
 * After a refusal the server closes the connection.  If the server has left any
 * request unread, TCP may discard the refusal.  So the first connection of a
 * session sends nothing after a credential until the server has accepted it.
 */
int
session_authenticate(struct session *session)
{
	size_t count = session->credentials->credential_count;

	session->shown = 0;
	if (count == 0)
		session->accepted = true;
	while (session->shown < count) {
		if (show_next(session) == -1)
			return -1;
		if (!session->accepted)
			break;
	}
	return 0;
}

static void
on_asked_carefully(int rc, const char *value, int length,
    const struct Stat *stat, const void *data)
{
	struct session *session = (struct session *)(uintptr_t)data;

	(void)value;
	(void)length;
	(void)stat;
	if (session->phase != SESSION_CLOSED && rc != ZCONNECTIONLOSS &&
	    !session_take_verdict(session, rc))
		session->answered = true;
}

/*
 * The last server opened a session and then closed the connection without an
 * answer.  The server's refusal may have been lost, as above.  So send one
 * request and wait for the answer.
 */
void
session_ask_carefully(struct session *session)
{
	session->phase = SESSION_ASKING;
	if (zoo_aget(session->handle, "/", 0, on_asked_carefully, session) !=
	    ZOK)
		session_cut(session);
}
