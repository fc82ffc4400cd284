/*
 * Shared by revoke.c, revoke_break.c and revoke_look.c.
 */
#ifndef ZKRUN_REVOKE_PRIVATE_H
#define ZKRUN_REVOKE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "lock/holders.h"
#include "lock/survey.h"
#include "query/ask.h"

/* A node that --break deletes, or whose holder --revoke asks. */
struct revoke_node {
	char	*path;
	char	 who[4 * HOLDERS_TEXT_SIZE];	/* for messages */
	bool	 is_lease;	/* else a queue node without a session */
	bool	 can_be_asked;	/* a zkrun owns it; a request fits */
	bool	 asked;		/* we asked the holder; the node exists */
};

struct revoke {
	const struct options	*options;
	const char		*task;
	struct asker		 ask;
	struct survey		 survey;
	struct revoke_node	*nodes;		/* in the order found */
	size_t			 count;
	size_t			 lease_count;	/* leases among the nodes */
	int			 refusal;	/* exit status, or 0 */
};

/* revoke_open() starts to connect; revoke_close() frees everything. */
void	revoke_open(struct revoke *, const struct options *, const char *verb);
void	revoke_close(struct revoke *);

/*
 * Surveys the task, and adds the holders' leases and the queue nodes without a
 * session to the nodes.  Blocks.  Returns ASK_GO_ON or an exit status.
 */
int	revoke_look(struct revoke *);

/* Reports the pauses, which --revoke and --break do not end. */
void	revoke_name_pauses(const struct revoke *);

/* Returns the node with the name, or NULL. */
struct revoke_node	*revoke_find(const struct revoke *, const char *name);

#endif
