/*
 * The questions of a survey and their answers.  Private to survey*.c.
 */
#ifndef ZKRUN_SURVEY_PRIVATE_H
#define ZKRUN_SURVEY_PRIVATE_H

#include "lock/survey.h"

/* What a request asks about. */
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

/* Returns the path of the question's node, to be freed, or NULL. */
char	*survey_path_of(const struct survey *, const struct survey_question *);

/*
 * Makes room for one more member of a list that grows one by one.  Returns the
 * list, or NULL if there is no memory; then the old list is still there.
 */
void	*survey_grow(void *list, size_t count, size_t size);

/* Adds a task.  Takes over its name, which is NULL if there was no memory. */
void	survey_add_task(struct survey *, char *name);

/* Stores what a reply tells. */
void	survey_take_answer(struct survey *, const struct survey_question *,
	    struct session_event *);

#endif
