/*
 * Connects the queries to ZooKeeper.  Sends requests once there is contact, and
 * repeats them after a lost contact.
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
	int64_t			 give_up_ms;	/* as in clock.h */
};

/* All other return values are exit statuses. */
enum {
	ASK_GO_ON = -1,
	ASK_AGAIN = -2,		/* new contact: earlier requests are lost */
};

/*
 * Starts to connect.  Borrows all arguments.  The caller finally calls
 * connector_close().
 */
void	ask_open(struct asker *, const struct options *, const char *verb,
	    const char *object);

/*
 * Blocks until there is news.  Returns ASK_GO_ON with a reply or a fired watch,
 * or ASK_AGAIN.  Otherwise logs one line and returns an exit status:
 * EXITCODE_UNREACHABLE, EXITCODE_DENIED, or that of -E when give_up_ms has
 * passed.  The caller frees *event, which may be NULL.
 */
int	ask_wait(struct asker *, struct session_event **event);

/*
 * Blocks until a survey is done.  Returns ASK_GO_ON, an exit status like
 * ask_wait(), or EXITCODE_SYSTEM if memory is exhausted.  The survey contains
 * the problems that the servers reported.
 */
int	ask_survey(struct asker *, struct survey *);

/*
 * Works like ask_survey(), for one task.  If the survey has a problem, logs it
 * and returns its exit status.
 */
int	ask_task(struct asker *, struct survey *);

/*
 * Changes nodes in one transaction.  Repeats the transaction after a lost
 * contact, so the servers may carry it out twice.  Blocks until there is a
 * reply.  Returns ASK_GO_ON, or an exit status like ask_wait().  The caller
 * frees *reply.  Discards replies with other tags.
 */
#define ASK_STEPS_TAG	0
int	ask_steps(struct asker *, const struct session_step *, size_t count,
	    struct session_event **reply);

/*
 * Logs that the servers refused a request about a node.  Returns
 * EXITCODE_DENIED or EXITCODE_INTERNAL.
 */
int	ask_refused(const struct asker *, const char *path,
	    const struct session_event *);

/* Logs that memory is exhausted.  Returns EXITCODE_SYSTEM. */
int	ask_no_memory(const struct asker *);

#endif
