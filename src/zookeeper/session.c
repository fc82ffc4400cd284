/*
 * Wraps the ZooKeeper C client (libzookeeper_st 3.8) and avoids its traps.
 *
 * After every call, zoo_state() tells whether the handle is connected.  Session
 * events do not tell it, because a failed send closes the socket without an
 * event.  zkrun drops a handle that lost its connection, so the library never
 * reconnects by itself; src/README.md says why.
 */
#include "zookeeper/session.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "zookeeper/session_private.h"

/* A ConnectResponse begins with its length, protocol version and timeout. */
#define GREETING_SIZE		12
#define MAX_TIMEOUT_MS		(24 * 3600 * 1000)

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
		/*
		 * Give up the connection, or the caller would wait forever for
		 * this event.
		 */
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

/* Closes the handle and frees the requests that have no reply. */
static void
close_handle(struct session *session)
{
	struct session_request *request;

	(void)zookeeper_close(session->handle);
	session->handle = NULL;
	session->fd = -1;
	STAILQ_CONCAT(&session->open, &session->held);
	while ((request = STAILQ_FIRST(&session->open)) != NULL) {
		STAILQ_REMOVE_HEAD(&session->open, entry);
		session_event_free(request->event);
		free(request);
	}
	session->throttled_since_ms = session->pause_ms =
	    session->ask_again_ms = 0;
}

/* Frees the handle without ending the session. */
static void
release_handle(struct session *session)
{
	int tries;

	if (session->handle == NULL)
		return;
	session->phase = SESSION_CLOSED;
	/*
	 * zookeeper_close() would end the session of a connected handle.  So
	 * cut the connection and let the library notice.  The library may have
	 * to read pending replies first.
	 */
	for (tries = 0; tries < 100000 && session->fd != -1 &&
	    zoo_state(session->handle) == ZOO_CONNECTED_STATE; tries++) {
		(void)shutdown(session->fd, SHUT_RDWR);
		(void)zookeeper_process(session->handle, ZOOKEEPER_READ);
	}
	close_handle(session);
}

static void
leave(struct session *session, enum session_event_type type, const char *reason)
{
	struct session_event *event;
	bool was_in = session->phase >= SESSION_PROVING;

	if (was_in)
		session->careful = !session->answered;
	release_handle(session);
	event = session_add_event(session, type);
	if (event == NULL)
		return;
	event->unanswered = was_in && !session->answered;
	(void)strlcpy(event->reason, reason, sizeof(event->reason));
}

void
session_drop(struct session *session, const char *reason)
{
	leave(session, SESSION_DOWN, reason);
}

/* Leaves a failed connection, and gives a reason for people. */
static void
fail(struct session *session, int error)
{
	if (session->phase == SESSION_REACHING)
		session_drop(session, error != 0 ? strerror(error) :
		    "connection failed");
	else if (session->phase == SESSION_GREETING)
		/* A server without a quorum closes the connection here. */
		session_drop(session, "the server closed the connection "
		    "without opening a session: no quorum, too many "
		    "connections (maxClientCnxns), or not ZooKeeper");
	else
		/* The library reports the end of the stream as EHOSTDOWN. */
		session_drop(session, error != 0 && error != EAGAIN &&
		    error != EHOSTDOWN ? strerror(error) :
		    "the server closed the connection");
}

static void
set_option(const struct session *session, int level, int option, int value)
{
	(void)setsockopt(session->fd, level, option, &value, sizeof(value));
}

/* Allows requests, because the session is open on this connection. */
static void
let_in(struct session *session)
{
	const clientid_t *id = zoo_client_id(session->handle);

	/* With these values, which the library accepts, there is no session. */
	if (id->client_id == 0 || zoo_recv_timeout(session->handle) <= 0) {
		session_drop(session, "the server opened no session");
		return;
	}
	session->phase = SESSION_CONNECTED;
	session->timeout_ms = zoo_recv_timeout(session->handle);
	session->identity.id = id->client_id;
	memcpy(session->identity.password, id->passwd,
	    sizeof(session->identity.password));
	/*
	 * The library sends each request in two pieces, which would wake the
	 * server twice.  TCP_CORK joins them.
	 */
	set_option(session, IPPROTO_TCP, TCP_CORK, 1);
	(void)session_add_event(session, SESSION_UP);
}

/* After the handshake: waits for credentials, tests, or allows requests. */
static void
take_handshake(struct session *session)
{
	if (session->phase < SESSION_PROVING)
		session->phase = SESSION_PROVING;
	if (!session->accepted)
		return;
	if (session->careful && session->phase == SESSION_PROVING)
		session_ask_carefully(session);
	else if (!session->careful || session->answered)
		let_in(session);
}

/* Reacts to the state of the handle after a call of the library. */
static void
look_at_state(struct session *session, int rc, int error)
{
	char reason[SESSION_REASON_SIZE];
	int state;

	state = zoo_state(session->handle);
	if (session->rejection != 0) {
		(void)session_judge_code(session->rejection, reason);
		leave(session, SESSION_REJECTED, reason);
	} else if (state == ZOO_EXPIRED_SESSION_STATE)
		leave(session, SESSION_EXPIRED, "");
	else if (state == ZOO_AUTH_FAILED_STATE)
		leave(session, SESSION_REJECTED, "the server refused a "
		    "credential (it may not support the scheme)");
	else if (state == ZOO_CONNECTED_STATE) {
		if (session->phase != SESSION_CONNECTED)
			take_handshake(session);
	} else if (state == ZOO_ASSOCIATING_STATE)
		session->phase = SESSION_GREETING;
	else if (session->phase >= SESSION_PROVING ||
	    state != ZOO_CONNECTING_STATE || (rc != ZOK && rc != ZNOTHING))
		fail(session, error);
}

