/*
 * Looks at tasks: their queues, their leases and the records of their runs.
 * However many tasks there are, that takes at most three flights of requests:
 *
 *	1. which tasks there are (unless they are named)
 *	2. the children of their leases and locks; their records
 *	3. each of these children
 *
 * If all listed leases of a task are gone when they are looked at, somebody
 * else may hold it by then, so it is looked at again.  The first request in a
 * connection is a sync, so that no lagging server answers.
 */
#ifndef ZKRUN_SURVEY_H
#define ZKRUN_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include "lock/holders.h"
#include "zookeeper/session.h"

struct options;
struct runs_text;
struct survey_question;

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
	struct survey_problem problem;	/* of its leases and its line */
	struct survey_problem record_problem;
	bool		 exists;	/* one of its nodes does */
	bool		 due;		/* for the next flights */
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
	bool			 no_memory;
	/* Of the flight under way; the tag of a request is its index here. */
	struct survey_question	*questions;
	size_t			 asked;
};

enum survey_news {
	SURVEY_NOTHING,		/* yet */
	SURVEY_DONE,
	SURVEY_FAILED,		/* there is no memory */
};

/*
 * Prepares to look at the tasks that the options name, or at all tasks.
 * Borrows options and session.  While a survey is under way, nobody else sends
 * requests on the session.
 */
void	survey_init(struct survey *, const struct options *, struct session *);

/* Begins a survey, or begins it again after a lost contact. */
enum survey_news	survey_begin(struct survey *);

/* Takes a reply, whose names and data may be taken out of it. */
enum survey_news	survey_take(struct survey *, struct session_event *);

void	survey_free(struct survey *);

/*
 * Logs what could not be looked at.  Returns the exit status, or 0 if there was
 * no problem.
 */
int	survey_report(const struct survey_problem *);

/*
 * Reads the record of a task's runs; without a record there are no runs.
 * Returns NULL, or why the record cannot be read.
 */
const char	*survey_read_record(const struct survey_task *,
    struct runs_text *);

#endif
