/*
 * Starting the command, and reading how it ended.
 */
#ifndef ZKRUN_COMMAND_H
#define ZKRUN_COMMAND_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

struct signals;

/* What the command learns, in its environment. */
struct command_lease {
	const char	*task;		/* ZKRUN_TASK */
	const char	*path;		/* ZKRUN_LEASE */
	const char	*connect;	/* ZKRUN_LEASE_CONNECT */
	int64_t		 fence;		/* ZKRUN_FENCE */
	int64_t		 session;	/* ZKRUN_SESSION, in hexadecimal */
	pid_t		 caller_knows;	/* what is meant for it is the command's */
	bool		 notifies;	/* the service manager, by itself */
};

/*
 * Starts the command: the caller's signal mask and dispositions, descriptors
 * and directory, no shell, SIGKILL when this process dies.  Sockets that a
 * service manager has passed to the pid that the caller knows are the command's
 * (LISTEN_PID); the way to talk to that manager only if it notifies.  If it
 * cannot be executed it says so, does not run, and ends in 127 (not found) or 126.
 * Returns its pid, which the caller reaps, or -1 with errno set.
 */
pid_t	command_start(char *const *argv, const struct signals *,
	    const struct command_lease *, bool *runs);

/* Returns the exit status that tells how the command ended. */
int	command_exit_code(int wait_status);

#endif
