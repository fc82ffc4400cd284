/*
 * Sends the requests of a survey, in three round trips.
 */
#include "lock/survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/runs_text.h"
#include "lock/survey_private.h"

#define LOOKS_MAX	4	/* at a task whose leases come and go */

void
survey_init(struct survey *survey, const struct options *options,
    struct session *session)
{
	memset(survey, 0, sizeof(*survey));
	survey->options = options;
	survey->session = session;
}

static void
free_task(struct survey_task *task)
{
	holders_free(&task->holders);
	free(task->name);
	free(task->record);
	free(task->problem.path);
	free(task->record_problem.path);
}

void
survey_free(struct survey *survey)
{
	while (survey->task_count > 0)
		free_task(&survey->tasks[--survey->task_count]);
	free(survey->tasks);
	free(survey->questions);
	free(survey->problem.path);
	survey_init(survey, survey->options, survey->session);
}

static void
query(struct survey *survey, enum question_type type, struct survey_task *task,
    struct holders_node *node)
{
	static const enum session_operation operations[] = {
		[ASK_SYNC] = SESSION_SYNC,
		[ASK_CHROOT] = SESSION_GET,
		[ASK_BASE] = SESSION_LIST,
		[ASK_RUNS] = SESSION_LIST,
		[ASK_LOCKS] = SESSION_LIST,
		[ASK_LEASES] = SESSION_LIST,
		[ASK_RECORD] = SESSION_GET,
		[ASK_LOCK] = SESSION_GET,
		[ASK_LEASE] = SESSION_GET,
	};
	struct survey_question *questions, question = { type, task, node };
	int tag = (int)survey->asked;
	char *path;

	path = survey_path_of(survey, &question);
	questions = survey_grow(survey->questions, survey->asked,
	    sizeof(*questions));
	if (questions != NULL) {
		survey->questions = questions;
		questions[survey->asked++] = question;
	}
	if (questions != NULL && path != NULL) {
		session_ask(survey->session, operations[type], tag,
		    SESSION_NO_WATCH, path, NULL);
	} else
		survey->no_memory = true;
	free(path);
}

/*
 * Lists the leases before the queue, while ask_nodes() reads the queue before
 * the leases.  So no waiter is taken for a second holder: whoever waited when
 * its lease was listed is also listed in the queue.  If its place there is gone
 * when ask_nodes() reads it, it has acquired, and the lease that it waited for
 * will be seen to be gone.
 */
static void
ask_lists(struct survey *survey)
{
	struct survey_task *task;
	size_t i;

	survey->flight = SURVEY_LISTS;
	for (i = 0; i < survey->task_count; i++) {
		task = &survey->tasks[i];
		if (!task->due)
			continue;
		query(survey, ASK_LEASES, task, NULL);
		query(survey, ASK_LOCKS, task, NULL);
		if (survey->options->mode == OPTIONS_STATUS)
			query(survey, ASK_RECORD, task, NULL);
	}
}

static void
ask_nodes(struct survey *survey)
{
	struct survey_task *task;
	size_t i, node;

	survey->flight = SURVEY_NODES;
	for (i = 0; i < survey->task_count; i++) {
		task = &survey->tasks[i];
		if (!task->due)
			continue;
		for (node = 0; node < task->holders.lock_count; node++)
			query(survey, ASK_LOCK, task,
			    &task->holders.locks[node]);
		for (node = 0; node < task->holders.lease_count; node++)
			query(survey, ASK_LEASE, task,
			    &task->holders.leases[node]);
	}
}

