/*
 * What the service manager is told, by the documented protocol of sd_notify(3):
 * lines of text in a datagram to the socket that $NOTIFY_SOCKET names.
 *
 * No function here blocks.  What a full queue does not take is kept, and only
 * the newest of a kind; without a service manager all of them do nothing.
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
	socklen_t	   name_length;		/* 0: nobody wants to hear */
	struct sockaddr_un name;
	int64_t		   watchdog_ms;		/* CLOCK_NEVER: none */
	bool		   by_command;		/* it says when it is ready */
	bool		   started;
	/* to be said */
	bool		   ready, alive, extend, changed;
	char		   status[SDNOTIFY_STATUS_SIZE];
};

/*
 * Reads the environment.  With by_command the command reports for itself once
 * it is started, and has the watchdog, if there is one, from then on.
 */
void	sdnotify_init(struct sdnotify *, bool by_command);

/* The command runs under the lease. */
void	sdnotify_started(struct sdnotify *);

/* Shows "TASK: STATE"; the same again is said once. */
void	sdnotify_status(struct sdnotify *, const char *task, const char *state);

/* All is alive: feeds the watchdog, and asks for more time to start. */
void	sdnotify_alive(struct sdnotify *);

/* Returns how often sdnotify_alive() is wanted, or CLOCK_NEVER. */
int64_t	sdnotify_pace_ms(const struct sdnotify *);

/* Sends what is to be said, as far as it fits. */
void	sdnotify_flush(struct sdnotify *);

/* Says whether something is left: poll for POLLOUT then. */
bool	sdnotify_is_full(const struct sdnotify *);

#endif
