/*
 * The flights.
 */
#include "lock/survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/runs_text.h"
#include "lock/survey_answer.h"

#define LOOKS_MAX	4	/* at a task whose holders come and go */

void
survey_init(struct survey *survey, const struct options *options,
    struct session *session, int first_tag)
{
	memset(survey, 0, sizeof(*survey));
	survey->first_tag = first_tag;
	survey->options = options;
	survey->session = session;
}

static void
free_names(struct survey *survey)
{
	while (survey->name_count > 0)
		free(survey->names[--survey->name_count]);
	free(survey->names);
	survey->names = NULL;
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
	free_names(survey);
	survey_init(survey, survey->options, survey->session,
	    survey->first_tag);
}

/* Takes the place of the next question, or returns NULL. */
static struct survey_question *
add_question(struct survey *survey)
{
	struct survey_question *questions;
	size_t room;

	if (survey->asked == survey->room) {
		room = survey->room > 0 ? 2 * survey->room : 64;
		questions = reallocarray(survey->questions, room,
		    sizeof(*questions));
		if (questions == NULL)
			return NULL;
		survey->questions = questions;
		survey->room = room;
	}
	return &survey->questions[survey->asked++];
}

static void
ask(struct survey *survey, enum question_type type, struct survey_task *task,
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
	struct survey_question *question;
	int tag = survey->first_tag + (int)survey->asked;
	char *path;

	question = add_question(survey);
	if (question == NULL) {
		survey->no_memory = true;
		return;
	}
	question->type = type;
	question->task = task;
	question->node = node;
	path = survey_path_of(survey, question);
	if (path == NULL) {
		survey->no_memory = true;
		return;
	}
	session_ask(survey->session, operations[type], tag, SESSION_NO_WATCH,
	    path, NULL);
	free(path);
}

/*
 * The leases before the line, and below these the line before the leases.  Who
 * waited while its lease was listed is then listed in the line, too; and if its
 * place in line is gone when that is looked at, it has got what it waited for,
 * and the lease before it will be seen to be gone.  So no waiter is taken for a
 * second holder.
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
		ask(survey, ASK_LEASES, task, NULL);
		ask(survey, ASK_LOCKS, task, NULL);
		if (survey->options->mode == OPTIONS_STATUS)
			ask(survey, ASK_RECORD, task, NULL);
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
			ask(survey, ASK_LOCK, task, &task->holders.locks[node]);
		for (node = 0; node < task->holders.lease_count; node++)
			ask(survey, ASK_LEASE, task,
			    &task->holders.leases[node]);
	}
}

/* Makes tasks of the names. */
static void
make_tasks(struct survey *survey)
{
	size_t i;

	survey->tasks = calloc(survey->name_count + 1, sizeof(*survey->tasks));
	if (survey->tasks == NULL) {
		survey->no_memory = true;
		return;
	}
	for (i = 0; i < survey->name_count; i++) {
		survey->tasks[i].name = survey->names[i];
		survey->tasks[i].due = true;
	}
	survey->task_count = survey->name_count;
	survey->name_count = 0;
	free_names(survey);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts what base and runs have, each name once. */
static void
unite_names(struct survey *survey)
{
	char **names = survey->names;
	size_t i, kept;

	if (survey->name_count == 0)
		return;
	qsort(names, survey->name_count, sizeof(*names), compare_names);
	for (i = kept = 1; i < survey->name_count; i++)
		if (strcmp(names[i], names[kept - 1]) == 0)
			free(names[i]);
		else
			names[kept++] = names[i];
	survey->name_count = kept;
}

/* Judges what was looked at; returns whether something is due again. */
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

/* What is found below base need not be a task. */
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

/* All is answered: sends what comes next, if there is anything to ask. */
static enum survey_news
fly_on(struct survey *survey)
{
	do {
		survey->asked = survey->answered = 0;
		switch (survey->flight) {
		case SURVEY_NAMES:
			unite_names(survey);
			make_tasks(survey);
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
	ask(survey, ASK_SYNC, NULL, NULL);
	/* Where it is missing everything is, and "free" would be no answer. */
	if (options->servers.chroot[0] != '\0')
		ask(survey, ASK_CHROOT, NULL, NULL);
	if (options->task_count == 0) {
		survey->flight = SURVEY_NAMES;
		ask(survey, ASK_BASE, NULL, NULL);
		ask(survey, ASK_RUNS, NULL, NULL);
	} else {
		for (i = 0; i < options->task_count; i++)
			survey_add_name(survey, strdup(options->tasks[i]));
		make_tasks(survey);
		ask_lists(survey);
	}
	return survey->no_memory ? SURVEY_FAILED : SURVEY_NOTHING;
}

enum survey_news
survey_take(struct survey *survey, struct session_event *event)
{
	size_t index = (size_t)(event->tag - survey->first_tag);

	if (event->type != SESSION_REPLY || event->tag < survey->first_tag ||
	    index >= survey->asked)
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
	switch (problem->code) {
	case SESSION_NO_NODE:	/* the chroot */
		return EXITCODE_UNREACHABLE;
	case SESSION_DENIED:
		return EXITCODE_DENIED;
	case SESSION_OK:
	case SESSION_EXISTS:
	case SESSION_STALE:
	case SESSION_UNSUPPORTED:
	case SESSION_REFUSED:
		break;
	}
	return EXITCODE_INTERNAL;
}

const char *
survey_read_record(const struct survey_task *task, struct runs_text *log)
{
	memset(log, 0, sizeof(*log));
	/* Of several looks at the task another one may have brought it. */
	if (task->record_problem.code != SESSION_OK)
		return task->record_problem.reason;
	return task->record == NULL ? NULL :
	    runs_text_parse(log, task->record, task->record_length);
}
