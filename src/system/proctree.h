/*
 * All descendants of this process, wherever they went.
 *
 * Both zkrun processes are child subreapers, so a descendant stays below us
 * whatever it does (double fork, setsid), until it is dead and reaped.  When
 * waitid(2) fails with ECHILD, none is left.
 */
#ifndef ZKRUN_PROCTREE_H
#define ZKRUN_PROCTREE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROCTREE_REAP_MAX	1024

struct proctree {
	/* Children that are not the command's: never signalled nor counted. */
	pid_t	*spared;
	size_t	spared_count;
	int64_t	kill_pause_ms;	/* between rounds of proctree_kill() */
	bool	named_forbidden;
};

/*
 * Returns whether /proc is there and belongs to our pid namespace.  With any
 * other we would find nobody, or the wrong processes.
 */
bool	proctree_can_see(void);

/* Makes this process a subreaper.  Returns -1 and sets errno on failure. */
int	proctree_adopt(void);

/*
 * Spares every child that exists now but one, until it is reaped: a shell may
 * have started it before its exec of zkrun.  Returns -1 if there is no memory.
 */
int	proctree_spare_present(struct proctree *, pid_t except);

/* Frees the memory of proctree_spare_present(). */
void	proctree_forget_spared(struct proctree *);

/*
 * Sends a signal to every descendant, as process_signal() does, but to one child
 * (0: none), though to what is below it.  Returns how many got it.
 */
size_t	proctree_signal(const struct proctree *, pid_t except, int number);

/*
 * Stops every descendant, so that none forks faster than we kill, and then
 * sends SIGKILL to all.  This is one bounded round: while proctree_is_empty()
 * says no, call it again after the returned pause in ms.
 */
int64_t	proctree_kill(struct proctree *);

/*
 * Once killing has begun and some have died: kills what was born meanwhile at
 * once, for processes that fork and end all the time.  Does nothing before.
 */
void	proctree_kill_more(const struct proctree *);

/*
 * Reaps one dead child.  Returns its pid, or 0 if there is none.  Children may
 * die faster than they can be reaped, and the loop must go on.  So when *left,
 * PROCTREE_REAP_MAX at first, has come to 0, raises SIGCHLD for the rest and
 * returns 0.
 */
pid_t	proctree_reap(struct proctree *, int *left, int *status);

/*
 * After some rounds of killing: if we may not signal a descendant, logs once
 * that the task is not released while it lives.  Returns whether it did so.
 */
bool	proctree_name_forbidden(struct proctree *, const char *task);

/* Returns whether no descendant is left, zombies included. */
bool	proctree_is_empty(const struct proctree *);

/* Writes "sleep (pid 12), cat (pid 13) and 2 more" into the buffer. */
void	proctree_describe(const struct proctree *, char *, size_t);

#endif
