/*
 * Turns events of the session into news of contact.
 */
#include <sys/param.h>

#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "config/options.h"
#include "system/subprocess.h"
#include "zookeeper/connector_private.h"

/* The number of successive short contacts that cause no pause. */
#define BRIEF_MAX	1

bool
connector_is_steady(const struct connector *connector)
{
	return connector->brief <= BRIEF_MAX ||
	    clock_ms() - connector->up_ms >= SHUT_PAUSE_MS;
}

/* Counts successive contacts that were short. */
static void
count_brief(struct connector *connector)
{
	if (clock_ms() - connector->up_ms >= SHUT_PAUSE_MS)
		connector->brief = 0;
	else
		connector->brief = MIN(connector->brief + 1, BRIEF_MAX + 1);
}

/*
 * Handles the end of a connection.  Tries to resume a session at once if the
 * session is proven, unless the server answered no request or short contacts
 * repeat.
 */
static enum connector_news
lose_contact(struct connector *connector, const struct session_event *event)
{
	bool useless = event->unanswered;

	addresses_fail(&connector->addresses, event->reason);
	if (connector->phase != CONNECTOR_UP) {
		connector->shut |= useless;
		return CONNECTOR_SEEKING;
	}
	count_brief(connector);
	useless |= connector->brief > BRIEF_MAX;
	connector->shut |= useless;
	/* Continue this attempt with the other addresses. */
	connector->phase = CONNECTOR_TRYING;
	if (connector->proven && !useless)
		connector_begin_attempt(connector, clock_ms());
	return CONNECTOR_LOST_CONTACT;
}

/* Handles a server's refusal.  Other servers may resume a proven session. */
static enum connector_news
take_rejection(struct connector *connector, const struct session_event *event)
{
	connector->rejected_by = connector->addresses.current;
	addresses_fail(&connector->addresses, event->reason);
	if (connector->phase == CONNECTOR_UP)
		count_brief(connector);
	connector->phase = CONNECTOR_IDLE;
	connector->shut = true;
	if (connector->proven)
		connector_end_attempt(connector, clock_ms());
	return CONNECTOR_REJECTED;
}

/* Handles a session event and returns what it means. */
static enum connector_news
judge(struct connector *connector, const struct session_event *event)
{
	bool resumed;

	switch (event->type) {
	case SESSION_UP:
		resumed = connector->identity.id != 0;
		connector->phase = CONNECTOR_UP;
		connector->identity = connector->session.identity;
		connector->heard_ms = connector->up_ms = clock_ms();
		connector->slowest_ms = 0;
		resolver_stop(&connector->addresses.resolver);
		return resumed ? CONNECTOR_REGAINED : CONNECTOR_NEW_SESSION;
	case SESSION_DOWN:
		return lose_contact(connector, event);
	case SESSION_EXPIRED:
		connector->phase = CONNECTOR_IDLE;
		return CONNECTOR_EXPIRED;
	case SESSION_REJECTED:
		return take_rejection(connector, event);
	case SESSION_REPLY:
		connector->proven = true;
		connector->retries = connector->resumes = 0;
		connector->slowest_ms = MAX(connector->slowest_ms,
		    event->read_ms - event->sent_ms);
		/* FALLTHROUGH */
	case SESSION_CHANGED:
		/*
		 * Do not trust POLLIN: a refused connection is readable as
		 * well.
		 */
		connector->heard_ms = clock_ms();
		break;
	}
	return CONNECTOR_EVENT;
}

/* Returns news that no session event reports. */
static enum connector_news
take_own_news(struct connector *connector)
{
	if (connector->phase == CONNECTOR_EXPIRING ||
	    connector->phase == CONNECTOR_GIVING_UP) {
		enum connector_news news = connector->phase ==
		    CONNECTOR_EXPIRING ? CONNECTOR_EXPIRED : CONNECTOR_GAVE_UP;

		connector->phase = CONNECTOR_IDLE;
		return news;
	}
	if (clock_ms() < connector_silence_deadline(connector))
		return CONNECTOR_NOTHING;
	connector->told_silent_since_ms =
	    session_unanswered_since_ms(&connector->session);
	return CONNECTOR_SILENT;
}

enum connector_news
connector_next(struct connector *connector, struct session_event **event)
{
	enum connector_news news;

	*event = session_next(&connector->session);
	if (*event == NULL)
		return take_own_news(connector);
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
		/* poll(2) takes an int, so wait forever for a longer time. */
		(void)poll(fds, CONNECTOR_FDS, left_ms > INT_MAX ? -1 :
		    (int)left_ms);
		connector_process(connector, fds);
		subprocess_sweep(connector->ours);
	}
}

void
connector_close(struct connector *connector)
{
	session_close(&connector->session);
	resolver_close(&connector->addresses.resolver);
	connector->phase = CONNECTOR_IDLE;
}
