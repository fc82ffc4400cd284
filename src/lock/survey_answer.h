/*
 * The requests of a survey, and the answers.  A flight is one round of
 * requests, which are sent together.
 */
#ifndef ZKRUN_SURVEY_ANSWER_H
#define ZKRUN_SURVEY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "lock/holders.h"
#include "zookeeper/session.h"

struct options;
struct runs_text;

/* The first problem with the list of tasks, a task's nodes or its record. */
struct survey_problem {
	enum session_code code;		/* SESSION_OK: no problem */
	char		 *path;		/* owned */
	char		  reason[SESSION_REASON_SIZE];
};

struct survey_task {
	char		*name;
	struct holders	 holders;	/* judged */
	char		*record;	/* data of the record; NULL: none */
	size_t		 record_length;
	int		 record_version;
	struct survey_problem problem;	/* with its leases or its queue */
	struct survey_problem record_problem;
	bool		 exists;	/* one of its nodes exists */
	bool		 due;		/* the next round reads it */
};

struct survey_question {
	enum question_type {
		ASK_SYNC,
		ASK_CHROOT,
		ASK_TASKS,	/* children of base or of runs */
		ASK_LEASES,
		ASK_LOCKS,
		ASK_CONTENDERS,	/* children of P, with the mutex recipe */
		ASK_RECORD,
		ASK_NODE,	/* a child of P/leases, P/locks or P */
	}			 type;
	struct survey_task	*task;	/* or NULL */
	struct holders_node	*node;	/* or NULL */
	char			*path;	/* owned */
};

struct survey {
	const struct options	*options;
	struct session		*session;
	struct survey_task	*tasks;		/* in given order, or sorted */
	size_t			 task_count;
	struct survey_problem	 problem;	/* with the list of tasks */

	enum survey_flight {
		SURVEY_NAMES,
		SURVEY_LISTS,
		SURVEY_NODES,
	}			 flight;
	int			 looks;		/* number of judgements */
	int64_t			 began_ms;	/* as in clock.h */
	bool			 no_memory;
	/*
	 * The requests of this flight.  The tag of a request is its index here.
	 */
	struct survey_question	*questions;
	size_t			 asked;
};

/*
 * Adds a task.  Takes ownership of its name, which is NULL if memory is
 * exhausted.
 */
void	survey_new_task(struct survey *, char *name);

/* Frees what the task owns. */
void	survey_free_task(struct survey_task *);

/*
 * Stores an answer, and takes names and data out of the event.  A missing node
 * counts as empty, unless it is the chroot.
 */
void	survey_take_answer(struct survey *, struct survey_question *,
	    struct session_event *);

/* Judges all tasks.  Returns whether one of them must be read again. */
bool	survey_judge(struct survey *);

/*
 * Logs a problem.  Returns EXITCODE_DENIED, EXITCODE_UNREACHABLE (no chroot) or
 * EXITCODE_INTERNAL, or 0 if there is no problem.
 */
int	survey_report(const struct survey_problem *);

/*
 * Parses a task's record.  Returns NULL, or the reason why the record cannot be
 * read.  The log is empty if there is no readable record.
 */
const char	*survey_read_record(const struct survey_task *,
    struct runs_text *);

#endif
