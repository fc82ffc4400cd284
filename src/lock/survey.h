/*
 * Looking at tasks: their lines, their leases and the records of their runs, in
 * at most three flights of requests, however many tasks there are.
 *
 *	1. what tasks there are (unless they are named)
 *	2. the children of their leases and locks; their records
 *	3. every one of these children
 *
 * A task whose listed leases have all gone before they were looked at is looked
 * at again, for somebody else may hold it by now.  What comes first in a
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

/* Why something could not be looked at; the first of its kind. */
struct survey_problem {
	enum session_code code;		/* SESSION_OK: there is none */
	char		 *path;
	char		  reason[SESSION_REASON_SIZE];
};

struct survey_task {
	char		*name;
	struct holders	 holders;	/* judged */
	char		*record;	/* of its runs; NULL: there is none */
	size_t		 record_length;
	struct survey_problem problem;	/* of its leases and its line */
	/* Apart, for who holds is known without the record. */
	struct survey_problem record_problem;
	bool		 exists;	/* some node of it does */
	bool		 due;		/* to be looked at in the next flights */
};

struct survey {
	const struct options	*options;
	struct session		*session;
	struct survey_task	*tasks;		/* as named, or sorted */
	size_t			 task_count;
	struct survey_problem	 problem;	/* what there is at all */

	enum {
		SURVEY_NAMES,
		SURVEY_LISTS,
		SURVEY_NODES,
	}			 flight;
	int			 looks;
	bool			 no_memory;
	int			 first_tag;
	/* Of the flight under way; tags are first_tag and the index here. */
	struct survey_question	*questions;
	size_t			 asked, answered, room;
	/* What base and runs have, as it comes in. */
	char			**names;
	size_t			 name_count;
};

enum survey_news {
	SURVEY_NOTHING,		/* yet */
	SURVEY_DONE,
	SURVEY_FAILED,		/* there is no memory */
};

/*
 * For the tasks that the options name, or all.  No tag of the survey's requests
 * is below first_tag.  Options and session are borrowed.
 */
void	survey_init(struct survey *, const struct options *, struct session *,
	    int first_tag);

/* Begins, or begins all over again when contact was lost. */
enum survey_news	survey_begin(struct survey *);

/* Takes a reply; what is in it may be taken out. */
enum survey_news	survey_take(struct survey *, struct session_event *);

void	survey_free(struct survey *);

/* Says what could not be looked at; returns the exit status, or 0: nothing. */
int	survey_report(const struct survey_problem *);

/*
 * Reads the record of a task's runs; none is one without runs.  Returns NULL,
 * or why it cannot be read, and then there are no runs.
 */
const char	*survey_read_record(const struct survey_task *,
    struct runs_text *);

#endif
