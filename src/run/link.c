/*
 * Messages of one size over a socket pair that keeps their boundaries.
 */
#include "run/link.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

struct link_queued {
	struct link_message message;
	STAILQ_ENTRY(link_queued) entry;
};

int
link_pair(struct link *guard, struct link *keeper)
{
	struct link_shared *shared;
	int fds[2];

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	guard->shared = keeper->shared = shared;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0, fds) == -1)
		return -1;
	guard->fd = fds[0];
	keeper->fd = fds[1];
	STAILQ_INIT(&guard->queue);
	STAILQ_INIT(&keeper->queue);
	return 0;
}

/* Returns false if the message does not fit into the socket. */
static bool
send_now(struct link *link, const struct link_message *message)
{
	ssize_t sent;

	do {
		sent = send(link->fd, message, sizeof(*message),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent == -1 && errno == EINTR);
	/* link_receive() notices a dead peer. */
	return sent != -1 || (errno != EAGAIN && errno != ENOBUFS);
}

/*
 * Returns whether the next message replaces a queued one, so that the queue for
 * a stopped peer does not grow: only the newest session and report count, and
 * the peer needs the same signal only once.
 */
static bool
replaces(const struct link_message *queued, const struct link_message *next)
{
	switch ((int)next->type) {
	case LINK_SESSION:
	case LINK_ALIVE:
	case LINK_PING:
	case LINK_TELL:
		return queued->type == next->type;
	case LINK_HEARD:
	case LINK_SIGNAL:
		return queued->type == next->type &&
		    queued->signal.number == next->signal.number &&
		    queued->signal.in_group == next->signal.in_group;
	default:
		return false;
	}
}

void
link_send(struct link *link, const struct link_message *message)
{
	struct link_queued *queued;

	if (link->fd == -1)
		return;
	if (STAILQ_EMPTY(&link->queue) && send_now(link, message))
		return;
	STAILQ_FOREACH(queued, &link->queue, entry)
		if (replaces(&queued->message, message)) {
			queued->message = *message;
			return;
		}
	queued = malloc(sizeof(*queued));
	if (queued == NULL) {
		/* Close the link, because a peer must not miss one message. */
		link_close(link);
		return;
	}
	queued->message = *message;
	STAILQ_INSERT_TAIL(&link->queue, queued, entry);
}

void
link_send_type(struct link *link, enum link_type type)
{
	struct link_message message = { .type = type };

	link_send(link, &message);
}

void
link_set_lease(struct link *link, int64_t expiry_ms, int64_t timeout_ms)
{
	/*
	 * The guard may read between the stores.  A shorter T brings an earlier
	 * expiry, which must count at once; the old, longer T is safe with it.
	 */
	atomic_store(&link->shared->expiry_ms, expiry_ms);
	atomic_store(&link->shared->timeout_ms, timeout_ms);
}

static bool
is_time(int64_t ms)
{
	return ms >= 0 && ms <= CLOCK_LONGEST_MS;
}

int64_t
link_expiry_ms(const struct link *link)
{
	int64_t expiry_ms = atomic_load(&link->shared->expiry_ms);

	return expiry_ms > 0 ? expiry_ms : 0;
}

int64_t
link_timeout_ms(const struct link *link)
{
	int64_t timeout_ms = atomic_load(&link->shared->timeout_ms);

	return is_time(timeout_ms) ? timeout_ms : 0;
}

void
link_flush(struct link *link)
{
	struct link_queued *queued;

	while ((queued = STAILQ_FIRST(&link->queue)) != NULL &&
	    link->fd != -1 && send_now(link, &queued->message)) {
		STAILQ_REMOVE_HEAD(&link->queue, entry);
		free(queued);
	}
}

bool
link_is_full(const struct link *link)
{
	return !STAILQ_EMPTY(&link->queue);
}

static bool
is_status(int status)
{
	return status >= 0 && status <= 255;
}

/*
 * The keeper's ZooKeeper library parses network data, so a corrupted keeper may
 * send anything.  Refuse harmful values: a status of 256 would become an exit
 * status of 0.
 */
static bool
is_valid(const struct link_message *message)
{
	switch ((int)message->type) {
	case LINK_SESSION:
		return is_time(message->session.timeout_ms);
	case LINK_HEARD:
	case LINK_SIGNAL:
		return message->signal.number > 0 &&
		    message->signal.number <= SIGRTMAX;
	case LINK_EXITED:
	case LINK_DONE:
		return is_status(message->ended.status) &&
		    message->ended.killed_by >= 0 &&
		    message->ended.killed_by <= SIGRTMAX;
	case LINK_RELEASING:
		return is_status(message->releasing.status) &&
		    is_time(message->releasing.hold_ms);
	default:
		/* The other types carry no harmful value. */
		return (unsigned)message->type < LINK_TYPES;
	}
}

int
link_receive(struct link *link, struct link_message *message)
{
	ssize_t got;

	if (link->fd == -1)
		return -1;
	/*
	 * If the peer exits with unread messages, recv(2) fails once with
	 * ECONNRESET before it returns the peer's last messages.
	 */
	do {
		got = recv(link->fd, message, sizeof(*message), MSG_DONTWAIT);
	} while (got == -1 && (errno == EINTR || errno == ECONNRESET));
	if (got != (ssize_t)sizeof(*message))
		return got == -1 && errno == EAGAIN ? 0 : -1;
	if (message->type == LINK_ALIVE)
		message->report[LINK_REPORT_SIZE - 1] = '\0';
	return is_valid(message) ? 1 : -1;
}

void
link_close(struct link *link)
{
	struct link_queued *queued;

	while ((queued = STAILQ_FIRST(&link->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&link->queue, entry);
		free(queued);
	}
	if (link->fd != -1)
		(void)close(link->fd);
	link->fd = -1;
}
