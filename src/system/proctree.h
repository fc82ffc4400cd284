/*
 * All descendants of this process, wherever they went.
 *
 * Both zkrun processes are child subreapers, so a descendant stays below us
 * whatever it does (double fork, setsid), until it is dead and reaped.  When
 * waitid(2) fails with ECHILD, none is left.  A look at /proc that fails is
 * never taken for "nobody is there".
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
#define PROCTREE_RESERVE	3	/* descriptors, held back for a look */

struct proctree {
	struct subprocesses *ours;	/* never signalled nor counted */
	/* Other children that are not the command's: treated alike. */
	pid_t	*spared;
	size_t	spared_count;
	struct processes *found;	/* by the last look; room for the next */
	int	reserve[PROCTREE_RESERVE];
	int64_t	walk_ms;	/* how long the last look at all took */
	int64_t	threads;	/* that it found */
	int64_t	passed_on_ms;	/* the last proctree_pass_on() */
	int64_t	kill_pause_ms;	/* between rounds of proctree_kill() */
	bool	ready;		/* see proctree_stay_ready() */
	bool	named_forbidden;
};

/*
 * Returns whether /proc is there and belongs to our pid namespace.  With any
 * other we would find nobody, or the wrong processes.
 */
bool	proctree_can_see(void);

/*
 * Makes this process a subreaper, and holds what is needed to find descendants.
 * Borrows the list of our helpers.  Returns -1 and sets errno on failure.
 */
int	proctree_open(struct proctree *, struct subprocesses *ours);

/*
 * Looks once at what is there, so that all that finds and kills is in memory.
 * May block, while the program is read from its disk.
 */
void	proctree_rehearse(struct proctree *);

/*
 * Keeps in memory, from the first call on and as far as it may, what is there: a
 * killer must not wait for a disk.
 */
void	proctree_stay_ready(struct proctree *);

/*
 * Spares children that are not the command's, until they are reaped: a shell had
 * started them before its exec of zkrun, or such a child has left them behind.
 * While "except" lives, no other child of ours can be the command's.  When it is
 * dead, those older than the command are still spared.  Returns -1 if there is no
 * memory.
 */
int	proctree_spare(struct proctree *, pid_t except, int64_t older_than_ms);

/* At the end, when nobody is to be found any more. */
void	proctree_close(struct proctree *);

/*
 * Sends a signal (0: none) to every descendant but to one child (0: none),
 * though to what is below it.  Returns how many live.
 */
size_t	proctree_signal(struct proctree *, pid_t except, int number);

/*
 * Sends a signal to every descendant but to those in that process group (0:
 * none, PROCTREE_EVERYBODY: all that were there the last time), who have it.
 * Whoever ignores it gets the other one instead (0: nothing).
 */
#define PROCTREE_EVERYBODY	(-1)
void	proctree_pass_on(struct proctree *, pid_t group, int number,
	    int instead);

/*
 * Estimates how long it takes to kill all that the last proctree_signal() found,
 * from the first death to the last.
 */
int64_t	proctree_kill_takes_ms(const struct proctree *);

/*
 * Sends SIGKILL to every descendant.  From the second time on it stops all
 * before, so that none forks faster than we kill.  This is one bounded round:
 * while proctree_is_empty() says no, call it again after the returned pause in
 * ms.
 */
int64_t	proctree_kill(struct proctree *);

/*
 * Once killing has begun and some have died: kills what has fallen to us
 * meanwhile.  Does nothing before.
 */
void	proctree_kill_more(const struct proctree *);

/*
 * Reaps one dead child.  Returns its pid, or 0 if there is none.  Children may
 * die faster than they can be reaped, and the loop must go on.  So when *left,
 * PROCTREE_REAP_MAX at first, has come to 0, raises SIGCHLD for the rest and
 * returns 0.
 */
pid_t	proctree_reap(struct proctree *, int *left, int *status);

/* Returns whether many rounds of killing have left somebody alive. */
bool	proctree_is_hopeless(const struct proctree *);

/*
 * When it is hopeless: logs once that the task is not released while a
 * descendant lives that we may not signal.  Returns whether it did so.
 */
bool	proctree_name_forbidden(struct proctree *, const char *task);

/* Returns whether no descendant is left, zombies included. */
bool	proctree_is_empty(const struct proctree *);

/* Returns whether this child is the only descendant that lives. */
bool	proctree_is_only(struct proctree *, pid_t);

/* Writes "sleep (pid 12), cat (pid 13) and 2 more" into the buffer. */
void	proctree_describe(struct proctree *, char *, size_t);

#endif
