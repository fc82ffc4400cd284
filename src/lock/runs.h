/*
 * The record of a task's runs, in a persistent znode that is not the lock's.
 *
 * A holder reads it before a run and writes it afterwards, in one transaction
 * that fails if the lease node is gone.  So the next holder sees what the last
 * one did, and a run that lost its lease is never recorded.
 *
 * Like the semaphore, it sends requests on a session and is told the replies.
 * It never blocks and never connects.
 */
#ifndef ZKRUN_RUNS_H
#define ZKRUN_RUNS_H

#include <stdbool.h>

#include "lock/runs_text.h"

struct session;
struct session_event;

#define RUNS_PATH_SIZE	2048

/* Tags of replies: the caller's own must stay below. */
#define RUNS_READ_TAG		100
#define RUNS_TAGS_END		110

enum runs_news {
	RUNS_NOTHING,
	RUNS_READ,		/* log is what the record holds */
	RUNS_STORED,		/* the run; the lease is released if wanted */
	RUNS_LEASE_GONE,	/* not stored: the lease node is gone */
	RUNS_FAILED,		/* finally: see failure and reason */
};

enum runs_failure {
	RUNS_REFUSED,
	RUNS_DENIED,		/* an ACL */
	RUNS_CORRUPT,		/* the node holds something else */
};

struct runs {
	struct session		*session;
	char			 path[RUNS_PATH_SIZE];
	char			 lease[RUNS_PATH_SIZE];	/* while storing */
	bool			 wanted;	/* the next reply to a read */
	bool			 storing;
	bool			 release;	/* with the store */
	bool			 lease_gone;	/* by a reply to the store */
	int			 attempts;	/* to make the node */
	bool			 parents_denied;
	struct runs_text		 log;		/* as last read */
	int			 version;	/* of the node, as last read */
	struct runs_text_run	 run;		/* to be stored */
	enum runs_failure	 failure;
	char			 reason[200];
};

/* Sets up for a task's record below a parent; session is borrowed. */
void	runs_init(struct runs *, struct session *, const char *parent,
	    const char *task);

/*
 * Somebody has sent a read with RUNS_READ_TAG.  Its reply counts: RUNS_READ or
 * RUNS_FAILED follows.  If the record does not exist, an empty one is made.
 */
void	runs_expect(struct runs *);

/* The lease is lost: ignores replies that are still to come. */
void	runs_forget(struct runs *);

/*
 * Adds a run if the lease's node still exists.  With release, the transaction
 * also deletes that node.  RUNS_STORED, RUNS_LEASE_GONE or RUNS_FAILED follows;
 * if contact is lost meanwhile, after runs_resume().
 */
void	runs_store(struct runs *, const struct runs_text_run *,
	    const char *lease, bool release);

/* After a lost contact, in the same session: asks again. */
void	runs_resume(struct runs *);

/* Returns whether an event is a reply to a request of the record. */
bool	runs_owns(const struct session_event *);

/* Takes such a reply. */
enum runs_news	runs_take(struct runs *, const struct session_event *);

#endif
