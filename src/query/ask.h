/*
 * Asking ZooKeeper, for a program of one question: it asks as soon as there is
 * contact, and again after a lost contact.
 */
#ifndef ZKRUN_ASK_H
#define ZKRUN_ASK_H

#include <stdint.h>

#include "system/subprocess.h"
#include "zookeeper/connector.h"

struct options;
struct survey;

struct asker {
	const struct options	*options;
	const char		*verb;		/* "cannot VERB 'OBJECT'" */
	const char		*object;
	struct connector	 connector;
	struct subprocesses	 ours;
	int64_t			 give_up_ms;	/* CLOCK_NEVER at first */
};

/* These are returned where other values are exit statuses. */
enum {
	ASK_GO_ON = -1,
	ASK_AGAIN = -2,		/* contact is new: earlier requests are lost */
};

/* Begins to seek contact.  Borrows all; close the connector in the end. */
void	ask_open(struct asker *, const struct options *, const char *verb,
	    const char *object);

/*
 * Blocks until there is news.  Returns ASK_GO_ON with a reply or a fired watch,
 * ASK_AGAIN, or an exit status after one line on stderr: nobody can be reached,
 * or give_up_ms is over.  *event is the caller's, to be freed; it may be NULL.
 */
int	ask_wait(struct asker *, struct session_event **event);

/* Blocks until a survey is done.  Returns ASK_GO_ON then, or an exit status. */
int	ask_survey(struct asker *, struct survey *);

/* The same for the one task of the options; a problem is an exit status. */
int	ask_task(struct asker *, struct survey *);

/*
 * Changes nodes in one transaction, and tries again after a lost contact: the steps
 * may be carried out twice.  Blocks until there is a reply.  Returns as ask_wait()
 * does, but never ASK_AGAIN.  Replies with other tags are thrown away.
 */
#define ASK_STEPS_TAG	0
int	ask_steps(struct asker *, const struct session_step *, size_t count,
	    struct session_event **reply);

/* Log that a request about a node was refused.  Returns the exit status. */
int	ask_refused(const struct asker *, const char *path,
	    const struct session_event *);

/* Logs that there is no memory.  Returns the exit status. */
int	ask_no_memory(const struct asker *);

#endif
