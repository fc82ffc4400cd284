/*
 * Reports to the service manager by the protocol of sd_notify(3): lines of text
 * in a datagram to the socket in $NOTIFY_SOCKET.
 *
 * Only sdnotify_init() may block.  While the manager's queue is full, the
 * functions keep the newest report of each kind.  Without a service manager the
 * functions do nothing.
 */
#ifndef ZKRUN_SDNOTIFY_H
#define ZKRUN_SDNOTIFY_H

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <stdbool.h>
#include <stdint.h>

#define SDNOTIFY_STATUS_SIZE	512

struct sdnotify {
	int		   fd;
	socklen_t	   name_length;		/* 0: no service manager */
	struct sockaddr_un name;
	int64_t		   watchdog_ms;		/* CLOCK_NEVER: none */
	bool		   by_command;		/* the command reports */
	bool		   started;
	unsigned	   due;		/* bits: reports to send */
	char		   status[SDNOTIFY_STATUS_SIZE];
};

/*
 * Reads the environment and connects; may block on the disk of a socket's path.
 * With by_command, the command itself reports READY=1, its status and the
 * watchdog.  Logs a notice if it cannot open a socket.
 */
void	sdnotify_init(struct sdnotify *, bool by_command);

/* Reports READY=1, unless by_command, because the command has started. */
void	sdnotify_started(struct sdnotify *);

/* Reports "TASK: STATE" if the status has changed. */
void	sdnotify_status(struct sdnotify *, const char *task, const char *state);

/* Feeds the watchdog and, before the start, asks for more time to start. */
void	sdnotify_alive(struct sdnotify *);

/* Returns the interval between calls of sdnotify_alive(), or CLOCK_NEVER. */
int64_t	sdnotify_pace_ms(const struct sdnotify *);

/*
 * Sends the reports in one datagram.  If the queue is full, keeps the reports.
 */
void	sdnotify_flush(struct sdnotify *);

/*
 * Returns whether there are unsent reports.  If so, poll for POLLOUT, then
 * flush.
 */
bool	sdnotify_is_full(const struct sdnotify *);

#endif
