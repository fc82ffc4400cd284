/*
 * What comes of requests: completions and watches of the library only add to a
 * queue of events, which the caller fetches.
 */
#include <sys/param.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "zookeeper/session_private.h"

/* KeeperException.Code in the server; not every library has a name for them. */
#define UNKNOWN_SESSION		(-12)
#define AUTHENTICATION_REQUIRED	(-124)
#define THROTTLED		(-127)

#define LEAST_PAUSE_MS	20	/* after a request was thrown away */
#define MOST_PAUSE_MS	1000

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
 * Whether this is no reply, but the library's word that none will come.  A server
 * that says so itself is left.
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
 * Holds a request of this connection back, to be sent once more, or its event to be
 * told when its turn comes.  The server throttles, so for a while requests go out
 * one by one.
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

/* Whether one before it has to be asked once more. */
static bool
is_behind_held(const struct session_request *request)
{
	const struct session_request *first;

	first = STAILQ_FIRST(&request->session->held);
	return first != NULL && first->number < request->number;
}

/* Fills in what every reply has. */
static void
fill_in(struct session_event *event, struct session_request *request, int rc)
{
	size_t i;

	event->tag = request->tag;
	event->sent_ms = request->sent_ms;
	event->read_ms = clock_ms();
	event->is_write = request->is_write && rc == ZOK;
	event->code = session_judge_code(rc, event->reason);
	/* The steps that did not fail themselves have another error. */
	for (i = request->step_count; i > 0; i--)
		if (request->results[i - 1].err == rc)
			event->failed_step = i - 1;
}

/*
 * Takes the outcome of a request: adds the event of the reply, or none if this
 * connection has no answer to it yet.  Returns the event if more is to be filled
 * in.
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
	/* What builds on a request that was thrown away is asked anew, too. */
	if (rc == THROTTLED || (behind && !(request->is_write && rc == ZOK))) {
		hold(request, rc == THROTTLED);
		return NULL;
	}
	event = session_add_event(session, SESSION_REPLY);
	if (event != NULL)
		fill_in(event, request, rc);
	/* What was written in spite of that is done, and told in its turn. */
	if (event != NULL && behind) {
		STAILQ_REMOVE(&session->events, event, session_event, entry);
		request->event = event;
	}
	/*
	 * ZooKeeper before 3.5, and others that speak its protocol, know no
	 * containers and no create that answers with more than a name.
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

/* Without a stat the server has told none. */
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
	/* A node can be without data, which is -1 here. */
	event->length = length > 0 ? (size_t)length : 0;
	event->data = calloc(1, event->length + 1);
	if (event->data == NULL)
		event->code = SESSION_REFUSED;
	else if (event->length > 0)
		memcpy(event->data, value, event->length);
}

/* As ZooKeeper's PathUtils has it; requests about others never get through. */
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
	/* Both are of one moment; what was garbled on its way is not. */
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
	/* A list with holes would be worse than none. */
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
