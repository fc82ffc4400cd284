/*
 * The guard's state and events, shared by its loop (guard.c), its table
 * (guard_table.c) and the actions that stop and kill (guard_killing.c).  The
 * tree is the process tree of system/proctree.h: the command and its
 * descendants.
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

/* One bit each, so that a row of the table can name several states. */
enum guard_state {
	QUEUEING = 1 << 0,	/* the keeper connects or queues; no command */
	ENDING = 1 << 1,	/* the keeper was told to leave the queue */
	STARTING = 1 << 2,	/* the keeper may start the command */
	RUNNING = 1 << 3,	/* the keeper has started the command */
	RELEASING = 1 << 4,	/* the work is over; the lease is released */
	LOSING = 1 << 5,	/* contact lost: the tree was asked to stop */
	KILLING = 1 << 6,	/* the guard kills the tree and the keeper */
	CLOSING = 1 << 7,	/* all dead; a helper closes the session */
	PARTING = 1 << 8,	/* the work is done; the keeper must exit */
	FINISHED = 1 << 9
};

/* Every link_type that the keeper sends is an event as well. */
enum guard_event {
	KEEPER_DIED = LINK_TYPES,	/* the message has the exit status */
	TREE_EMPTY,			/* no process is left below the guard */
	HELPER_ENDED,			/* the session closer exited */
	TERMINATED,			/* a signal came; no command runs */
	STOP_DUE,			/* time to ask the tree to stop */
	TIME_UP,			/* guard_time_up_ms() is reached */
	PING_DUE,			/* time for a LINK_PING */
	EVENTS
};

struct guard {
	const struct options	*options;
	struct link		*link;
	struct logger		*logger;
	struct forward		 forward;
	struct proctree		 tree;		/* all processes below us */
	struct sdnotify		 notify;	/* the service manager */
	struct link_session	 session;	/* id 0: none yet */
	enum guard_state	 state;
	int			 signal_fd;
	int			 timer_fd;
	int64_t			 time_up_ms;	/* time of TIME_UP, or never */
	int64_t			 ping_ms;	/* time of PING_DUE, or never */
	pid_t			 keeper;	/* 0: reaped */
	pid_t			 helper;	/* session closer; 0: none */
	int64_t			 deadline_ms;	/* in LOSING: when to kill */
	int64_t			 approved_ms;	/* when LINK_GO was sent last */
	int64_t			 started_ms;	/* start of command; 0: none */
	int64_t			 held_until_ms;	/* the end of --hold; 0: none */
	int			 signal;	/* that ended the wait, or 0 */
	int			 stop;		/* stop signal to obey, or 0 */
	int			 exit_code;
	int			 killed_by;	/* the fatal signal, or 0 */
	bool			 had_children;	/* since before zkrun's exec */
	bool			 exited;	/* the command ended */
	bool			 lost;		/* contact or lease is lost */
};

/*
 * An action of the table: does what the event means, and returns the next
 * state.  Only guard_dispatch() sets the state.
 */
typedef enum guard_state guard_action(struct guard *,
    const struct link_message *);

struct guard_row {
	int		 states;	/* in one of these states */
	int		 event;		/* at this event */
	guard_action	*act;		/* do this */
	int		 next;		/* and enter one of these states */
};

/*
 * The extra time that the guard waits after the session has certainly expired.
 */
#define GUARD_MARGIN_MS	5000

#define STAY	(1 << 30)		/* in guard_row.next: the same state */

/* Returns the row for an event in a state, or NULL: the event is ignored. */
const struct guard_row	*guard_find(enum guard_state, int event);

/*
 * Handles an event (a guard_event or link_type) in the present state.  The
 * message may be NULL for TREE_EMPTY and for all events listed after
 * TREE_EMPTY.
 */
void	guard_dispatch(struct guard *, int event, const struct link_message *);

/* guard_killing.c */
guard_action guard_ask_to_stop, guard_enforce_deadline, guard_kill_all;
guard_action guard_keeper_died_queued, guard_keeper_died_holding;
guard_action guard_keeper_died_releasing, guard_all_is_dead;
guard_action guard_leave_keeper, guard_close_session;

/* Asks the command and all processes that it started to stop. */
void	guard_stop_tree(struct guard *);

/*
 * Spares processes that belong to the caller: children that it had before it
 * executed zkrun, and processes that those children have left behind.
 */
void	guard_spare_orphans(struct guard *);

/*
 * Returns the time of STOP_DUE by the newest proof of the lease, or CLOCK_NEVER
 * if there is no command to stop.
 */
int64_t	guard_stop_ms(const struct guard *);

/*
 * Returns the time of TIME_UP.  While LOSING, this time becomes earlier if the
 * lease turns out to expire earlier.
 */
int64_t	guard_time_up_ms(const struct guard *);

/* Returns the exit status: EXITCODE_LOST if a command ran without its lease. */
int	guard_status(const struct guard *);

/* Sends SIGKILL to the keeper unless it was reaped.  Does not wait. */
void	guard_kill_keeper(struct guard *);

#endif
