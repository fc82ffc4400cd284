/*
 * The processes that write what zkrun says: one to stderr, one to syslog(3).
 *
 * Both block when the disk, the terminal or the system's logger does.  Each is a
 * child that is started when there is something to write, and ends when nobody
 * can say anything any more.
 */
#ifndef ZKRUN_LOGGER_H
#define ZKRUN_LOGGER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "system/subprocess.h"

struct logger {
	struct subprocesses	*ours;
	const char		*task;		/* for the title */
	int			 facility;	/* of syslog(3); -1: none */
	struct {
		int	to;		/* where log.h sends; -1: nowhere */
		int	from;		/* where its process reads */
		pid_t	pid;
		int64_t	tried_ms;	/* to start one, the last time */
	} sink[LOG_SINKS];
	bool			 complained;	/* of a fork for syslog(3) */
};

/*
 * From now on log.h sends its messages here, and forgets those that nobody
 * writes in time.  Borrows all.  If this fails, log.h writes to stderr itself;
 * returns -1 and sets errno.
 */
int	logger_open(struct logger *, struct subprocesses *, const char *task,
	    int facility);

/*
 * Returns the descriptor to poll for POLLIN, on which logger_start() is due; -1
 * if there is none now.
 */
int	logger_fd(const struct logger *, enum log_sink);

/* Starts the process for messages that wait for it.  Never blocks. */
void	logger_start(struct logger *, enum log_sink);

/*
 * In a child: with helpers of its own, which it may start when its parent, and
 * the parent's, are dead.
 */
void	logger_inherit(struct logger *, struct subprocesses *);

/*
 * The last thing to do: nothing more can be said, by any process.  Starts what
 * has to be started and waits until all is written to stderr, a second at most;
 * the rest is lost.  Nobody waits for syslog(3): its process goes on alone.
 * Leaves SIGCHLD blocked.
 */
void	logger_finish(struct logger *);

#endif
