/*
 * The process tree: all descendants of this process, that is, the command and
 * all processes that it started.
 *
 * Guard and keeper are child subreapers, so a descendant stays below them until
 * it is dead and reaped, even after a double fork or setsid(2).  If waitid(2)
 * fails with ECHILD, no descendant is left.  A failed look at /proc (see
 * process.h) never counts as "no descendant".  Only proctree_rehearse() may
 * block.
 */
#ifndef ZKRUN_PROCTREE_H
#define ZKRUN_PROCTREE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "system/subprocess.h"

struct processes;

#define PROCTREE_REAP_MAX	1024
#define PROCTREE_RESERVE	3	/* descriptors that a look needs */

struct proctree {
	struct subprocesses *ours;	/* helpers: never signalled */
	/* Other children that the command did not start: never signalled. */
	pid_t	*spared;
	size_t	spared_count;
	struct processes *found;	/* result of the last look */
	int	reserve[PROCTREE_RESERVE];
	int64_t	walk_ms;	/* duration of the last full look */
	int64_t	threads;	/* found by the last look */
	int64_t	passed_on_ms;	/* last proctree_pass_on() */
	int64_t	kill_pause_ms;	/* after a round; 0: no kill yet */
	bool	ready;		/* see proctree_stay_ready() */
	bool	named_forbidden;
};

/*
 * Returns whether /proc is mounted and shows this process's pid namespace.
 * Otherwise the functions below would find no processes, or wrong ones.
 */
bool	proctree_can_see(void);

/*
 * Makes this process a subreaper, and reserves the memory and descriptors for
 * finding descendants.  Borrows the list of helpers.  Returns -1 and sets errno
 * on failure.
 */
int	proctree_open(struct proctree *, struct subprocesses *ours);

/*
 * Reads the whole program into memory and looks for descendants once, so that
 * finding and killing them later needs no disk.  May block on the program's
 * disk.
 */
void	proctree_rehearse(struct proctree *);

/*
 * Locks the pages that are in memory, as far as RLIMIT_MEMLOCK permits, so that
 * killing does not wait for a disk.  Only the first call has an effect.
 */
void	proctree_stay_ready(struct proctree *);

/*
 * Spares children that the command did not start, until they are reaped.  The
 * caller's shell started such a child before its exec of zkrun, or the child
 * descends from such a child.  While the child "except" lives, spares all
 * others.  After its death, spares only those that started before
 * older_than_ms, the command's start.  Returns -1 if memory is exhausted or
 * /proc cannot be read.
 */
int	proctree_spare(struct proctree *, pid_t except, int64_t older_than_ms);

/* Frees the memory.  Do not call another function after this one. */
void	proctree_close(struct proctree *);

/*
 * Sends a signal (0: none) to every descendant except one child (0: none), but
 * also to the descendants of that child.  Returns the number of living
 * descendants found.
 */
size_t	proctree_signal(struct proctree *, pid_t except, int number);

/*
 * Sends a signal to every descendant except those that have already had it: the
 * members of a process group (0: none), or with PROCTREE_EVERYBODY the
 * processes that existed at the last call.  A process that ignores the signal
 * gets the signal "instead" (0: no replacement).
 */
#define PROCTREE_EVERYBODY	(-1)
void	proctree_pass_on(struct proctree *, pid_t group, int number,
	    int instead);

/*
 * Estimates how many ms it takes to kill all processes that the last
 * proctree_signal() found.
 */
int64_t	proctree_kill_takes_ms(const struct proctree *);

/*
 * Sends SIGKILL to every descendant, in one round of limited length.  From the
 * second round on, first stops all descendants, because a process may fork
 * faster than zkrun kills.  Returns a pause in ms.  The caller repeats the call
 * after each pause until proctree_is_empty().
 */
int64_t	proctree_kill(struct proctree *);

/*
 * After deaths between two rounds of proctree_kill(): kills the orphans that
 * became our children.  Does nothing before the first round.
 */
void	proctree_kill_more(const struct proctree *);

/*
 * Reaps one dead child.  Returns its pid and wait status, or 0 if there is
 * none.  Children may die faster than this process reaps them, but the caller's
 * loop must continue.  Therefore set *left to PROCTREE_REAP_MAX in each turn.
 * Each call counts *left down.  At 0, the call returns 0 and sends SIGCHLD to
 * this process, so that the next turn reaps the rest.
 */
pid_t	proctree_reap(struct proctree *, int *left, int *status);

/* Returns whether proctree_kill() has reached its longest pause. */
bool	proctree_is_hopeless(const struct proctree *);

/*
 * If proctree_is_hopeless(): logs, once, a descendant that this process may not
 * signal and that keeps the task locked.  Returns whether it logged now.
 */
bool	proctree_name_forbidden(struct proctree *, const char *task);

/* Returns whether no descendant is left, not even a zombie. */
bool	proctree_is_empty(const struct proctree *);

/* Returns whether this child is the only living descendant. */
bool	proctree_is_only(struct proctree *, pid_t);

/*
 * Writes at most three descendants: "'sleep' (pid 12), 'cat' (pid 13) and 2
 * more".
 */
void	proctree_describe(struct proctree *, char *, size_t);

#endif
