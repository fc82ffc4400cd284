/*
 * One look at one node, behind a sync so that no lagging server answers.
 */
#include "query/check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "query/ask.h"
#include "zookeeper/connector.h"

enum tag { TAG_SYNC, TAG_LEASE };

/* The lease as the environment names it. */
struct wanted {
	const char	*path;
	int64_t		 fence;
	int64_t		 session;
};

/* Returns false if the environment of this process names no lease. */
static bool
read_environment(struct wanted *wanted)
{
	const char *fence, *problem, *session;
	char *end;

	wanted->path = getenv("ZKRUN_LEASE");
	fence = getenv("ZKRUN_FENCE");
	session = getenv("ZKRUN_SESSION");
	if (wanted->path == NULL || fence == NULL || session == NULL ||
	    servers_check_path(wanted->path) != NULL)
		return false;
	wanted->fence = strtonum(fence, 0, INT64_MAX, &problem);
	/* strtonum(3) reads no hexadecimal. */
	wanted->session = (int64_t)strtoull(session, &end, 16);
	return problem == NULL && session[0] != '\0' && *end == '\0';
}

static void
ask(struct session *session, const char *lease)
{
	session_ask(session, SESSION_SYNC, TAG_SYNC, SESSION_NO_WATCH, lease,
	    NULL);
	session_ask(session, SESSION_GET, TAG_LEASE, SESSION_NO_WATCH, lease,
	    NULL);
}

static int
judge(const struct session_event *event, const struct wanted *wanted)
{
	if (event->code == SESSION_OK) {
		/* A name is never used twice, but a restored backup might. */
		if (event->czxid == wanted->fence &&
		    event->owner == wanted->session)
			return 0;
	} else if (event->code != SESSION_NO_NODE) {
		log_error("cannot check '%s': %s", wanted->path,
		    event->reason);
		return EXITCODE_UNREACHABLE;
	}
	log_notice("the lease '%s' is gone", wanted->path);
	return EXITCODE_LOST;
}

/* Waits for the next news.  Returns an exit status, or -1 to go on. */
static int
take_news(struct connector *connector, const struct wanted *wanted)
{
	struct session_event *event;
	int status;

	status = -1;
	switch (ask_wait(connector, CLOCK_NEVER, "check", wanted->path,
	    &event)) {
	case ASK_NOW:
		ask(&connector->session, wanted->path);
		break;
	case ASK_EVENT:
		if (event->type == SESSION_REPLY && event->tag == TAG_LEASE)
			status = judge(event, wanted);
		break;
	case ASK_UNREACHABLE:
	case ASK_REJECTED:
		status = EXITCODE_UNREACHABLE;
		break;
	case ASK_LATE:
		break;
	}
	session_event_free(event);
	return status;
}

int
check_run(const struct options *options)
{
	struct connector connector;
	struct wanted wanted;
	int status;

	if (!read_environment(&wanted)) {
		log_error("cannot use '--check': the environment names no "
		    "lease (it is for commands that zkrun has started)");
		return EXITCODE_USAGE;
	}
	connector_init(&connector, options);
	connector_start(&connector);
	do {
		status = take_news(&connector, &wanted);
	} while (status == -1);
	connector_close(&connector);
	return status;
}
