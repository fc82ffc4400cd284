/*
 * Takes replies and watches.  The library's callbacks only add events to a
 * queue, from which the caller fetches them.
 */
#include <sys/param.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "zookeeper/session_private.h"

/*
 * Codes of KeeperException.Code that some versions of the library do not name.
 */
#define UNKNOWN_SESSION		(-12)
#define AUTHENTICATION_REQUIRED	(-124)
#define THROTTLED		(-127)

#define LEAST_PAUSE_MS	20	/* after a request was discarded */
#define MOST_PAUSE_MS	1000

/*
 * Returns whether the code means that the session is closing, closed or on
 * another server.  The server keeps the connection open after such a reply, so
 * we reconnect to find out.
 */
static bool
is_about_session(int rc)
{
	return rc == ZSESSIONEXPIRED || rc == ZSESSIONMOVED ||
	    rc == UNKNOWN_SESSION;
}

bool
session_take_verdict(struct session *session, int rc)
{
	if (rc == ZAUTHFAILED || rc == AUTHENTICATION_REQUIRED) {
		if (zoo_state(session->handle) != ZOO_AUTH_FAILED_STATE)
			session->rejection = rc;
	} else if (is_about_session(rc))
		session_cut(session);
	else
		return false;
	return true;
}

/*
 * Returns whether the code means that no reply will arrive.  The library itself
 * usually makes this code.  If a server sent it, zkrun leaves the server.
 */
static bool
is_lost(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == ZOPERATIONTIMEOUT ||
	    rc == ZRUNTIMEINCONSISTENCY || rc == ZCLOSING;
}

static void
free_request(struct session_request *request)
{
	STAILQ_REMOVE(&request->session->open, request, session_request, entry);
	free(request);
}

/*
 * Moves a request to "held", in order, to send it again or to report its event
 * later.  A throttling server gets a pause, and then one request at a time.
 */
static void
hold(struct session_request *request, bool is_throttled)
{
	struct session *session = request->session;
	struct session_request *before = NULL, *each;
	int64_t now_ms = clock_ms();

	STAILQ_REMOVE(&session->open, request, session_request, entry);
	STAILQ_FOREACH(each, &session->held, entry)
		if (each->number < request->number)
			before = each;
	if (before == NULL)
		STAILQ_INSERT_HEAD(&session->held, request, entry);
	else
		STAILQ_INSERT_AFTER(&session->held, before, request, entry);
	if (!is_throttled)
		return;
	if (session->throttled_since_ms == 0)
		session->throttled_since_ms = now_ms;
	session->pause_ms = session->pause_ms == 0 ? LEAST_PAUSE_MS :
	    MIN(2 * session->pause_ms, MOST_PAUSE_MS);
	session->ask_again_ms = now_ms + session->pause_ms;
}

/* Returns whether an earlier request is held. */
static bool
is_behind_held(const struct session_request *request)
{
	const struct session_request *first;

	first = STAILQ_FIRST(&request->session->held);
	return first != NULL && first->number < request->number;
}

/* Fills in the fields that every reply has. */
static void
fill_in(struct session_event *event, struct session_request *request, int rc)
{
	size_t i;

	event->tag = request->tag;
	event->sent_ms = request->sent_ms;
	event->read_ms = clock_ms();
	event->is_write = request->is_write && rc == ZOK;
	event->code = session_judge_code(rc, event->reason);
	/* The other steps of a failed transaction have other codes. */
	for (i = request->step_count; i > 0; i--)
		if (request->results[i - 1].err == rc)
			event->failed_step = i - 1;
}

/*
 * Takes the outcome of a request.  Adds the event of its reply, unless the
 * request has to be sent again or the connection is lost.  If the request
 * succeeded, returns the event, and the caller fills in the rest.
 */
