/*
 * Requests to a server, and what comes of them: completions and watches of the
 * library only add to a queue of events, which the caller fetches.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "zookeeper/session_private.h"

static void
free_request(struct session_open_request *request)
{
	STAILQ_REMOVE(&request->session->open, request, session_open_request,
	    entry);
	free(request);
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

/* Fills in what every reply has. */
static void
fill_in(struct session_event *event, struct session_open_request *request,
    int rc)
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
	size_t i;

	event->tag = request->tag;
	event->sent_ms = request->sent_ms;
	event->read_ms = clock_ms();
	event->is_write = request->is_write && rc == ZOK;
	(void)strlcpy(event->reason, zerror(rc), sizeof(event->reason));
	event->code = SESSION_REFUSED;
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rc == rc)
			event->code = codes[i].code;
	/* The steps that did not fail themselves have another error. */
	for (i = request->step_count; i > 0; i--)
		if (request->results[i - 1].err == rc)
			event->failed_step = i - 1;
}

/*
 * Takes the outcome of a request: adds the event of the reply, or none if this
 * connection has no answer to it.  Returns the event if more is to be filled in.
 */
static struct session_event *
add_reply(const void *data, int rc, const struct Stat *stat)
{
	struct session_open_request *request = (void *)(uintptr_t)data;
	struct session *session = request->session;
	struct session_event *event;

	event = NULL;
	if (is_about_session(rc))
		session_cut(session);
	else if (session->phase != SESSION_CLOSED && !is_lost(rc))
		event = session_add_event(session, SESSION_REPLY);
	if (event != NULL)
		fill_in(event, request, rc);
	/*
	 * ZooKeeper before 3.5, and others that speak its protocol, know no
	 * containers and no create that answers with more than a name.
	 */
	if (event != NULL && rc == ZUNIMPLEMENTED && request->is_extended) {
		event->code = SESSION_UNSUPPORTED;
		if (!session->plain)
			log_verbose("the server seems to know no container "
			    "nodes; parents are made as persistent nodes");
		session->plain = true;
	}
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
static void
on_created(int rc, const char *name, const struct Stat *stat, const void *data)
{
	struct session_event *event;

	event = add_reply(data, rc, stat);
	if (event == NULL)
		return;
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
	(void)add_reply(data, rc, NULL);
}

static void
on_synced(int rc, const char *path, const void *data)
{
	(void)path;
	(void)add_reply(data, rc, NULL);
}

static void
on_data(int rc, const char *value, int length, const struct Stat *stat,
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

static void
on_list(int rc, const struct String_vector *strings, const struct Stat *stat,
    const void *data)
{
	struct session_event *event;
	int i;

	event = add_reply(data, rc, stat);
	if (event == NULL)
		return;
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
		(void)strlcpy(event->reason, "the list makes no sense, or there "
		    "is no memory for it", sizeof(event->reason));
	}
}

static void
on_watch(zhandle_t *handle, int type, int state, const char *path, void *tag)
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

static int
send_create(struct session_open_request *request,
    enum session_operation operation, const char *path, const char *data)
{
	const struct session *session = request->session;
	bool is_ephemeral = operation == SESSION_CREATE_EPHEMERAL;
	bool is_container = operation == SESSION_CREATE_SHARED ||
	    operation == SESSION_CREATE_CONTAINER;
	struct session_acl own;
	const struct ACL_vector *acl = operation == SESSION_CREATE_SHARED ?
	    &ZOO_OPEN_ACL_UNSAFE : session_make_acl(session, &own, is_ephemeral);
	int mode = is_ephemeral ? ZOO_EPHEMERAL_SEQUENTIAL :
	    is_container && !session->plain ? ZOO_CONTAINER : ZOO_PERSISTENT;

	if (data == NULL || is_container)
		data = "";
	if (session->plain)
		return zoo_acreate(session->handle, path, data,
		    (int)strlen(data), acl, mode, on_plain_created, request);
	request->is_extended = true;
	return zoo_acreate2(session->handle, path, data, (int)strlen(data),
	    acl, mode, on_created, request);
}

static int
send_request(struct session_open_request *request,
    enum session_operation operation, int watch_tag, const char *path,
    const char *data)
{
	zhandle_t *handle = request->session->handle;
	watcher_fn on = watch_tag != SESSION_NO_WATCH ? on_watch : NULL;
	void *tag = (void *)(intptr_t)watch_tag;

	switch (operation) {
	case SESSION_CREATE_SHARED:
	case SESSION_CREATE_CONTAINER:
	case SESSION_CREATE_PERSISTENT:
	case SESSION_CREATE_EPHEMERAL:
		return send_create(request, operation, path, data);
	case SESSION_DELETE:
		return zoo_adelete(handle, path, -1, on_void, request);
	case SESSION_LIST:
		return zoo_awget_children2(handle, path, on, tag, on_list,
		    request);
	case SESSION_GET:
		return zoo_awget(handle, path, on, tag, on_data, request);
	case SESSION_SYNC:
		return zoo_async(handle, path, on_synced, request);
	}
	return ZBADARGUMENTS;
}

/* Returns NULL if there is no connection, or none any more. */
static struct session_open_request *
open_request(struct session *session, int tag, bool is_write)
{
	struct session_open_request *request;

	/* Without a connection SESSION_DOWN is on its way, or was there. */
	if (session->phase != SESSION_CONNECTED)
		return NULL;
	request = calloc(1, sizeof(*request));
	if (request == NULL) {
		session_cut(session);
		return NULL;
	}
	request->session = session;
	request->tag = tag;
	request->is_write = is_write;
	request->sent_ms = clock_ms();
	STAILQ_INSERT_TAIL(&session->open, request, entry);
	return request;
}

/* Takes what the library says of a request. */
static void
check_sent(struct session_open_request *request, int rc)
{
	if (rc == ZOK)
		return;
	session_cut(request->session);
	/* These come before the library; later a completion may be called. */
	if (rc == ZINVALIDSTATE || rc == ZBADARGUMENTS)
		free_request(request);
}

void
session_ask(struct session *session, enum session_operation operation, int tag,
    int watch_tag, const char *path, const char *data)
{
	struct session_open_request *request;

	request = open_request(session, tag, operation != SESSION_LIST &&
	    operation != SESSION_GET && operation != SESSION_SYNC);
	if (request != NULL)
		check_sent(request, send_request(request, operation, watch_tag,
		    path, data));
}

static void
make_step(const struct session *session, const struct session_step *step,
    zoo_op_t *op, struct session_acl *acl)
{
	const char *data = step->data != NULL ? step->data : "";
	bool is_ephemeral = step->type == SESSION_EPHEMERAL_STEP;
	int length = (int)strlen(data);

	switch (step->type) {
	case SESSION_CHECK_STEP:
		zoo_check_op_init(op, step->path, step->version);
		break;
	case SESSION_SET_STEP:
		zoo_set_op_init(op, step->path, data, length, step->version,
		    NULL);
		break;
	case SESSION_DELETE_STEP:
		zoo_delete_op_init(op, step->path, step->version);
		break;
	/*
	 * No containers: the server answers the create of one in a multi with
	 * more than this library (3.8) reads, and the library aborts.
	 */
	case SESSION_CREATE_STEP:
	case SESSION_EPHEMERAL_STEP:
		zoo_create_op_init(op, step->path, data, length,
		    session_make_acl(session, acl, is_ephemeral),
		    is_ephemeral ? ZOO_EPHEMERAL : ZOO_PERSISTENT, NULL, 0);
		break;
	}
}

void
session_ask_steps(struct session *session, int tag,
    const struct session_step *steps, size_t count)
{
	struct session_open_request *request;
	struct session_acl acls[SESSION_STEPS];
	zoo_op_t ops[SESSION_STEPS];
	size_t i;

	request = open_request(session, tag, true);
	if (request == NULL)
		return;
	/* Until the completion the library needs only the results. */
	request->step_count = count;
	for (i = 0; i < count; i++)
		make_step(session, &steps[i], &ops[i], &acls[i]);
	check_sent(request, zoo_amulti(session->handle, (int)count, ops,
	    request->results, on_void, request));
}
