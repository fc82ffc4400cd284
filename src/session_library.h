/*
 * The one place that includes the client library's header; shared by session.c
 * (the connection) and session_requests.c (what goes over it).  Private to the
 * two.
 */
#ifndef ZKRUN_SESSION_LIBRARY_H
#define ZKRUN_SESSION_LIBRARY_H

#include <zookeeper/zookeeper.h>

#include "session.h"

/*
 * Adds an event to the queue and returns it, for more to be filled in.  Returns
 * NULL out of memory; then the connection is given up.
 */
struct session_event	*session_add_event(struct session *,
			    enum session_event_type);

#endif
