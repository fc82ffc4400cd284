/*
 * Looks up host names in a helper process.
 *
 * getaddrinfo(3) blocks for as long as a dead name server pleases.  The helper
 * passes on each answer as it comes, so that a name that hangs holds up neither
 * the other names nor the lease.
 */
#ifndef ZKRUN_RESOLVER_H
#define ZKRUN_RESOLVER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/servers.h"

struct subprocesses;

#define RESOLVER_ADDRESSES	8	/* used of one server */
#define RESOLVER_ADDRESS_SIZE	56	/* of "address:port" */

struct resolver_answer {
	size_t	server;			/* index into the servers */
	int	error;			/* of getaddrinfo(3); 0: none */
	size_t	count;
	/* As the client library reads it: IPv6 without brackets. */
	char	address[RESOLVER_ADDRESSES][RESOLVER_ADDRESS_SIZE];
};

struct resolver {
	struct subprocesses *ours;
	int	fd;			/* poll it for POLLIN; -1: no helper */
	pid_t	helper;
	size_t	pending;		/* names without an answer yet */
	int64_t	started_ms;		/* the last helper */
};

/* Its helpers are among these. */
void	resolver_init(struct resolver *, struct subprocesses *);

/* Answers at once if a server is given by address; else returns false. */
bool	resolver_numeric(const struct servers *, size_t server,
	    struct resolver_answer *);

/*
 * Looks up the servers that are given by name (so many), unless that goes on.
 * It begins a second after the last time at the earliest.  Returns -1 and sets
 * errno on failure.
 */
int	resolver_start(struct resolver *, const struct servers *, size_t named);

/* Reads the next answer.  Returns false if there is none now.  Never blocks. */
bool	resolver_read(struct resolver *, struct resolver_answer *);

/* Kills the helper, if there is one, and forgets it: it may not die. */
void	resolver_stop(struct resolver *);

/*
 * The same at the end of this process, and waits for its death, but not for long:
 * whoever adopts it may not reap it.
 */
void	resolver_close(struct resolver *);

#endif
