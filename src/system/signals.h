/*
 * The signals that zkrun itself receives.
 *
 * Everything is blocked first and read from a signalfd; there are no handlers.
 * Left alone are faults (SIGSEGV and its kin: they are ours, not messages) and
 * whatever the caller had set to be ignored (nohup, background jobs), which
 * the command then ignores as well.
 */
#ifndef ZKRUN_SIGNALS_H
#define ZKRUN_SIGNALS_H

#include <sys/types.h>

#include <signal.h>
#include <stdbool.h>

struct signals {
	sigset_t	taken;		/* what we block and read */
	sigset_t	caller_mask;	/* the mask the command gets */
	bool		caller_ignored_chld;
};

/* One received signal.  sender is 0 for the kernel: a key, a timer. */
struct signals_received {
	int	number;
	pid_t	sender;
};

enum signals_kind {
	SIGNALS_CHILD,		/* a child changed */
	SIGNALS_TERMINATING,	/* would end a process that does not care */
	SIGNALS_STOPPING,	/* terminal stop */
	SIGNALS_HARMLESS,	/* does nothing by default, or continues */
};

/* Blocks the signals; call it before anything else.  Cannot fail. */
void	signals_block(struct signals *);

/*
 * Opens a non-blocking close-on-exec signalfd for this process.  Returns -1
 * and sets errno on failure.
 */
int	signals_open(const struct signals *);

/*
 * Reads the next signal that somebody else sent us, or a SIGCHLD.  Returns
 * false when there is none.  Never blocks.  A loop takes at most SIGNALS_TURN
 * at a time: they may come faster than they are taken.
 */
#define SIGNALS_TURN	64
bool	signals_read(int, struct signals_received *);

/* Says what a signal means to zkrun. */
enum signals_kind	signals_kind(int);

/*
 * Stops this process as the terminal signal would have done, had it not been
 * blocked.  Returns when it is continued; at once in an orphaned process group,
 * where nobody could continue it.
 */
void	signals_stop(int);

/* Restores the caller's mask and dispositions, in the child before exec. */
void	signals_restore(const struct signals *);

/*
 * Ends this process by the signal, so that its parent sees the true cause;
 * without a core file, which would be of the wrong program.  Where the kernel
 * refuses (PID 1 of a container), exits with 128 + n.
 */
void	signals_die(int) __attribute__((noreturn));

#endif
