/*
 * Keeps the servers' known addresses, which of them the current attempt has
 * tried, and how each server failed.  No function here blocks.
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
	/* The last failure, or 0.  A name without addresses uses [0]. */
	int64_t			 failed_ms[SERVERS_MAX][RESOLVER_ADDRESSES];
	/* Each server's latest problem. */
	char			 problems[SERVERS_MAX][ADDRESSES_REASON_SIZE];
	size_t			 current;	/* server, or ADDRESSES_NONE */
	/*
	 * The index of its address, or RESOLVER_ADDRESSES if the address is no
	 * longer in the list.
	 */
	size_t			 current_address;
	struct resolver		 resolver;
};

/* Borrows the servers and the list of helpers. */
void	addresses_init(struct addresses *, const struct servers *,
	    struct subprocesses *);

/*
 * Begins an attempt: marks every address as untried and starts to look up
 * names.  If it cannot start a helper, stores this as the problem of the
 * servers given by name.
 */
void	addresses_begin(struct addresses *);

/* Takes the resolver's available answers. */
void	addresses_read(struct addresses *);

/*
 * Picks an address that this attempt has not tried.  Prefers an address that
 * never failed, then the address that failed longest ago, and picks at random
 * among equals.  Marks the address as tried and makes its server the current
 * one.  Stores how many addresses were untried, including the result.  Returns
 * NULL if all were tried.  The result is valid until the next call of
 * addresses_begin() or addresses_read().
 */
const char	*addresses_pick(struct addresses *, size_t *untried);

/* Notes that the current server has failed and is no longer current. */
void	addresses_fail(struct addresses *, const char *reason);

/*
 * Returns whether an address other than the current one has not failed since
 * since_ms.  A name without known addresses counts as one address.
 */
bool	addresses_has_other(const struct addresses *, int64_t since_ms);

#endif
