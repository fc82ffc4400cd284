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

/* A lease node that has to go. */
struct revoke_lease {
	char	*path;
	char	 who[4 * HOLDERS_TEXT_SIZE];	/* for messages */
	bool	 is_zkrun;	/* can be asked */
	bool	 asked;		/* by a word in its data, and is not gone */
};

struct revoke {
	const struct options	*options;
	const char		*task;
	struct asker		 ask;
	struct survey		 survey;
	struct revoke_lease	*leases;	/* in the order they were met */
	size_t			 count;
	int			 refusal;	/* an exit status, or 0 */
};

void	revoke_open(struct revoke *, const struct options *, const char *verb);
void	revoke_close(struct revoke *);

/* Adds the holders to the leases.  Returns ASK_GO_ON, or an exit status. */
int	revoke_look(struct revoke *);

/* Returns the lease with the name, or NULL. */
struct revoke_lease	*revoke_find(const struct revoke *, const char *name);

#endif
