/*
 * Private to the session*.c files, and the only file that includes the client
 * library's header.  session.c keeps the connection and the events,
 * session_requests.c sends requests, session_replies.c takes replies and
 * watches, session_codes.c translates error codes, session_auth.c sends
 * credentials and makes ACLs.
 */
#ifndef ZKRUN_SESSION_PRIVATE_H
#define ZKRUN_SESSION_PRIVATE_H

#include <zookeeper/zookeeper.h>

#include "config/credentials.h"
#include "zookeeper/session.h"

/*
 * A request, with the data to send it again.  It is freed when its reply
 * arrives.  The request is in the list "open" while the library has the
 * request, else in "held".  Replies arrive in the order of the requests.
 */
struct session_request {
	struct session		*session;
	uint64_t		 number;	/* counts requests from 0 */
	int			 tag;
	enum session_operation	 operation;	/* unless it has steps */
	int			 watch_tag;
	bool			 is_write;
	bool			 is_extended;	/* may be unsupported */
	int64_t			 sent_ms;
	size_t			 step_count;	/* of a transaction, or 0 */
	/* The strings are copies.  Without steps, [0] has path and data. */
	struct session_step	 steps[SESSION_STEPS];
	zoo_op_result_t		 results[SESSION_STEPS];
	struct session_event	*event;		/* a result not yet reported */
	STAILQ_ENTRY(session_request) entry;
};

/*
 * session.c: adds an event to the queue and returns it, so that the caller can
 * fill it in.  Without memory, cuts the connection and returns NULL.
 */
struct session_event	*session_add_event(struct session *,
			    enum session_event_type);

/* session.c: shuts the socket down.  SESSION_DOWN follows. */
void	session_cut(const struct session *);

struct session_acl {
	struct ACL_vector	vector;
	struct ACL		entries[CREDENTIALS_MAX + 2];
};

/*
 * session_auth.c: returns the ACL for a new node, which may point into *acl.
 * With "readable", everybody may read the node.
 */
const struct ACL_vector	*session_make_acl(const struct session *,
			    struct session_acl *, bool readable);

/*
 * session_auth.c: before the handle connects, makes the library send the
 * credentials ahead of every other request.  Afterwards session->accepted
 * becomes true or the handle's state becomes ZOO_AUTH_FAILED_STATE.  Returns -1
 * if the library refuses.
 */
int	session_authenticate(struct session *);

/*
 * session_auth.c: sends one test request.  A reply sets session->answered, or
 * session->rejection if the server rejects us.
 */
void	session_ask_carefully(struct session *);

/*
 * session_codes.c: returns what the error code of a reply means, and writes the
 * reason, which contains the code.
 */
enum session_code	 session_judge_code(int rc,
			    char reason[SESSION_REASON_SIZE]);

/*
 * session_replies.c: returns whether an error code concerns the session rather
 * than the request: the session is gone or moved, or the server refuses or
 * requires credentials.  If so, cuts the connection or notes the rejection.
 */
bool	session_take_verdict(struct session *, int rc);

/* session_replies.c: the callbacks that the library calls. */
void	session_on_void(int rc, const void *request);
void	session_on_synced(int rc, const char *path, const void *request);
void	session_on_data(int rc, const char *, int length, const struct Stat *,
	    const void *request);
void	session_on_list(int rc, const struct String_vector *,
	    const struct Stat *, const void *request);
void	session_on_created(int rc, const char *name, const struct Stat *,
	    const void *request);
void	session_on_plain_created(int rc, const char *name, const void *request);
void	session_on_watch(zhandle_t *, int type, int state, const char *path,
	    void *tag);

/*
 * session_requests.c: sends the request that ends the session, after all
 * others.  Does not send the request if that would block.
 */
void	session_send_close(struct session *);

/*
 * session_requests.c: reports held results whose turn has come, and sends the
 * next held request if its pause is over.  Returns the time at which the pause
 * ends, or CLOCK_NEVER without a pause.
 */
int64_t	session_send_held(struct session *);

#endif
