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

#include "lock/survey_answer.h"

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

#endif
