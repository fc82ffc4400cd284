/*
 * The keeper's state, events and actions, shared by the keeper*.c files.  The
 * tree is the process tree of system/proctree.h: the command and its
 * descendants.
 */
#ifndef ZKRUN_KEEPER_PRIVATE_H
#define ZKRUN_KEEPER_PRIVATE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "lock/lease.h"
#include "lock/nodedata.h"
#include "lock/runs.h"
#include "lock/recipe.h"
#include "run/link.h"
#include "system/proctree.h"
#include "zookeeper/connector.h"

struct options;
struct signals;

/* One bit each, so that a row of the table can name several states. */
enum keeper_state {
	CONNECTING = 1 << 0,	/* has no session, or lost it */
	QUEUED = 1 << 1,	/* waits for the lease */
	EXPLAINING = 1 << 2,	/* gives up, but first looks up the holder */
	JUDGING = 1 << 3,	/* has the lease; reads whether a run is due */
	PROVING = 1 << 4,	/* a run is due; waits for proof of the lease */
	ASKING = 1 << 5,	/* waits for the guard to agree to the start */
	RUNNING = 1 << 6,	/* the command runs */
	LINGERING = 1 << 7,	/* the command ended, its descendants run */
	STOPPING = 1 << 8,	/* the tree was asked to stop */
	KILLING = 1 << 9,	/* kills the tree, in rounds */
	RECORDING = 1 << 10,	/* all are dead; the run is being recorded */
	HOLDING = 1 << 11,	/* all are dead; --hold keeps the lease */
	LEAVING = 1 << 12,	/* deletes its nodes; the guard waits */
	UNCONFIRMED = 1 << 13,	/* still deletes; the guard waits no more */
	FINISHED = 1 << 14
};

/* Every link_type that the guard sends is an event as well. */
enum keeper_event {
	/* from the connector */
	NEW_SESSION = LINK_TYPES,
	REGAINED,		/* a new connection resumed the session */
	CONTACT_LOST, SILENT, EXPIRED,
	GAVE_UP,		/* the retry policy is exhausted */
	REJECTED,		/* a server refused our identity */
	/* from the lease clock */
	PROVEN, DEADLINE,
	/* from the recipe */
	MUST_WAIT, ACQUIRED, LEASE_LOST, REVOKED,
	LEFT,			/* the nodes are deleted */
	REFUSED,		/* a request failed permanently */
	UNPROVABLE,		/* a beat failed permanently */
	/* from a look: see struct keeper_progress */
	LOOKED,
	/* from the record of runs */
	RECORD_READ, RECORDED,
	UNRECORDED,		/* the lease node was gone */
	RECORD_REFUSAL,		/* the record cannot be read or written */
	/* from the process tree, the guard, and the clock */
	COMMAND_ENDED, TREE_EMPTY, GUARD_GONE,
	WAIT_OVER, MAX_TIME_OVER,
	TIME_UP,		/* time_up_ms is reached */
	EVENTS,
	NO_EVENT
};

/* The replies to keeper_progress.c have this tag or a higher one. */
#define KEEPER_LOOK_TAGS	RUNS_TAGS_END

/*
 * The progress of the waiting, as users see it.  A look is a sequence of
 * requests that reads the queue, the leases and the node of one holder.
 */
struct keeper_progress {
	bool		looking;	/* a look is under way */
	bool		paused;		/* by the last look */
	size_t		ahead;		/* waiters ahead, by the last look */
	size_t		holders;	/* by the last look */
	bool		asked;		/* a SIGUSR1 is unanswered */
	bool		knows_pause;	/* the recipe has seen a pause */
	bool		telling;	/* the next look reports the pause */
	bool		shown;		/* the terminal line is shown */
	bool		reporting;	/* to the guard, after a LINK_PING */
	int64_t		looked_ms;	/* when the last look began */
	int64_t		next_ms;	/* next terminal line, or CLOCK_NEVER */
	/* Texts from the last look; "": unknown. */
	char		place[512];	/* ", 2 ahead, held by ..." */
	char		holder[400];	/* "held by ...", "paused by ..." */
};

struct keeper {
	const struct options	*options;
	const struct signals	*signals;
	struct link		*link;
	struct logger		*logger;
	struct connector	 connector;
	struct recipe		*recipe;
	const struct recipe_claim *claim;	/* of the recipe */
	struct runs		 runs;
	struct lease		 lease;
	struct subprocesses	 ours;		/* the keeper's helpers */
	struct proctree		 tree;		/* all processes below us */
	enum keeper_state	 state;
	struct keeper_progress	 progress;
	int			 signal_fd;
	int			 timer_fd;
	int64_t			 timer_ms;	/* the timer is set to this */
	int64_t			 wait_deadline_ms;	/* of --wait */
	int64_t			 came_ms;	/* the keeper began */
	int64_t			 waiting_since_ms;	/* or CLOCK_NEVER */
	int64_t			 started_ms;	/* start of command; 0: none */
	int64_t			 time_up_ms;	/* time of TIME_UP, or never */
	int64_t			 beat_ms;	/* last beat, or CLOCK_NEVER */
	int64_t			 lingering_since_ms;
	int64_t			 kill_takes_ms;	/* as of last contact loss */
	pid_t			 command;	/* 0: none, or reaped */
	int64_t			 question;	/* number of last LINK_HELD */
	int			 exit_code;
	int			 killed_by;	/* the fatal signal, or 0 */
	int			 told;		/* last ending signal, or 0 */
	pid_t			 told_group;	/* for proctree_pass_on() */
	bool			 lost;		/* the lease is lost */
	bool			 gone;		/* ZooKeeper reports it lost */
	bool			 hold_over;	/* --hold applies no longer */
	bool			 guard_gone;
	bool			 said_lost;	/* reported lost contact */
	const char		*data;		/* of the keeper's znodes */
};

