/*
 * Reads the queues, leases and records of tasks.  However many tasks there are,
 * a survey takes three round trips:
 *
 *  *	1. list the tasks (unless the options name them)
 *  *	2. list their leases and queues, and read their records
 *  *	3. read each listed node
 *
 * If all listed leases of a task are gone in step 3, another client may hold
 * the task at that time, and the survey reads that task again.  The first
 * request is a sync, because a lagging server would answer with old data.
 */
#ifndef ZKRUN_SURVEY_H
#define ZKRUN_SURVEY_H

#include "lock/survey_answer.h"

enum survey_news {
	SURVEY_NOTHING,		/* more replies will arrive */
	SURVEY_DONE,
	SURVEY_FAILED,		/* no memory */
};

/*
 * Prepares a survey of the tasks that the options name, or of all tasks.
 * Borrows options and session.  Until the survey is done, the caller must not
 * send other requests on the session.
 */
void	survey_init(struct survey *, const struct options *, struct session *);

/* Begins a survey, or restarts it after a lost contact.  Does not block. */
enum survey_news	survey_begin(struct survey *);

/* Handles a reply.  May take names and data out of it.  Does not block. */
enum survey_news	survey_take(struct survey *, struct session_event *);

/* Frees what the survey found.  survey_begin() may follow. */
void	survey_free(struct survey *);

#endif
