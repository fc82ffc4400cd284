/* Prints a survey as JSON.  Prints every key, with null for unknown values. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "config/options.h"
#include "lock/paths.h"
#include "lock/pauses.h"
#include "lock/runs_text.h"
#include "lock/survey.h"
#include "query/status_print.h"

enum list {
	HOLDERS,
	WAITING,
	NO_SESSION,	/* queue nodes without a session */
};

/* Writes a bracket or comma, and a key. */
static void
put_key(FILE *out, char before, const char *key)
{
	(void)fprintf(out, "%c\"%s\":", before, key);
}

/* Writes a text, or null for NULL and for an empty text. */
static void
put_text(FILE *out, char before, const char *key, const char *text)
{
	const char *from;
	uint32_t c;

	put_key(out, before, key);
	if (text == NULL || text[0] == '\0') {
		(void)fputs("null", out);
		return;
	}
	(void)putc('"', out);
	while (*text != '\0') {
		from = text;
		c = text_next(&text);
		if (c == '"' || c == '\\')
			(void)fprintf(out, "\\%c", (int)c);
		else if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
			(void)fprintf(out, "\\u%04x", (unsigned)c);
		else if (c == TEXT_INVALID)
			(void)fputs("\\ufffd", out);
		else
			(void)fwrite(from, 1, (size_t)(text - from), out);
	}
	(void)putc('"', out);
}

static void
put_number(FILE *out, char before, const char *key, int64_t number)
{
	put_key(out, before, key);
	(void)fprintf(out, "%" PRId64, number);
}

static void
put_time(FILE *out, char before, const char *key, int64_t ms)
{
	char day[64], text[80];
	struct tm broken_down;
	time_t seconds;

	seconds = (time_t)(ms / 1000);
	text[0] = '\0';
	/* ISO 8601 requires a year of four digits. */
	if (ms >= 0 && gmtime_r(&seconds, &broken_down) != NULL &&
	    broken_down.tm_year < 10000 - 1900 &&
	    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &broken_down) != 0)
		(void)snprintf(text, sizeof(text), "%s.%03dZ", day,
		    (int)(ms % 1000));
	put_text(out, before, key, text);
}

/* Writes a holder or a queue node.  Only a holder has a fencing token. */
static void
put_node(FILE *out, char before, const struct holders_node *node,
    bool is_holder)
{
	struct holders_who who;
	char session[32];

	holders_read_who(&who, node);
	put_text(out, before, "host", who.host);
	if (who.is_zkrun)
		put_number(out, ',', "pid", who.pid);
	else
		put_text(out, ',', "pid", NULL);
	put_text(out, ',', "user", who.user);
	put_text(out, ',', "command", who.command);
	put_text(out, ',', "address", who.address);
	put_text(out, ',', "client", holders_client(node));
	put_time(out, ',', "since", who.since_ms);
	put_text(out, ',', "revoked_by", who.revoker);
	if (is_holder)
		put_number(out, ',', "fence", node->czxid);
	else
		put_text(out, ',', "fence", NULL);
	(void)snprintf(session, sizeof(session), "0x%" PRIx64,
	    (uint64_t)node->session);
	put_text(out, ',', "session", node->session != 0 ? session : NULL);
}

static void
put_nodes(FILE *out, const char *base, const struct survey_task *task,
    enum list list)
{
	static const char *const keys[] = {
		"holders", "waiting", "no_session",
	};
	const struct holders *all = &task->holders;
	const struct holders_node *node;
	size_t first = list == NO_SESSION ? all->waiter_count : 0;
	size_t count = list == HOLDERS ? all->holder_count :
	    list == WAITING ? all->waiter_count : all->no_session_count;
	size_t i;
	char *path;

