/*
 * Reads and writes the record of runs.
 *
 * If the reply to a store is lost, zkrun reads the record once contact returns:
 * the fencing token shows whether the run is in it.  If another holder stored
 * first, the node's version has changed; zkrun then reads the record and stores
 * again.
 */
#include "lock/runs.h"

#include <stdio.h>
#include <string.h>

#include "lock/parents.h"
#include "zookeeper/session.h"

#define MAX_ATTEMPTS	5	/* to create a node that others delete */

enum tag {
	TAG_READ = RUNS_READ_TAG,
	TAG_PARENT,
	TAG_MAKE,
	TAG_STORE,
	TAG_SYNC,
};

/* The steps of a store.  The reply tells which step failed. */
enum { LEASE_STEP, RECORD_STEP, STEPS };

static void
ask(struct runs *runs, enum session_operation operation, enum tag tag,
    const char *path, const char *data)
{
	session_ask(runs->session, operation, (int)tag, SESSION_NO_WATCH, path,
	    data);
}

static enum runs_news
finish(struct runs *runs, enum runs_news news)
{
	runs->wanted = runs->storing = false;
	return news;
}

static enum runs_news
fail(struct runs *runs, enum runs_failure failure, const char *reason)
{
	runs->failure = failure;
	(void)strlcpy(runs->reason, reason, sizeof(runs->reason));
	return finish(runs, RUNS_FAILED);
}

/* Creates the node and its parents, and reads it, in one round trip. */
static void
make(struct runs *runs)
{
	struct runs_text empty = { .count = 0 };
	char text[RUNS_TEXT_SIZE];

	(void)parents_make(runs->session, runs->path, TAG_PARENT, TAG_PARENT);
	runs_text_format(&empty, text);
	ask(runs, SESSION_CREATE_PERSISTENT, TAG_MAKE, runs->path, text);
	ask(runs, SESSION_GET, TAG_READ, runs->path, NULL);
}

static void
send_store(struct runs *runs)
{
	struct runs_text log = runs->log;
	char text[RUNS_TEXT_SIZE];
	const struct session_step steps[STEPS] = {
		[LEASE_STEP] = { runs->release ? SESSION_DELETE_STEP :
		    SESSION_CHECK_STEP, runs->lease, NULL, -1 },
		[RECORD_STEP] = { SESSION_SET_STEP, runs->path, text,
		    runs->version },
	};

	runs_text_add(&log, &runs->run);
	runs_text_format(&log, text);
	session_ask_steps(runs->session, TAG_STORE, steps, STEPS);
}

static enum runs_news
take_read(struct runs *runs, const struct session_event *event)
{
	const char *problem;

	if (!runs->wanted)
		return RUNS_NOTHING;
	if (event->code == SESSION_NO_NODE) {
		if (runs->parents_denied)
			return fail(runs, RUNS_DENIED,
			    "it does not exist and may not be created");
		if (runs->attempts++ == MAX_ATTEMPTS)
			return fail(runs, RUNS_REFUSED,
			    "it cannot be created");
		make(runs);
		return RUNS_NOTHING;
	}
	if (event->code != SESSION_OK)
		return fail(runs, event->code == SESSION_DENIED ?
		    RUNS_DENIED : RUNS_REFUSED, event->reason);
	/* The node exists, so its parents exist, even if a create failed. */
	runs->parents_denied = false;
	problem = runs_text_parse(&runs->log, event->data, event->length);
	if (problem != NULL)
		return fail(runs, RUNS_CORRUPT, problem);
	runs->wanted = false;
	runs->attempts = 0;
	runs->version = event->version;
	if (!runs->storing)
		return RUNS_READ;
	if (runs_text_find(&runs->log, runs->run.fence) != NULL)
		return finish(runs, RUNS_STORED);
	if (runs->lease_gone)
		return finish(runs, RUNS_LEASE_GONE);
	send_store(runs);
	return RUNS_NOTHING;
}

static enum runs_news
take_stored(struct runs *runs, const struct session_event *event)
{
	if (!runs->storing)
		return RUNS_NOTHING;
	if (event->code == SESSION_OK)
		return finish(runs, RUNS_STORED);
	if (event->code == SESSION_NO_NODE ||
	    (event->failed_step == RECORD_STEP &&
	    event->code == SESSION_STALE)) {
		/* An earlier try of this store may have deleted the lease. */
		runs->lease_gone = event->failed_step == LEASE_STEP;
		runs->wanted = true;
		ask(runs, SESSION_GET, TAG_READ, runs->path, NULL);
		return RUNS_NOTHING;
	}
	return fail(runs, event->code == SESSION_DENIED ?
	    RUNS_DENIED : RUNS_REFUSED, event->reason);
}

void
runs_init(struct runs *runs, struct session *session, const char *parent,
    const char *task)
{
	memset(runs, 0, sizeof(*runs));
	runs->session = session;
	/* The options limit the length, so the path fits. */
	(void)snprintf(runs->path, sizeof(runs->path), "%s/%s", parent, task);
}

void
runs_expect(struct runs *runs)
{
	runs->wanted = true;
	runs->storing = runs->parents_denied = false;
	runs->attempts = 0;
}

void
runs_forget(struct runs *runs)
{
	runs->wanted = false;
}

void
runs_store(struct runs *runs, const struct runs_text_run *run,
    const char *lease, bool release)
{
	runs->wanted = false;
	runs->storing = true;
	runs->release = release;
	runs->lease_gone = false;
	runs->run = *run;
	(void)strlcpy(runs->lease, lease, sizeof(runs->lease));
	send_store(runs);
}

void
runs_resume(struct runs *runs)
{
	if (!runs->wanted && !runs->storing)
		return;
	runs->wanted = true;
	runs->lease_gone = false;
	ask(runs, SESSION_SYNC, TAG_SYNC, runs->path, NULL);
	ask(runs, SESSION_GET, TAG_READ, runs->path, NULL);
}

bool
runs_owns(const struct session_event *event)
{
	return event->type == SESSION_REPLY && event->tag >= RUNS_READ_TAG &&
	    event->tag < RUNS_TAGS_END;
}

enum runs_news
runs_take(struct runs *runs, const struct session_event *event)
{
	switch ((enum tag)event->tag) {
	case TAG_READ:
		return take_read(runs, event);
	case TAG_STORE:
		return take_stored(runs, event);
	case TAG_PARENT:
	case TAG_MAKE:
		/* Continue: the read shows whether the parent exists. */
		if (event->code == SESSION_DENIED)
			runs->parents_denied = true;
		break;
	case TAG_SYNC:
		break;
	}
	return RUNS_NOTHING;
}
