/*
 * Attempts and patience.
 */
#include "zookeeper/connector.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/options.h"
#include "system/subprocess.h"

/* Between two rounds over all servers for a session that may still live. */
#define RESUME_PAUSE_MS	100

static void
begin_attempt(struct connector *connector, int64_t now_ms)
{
	connector->phase = CONNECTOR_TRYING;
	connector->attempt_deadline_ms = clock_after(now_ms,
	    connector->options->connect_timeout_ms);
	/* A session does not outlive many servers that take their time. */
	if (connector->identity.id != 0)
		connector->attempt_deadline_ms = clock_earlier(
		    connector->attempt_deadline_ms, clock_after(now_ms,
		    connector->session.timeout_ms / 4));
	addresses_begin(&connector->addresses);
}

static void
end_attempt(struct connector *connector, int64_t now_ms)
{
	char problems[1024];
	int64_t pause_ms;

	if (connector->identity.id != 0) {
		pause_ms = RESUME_PAUSE_MS / 2 +
		    arc4random_uniform(RESUME_PAUSE_MS);
	} else {
		/* Names are looked up afresh for each attempt. */
		resolver_stop(&connector->addresses.resolver);
		pause_ms = backoff_pause_ms(&connector->options->retry,
		    connector->retries, now_ms - connector->first_attempt_ms,
		    arc4random());
		if (pause_ms == BACKOFF_GIVE_UP) {
			connector->phase = CONNECTOR_FAILED;
			return;
		}
		connector->retries++;
		connector_explain(connector, problems, sizeof(problems));
		log_verbose("not connected (%s); trying again in %.1fs",
		    problems, (double)pause_ms / 1000);
	}
	connector->phase = CONNECTOR_PAUSING;
	connector->pause_until_ms = clock_after(now_ms, pause_ms);
}

/*
 * Tries the next address.  Returns false when there is none; then the attempt
 * ends, or waits for names.
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
		/* A session does not wait for names. */
		if (connector->addresses.resolver.fd == -1 ||
		    connector->identity.id != 0)
			end_attempt(connector, now_ms);
		return false;
	}
	shares += connector->addresses.resolver.pending;
	connector->tried_since_ms = now_ms;
	connector->address_deadline_ms = now_ms +
	    (connector->attempt_deadline_ms - now_ms) / (int64_t)shares;
	if (connector->identity.id != 0)
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

/* By when the server in use has to answer what it was asked. */
static int64_t
answer_deadline(const struct connector *connector)
{
	return connector->phase != CONNECTOR_UP ? CLOCK_NEVER : clock_after(
	    session_unanswered_since_ms(&connector->session),
	    connector->patience_ms);
}

/* By when a session that we cannot reach must have expired. */
static int64_t
expiry_deadline(const struct connector *connector)
{
	if (connector->identity.id == 0 ||
	    (connector->phase != CONNECTOR_TRYING &&
	    connector->phase != CONNECTOR_PAUSING))
		return CLOCK_NEVER;
	return clock_after(connector->heard_ms, connector->session.timeout_ms);
}

/* Does what the time is ripe for. */
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
	if (now_ms >= expiry_deadline(connector)) {
		session_abandon(&connector->session);
		connector->phase = CONNECTOR_FAILED;
	}
	if (connector->phase == CONNECTOR_PAUSING &&
	    now_ms >= connector->pause_until_ms)
		begin_attempt(connector, now_ms);
	if (connector->phase != CONNECTOR_TRYING)
		return;
	if (connector->session.handle != NULL &&
	    now_ms >= connector->address_deadline_ms) {
		(void)snprintf(reason, sizeof(reason), "%s for %.1fs",
		    connector->session.phase == SESSION_REACHING ?
		    "silent" : "connected, then silent",
		    (double)(now_ms - connector->tried_since_ms) / 1000);
		session_abandon(&connector->session);
		addresses_fail(&connector->addresses, reason);
	}
	if (now_ms >= connector->attempt_deadline_ms &&
	    connector->session.handle == NULL)
		end_attempt(connector, now_ms);
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
	/* Until a server says otherwise. */
	connector->session.timeout_ms =
	    (int)connector->options->session_timeout_ms;
	connector->retries = 0;
	connector->first_attempt_ms = now_ms;
	begin_attempt(connector, now_ms);
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

/* What a session event means here. */
static enum connector_news
judge(struct connector *connector, const struct session_event *event)
{
	bool resumed;

	switch (event->type) {
	case SESSION_UP:
		resumed = connector->identity.id != 0;
		connector->phase = CONNECTOR_UP;
		connector->identity = connector->session.identity;
		connector->heard_ms = clock_ms();
		resolver_stop(&connector->addresses.resolver);
		return resumed ? CONNECTOR_REGAINED : CONNECTOR_NEW_SESSION;
	case SESSION_DOWN:
		addresses_fail(&connector->addresses, event->reason);
		if (connector->phase != CONNECTOR_UP)
			return CONNECTOR_SEEKING;
		begin_attempt(connector, clock_ms());
		return CONNECTOR_LOST_CONTACT;
	case SESSION_EXPIRED:
		connector->phase = CONNECTOR_IDLE;
		return CONNECTOR_EXPIRED;
	case SESSION_REJECTED:
		if (!connector->session.accepted) {
			connector->phase = CONNECTOR_IDLE;
			return CONNECTOR_REJECTED;
		}
		/* Others think better of us; it must not be asked in a rush. */
		addresses_fail(&connector->addresses, event->reason);
		end_attempt(connector, clock_ms());
		return CONNECTOR_LOST_CONTACT;
	case SESSION_CHANGED:
	case SESSION_REPLY:
		/* Not just readable: so is a connection that is refused. */
		connector->heard_ms = clock_ms();
		break;
	}
	return CONNECTOR_EVENT;
}

enum connector_news
connector_next(struct connector *connector, struct session_event **event)
{
	enum connector_news news;

	*event = NULL;
	if (connector->phase == CONNECTOR_FAILED) {
		connector->phase = CONNECTOR_IDLE;
		return connector->identity.id != 0 ? CONNECTOR_EXPIRED :
		    CONNECTOR_GAVE_UP;
	}
	*event = session_next(&connector->session);
	if (*event == NULL)
		return CONNECTOR_NOTHING;
	news = judge(connector, *event);
	if (news != CONNECTOR_EVENT) {
		session_event_free(*event);
		*event = NULL;
	}
	return news;
}

enum connector_news
connector_wait(struct connector *connector, int64_t give_up_ms,
    struct session_event **event)
{
	struct pollfd fds[CONNECTOR_FDS];
	enum connector_news news;
	int64_t deadline_ms, left_ms, now_ms;

	for (;;) {
		memset(fds, 0, sizeof(fds));
		deadline_ms = clock_earlier(connector_prepare(connector, fds),
		    give_up_ms);
		news = connector_next(connector, event);
		if (news == CONNECTOR_SEEKING)
			continue;
		now_ms = clock_ms();
		if (news != CONNECTOR_NOTHING || now_ms >= give_up_ms)
			return news;
		left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
		/* Longer than an int has milliseconds is as good as for ever. */
		(void)poll(fds, CONNECTOR_FDS, left_ms > INT_MAX ? -1 :
		    (int)left_ms);
		connector_process(connector, fds);
		subprocess_sweep(connector->ours);
	}
}

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
connector_close(struct connector *connector)
{
	resolver_stop(&connector->addresses.resolver);
	session_close(&connector->session);
	connector->phase = CONNECTOR_IDLE;
}
