/* Lists records, or shows records and deletes exactly these. */
#include "query/forget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "base/text.h"
#include "config/options.h"
#include "lock/runs_text.h"
#include "lock/survey.h"
#include "query/ask.h"
#include "query/confirm.h"
#include "query/output.h"

/* Returns the time of the last run's start, or 0 for a bad or empty record. */
static int64_t
last_ms(const struct survey_task *task)
{
	struct runs_text log;

	(void)survey_read_record(task, &log);
	return log.count > 0 ? log.run[0].started_ms : 0;
}

static int
compare_ages(const void *one, const void *other)
{
	const struct survey_task *a = one, *b = other;
	int64_t a_ms = last_ms(a), b_ms = last_ms(b);

	return a_ms != b_ms ? (a_ms < b_ms ? -1 : 1) : strcmp(a->name, b->name);
}

static bool
is_in_use(const struct survey_task *task)
{
	return task->problem.code != SESSION_OK ||
	    task->holders.holder_count > 0 || task->holders.pause_count > 0 ||
	    task->holders.waiter_count > 0;
}

/* A record that zkrun cannot read also counts. */
static bool
has_record(const struct survey_task *task)
{
	return task->record != NULL ||
	    task->record_problem.code != SESSION_OK;
}

static bool
is_listed(const struct survey_task *task)
{
	return has_record(task) && !is_in_use(task);
}

/* Describes the last run of a record. */
static void
describe_record(const struct survey_task *task, char *text, size_t size)
{
	struct runs_text log;
	const char *problem;
	char host[RUNS_TEXT_HOST], since[32];

	problem = survey_read_record(task, &log);
	if (problem != NULL)
		(void)snprintf(text, size, "unreadable: %s", problem);
	else if (log.count == 0)
		(void)strlcpy(text, "no runs", size);
	else {
		text_since(since, sizeof(since), log.run[0].started_ms);
		text_clean(host, sizeof(host), log.run[0].host);
		(void)snprintf(text, size, "last run %s on %s, exit %d", since,
		    host, log.run[0].status);
	}
}

static void
print_records(const struct survey *survey, FILE *out)
{
	const struct survey_task *task;
	char name[512], text[512];
	size_t i, width = 0;

	for (i = 0; i < survey->task_count; i++)
		if (is_listed(&survey->tasks[i]) &&
		    text_width(survey->tasks[i].name) > width)
			width = text_width(survey->tasks[i].name);
	for (i = 0; i < survey->task_count; i++) {
		task = &survey->tasks[i];
		if (!is_listed(task))
			continue;
		text_clean(name, sizeof(name), task->name);
		describe_record(task, text, sizeof(text));
		(void)fprintf(out, "%s%*s  %s\n", name,
		    (int)(width - text_width(name)), "", text);
	}
}

static int
list_records(struct survey *survey)
{
	if (survey->task_count > 0)
		qsort(survey->tasks, survey->task_count,
		    sizeof(*survey->tasks), compare_ages);
	return output_print(print_records, survey);
}

/* Shows the records and counts them.  Returns 0, or an exit status. */
static int
show_records(const struct survey *survey, FILE *terminal, size_t *count)
{
	const struct survey_task *task;
	char line[1200], text[512];
	int status = 0;

	*count = 0;
	for (task = survey->tasks; task < survey->tasks + survey->task_count;
	    task++) {
		if (status == 0)
			status = survey_report(&task->problem);
		if (status == 0)
			status = survey_report(&task->record_problem);
		if (status == 0 && is_in_use(task)) {
			log_error("cannot forget '%s': it is held, waited for "
			    "or paused", task->name);
			status = survey->options->conflict_exit_code;
		}
		if (!has_record(task))
			log_notice("'%s' has no record of runs", task->name);
		if (task->record == NULL || status != 0)
			continue;
		describe_record(task, text, sizeof(text));
		(void)snprintf(line, sizeof(line), "'%s' has a record: %s",
		    task->name, text);
		confirm_show(terminal, line);
		++*count;
	}
	return status;
}

/* Deletes the record, unless it changed after zkrun showed it. */
static int
delete_record(struct asker *ask, const struct survey_task *task)
{
	char path[sizeof(ask->options->runs) + 256];
	const struct session_step step = {
		SESSION_DELETE_STEP, path, NULL, task->record_version,
	};
	struct session_event *event;
	int status;

	(void)snprintf(path, sizeof(path), "%s/%s", ask->options->runs,
	    task->name);
	status = ask_steps(ask, &step, 1, &event);
	if (status != ASK_GO_ON)
		return status;
	if (event->code == SESSION_OK || event->code == SESSION_NO_NODE)
		log_notice("the record of '%s' is deleted", task->name);
	else if (event->code == SESSION_STALE) {
		log_error("cannot forget '%s': it has just run", task->name);
		status = ask->options->conflict_exit_code;
	} else
		status = ask_refused(ask, path, event);
	session_event_free(event);
	return status;
}

static int
forget(struct asker *ask, const struct survey *survey, FILE *terminal)
{
	size_t count, i;
	int status;

	status = show_records(survey, terminal, &count);
	if (status != 0 || count == 0)
		return status;
	if (!confirm_ask(terminal, "Delete these records?"))
		return survey->options->conflict_exit_code;
	for (i = 0, status = ASK_GO_ON; i < survey->task_count &&
	    status == ASK_GO_ON; i++)
		if (survey->tasks[i].record != NULL)
			status = delete_record(ask, &survey->tasks[i]);
	return status == ASK_GO_ON ? 0 : status;
}

int
forget_run(const struct options *options)
{
	struct survey survey;
	struct asker ask;
	FILE *terminal = NULL;
	bool lists = options->task_count == 0;
	int status;

	status = lists ? 0 : confirm_open(options, "forget",
	    options->tasks[0], &terminal);
	if (status != 0)
		return status;
	ask_open(&ask, options, lists ? "look at" : "forget",
	    lists ? options->runs : options->tasks[0]);
	survey_init(&survey, options, &ask.connector.session);
	status = ask_survey(&ask, &survey);
	if (status == ASK_GO_ON)
		status = survey_report(&survey.problem);
	if (status == 0)
		status = lists ? list_records(&survey) :
		    forget(&ask, &survey, terminal);
	survey_free(&survey);
	connector_close(&ask.connector);
	confirm_close(terminal);
	return status;
}
