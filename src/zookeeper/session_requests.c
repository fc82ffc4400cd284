/*
 * Requests to a server, as the client library wants them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/broken.h"
#include "base/clock.h"
#include "zookeeper/session_private.h"

/* Makes a node; mode is the library's. */
static int
send_create(struct session_open_request *request, const char *path,
    const char *data, const struct ACL_vector *acl, int mode)
{
	const struct session *session = request->session;
	bool is_container = mode == ZOO_CONTAINER;

	if (data == NULL || is_container)
		data = "";
	request->is_extended = !session->plain;
	if (session->plain)
		return zoo_acreate(session->handle, path, data,
		    (int)strlen(data), acl, is_container ? ZOO_PERSISTENT :
		    mode, session_on_plain_created, request);
	return zoo_acreate2(session->handle, path, data, (int)strlen(data),
	    acl, mode, session_on_created, request);
}

static int
send_request(struct session_open_request *request,
    enum session_operation operation, struct session_watch *watch,
    const char *path, const char *data)
{
	const struct session *session = request->session;
	zhandle_t *handle = session->handle;
	watcher_fn on = watch != NULL ? session_on_watch : NULL;
	struct session_acl acl;

	switch (operation) {
	case SESSION_CREATE_SHARED:
		return send_create(request, path, data, &ZOO_OPEN_ACL_UNSAFE,
		    ZOO_CONTAINER);
	case SESSION_CREATE_CONTAINER:
		return send_create(request, path, data,
		    session_make_acl(session, &acl, false), ZOO_CONTAINER);
	case SESSION_CREATE_PERSISTENT:
		return send_create(request, path, data,
		    session_make_acl(session, &acl, false), ZOO_PERSISTENT);
	case SESSION_CREATE_EPHEMERAL:
		return send_create(request, path, data,
		    session_make_acl(session, &acl, true),
		    ZOO_EPHEMERAL_SEQUENTIAL);
	case SESSION_DELETE:
		return zoo_adelete(handle, path, -1, session_on_void, request);
	case SESSION_LIST:
		return zoo_awget_children2(handle, path, on, watch, session_on_list,
		    request);
	case SESSION_GET:
		return zoo_awget(handle, path, on, watch, session_on_data, request);
	case SESSION_SYNC:
		return zoo_async(handle, path, session_on_synced, request);
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
	request->is_write = is_write || BROKEN_READS_PROVE;
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
		session_free_request(request);
}

void
session_ask(struct session *session, enum session_operation operation, int tag,
    int watch_tag, const char *path, const char *data)
{
	struct session_open_request *request;

	request = open_request(session, tag, operation != SESSION_LIST &&
	    operation != SESSION_GET && operation != SESSION_SYNC);
	if (request != NULL)
		check_sent(request, send_request(request, operation,
		    watch_tag == SESSION_NO_WATCH ? NULL :
		    &session->watches[watch_tag], path, data));
}

static void
make_step(const struct session *session, const struct session_step *step,
    zoo_op_t *op, struct session_acl *acl)
{
	const char *data = step->data != NULL ? step->data : "";
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
		zoo_create_op_init(op, step->path, data, length,
		    session_make_acl(session, acl, false), ZOO_PERSISTENT,
		    NULL, 0);
		break;
	case SESSION_EPHEMERAL_STEP:
		zoo_create_op_init(op, step->path, data, length,
		    session_make_acl(session, acl, true), ZOO_EPHEMERAL, NULL,
		    0);
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
	    request->results, session_on_multi, request));
}
