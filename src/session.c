/*
 * The ZooKeeper C client (libzookeeper_st 3.8), with its traps defused.
 *
 * Completions and watches only add to a queue of events.  Whether we are
 * connected is judged after every call by zoo_state(), never by session
 * events: a failed send closes the socket without one.  A handle that has lost
 * its connection is never used again.  That way none of the library's
 * reconnecting runs: the getaddrinfo(3) of every turn, the half of an even list
 * that is never tried, the 2/3 of a timeout spent on a silent server, replies
 * matched to requests of an earlier connection.
 */
#include "session.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zookeeper/zookeeper.h>

#include "clock.h"

/* Length, protocol version and timeout: what a ConnectResponse begins with. */
#define GREETING_SIZE		12
#define MAX_TIMEOUT_MS		(24 * 3600 * 1000)

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

static struct session_event *
add_event(struct session *session, enum session_event_type type)
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

/* Every call on a dead handle must not reach the library. */
static void
release_handle(struct session *session)
{
	int tries;

	if (session->handle == NULL)
		return;
	session->phase = SESSION_CLOSED;
	/*
	 * zookeeper_close() on a connected handle would end the session.  Make
	 * the library notice that the connection is gone; it may have to read
	 * through some replies first.
	 */
	for (tries = 0; tries < 100000 && session->fd != -1 &&
	    zoo_state(session->handle) == ZOO_CONNECTED_STATE; tries++) {
		(void)shutdown(session->fd, SHUT_RDWR);
		(void)zookeeper_process(session->handle, ZOOKEEPER_READ);
	}
	(void)zookeeper_close(session->handle);
	session->handle = NULL;
	session->fd = -1;
}

static void
go_down(struct session *session, const char *reason)
{
	struct session_event *event;

	release_handle(session);
	event = add_event(session, SESSION_DOWN);
	if (event != NULL)
		(void)strlcpy(event->reason, reason, sizeof(event->reason));
}

/* How a connection failed, for people. */
static void
fail(struct session *session, int error)
{
	switch (session->phase) {
	case SESSION_REACHING:
		go_down(session, error != 0 ? strerror(error) :
		    "the connection failed");
		break;
	case SESSION_GREETING:
		/* A server without a quorum does just that. */
		go_down(session, "it closed the connection instead of opening "
		    "a session (not serving, or not a ZooKeeper)");
		break;
	case SESSION_CONNECTED:
		go_down(session, error != 0 && error != EAGAIN ?
		    strerror(error) : "the server closed the connection");
		break;
	case SESSION_CLOSED:
		break;
	}
}

/* Sees what the last call has made of the connection. */
static void
look_at_state(struct session *session, int rc, int error)
{
	const clientid_t *id;
	int state;

	state = zoo_state(session->handle);
	if (state == ZOO_EXPIRED_SESSION_STATE) {
		release_handle(session);
		(void)add_event(session, SESSION_EXPIRED);
	} else if (state == ZOO_CONNECTED_STATE) {
		if (session->phase == SESSION_CONNECTED)
			return;
		session->phase = SESSION_CONNECTED;
		session->timeout_ms = zoo_recv_timeout(session->handle);
		id = zoo_client_id(session->handle);
		session->identity.id = id->client_id;
		memcpy(session->identity.password, id->passwd,
		    sizeof(session->identity.password));
		(void)add_event(session, SESSION_UP);
	} else if (state == ZOO_ASSOCIATING_STATE) {
		session->phase = SESSION_GREETING;
	} else if (session->phase == SESSION_CONNECTED ||
	    state != ZOO_CONNECTING_STATE || (rc != ZOK && rc != ZNOTHING))
		fail(session, error);
}

/*
 * The library takes any bytes for a handshake; an HTTP server's answer makes
 * it "connected" with a timeout of six days.  So look before it does.
 */
static bool
is_greeting_sane(int fd)
{
	struct {
		uint32_t length, version, timeout_ms;
	} greeting;

	if (recv(fd, &greeting, GREETING_SIZE, MSG_PEEK | MSG_DONTWAIT) !=
	    GREETING_SIZE)
		return true;	/* an end or an error: the library says which */
	return ntohl(greeting.length) >= 36 && ntohl(greeting.length) <= 37 &&
	    greeting.version == 0 &&
	    ntohl(greeting.timeout_ms) <= MAX_TIMEOUT_MS;
}

