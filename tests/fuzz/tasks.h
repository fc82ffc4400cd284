/*
 * A survey made of bytes, as --status gets it from the servers.  The lines:
 *
 *	t NAME [PROBLEM]	a task; the lines up to the next t belong to it
 *	h SESSION CZXID NAME	a child of its leases, its data in the next line
 *	w SESSION CZXID NAME	the same in its locks; H and W: just deleted
 *	r TEXT			a line of its record
 *	R PROBLEM		its record is unreadable
 */
#ifndef FUZZ_TASKS_H
#define FUZZ_TASKS_H

#include "fuzz.h"

#include "config/options.h"
#include "lock/survey.h"

#define SURVEY_TASKS	4
#define SURVEY_NODES_MAX 8

static inline int64_t
survey_number(char **line)
{
	const char *word = strsep(line, " ");

	return word != NULL ? (int64_t)strtoull(word, NULL, 16) : 0;
}

static inline void
survey_add_node(struct survey_task *task, char kind, char *line, char *data)
{
	bool is_lease = kind == 'h' || kind == 'H';
	struct holders *holders = &task->holders;
	struct holders_node **nodes, *node;
	size_t *count;

	nodes = is_lease ? &holders->leases : &holders->locks;
	count = is_lease ? &holders->lease_count : &holders->lock_count;
	if (*count == SURVEY_NODES_MAX)
		return;
	if (*nodes == NULL)
		*nodes = calloc(SURVEY_NODES_MAX, sizeof(**nodes));
	must(*nodes != NULL);
	node = &(*nodes)[(*count)++];
	node->seen = kind == 'h' || kind == 'w';
	node->session = survey_number(&line);
	node->czxid = survey_number(&line);
	node->since_ms = node->czxid;
	node->name = strdup(line != NULL ? line : "");
	node->data = node->seen ? strdup(data) : NULL;
}

static inline void
survey_add_record(struct survey_task *task, const char *line)
{
	size_t length = strlen(line) + 1;

	task->record = realloc(task->record, task->record_length + length + 1);
	must(task->record != NULL);
	memcpy(task->record + task->record_length, line, length - 1);
	task->record_length += length;
	task->record[task->record_length - 1] = '\n';
	task->record[task->record_length] = '\0';
}

static inline void
survey_set_problem(struct survey_problem *problem, const char *reason)
{
	problem->code = SESSION_REFUSED;
	(void)strlcpy(problem->reason, reason, sizeof(problem->reason));
}

static inline void
survey_add_task(struct survey *survey, char *line)
{
	struct survey_task *task = &survey->tasks[survey->task_count++];
	const char *name = strsep(&line, " ");

	task->name = strdup(name != NULL ? name : "");
	task->exists = true;
	if (line != NULL)
		survey_set_problem(&task->problem, line);
}

/* Free the survey with survey_free(), except what options points to. */
static inline void
survey_make(struct survey *survey, const struct options *options, char *text)
{
	struct survey_task *task = NULL;
	char *line;
	size_t i;

	memset(survey, 0, sizeof(*survey));
	survey->options = options;
	survey->tasks = calloc(SURVEY_TASKS, sizeof(*survey->tasks));
	must(survey->tasks != NULL);
	while (text != NULL) {
		line = fuzz_line(&text);
		if (line[0] == '\0' || line[1] != ' ')
			continue;
		if (line[0] == 't' && survey->task_count < SURVEY_TASKS) {
			survey_add_task(survey, line + 2);
			task = &survey->tasks[survey->task_count - 1];
		} else if (task != NULL && strchr("hHwW", line[0]) != NULL)
			survey_add_node(task, line[0], line + 2,
			    fuzz_line(&text));
		else if (task != NULL && line[0] == 'r')
			survey_add_record(task, line + 2);
		else if (task != NULL && line[0] == 'R')
			survey_set_problem(&task->record_problem, line + 2);
	}
	for (i = 0; i < survey->task_count; i++)
		holders_judge(&survey->tasks[i].holders);
}

#endif
