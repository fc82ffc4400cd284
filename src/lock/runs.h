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

#define RECORD_PATH_SIZE	2048

/* Tags of replies: the caller's own must stay below. */
#define RECORD_READ_TAG		100
#define RECORD_TAGS_END		110

enum record_news {
	RECORD_NOTHING,
	RECORD_IS_READ,		/* log is what the record holds */
	RECORD_IS_STORED,	/* the run is in, the lease released if wanted */
	RECORD_LEASE_GONE,	/* not stored: the lease node is gone */
	RECORD_FAILED,		/* for good: see failure and reason */
};

enum record_failure {
	RECORD_REFUSED,
	RECORD_DENIED,		/* an ACL */
	RECORD_CORRUPT,		/* it holds something else */
};

struct record {
	struct session		*session;
	char			 path[RECORD_PATH_SIZE];
	char			 lease[RECORD_PATH_SIZE];	/* while storing */
	bool			 wanted;	/* a reply to a read is of use */
	bool			 storing;
	bool			 release;	/* store it and free the lease */
	bool			 lease_gone;	/* as a reply to the store has it */
	int			 attempts;	/* to make the node */
	bool			 parents_denied;
	struct runs_text		 log;		/* as last read */
	int			 version;	/* of the node, as last read */
	struct runs_text_run	 run;		/* to be stored */
	enum record_failure	 failure;
	char			 reason[200];
};

/* Sets up for the record at a path; session is borrowed. */
void	record_init(struct record *, struct session *, const char *path);

/*
 * The next reply with RECORD_READ_TAG, which somebody has sent the request for,
 * counts: RECORD_IS_READ follows, or RECORD_FAILED.  A record that does not
 * exist is made, empty.
 */
void	record_expect(struct record *);

/* The lease is lost: replies that are still to come do not count. */
void	record_forget(struct record *);

/*
 * Adds a run, if the lease's node is still there, and with release deletes that
 * node in the same transaction.  RECORD_IS_STORED follows, or RECORD_LEASE_GONE
 * or RECORD_FAILED, after record_resume() if contact is lost meanwhile.
 */
void	record_store(struct record *, const struct runs_text_run *,
	    const char *lease, bool release);

/* After a lost contact, in the same session: asks for what is still awaited. */
void	record_resume(struct record *);

/* Says whether an event is a reply to what the record has asked. */
bool	record_owns(const struct session_event *);

/* Takes such a reply. */
enum record_news	record_take(struct record *,
			    const struct session_event *);

#endif
