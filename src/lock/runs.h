/*
 * The record of a task's runs, in a persistent znode outside the lock's nodes.
 *
 * A holder reads the record before a run.  After the run, it writes the record
 * in one transaction that fails if the lease node is gone.  The next holder
 * therefore sees the last run, and a run that lost its lease is not recorded.
 *
 * These functions send requests on a session, and the caller hands them the
 * replies.  They never block and never connect.
 */
#ifndef ZKRUN_RUNS_H
#define ZKRUN_RUNS_H

#include <stdbool.h>

#include "lock/runs_text.h"

struct session;
struct session_event;

#define RUNS_PATH_SIZE	2048

/* The tags of replies for runs_take().  The caller's own tags must be lower. */
#define RUNS_READ_TAG		100
#define RUNS_TAGS_END		110

enum runs_news {
	RUNS_NOTHING,
	RUNS_READ,		/* log has the record */
	RUNS_STORED,		/* recorded; lease released if asked */
	RUNS_LEASE_GONE,	/* the run is not recorded: no lease node */
	RUNS_FAILED,		/* permanently: see failure and reason */
};

enum runs_failure {
	RUNS_REFUSED,
	RUNS_DENIED,		/* by an ACL */
	RUNS_CORRUPT,		/* the node does not contain a record */
};

struct runs {
	struct session		*session;
	char			 path[RUNS_PATH_SIZE];
	char			 lease[RUNS_PATH_SIZE];	/* while storing */
	bool			 wanted;	/* the reply to a read */
	bool			 storing;
	bool			 release;	/* delete the lease as well */
	bool			 lease_gone;	/* by a reply to the store */
	int			 attempts;	/* to create the node */
	bool			 parents_denied;
	struct runs_text		 log;		/* as last read */
	int			 version;	/* of the node, as last read */
	struct runs_text_run	 run;		/* to be stored */
	enum runs_failure	 failure;
	char			 reason[200];
};

/* Prepares for the record PARENT/TASK.  Borrows session. */
void	runs_init(struct runs *, struct session *, const char *parent,
	    const char *task);

/*
 * Announces the reply to a read that was sent with RUNS_READ_TAG.  RUNS_READ or
 * RUNS_FAILED follows.  Creates an empty record if there is none.
 */
void	runs_expect(struct runs *);

/* Ignores the reply to a read, because the lease is lost. */
void	runs_forget(struct runs *);

/*
 * Adds a run to the record if the lease node still exists.  With release, the
 * transaction also deletes that node.  RUNS_STORED, RUNS_LEASE_GONE or
 * RUNS_FAILED follows.  If contact is lost first, it follows only after
 * runs_resume().
 */
void	runs_store(struct runs *, const struct runs_text_run *,
	    const char *lease, bool release);

/*
 * Repeats unanswered requests, after contact was regained in the same session.
 */
void	runs_resume(struct runs *);

/* Returns whether an event is a reply for runs_take(). */
bool	runs_owns(const struct session_event *);

/* Handles a reply for which runs_owns() returned true. */
enum runs_news	runs_take(struct runs *, const struct session_event *);

#endif
