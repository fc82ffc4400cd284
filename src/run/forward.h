/*
 * Decides which signals to pass on to the command, and which ones its process
 * group already has.
 *
 * Guard and keeper share a process group, a terminal and a unit, usually with
 * the command.  A signal that is sent to the whole group, terminal or unit (by
 * kill(2), a key or systemd) reaches guard and keeper, from the same sender.  A
 * sender that signals one process after another needs a moment.  If only one of
 * the two has heard a signal, forward_next() waits FORWARD_DELAY_MS for the
 * other process to report it.  A signal to the keeper alone is treated like a
 * signal to the guard alone.
 *
 * Repeats by one sender within FORWARD_DELAY_MS count as one signal, except
 * real-time signals, SIGCONT and stop signals.  There are two reasons: the
 * kernel may deliver two equal signals once to one process and twice to the
 * other, and timeout(1) signals its child and then its group.  These functions
 * do no I/O.
 */
#ifndef ZKRUN_FORWARD_H
#define ZKRUN_FORWARD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#define FORWARD_DELAY_MS	20
/* How long a late report by the other process counts as the same signal. */
#define FORWARD_MEMORY_MS	1000
#define FORWARD_SLOTS		16

enum forward_ear {
	FORWARD_GUARD = 1 << 0,
	FORWARD_KEEPER = 1 << 1,
	FORWARD_BOTH = FORWARD_GUARD | FORWARD_KEEPER
};

struct forward_entry {
	int64_t	since_ms;	/* when it was first heard; 0: free slot */
	int	number;
	pid_t	sender;
	int	heard_by;	/* forward_ear, or'ed */
	bool	decided;	/* passed on, spared or handled by the guard */
};

/* A struct of zero bytes contains no signals. */
struct forward {
	struct forward_entry	entries[FORWARD_SLOTS];
};

/*
 * Notes that guard or keeper has heard a signal.  Returns true if the signal is
 * new, and false for a repeat or for the other process's report of a known
 * signal.
 *
 * With at_once the caller handles the signal itself, and forward_next() never
 * returns the signal.  If the signal was known but still undecided, it counts
 * as new again.
 *
 * Also returns false if all slots hold undecided signals and one of these has
 * the same number.  If all numbers differ, the new signal replaces one of the
 * undecided signals.
 */
bool	forward_heard(struct forward *, enum forward_ear, int number,
	    pid_t sender, bool at_once, int64_t now_ms);

/*
 * Removes the oldest signal whose time of decision has come.  Returns its
 * number, or 0 if there is no such signal.  *by_both tells whether both
 * processes have heard the signal, that is, whether the signal has reached
 * their process group.
 */
int	forward_next(struct forward *, int64_t now_ms, bool *by_both);

/* Drops the undecided signals that would end the command, which has ended. */
void	forward_command_ended(struct forward *);

/* Returns the time of the next decision, or CLOCK_NEVER. */
int64_t	forward_deadline(const struct forward *);

#endif
