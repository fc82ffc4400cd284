/*
 * Starts the command, and tells how it ended.
 */
#ifndef ZKRUN_COMMAND_H
#define ZKRUN_COMMAND_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

struct signals;

/* What the command finds in its environment. */
struct command_lease {
	const char	*task;		/* ZKRUN_TASK */
	const char	*path;		/* ZKRUN_LEASE */
	const char	*connect;	/* ZKRUN_LEASE_CONNECT */
	int64_t		 fence;		/* ZKRUN_FENCE */
	int64_t		 session;	/* ZKRUN_SESSION, in hexadecimal */
	pid_t		 caller_knows;	/* the pid that LISTEN_PID names */
	bool		 notifies;	/* talks to the manager itself */
};

/*
 * Starts the command without a shell, with the caller's signal mask and
 * dispositions, descriptors and directory.  The kernel kills it when this
 * process dies.  It gets the sockets that a service manager has passed to the
 * pid that the caller knows (LISTEN_PID), and the manager's own socket if it
 * notifies.  If it cannot be executed, logs that, clears *runs, and the process
 * ends in 127 (not found) or 126.  Returns its pid, which the caller reaps, or
 * -1 and sets errno.
 */
pid_t	command_start(char *const *argv, const struct signals *,
	    const struct command_lease *, bool *runs);

/* Returns the exit status that tells how the command ended. */
int	command_exit_code(int wait_status);

#endif
