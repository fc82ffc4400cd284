/*
 * The questions of a survey, and what it learns from the answers.
 */
#ifndef ZKRUN_SURVEY_ANSWER_H
#define ZKRUN_SURVEY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "lock/holders.h"
#include "zookeeper/session.h"

struct options;
struct runs_text;

/* The first problem of its kind. */
struct survey_problem {
	enum session_code code;		/* SESSION_OK: no problem */
	char		 *path;
	char		  reason[SESSION_REASON_SIZE];
};

struct survey_task {
	char		*name;
	struct holders	 holders;	/* judged */
	char		*record;	/* of its runs; NULL: none */
	size_t		 record_length;
	int		 record_version;	/* of its data */
	struct survey_problem problem;	/* of its leases and its line */
	struct survey_problem record_problem;
	bool		 exists;	/* one of its nodes does */
	bool		 due;		/* for the next flights */
};

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

struct survey {
	const struct options	*options;
	struct session		*session;
	struct survey_task	*tasks;		/* as named, or sorted */
	size_t			 task_count;
	struct survey_problem	 problem;	/* of the list of tasks */

	enum survey_flight {
		SURVEY_NAMES,
		SURVEY_LISTS,
		SURVEY_NODES,
	}			 flight;
	int			 looks;
	int64_t			 began_ms;
	bool			 no_memory;
	/* Of the flight under way; the tag of a request is its index here. */
	struct survey_question	*questions;
	size_t			 asked;
};

/* Adds a task.  Takes over its name, which is NULL if there was no memory. */
void	survey_new_task(struct survey *, char *name);

void	survey_free_task(struct survey_task *);

/* Stores an answer.  A missing node has no children, names or data. */
void	survey_take_answer(struct survey *, struct survey_question *,
	    struct session_event *);

/* Judges the answers.  Returns whether a task is due again. */
bool	survey_judge(struct survey *);

/* Logs a problem.  Returns the exit status, or 0 if there was no problem. */
int	survey_report(const struct survey_problem *);

/* Reads the runs of a record, if there is one.  Returns NULL, or why not. */
const char	*survey_read_record(const struct survey_task *,
    struct runs_text *);

#endif
