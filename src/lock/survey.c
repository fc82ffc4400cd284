/*
 * Sends the requests of a survey in three round trips.
 */
#include "lock/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/options.h"
#include "lock/paths.h"

void
survey_init(struct survey *survey, const struct options *options,
    struct session *session)
{
	memset(survey, 0, sizeof(*survey));
	survey->options = options;
	survey->session = session;
}

static void
forget_questions(struct survey *survey)
{
	while (survey->asked > 0)
		free(survey->questions[--survey->asked].path);
}

void
survey_free(struct survey *survey)
{
	while (survey->task_count > 0)
		survey_free_task(&survey->tasks[--survey->task_count]);
	free(survey->tasks);
	forget_questions(survey);
	free(survey->questions);
	free(survey->problem.path);
	survey_init(survey, survey->options, survey->session);
}

/*
 * Sends a request.  Takes ownership of the path, which is NULL if memory is
 * exhausted.
 */
static void
ask(struct survey *survey, enum question_type type, struct survey_task *task,
    struct holders_node *node, char *path)
{
	static const enum session_operation operations[] = {
		[ASK_SYNC] = SESSION_SYNC,
		[ASK_CHROOT] = SESSION_GET,
		[ASK_TASKS] = SESSION_LIST,
		[ASK_LEASES] = SESSION_LIST,
		[ASK_LOCKS] = SESSION_LIST,
		[ASK_CONTENDERS] = SESSION_LIST,
		[ASK_RECORD] = SESSION_GET,
		[ASK_NODE] = SESSION_GET,
	};
	struct survey_question question = { type, task, node, path };
	struct survey_question *questions;

	questions = reallocarray(survey->questions, survey->asked + 1,
	    sizeof(*questions));
	if (questions != NULL)
		survey->questions = questions;
	if (questions == NULL || path == NULL) {
		free(path);
		survey->no_memory = true;
		return;
	}
	session_ask(survey->session, operations[type], (int)survey->asked,
	    SESSION_NO_WATCH, path, NULL);
	questions[survey->asked++] = question;
}

/*
 * Lists the leases before the queue, while ask_nodes() reads the queue before
 * the leases.  This order keeps a waiter with a lease from counting as a second
 * holder: such a waiter is also listed in the queue.  If ask_nodes() finds the
 * queue node gone, the waiter has acquired, and ask_nodes() will then find that
 * the lease for which it waited is gone as well.
 */
static void
ask_lists(struct survey *survey, struct survey_task *task)
{
	const struct options *options = survey->options;
	char *record;

	ask(survey, ASK_LEASES, task, NULL, paths_make(options->base,
	    task->name, PATHS_LEASES, NULL));
	ask(survey, ASK_LOCKS, task, NULL, paths_make(options->base,
	    task->name, PATHS_LOCKS, NULL));
	ask(survey, ASK_CONTENDERS, task, NULL, paths_make(options->base,
	    task->name, PATHS_TASK, NULL));
	if (options->mode != OPTIONS_STATUS && options->mode != OPTIONS_FORGET)
		return;
	if (asprintf(&record, "%s/%s", options->runs, task->name) == -1)
		record = NULL;
	ask(survey, ASK_RECORD, task, NULL, record);
}

static void
ask_nodes(struct survey *survey, struct survey_task *task)
{
	const char *base = survey->options->base;
	struct holders *holders = &task->holders;
	size_t i;

	for (i = 0; i < holders->lock_count; i++)
		ask(survey, ASK_NODE, task, &holders->locks[i], paths_make(base,
		    task->name, holders->locks[i].parent,
		    holders->locks[i].name));
	for (i = 0; i < holders->lease_count; i++)
		ask(survey, ASK_NODE, task, &holders->leases[i], paths_make(
		    base, task->name, holders->leases[i].parent,
		    holders->leases[i].name));
}

static void
fly(struct survey *survey, enum survey_flight flight)
{
	size_t i;

	survey->flight = flight;
	for (i = 0; i < survey->task_count; i++)
		if (survey->tasks[i].due)
			(flight == SURVEY_LISTS ? ask_lists : ask_nodes)(survey,
			    &survey->tasks[i]);
}

static int
compare_tasks(const void *a, const void *b)
{
	const struct survey_task *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/* Sorts the tasks.  The survey reads a task in both base and runs only once. */
static void
unite_tasks(struct survey *survey)
{
	struct survey_task *tasks = survey->tasks;
	size_t i;

	if (survey->task_count > 0)
		qsort(tasks, survey->task_count, sizeof(*tasks), compare_tasks);
	for (i = 1; i < survey->task_count; i++)
		tasks[i].due = compare_tasks(&tasks[i], &tasks[i - 1]) != 0;
}

/* Sends the next round of requests, skipping empty rounds. */
static enum survey_news
fly_on(struct survey *survey)
{
	do {
		forget_questions(survey);
		if (survey->flight == SURVEY_LISTS) {
			fly(survey, SURVEY_NODES);
			continue;
		}
		if (survey->flight == SURVEY_NAMES)
			unite_tasks(survey);
		else if (!survey_judge(survey))
			return SURVEY_DONE;
		fly(survey, SURVEY_LISTS);
	} while (survey->asked == 0 && !survey->no_memory);
	return survey->no_memory ? SURVEY_FAILED : SURVEY_NOTHING;
}

enum survey_news
survey_begin(struct survey *survey)
{
	const struct options *options = survey->options;
	const char *top = options->base[0] != '\0' ? options->base : "/";
	size_t i;

	survey_free(survey);
	survey->began_ms = clock_ms();
	ask(survey, ASK_SYNC, NULL, NULL, strdup(top));
	/* Without the chroot every task would look free. */
	if (options->servers.chroot[0] != '\0')
		ask(survey, ASK_CHROOT, NULL, NULL, strdup("/"));
	if (options->task_count == 0) {
		ask(survey, ASK_TASKS, NULL, NULL, strdup(top));
		ask(survey, ASK_TASKS, NULL, NULL, strdup(options->runs));
	} else {
		for (i = 0; i < options->task_count; i++)
			survey_new_task(survey, strdup(options->tasks[i]));
		fly(survey, SURVEY_LISTS);
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
	/* Replies come in the order of the requests. */
	return index + 1 < survey->asked ? SURVEY_NOTHING : fly_on(survey);
}
