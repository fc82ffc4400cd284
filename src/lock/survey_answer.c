/*
 * Stores the answers of a survey.
 */
#include "lock/survey_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "lock/paths.h"

char *
survey_path_of(const struct survey *survey,
    const struct survey_question *question)
{
	const char *base = survey->options->base, *runs = survey->options->runs;
	const struct survey_task *task = question->task;
	const struct holders_node *node = question->node;
	char *path = NULL;
	int length = -1;

	switch (question->type) {
	case ASK_SYNC:
	case ASK_BASE:
		length = asprintf(&path, "%s", base[0] != '\0' ? base : "/");
		break;
	case ASK_CHROOT:
		length = asprintf(&path, "/");
		break;
	case ASK_RUNS:
		length = asprintf(&path, "%s", runs);
		break;
	case ASK_LOCKS:
		return paths_make(base, task->name, PATHS_LOCKS, NULL);
	case ASK_LEASES:
		return paths_make(base, task->name, PATHS_LEASES, NULL);
	case ASK_RECORD:
		length = asprintf(&path, "%s/%s", runs, task->name);
		break;
	case ASK_LOCK:
		return paths_make(base, task->name, PATHS_LOCKS, node->name);
	case ASK_LEASE:
		return paths_make(base, task->name, PATHS_LEASES, node->name);
	}
	return length == -1 ? NULL : path;
}

void *
survey_grow(void *list, size_t count, size_t size)
{
	/* There is room up to the next power of two. */
	return (count & (count - 1)) != 0 ? list :
	    reallocarray(list, count > 0 ? 2 * count : 1, size);
}

void
survey_add_task(struct survey *survey, char *name)
{
	struct survey_task *tasks;

	tasks = survey_grow(survey->tasks, survey->task_count, sizeof(*tasks));
	if (tasks != NULL)
		survey->tasks = tasks;
	if (tasks == NULL || name == NULL) {
		free(name);
		survey->no_memory = true;
		return;
	}
	tasks += survey->task_count++;
	memset(tasks, 0, sizeof(*tasks));
	tasks->name = name;
	tasks->due = true;
}

/* Adds the children of base or runs to the tasks. */
static void
take_names(struct survey *survey, const struct survey_question *question,
    struct session_event *event)
{
	size_t i;

	for (i = 0; i < event->count; i++) {
		/* This one belongs to the servers. */
		if (question->type == ASK_BASE &&
		    survey->options->base[0] == '\0' &&
		    strcmp(event->names[i], "zookeeper") == 0)
			continue;
		survey_add_task(survey, event->names[i]);
		event->names[i] = NULL;
	}
}

static void
take_children(struct survey *survey, const struct survey_question *question,
    struct session_event *event)
{
	struct survey_task *task = question->task;
	bool done;

	task->exists = true;
	done = question->type == ASK_LOCKS ?
	    holders_take_locks(&task->holders, event->names, event->count) :
	    holders_take_leases(&task->holders, event->names, event->count);
	event->names = NULL;
	event->count = 0;
	survey->no_memory |= !done;
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
	event->data = NULL;
}

static void
note_problem(struct survey *survey, const struct survey_question *question,
    enum session_code code, const char *reason)
{
	struct survey_problem *problem;
	char *path;

	path = survey_path_of(survey, question);
	survey->no_memory |= path == NULL;
	problem = &survey->problem;
	if (question->task != NULL) {
		question->task->exists = true;
		problem = question->type == ASK_RECORD ?
		    &question->task->record_problem :
		    &question->task->problem;
	}
	if (problem->code != SESSION_OK) {
		free(path);
		return;
	}
	problem->code = code;
	problem->path = path;
	(void)strlcpy(problem->reason, reason, sizeof(problem->reason));
}

/* A node does not exist.  An earlier look may have listed its children. */
static void
take_nothing(struct survey *survey, const struct survey_question *question)
{
	if (question->type == ASK_CHROOT)
		note_problem(survey, question, SESSION_NO_NODE,
		    "the chroot of the connect string does not exist");
	else if (question->type == ASK_LOCKS)
		(void)holders_take_locks(&question->task->holders, NULL, 0);
	else if (question->type == ASK_LEASES)
		(void)holders_take_leases(&question->task->holders, NULL, 0);
}

void
survey_take_answer(struct survey *survey,
    const struct survey_question *question, struct session_event *event)
{
	if (event->code == SESSION_NO_NODE) {
		take_nothing(survey, question);
		return;
	}
	if (event->code != SESSION_OK) {
		/* The chroot exists if it may not be read. */
		if (question->type != ASK_CHROOT)
			note_problem(survey, question, event->code,
			    event->reason);
		return;
	}
	switch (question->type) {
	case ASK_SYNC:
	case ASK_CHROOT:
		break;
	case ASK_BASE:
	case ASK_RUNS:
		take_names(survey, question, event);
		break;
	case ASK_LOCKS:
	case ASK_LEASES:
		take_children(survey, question, event);
		break;
	case ASK_RECORD:
		take_record(question->task, event);
		break;
	case ASK_LOCK:
	case ASK_LEASE:
		take_node(question->node, event);
		break;
	}
}
