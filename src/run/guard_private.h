/*
 * The guard's state and events, shared by its loop (guard.c) and its table
 * (guard_table.c, guard_killing.c).  Private to these files.
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

/* One bit each: a row of the table may name several. */
enum guard_state {
	QUEUEING = 1 << 0,	/* connecting or in line: there is no command */
	ENDING = 1 << 1,	/* a signal ended that; the keeper leaves */
	STARTING = 1 << 2,	/* the keeper may start the command */
	RUNNING = 1 << 3,	/* the keeper has started the command */
	RELEASING = 1 << 4,	/* nothing runs any more; the lease goes */
	LOSING = 1 << 5,	/* no contact: the command was asked to stop */
	KILLING = 1 << 6,	/* everything below, and the keeper */
	CLOSING = 1 << 7,	/* all dead; a helper closes the session */
	PARTING = 1 << 8,	/* all done; the keeper closes the session */
	FINISHED = 1 << 9
};

/* A message of the keeper is an event as well: its link_type. */
enum guard_event {
	KEEPER_DIED = LINK_TYPES,	/* with its status */
	TREE_EMPTY, HELPER_ENDED,
	TERMINATED,			/* a signal, and nothing runs yet */
	STOP_DUE, TIME_UP, PING_DUE,
	EVENTS
};

struct guard {
	const struct options	*options;
	struct link		*link;
	struct logger		*logger;
	struct forward		 forward;
	struct proctree		 tree;
	struct sdnotify		 notify;	/* the service manager */
	struct link_session	 session;	/* id 0: none yet */
	enum guard_state	 state;
	int			 signal_fd;
	int			 timer_fd;
	int64_t			 time_up_ms;	/* what it means: the state's */
	int64_t			 ping_ms;	/* CLOCK_NEVER: not due */
	pid_t			 keeper;
	pid_t			 helper;
	int64_t			 deadline_ms;	/* when LOSING kills at the latest */
	int64_t			 approved_ms;	/* the last go-ahead */
	int64_t			 started_ms;	/* the command; 0: not yet */
	int64_t			 held_until_ms;	/* by --hold; 0: not */
	int			 signal;	/* that ended the waiting */
	int			 stop;	/* a signal to stop of, when we may */
	int			 exit_code;
	int			 killed_by;	/* a signal, the command; 0: not */
	bool			 had_children;	/* before it was zkrun */
	bool			 exited;	/* the command */
	bool			 lost;		/* the lease, under a command */
};

/* Does what the event means in a state, and returns the next state. */
typedef enum guard_state guard_action(struct guard *,
    const struct link_message *);

struct guard_row {
	int		 states;	/* in one of these */
	int		 event;		/* at this event */
	guard_action	*act;		/* do this */
	int		 next;		/* and be in one of these */
};

#define GUARD_MARGIN_MS	5000	/* after the session must have ended */

#define STAY	(1 << 30)		/* of next: where we are */

/* Returns the row for an event in a state, or NULL: nothing is to be done. */
const struct guard_row	*guard_find(enum guard_state, int event);

/*
 * Does what the event, a guard_event or a link_type, means in the present
 * state.  The message may be NULL with an event that is none.
 */
void	guard_dispatch(struct guard *, int event, const struct link_message *);

/* guard_killing.c */
guard_action guard_ask_to_stop, guard_enforce_deadline, guard_kill_all;
guard_action guard_keeper_died_queued, guard_keeper_died_holding;
guard_action guard_keeper_died_releasing, guard_all_is_dead;
guard_action guard_leave_keeper, guard_close_session;

/* Asks all that the command started to stop. */
void	guard_stop_tree(struct guard *);

/* Passes over what the caller's earlier children left to us from now on. */
void	guard_spare_orphans(struct guard *);

/*
 * Returns when STOP_DUE is, by what the keeper last proved; CLOCK_NEVER if
 * there is nothing to be stopped.
 */
int64_t	guard_stop_ms(const struct guard *);

/* Returns when TIME_UP is.  A lease that ends earlier brings it nearer. */
int64_t	guard_time_up_ms(const struct guard *);

/* Returns what to exit with.  Without a command no lease is lost. */
int	guard_status(const struct guard *);

/* Kills the keeper, if it lives.  Nobody waits for its death. */
void	guard_kill_keeper(struct guard *);

#endif
