/*
 * The record of a task's runs, in a persistent znode outside of the lock's.
 *
 * Read while we hold the lease, before a run; written after it, in one
 * transaction that fails if the lease node is gone.  So whoever holds the lease
 * next sees what the last holder did, and a run that lost its lease is never
 * recorded.
 *
 * As the semaphore, it sends requests on a session and is told what comes of
 * them; it never blocks and never connects.
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
	RUNS_STORED,	/* the run is in, the lease released if wanted */
	RUNS_LEASE_GONE,	/* not stored: the lease node is gone */
	RUNS_FAILED,		/* for good: see failure and reason */
};

enum runs_failure {
	RUNS_REFUSED,
	RUNS_DENIED,		/* an ACL */
	RUNS_CORRUPT,		/* it holds something else */
};

struct runs {
	struct session		*session;
	char			 path[RUNS_PATH_SIZE];
	char			 lease[RUNS_PATH_SIZE];	/* while storing */
	bool			 wanted;	/* a reply to a read is of use */
	bool			 storing;
	bool			 release;	/* store it and free the lease */
	bool			 lease_gone;	/* as a reply to the store has it */
	int			 attempts;	/* to make the node */
	bool			 parents_denied;
	struct runs_text		 log;		/* as last read */
	int			 version;	/* of the node, as last read */
	struct runs_text_run	 run;		/* to be stored */
	enum runs_failure	 failure;
	char			 reason[200];
};

/* Sets up for the record at a path; session is borrowed. */
void	runs_init(struct runs *, struct session *, const char *path);

/*
 * The next reply with RUNS_READ_TAG, which somebody has sent the request for,
 * counts: RUNS_READ follows, or RUNS_FAILED.  A record that does not
 * exist is made, empty.
 */
void	runs_expect(struct runs *);

/* The lease is lost: replies that are still to come do not count. */
void	runs_forget(struct runs *);

/*
 * Adds a run, if the lease's node is still there, and with release deletes that
 * node in the same transaction.  RUNS_STORED follows, or RUNS_LEASE_GONE
 * or RUNS_FAILED, after runs_resume() if contact is lost meanwhile.
 */
void	runs_store(struct runs *, const struct runs_text_run *,
	    const char *lease, bool release);

/* After a lost contact, in the same session: asks for what is still awaited. */
void	runs_resume(struct runs *);

/* Says whether an event is a reply to what the record has asked. */
bool	runs_owns(const struct session_event *);

/* Takes such a reply. */
enum runs_news	runs_take(struct runs *,
			    const struct session_event *);

#endif
