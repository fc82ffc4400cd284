/*
 * What comes of requests: completions and watches of the library only add to a
 * queue of events, which the caller fetches.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "zookeeper/session_private.h"

/* What everybody can deal with, whatever else went wrong. */
void
session_cut(const struct session *session)
{
	if (session->fd != -1)
		(void)shutdown(session->fd, SHUT_RDWR);
}

struct session_event *
session_add_event(struct session *session, enum session_event_type type)
{
	struct session_event *event;

	event = calloc(1, sizeof(*event));
	if (event == NULL) {
		/* A lost event would leave its waiter waiting. */
		session_cut(session);
		return NULL;
	}
	event->type = type;
	STAILQ_INSERT_TAIL(&session->events, event, entry);
	return event;
}

struct session_event *
session_next(struct session *session)
{
	struct session_event *event;

	event = STAILQ_FIRST(&session->events);
	if (event != NULL)
		STAILQ_REMOVE_HEAD(&session->events, entry);
	return event;
}

void
session_event_free(struct session_event *event)
{
	size_t i;

	if (event == NULL)
		return;
	for (i = 0; i < event->count; i++)
		free(event->names[i]);
	free(event->names);
	free(event->name);
	free(event->data);
	free(event);
}

int64_t
session_unanswered_since_ms(const struct session *session)
{
	return session->phase != SESSION_CONNECTED ||
	    STAILQ_EMPTY(&session->open) ? CLOCK_NEVER :
	    STAILQ_FIRST(&session->open)->sent_ms;
}

void
session_free_request(struct session_open_request *request)
{
	STAILQ_REMOVE(&request->session->open, request, session_open_request,
	    entry);
	free(request);
}

void
session_forget_requests(struct session *session)
{
	while (!STAILQ_EMPTY(&session->open))
		session_free_request(STAILQ_FIRST(&session->open));
}

/* KeeperException.Code in the server; the library has no name for it. */
#define UNKNOWN_SESSION		(-12)

/*
 * Whether the server says something of the session instead of answering: it is
 * being closed, or was, or has gone to another server.  It leaves connections
 * open behind such an answer, so it is we who must ask what became of it.
 */
static bool
is_about_session(int rc)
{
	return rc == ZSESSIONEXPIRED || rc == ZSESSIONMOVED ||
	    rc == UNKNOWN_SESSION;
}

/* Whether this is no reply, but the library's word that none will come. */
static bool
is_lost(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == ZOPERATIONTIMEOUT ||
	    rc == ZRUNTIMEINCONSISTENCY || rc == ZCLOSING || rc == ZAUTHFAILED;
}

/*
 * ZooKeeper before 3.5, and others that speak its protocol, know no containers
 * and no create that answers with more than a name.
 */
static void
use_plain_creates(struct session *session)
{
	if (!session->plain)
		log_verbose("the server seems to know no container nodes; "
		    "parents are made as persistent nodes");
	session->plain = true;
}

/*
 * Makes the event of a reply and frees the request.  Returns NULL when there is
 * no answer to the request, and will be none on this connection.
 */
static struct session_event *
add_reply(struct session_open_request *request, int rc)
{
	static const struct {
		int			rc;
		enum session_code	code;
	} codes[] = {
		{ ZOK, SESSION_OK },
		{ ZNONODE, SESSION_NO_NODE },
		{ ZNODEEXISTS, SESSION_EXISTS },
		{ ZBADVERSION, SESSION_STALE },
		{ ZNOAUTH, SESSION_DENIED },
		{ ZINVALIDACL, SESSION_DENIED },
	};
	struct session *session = request->session;
	struct session_event *event;
	bool is_extended;
	size_t i;

	is_extended = request->is_extended;
	event = NULL;
	if (is_about_session(rc))
		session_cut(session);
	else if (session->phase != SESSION_CLOSED && !is_lost(rc))
		event = session_add_event(session, SESSION_REPLY);
	if (event == NULL) {
		session_free_request(request);
		return NULL;
	}
	event->tag = request->tag;
	event->sent_ms = request->sent_ms;
	event->read_ms = clock_ms();
	event->is_write = request->is_write && rc == ZOK;
	session_free_request(request);
	event->code = SESSION_REFUSED;
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rc == rc)
			event->code = codes[i].code;
	if (is_extended && rc == ZUNIMPLEMENTED) {
		event->code = SESSION_UNSUPPORTED;
		use_plain_creates(session);
	}
	(void)strlcpy(event->reason, zerror(rc), sizeof(event->reason));
	return event;
}

