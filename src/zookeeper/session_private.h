/*
 * The one place that includes the client library's header.  Private to the files
 * of the session: session.c has the connection and the events, session_requests.c
 * sends, session_replies.c takes replies and watches, session_codes.c knows what
 * servers say, session_auth.c has credentials and ACLs.
 */
#ifndef ZKRUN_SESSION_PRIVATE_H
#define ZKRUN_SESSION_PRIVATE_H

#include <zookeeper/zookeeper.h>

#include "config/credentials.h"
#include "zookeeper/session.h"

/*
 * A request, with all that it takes to send it once more; freed when its reply is
 * taken.  It is open while the library has it, else held.  Replies come in the
 * order of the requests.
 */
struct session_request {
	struct session		*session;
	uint64_t		 number;	/* the order of asking */
	int			 tag;
	enum session_operation	 operation;	/* unless it has steps */
	int			 watch_tag;
	bool			 is_write;
	bool			 is_extended;	/* not every server knows it */
	int64_t			 sent_ms;
	size_t			 step_count;	/* of a transaction, or 0 */
	/* Their strings are the request's own; the first has path and data. */
	struct session_step	 steps[SESSION_STEPS];
	zoo_op_result_t		 results[SESSION_STEPS];
	struct session_event	*event;		/* what came of it, out of turn */
	STAILQ_ENTRY(session_request) entry;
};

/*
 * session.c: adds an event to the queue and returns it, for more to be filled
 * in.  Returns NULL out of memory; then the connection is given up.
 */
struct session_event	*session_add_event(struct session *,
			    enum session_event_type);

/* Ends the connection; everybody can deal with that. */
void	session_cut(const struct session *);

struct session_acl {
	struct ACL_vector	vector;
	struct ACL		entries[CREDENTIALS_MAX + 2];
};

/*
 * session_auth.c: returns the ACL for a node of ours; it may point to *acl, where
 * it is made.  Everybody can read a node that is readable.
 */
const struct ACL_vector	*session_make_acl(const struct session *,
			    struct session_acl *, bool readable);

/*
 * Before the handle connects: has the library send our credentials in front of
 * every other request.  Then session->accepted becomes true, or the state of the
 * handle ZOO_AUTH_FAILED_STATE.  Returns -1 if the library refuses.
 */
int	session_authenticate(struct session *);

/*
 * session_auth.c: asks a server one thing; session->answered tells whether it has
 * answered that.
 */
void	session_ask_carefully(struct session *);

/*
 * session_codes.c: returns what the number in a reply means, and writes a text
 * with it.
 */
enum session_code	 session_judge_code(int rc,
			    char reason[SESSION_REASON_SIZE]);

/*
 * session_replies.c: takes what a reply says of the session and not of the
 * request, if it does: that it is gone, or that the server wants to know who we
 * are.  Returns whether it does.
 */
bool	session_take_verdict(struct session *, int rc);

/* session_replies.c: the completions and watches that the library calls. */
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
 * session_requests.c: sends the request that ends the session, behind all others,
 * if that can be done without waiting.
 */
void	session_send_close(struct session *);

/*
 * session_requests.c: tells what is held back and is done, and sends the next
 * request, if it is time.  Returns when it will be, or CLOCK_NEVER.
 */
int64_t	session_send_held(struct session *);

#endif
