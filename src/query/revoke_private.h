/*
 * What revoke_run() and revoke_break() share.  Private to revoke*.c.
 */
#ifndef ZKRUN_REVOKE_PRIVATE_H
#define ZKRUN_REVOKE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lock/holders.h"
#include "lock/survey.h"
#include "query/ask.h"

#define REVOKE_WHO_SIZE	(4 * HOLDERS_TEXT_SIZE)

/* A lease node that is to go. */
struct revoke_lease {
	char	*path;
	char	 who[REVOKE_WHO_SIZE];	/* for messages */
	bool	 is_zkrun;		/* can be asked */
	bool	 asked;			/* has been, for certain */
	bool	 gone;
};

struct revoke {
	const struct options	*options;
	struct ask		 ask;
	struct survey		 survey;
	struct revoke_lease	*leases;	/* in the order they were met */
	size_t			 count;
};

void	revoke_open(struct revoke *, const struct options *, const char *verb);
void	revoke_close(struct revoke *);

/*
 * Looks who holds, and adds to the leases what is not among them yet.  Returns
 * ASK_GO_ON with the survey done, or an exit status after one line.
 */
int	revoke_look(struct revoke *);

/* Returns the lease with the name, or NULL. */
struct revoke_lease	*revoke_find(const struct revoke *, const char *name);

/* Returns how many leases are not gone. */
size_t	revoke_left(const struct revoke *);

/* Says that a request about a lease was refused; returns the exit status. */
int	revoke_refused(const struct revoke *, const struct revoke_lease *,
	    const struct session_event *);

/* Sends what needs no watch, tagged with the index of the lease. */
void	revoke_send(struct revoke *, size_t, enum session_operation, int watch);

#endif
