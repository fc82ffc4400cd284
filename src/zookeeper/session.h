/*
 * One ZooKeeper session over one connection to one server.
 *
 * Only session*.c knows the client library.  Requests are asynchronous: the
 * caller fetches their results as events, and nothing calls back into the
 * caller.  When the connection is lost, every request without a reply has an
 * unknown outcome and no event of its own: SESSION_DOWN stands for all of them.
 * The caller may then resume the session with session_open() on any server.
 * The library never reconnects by itself: see src/README.md.  No function here
 * blocks.
 */
#ifndef ZKRUN_SESSION_H
#define ZKRUN_SESSION_H

#include <sys/queue.h>

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_REASON_SIZE	160

struct _zhandle;		/* of the library */

enum session_event_type {
	SESSION_UP,		/* connected; identity and timeout are known */
	SESSION_DOWN,		/* no or lost connection; has a reason */
	SESSION_EXPIRED,	/* the session and its nodes are gone */
	SESSION_REJECTED,	/* bad or no credentials; has a reason */
	SESSION_CHANGED,	/* a watch with this tag fired */
	SESSION_REPLY,		/* the reply to the request with this tag */
};

enum session_code {
	SESSION_OK,
	SESSION_NO_NODE,
	SESSION_EXISTS,
	SESSION_STALE,		/* the node has another version */
	SESSION_DENIED,		/* by an ACL, a quota or authentication */
	SESSION_UNSUPPORTED,	/* the server does not support the request */
	SESSION_REFUSED,	/* any other error */
};

struct session_event {
	enum session_event_type type;
	int		  tag;
	enum session_code code;
	char		 *name;		/* path of a created node, or NULL */
	/* Of the node created or read; times by ZooKeeper's clock. */
	int64_t		  czxid;
	int64_t		  owner;	/* session of an ephemeral node, or 0 */
	int64_t		  children_zxid; /* last change of its children */
	int64_t		  made_ms;	/* its creation, since 1970 */
	int64_t		  changed_ms;	/* last change of its data */
	int		  version;	/* of its data (listed: the parent's) */
	char		 *data;		/* data read, with a NUL added */
	size_t		  length;
	size_t		  failed_step;	/* which step of a transaction failed */
	bool		  gone;		/* CHANGED: the node was deleted */
	bool		  unanswered;	/* DOWN: session opened, no answer */
	bool		  is_write;	/* a write that a quorum committed */
	int64_t		  sent_ms;	/* just before the request was sent */
	int64_t		  read_ms;	/* just after the reply was read */
	char		**names;	/* children */
	size_t		  count;
	char		  reason[SESSION_REASON_SIZE];
	STAILQ_ENTRY(session_event) entry;
};

struct session_identity {
	int64_t	id;		/* 0: no session yet */
	char	password[16];
};

enum session_phase {
	SESSION_CLOSED,
	SESSION_REACHING,	/* connecting by TCP */
	SESSION_GREETING,	/* connect request sent */
	SESSION_PROVING,	/* session open, credentials sent */
	SESSION_ASKING,		/* one test request sent */
	SESSION_CONNECTED,
};

struct credentials;
struct session_request;

struct session {
	const struct credentials	*credentials;
	struct _zhandle		*handle;
	enum session_phase	 phase;
	int			 fd;		/* the library's socket */
	int			 timeout_ms;	/* requested, then negotiated */
	struct session_identity	 identity;
	bool			 accepted;	/* the credentials, if any */
	size_t			 shown;		/* credentials sent so far */
	bool			 plain;		/* see SESSION_CREATE_SHARED */
	bool			 answered;	/* on this connection */
	bool			 careful;	/* no answer on the last one */
	int			 rejection;	/* code that rejects us, or 0 */
	STAILQ_HEAD(session_events, session_event) events;
	/* Requests in order: sent but not answered, and held to send later. */
	STAILQ_HEAD(session_requests, session_request) open, held;
	uint64_t		 asked;		/* requests so far */
	/* For a server that throttles. */
	int64_t			 throttled_since_ms;	/* 0: not throttling */
	int64_t			 pause_ms;	/* before the next request */
	int64_t			 ask_again_ms;	/* end of the pause */
};

