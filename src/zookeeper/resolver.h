/*
 * Looks up host names in a helper process.
 *
 * getaddrinfo(3) may block for as long as a name server is dead.  The helper
 * sends each answer as it arrives, so that a slow name delays neither the other
 * names nor the loop.
 */
#ifndef ZKRUN_RESOLVER_H
#define ZKRUN_RESOLVER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/servers.h"

struct subprocesses;

#define RESOLVER_ADDRESSES	8	/* used per server */
#define RESOLVER_ADDRESS_SIZE	56	/* of "address:port" */

struct resolver_answer {
	size_t	server;			/* index into the servers */
	int	error;			/* EAI_* of getaddrinfo(3), or 0 */
	size_t	count;
	/* "address:port" for the client library: IPv6 without brackets. */
	char	address[RESOLVER_ADDRESSES][RESOLVER_ADDRESS_SIZE];
};

struct resolver {
	struct subprocesses *ours;
	int	fd;			/* to poll for POLLIN; -1: no helper */
	pid_t	helper;
	size_t	pending;		/* names without an answer */
	int64_t	started_ms;		/* start of the last round */
};

/* Borrows the list of helpers, to which it adds its own. */
void	resolver_init(struct resolver *, struct subprocesses *);

/*
 * If the server is given as a numeric address, stores the answer and returns
 * true.  Never blocks.
 */
bool	resolver_numeric(const struct servers *, size_t server,
	    struct resolver_answer *);

/*
 * Starts a helper that looks up the servers given by name; "named" is their
 * number.  Does nothing if "named" is 0 or a helper runs.  The look-up begins
 * at least a second after the last look-up began.  Returns -1 and sets errno if
 * it cannot start a helper.
 */
int	resolver_start(struct resolver *, const struct servers *, size_t named);

/*
 * Reads the next answer.  Returns false if no answer has arrived.  Never
 * blocks.
 */
bool	resolver_read(struct resolver *, struct resolver_answer *);

/* Kills the helper, if any.  Does not wait for its death. */
void	resolver_stop(struct resolver *);

/*
 * At the end of this process: kills the helper and waits up to 200 ms to reap
 * it, because the process that adopts it may not reap it.
 */
void	resolver_close(struct resolver *);

#endif
