/*
 * The guard's state and events, shared by its loop (guard.c) and its table
 * (guard_table.c).  Private to the two.
 */
#ifndef ZKRUN_GUARD_PRIVATE_H
#define ZKRUN_GUARD_PRIVATE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "run/forward.h"
#include "run/link.h"
#include "system/proctree.h"
#include "system/sdnotify.h"

struct options;
struct signals;

enum guard_state {
	QUEUEING,	/* connecting or in line: there is no command */
	ENDING,		/* a signal ended that; the keeper leaves the line */
	RUNNING,	/* the keeper may start the command, or has */
	RELEASING,	/* nothing runs any more; the lease is given up */
	LOSING,		/* no contact: the command was asked to stop in time */
	KILLING,	/* the keeper is dead, the rest has to follow */
	CLOSING,	/* all dead; a helper closes the session */
	STATES
};

enum guard_event {
	TOLD_WAITING, TOLD_HELD, TOLD_STARTED, TOLD_RELEASING, TOLD_DONE,
	TOLD_ALIVE,
	KEEPER_DIED, TREE_EMPTY, HELPER_ENDED,
	TERMINATED, TIME_UP, STOP_DUE, KILL_DUE, PING_DUE,
	EVENTS
};

struct guard {
	const struct options	*options;
	const struct signals	*signals;
	struct link		 link;
	struct forward		 forward;
	struct proctree		 tree;
	struct sdnotify		 notify;	/* the service manager */
	struct link_session	 session;	/* id 0: none yet */
	enum guard_state	 state;
	int			 signal_fd;
	int			 timer_fd;
	int64_t			 time_up_ms;	/* what it means: the state's */
	int64_t			 ping_ms;	/* CLOCK_NEVER: asked, or none */
	int64_t			 final_kill_ms;	/* once asked to stop */
	pid_t			 keeper;
	pid_t			 helper;
	int64_t			 started_ms;	/* the command */
	int64_t			 hold_ms;	/* of TOLD_RELEASING */
	char			 report[LINK_REPORT_SIZE]; /* TOLD_ALIVE */
	struct link_lease	 lease;		/* as of the last TOLD_HELD */
	int			 signal;	/* that ended the waiting */
	int			 stop;	/* a signal to stop of, when we may */
	int			 exit_code;
	bool			 keeper_refused; /* to start, and said why */
	bool			 overdue;	/* it did not give up in time */
	bool			 started, exited;
	bool			 command_runs;	/* it could be executed */
	bool			 lost;		/* exit in EXITCODE_LOST */
	/* Their time has been. */
	bool			 stop_done, kill_done;
	bool			 finished;
};

/* Does what the event means in the present state. */
void	guard_dispatch(struct guard *, enum guard_event);

/*
 * When the command is asked to stop and killed, by what the keeper last proved;
 * CLOCK_NEVER if there is nothing to be stopped or it has been done.
 */
int64_t	guard_stop_ms(const struct guard *);
int64_t	guard_kill_ms(const struct guard *);

/* There is a session: if waiting has an end, sees to it that it comes. */
void	guard_limit_wait(struct guard *);

/* Kills the keeper, if it lives: everything below it falls to us then. */
void	guard_kill_keeper(struct guard *);

#endif