/*
 * New nodes get the ACL of the credentials and grants, except shared nodes.  A
 * server may not support containers or creates that return the czxid (ZooKeeper
 * before 3.5).  Such a server refuses the first of these creates with
 * SESSION_UNSUPPORTED.  After that, zkrun creates persistent nodes instead of
 * containers, and the reply to a create has no czxid.
 */
enum session_operation {
	SESSION_CREATE_SHARED,		/* a container with an open ACL */
	SESSION_CREATE_CONTAINER,
	SESSION_CREATE_PERSISTENT,
	SESSION_CREATE_EPHEMERAL,	/* sequential, readable by everybody */
	SESSION_DELETE,
	SESSION_LIST,			/* may watch */
	SESSION_GET,			/* may watch */
	SESSION_SYNC,
};

/* One step of a transaction. */
struct session_step {
	enum {
		SESSION_CHECK_STEP,	/* the node exists, with the version */
		SESSION_SET_STEP,
		SESSION_DELETE_STEP,
		SESSION_CREATE_STEP,	/* persistent, under this exact path */
		SESSION_READABLE_STEP,	/* the same, readable by everybody */
		SESSION_EPHEMERAL_STEP,	/* the same, ephemeral */
	}		 type;
	const char	*path;
	const char	*data;		/* to set or create with; may be NULL */
	int		 version;	/* required version; -1: any */
};

#define SESSION_STEPS		3	/* at most, in one transaction */
#define SESSION_NO_WATCH	(-1)

/* Initializes a session without a connection.  Borrows the credentials. */
void	session_init(struct session *, const struct credentials *);

/*
 * Starts to connect to "address:port/chroot", where an IPv6 address has no
 * brackets.  Opens a new session if the identity has id 0, else resumes one.
 * Drops a previous connection and all events.  SESSION_UP or another event
 * follows.  Returns -1 and sets errno if the library cannot start.
 */
int	session_open(struct session *, const char *address, int timeout_ms,
	    const struct session_identity *);

/*
 * Before poll(2): fills in what to poll for (fd -1: nothing) and returns the
 * time by which to call session_process() in any case.  May add events.
 */
int64_t	session_prepare(struct session *, struct pollfd *);

/* After poll(2): reads and writes.  May add events. */
void	session_process(struct session *, short revents);

/*
 * Removes and returns the next event, or NULL.  The caller frees it with
 * session_event_free().
 */
struct session_event	*session_next(struct session *);
void			 session_event_free(struct session_event *);

/*
 * Returns the time at which the oldest request without a reply was sent.
 * Returns CLOCK_NEVER if there is no such request or no connection.
 */
int64_t	session_unanswered_since_ms(const struct session *);

/*
 * Returns whether the server's machine does not acknowledge sent data.  If so,
 * TCP retransmits at growing intervals, and would notice late that the network
 * works again.
 */
bool	session_is_cut_off(const struct session *);

/* Leaves the server without ending the session, and adds SESSION_DOWN. */
void	session_drop(struct session *, const char *reason);

/* Leaves the server without ending the session, and drops all events. */
void	session_abandon(struct session *);

/*
 * Sends the end of the session, if there is a connection, and frees everything.
 * Does not wait for the server's reply, so the server may not receive the
 * request.  If nodes must be gone, first delete them and read the replies.
 */
void	session_close(struct session *);

/*
 * Sends a request about one path; copies path and data (for a create, or NULL).
 * SESSION_REPLY with the tag follows, unless the connection is lost first.  A
 * watch adds one SESSION_CHANGED with watch_tag, unless that is
 * SESSION_NO_WATCH.  If a throttling server discards a request, zkrun sends it
 * again and delays or repeats later requests, so that replies keep the order of
 * the requests.  If a request cannot be sent, SESSION_DOWN follows.
 */
void	session_ask(struct session *, enum session_operation, int tag,
	    int watch_tag, const char *path, const char *data);

/*
 * Sends a transaction: the server executes all steps or none.  The reply
 * arrives as for session_ask().
 */
void	session_ask_steps(struct session *, int tag,
	    const struct session_step *, size_t count);

#endif
