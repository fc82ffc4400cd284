/*
 * The one place that includes the client library's header.  Private to session.c
 * (the connection), session_requests.c (requests and replies) and session_auth.c
 * (credentials and ACLs).
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

#endif