/*
 * An action of the table: does what the event means, and returns the next
 * state.  Only keeper_dispatch() sets the state.
 */
typedef enum keeper_state keeper_action(struct keeper *,
    const struct link_message *);

struct keeper_row {
	int		 states;	/* in one of these states */
	int		 event;		/* at this event */
	keeper_action	*act;		/* do this */
	int		 next;		/* and enter one of these states */
};

#define STAY	(1 << 30)		/* in keeper_row.next: the same state */

/* Returns the row for an event in a state, or NULL: the event is ignored. */
const struct keeper_row	*keeper_find(enum keeper_state, int event);

/*
 * Handles an event (a keeper_event or link_type) in the present state.  The
 * message may be NULL for a keeper_event.
 */
void	keeper_dispatch(struct keeper *, int event,
	    const struct link_message *);

/*
 * Returns the time of DEADLINE, when the keeper kills the command's processes
 * in case the guard hangs.  Returns CLOCK_NEVER if there is no process to kill.
 */
int64_t	keeper_deadline_ms(const struct keeper *);

/* keeper.c: reports received signals to the guard; reaps on SIGCHLD */
void	keeper_take_signals(struct keeper *);

/* keeper_contact.c: contact lost and regained, and beats */
/*
 * Returns the time at which the guard asks a command to stop.  The keeper
 * starts no command after that time.
 */
int64_t	keeper_stop_ms(const struct keeper *);
/* Returns the time of the next beat, or CLOCK_NEVER while one is unanswered. */
int64_t	keeper_beat_ms(const struct keeper *);
void	keeper_beat(struct keeper *);
/* Reports regained contact, because a server has answered a request. */
void	keeper_take_answer(struct keeper *);
keeper_action keeper_resume, keeper_say_contact_lost, keeper_say_silent;
keeper_action keeper_cannot_prove;

/* keeper_queue.c: from the connection to the start of the command */
keeper_action keeper_join;
keeper_action keeper_join_again, keeper_join_same_session;
keeper_action keeper_give_up_connecting, keeper_rejected, keeper_refused;
keeper_action keeper_wait_queued, keeper_wait_is_over;
keeper_action keeper_explain, keeper_explain_expired;
keeper_action keeper_ask_guard, keeper_ask_again, keeper_start_command;
keeper_action keeper_signal_before_start, keeper_revoked_before_start;

/* keeper_interval.c: whether a run is due, and the record of the run */
keeper_action keeper_ask_record, keeper_judge, keeper_cannot_judge;
keeper_action keeper_record, keeper_recorded, keeper_cannot_record;
keeper_action keeper_lost_unrecorded, keeper_expired_unrecorded;
keeper_action keeper_recording_takes_long, keeper_signal_while_recording;

/* keeper_running.c: from the start of the command to the last death */
keeper_action keeper_forward_signal, keeper_max_time_over;
keeper_action keeper_be_revoked, keeper_revoked_after_all;
keeper_action keeper_stop_all, keeper_be_stopped, keeper_kill_all;
keeper_action keeper_lose_node, keeper_lose_session, keeper_keep_deadline;
keeper_action keeper_die_with_guard, keeper_command_ended;
keeper_action keeper_name_lingerers, keeper_work_is_over;

/* keeper_leaving.c: the release and the end */
/* The lease is lost: sets the flag and the exit status. */
void	keeper_lose(struct keeper *);
/* Returns the rest of the time for which --hold keeps the lease. */
int64_t	keeper_hold_left_ms(const struct keeper *);
void	keeper_say_hold(const struct keeper *);
/* Closes inherited descriptors and tells the guard to exit. */
void	keeper_tell_outcome(struct keeper *);
keeper_action keeper_finish, keeper_leave_queue, keeper_release;
keeper_action keeper_hold_or_release;
keeper_action keeper_lose_while_holding, keeper_expire_while_holding;
keeper_action keeper_leave_unconfirmed, keeper_left_refused;
keeper_action keeper_left_by_expiry;

/* keeper_progress.c: shows the progress of the waiting */
/* Returns the name of the present state, for users. */
const char	*keeper_state_name(const struct keeper *);
/* Prepares the line on the terminal, if stderr is a suitable one. */
void	keeper_start_progress(struct keeper *);
/* Returns the time of the next keeper_show_progress(), or CLOCK_NEVER. */
int64_t	keeper_progress_ms(const struct keeper *);
void	keeper_show_progress(struct keeper *);
void	keeper_hide_progress(struct keeper *);
/* Forgets the unfinished look and the last result, after contact was lost. */
void	keeper_forget_look(struct keeper *);
/* Starts a look, after contact was regained, if a SIGUSR1 is unanswered. */
void	keeper_look_again(struct keeper *);
/* Reports the state to the guard, if there is a service manager. */
void	keeper_report(struct keeper *);
/* Reports the state, and starts a look, because our place may have changed. */
void	keeper_report_place(struct keeper *);
/* Returns whether an event is the reply to a look. */
bool	keeper_owns_look(const struct session_event *);
/*
 * Handles a reply of a look.  Returns LOOKED after the last one, else NO_EVENT.
 */
enum keeper_event	keeper_take_look(struct keeper *,
			    struct session_event *);
/*
 * Starts a look, which ends with the event LOOKED.  Returns false without
 * contact.
 */
bool	keeper_look(struct keeper *);
/* When the recipe first sees a pause, starts a look that reports the pause. */
void	keeper_tell_pause(struct keeper *);
keeper_action keeper_tell_progress, keeper_take_ping;

#endif
