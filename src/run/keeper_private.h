/*
 * The keeper's state, its events and what it does about them.  Private to the
 * keeper*.c files.
 */
#ifndef ZKRUN_KEEPER_PRIVATE_H
#define ZKRUN_KEEPER_PRIVATE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "lock/lease.h"
#include "lock/nodedata.h"
#include "lock/runs.h"
#include "lock/semaphore.h"
#include "run/link.h"
#include "system/proctree.h"
#include "zookeeper/connector.h"

struct options;
struct signals;

enum keeper_state {
	CONNECTING,	/* no session yet, or none any more */
	IN_LINE,
	JUDGING,	/* the lease is ours; is a run due? */
	ASKING,		/* it is; waiting for the guard's word */
	RUNNING,
	LINGERING,	/* the command ended, others it started have not */
	STOPPING,	/* everything below us has to go */
	RECORDING,	/* nothing runs any more; the run is written down */
	HOLDING,	/* nothing runs; --hold keeps the lease */
	LEAVING,	/* giving up lease or place in line */
	STATES
};

enum keeper_event {
	/* from the connector */
	NEW_SESSION, REGAINED, CONTACT_LOST, EXPIRED, GAVE_UP, REJECTED,
	/* from the lease clock */
	PROVEN, DEADLINE,
	/* from the semaphore */
	MUST_WAIT, ACQUIRED, LEASE_LOST, REVOKED, LEFT, REFUSED,
	/* from the record of runs */
	RECORD_READ, RECORDED, UNRECORDED, RECORD_REFUSAL,
	/* from the guard */
	ORDER_GO, ORDER_AGAIN, ORDER_STOP, ORDER_SIGNAL, ORDER_LOSE,
	GUARD_GONE,
	/* from below, and from the clock */
	COMMAND_ENDED, TREE_EMPTY, WAIT_OVER, MAX_TIME_OVER, TIME_UP,
	EVENTS
};

/* Tags of replies to what keeper_progress.c asks are not below this. */
#define KEEPER_LOOK_TAGS	RUNS_TAGS_END

/* How the waiting goes, for people. */
struct keeper_progress {
	bool		looking;	/* a look is under way */
	size_t		ahead;		/* in the queue, as that look found */
	size_t		holders;
	bool		asked;		/* for one line, by SIGUSR1 */
	bool		reporting;	/* to the guard, since LINK_PING */
	int64_t		looked_ms;
	int64_t		next_ms;	/* line on the terminal */
	char		place[256];	/* as the last look found; "": unknown */
};

struct keeper {
	const struct options	*options;
	const struct signals	*signals;
	struct link		*link;
	struct connector	 connector;
	struct semaphore	*semaphore;
	const struct semaphore_claim *claim;	/* what came of it */
	struct runs		 runs;
	struct lease		 lease;
	struct proctree		 tree;
	enum keeper_state	 state;
	struct keeper_progress	 progress;
	int			 signal_fd;
	int			 timer_fd;
	int64_t			 timer_ms;	/* what the timer is set to */
	int64_t			 wait_deadline_ms;	/* of --wait */
	int64_t			 waiting_since_ms;	/* CLOCK_NEVER: not */
	int64_t			 started_ms;	/* the command */
	int64_t			 max_time_ms;	/* of --max-time, a deadline */
	int64_t			 time_up_ms;	/* what it means: the state's */
	int64_t			 beat_ms;	/* when the next is due */
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
	bool			 hold_over;	/* somebody wants the lease */
	bool			 deadline_passed;
	bool			 guard_gone;
	bool			 told;		/* the guard knows */
	bool			 finished;
	char			 data[NODEDATA_SIZE];	/* of our nodes */
};

/* Says when this process, should the guard fail to, kills the command. */
int64_t	keeper_deadline_ms(const struct keeper *);

/* Does what the event means in the present state. */
void	keeper_dispatch(struct keeper *, enum keeper_event);

/* keeper_queue.c: until the command starts */
void	keeper_join(struct keeper *);
void	keeper_resume(struct keeper *);
void	keeper_say_contact_lost(struct keeper *);
void	keeper_join_again(struct keeper *);
void	keeper_join_same_session(struct keeper *);
void	keeper_give_up_connecting(struct keeper *);
void	keeper_rejected(struct keeper *);
void	keeper_wait_in_line(struct keeper *);
void	keeper_wait_is_over(struct keeper *);
void	keeper_refused(struct keeper *);
void	keeper_ask_guard(struct keeper *);
void	keeper_ask_again(struct keeper *);
void	keeper_start_command(struct keeper *);
void	keeper_signal_before_start(struct keeper *);
void	keeper_revoked_before_start(struct keeper *);

/* keeper_progress.c: how the waiting goes */
/* Names the present state, for people. */
const char	*keeper_state_name(const struct keeper *);
void	keeper_start_progress(struct keeper *);
int64_t	keeper_progress_ms(const struct keeper *);
void	keeper_show_progress(struct keeper *);
void	keeper_tell_progress(struct keeper *);
void	keeper_forget_look(struct keeper *);
void	keeper_take_ping(struct keeper *);
void	keeper_report(struct keeper *);
void	keeper_report_place(struct keeper *);
bool	keeper_take_look(struct keeper *, struct session_event *);

/* keeper_interval.c: whether to run, and that it has run */
void	keeper_ask_record(struct keeper *);
void	keeper_judge(struct keeper *);
void	keeper_cannot_judge(struct keeper *);
void	keeper_record(struct keeper *, bool release);
void	keeper_recorded(struct keeper *);
void	keeper_lost_unrecorded(struct keeper *);
void	keeper_cannot_record(struct keeper *);
void	keeper_recording_takes_long(struct keeper *);
void	keeper_expired_unrecorded(struct keeper *);
void	keeper_signal_while_recording(struct keeper *);

/* keeper_running.c: while it runs */
void	keeper_max_time_over(struct keeper *);
void	keeper_be_revoked(struct keeper *);
void	keeper_revoked_after_all(struct keeper *);
void	keeper_say_time_left(struct keeper *);
void	keeper_forward_signal(struct keeper *);
void	keeper_kill_all(struct keeper *);
void	keeper_die_with_guard(struct keeper *);
void	keeper_stop_all(struct keeper *);
void	keeper_be_stopped(struct keeper *);
void	keeper_lose_node(struct keeper *);
void	keeper_lose_session(struct keeper *);
void	keeper_keep_deadline(struct keeper *);
void	keeper_work_is_over(struct keeper *);
void	keeper_command_ended(struct keeper *);
void	keeper_name_lingerers(struct keeper *);

/* keeper_leaving.c: in the end */
void	keeper_finish(struct keeper *);
void	keeper_leave_line(struct keeper *);
/* Returns for how long --hold still keeps the lease. */
int64_t	keeper_hold_left_ms(const struct keeper *);
void	keeper_hold_or_release(struct keeper *);
void	keeper_release(struct keeper *);
void	keeper_say_hold(struct keeper *);
void	keeper_signal_while_holding(struct keeper *);
void	keeper_lose_while_holding(struct keeper *);
void	keeper_expire_while_holding(struct keeper *);
void	keeper_leave_unconfirmed(struct keeper *);
void	keeper_left_refused(struct keeper *);
void	keeper_signal_while_leaving(struct keeper *);
void	keeper_left_by_expiry(struct keeper *);

#endif