static void
take_stat(struct session_event *event, const struct Stat *stat)
{
	event->czxid = stat->czxid;
	event->owner = stat->ephemeralOwner;
	event->children_zxid = stat->pzxid;
	event->made_ms = stat->ctime;
	event->changed_ms = stat->mtime;
	event->version = stat->version;
}

/* Without a stat the server has told none. */
void
session_on_created(int rc, const char *name, const struct Stat *stat,
    const void *data)
{
	struct session_event *event;

	event = add_reply((struct session_open_request *)(uintptr_t)data, rc);
	if (event == NULL || rc != ZOK)
		return;
	if (stat != NULL)
		take_stat(event, stat);
	event->name = strdup(name);
	if (event->name == NULL)
		event->code = SESSION_REFUSED;
}

void
session_on_plain_created(int rc, const char *name, const void *data)
{
	session_on_created(rc, name, NULL, data);
}

void
session_on_void(int rc, const void *data)
{
	(void)add_reply((struct session_open_request *)(uintptr_t)data, rc);
}

void
session_on_synced(int rc, const char *path, const void *data)
{
	(void)path;
	session_on_void(rc, data);
}

void
session_on_data(int rc, const char *value, int length, const struct Stat *stat,
    const void *data)
{
	struct session_event *event;

	event = add_reply((struct session_open_request *)(uintptr_t)data, rc);
	if (event == NULL || rc != ZOK)
		return;
	take_stat(event, stat);
	/* A node can be without data, which is -1 here. */
	event->length = length > 0 ? (size_t)length : 0;
	event->data = calloc(1, event->length + 1);
	if (event->data == NULL)
		event->code = SESSION_REFUSED;
	else if (event->length > 0)
		memcpy(event->data, value, event->length);
}

void
session_on_multi(int rc, const void *data)
{
	struct session_open_request *request;
	struct session_event *event;
	size_t i, failed;

	request = (struct session_open_request *)(uintptr_t)data;
	/* The steps that did not fail themselves say so, too. */
	for (i = failed = 0; i < request->step_count; i++)
		if (request->results[i].err == rc) {
			failed = i;
			break;
		}
	event = add_reply(request, rc);
	if (event != NULL)
		event->failed_step = failed;
}

void
session_on_list(int rc, const struct String_vector *strings, const struct Stat *stat,
    const void *data)
{
	struct session_event *event;
	int i;

	event = add_reply((struct session_open_request *)(uintptr_t)data, rc);
	if (event == NULL || rc != ZOK)
		return;
	take_stat(event, stat);
	/* Both are of one moment; what was garbled on its way is not. */
	if (strings->count != stat->numChildren) {
		event->code = SESSION_REFUSED;
		(void)strlcpy(event->reason, "the list is not as long as the "
		    "server says", sizeof(event->reason));
		return;
	}
	if (strings->count == 0)
		return;
	event->names = calloc((size_t)strings->count, sizeof(*event->names));
	for (i = 0; event->names != NULL && i < strings->count; i++) {
		event->names[i] = strdup(strings->data[i]);
		if (event->names[i] == NULL)
			break;
		event->count++;
	}
	/* A list with holes would be worse than none. */
	if (i < strings->count)
		event->code = SESSION_REFUSED;
}

void
session_on_watch(zhandle_t *handle, int type, int state, const char *path,
    void *context)
{
	struct session_watch *watch = context;
	struct session_event *event;

	(void)handle;
	(void)state;
	(void)path;
	if (type == ZOO_SESSION_EVENT ||
	    watch->session->phase == SESSION_CLOSED)
		return;
	event = session_add_event(watch->session, SESSION_CHANGED);
	if (event == NULL)
		return;
	event->tag = watch->tag;
	event->gone = type == ZOO_DELETED_EVENT;
}
