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

/* One bit each: a row of the table may name several. */
enum keeper_state {
	CONNECTING = 1 << 0,	/* no session yet, or none any more */
	QUEUED = 1 << 1,
	EXPLAINING = 1 << 2,	/* gives up; a look says who is in the way */
	JUDGING = 1 << 3,	/* the lease is ours; is a run due? */
	PROVING = 1 << 4,	/* it is; has the lease time left? */
	ASKING = 1 << 5,	/* it has; waiting for the guard's word */
	RUNNING = 1 << 6,
	LINGERING = 1 << 7,	/* the command ended, others it started run */
	STOPPING = 1 << 8,	/* everything below was asked to stop */
	KILLING = 1 << 9,	/* and is killed, in rounds */
	RECORDING = 1 << 10,	/* nothing runs; the run is written down */
	HOLDING = 1 << 11,	/* nothing runs; --hold keeps the lease */
	LEAVING = 1 << 12,	/* giving up lease or place in line */
	UNCONFIRMED = 1 << 13,	/* the same, behind a guard that may go */
	FINISHED = 1 << 14
};

/* An order of the guard is an event as well: its link_type. */
enum keeper_event {
	/* from the connector */
	NEW_SESSION = LINK_TYPES,
	REGAINED, CONTACT_LOST, SILENT, EXPIRED, GAVE_UP, REJECTED,
	/* from the lease clock */
	PROVEN, DEADLINE,
	/* from the semaphore */
	MUST_WAIT, ACQUIRED, LEASE_LOST, REVOKED, LEFT, REFUSED, UNPROVABLE,
	/* from a look at who holds, and who waits */
	LOOKED,
	/* from the record of runs */
	RECORD_READ, RECORDED, UNRECORDED, RECORD_REFUSAL,
	/* from below, from the guard, and from the clock */
	COMMAND_ENDED, TREE_EMPTY, GUARD_GONE,
	WAIT_OVER, MAX_TIME_OVER, TIME_UP,
	EVENTS,
	NO_EVENT
};

/* Tags of replies to what keeper_progress.c asks are not below this. */
#define KEEPER_LOOK_TAGS	RUNS_TAGS_END

/* How the waiting goes, for people. */
struct keeper_progress {
	bool		looking;	/* a look is under way */
	bool		paused;		/* as that look found */
	size_t		ahead;		/* in the queue, likewise */
	size_t		holders;
	bool		asked;		/* for one line, by SIGUSR1 */
	bool		knows_pause;	/* the semaphore has seen one */
	bool		telling;	/* of it, with the next look */
	bool		shown;		/* the line on the terminal */
	bool		reporting;	/* to the guard, since LINK_PING */
	int64_t		looked_ms;
	int64_t		next_ms;	/* line on the terminal */
	/* As the last look found; "": unknown. */
	char		place[512];	/* where we are, and who holds */
	char		holder[400];	/* "held by ...", "paused by ..." */
};

struct keeper {
	const struct options	*options;
	const struct signals	*signals;
	struct link		*link;
	struct logger		*logger;
	struct connector	 connector;
	struct semaphore	*semaphore;
	const struct semaphore_claim *claim;	/* what came of it */
	struct runs		 runs;
	struct lease		 lease;
	struct subprocesses	 ours;		/* our helpers */
	struct proctree		 tree;
	enum keeper_state	 state;
	struct keeper_progress	 progress;
	int			 signal_fd;
	int			 timer_fd;
	int64_t			 timer_ms;	/* what the timer is set to */
	int64_t			 wait_deadline_ms;	/* of --wait */
	int64_t			 came_ms;	/* the keeper began */
	int64_t			 waiting_since_ms;	/* CLOCK_NEVER: not */
	int64_t			 started_ms;	/* the command; 0: not yet */
	int64_t			 time_up_ms;	/* what it means: the state's */
	int64_t			 beat_ms;	/* the last; CLOCK_NEVER: no session */
	int64_t			 lingering_since_ms;
	int64_t			 kill_takes_ms;	/* as of the last lost contact */
	pid_t			 command;
	int64_t			 question;	/* the last LINK_HELD */
	int			 exit_code;
	int			 killed_by;	/* a signal ended the command, or 0 */
	int			 told;		/* the last signal to end, passed on */
	pid_t			 told_group;	/* as for proctree_pass_on() */
	bool			 lost;		/* see keeper_lose() */
	bool			 gone;		/* by the servers' word */
	bool			 hold_over;	/* somebody wants the lease */
	bool			 guard_gone;
	bool			 said_lost;	/* of contact, and not yet regained */
	const char		*data;		/* of our nodes */
};

