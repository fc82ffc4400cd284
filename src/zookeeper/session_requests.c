/*
 * Sends requests.  Keeps copies to send them again, because a throttling server
 * discards requests and says so.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "zookeeper/session_private.h"

#define CLOSE_SESSION	(-11)		/* ZooDefs.OpCode */
#define CLOSE_XID	INT32_MAX	/* the reply is not read */

static int
send_create(struct session_request *request)
{
	const struct session *session = request->session;
	enum session_operation operation = request->operation;
	bool is_ephemeral = operation == SESSION_CREATE_EPHEMERAL;
	bool is_container = operation == SESSION_CREATE_SHARED ||
	    operation == SESSION_CREATE_CONTAINER;
	struct session_acl own;
	const struct ACL_vector *acl = operation == SESSION_CREATE_SHARED ?
	    &ZOO_OPEN_ACL_UNSAFE : session_make_acl(session, &own, is_ephemeral);
	int mode = is_ephemeral ? ZOO_EPHEMERAL_SEQUENTIAL :
	    is_container && !session->plain ? ZOO_CONTAINER : ZOO_PERSISTENT;
	const char *path = request->steps[0].path;
	const char *data = request->steps[0].data;

	if (data == NULL || is_container)
		data = "";
	request->is_extended = !session->plain;
	if (session->plain)
		return zoo_acreate(session->handle, path, data,
		    (int)strlen(data), acl, mode, session_on_plain_created,
		    request);
	return zoo_acreate2(session->handle, path, data, (int)strlen(data),
	    acl, mode, session_on_created, request);
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
	 * Do not create containers here: in a transaction the server's reply
	 * is longer than the library (3.8) expects, and the library aborts.
	 */
	case SESSION_CREATE_STEP:
	case SESSION_READABLE_STEP:
	case SESSION_EPHEMERAL_STEP:
		zoo_create_op_init(op, step->path, data, length,
		    session_make_acl(session, acl,
		    step->type != SESSION_CREATE_STEP),
		    is_ephemeral ? ZOO_EPHEMERAL : ZOO_PERSISTENT, NULL, 0);
		break;
	}
}

static int
send_steps(struct session_request *request)
{
	const struct session *session = request->session;
	struct session_acl acls[SESSION_STEPS];
	zoo_op_t ops[SESSION_STEPS];
	size_t i;

	/* The library needs only the results until the completion. */
	for (i = 0; i < request->step_count; i++)
		make_step(session, &request->steps[i], &ops[i], &acls[i]);
	return zoo_amulti(session->handle, (int)request->step_count, ops,
	    request->results, session_on_void, request);
}

static int
hand_over(struct session_request *request)
{
	zhandle_t *handle = request->session->handle;
	watcher_fn on = request->watch_tag != SESSION_NO_WATCH ?
	    session_on_watch : NULL;
	void *tag = (void *)(intptr_t)request->watch_tag;
	const char *path = request->steps[0].path;

	if (request->step_count > 0)
		return send_steps(request);
	switch (request->operation) {
	case SESSION_CREATE_SHARED:
	case SESSION_CREATE_CONTAINER:
	case SESSION_CREATE_PERSISTENT:
	case SESSION_CREATE_EPHEMERAL:
		return send_create(request);
	case SESSION_DELETE:
		return zoo_adelete(handle, path, -1, session_on_void, request);
	case SESSION_LIST:
		return zoo_awget_children2(handle, path, on, tag,
		    session_on_list, request);
	case SESSION_GET:
		return zoo_awget(handle, path, on, tag, session_on_data,
		    request);
	case SESSION_SYNC:
		return zoo_async(handle, path, session_on_synced, request);
	}
	return ZBADARGUMENTS;
}

static void
send_request(struct session_request *request)
{
	struct session *session = request->session;
	int rc;

	request->sent_ms = clock_ms();
	STAILQ_INSERT_TAIL(&session->open, request, entry);
	rc = hand_over(request);
	if (rc == ZOK)
		return;
	session_cut(session);
	/* After any other error the library may still call the completion. */
	if (rc == ZINVALIDSTATE || rc == ZBADARGUMENTS) {
		STAILQ_REMOVE(&session->open, request, session_request, entry);
		free(request);
	}
}

