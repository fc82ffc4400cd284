/*
 * Gains and keeps contact with ZooKeeper: decides which server to try, when to
 * retry and when to give up.
 *
 * For a new session, the connector makes attempts under the retry policy of the
 * options.  An attempt tries every address of every server once, in random
 * order, except that addresses which failed before come last.  A silent server
 * costs its share of the attempt's time.  Only an answered request resets the
 * count of retries, because a server may open a session and then close the
 * connection on the first request.
 *
 * Once a server has answered a request of the session, the connector tries to
 * regain lost contact, on any server, for as long as the session may be alive.
 * The retry policy does not limit these attempts.
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
	CONNECTOR_SEEKING,	/* call connector_prepare() again */
	CONNECTOR_NEW_SESSION,	/* connected; owns no nodes yet */
	CONNECTOR_REGAINED,	/* connected again, with the same session */
	CONNECTOR_LOST_CONTACT,	/* open requests have unknown outcomes */
	CONNECTOR_EXPIRED,	/* the session is gone; start again */
	CONNECTOR_GAVE_UP,	/* the retry policy is exhausted */
	CONNECTOR_REJECTED,	/* a server refuses or needs credentials */
	CONNECTOR_SILENT,	/* slow, and no other server to try */
	CONNECTOR_EVENT,	/* a reply or a fired watch */
};

enum connector_phase {
	CONNECTOR_IDLE,
	CONNECTOR_TRYING,	/* connecting, or waiting for names */
	CONNECTOR_PAUSING,	/* between two attempts */
	CONNECTOR_UP,
	CONNECTOR_GIVING_UP,	/* will report CONNECTOR_GAVE_UP */
	CONNECTOR_EXPIRING,	/* will report CONNECTOR_EXPIRED */
};

struct connector {
	const struct options	*options;
	struct subprocesses	*ours;
	struct session		 session;
	enum connector_phase	 phase;
	struct addresses	 addresses;
	struct session_identity	 identity;	/* to resume; id 0: new */
	int64_t			 heard_ms;	/* last message from a server */
	size_t			 rejected_by;	/* server, after REJECTED */
	bool			 proven;	/* session has had an answer */
	bool			 shut;		/* attempt: see SHUT_PAUSE_MS */
	int64_t			 up_ms;		/* when contact began */
	unsigned int		 brief;		/* successive short contacts */
	int64_t			 first_attempt_ms;
	/* Since the last answer: attempts for a new session, and to resume. */
	int64_t			 retries;
	int64_t			 resumes;
	int64_t			 attempt_deadline_ms;
	int64_t			 address_deadline_ms;
	/*
	 * When the current address was tried, just before the connect request.
	 */
	int64_t			 tried_since_ms;
	/*
	 * How long to wait for an answer before trying another server.  The
	 * owner sets it while a lease is at stake.  CLOCK_NEVER: the limit of
	 * the library, 2/3 of the session timeout.  If no other server is worth
	 * trying, the connector reports a silence that is longer than earlier
	 * ones (CONNECTOR_SILENT), and leaves the server after four times the
	 * patience.
	 */
	int64_t			 patience_ms;
	int64_t			 slowest_ms;	/* slowest on this connection */
	int64_t			 told_silent_since_ms;
	int64_t			 pause_until_ms;
};

/* Borrows the options and the list of helpers.  Does not connect yet. */
void	connector_init(struct connector *, const struct options *,
	    struct subprocesses *);

/* Starts to connect for a new session.  Does not block. */
void	connector_start(struct connector *);

/*
 * Starts to connect, in order to resume a session that another process left.
 * Does not block.
 */
void	connector_resume(struct connector *, const struct session_identity *);

/*
 * Before poll(2): fills in CONNECTOR_FDS entries and returns the time by which
 * to call connector_process() even if none is ready.  May produce news, which
 * the caller fetches before poll(2).  Does not block.
 */
int64_t	connector_prepare(struct connector *, struct pollfd *);

/* After poll(2): reads and writes.  Does not block. */
void	connector_process(struct connector *, const struct pollfd *);

/*
 * Returns the next news, or CONNECTOR_NOTHING.  With CONNECTOR_EVENT the caller
 * frees *event by session_event_free(); otherwise *event is NULL.
 */
enum connector_news	connector_next(struct connector *,
			    struct session_event **event);

/*
 * Works like connector_next(), but blocks until there is news.  Returns
 * CONNECTOR_NOTHING at the deadline give_up_ms.  Use it in a process that waits
 * for nothing else.
 */
enum connector_news	connector_wait(struct connector *, int64_t give_up_ms,
			    struct session_event **event);

/*
 * Returns whether contact is steady.  After repeated contacts of less than a
 * second, the current one must have lasted for a second.
 */
bool	connector_is_steady(const struct connector *);

/* Returns the server in use, for messages; "none" if there is none. */
const char	*connector_server(const struct connector *);

/* Writes each server's problem: "a:2181: Connection refused; b:2181: ..." */
void	connector_explain(const struct connector *, char *, size_t);

/* Writes, after CONNECTOR_REJECTED, which server refused us and why. */
void	connector_explain_rejection(const struct connector *, char *, size_t);

/*
 * Ends the session if there is contact, kills the helper and frees everything.
 * May block for 200 ms.
 */
void	connector_close(struct connector *);

#endif
