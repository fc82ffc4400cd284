/*
 * Which signals have to be passed on to the command, and which reached its process
 * group by themselves.
 *
 * Guard and keeper share a process group, a terminal and a unit, most often with
 * the command.  The keeper also hears a signal to all of them (a key, kill(2) of
 * the group, systemd stopping the unit), from the same sender.  Who kills one
 * process after the other takes a moment.  So a signal that only one of the two has
 * heard waits FORWARD_DELAY_MS for the other.  One to the keeper alone counts as
 * one to the guard.
 *
 * Of two equal signals the kernel may keep one for one process, and both for the
 * other.  And timeout(1) kills its child, then the group.  So what one sender
 * repeats within FORWARD_DELAY_MS is one signal.  Pure: no I/O.
 */
#ifndef ZKRUN_FORWARD_H
#define ZKRUN_FORWARD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#define FORWARD_DELAY_MS	20
/* How long the word of the one is good for what only the other has heard. */
#define FORWARD_MEMORY_MS	1000
#define FORWARD_SLOTS		16

enum forward_ear {
	FORWARD_GUARD = 1 << 0,
	FORWARD_KEEPER = 1 << 1,
	FORWARD_BOTH = FORWARD_GUARD | FORWARD_KEEPER
};

struct forward_entry {
	int64_t	since_ms;	/* when the first has heard it; 0: a free slot */
	int	number;
	pid_t	sender;
	int	heard_by;
	bool	decided;
};

struct forward {
	struct forward_entry	entries[FORWARD_SLOTS];
};

/*
 * One of the two has heard a signal.  Returns whether it is news, and not the
 * other's word of it or the same once more.  What is dealt with at once is news
 * if it was not yet decided, and is not taken out again.
 */
bool	forward_heard(struct forward *, enum forward_ear, int number,
	    pid_t sender, bool at_once, int64_t now_ms);

/*
 * Takes out the next decided signal.  Returns its number, or 0 if there is none
 * yet; *by_both tells whether both have heard it, and so the process group.
 */
int	forward_next(struct forward *, int64_t now_ms, bool *by_both);

/* The command has ended: what asks to end has nothing left to be passed on to. */
void	forward_command_ended(struct forward *);

/* Returns when the next decision is due. */
int64_t	forward_deadline(const struct forward *);

#endif