/*
 * Checks the handshake before the library reads it.  The library accepts any
 * bytes: an HTTP server's answer makes it "connected" with a timeout of six
 * days.
 */
static bool
is_greeting_sane(int fd)
{
	struct {
		uint32_t length, version, timeout_ms;
	} greeting;

	if (recv(fd, &greeting, GREETING_SIZE, MSG_PEEK | MSG_DONTWAIT) !=
	    GREETING_SIZE)
		return true;	/* an end or error, which the library reports */
	return ntohl(greeting.length) >= 36 && ntohl(greeting.length) <= 37 &&
	    greeting.version == 0 &&
	    ntohl(greeting.timeout_ms) <= MAX_TIMEOUT_MS;
}

void
session_init(struct session *session, const struct credentials *credentials)
{
	memset(session, 0, sizeof(*session));
	session->credentials = credentials;
	session->fd = -1;
	STAILQ_INIT(&session->events);
	STAILQ_INIT(&session->open);
	STAILQ_INIT(&session->held);
	/* Silence the library's log: its lines would alarm users. */
	zoo_set_debug_level((ZooLogLevel)0);
}

int
session_open(struct session *session, const char *address, int timeout_ms,
    const struct session_identity *identity)
{
	clientid_t id;

	session_abandon(session);
	session->answered = false;
	session->rejection = 0;
	if (identity->id == 0)
		session->accepted = false;
	id.client_id = identity->id;
	memcpy(id.passwd, identity->password, sizeof(id.passwd));
	session->handle = zookeeper_init2(address, NULL, timeout_ms, &id,
	    session, ZOO_NO_LOG_CLIENTENV, NULL);
	if (session->handle == NULL)
		return -1;
	/* By default the library resolves the address again in every turn. */
	(void)zoo_set_servers_resolution_delay(session->handle, -1);
	session->phase = SESSION_REACHING;
	if (session_authenticate(session) == -1) {
		release_handle(session);
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

/* Prepares a socket that the library has just opened. */
static void
adopt_socket(struct session *session, int fd)
{
	session->fd = fd;
	/* Debian's library omits this, so the command would inherit the fd. */
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* Make poll(2) wait for the bytes that is_greeting_sane() checks. */
	set_option(session, SOL_SOCKET, SO_RCVLOWAT, GREETING_SIZE);
}

int64_t
session_prepare(struct session *session, struct pollfd *poll_for)
{
	struct timeval wait;
	int64_t held_ms;
	int fd, interest, rc;

	poll_for->fd = -1;
	poll_for->events = 0;
	if (session->handle == NULL)
		return CLOCK_NEVER;
	/* A send failed.  zookeeper_interest() would reconnect. */
	if (session->phase >= SESSION_PROVING &&
	    zoo_state(session->handle) != ZOO_CONNECTED_STATE) {
		fail(session, 0);
		return CLOCK_NEVER;
	}
	held_ms = session_send_held(session);
	/* A failed zookeeper_interest() does not set these. */
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
	/* Send what TCP_CORK has gathered, once per turn: see tcp(7). */
	if (session->phase == SESSION_CONNECTED)
		set_option(session, IPPROTO_TCP, TCP_NODELAY, 1);
	poll_for->fd = fd;
	poll_for->events = (short)(((interest & ZOOKEEPER_READ) ? POLLIN : 0) |
	    ((interest & ZOOKEEPER_WRITE) ? POLLOUT : 0));
	return clock_earlier(held_ms, clock_after(clock_ms(),
	    (int64_t)wait.tv_sec * 1000 + (wait.tv_usec + 999) / 1000));
}

void
session_process(struct session *session, short revents)
{
	int events, rc;

	if (session->handle == NULL || revents == 0)
		return;
	events = 0;
	/* After a failure, read and write as well, to learn the error. */
	if (revents & (POLLIN | POLLHUP | POLLERR))
		events |= ZOOKEEPER_READ;
	if (revents & (POLLOUT | POLLHUP | POLLERR))
		events |= ZOOKEEPER_WRITE;
	if (session->phase == SESSION_GREETING && (revents & POLLIN)) {
		if (!is_greeting_sane(session->fd)) {
			session_drop(session, "the server is not ZooKeeper");
			return;
		}
		set_option(session, SOL_SOCKET, SO_RCVLOWAT, 1);
	}
	errno = 0;
	rc = zookeeper_process(session->handle, events);
	look_at_state(session, rc, errno);
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
	if (session->phase == SESSION_CONNECTED) {
		session_send_close(session);
		session->phase = SESSION_CLOSED;
		/* Keep the library from ending the session and waiting. */
		(void)shutdown(session->fd, SHUT_RDWR);
		close_handle(session);
	}
	session_abandon(session);
}
