/*
 * Sends the requests of a survey in three flights, and stores the answers.
 */
#include "lock/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/paths.h"
#include "lock/runs_text.h"

#define LOOKS_MAX	4	/* at a task whose leases come and go */

struct survey_question {
	enum question_type {
		ASK_SYNC,
		ASK_CHROOT,
		ASK_TASKS,	/* children of base or runs */
		ASK_LEASES,
		ASK_LOCKS,
		ASK_RECORD,
		ASK_NODE,	/* a child of leases or locks */
	}			 type;
	struct survey_task	*task;	/* or NULL */
	struct holders_node	*node;	/* or NULL */
	char			*path;	/* owned */
};

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
		free_task(&survey->tasks[--survey->task_count]);
	free(survey->tasks);
	forget_questions(survey);
	free(survey->questions);
	free(survey->problem.path);
	survey_init(survey, survey->options, survey->session);
}

/* Takes over the name, which is NULL if there was no memory. */
static void
add_task(struct survey *survey, char *name)
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

/* Takes over the path, which is NULL if there was no memory. */
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
		[ASK_RECORD] = SESSION_GET,
		[ASK_NODE] = SESSION_GET,
	};
	struct survey_question *questions, question = { type, task, node, path };

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
 * the leases.  So no waiter is taken for a second holder: whoever waited when
 * its lease was listed is also listed in the queue.  If its place there is gone
 * when ask_nodes() reads it, it has acquired, and the lease that it waited for
 * will be seen to be gone.
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
	if (options->mode != OPTIONS_STATUS)
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
		    task->name, PATHS_LOCKS, holders->locks[i].name));
	for (i = 0; i < holders->lease_count; i++)
		ask(survey, ASK_NODE, task, &holders->leases[i], paths_make(
		    base, task->name, PATHS_LEASES, holders->leases[i].name));
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

/* Sorts the tasks that base and runs have, and asks only about one of two. */
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
		forget_questions(survey);
		if (survey->flight == SURVEY_LISTS) {
			fly(survey, SURVEY_NODES);
			continue;
		}
		if (survey->flight == SURVEY_NAMES)
			unite_tasks(survey);
		else if (!judge(survey)) {
			if (survey->options->task_count == 0)
				drop_strangers(survey);
			return SURVEY_DONE;
		}
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
	ask(survey, ASK_SYNC, NULL, NULL, strdup(top));
	/* Without its chroot every task would look free. */
	if (options->servers.chroot[0] != '\0')
		ask(survey, ASK_CHROOT, NULL, NULL, strdup("/"));
	if (options->task_count == 0) {
		ask(survey, ASK_TASKS, NULL, NULL, strdup(top));
		ask(survey, ASK_TASKS, NULL, NULL, strdup(options->runs));
	} else {
		for (i = 0; i < options->task_count; i++)
			add_task(survey, strdup(options->tasks[i]));
		fly(survey, SURVEY_LISTS);
	}
	return survey->no_memory ? SURVEY_FAILED : SURVEY_NOTHING;
}

static void
take_names(struct survey *survey, const char *path, struct session_event *event)
{
	size_t i;

	for (i = 0; i < event->count; i++) {
		/* This one belongs to the servers. */
		if (strcmp(path, "/") == 0 &&
		    strcmp(event->names[i], "zookeeper") == 0)
			continue;
		add_task(survey, event->names[i]);
		event->names[i] = NULL;
	}
}

static void
take_children(struct survey *survey, struct holders *holders,
    enum paths_parent parent, struct session_event *event)
{
	if (!holders_take(holders, parent, event->names, event->count))
		survey->no_memory = true;
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
	free(task->record);
	task->record = event->data;
	task->record_length = event->length;
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

/* A node that does not exist has no children, names or data. */
static void
take_answer(struct survey *survey, struct survey_question *question,
    struct session_event *event)
{
	struct survey_task *task = question->task;
	bool missing = event->code == SESSION_NO_NODE;

	if (task != NULL && !missing)
		task->exists = true;
	if (question->type == ASK_CHROOT) {
		/* The chroot exists if it may not be read. */
		if (missing)
			note_problem(&survey->problem, question, event->code,
			    "the chroot of the connect string does not exist");
	} else if (event->code != SESSION_OK && !missing) {
		note_problem(task == NULL ? &survey->problem :
		    question->type == ASK_RECORD ? &task->record_problem :
		    &task->problem, question, event->code, event->reason);
	} else if (question->type == ASK_TASKS) {
		take_names(survey, question->path, event);
	} else if (question->type == ASK_LEASES) {
		take_children(survey, &task->holders, PATHS_LEASES, event);
	} else if (question->type == ASK_LOCKS) {
		take_children(survey, &task->holders, PATHS_LOCKS, event);
	} else if (question->type == ASK_RECORD && !missing) {
		take_record(task, event);
	} else if (question->type == ASK_NODE && !missing) {
		take_node(question->node, event);
	}
}

enum survey_news
survey_take(struct survey *survey, struct session_event *event)
{
	size_t index = (size_t)event->tag;

	if (event->type != SESSION_REPLY || index >= survey->asked)
		return SURVEY_NOTHING;
	take_answer(survey, &survey->questions[index], event);
	if (survey->no_memory)
		return SURVEY_FAILED;
	/* Replies come in the order of the requests. */
	return index + 1 < survey->asked ? SURVEY_NOTHING : fly_on(survey);
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