/* Does what an event means in a state, and returns the next state. */
typedef enum keeper_state keeper_action(struct keeper *,
    const struct link_message *);

struct keeper_row {
	int		 states;	/* in one of these */
	int		 event;		/* at this event */
	keeper_action	*act;		/* do this */
	int		 next;		/* and be in one of these */
};

#define STAY	(1 << 30)		/* of next: where we are */

/* Returns the row for an event in a state, or NULL: nothing is to be done. */
const struct keeper_row	*keeper_find(enum keeper_state, int event);

/*
 * Does what the event, a keeper_event or a link_type, means in the present
 * state.  The message may be NULL with an event that is none.
 */
void	keeper_dispatch(struct keeper *, int event,
	    const struct link_message *);

/* Returns when the keeper kills, should the guard hang. */
int64_t	keeper_deadline_ms(const struct keeper *);

/* keeper.c: tells the guard of the signals that have come. */
void	keeper_take_signals(struct keeper *);

/* keeper_contact.c: contact, lost and regained, and what proves the lease */
/* Returns when the guard asks a command to stop: none is started later. */
int64_t	keeper_stop_ms(const struct keeper *);
/* Returns when the next beat is due. */
int64_t	keeper_beat_ms(const struct keeper *);
void	keeper_beat(struct keeper *);
/* A server has answered a request. */
void	keeper_take_answer(struct keeper *);
keeper_action keeper_resume, keeper_say_contact_lost, keeper_say_silent;
keeper_action keeper_cannot_prove;

/* keeper_queue.c: until the command starts */
keeper_action keeper_join;
keeper_action keeper_join_again, keeper_join_same_session;
keeper_action keeper_give_up_connecting, keeper_rejected, keeper_refused;
keeper_action keeper_wait_queued, keeper_wait_is_over;
keeper_action keeper_explain, keeper_explain_expired;
keeper_action keeper_ask_guard, keeper_ask_again, keeper_start_command;
keeper_action keeper_signal_before_start, keeper_revoked_before_start;

/* keeper_interval.c: whether to run, and that it has run */
keeper_action keeper_ask_record, keeper_judge, keeper_cannot_judge;
keeper_action keeper_record, keeper_recorded, keeper_cannot_record;
keeper_action keeper_lost_unrecorded, keeper_expired_unrecorded;
keeper_action keeper_recording_takes_long, keeper_signal_while_recording;

/* keeper_running.c: while something runs */
keeper_action keeper_forward_signal, keeper_max_time_over;
keeper_action keeper_be_revoked, keeper_revoked_after_all;
keeper_action keeper_stop_all, keeper_be_stopped, keeper_kill_all;
keeper_action keeper_lose_node, keeper_lose_session, keeper_keep_deadline;
keeper_action keeper_die_with_guard, keeper_command_ended;
keeper_action keeper_name_lingerers, keeper_work_is_over;

/* keeper_leaving.c: in the end */
/* The lease is lost: sets the flag and the status. */
void	keeper_lose(struct keeper *);
/* Returns for how long --hold still keeps the lease. */
int64_t	keeper_hold_left_ms(const struct keeper *);
void	keeper_say_hold(const struct keeper *);
/* Tells the guard to exit, and lets go of stderr first. */
void	keeper_tell_outcome(struct keeper *);
keeper_action keeper_finish, keeper_leave_line, keeper_release;
keeper_action keeper_hold_or_release;
keeper_action keeper_lose_while_holding, keeper_expire_while_holding;
keeper_action keeper_leave_unconfirmed, keeper_left_refused;
keeper_action keeper_left_by_expiry;

/* keeper_progress.c: how the waiting goes */
/* Names the present state, for people. */
const char	*keeper_state_name(const struct keeper *);
void	keeper_start_progress(struct keeper *);
int64_t	keeper_progress_ms(const struct keeper *);
void	keeper_show_progress(struct keeper *);
void	keeper_hide_progress(struct keeper *);
void	keeper_forget_look(struct keeper *);
void	keeper_look_again(struct keeper *);
void	keeper_report(struct keeper *);
void	keeper_report_place(struct keeper *);
bool	keeper_owns_look(const struct session_event *);
/* Takes the reply to a look.  Returns LOOKED when the look is over. */
enum keeper_event	keeper_take_look(struct keeper *,
			    struct session_event *);
/* Looks anew; LOOKED follows.  Returns false if there is no contact. */
bool	keeper_look(struct keeper *);
/* Tells of a pause when it is first seen. */
void	keeper_tell_pause(struct keeper *);
keeper_action keeper_tell_progress, keeper_take_ping;

#endif
