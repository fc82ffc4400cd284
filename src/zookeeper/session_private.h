/*
 * The one place that includes the client library's header; shared by session.c
 * (the connection), session_requests.c and session_creates.c (what goes over it)
 * and session_auth.c (who may).  Private to these.
 */
#ifndef ZKRUN_SESSION_PRIVATE_H
#define ZKRUN_SESSION_PRIVATE_H

/* The header shows zookeeper_init_ssl() only if told that there is one. */
#if defined(ZKRUN_TLS) && !defined(HAVE_OPENSSL_H)
#define HAVE_OPENSSL_H 1
#endif

#include <zookeeper/zookeeper.h>

#include "zookeeper/session.h"

/*
 * A request under way, freed by its completion.  Replies come in the order of
 * the requests.
 */
struct session_open_request {
	struct session		*session;
	int			 tag;
	bool			 is_write;
	bool			 is_extended;	/* not every server knows it */
	int64_t			 sent_ms;
	/* Of a multi; the library reads them until the completion. */
	size_t			 step_count;
	struct {
		char		*path;
		char		*data;
	}			 copies[SESSION_STEPS];
	zoo_op_t		 steps[SESSION_STEPS];
	zoo_op_result_t		 results[SESSION_STEPS];
	STAILQ_ENTRY(session_open_request) entry;
};

/*
 * Adds an event to the queue and returns it, for more to be filled in.  Returns
 * NULL out of memory; then the connection is given up.
 */
struct session_event	*session_add_event(struct session *,
			    enum session_event_type);

/* Frees those that have no completion any more: the handle is closed. */
void	session_forget_requests(struct session *);

/* session_creates.c: makes a node; mode is the library's. */
int	session_send_create(struct session *, const struct session_request *,
	    struct session_open_request *, int mode);

/* The completion of a create; without a stat the server has told none. */
void	session_on_created(int rc, const char *name, const struct Stat *,
	    const void *request);

/* The server does not know a request that is extended. */
void	session_use_plain_creates(struct session *);

#endif