static int
compare_tasks(const void *a, const void *b)
{
	const struct survey_task *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/* Sorts the tasks that base and runs have, and drops the second of two. */
static void
unite_tasks(struct survey *survey)
{
	struct survey_task *tasks = survey->tasks;
	size_t i, kept;

	if (survey->task_count == 0)
		return;
	qsort(tasks, survey->task_count, sizeof(*tasks), compare_tasks);
	for (i = kept = 1; i < survey->task_count; i++)
		if (compare_tasks(&tasks[i], &tasks[kept - 1]) == 0)
			free_task(&tasks[i]);
		else
			tasks[kept++] = tasks[i];
	survey->task_count = kept;
}

/* Judges the answers.  Returns whether a task is due again. */
static bool
judge(struct survey *survey)
{
	struct survey_task *task;
	bool again;
	size_t i;

	survey->looks++;
	for (i = 0, again = false; i < survey->task_count; i++) {
		task = &survey->tasks[i];
		if (!task->due)
			continue;
		holders_judge(&task->holders);
		task->due = task->holders.lease_count > 0 &&
		    task->holders.holder_count == 0 &&
		    survey->looks < LOOKS_MAX;
		again |= task->due;
	}
	return again;
}

/* Drops nodes below base that are no tasks. */
static void
drop_strangers(struct survey *survey)
{
	size_t i, kept;

	for (i = kept = 0; i < survey->task_count; i++)
		if (survey->tasks[i].exists)
			survey->tasks[kept++] = survey->tasks[i];
		else
			free_task(&survey->tasks[i]);
	survey->task_count = kept;
}

/* All is answered: sends the next flight that has something to ask. */
static enum survey_news
fly_on(struct survey *survey)
{
	do {
		survey->asked = survey->answered = 0;
		switch (survey->flight) {
		case SURVEY_NAMES:
			unite_tasks(survey);
			ask_lists(survey);
			break;
		case SURVEY_LISTS:
			ask_nodes(survey);
			break;
		case SURVEY_NODES:
			if (judge(survey)) {
				ask_lists(survey);
				break;
			}
			if (survey->options->task_count == 0)
				drop_strangers(survey);
			return SURVEY_DONE;
		}
	} while (survey->asked == 0 && !survey->no_memory);
	return survey->no_memory ? SURVEY_FAILED : SURVEY_NOTHING;
}

enum survey_news
survey_begin(struct survey *survey)
{
	const struct options *options = survey->options;
	size_t i;

	survey_free(survey);
	query(survey, ASK_SYNC, NULL, NULL);
	/* Without its chroot every task would look free. */
	if (options->servers.chroot[0] != '\0')
		query(survey, ASK_CHROOT, NULL, NULL);
	if (options->task_count == 0) {
		survey->flight = SURVEY_NAMES;
		query(survey, ASK_BASE, NULL, NULL);
		query(survey, ASK_RUNS, NULL, NULL);
	} else {
		for (i = 0; i < options->task_count; i++)
			survey_add_task(survey, strdup(options->tasks[i]));
		ask_lists(survey);
	}
	return survey->no_memory ? SURVEY_FAILED : SURVEY_NOTHING;
}

enum survey_news
survey_take(struct survey *survey, struct session_event *event)
{
	size_t index = (size_t)event->tag;

	if (event->type != SESSION_REPLY || index >= survey->asked)
		return SURVEY_NOTHING;
	survey_take_answer(survey, &survey->questions[index], event);
	if (survey->no_memory)
		return SURVEY_FAILED;
	return ++survey->answered < survey->asked ? SURVEY_NOTHING :
	    fly_on(survey);
}

int
survey_report(const struct survey_problem *problem)
{
	if (problem->code == SESSION_OK)
		return 0;
	log_error("cannot look at '%s': %s", problem->path, problem->reason);
	if (problem->code == SESSION_DENIED)
		return EXITCODE_DENIED;
	/* Of all nodes only the chroot has to be there. */
	return problem->code == SESSION_NO_NODE ? EXITCODE_UNREACHABLE :
	    EXITCODE_INTERNAL;
}

const char *
survey_read_record(const struct survey_task *task, struct runs_text *log)
{
	memset(log, 0, sizeof(*log));
	/* Another look may have brought a record all the same. */
	if (task->record_problem.code != SESSION_OK)
		return task->record_problem.reason;
	return task->record == NULL ? NULL :
	    runs_text_parse(log, task->record, task->record_length);
}
