/*
 * Everything below this process: what the command started, and what that
 * started, wherever it went.
 *
 * Both zkrun processes are child subreapers, so a descendant stays below us
 * whatever it does (double fork, setsid), until it is dead and reaped; and
 * waitid(2) answering ECHILD proves that none is left.
 */
#ifndef ZKRUN_PROCTREE_H
#define ZKRUN_PROCTREE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#define PROCTREE_SPARED_MAX	32

struct proctree {
	/* Never signalled itself, but what is below it is; 0: none. */
	pid_t	passed_over;
	/* Children that are not the command's: never signalled or counted. */
	pid_t	spared[PROCTREE_SPARED_MAX];
	size_t	spared_count;
};

/* Makes this process a subreaper.  Returns -1 and sets errno on failure. */
int	proctree_adopt(void);

/* Spares a child, at most PROCTREE_SPARED_MAX of them. */
void	proctree_spare(struct proctree *, pid_t);

/* Spares every child that there is now (a shell that did exec zkrun). */
void	proctree_spare_present(struct proctree *);

/*
 * Sends a signal to every descendant, through a pidfd that is checked to be
 * still that descendant.  Returns how many got it.
 */
size_t	proctree_signal(const struct proctree *, int number);

/*
 * Sends SIGKILL to every descendant, all of them stopped first so that none
 * forks faster than they are killed.  One bounded round: call it again while
 * proctree_is_empty() says no.
 */
void	proctree_kill(const struct proctree *);

/*
 * Writes "'sudo' (pid 12, user id 0)" into the buffer if there is a descendant
 * that we may not signal, and returns true.
 */
bool	proctree_describe_forbidden(const struct proctree *, char *, size_t);

/* Says whether no descendant is left, zombies included. */
bool	proctree_is_empty(const struct proctree *);

/* Writes "sleep (pid 12), cat (pid 13) and 2 more" into the buffer. */
void	proctree_describe(const struct proctree *, char *, size_t);

#endif
