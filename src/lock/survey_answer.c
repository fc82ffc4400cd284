/*
 * Stores the answers of a survey, and judges them.
 */
#include "lock/survey_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/paths.h"
#include "lock/runs_text.h"

#define LOOKS_MAX	4	/* while leases change */
#define DOUBT_MS	500	/* to find a holder hidden by a pause */

void
survey_new_task(struct survey *survey, char *name)
{
	struct survey_task *tasks;

	tasks = reallocarray(survey->tasks, survey->task_count + 1,
	    sizeof(*tasks));
	if (tasks != NULL)
		survey->tasks = tasks;
	if (tasks == NULL || name == NULL) {
		free(name);
		survey->no_memory = true;
		return;
	}
	tasks[survey->task_count++] = (struct survey_task){
		.name = name,
		.due = true,
	};
}

void
survey_free_task(struct survey_task *task)
{
	holders_free(&task->holders);
	free(task->name);
	free(task->record);
	free(task->problem.path);
	free(task->record_problem.path);
}

static void
take_names(struct survey *survey, const char *path, struct session_event *event)
{
	size_t i;

	for (i = 0; i < event->count; i++) {
		/* The servers own /zookeeper. */
		if (strcmp(path, "/") == 0 &&
		    strcmp(event->names[i], "zookeeper") == 0)
			continue;
		survey_new_task(survey, event->names[i]);
		event->names[i] = NULL;
	}
}

static void
take_children(struct survey *survey, struct survey_task *task,
    enum paths_parent parent, struct session_event *event)
{
	task->exists |= event->code == SESSION_OK;
	survey->no_memory |= !holders_take(&task->holders, parent, event->names,
	    event->count);
	event->names = NULL;
	event->count = 0;
}

static void
take_contenders(struct survey *survey, struct survey_task *task,
    struct session_event *event)
{
	struct holders *holders = &task->holders;
	size_t known = holders->lease_count + holders->lock_count;

	survey->no_memory |= !holders_add_contenders(holders, event->names,
	    event->count);
	task->exists |= holders->lease_count + holders->lock_count > known;
	event->names = NULL;
	event->count = 0;
}

static void
take_node(struct holders_node *node, struct session_event *event)
{
	node->seen = true;
	node->czxid = event->czxid;
	node->session = event->owner;
	node->since_ms = event->changed_ms;
	node->version = event->version;
	node->data = event->data;
	event->data = NULL;
}

static void
take_record(struct survey_task *task, struct session_event *event)
{
	task->exists = true;
	free(task->record);
	task->record = event->data;
	task->record_length = event->length;
	task->record_version = event->version;
	event->data = NULL;
}

static void
note_problem(struct survey_problem *problem, struct survey_question *question,
    enum session_code code, const char *reason)
{
	if (problem->code != SESSION_OK)
		return;
	problem->code = code;
	problem->path = question->path;
	question->path = NULL;
	(void)strlcpy(problem->reason, reason, sizeof(problem->reason));
}

void
survey_take_answer(struct survey *survey, struct survey_question *question,
    struct session_event *event)
{
	struct survey_task *task = question->task;
	bool missing = event->code == SESSION_NO_NODE;

	if (question->type == ASK_CHROOT) {
		/* A chroot that we may not read exists. */
		if (missing) {
			(void)snprintf(event->reason, sizeof(event->reason),
			    "the chroot of the connect string, '%.80s', does "
			    "not exist", survey->options->servers.chroot);
			note_problem(&survey->problem, question, event->code,
			    event->reason);
		}
	} else if (event->code != SESSION_OK && !missing) {
		note_problem(task == NULL ? &survey->problem :
		    question->type == ASK_RECORD ? &task->record_problem :
		    &task->problem, question, event->code, event->reason);
		if (task != NULL)
			task->exists = true;
	} else if (question->type == ASK_TASKS) {
		take_names(survey, question->path, event);
	} else if (question->type == ASK_LEASES) {
		take_children(survey, task, PATHS_LEASES, event);
	} else if (question->type == ASK_LOCKS) {
		take_children(survey, task, PATHS_LOCKS, event);
	} else if (question->type == ASK_CONTENDERS) {
		take_contenders(survey, task, event);
	} else if (question->type == ASK_RECORD && !missing) {
		take_record(task, event);
	} else if (question->type == ASK_NODE && !missing) {
		take_node(question->node, event);
	}
}

/* Drops children of base and runs that are not tasks. */
static void
drop_strangers(struct survey *survey)
{
	size_t i, kept;

	for (i = kept = 0; i < survey->task_count; i++)
		if (survey->tasks[i].exists)
			survey->tasks[kept++] = survey->tasks[i];
		else
			survey_free_task(&survey->tasks[i]);
	survey->task_count = kept;
}

/*
 * Returns whether to read a task again.  --status prefers to be quick; the
 * other queries have to find every holder.
 */
static bool
is_due(const struct survey *survey, const struct holders *holders)
{
	if (holders->is_doubtful && survey->options->mode != OPTIONS_STATUS)
		return clock_ms() < clock_after(survey->began_ms, DOUBT_MS);
	return holders->lease_count > 0 && holders->holder_count == 0 &&
	    (holders->pause_count == 0 || holders->is_doubtful) &&
	    survey->looks < LOOKS_MAX;
}

bool
survey_judge(struct survey *survey)
{
	struct survey_task *task;
	bool again;
	size_t i;

	survey->looks++;
	for (i = 0, again = false; i < survey->task_count; i++) {
		task = &survey->tasks[i];
		holders_judge(&task->holders);
		task->due = is_due(survey, &task->holders);
		again |= task->due;
	}
	if (!again && survey->options->task_count == 0)
		drop_strangers(survey);
	return again;
}

int
survey_report(const struct survey_problem *problem)
{
	if (problem->code == SESSION_OK)
		return 0;
	log_error("cannot look at '%s': %s", problem->path, problem->reason);
	if (problem->code == SESSION_DENIED)
		return EXITCODE_DENIED;
	/* NO_NODE is a problem only for the chroot. */
	return problem->code == SESSION_NO_NODE ? EXITCODE_UNREACHABLE :
	    EXITCODE_INTERNAL;
}

const char *
survey_read_record(const struct survey_task *task, struct runs_text *log)
{
	memset(log, 0, sizeof(*log));
	/* The problem counts even if a later round has read the record. */
	if (task->record_problem.code != SESSION_OK)
		return task->record_problem.reason;
	return task->record == NULL ? NULL :
	    runs_text_parse(log, task->record, task->record_length);
}
