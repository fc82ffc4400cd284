/*
 * Which signals have to be passed on to the command, and which reached it by
 * themselves.
 *
 * Guard, keeper and command share a process group, a terminal and a unit.  The
 * keeper also hears a signal to all of them (a key, kill(2) of the group, systemd
 * stopping the unit), from the same sender.  Such a signal is not sent twice.  Who
 * kills one process after the other takes a moment.  So a signal waits
 * FORWARD_DELAY_MS for the keeper's word.
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
/* How long the keeper's word is good for a signal the guard has not seen. */
#define FORWARD_MEMORY_MS	1000
#define FORWARD_SLOTS		16

struct forward_entry {
	int64_t	due_ms;		/* decide, or forget, then; over when 0 */
	int64_t	since_ms;
	int	number;
	pid_t	sender;
	bool	reached;	/* the command has it already */
};

struct forward {
	struct forward_entry	received[FORWARD_SLOTS];
	struct forward_entry	heard[FORWARD_SLOTS];
};

/* The guard received a signal. */
void	forward_received(struct forward *, int number, pid_t sender,
	    int64_t now_ms);

/* The keeper heard a signal. */
void	forward_heard(struct forward *, int number, pid_t sender,
	    int64_t now_ms);

/*
 * Takes out the next decided signal.  Returns its number, or 0 if there is
 * none yet; *reached tells whether the command has it already.
 */
int	forward_next(struct forward *, int64_t now_ms, bool *reached);

/* Returns when the next decision is due. */
int64_t	forward_deadline(const struct forward *);

#endif
