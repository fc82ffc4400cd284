/*
 * Makes attempts to connect, and decides when to leave a server or give up.
 */
#include "zookeeper/connector_private.h"

#include <sys/param.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/options.h"

/*
 * The pause between two attempts to resume a session.  Each pause is twice the
 * last one, up to the session timeout / RESUME_SHARE.
 */
#define RESUME_PAUSE_MS		100
#define RESUME_DOUBLINGS_MAX	3
#define RESUME_SHARE		16

const char *
connector_server(const struct connector *connector)
{
	size_t current = connector->addresses.current;

	return current == ADDRESSES_NONE ? "none" :
	    connector->options->servers.server[current].shown;
}

void
connector_explain(const struct connector *connector, char *buffer, size_t size)
{
	const struct servers *servers = &connector->options->servers;
	size_t i, length;

	buffer[0] = '\0';
	for (i = length = 0; i < servers->count && length < size; i++)
		length += (size_t)snprintf(buffer + length, size - length,
		    "%s%s: %s", i > 0 ? "; " : "", servers->server[i].shown,
		    connector->addresses.problems[i]);
}

void
connector_explain_rejection(const struct connector *connector, char *buffer,
    size_t size)
{
	(void)snprintf(buffer, size, "%s: %s",
	    connector->options->servers.server[connector->rejected_by].shown,
	    connector->addresses.problems[connector->rejected_by]);
}

void
connector_begin_attempt(struct connector *connector, int64_t now_ms)
{
	connector->phase = CONNECTOR_TRYING;
	connector->shut = false;
	connector->attempt_deadline_ms = clock_after(now_ms,
	    connector->options->connect_timeout_ms);
	/* Leave enough time for another attempt before the session expires. */
	if (connector->identity.id != 0)
		connector->attempt_deadline_ms = clock_earlier(
		    connector->attempt_deadline_ms, clock_after(now_ms,
		    connector->session.timeout_ms / 4));
	addresses_begin(&connector->addresses);
}

static int64_t
resume_pause_ms(struct connector *connector)
{
	int64_t pause_ms = RESUME_PAUSE_MS << MIN(connector->resumes,
	    RESUME_DOUBLINGS_MAX);

	connector->resumes++;
	pause_ms = MAX(RESUME_PAUSE_MS, MIN(pause_ms,
	    connector->session.timeout_ms / RESUME_SHARE));
	return pause_ms / 2 + arc4random_uniform((uint32_t)pause_ms);
}

/* Returns BACKOFF_GIVE_UP if the policy allows no further attempt. */
static int64_t
retry_pause_ms(struct connector *connector, int64_t now_ms)
{
	char problems[1024];
	int64_t pause_ms;

	pause_ms = backoff_pause_ms(&connector->options->retry,
	    connector->retries, now_ms - connector->first_attempt_ms,
	    arc4random());
	if (pause_ms == BACKOFF_GIVE_UP)
		return pause_ms;
	connector->retries++;
	connector_explain(connector, problems, sizeof(problems));
	log_verbose("cannot connect to ZooKeeper (%s); retrying in %.1fs",
	    problems, (double)pause_ms / 1000);
	return pause_ms;
}

void
connector_end_attempt(struct connector *connector, int64_t now_ms)
{
	int64_t pause_ms;

	/* The next attempt looks all names up again. */
	if (connector->identity.id == 0)
		resolver_stop(&connector->addresses.resolver);
	pause_ms = connector->proven ? resume_pause_ms(connector) :
	    retry_pause_ms(connector, now_ms);
	if (pause_ms == BACKOFF_GIVE_UP) {
		connector->phase = CONNECTOR_GIVING_UP;
		return;
	}
	if (connector->shut)
		pause_ms = MAX(pause_ms, SHUT_PAUSE_MS);
	connector->phase = CONNECTOR_PAUSING;
	connector->pause_until_ms = clock_after(now_ms, pause_ms);
}

/*
 * Tries the next address.  Returns false if no address is left: the attempt has
 * ended, or waits for names.
 */
