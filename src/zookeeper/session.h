/*
 * One ZooKeeper session over one connection to one server.
 *
 * Only session*.c knows the client library.  Calls are asynchronous; what
 * comes of them is fetched as events, so nothing calls back into the caller.
 * When the connection is lost, every request without a reply has an unknown
 * outcome and no event; SESSION_DOWN stands for all of them, and the session
 * may be resumed with session_open() on any server.  The library's own
 * reconnecting is never used: see src/README.md.
 */
#ifndef ZKRUN_SESSION_H
#define ZKRUN_SESSION_H

#include <sys/queue.h>

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_REASON_SIZE	160

struct _zhandle;		/* the library's */

enum session_event_type {
	SESSION_UP,		/* connected; identity and timeout are known */
	SESSION_DOWN,		/* not reached, or lost; reason says how */
	SESSION_EXPIRED,	/* by a server's word: all is gone */
	SESSION_REJECTED,	/* a server does not take us for who we say */
	SESSION_CHANGED,	/* a watch with this tag fired */
	SESSION_REPLY,		/* to the request with this tag */
};

enum session_code {
	SESSION_OK,
	SESSION_NO_NODE,
	SESSION_EXISTS,
	SESSION_STALE,		/* not the version asked for */
	SESSION_DENIED,		/* by an ACL, or a quota */
	SESSION_UNSUPPORTED,	/* the server does not know such a request */
	SESSION_REFUSED,	/* anything else */
};

struct session_event {
	enum session_event_type type;
	int		  tag;
	enum session_code code;
	char		 *name;		/* created node's full path, or NULL */
	/* Of the node created or looked at; times by ZooKeeper's clock. */
	int64_t		  czxid;
	int64_t		  owner;	/* its session, 0 for none */
	int64_t		  children_zxid; /* when its children last changed */
	int64_t		  made_ms;	/* since 1970, as the leader has it */
	int64_t		  changed_ms;	/* its data */
	int		  version;	/* of its data; of a parent's, listed */
	char		 *data;		/* looked at; a NUL is put behind it */
	size_t		  length;
	size_t		  failed_step;	/* of a transaction that failed */
	bool		  gone;		/* CHANGED: the node was deleted */
	bool		  unanswered;	/* DOWN: it let us in, and answered nothing */
	bool		  is_write;	/* a quorum has agreed to it */
	int64_t		  sent_ms;	/* just before its request was sent */
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
	SESSION_REACHING,	/* TCP connect under way */
	SESSION_GREETING,	/* request for a session sent */
	SESSION_PROVING,	/* a credential sent */
	SESSION_ASKING,		/* a request sent, and none behind it */
	SESSION_CONNECTED,
};

struct credentials;
struct session_request;

struct session {
	const struct credentials	*credentials;
	struct _zhandle		*handle;
	enum session_phase	 phase;
	int			 fd;		/* the library's socket */
	int			 timeout_ms;	/* asked for; then negotiated */
	struct session_identity	 identity;
	bool			 accepted;	/* our credentials, or none */
	size_t			 shown;		/* of them, until then */
	bool			 plain;		/* see SESSION_CREATE_SHARED */
	bool			 answered;	/* a request, on this connection */
	bool			 careful;	/* the last one answered nothing */
	int			 rejection;	/* what it said of us, or 0 */
	STAILQ_HEAD(session_events, session_event) events;
	/* In order: under way, and to be sent once more. */
	STAILQ_HEAD(session_requests, session_request) open, held;
	uint64_t		 asked;		/* ever */
	/* Of a server that throttles: since when, and when to ask again. */
	int64_t			 throttled_since_ms;	/* 0: it does not */
	int64_t			 pause_ms;
	int64_t			 ask_again_ms;
};

/*
 * The nodes that we make are ours, with the ACL of the credentials and grants,
 * except for the shared ones.  A server may know no containers, or no creates
 * that answer with the node's czxid.  It refuses the first one with
 * SESSION_UNSUPPORTED.  From then on containers are made as persistent nodes,
 * and the reply to a create has no czxid.
 */
enum session_operation {
	SESSION_CREATE_SHARED,		/* container, with an open ACL */
	SESSION_CREATE_CONTAINER,
	SESSION_CREATE_PERSISTENT,
	SESSION_CREATE_EPHEMERAL,	/* sequential; everybody may read it */
	SESSION_DELETE,
	SESSION_LIST,			/* may watch */
	SESSION_GET,			/* may watch */
	SESSION_SYNC,
};

/* One step of a transaction. */
struct session_step {
	enum {
		SESSION_CHECK_STEP,	/* that the node is there */
		SESSION_SET_STEP,
		SESSION_DELETE_STEP,
		SESSION_CREATE_STEP,	/* persistent, by its full name */
		SESSION_READABLE_STEP,	/* the same, and everybody may read it */
		SESSION_EPHEMERAL_STEP,	/* create, likewise */
	}		 type;
	const char	*path;
	const char	*data;		/* to set or create with */
	int		 version;	/* that it must have; -1: any */
};

#define SESSION_STEPS		3	/* at most, in one */
#define SESSION_NO_WATCH	(-1)

/* credentials is borrowed. */
void	session_init(struct session *, const struct credentials *);

/*
 * Begins to connect: to "address:port/chroot", with an IPv6 address bare, for a
 * new session (identity of id 0) or to resume one.  Returns -1 and
 * sets errno if the library cannot even begin.  Does not block.
 */
int	session_open(struct session *, const char *address, int timeout_ms,
	    const struct session_identity *);

/*
 * Before poll(2): fills in what to poll for (fd -1: nothing) and returns by
 * when session_process() is due all the same, on the clock of clock.h.
 */
int64_t	session_prepare(struct session *, struct pollfd *);

/* After poll(2).  Reads and writes; events may be waiting then. */
void	session_process(struct session *, short revents);

/* Takes out the next event, or NULL.  Free it with session_event_free(). */
struct session_event	*session_next(struct session *);
void			 session_event_free(struct session_event *);

/*
 * Returns when the oldest request without a reply was sent; CLOCK_NEVER if
 * there is none.
 */
int64_t	session_unanswered_since_ms(const struct session *);

/*
 * Says whether what was sent does not even reach the server's machine.  TCP then
 * tries ever more seldom, and would notice late that the way is open again.
 */
bool	session_is_cut_off(const struct session *);

/* Leaves a server that is connected but of no use; SESSION_DOWN follows. */
void	session_drop(struct session *, const char *reason);

/* Leaves the server without ending the session; drops all events. */
void	session_abandon(struct session *);

/*
 * Ends the session, if there is a connection, and frees everything.  Does not wait
 * for the server, and proves nothing: what must be gone is deleted, and the reply
 * read, before.
 */
void	session_close(struct session *);

/*
 * Sends a request about one path.  It has its SESSION_REPLY with the tag, unless
 * the connection is lost first.  A request that the server throws away because it
 * is busy is sent again, and what was asked behind it waits or is asked again.  A
 * watch fires one SESSION_CHANGED with watch_tag, which may be SESSION_NO_WATCH.
 * data is what a node is created with.  A request that cannot be sent shows as
 * SESSION_DOWN.
 */
void	session_ask(struct session *, enum session_operation, int tag,
	    int watch_tag, const char *path, const char *data);

/* The same for a transaction: all of its steps are carried out, or none. */
void	session_ask_steps(struct session *, int tag, const struct session_step *,
	    size_t count);

#endif
