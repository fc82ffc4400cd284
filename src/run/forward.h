/*
 * Decides which signals to pass on to the command, and which ones its process
 * group already has.
 *
 * Guard and keeper share a process group, a terminal and a unit, usually with
 * the command.  A signal to all of them (a key, kill(2) of the group, systemd
 * stopping the unit) reaches both, from the same sender.  A sender that signals
 * one process after another needs a moment.  If only one of the two has
 * heard a signal, the decision waits FORWARD_DELAY_MS for the other.
 * A signal to the keeper alone is treated like a signal to the guard alone.
 *
 * Repeats by one sender within FORWARD_DELAY_MS count as one signal, except
 * real-time signals, SIGCONT and stop signals.  There are two reasons: the
 * kernel may deliver two equal signals once to one process and twice to the
 * other, and timeout(1) signals its child and then its group.  Pure: no I/O.
 */
#ifndef ZKRUN_FORWARD_H
#define ZKRUN_FORWARD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#define FORWARD_DELAY_MS	20
/* For how long a signal can be paired with the other process's report of it. */
#define FORWARD_MEMORY_MS	1000
#define FORWARD_SLOTS		16

enum forward_ear {
	FORWARD_GUARD = 1 << 0,
	FORWARD_KEEPER = 1 << 1,
	FORWARD_BOTH = FORWARD_GUARD | FORWARD_KEEPER
};

struct forward_entry {
	int64_t	since_ms;	/* first heard at; 0: a free slot */
	int	number;
	pid_t	sender;
	int	heard_by;	/* forward_ear, or'ed */
	bool	decided;	/* passed on, spared or handled by the guard */
};

/* All zero bytes: no signals. */
struct forward {
	struct forward_entry	entries[FORWARD_SLOTS];
};

/*
 * Notes that guard or keeper has heard a signal.  Returns whether the signal is
 * new: false for the other process's report of it, and for a repeat.
 *
 * With at_once the caller handles the signal itself: forward_next() never
 * returns it.  A signal that is still undecided counts as new again.
 *
 * Returns false if all slots hold undecided signals and one of them has the
 * same number.  If none has, the new signal replaces one of them.
 */
bool	forward_heard(struct forward *, enum forward_ear, int number,
	    pid_t sender, bool at_once, int64_t now_ms);

/*
 * Takes out the oldest signal whose decision is due.  Returns its number, or 0.
 * *by_both tells whether both processes have heard it, that is, whether it has
 * reached their process group.
 */
int	forward_next(struct forward *, int64_t now_ms, bool *by_both);

/* The command has ended: drops the undecided signals that would end it. */
void	forward_command_ended(struct forward *);

/* Returns when the next decision is due, or CLOCK_NEVER. */
int64_t	forward_deadline(const struct forward *);

#endif
