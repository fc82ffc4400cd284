/*
 * Requests to a server, and what comes of them: completions and watches of the
 * library only add to a queue of events, which the caller fetches.
 */
#include "zookeeper/session.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "base/broken.h"
#include "base/clock.h"
#include "base/log.h"
#include "zookeeper/session_private.h"

/* What everybody can deal with, whatever else went wrong. */
static void
cut_connection(const struct session *session)
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
		cut_connection(session);
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

static void
free_request(struct session_open_request *request)
{
	size_t i;

	STAILQ_REMOVE(&request->session->open, request, session_open_request,
	    entry);
	for (i = 0; i < request->step_count; i++) {
		free(request->copies[i].path);
		free(request->copies[i].data);
	}
	free(request);
}

void
session_forget_requests(struct session *session)
{
	while (!STAILQ_EMPTY(&session->open))
		free_request(STAILQ_FIRST(&session->open));
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
		cut_connection(session);
	else if (session->phase != SESSION_CLOSED && !is_lost(rc))
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
static void
on_created(int rc, const char *name, const struct Stat *stat,
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

static void
on_plain_created(int rc, const char *name, const void *data)
{
	on_created(rc, name, NULL, data);
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

static void
on_multi(int rc, const void *data)
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

static void
on_list(int rc, const struct String_vector *strings, const struct Stat *stat,
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
	if (event == NULL)
		return;
	event->tag = watch->tag;
	event->gone = type == ZOO_DELETED_EVENT;
}

/* Makes a node; mode is the library's. */
static int
send_create(struct session *session, const struct session_request *wanted,
    struct session_open_request *request, int mode)
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
	    (int)strlen(data), acl, mode, on_created, request);
}


static int
send_multi(const struct session *session, const struct session_request *wanted,
    struct session_open_request *request)
{
	const struct session_step *step;
	struct session_acl acls[SESSION_STEPS];
	const char *path, *text;
	size_t i;

	for (i = 0; i < wanted->step_count; i++) {
		step = &wanted->steps[i];
		request->step_count++;
		path = request->copies[i].path = strdup(step->path);
		text = request->copies[i].data =
		    strdup(step->data != NULL ? step->data : "");
		if (path == NULL || text == NULL)
			return ZBADARGUMENTS;
		switch (step->type) {
		case SESSION_CHECK_STEP:
			zoo_check_op_init(&request->steps[i], path,
			    step->version);
			break;
		case SESSION_SET_STEP:
			zoo_set_op_init(&request->steps[i], path, text,
			    (int)strlen(text), step->version, NULL);
			break;
		case SESSION_DELETE_STEP:
			zoo_delete_op_init(&request->steps[i], path,
			    step->version);
			break;
		/*
		 * No containers: to a create of one in a multi the server
		 * answers more than this library (3.8) reads, and it aborts.
		 */
		case SESSION_CREATE_STEP:
		case SESSION_EPHEMERAL_STEP:
			zoo_create_op_init(&request->steps[i], path, text,
			    (int)strlen(text), session_make_acl(session,
			    &acls[i], step->type == SESSION_EPHEMERAL_STEP),
			    step->type == SESSION_CREATE_STEP ?
			    ZOO_PERSISTENT : ZOO_EPHEMERAL, NULL, 0);
			break;
		}
	}
	return zoo_amulti(session->handle, (int)wanted->step_count, request->steps,
	    request->results, on_multi, request);
}

static int
send_request(struct session *session, const struct session_request *wanted,
    struct session_open_request *request, struct session_watch *watch)
{
	zhandle_t *handle = session->handle;
	const char *path = wanted->path;
	watcher_fn on = watch != NULL ? on_watch : NULL;

	switch (wanted->operation) {
	case SESSION_CREATE_SHARED:
	case SESSION_CREATE_CONTAINER:
		return send_create(session, wanted, request, ZOO_CONTAINER);
	case SESSION_CREATE_PERSISTENT:
		return send_create(session, wanted, request, ZOO_PERSISTENT);
	case SESSION_CREATE_EPHEMERAL:
		return send_create(session, wanted, request,
		    ZOO_EPHEMERAL_SEQUENTIAL);
	case SESSION_DELETE:
		return zoo_adelete(handle, path, -1, on_void, request);
	case SESSION_LIST:
		return zoo_awget_children2(handle, path, on, watch, on_list,
		    request);
	case SESSION_GET:
		return zoo_awget(handle, path, on, watch, on_data, request);
	case SESSION_SYNC:
		return zoo_async(handle, path, on_synced, request);
	case SESSION_MULTI:
		return send_multi(session, wanted, request);
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
		request->is_write = BROKEN_READS_PROVE ||
		    (wanted->operation != SESSION_LIST &&
		    wanted->operation != SESSION_GET &&
		    wanted->operation != SESSION_SYNC);
		request->sent_ms = clock_ms();
		STAILQ_INSERT_TAIL(&session->open, request, entry);
		rc = send_request(session, wanted, request, watch);
	}
	if (rc == ZOK)
		return;
	(void)shutdown(session->fd, SHUT_RDWR);
	/* These come before the library; later a completion may be called. */
	if (request != NULL && (rc == ZINVALIDSTATE || rc == ZBADARGUMENTS))
		free_request(request);
}

void
session_ask(struct session *session, enum session_operation operation, int tag,
    int watch_tag, const char *path, const char *data)
{
	struct session_request request = {
		.operation = operation,
		.tag = tag,
		.watch_tag = watch_tag,
		.path = path,
		.data = data,
	};

	session_send(session, &request);
}

void
session_ask_steps(struct session *session, int tag,
    const struct session_step *steps, size_t count)
{
	struct session_request request = {
		.operation = SESSION_MULTI,
		.tag = tag,
		.watch_tag = SESSION_NO_WATCH,
		.step_count = count,
	};

	memcpy(request.steps, steps, count * sizeof(*steps));
	session_send(session, &request);
}
