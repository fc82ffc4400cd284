/*
 * The keeper's state, its events and what it does about them.  Private to the
 * keeper*.c files.
 */
#ifndef ZKRUN_KEEPER_STATE_H
#define ZKRUN_KEEPER_STATE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "connector.h"
#include "lease.h"
#include "link.h"
#include "proctree.h"
#include "semaphore.h"

struct options;
struct signals;

enum keeper_state {
	CONNECTING,	/* no session yet, or none any more */
	IN_LINE,
	ASKING,		/* the lease is ours; waiting for the guard's word */
	RUNNING,
	LINGERING,	/* the command ended, others it started have not */
	STOPPING,	/* everything below us has to go */
	LEAVING,	/* giving up lease or place in line */
	STATES
};

enum keeper_event {
	/* from the connector */
	NEW_SESSION, REGAINED, CONTACT_LOST, EXPIRED, GAVE_UP,
	/* from the lease clock */
	PROVEN, DEADLINE,
	/* from the semaphore */
	MUST_WAIT, ACQUIRED, LEASE_LOST, LEFT, REFUSED,
	/* from the guard */
	ORDER_GO, ORDER_AGAIN, ORDER_STOP, ORDER_SIGNAL, ORDER_LOSE,
	GUARD_GONE,
	/* from below, and from the clock */
	COMMAND_ENDED, TREE_EMPTY, WAIT_OVER, TIME_UP,
	EVENTS
};

struct keeper {
	const struct options	*options;
	const struct signals	*signals;
	struct link		*link;
	struct connector	 connector;
	struct semaphore	 semaphore;
	struct lease		 lease;
	struct proctree		 tree;
	enum keeper_state	 state;
	int			 signal_fd;
	int			 timer_fd;
	int64_t			 timer_ms;	/* what the timer is set to */
	int64_t			 wait_deadline_ms;	/* of --wait */
	int64_t			 time_up_ms;	/* what it means: the state's */
	int64_t			 beat_ms;	/* when the next is due */
	int64_t			 kill_again_ms;	/* until the next round */
	int64_t			 nag_ms;	/* until the next message */
	int64_t			 lingering_since_ms;
	pid_t			 command;
	int			 ordered_signal;	/* of ORDER_SIGNAL */
	int64_t			 approved_fence;	/* of ORDER_GO */
	int			 exit_code;
	bool			 started;	/* the command */
	bool			 asked;		/* ASKING: the guard knows */
	bool			 lost;		/* exit in EXITCODE_LOST */
	bool			 gone;		/* by the servers' word */
	bool			 deadline_passed;
	bool			 told;		/* the guard knows */
	bool			 finished;
	char			 data[512];	/* of our nodes */
};

/* Says when this process, should the guard fail to, kills the command. */
int64_t	keeper_deadline_ms(const struct keeper *);

/* Does what the event means in the present state. */
void	keeper_dispatch(struct keeper *, enum keeper_event);

/* keeper_line.c: until the command starts */
void	keeper_join(struct keeper *);
void	keeper_resume(struct keeper *);
void	keeper_say_contact_lost(struct keeper *);
void	keeper_join_again(struct keeper *);
void	keeper_join_same_session(struct keeper *);
void	keeper_give_up_connecting(struct keeper *);
void	keeper_wait_in_line(struct keeper *);
void	keeper_wait_is_over(struct keeper *);
void	keeper_refused(struct keeper *);
void	keeper_ask_guard(struct keeper *);
void	keeper_ask_again(struct keeper *);
void	keeper_start_command(struct keeper *);
void	keeper_signal_before_start(struct keeper *);

/* keeper_work.c: while it runs */
void	keeper_say_time_left(struct keeper *);
void	keeper_forward_signal(struct keeper *);
void	keeper_kill_all(struct keeper *);
void	keeper_stop_all(struct keeper *);
void	keeper_be_stopped(struct keeper *);
void	keeper_lose_node(struct keeper *);
void	keeper_lose_session(struct keeper *);
void	keeper_keep_deadline(struct keeper *);
void	keeper_command_ended(struct keeper *);
void	keeper_name_lingerers(struct keeper *);

/* keeper_leave.c: in the end */
void	keeper_finish(struct keeper *);
void	keeper_leave_line(struct keeper *);
void	keeper_release(struct keeper *);
void	keeper_leave_unconfirmed(struct keeper *);
void	keeper_left_refused(struct keeper *);
void	keeper_signal_while_leaving(struct keeper *);
void	keeper_left_by_expiry(struct keeper *);

#endif
