/*
 * Private to the connector*.c files: connector.c makes attempts and keeps
 * deadlines, connector_news.c evaluates the results.
 */
#ifndef ZKRUN_CONNECTOR_PRIVATE_H
#define ZKRUN_CONNECTOR_PRIVATE_H

#include "zookeeper/connector.h"

/*
 * The least pause after an attempt in which a server ended a useless
 * connection.  A contact that lasts less than this counts as short.
 */
#define SHUT_PAUSE_MS		1000

/* Starts an attempt, which tries every address once. */
void	connector_begin_attempt(struct connector *, int64_t now_ms);

/*
 * Ends an attempt that failed: starts the pause before the next, or gives up.
 */
void	connector_end_attempt(struct connector *, int64_t now_ms);

/* Returns the time to report that the server in use is silent. */
int64_t	connector_silence_deadline(const struct connector *);

#endif