static bool
try_next(struct connector *connector, int64_t now_ms)
{
	const struct options *options = connector->options;
	char text[RESOLVER_ADDRESS_SIZE + sizeof(options->servers.chroot)];
	const char *address;
	size_t shares;

	address = addresses_pick(&connector->addresses, &shares);
	if (address == NULL) {
		/* An attempt to resume a session does not wait for names. */
		if (connector->addresses.resolver.fd == -1 ||
		    connector->identity.id != 0)
			connector_end_attempt(connector, now_ms);
		return false;
	}
	shares += connector->addresses.resolver.pending;
	connector->tried_since_ms = now_ms;
	connector->address_deadline_ms = now_ms +
	    (connector->attempt_deadline_ms - now_ms) / (int64_t)shares;
	if (connector->identity.id != 0 && shares > 1)
		connector->address_deadline_ms = clock_earlier(
		    connector->address_deadline_ms,
		    clock_after(now_ms, connector->patience_ms));
	(void)snprintf(text, sizeof(text), "%s%s", address,
	    options->servers.chroot);
	if (session_open(&connector->session, text,
	    (int)options->session_timeout_ms, &connector->identity) == -1)
		addresses_fail(&connector->addresses, strerror(errno));
	return true;
}

/*
 * Returns the time at which the oldest request has been unanswered for long_ms.
 */
static int64_t
silence_ms(const struct connector *connector, int64_t long_ms)
{
	int64_t since_ms = session_unanswered_since_ms(&connector->session);

	return connector->phase != CONNECTOR_UP || since_ms == CLOCK_NEVER ||
	    connector->patience_ms == CLOCK_NEVER ? CLOCK_NEVER :
	    since_ms + long_ms;
}

/* Returns whether another server is worth trying. */
static bool
has_other(const struct connector *connector)
{
	return addresses_has_other(&connector->addresses,
	    clock_ms() - connector->session.timeout_ms);
}

/*
 * Returns the time to leave the server in use if it does not answer.  If every
 * other server failed within the last session timeout, a new connection is
 * unlikely to help.  In that case the connector waits four times as long for
 * the answer, unless TCP cannot deliver the request.
 */
static int64_t
answer_deadline(const struct connector *connector)
{
	if (silence_ms(connector, 0) == CLOCK_NEVER)
		return CLOCK_NEVER;
	return silence_ms(connector, has_other(connector) ||
	    session_is_cut_off(&connector->session) ?
	    connector->patience_ms : 4 * connector->patience_ms);
}

int64_t
connector_silence_deadline(const struct connector *connector)
{
	/* Report a silence once, and only if it is longer than earlier ones. */
	return session_unanswered_since_ms(&connector->session) ==
	    connector->told_silent_since_ms ? CLOCK_NEVER :
	    silence_ms(connector, MAX(connector->patience_ms,
	    connector->slowest_ms * 5 / 4));
}

/*
 * Returns the time to leave a server that throttles.  A server that discards
 * every request is treated like a silent one.
 */
static int64_t
throttling_deadline(const struct connector *connector)
{
	int64_t limit_ms = connector->options->connect_timeout_ms;

	if (connector->session.throttled_since_ms == 0)
		return CLOCK_NEVER;
	if (has_other(connector))
		limit_ms = MIN(limit_ms, connector->patience_ms);
	return clock_after(connector->session.throttled_since_ms, limit_ms);
}

/* Returns the time by which a session without contact has certainly expired. */
static int64_t
expiry_deadline(const struct connector *connector)
{
	if (connector->identity.id == 0 ||
	    (connector->phase != CONNECTOR_TRYING &&
	    connector->phase != CONNECTOR_PAUSING))
		return CLOCK_NEVER;
	return clock_after(connector->heard_ms, connector->session.timeout_ms);
}

