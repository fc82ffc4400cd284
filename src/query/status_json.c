/*
 * Prints a survey as JSON.  Every key is always there; unknown values are null.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "config/options.h"
#include "lock/paths.h"
#include "lock/runs_text.h"
#include "lock/survey.h"
#include "query/status_print.h"

/* The comma says whether the next value needs one in front. */
struct json {
	FILE	*out;
	bool	 comma;
};

static void
open_with(struct json *json, char bracket)
{
	if (json->comma)
		(void)putc(',', json->out);
	(void)putc(bracket, json->out);
	json->comma = false;
}

static void
close_with(struct json *json, char bracket)
{
	(void)putc(bracket, json->out);
	json->comma = true;
}

static void
put_key(struct json *json, const char *key)
{
	(void)fprintf(json->out, "%s\"%s\":", json->comma ? "," : "", key);
	json->comma = false;
}

/* Writes the text without its quotes. */
static void
put_characters(struct json *json, const char *text)
{
	const char *from;
	uint32_t c;

	while (*text != '\0') {
		from = text;
		c = text_next(&text);
		if (c == '"' || c == '\\')
			(void)fprintf(json->out, "\\%c", (int)c);
		else if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
			(void)fprintf(json->out, "\\u%04x", (unsigned)c);
		else if (c == TEXT_INVALID)
			(void)fputs("\\ufffd", json->out);
		else
			(void)fwrite(from, 1, (size_t)(text - from), json->out);
	}
}

/* NULL and an empty text become null. */
static void
put_text(struct json *json, const char *key, const char *text)
{
	put_key(json, key);
	if (text != NULL && text[0] != '\0') {
		(void)putc('"', json->out);
		put_characters(json, text);
		(void)putc('"', json->out);
	} else
		(void)fputs("null", json->out);
	json->comma = true;
}

static void
put_number(struct json *json, const char *key, int64_t number)
{
	put_key(json, key);
	(void)fprintf(json->out, "%" PRId64, number);
	json->comma = true;
}

static void
put_time(struct json *json, const char *key, int64_t ms)
{
	char day[64], text[80];
	struct tm broken_down;
	time_t seconds;

	seconds = (time_t)(ms / 1000);
	text[0] = '\0';
	/* A year has four digits in ISO 8601. */
	if (ms >= 0 && gmtime_r(&seconds, &broken_down) != NULL &&
	    broken_down.tm_year < 10000 - 1900 &&
	    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &broken_down) != 0)
		(void)snprintf(text, sizeof(text), "%s.%03dZ", day,
		    (int)(ms % 1000));
	put_text(json, key, text);
}

/* Writes a holder, or a waiter, who has no fence. */
static void
put_node(struct json *json, const struct holders_node *node, bool is_holder)
{
	struct holders_who who;
	char session[32];

	holders_read_who(&who, node);
	put_text(json, "host", who.host);
	if (who.is_zkrun)
		put_number(json, "pid", who.pid);
	else
		put_text(json, "pid", NULL);
	put_text(json, "user", who.user);
	put_text(json, "command", who.command);
	put_text(json, "address", who.address);
	put_time(json, "since", who.since_ms);
	put_text(json, "revoked_by", who.revoker);
	if (is_holder)
		put_number(json, "fence", node->czxid);
	else
		put_text(json, "fence", NULL);
	(void)snprintf(session, sizeof(session), "0x%" PRIx64,
	    (uint64_t)node->session);
	put_text(json, "session", node->session != 0 ? session : NULL);
}

static void
put_nodes(struct json *json, const char *base, const struct survey_task *task,
    bool holders)
{
	const struct holders *all = &task->holders;
	const struct holders_node *node;
	size_t count, i;
	char *path;

	count = holders ? all->holder_count : all->waiter_count;
	put_key(json, holders ? "holders" : "waiting");
	open_with(json, '[');
	for (i = 0; i < count; i++) {
		node = holders ? &all->leases[i] : &all->locks[i];
		open_with(json, '{');
		if (!holders)
			put_number(json, "ahead", (int64_t)i);
		put_node(json, node, holders);
		path = paths_make(base, task->name,
		    holders ? PATHS_LEASES : PATHS_LOCKS, node->name);
		put_text(json, "node", path);
		free(path);
		close_with(json, '}');
	}
	close_with(json, ']');
}

/* Writes a run, or null for NULL. */
static void
put_run(struct json *json, const struct runs_text_run *run)
{
	if (run == NULL) {
		(void)fputs("null", json->out);
		json->comma = true;
		return;
	}
	open_with(json, '{');
	put_text(json, "host", run->host);
	put_time(json, "began", run->began_ms);
	put_time(json, "started", run->started_ms);
	put_number(json, "took_ms", run->took_ms);
	put_number(json, "status", run->status);
	put_number(json, "fence", run->fence);
	close_with(json, '}');
}

static void
put_record(struct json *json, const struct survey_task *task)
{
	struct runs_text log;
	const char *problem;
	size_t i;

	problem = survey_read_record(task, &log);
	put_key(json, "last_run");
	put_run(json, runs_text_last(&log, true));
	put_key(json, "last_success");
	put_run(json, runs_text_last(&log, false));
	put_key(json, "runs");
	open_with(json, '[');
	for (i = 0; i < log.count; i++)
		put_run(json, &log.run[i]);
	close_with(json, ']');
	put_text(json, "record_problem", problem);
}

static void
put_task(struct json *json, const char *base, const struct survey_task *task)
{
	bool is_known;

	is_known = task->problem.code == SESSION_OK;
	open_with(json, '{');
	put_text(json, "task", task->name);
	put_key(json, "held");
	(void)fputs(task->holders.holder_count > 0 ? "true" :
	    is_known ? "false" : "null", json->out);
	json->comma = true;
	put_text(json, "problem", is_known ? NULL : task->problem.reason);
	put_nodes(json, base, task, true);
	put_nodes(json, base, task, false);
	put_record(json, task);
	close_with(json, '}');
	/* A line for each task, for people and diff(1). */
	(void)putc('\n', json->out);
}

void
status_print_json(const struct survey *survey, FILE *out)
{
	struct json json = { .out = out };
	size_t i;

	open_with(&json, '{');
	put_text(&json, "base", survey->options->base[0] != '\0' ?
	    survey->options->base : "/");
	put_key(&json, "tasks");
	open_with(&json, '[');
	for (i = 0; i < survey->task_count; i++)
		put_task(&json, survey->options->base, &survey->tasks[i]);
	close_with(&json, ']');
	close_with(&json, '}');
	(void)putc('\n', out);
}
