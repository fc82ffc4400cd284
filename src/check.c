/*
 * One look at one node, behind a sync so that no lagging server answers.
 */
#include "check.h"

#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "connector.h"
#include "exitcode.h"
#include "log.h"
#include "options.h"

enum tag { TAG_SYNC, TAG_LEASE };

static void
ask(struct session *session, const char *lease)
{
	struct session_request sync = {
		.operation = SESSION_SYNC,
		.tag = TAG_SYNC,
		.watch_tag = SESSION_NO_WATCH,
		.path = lease,
	};
	struct session_request get = {
		.operation = SESSION_GET,
		.tag = TAG_LEASE,
		.watch_tag = SESSION_NO_WATCH,
		.path = lease,
	};

	session_send(session, &sync);
	session_send(session, &get);
}

static int
judge(const struct session_event *event, const char *lease)
{
	const char *fence, *owner;

	fence = getenv("ZKRUN_FENCE");
	owner = getenv("ZKRUN_SESSION");
	if (event->code == SESSION_OK) {
		/* A name is never used twice, but a restored backup might. */
		if (event->czxid == strtoll(fence, NULL, 10) &&
		    (uint64_t)event->owner == strtoull(owner, NULL, 16))
			return 0;
	} else if (event->code != SESSION_NO_NODE) {
		log_error("cannot check '%s': %s", lease, event->reason);
		return EXITCODE_UNREACHABLE;
	}
	log_notice("the lease '%s' is gone", lease);
	return EXITCODE_LOST;
}

/* Returns an exit status, or -1 to go on. */
static int
take_news(struct connector *connector, const char *lease, bool *more)
{
	struct session_event *event;
	char problems[1024];
	int status;

	status = -1;
	*more = true;
	switch (connector_next(connector, &event)) {
	case CONNECTOR_NOTHING:
		*more = false;
		break;
	case CONNECTOR_NEW_SESSION:
	case CONNECTOR_REGAINED:
		ask(&connector->session, lease);
		break;
	case CONNECTOR_EXPIRED:
		connector_start(connector);
		break;
	case CONNECTOR_GAVE_UP:
		connector_explain(connector, problems, sizeof(problems));
		log_error("cannot check '%s': %s", lease, problems);
		status = EXITCODE_UNREACHABLE;
		break;
	case CONNECTOR_EVENT:
		if (event->type == SESSION_REPLY && event->tag == TAG_LEASE)
			status = judge(event, lease);
		break;
	case CONNECTOR_SEEKING:
	case CONNECTOR_LOST_CONTACT:
		break;
	}
	session_event_free(event);
	return status;
}

int
check_run(const struct options *options)
{
	struct pollfd fds[CONNECTOR_FDS];
	struct connector connector;
	const char *lease;
	int64_t deadline_ms, now_ms;
	int status;
	bool more;

	lease = getenv("ZKRUN_LEASE");
	if (lease == NULL || getenv("ZKRUN_FENCE") == NULL ||
	    getenv("ZKRUN_SESSION") == NULL ||
	    servers_check_path(lease) != NULL) {
		log_error("cannot use '--check': the environment names no "
		    "lease (it is for commands that zkrun has started)");
		return EXITCODE_USAGE;
	}
	connector_init(&connector, options);
	connector_start(&connector);
	do {
		memset(fds, 0, sizeof(fds));
		deadline_ms = connector_prepare(&connector, fds);
		status = take_news(&connector, lease, &more);
		if (more)
			continue;
		now_ms = clock_ms();
		(void)poll(fds, CONNECTOR_FDS, deadline_ms == CLOCK_NEVER ?
		    -1 : deadline_ms > now_ms ? (int)(deadline_ms - now_ms) :
		    0);
		connector_process(&connector, fds);
	} while (status == -1);
	connector_close(&connector);
	return status;
}
