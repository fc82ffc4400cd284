/*
 * A question of a survey, and what becomes of the answer.  Private to survey.c.
 */
#ifndef ZKRUN_SURVEY_ANSWER_H
#define ZKRUN_SURVEY_ANSWER_H

#include "lock/survey.h"

/* What a request was about. */
struct survey_question {
	enum question_type {
		ASK_SYNC,
		ASK_CHROOT,
		ASK_BASE,
		ASK_RUNS,
		ASK_LOCKS,
		ASK_LEASES,
		ASK_RECORD,
		ASK_LOCK,
		ASK_LEASE,
	}	type;
	struct survey_task *task;	/* or NULL */
	struct holders_node *node;	/* or NULL */
};

/* Returns the path that it is about, to be freed, or NULL. */
char	*survey_path_of(const struct survey *, const struct survey_question *);

/* Takes over the name of a task, or NULL where there was no memory for it. */
void	survey_add_name(struct survey *, char *);

/* Stores what a reply tells. */
void	survey_take_answer(struct survey *, const struct survey_question *,
	    struct session_event *);

#endif