static struct session_event *
add_reply(const void *data, int rc, const struct Stat *stat)
{
	struct session_request *request = (void *)(uintptr_t)data;
	struct session *session = request->session;
	struct session_event *event;
	bool behind;

	if (session->phase == SESSION_CLOSED ||
	    session_take_verdict(session, rc) || is_lost(rc)) {
		if (is_lost(rc))
			session_cut(session);
		free_request(request);
		return NULL;
	}
	session->answered = true;
	behind = is_behind_held(request);
	/*
	 * Later requests may depend on a discarded one: repeat all of them
	 * except completed writes.
	 */
	if (rc == THROTTLED || (behind && !(request->is_write && rc == ZOK))) {
		hold(request, rc == THROTTLED);
		return NULL;
	}
	event = session_add_event(session, SESSION_REPLY);
	if (event != NULL)
		fill_in(event, request, rc);
	/* Report a completed write when its turn comes. */
	if (event != NULL && behind) {
		STAILQ_REMOVE(&session->events, event, session_event, entry);
		request->event = event;
	}
	/*
	 * ZooKeeper before 3.5 and some other servers of the protocol support
	 * neither containers nor the create that returns a stat.
	 */
	if (event != NULL && rc == ZUNIMPLEMENTED && request->is_extended) {
		event->code = SESSION_UNSUPPORTED;
		if (!session->plain)
			log_verbose("the server seems not to support "
			    "container nodes; parents become persistent");
		session->plain = true;
	}
	session->throttled_since_ms = session->pause_ms =
	    session->ask_again_ms = 0;
	if (request->event != NULL)
		hold(request, false);
	else
		free_request(request);
	if (event == NULL || rc != ZOK)
		return NULL;
	if (stat != NULL) {
		event->czxid = stat->czxid;
		event->owner = stat->ephemeralOwner;
		event->children_zxid = stat->pzxid;
		event->made_ms = stat->ctime;
		event->changed_ms = stat->mtime;
		event->version = stat->version;
	}
	return event;
}

/* stat is NULL if the server sent no stat. */
void
session_on_created(int rc, const char *name, const struct Stat *stat,
    const void *data)
{
	struct session_event *event;

	event = add_reply(data, rc, stat);
	if (event == NULL)
		return;
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
	(void)add_reply(data, rc, NULL);
}

void
session_on_synced(int rc, const char *path, const void *data)
{
	(void)path;
	(void)add_reply(data, rc, NULL);
}

void
session_on_data(int rc, const char *value, int length, const struct Stat *stat,
    const void *data)
{
	struct session_event *event;

	event = add_reply(data, rc, stat);
	if (event == NULL)
		return;
	/* A node without data has the length -1. */
	event->length = length > 0 ? (size_t)length : 0;
	event->data = calloc(1, event->length + 1);
	if (event->data == NULL)
		event->code = SESSION_REFUSED;
	else if (event->length > 0)
		memcpy(event->data, value, event->length);
}

/* Follows ZooKeeper's PathUtils: requests with other names fail. */
static bool
can_be_name(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		if (name[i] == '/' || (unsigned char)name[i] < ' ')
			return false;
	return i > 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

void
session_on_list(int rc, const struct String_vector *strings,
    const struct Stat *stat, const void *data)
{
	struct session_event *event;
	int i;

	event = add_reply(data, rc, stat);
	if (event == NULL)
		return;
	/* The counts differ only if the reply was garbled on its way. */
	if (strings->count != stat->numChildren) {
		event->code = SESSION_REFUSED;
		(void)strlcpy(event->reason, "the server's list has the "
		    "wrong length", sizeof(event->reason));
		return;
	}
	if (strings->count == 0)
		return;
	event->names = calloc((size_t)strings->count, sizeof(*event->names));
	for (i = 0; event->names != NULL && i < strings->count; i++) {
		if (!can_be_name(strings->data[i]))
			break;
		event->names[i] = strdup(strings->data[i]);
		if (event->names[i] == NULL)
			break;
		event->count++;
	}
	/* An incomplete list would be worse than none. */
	if (i < strings->count) {
		event->code = SESSION_REFUSED;
		(void)strlcpy(event->reason, "the list has an invalid name, "
		    "or memory is exhausted", sizeof(event->reason));
	}
}

void
session_on_watch(zhandle_t *handle, int type, int state, const char *path,
    void *tag)
{
	struct session *session = (void *)(uintptr_t)zoo_get_context(handle);
	struct session_event *event = NULL;

	(void)state;
	(void)path;
	if (type != ZOO_SESSION_EVENT && session->phase != SESSION_CLOSED)
		event = session_add_event(session, SESSION_CHANGED);
	if (event == NULL)
		return;
	event->tag = (int)(intptr_t)tag;
	event->gone = type == ZOO_DELETED_EVENT;
}