int64_t
session_send_held(struct session *session)
{
	struct session_request *request;

	/* Send one at a time: a throttling server counts open requests. */
	if (session->phase != SESSION_CONNECTED ||
	    !STAILQ_EMPTY(&session->open))
		return CLOCK_NEVER;
	while ((request = STAILQ_FIRST(&session->held)) != NULL &&
	    request->event != NULL) {
		STAILQ_REMOVE_HEAD(&session->held, entry);
		STAILQ_INSERT_TAIL(&session->events, request->event, entry);
		free(request);
	}
	if (request == NULL)
		return CLOCK_NEVER;
	if (clock_ms() < session->ask_again_ms)
		return session->ask_again_ms;
	STAILQ_REMOVE_HEAD(&session->held, entry);
	send_request(request);
	return CLOCK_NEVER;
}

bool
session_is_cut_off(const struct session *session)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	/* The kernel of a slow or hanging server acknowledges what arrives. */
	return session->fd != -1 && getsockopt(session->fd, IPPROTO_TCP,
	    TCP_INFO, &info, &size) == 0 && info.tcpi_retransmits > 0 &&
	    info.tcpi_unacked > 0;
}

/* Copies the text, which may be NULL, to *end and advances *end. */
static const char *
keep_text(char **end, const char *text)
{
	char *copy = *end;

	if (text == NULL)
		return NULL;
	*end = stpcpy(copy, text) + 1;
	return copy;
}

/* Returns a request with copies of the steps, or NULL without memory. */
static struct session_request *
make_request(const struct session_step *steps, size_t count)
{
	struct session_request *request;
	size_t i, size = sizeof(*request);
	char *end;

	for (i = 0; i < count; i++)
		size += strlen(steps[i].path) + 1 + (steps[i].data == NULL ?
		    0 : strlen(steps[i].data) + 1);
	request = calloc(1, size);
	if (request == NULL)
		return NULL;
	end = (char *)(request + 1);
	for (i = 0; i < count; i++) {
		request->steps[i] = steps[i];
		request->steps[i].path = keep_text(&end, steps[i].path);
		request->steps[i].data = keep_text(&end, steps[i].data);
	}
	return request;
}

/*
 * Takes ownership of a request, or NULL, and sends it at once or in its turn.
 */
static void
ask(struct session *session, struct session_request *request)
{
	if (request == NULL) {
		session_cut(session);
		return;
	}
	request->session = session;
	request->number = session->asked++;
	if (STAILQ_EMPTY(&session->held))
		send_request(request);
	else
		STAILQ_INSERT_TAIL(&session->held, request, entry);
}

void
session_ask(struct session *session, enum session_operation operation, int tag,
    int watch_tag, const char *path, const char *data)
{
	const struct session_step step = { .path = path, .data = data };
	struct session_request *request;

	/* Without a connection, the caller gets or got SESSION_DOWN. */
	if (session->phase != SESSION_CONNECTED)
		return;
	request = make_request(&step, 1);
	if (request != NULL) {
		request->tag = tag;
		request->operation = operation;
		request->watch_tag = watch_tag;
		request->is_write = operation != SESSION_LIST &&
		    operation != SESSION_GET && operation != SESSION_SYNC;
	}
	ask(session, request);
}

void
session_ask_steps(struct session *session, int tag,
    const struct session_step *steps, size_t count)
{
	struct session_request *request;

	if (session->phase != SESSION_CONNECTED)
		return;
	request = make_request(steps, count);
	if (request != NULL) {
		request->tag = tag;
		request->step_count = count;
		request->is_write = true;
	}
	ask(session, request);
}

/*
 * Sends a RequestHeader of zookeeper.jute: the length, then xid and type.
 * zookeeper_close() would wait for the reply: a round trip, or 1.5 seconds.
 */
void
session_send_close(struct session *session)
{
	const uint32_t request[] = {
		htonl(2 * sizeof(uint32_t)), htonl(CLOSE_XID),
		htonl((uint32_t)CLOSE_SESSION),
	};
	struct timeval wait;
	int fd = -1, interest = 0, off = 0;

	/* Do not interrupt a request that is only partly sent. */
	if (zookeeper_interest(session->handle, &fd, &interest, &wait) != ZOK ||
	    fd != session->fd || (interest & ZOOKEEPER_WRITE) != 0)
		return;
	(void)send(fd, request, sizeof(request), MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
}
