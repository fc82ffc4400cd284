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
#include <stdint.h>

#define PROCTREE_REAP_MAX	1024

struct proctree {
	/* Children that are not the command's: never signalled or counted. */
	pid_t	*spared;
	size_t	spared_count;
	int64_t	kill_pause_ms;	/* between rounds of proctree_kill() */
	bool	named_forbidden;
};

/*
 * Says whether /proc is there, and of our pid namespace: else nobody would be
 * found, or somebody else.
 */
bool	proctree_can_see(void);

/* Makes this process a subreaper.  Returns -1 and sets errno on failure. */
int	proctree_adopt(void);

/*
 * Spares every child that there is now but one: those of a shell that did exec
 * zkrun, each until it is reaped.  Returns -1 if there is no memory for that.
 */
int	proctree_spare_present(struct proctree *, pid_t except);

/* Frees what that took. */
void	proctree_forget_spared(struct proctree *);

/*
 * Sends a signal to every descendant, through a pidfd that is checked to be
 * still that descendant.  Returns how many got it.
 */
size_t	proctree_signal(const struct proctree *, int number);

/* Does the same, but passes over one child, though not what is below it. */
size_t	proctree_signal_below(const struct proctree *, pid_t child, int number);

/*
 * Sends SIGKILL to every descendant, all of them stopped first so that none
 * forks faster than they are killed.  One bounded round: while
 * proctree_is_empty() says no, call it again after the returned pause in ms.
 */
int64_t	proctree_kill(struct proctree *);

/*
 * Once killing has begun and some have died of it: kills what was born
 * meanwhile, now, for who forks and ends all the time is best caught young.
 * Before that it does nothing.
 */
void	proctree_kill_more(const struct proctree *);

/*
 * Reaps one dead child; returns its pid, or 0 if there is none, or if *left,
 * PROCTREE_REAP_MAX at first, has come to 0: children may die faster than they
 * can be reaped, and the loop must go on.  SIGCHLD is raised then, for the rest.
 */
pid_t	proctree_reap(struct proctree *, int *left, int *status);

/*
 * After some rounds that were not enough: if there is a descendant that we may
 * not signal, says so once, that the task is not released while it lives, and
 * returns true.
 */
bool	proctree_name_forbidden(struct proctree *, const char *task);

/* Says whether no descendant is left, zombies included. */
bool	proctree_is_empty(const struct proctree *);

/* Writes "sleep (pid 12), cat (pid 13) and 2 more" into the buffer. */
void	proctree_describe(const struct proctree *, char *, size_t);

#endif