/* Acts on the deadlines that have passed. */
static void
advance(struct connector *connector, int64_t now_ms)
{
	char reason[SESSION_REASON_SIZE];

	if (now_ms >= answer_deadline(connector)) {
		(void)snprintf(reason, sizeof(reason), "no answer for %.1fs",
		    (double)(now_ms - session_unanswered_since_ms(
		    &connector->session)) / 1000);
		session_drop(&connector->session, reason);
	}
	if (now_ms >= throttling_deadline(connector))
		session_drop(&connector->session, "the server is busy and "
		    "throttles every request");
	if (now_ms >= expiry_deadline(connector)) {
		session_abandon(&connector->session);
		connector->phase = CONNECTOR_EXPIRING;
	}
	if (connector->phase == CONNECTOR_PAUSING &&
	    now_ms >= connector->pause_until_ms)
		connector_begin_attempt(connector, now_ms);
	if (connector->phase != CONNECTOR_TRYING)
		return;
	if (connector->session.handle != NULL &&
	    now_ms >= connector->address_deadline_ms) {
		(void)snprintf(reason, sizeof(reason), "%s after %.1fs",
		    connector->session.phase == SESSION_REACHING ?
		    "no TCP connection" : "connected, but no answer",
		    (double)(now_ms - connector->tried_since_ms) / 1000);
		session_abandon(&connector->session);
		addresses_fail(&connector->addresses, reason);
	}
	if (now_ms >= connector->attempt_deadline_ms &&
	    connector->session.handle == NULL)
		connector_end_attempt(connector, now_ms);
	while (connector->phase == CONNECTOR_TRYING &&
	    connector->session.handle == NULL &&
	    STAILQ_EMPTY(&connector->session.events) &&
	    try_next(connector, now_ms))
		;
}

void
connector_init(struct connector *connector, const struct options *options,
    struct subprocesses *ours)
{
	memset(connector, 0, sizeof(*connector));
	connector->options = options;
	connector->ours = ours;
	addresses_init(&connector->addresses, &options->servers, ours);
	connector->patience_ms = CLOCK_NEVER;
	session_init(&connector->session, &options->credentials);
}

void
connector_resume(struct connector *connector,
    const struct session_identity *identity)
{
	int64_t now_ms;

	now_ms = clock_ms();
	session_abandon(&connector->session);
	connector->identity = *identity;
	connector->heard_ms = now_ms;
	connector->proven = identity->id != 0;
	/* Assume the requested timeout until a server grants one. */
	connector->session.timeout_ms =
	    (int)connector->options->session_timeout_ms;
	/* Do not restart --retry-for for a session that had no answer. */
	if (connector->retries == 0)
		connector->first_attempt_ms = now_ms;
	connector_begin_attempt(connector, now_ms);
}

void
connector_start(struct connector *connector)
{
	static const struct session_identity none;

	connector_resume(connector, &none);
}

int64_t
connector_prepare(struct connector *connector, struct pollfd *fds)
{
	int64_t deadline_ms;

	advance(connector, clock_ms());
	deadline_ms = session_prepare(&connector->session, &fds[0]);
	fds[1].fd = connector->addresses.resolver.fd;
	fds[1].events = POLLIN;
	deadline_ms = clock_earlier(deadline_ms, answer_deadline(connector));
	deadline_ms = clock_earlier(deadline_ms,
	    connector_silence_deadline(connector));
	deadline_ms = clock_earlier(deadline_ms,
	    throttling_deadline(connector));
	deadline_ms = clock_earlier(deadline_ms, expiry_deadline(connector));
	if (connector->phase == CONNECTOR_PAUSING)
		deadline_ms = clock_earlier(deadline_ms,
		    connector->pause_until_ms);
	if (connector->phase == CONNECTOR_TRYING)
		deadline_ms = clock_earlier(deadline_ms,
		    connector->session.handle != NULL ?
		    connector->address_deadline_ms :
		    connector->attempt_deadline_ms);
	return deadline_ms;
}

void
connector_process(struct connector *connector, const struct pollfd *fds)
{
	if (fds[0].fd != -1 && fds[0].revents != 0)
		session_process(&connector->session, fds[0].revents);
	if (fds[1].fd != -1 && fds[1].revents != 0)
		addresses_read(&connector->addresses);
}
