/*
 * The loggers: one child writes messages to stderr, another to syslog(3).
 *
 * A logger may block on a disk, a terminal or the syslog daemon, so that guard
 * and keeper do not block.  The first message for a logger starts it.  A logger
 * exits when every process that could send messages has exited.
 */
#ifndef ZKRUN_LOGGER_H
#define ZKRUN_LOGGER_H

#include <sys/types.h>

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "system/subprocess.h"

struct logger {
	struct subprocesses	*ours;
	const char		*task;		/* for its process title */
	int			 facility;	/* of syslog(3); -1: none */
	struct {
		int	to;		/* log.h sends to it; -1: unused */
		int	from;		/* the logger reads from it */
		pid_t	pid;
		int64_t	tried_ms;	/* last attempt to start a logger */
	} sink[LOG_SINKS];
	bool			 complained;	/* reported a failed fork */
};

/*
 * Makes log.h send its messages to the loggers.  A message is lost if the
 * socket is full.  Borrows its arguments.  If it cannot open a socket, returns
 * -1 and sets errno, and log.h still writes to stderr.
 */
int	logger_open(struct logger *, struct subprocesses *, const char *task,
	    int facility);

/*
 * Before poll(2): fills in LOG_SINKS entries, which become readable when a
 * message needs a new logger.  If may_start is false, poll(2) ignores them.
 */
void	logger_prepare(const struct logger *, bool may_start, struct pollfd *);

/*
 * After poll(2): starts the loggers that are needed.  Blocks only in fork(2).
 */
void	logger_process(struct logger *, const struct pollfd *);

/*
 * In a child with its own list of helpers: replaces the list.  The child may
 * start loggers after its parent's death; the parent's loggers die with it.
 */
void	logger_inherit(struct logger *, struct subprocesses *);

/*
 * Call this last, when all processes of zkrun have stopped logging.  Starts
 * loggers for unread messages.  Waits at most 200 ms for the logger of
 * syslog(3), which may continue after that.  Waits at most 999 ms for the
 * logger of stderr, then kills it and loses its messages.  Leaves SIGCHLD
 * blocked.
 */
void	logger_finish(struct logger *);

#endif
