/*
 * What revoke.c, revoke_break.c and revoke_look.c share.  Private to these.
 */
#ifndef ZKRUN_REVOKE_PRIVATE_H
#define ZKRUN_REVOKE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "lock/holders.h"
#include "lock/survey.h"
#include "query/ask.h"

/* A node that has to go. */
struct revoke_node {
	char	*path;
	char	 who[4 * HOLDERS_TEXT_SIZE];	/* for messages */
	bool	 is_lease;	/* else a place in line without a session */
	bool	 can_be_asked;	/* it is that of a living zkrun */
	bool	 asked;		/* by a word in its data, and is not gone */
};

struct revoke {
	const struct options	*options;
	const char		*task;
	struct asker		 ask;
	struct survey		 survey;
	struct revoke_node	*nodes;		/* in the order they were met */
	size_t			 count;
	size_t			 lease_count;	/* of them */
	int			 refusal;	/* an exit status, or 0 */
};

void	revoke_open(struct revoke *, const struct options *, const char *verb);
void	revoke_close(struct revoke *);

/*
 * Adds the holders' leases, and the places in line without a session, to the
 * nodes.  Returns ASK_GO_ON, or an exit status.
 */
int	revoke_look(struct revoke *);

/* Names the pauses, which hold nothing and stay. */
void	revoke_name_pauses(const struct revoke *);

/* Returns the node with the name, or NULL. */
struct revoke_node	*revoke_find(const struct revoke *, const char *name);

#endif
