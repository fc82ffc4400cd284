/*
 * Private to the files of the connector: connector.c has attempts and deadlines,
 * connector_news.c what comes of them.
 */
#ifndef ZKRUN_CONNECTOR_PRIVATE_H
#define ZKRUN_CONNECTOR_PRIVATE_H

#include "zookeeper/connector.h"

/*
 * The least pause before a server that ends each connection is tried again.  One
 * that lasted for longer was of use.
 */
#define SHUT_PAUSE_MS		1000

/* Begins to try every address once. */
void	connector_begin_attempt(struct connector *, int64_t now_ms);

/* All have failed: the next attempt follows after a pause, or none does. */
void	connector_end_attempt(struct connector *, int64_t now_ms);

/* Returns when the caller is to be told of a silence that goes on. */
int64_t	connector_silence_deadline(const struct connector *);

#endif