	put_key(out, ',', keys[list]);
	for (i = 0; i < count; i++) {
		(void)putc(i > 0 ? ',' : '[', out);
		node = list == HOLDERS ? &all->leases[i] :
		    &all->locks[first + i];
		if (list == WAITING)
			put_number(out, '{', "ahead", (int64_t)i);
		put_node(out, list == WAITING ? ',' : '{', node,
		    list == HOLDERS);
		path = paths_make(base, task->name, node->parent, node->name);
		put_text(out, ',', "node", path);
		free(path);
		(void)putc('}', out);
	}
	(void)fputs(count > 0 ? "]" : "[]", out);
}

static void
put_pause(FILE *out, const char *base, const struct survey_task *task,
    const struct holders_node *node, size_t size)
{
	struct pauses_pause pause;
	char *path;

	pauses_read(&pause, node);
	put_text(out, '{', "user", pause.user);
	put_text(out, ',', "host", pause.host);
	put_time(out, ',', "since", node->since_ms);
	put_text(out, ',', "reason", pause.reason);
	put_number(out, ',', "leases", (int64_t)size);
	path = paths_make(base, task->name, node->parent, node->name);
	put_text(out, ',', "node", path);
	free(path);
	(void)putc('}', out);
}

/* Writes one object for each pause, however many nodes it has. */
static void
put_pauses(FILE *out, const char *base, const struct survey_task *task)
{
	const struct holders_node *node;
	size_t i = 0, size;
	bool any = false;

	put_key(out, ',', "paused");
	(void)putc('[', out);
	while ((node = pauses_next(&task->holders, &i, &size)) != NULL) {
		if (any)
			(void)putc(',', out);
		any = true;
		put_pause(out, base, task, node, size);
	}
	(void)putc(']', out);
}

/* Writes a run, or null for NULL. */
static void
put_run(FILE *out, const struct runs_text_run *run)
{
	if (run == NULL) {
		(void)fputs("null", out);
		return;
	}
	put_text(out, '{', "host", run->host);
	put_time(out, ',', "began", run->slot_ms);
	put_time(out, ',', "started", run->started_ms);
	put_number(out, ',', "took_ms", run->took_ms);
	put_number(out, ',', "status", run->status);
	put_number(out, ',', "fence", run->fence);
	(void)putc('}', out);
}

static void
put_record(FILE *out, const struct survey_task *task)
{
	struct runs_text log;
	const char *problem;
	size_t i;

	problem = survey_read_record(task, &log);
	put_key(out, ',', "last_run");
	put_run(out, runs_text_last(&log, true));
	put_key(out, ',', "last_success");
	put_run(out, runs_text_last(&log, false));
	put_key(out, ',', "runs");
	(void)putc('[', out);
	for (i = 0; i < log.count; i++) {
		(void)fputs(i > 0 ? "," : "", out);
		put_run(out, &log.run[i]);
	}
	(void)putc(']', out);
	put_text(out, ',', "record_problem", problem);
}

static void
put_task(FILE *out, const char *base, const struct survey_task *task)
{
	bool is_known;

	is_known = task->problem.code == SESSION_OK;
	put_text(out, '{', "task", task->name);
	put_key(out, ',', "held");
	(void)fputs(task->holders.holder_count > 0 ? "true" :
	    is_known ? "false" : "null", out);
	put_text(out, ',', "problem", is_known ? NULL : task->problem.reason);
	put_nodes(out, base, task, HOLDERS);
	put_nodes(out, base, task, WAITING);
	put_nodes(out, base, task, NO_SESSION);
	put_pauses(out, base, task);
	put_record(out, task);
	/* Each task has a line of its own, for people and for diff(1). */
	(void)fputs("}\n", out);
}

void
status_print_json(const struct survey *survey, FILE *out)
{
	const char *base = survey->options->base;
	size_t i;

	put_text(out, '{', "base", base[0] != '\0' ? base : "/");
	put_key(out, ',', "tasks");
	(void)putc('[', out);
	for (i = 0; i < survey->task_count; i++) {
		(void)fputs(i > 0 ? "," : "", out);
		put_task(out, base, &survey->tasks[i]);
	}
	(void)fputs("]}\n", out);
}
