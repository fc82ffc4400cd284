/*
 * What revoke_run() and revoke_break() share.  Private to revoke*.c.
 */
#ifndef ZKRUN_REVOKE_PRIVATE_H
#define ZKRUN_REVOKE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "lock/holders.h"
#include "lock/survey.h"
#include "query/ask.h"

#define REVOKE_WHO_SIZE	(4 * HOLDERS_TEXT_SIZE)

/* A lease node that has to go. */
struct revoke_lease {
	char	*path;
	char	 who[REVOKE_WHO_SIZE];	/* for messages */
	bool	 is_zkrun;		/* can be asked */
	bool	 asked;			/* by a word in its data */
	bool	 gone;
};

struct revoke {
	const struct options	*options;
	struct asker		 ask;
	struct survey		 survey;
	struct revoke_lease	*leases;	/* in the order they were met */
	size_t			 count;
	int			 refusal;	/* an exit status, or 0 */
};

void	revoke_open(struct revoke *, const struct options *, const char *verb);
void	revoke_close(struct revoke *);

/*
 * Looks who holds, and adds new leases to the list.  Returns ASK_GO_ON with the
 * survey done, or an exit status after one line.
 */
int	revoke_look(struct revoke *);

/* Returns the lease with the name, or NULL. */
struct revoke_lease	*revoke_find(const struct revoke *, const char *name);

/* Logs that a request about a lease was refused, and notes the refusal. */
void	revoke_refused(struct revoke *, const struct revoke_lease *,
	    const struct session_event *);

#endif
