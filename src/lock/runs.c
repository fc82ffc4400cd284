/*
 * Reading and writing the record of runs.
 *
 * A store whose reply was lost is looked for after the contact came back: the
 * run's fence tells whether it is in.  With several holders the version of the
 * node tells when another one has stored first; then it is read again.
 */
#include "lock/runs.h"

#include <stdio.h>
#include <string.h>

#include "zookeeper/session.h"

#define MAX_ATTEMPTS	5	/* to make a node that is reaped or deleted */

enum tag {
	TAG_READ = RECORD_READ_TAG,
	TAG_PARENT,
	TAG_MAKE,
	TAG_STORE,
	TAG_SYNC,
};

/* The steps of a store; which of them failed is what matters. */
enum { LEASE_STEP, RECORD_STEP, STEPS };

static void
ask(struct record *record, enum session_operation operation, enum tag tag,
    const char *path, const char *data)
{
	struct session_request request = {
		.operation = operation,
		.tag = (int)tag,
		.watch_tag = SESSION_NO_WATCH,
		.path = path,
		.data = data,
	};

	session_send(record->session, &request);
}

static enum record_news
fail(struct record *record, enum record_failure failure, const char *reason)
{
	record->failure = failure;
	record->wanted = record->storing = false;
	(void)strlcpy(record->reason, reason, sizeof(record->reason));
	return RECORD_FAILED;
}

/* Makes the node and all above it, and reads it, in one flight. */
static void
make(struct record *record)
{
	struct runs_text empty = { .count = 0 };
	char path[RECORD_PATH_SIZE], text[RUNS_TEXT_SIZE];
	size_t end;

	end = 0;
	for (;;) {
		end += 1 + strcspn(record->path + end + 1, "/");
		if (record->path[end] == '\0')
			break;
		(void)snprintf(path, sizeof(path), "%.*s", (int)end,
		    record->path);
		ask(record, SESSION_CREATE_SHARED, TAG_PARENT, path, NULL);
	}
	runs_text_format(&empty, text);
	ask(record, SESSION_CREATE_PERSISTENT, TAG_MAKE, record->path, text);
	ask(record, SESSION_GET, TAG_READ, record->path, NULL);
}

static void
send_store(struct record *record)
{
	struct session_request request = {
		.operation = SESSION_MULTI,
		.tag = TAG_STORE,
		.watch_tag = SESSION_NO_WATCH,
		.step_count = STEPS,
	};
	struct runs_text log = record->log;
	char text[RUNS_TEXT_SIZE];

	runs_text_add(&log, &record->run);
	runs_text_format(&log, text);
	request.steps[LEASE_STEP].type = record->release ?
	    SESSION_DELETE_STEP : SESSION_CHECK_STEP;
	request.steps[LEASE_STEP].path = record->lease;
	request.steps[LEASE_STEP].version = -1;
	request.steps[RECORD_STEP].type = SESSION_SET_STEP;
	request.steps[RECORD_STEP].path = record->path;
	request.steps[RECORD_STEP].data = text;
	request.steps[RECORD_STEP].version = record->version;
	session_send(record->session, &request);
}

static enum record_news
stored(struct record *record)
{
	record->storing = false;
	return RECORD_IS_STORED;
}

static enum record_news
take_read(struct record *record, const struct session_event *event)
{
	const char *problem;

	if (!record->wanted)
		return RECORD_NOTHING;
	if (event->code == SESSION_NO_NODE) {
		if (record->parents_denied)
			return fail(record, RECORD_DENIED,
			    "it is missing and may not be made");
		if (record->attempts++ == MAX_ATTEMPTS)
			return fail(record, RECORD_REFUSED,
			    "it cannot be made");
		make(record);
		return RECORD_NOTHING;
	}
	if (event->code != SESSION_OK)
		return fail(record, event->code == SESSION_DENIED ?
		    RECORD_DENIED : RECORD_REFUSED, event->reason);
	/* Should it be deleted, it may be made again where it was. */
	record->parents_denied = false;
	problem = runs_text_parse(&record->log, event->data, event->length);
	if (problem != NULL)
		return fail(record, RECORD_CORRUPT, problem);
	record->wanted = false;
	record->attempts = 0;
	record->version = event->version;
	if (!record->storing)
		return RECORD_IS_READ;
	if (runs_text_find(&record->log, record->run.fence) != NULL)
		return stored(record);
	if (record->lease_gone) {
		record->storing = false;
		return RECORD_LEASE_GONE;
	}
	send_store(record);
	return RECORD_NOTHING;
}

static enum record_news
take_stored(struct record *record, const struct session_event *event)
{
	if (!record->storing)
		return RECORD_NOTHING;
	if (event->code == SESSION_OK)
		return stored(record);
	if (event->code == SESSION_NO_NODE ||
	    (event->failed_step == RECORD_STEP &&
	    event->code == SESSION_STALE)) {
		/* Of two copies of a store the other one may have freed it. */
		record->lease_gone = event->failed_step == LEASE_STEP;
		record->wanted = true;
		ask(record, SESSION_GET, TAG_READ, record->path, NULL);
		return RECORD_NOTHING;
	}
	return fail(record, event->code == SESSION_DENIED ?
	    RECORD_DENIED : RECORD_REFUSED, event->reason);
}

void
record_init(struct record *record, struct session *session, const char *path)
{
	memset(record, 0, sizeof(*record));
	record->session = session;
	/* Its length is bounded by the options. */
	(void)strlcpy(record->path, path, sizeof(record->path));
}

void
record_expect(struct record *record)
{
	record->wanted = true;
	record->storing = record->parents_denied = false;
	record->attempts = 0;
}

void
record_forget(struct record *record)
{
	record->wanted = false;
}

void
record_store(struct record *record, const struct runs_text_run *run,
    const char *lease, bool release)
{
	record->wanted = false;
	record->storing = true;
	record->release = release;
	record->lease_gone = false;
	record->run = *run;
	(void)strlcpy(record->lease, lease, sizeof(record->lease));
	send_store(record);
}

void
record_resume(struct record *record)
{
	if (!record->wanted && !record->storing)
		return;
	record->wanted = true;
	record->lease_gone = false;
	ask(record, SESSION_SYNC, TAG_SYNC, record->path, NULL);
	ask(record, SESSION_GET, TAG_READ, record->path, NULL);
}

bool
record_owns(const struct session_event *event)
{
	return event->type == SESSION_REPLY && event->tag >= RECORD_READ_TAG &&
	    event->tag < RECORD_TAGS_END;
}

enum record_news
record_take(struct record *record, const struct session_event *event)
{
	switch ((enum tag)event->tag) {
	case TAG_READ:
		return take_read(record, event);
	case TAG_STORE:
		return take_stored(record, event);
	case TAG_PARENT:
	case TAG_MAKE:
		/* Also said of a parent that exists: the read will tell. */
		if (event->code == SESSION_DENIED)
			record->parents_denied = true;
		break;
	case TAG_SYNC:
		break;
	}
	return RECORD_NOTHING;
}
