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

#define ADDRESSES_MAX		128
#define ADDRESSES_REASON_SIZE	160
#define ADDRESSES_NONE		((size_t)-1)

struct addresses {
	const struct servers	*servers;
	struct {
		size_t	server;		/* index into the servers */
		bool	tried;		/* in this attempt */
		char	text[RESOLVER_ADDRESS_SIZE];
	}			 list[ADDRESSES_MAX];
	size_t			 count;
	size_t			 current;	/* in use, or ADDRESSES_NONE */
	/* How each server failed when it was last tried. */
	char			 problems[SERVERS_MAX][ADDRESSES_REASON_SIZE];
};

/* Borrows servers. */
void	addresses_init(struct addresses *, const struct servers *);

/*
 * An attempt begins: no address was tried, and those that need no resolver are
 * known.  Returns how many servers have names.
 */
size_t	addresses_begin(struct addresses *);

/* Replaces what was known of a server's addresses, or notes why not. */
void	addresses_take(struct addresses *, const struct resolver_answer *);

/*
 * Picks by chance one that this attempt has not tried, and makes it the current
 * one.  Returns how many there were, 0 for none.
 */
size_t	addresses_pick(struct addresses *);

/* The current one has failed; there is none then. */
void	addresses_fail(struct addresses *, const char *reason);

/* Returns the server of the current one, for people. */
const char	*addresses_shown(const struct addresses *);

/* Writes which server failed how: "a:2181: Connection refused; b:2181: ..." */
void	addresses_explain(const struct addresses *, char *, size_t);

#endif
