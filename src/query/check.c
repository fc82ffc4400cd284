/*
 * zkrun sends a sync before it reads the lease node, because a lagging server
 * would answer with old data.
 */
#include "query/check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "query/ask.h"

enum tag { TAG_SYNC, TAG_LEASE };

/* The lease that the environment names. */
struct wanted {
	const char	*path;
	int64_t		 fence;
	int64_t		 session;
};

/* Returns false if the environment does not name a lease. */
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
	/* strtonum(3) does not read hexadecimal numbers. */
	wanted->session = (int64_t)strtoull(session, &end, 16);
	return problem == NULL && session[0] != '\0' && *end == '\0';
}

static int
judge(const struct session_event *event, const struct wanted *wanted)
{
	if (event->code == SESSION_OK) {
		/* After a backup was restored, another node may have this name. */
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

int
check_run(const struct options *options)
{
	struct session_event *event;
	struct wanted wanted;
	struct asker ask;
	struct session *session = &ask.connector.session;
	int status;

	if (!read_environment(&wanted)) {
		log_error("no lease in the environment (--check works only in "
		    "commands that zkrun started)");
		return EXITCODE_USAGE;
	}
	ask_open(&ask, options, "check", wanted.path);
	do {
		status = ask_wait(&ask, &event);
		if (status == ASK_AGAIN) {
			session_ask(session, SESSION_SYNC, TAG_SYNC,
			    SESSION_NO_WATCH, wanted.path, NULL);
			session_ask(session, SESSION_GET, TAG_LEASE,
			    SESSION_NO_WATCH, wanted.path, NULL);
		} else if (status == ASK_GO_ON &&
		    event->type == SESSION_REPLY && event->tag == TAG_LEASE)
			status = judge(event, &wanted);
		session_event_free(event);
	} while (status < 0);
	connector_close(&ask.connector);
	return status;
}
