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

#include <poll.h>
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
 * Before poll(2): fills in LOG_SINKS entries, to wait for messages that need a
 * process.  It waits for none unless one may be started now.
 */
void	logger_prepare(const struct logger *, bool may_start, struct pollfd *);

/* After poll(2): starts what is needed.  Never blocks, but for a fork(2). */
void	logger_process(struct logger *, const struct pollfd *);

/*
 * In a child that has helpers of its own.  It may start loggers once its parent
 * is dead: the parent's die with it.
 */
void	logger_inherit(struct logger *, struct subprocesses *);

/*
 * The last thing to do: nothing more can be said, by any process.  Starts what
 * has to be started and waits until all is written, a second at most for stderr
 * and a fifth of one for syslog(3).  What is not written to stderr by then is lost;
 * what waits for syslog(3) goes on alone.  Leaves SIGCHLD blocked.
 */
void	logger_finish(struct logger *);

#endif
