/*
 * Starts the command and translates its wait status.
 */
#ifndef ZKRUN_COMMAND_H
#define ZKRUN_COMMAND_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

struct signals;

/* Describes the lease, for the command's environment. */
struct command_lease {
	const char	*task;		/* ZKRUN_TASK */
	const char	*path;		/* ZKRUN_LEASE */
	const char	*connect;	/* ZKRUN_LEASE_CONNECT */
	int64_t		 fence;		/* ZKRUN_FENCE */
	int64_t		 session;	/* ZKRUN_SESSION, in hexadecimal */
	pid_t		 caller_knows;	/* pid that LISTEN_PID may name */
	bool		 notifies;	/* the command notifies systemd */
};

/*
 * Starts the command without a shell, with the caller's signal mask and
 * dispositions, descriptors and directory.  The kernel kills the command when
 * this process dies.  If LISTEN_PID or WATCHDOG_PID is caller_knows, the
 * command gets its own pid there.  Unless lease->notifies is set, it gets
 * neither NOTIFY_SOCKET nor the watchdog variables.
 *
 * Returns the pid, which the caller reaps, and sets *runs.  If the kernel
 * cannot execute the command, logs the reason, clears *runs and returns the pid
 * of a child that exits with 127 (not found), 71 (no memory) or 126.  Returns
 * -1 and sets errno if it cannot set the environment or create a process.
 * Blocks until the child has called execvp(3).
 */
pid_t	command_start(char *const *argv, const struct signals *,
	    const struct command_lease *, bool *runs);

/* Returns the exit status for a wait status: 128 + n for signal n. */
int	command_exit_code(int wait_status);

#endif
