/*
 * The addresses of the servers: which are known, which of them an attempt has
 * tried, and how each server failed.
 */
#ifndef ZKRUN_ADDRESSES_H
#define ZKRUN_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

#include "config/servers.h"
#include "zookeeper/resolver.h"

#define ADDRESSES_REASON_SIZE	160
#define ADDRESSES_NONE		SERVERS_MAX

struct addresses {
	const struct servers	*servers;
	struct resolver_answer	 known[SERVERS_MAX];
	bool			 tried[SERVERS_MAX][RESOLVER_ADDRESSES];
	/* When each failed last, or its name; 0: never. */
	int64_t			 failed_ms[SERVERS_MAX][RESOLVER_ADDRESSES];
	/* How each server failed when it was last tried. */
	char			 problems[SERVERS_MAX][ADDRESSES_REASON_SIZE];
	size_t			 current;	/* server, or ADDRESSES_NONE */
	/* Of that server; RESOLVER_ADDRESSES: it is no longer among them. */
	size_t			 current_address;
	struct resolver		 resolver;
};

/* Borrows all.  Helper processes are among these children. */
void	addresses_init(struct addresses *, const struct servers *,
	    struct subprocesses *);

/*
 * Begins an attempt: no address is tried yet, and names are looked up.  Where
 * they cannot be, that is these servers' problem.
 */
void	addresses_begin(struct addresses *);

/* Takes the answers of the resolver that have come.  Never blocks. */
void	addresses_read(struct addresses *);

/*
 * Picks one that this attempt has not tried: one that never failed, or else failed
 * longest ago, by chance where there are several.  Its server is the current one.
 * Stores how many there were to pick from.  Returns NULL for none.
 */
const char	*addresses_pick(struct addresses *, size_t *untried);

/* The current server has failed; there is none then. */
void	addresses_fail(struct addresses *, const char *reason);

/*
 * Returns whether there is another address than the current one that has not
 * failed since then, or a name that may have one.
 */
bool	addresses_has_other(const struct addresses *, int64_t since_ms);

#endif
