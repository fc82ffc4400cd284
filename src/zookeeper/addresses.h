/*
 * The addresses of the servers: which are known, which of them an attempt has
 * tried, and how each server failed.
 *
 * getaddrinfo(3) blocks for as long as a dead name server pleases.  So one
 * helper process looks up all names, and passes on each answer as it comes: a
 * name that hangs holds up neither the others nor the lease.
 */
#ifndef ZKRUN_ADDRESSES_H
#define ZKRUN_ADDRESSES_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/servers.h"

#define ADDRESSES_REASON_SIZE	160
#define ADDRESSES_NONE		SERVERS_MAX
#define ADDRESSES_EACH		8	/* used of one server */
#define ADDRESSES_SIZE		56	/* of "address:port" */

struct addresses_answer {
	size_t	server;			/* index into the servers */
	int	error;			/* of getaddrinfo(3); 0: none */
	size_t	count;
	/* As the client library reads it: IPv6 without brackets. */
	char	address[ADDRESSES_EACH][ADDRESSES_SIZE];
};

struct addresses {
	const struct servers	*servers;
	struct addresses_answer	 known[SERVERS_MAX];
	bool			 tried[SERVERS_MAX][ADDRESSES_EACH];
	/* How each server failed when it was last tried. */
	char			 problems[SERVERS_MAX][ADDRESSES_REASON_SIZE];
	size_t			 current;	/* server, or ADDRESSES_NONE */
	int			 fd;		/* of the helper; -1: none */
	pid_t			 helper;
	size_t			 pending;	/* names without an answer yet */
	int64_t			 started_ms;	/* the last helper */
};

/* Borrows servers. */
void	addresses_init(struct addresses *, const struct servers *);

/*
 * An attempt begins: no address was tried.  If servers have names, looks them up,
 * unless that is under way or has begun less than a second ago.  Returns -1 and
 * sets errno if it is impossible.
 */
int	addresses_begin(struct addresses *);

/* Reads the answers that have come.  Never blocks; poll fd for POLLIN. */
void	addresses_read(struct addresses *);

/*
 * Picks by chance one that this attempt has not tried; its server is the current
 * one.  Stores how many there were.  Returns NULL for none.
 */
const char	*addresses_pick(struct addresses *, size_t *untried);

/* The current server has failed; there is none then. */
void	addresses_fail(struct addresses *, const char *reason);

/* Kills and reaps the helper, if there is one. */
void	addresses_stop(struct addresses *);

#endif
