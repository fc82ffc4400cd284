/*
 * The signals that zkrun receives.
 *
 * zkrun has no signal handlers: it blocks signals and reads them from a
 * signalfd.  It does not block faults (SIGSEGV and the like), nor signals that
 * the caller ignores (nohup, background jobs): the command inherits these as
 * ignored.
 */
#ifndef ZKRUN_SIGNALS_H
#define ZKRUN_SIGNALS_H

#include <sys/types.h>

#include <signal.h>
#include <stdbool.h>

struct signals {
	sigset_t	taken;		/* blocked, and read */
	sigset_t	caller_mask;	/* restored for the command */
	bool		caller_ignored_chld;
};

/* A received signal.  The sender is 0 if the kernel sent it (key, timer). */
struct signals_received {
	int	number;
	pid_t	sender;
};

enum signals_kind {
	SIGNALS_CHILD,		/* a child has changed state */
	SIGNALS_TERMINATING,	/* ends a process by default */
	SIGNALS_STOPPING,	/* stops a process at a terminal */
	SIGNALS_HARMLESS,	/* ignored by default, or continues */
};

/*
 * Blocks the signals and saves the caller's mask.  Resets an ignored SIGCHLD to
 * its default.  Call it before all other functions here.
 */
void	signals_block(struct signals *);

/*
 * Opens a non-blocking close-on-exec signalfd, which the caller closes.
 * Returns -1 and sets errno on failure.
 */
int	signals_open(const struct signals *);

/*
 * Reads the next signal that came from the kernel or another process, or a
 * SIGCHLD.  Returns false if no signal is pending.  Never blocks.  Read at most
 * SIGNALS_TURN signals per turn, because signals may arrive faster than zkrun
 * reads them.
 */
#define SIGNALS_TURN	64
bool	signals_read(int fd, struct signals_received *);

/* Returns what kind of signal this number is. */
enum signals_kind	signals_kind(int number);

/*
 * Stops this process by the given terminal signal.  Returns after SIGCONT has
 * continued the process.  Returns at once in an orphaned process group: the
 * kernel does not stop such a group, because no shell controls it.
 */
void	signals_stop(int number);

/*
 * Restores the caller's mask and dispositions.  Call it in the child before
 * exec.
 */
void	signals_restore(const struct signals *);

/*
 * Ends this process by the signal, so that its parent sees the true cause.
 * Disables core files: they would show zkrun instead of the command.  Exits
 * with 128 + n if the signal does not end it (PID 1 of a container).
 */
void	signals_die(int number) __attribute__((noreturn));

#endif
