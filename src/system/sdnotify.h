/*
 * Reports to the service manager by the protocol of sd_notify(3): lines of text
 * in a datagram to the socket that $NOTIFY_SOCKET names.
 *
 * No function here blocks.  If the queue of the socket is full, the newest
 * report of each kind is kept.  Without a service manager the functions do
 * nothing.
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
	bool		   by_command;		/* the command reports itself */
	bool		   started;
	unsigned	   due;		/* what is to be reported, as bits */
	char		   status[SDNOTIFY_STATUS_SIZE];
};

/*
 * Reads the environment.  With by_command, the command reports for itself and
 * feeds the watchdog once it is started.
 */
void	sdnotify_init(struct sdnotify *, bool by_command);

/* The command runs under the lease. */
void	sdnotify_started(struct sdnotify *);

/* Reports "TASK: STATE", unless that was the last status. */
void	sdnotify_status(struct sdnotify *, const char *task, const char *state);

/* Guard and keeper live: feeds the watchdog, asks for more time to start. */
void	sdnotify_alive(struct sdnotify *);

/* Returns how often sdnotify_alive() is wanted, or CLOCK_NEVER. */
int64_t	sdnotify_pace_ms(const struct sdnotify *);

/* Sends the reports, unless the queue is full. */
void	sdnotify_flush(struct sdnotify *);

/* Returns whether a report is left; if so, poll for POLLOUT. */
bool	sdnotify_is_full(const struct sdnotify *);

#endif