void
session_init(struct session *session)
{
	int i;

	memset(session, 0, sizeof(*session));
	session->fd = -1;
	STAILQ_INIT(&session->events);
	STAILQ_INIT(&session->open);
	for (i = 0; i < SESSION_WATCHES; i++) {
		session->watches[i].session = session;
		session->watches[i].tag = i;
	}
	/* Its log is not for our users: every line would be an alarm. */
	zoo_set_debug_level((ZooLogLevel)0);
}

static void
ignore_session_event(zhandle_t *handle, int type, int state, const char *path,
    void *context)
{
	(void)handle;
	(void)type;
	(void)state;
	(void)path;
	(void)context;
}

int
session_open(struct session *session, const char *address, int timeout_ms,
    const struct session_identity *identity)
{
	clientid_t id;

	session_abandon(session);
	memset(&id, 0, sizeof(id));
	if (identity != NULL && identity->id != 0) {
		id.client_id = identity->id;
		memcpy(id.passwd, identity->password, sizeof(id.passwd));
	}
	errno = 0;
	session->handle = zookeeper_init2(address, ignore_session_event,
	    timeout_ms, id.client_id != 0 ? &id : NULL, NULL,
	    ZOO_NO_LOG_CLIENTENV, NULL);
	if (session->handle == NULL) {
		if (errno == 0)
			errno = EINVAL;
		return -1;
	}
	/* By default it resolves the address again on every turn. */
	(void)zoo_set_servers_resolution_delay(session->handle, -1);
	session->phase = SESSION_REACHING;
	return 0;
}

/* A socket that the library has just made. */
static void
adopt_socket(struct session *session, int fd)
{
	int low_water = GREETING_SIZE;

	session->fd = fd;
	/* Debian's library does not do this; the command would inherit it. */
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* Let the whole beginning of the greeting be there to be looked at. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low_water,
	    sizeof(low_water));
}

int64_t
session_prepare(struct session *session, struct pollfd *poll_for)
{
	struct timeval wait;
	int fd, interest, rc;

	poll_for->fd = -1;
	poll_for->events = 0;
	if (session->handle == NULL)
		return CLOCK_NEVER;
	/* A send that failed since: the library must not reconnect by itself. */
	if (session->phase == SESSION_CONNECTED &&
	    zoo_state(session->handle) != ZOO_CONNECTED_STATE) {
		fail(session, 0);
		return CLOCK_NEVER;
	}
	/* On failure it leaves these as they are. */
	fd = -1;
	interest = 0;
	memset(&wait, 0, sizeof(wait));
	errno = 0;
	rc = zookeeper_interest(session->handle, &fd, &interest, &wait);
	if (rc == ZOK && fd != -1 && fd != session->fd)
		adopt_socket(session, fd);
	look_at_state(session, rc, errno);
	if (session->handle == NULL)
		return CLOCK_NEVER;
	poll_for->fd = fd;
	poll_for->events = (short)(((interest & ZOOKEEPER_READ) ? POLLIN : 0) |
	    ((interest & ZOOKEEPER_WRITE) ? POLLOUT : 0));
	return clock_after(clock_ms(), (int64_t)wait.tv_sec * 1000 +
	    (wait.tv_usec + 999) / 1000);
}

void
session_process(struct session *session, short revents)
{
	int events, one = 1, rc;

	if (session->handle == NULL || revents == 0)
		return;
	events = 0;
	/* A connection that failed is told apart by trying to use it. */
	if (revents & (POLLIN | POLLHUP | POLLERR))
		events |= ZOOKEEPER_READ;
	if (revents & (POLLOUT | POLLHUP | POLLERR))
		events |= ZOOKEEPER_WRITE;
	if (session->phase == SESSION_GREETING && (revents & POLLIN)) {
		if (!is_greeting_sane(session->fd)) {
			go_down(session, "it is not a ZooKeeper");
			return;
		}
		(void)setsockopt(session->fd, SOL_SOCKET, SO_RCVLOWAT, &one,
		    sizeof(one));
	}
	errno = 0;
	rc = zookeeper_process(session->handle, events);
	look_at_state(session, rc, errno);
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

void
session_drop(struct session *session, const char *reason)
{
	if (session->handle != NULL)
		go_down(session, reason);
}

void
session_abandon(struct session *session)
{
	struct session_event *event;

	release_handle(session);
	while ((event = session_next(session)) != NULL)
		session_event_free(event);
}

void
session_close(struct session *session)
{
	if (session->handle != NULL) {
		session->phase = SESSION_CLOSED;
		(void)zookeeper_close(session->handle);
		session->handle = NULL;
		session->fd = -1;
	}
	session_abandon(session);
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
		event = add_event(session, SESSION_REPLY);
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
	event = add_event(watch->session, SESSION_CHANGED);
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
