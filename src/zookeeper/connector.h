/*
 * Getting and keeping contact with ZooKeeper: which server, when again, and
 * when to give up.
 *
 * For a new session: attempts under the retry policy of the options.  In each,
 * every address of every server is tried once, in random order, but those that
 * have failed before come last.  A silent one costs its share of the attempt's
 * time.  Only an answer ends the counting: a server that lets us in and then
 * closes the connection on the first request was of no use.  Once a request of the
 * session was answered, a lost contact is sought again, on any server, for as long
 * as the session can be alive; no policy limits that.
 */
#ifndef ZKRUN_CONNECTOR_H
#define ZKRUN_CONNECTOR_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zookeeper/addresses.h"
#include "zookeeper/session.h"

struct options;
struct subprocesses;

#define CONNECTOR_FDS		2

enum connector_news {
	CONNECTOR_NOTHING,
	CONNECTOR_SEEKING,	/* no news yet: the next try; prepare again */
	CONNECTOR_NEW_SESSION,	/* connected, nothing of ours exists */
	CONNECTOR_REGAINED,	/* connected again, same session */
	CONNECTOR_LOST_CONTACT,	/* outcome of open requests unknown; seeking */
	CONNECTOR_EXPIRED,	/* told, or long past; start again */
	CONNECTOR_GAVE_UP,	/* the retry policy is exhausted */
	CONNECTOR_REJECTED,	/* a server does not take us for who we say */
	CONNECTOR_SILENT,	/* it lets us wait, and there is no other */
	CONNECTOR_EVENT,	/* a reply or a fired watch */
};

enum connector_phase {
	CONNECTOR_IDLE,
	CONNECTOR_TRYING,	/* an address, or waiting for names */
	CONNECTOR_PAUSING,	/* between two attempts */
	CONNECTOR_UP,
	CONNECTOR_GIVING_UP,	/* that, or EXPIRED, is to be told */
	CONNECTOR_EXPIRING,
};

struct connector {
	const struct options	*options;
	struct subprocesses	*ours;
	struct session		 session;
	enum connector_phase	 phase;
	struct addresses	 addresses;
	struct session_identity	 identity;	/* to resume; id 0: new */
	int64_t			 heard_ms;	/* last word of a server */
	size_t			 rejected_by;	/* server, after REJECTED */
	bool			 proven;	/* a request of it was answered */
	bool			 shut;		/* in this attempt: see lose_contact() */
	int64_t			 up_ms;		/* since when there is contact */
	unsigned int		 brief;		/* contacts in a row, not lasting */
	int64_t			 first_attempt_ms;
	int64_t			 retries;	/* without an answer, by the policy */
	int64_t			 resumes;	/* the same, of a proven session */
	int64_t			 attempt_deadline_ms;
	int64_t			 address_deadline_ms;
	/* The connect request was not sent before this. */
	int64_t			 tried_since_ms;
	/*
	 * After how long a silence another server is tried; CLOCK_NEVER leaves
	 * it to the session's timeout.  To be set by those whose lease is at
	 * stake.  Where there is no other one, such a silence is told if it is
	 * longer than what was answered before, and one four times as long ends
	 * the connection.
	 */
	int64_t			 patience_ms;
	int64_t			 slowest_ms;	/* answer of this connection */
	int64_t			 told_silent_since_ms;
	int64_t			 pause_until_ms;
};

/* Borrows all.  Its helper processes are among these children. */
void	connector_init(struct connector *, const struct options *,
	    struct subprocesses *);

/* Begins to seek contact for a new session. */
void	connector_start(struct connector *);

/* Begins to seek contact to end a session that another process left. */
void	connector_resume(struct connector *, const struct session_identity *);

/*
 * Before poll(2): fills in CONNECTOR_FDS entries; returns the deadline by which
 * connector_process() is due.  News may be waiting: fetch them before polling.
 */
int64_t	connector_prepare(struct connector *, struct pollfd *);

/* After poll(2). */
void	connector_process(struct connector *, const struct pollfd *);

/*
 * Returns what is new, CONNECTOR_NOTHING when that is all.  With
 * CONNECTOR_EVENT, *event is the caller's, to be freed.
 */
enum connector_news	connector_next(struct connector *,
			    struct session_event **event);

/*
 * The same for a process that waits for nothing else: blocks until there is
 * news, or returns CONNECTOR_NOTHING at give_up_ms, which may be CLOCK_NEVER.
 */
enum connector_news	connector_wait(struct connector *, int64_t give_up_ms,
			    struct session_event **event);

/*
 * Says whether contact is to be believed in: one that broke off at once, and again,
 * is so only when it has lasted for a while.
 */
bool	connector_is_steady(const struct connector *);

/* The server in use, for people. */
const char	*connector_server(const struct connector *);

/* Writes which server failed how: "a:2181: Connection refused; b:2181: ..." */
void	connector_explain(const struct connector *, char *, size_t);

/* Writes who did not take us for who we say, after CONNECTOR_REJECTED. */
void	connector_explain_rejection(const struct connector *, char *, size_t);

/* Ends the session if there is contact, and frees everything.  May block. */
void	connector_close(struct connector *);

#endif
