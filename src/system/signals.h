/*
 * The signals that zkrun itself receives.
 *
 * zkrun has no handlers: it blocks signals and reads them from a signalfd.  It
 * leaves alone faults (SIGSEGV and the like are our own) and signals that the
 * caller has set to be ignored (nohup, background jobs), which the command then
 * ignores, too.
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

/* One received signal.  The sender is 0 for the kernel: a key, a timer. */
struct signals_received {
	int	number;
	pid_t	sender;
};

enum signals_kind {
	SIGNALS_CHILD,		/* a child changed */
	SIGNALS_TERMINATING,	/* ends a process by default */
	SIGNALS_STOPPING,	/* stops a process at a terminal */
	SIGNALS_HARMLESS,	/* does nothing by default, or continues */
};

/* Blocks the signals.  Call it first; it cannot fail. */
void	signals_block(struct signals *);

/*
 * Opens a non-blocking close-on-exec signalfd for this process.  Returns -1
 * and sets errno on failure.
 */
int	signals_open(const struct signals *);

/*
 * Reads the next signal that another process sent us, or a SIGCHLD.  Returns
 * false if there is none.  Never blocks.  A loop takes at most SIGNALS_TURN at
 * a time, because signals may come faster than they are read.
 */
#define SIGNALS_TURN	64
bool	signals_read(int, struct signals_received *);

/* Returns what a signal means to zkrun. */
enum signals_kind	signals_kind(int);

/*
 * Stops this process as the terminal signal would do if it were not blocked.
 * Returns when the process is continued, and at once in an orphaned process
 * group, where nobody could continue it.
 */
void	signals_stop(int);

/* Restores the caller's mask and dispositions, in the child before exec. */
void	signals_restore(const struct signals *);

/*
 * Ends this process by the signal, so that its parent sees the true cause.
 * Leaves no core file, which would be of the wrong program.  If the kernel
 * refuses (PID 1 of a container), exits with 128 + n.
 */
void	signals_die(int) __attribute__((noreturn));

#endif
