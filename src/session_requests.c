/*
 * Requests to a server, and what comes of them: completions and watches of the
 * library only add to a queue of events, which the caller fetches.
 */
#include "session.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "session_library.h"

/*
 * A request under way, freed by its completion.  Replies come in the order of
 * the requests.
 */
struct session_open_request {
	struct session		*session;
	int			 tag;
	bool			 is_write;
	int64_t			 sent_ms;
	zoo_op_t		 check;		/* of a beat */
	zoo_op_result_t		 check_result;
	char			*path;		/* that check points to */
	STAILQ_ENTRY(session_open_request) entry;
};

struct session_event *
session_add_event(struct session *session, enum session_event_type type)
{
	struct session_event *event;

	event = calloc(1, sizeof(*event));
	if (event == NULL) {
		/*
		 * A lost event would leave its waiter waiting.  Losing the
		 * connection is something that everybody can deal with.
		 */
		if (session->fd != -1)
			(void)shutdown(session->fd, SHUT_RDWR);
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
	free(event);
}

int64_t
session_unanswered_since_ms(const struct session *session)
{
	return session->phase != SESSION_CONNECTED ||
	    STAILQ_EMPTY(&session->open) ? CLOCK_NEVER :
	    STAILQ_FIRST(&session->open)->sent_ms;
}

static void
free_request(struct session_open_request *request)
{
	STAILQ_REMOVE(&request->session->open, request, session_open_request,
	    entry);
	free(request->path);
	free(request);
}

/* Whether this is no reply, but the library's word that none will come. */
static bool
is_lost(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == ZOPERATIONTIMEOUT ||
	    rc == ZRUNTIMEINCONSISTENCY || rc == ZCLOSING ||
	    rc == ZSESSIONEXPIRED || rc == ZSESSIONMOVED;
}

/*
 * Makes the event of a reply and frees the request.  Returns NULL when the
 * reply is only the library's word that the connection is lost.
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
		{ ZNOAUTH, SESSION_DENIED },
		{ ZAUTHFAILED, SESSION_DENIED },
		{ ZUNIMPLEMENTED, SESSION_UNSUPPORTED },
	};
	struct session *session = request->session;
	struct session_event *event;
	size_t i;

	event = NULL;
	if (session->phase != SESSION_CLOSED && !is_lost(rc))
		event = session_add_event(session, SESSION_REPLY);
	if (event == NULL) {
		free_request(request);
		return NULL;
	}
	event->tag = request->tag;
	event->sent_ms = request->sent_ms;
	event->read_ms = clock_ms();
	event->is_write = request->is_write && rc == ZOK;
	free_request(request);
	event->code = SESSION_REFUSED;
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rc == rc)
			event->code = codes[i].code;
	(void)strlcpy(event->reason, zerror(rc), sizeof(event->reason));
	return event;
}

static void
on_created(int rc, const char *name, const struct Stat *stat, const void *data)
{
	struct session_event *event;

	event = add_reply((struct session_open_request *)(uintptr_t)data, rc);
	if (event == NULL || rc != ZOK)
		return;
	event->czxid = stat->czxid;
	event->name = strdup(name);
	if (event->name == NULL)
		event->code = SESSION_REFUSED;
}

static void
on_void(int rc, const void *data)
{
	(void)add_reply((struct session_open_request *)(uintptr_t)data, rc);
}

static void
on_synced(int rc, const char *path, const void *data)
{
	(void)path;
	on_void(rc, data);
}

static void
on_data(int rc, const char *value, int length, const struct Stat *stat,
    const void *data)
{
	struct session_event *event;

	(void)value;
	(void)length;
	event = add_reply((struct session_open_request *)(uintptr_t)data, rc);
	if (event == NULL || rc != ZOK)
		return;
	event->czxid = stat->czxid;
	event->owner = stat->ephemeralOwner;
}

static void
on_list(int rc, const struct String_vector *strings, const void *data)
{
	struct session_event *event;
	int i;

	event = add_reply((struct session_open_request *)(uintptr_t)data, rc);
	if (event == NULL || rc != ZOK || strings->count == 0)
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

static void
on_watch(zhandle_t *handle, int type, int state, const char *path,
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
	if (event != NULL)
		event->tag = watch->tag;
}

static int
send_request(zhandle_t *handle, const struct session_request *wanted,
    struct session_open_request *request, struct session_watch *watch)
{
	const char *path = wanted->path;
	watcher_fn on = watch != NULL ? on_watch : NULL;
	int length;

	length = wanted->data != NULL ? (int)strlen(wanted->data) : 0;
	switch (wanted->operation) {
	case SESSION_CREATE_CONTAINER:
		return zoo_acreate2(handle, path, "", 0, &ZOO_OPEN_ACL_UNSAFE,
		    ZOO_CONTAINER, on_created, request);
	case SESSION_CREATE_EPHEMERAL:
		return zoo_acreate2(handle, path, wanted->data, length,
		    &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL_SEQUENTIAL, on_created,
		    request);
	case SESSION_DELETE:
		return zoo_adelete(handle, path, -1, on_void, request);
	case SESSION_LIST:
		return zoo_awget_children(handle, path, on, watch, on_list,
		    request);
	case SESSION_GET:
		return zoo_awget(handle, path, on, watch, on_data, request);
	case SESSION_SYNC:
		return zoo_async(handle, path, on_synced, request);
	case SESSION_BEAT:
		/*
		 * The cheapest that a quorum commits: changes nothing, fires no
		 * watch, fails if the node is gone.  The library reads path and
		 * result until the completion.
		 */
		request->path = strdup(path);
		if (request->path == NULL)
			return ZSYSTEMERROR;
		zoo_check_op_init(&request->check, request->path, -1);
		return zoo_amulti(handle, 1, &request->check,
		    &request->check_result, on_void, request);
	}
	return ZBADARGUMENTS;
}

void
session_send(struct session *session, const struct session_request *wanted)
{
	struct session_watch *watch;
	struct session_open_request *request;
	int rc;

	/* Without a connection SESSION_DOWN is on its way, or was there. */
	if (session->phase != SESSION_CONNECTED)
		return;
	watch = wanted->watch_tag == SESSION_NO_WATCH ? NULL :
	    &session->watches[wanted->watch_tag];
	rc = ZSYSTEMERROR;
	request = calloc(1, sizeof(*request));
	if (request != NULL) {
		request->session = session;
		request->tag = wanted->tag;
		request->is_write = wanted->operation != SESSION_LIST &&
		    wanted->operation != SESSION_GET &&
		    wanted->operation != SESSION_SYNC;
		request->sent_ms = clock_ms();
		STAILQ_INSERT_TAIL(&session->open, request, entry);
		rc = send_request(session->handle, wanted, request, watch);
	}
	if (rc == ZOK)
		return;
	(void)shutdown(session->fd, SHUT_RDWR);
	/* With any other error its completion may still be called. */
	if (request != NULL && (rc == ZINVALIDSTATE || rc == ZBADARGUMENTS))
		free_request(request);
}
