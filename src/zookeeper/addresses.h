/*
 * The servers' addresses, for connector.c.  Private to it.
 */
#ifndef ZKRUN_ADDRESSES_H
#define ZKRUN_ADDRESSES_H

#include <stddef.h>

struct connector;
struct resolver_answer;

/*
 * An attempt begins: no address was tried, and those that need no resolver are
 * known.  Returns how many servers have names.
 */
size_t	addresses_begin(struct connector *);

/* Replaces what was known of a server's addresses, or notes why not. */
void	addresses_take(struct connector *,
	    const struct resolver_answer *);

/*
 * Returns an address not tried in this attempt, by chance, or SIZE_MAX; and
 * counts those that there are.
 */
size_t	addresses_pick(const struct connector *, size_t *untried);

#endif
