/*
 * The keeper's state machine: the action for each event in each state, and the
 * states that the action may lead to.
 *
 * The promises rest on this order: the keeper gets the lease, the guard agrees,
 * the command starts, all processes of the command die, the keeper releases the
 * lease, the guard learns the status, the keeper closes the session.
 *
 * The usual course: CONNECTING QUEUED (JUDGING) (PROVING) ASKING RUNNING
 * LINGERING (RECORDING) (HOLDING) LEAVING FINISHED
 */
#include "run/keeper_private.h"

#include "config/options.h"
#include "system/proctitle.h"
#include "system/signals.h"

#define ANY		(-1)
#define GIVING_UP	(LEAVING | UNCONFIRMED)
#define CONTACT		~(CONNECTING | GIVING_UP)	/* includes RUNNING */
#define ACQUIRING	(JUDGING | PROVING | ASKING)	/* has the lease */
#define UNSTARTED	(CONNECTING | QUEUED | EXPLAINING | ACQUIRING)
#define WORK		(RUNNING | LINGERING)
#define DYING		(STOPPING | KILLING)
#define LEAVE		(LEAVING | FINISHED)	/* FINISHED: no nodes */
#define RELEASE		(RECORDING | HOLDING | LEAVE)

/* The first matching row applies.  Without a match the event is ignored. */
static const struct keeper_row table[] = {
/* in this state	at this event	do this               and enter */
/* before the command */
{ CONNECTING,		NEW_SESSION,	keeper_join,
					QUEUED | FINISHED },
{ CONNECTING | QUEUED,	GAVE_UP,	keeper_give_up_connecting, FINISHED },
{ CONNECTING | QUEUED,	REJECTED,	keeper_rejected,      FINISHED },
{ CONNECTING | QUEUED,	WAIT_OVER,	keeper_wait_is_over,
					EXPLAINING | LEAVE },
{ QUEUED,		MUST_WAIT,	keeper_wait_queued,
					STAY | EXPLAINING | LEAVE },
{ EXPLAINING,		LOOKED,		keeper_explain,       LEAVE },
{ EXPLAINING,		TIME_UP,	keeper_explain,       LEAVE },
{ EXPLAINING,		CONTACT_LOST,	keeper_explain,       LEAVE },
{ EXPLAINING,		REJECTED,	keeper_explain,       LEAVE },
{ EXPLAINING,		EXPIRED,	keeper_explain_expired, FINISHED },
{ QUEUED | EXPLAINING,	REFUSED,	keeper_refused,       LEAVE },
{ QUEUED,		ACQUIRED,	keeper_ask_record,    ACQUIRING },
{ JUDGING,		RECORD_READ,	keeper_judge,
					ACQUIRING | LEAVE },
{ JUDGING,		RECORD_REFUSAL,	keeper_cannot_judge,  LEAVE },
{ PROVING,		PROVEN,		keeper_ask_guard,     STAY | ASKING },
{ ASKING,		LINK_AGAIN,	keeper_ask_again,     STAY | PROVING },
{ ASKING,		LINK_GO,	keeper_start_command,
					STAY | PROVING | RUNNING | LEAVE },
{ ACQUIRING,		LEASE_LOST,	keeper_join_same_session, QUEUED },
{ ACQUIRING,		REVOKED,	keeper_revoked_before_start, LEAVE },
{ ACQUIRING,		UNPROVABLE,	keeper_refused,       LEAVE },
{ QUEUED | ACQUIRING,	EXPIRED,	keeper_join_again,    CONNECTING },
{ UNSTARTED,		LINK_SIGNAL,	keeper_signal_before_start, LEAVE },
{ UNSTARTED,		LINK_STOP,	keeper_leave_queue,    LEAVE },
{ UNSTARTED,		GUARD_GONE,	keeper_leave_queue,    LEAVE },

/* while processes of the command live */
{ RUNNING,		COMMAND_ENDED,	keeper_command_ended,
					LINGERING | STOPPING | RELEASE },
{ LINGERING,		TIME_UP,	keeper_name_lingerers, STAY },
{ LINGERING | DYING,	TREE_EMPTY,	keeper_work_is_over,  RELEASE },
{ WORK,			MAX_TIME_OVER,	keeper_max_time_over, STOPPING },
{ WORK,			REVOKED,	keeper_be_revoked,    STOPPING },
{ WORK,			UNPROVABLE,	keeper_cannot_prove,  STAY | STOPPING },
{ WORK,			LINK_STOP,	keeper_stop_all,      STOPPING },
{ WORK,			GUARD_GONE,	keeper_die_with_guard, KILLING },
{ WORK | DYING,		LINK_LOSE,	keeper_be_stopped,    STAY | STOPPING },
{ WORK | DYING,		LINK_SIGNAL,	keeper_forward_signal, STAY },
{ WORK | DYING,		EXPIRED,	keeper_lose_session,  STAY | KILLING },
{ WORK | DYING,		LEASE_LOST,	keeper_lose_node,     STAY | KILLING },
{ WORK | STOPPING,	DEADLINE,	keeper_keep_deadline, STAY | KILLING },
{ DYING,		TIME_UP,	keeper_kill_all,      KILLING },
{ DYING,		GUARD_GONE,	keeper_kill_all,      KILLING },
{ DYING | RECORDING,	REVOKED,	keeper_revoked_after_all, STAY },

/* after the last death: record the run, keep the lease for --hold */
{ RECORDING,		RECORDED,	keeper_recorded,      HOLDING | LEAVE },
{ RECORDING,		RECORD_REFUSAL,	keeper_cannot_record, HOLDING | LEAVE },
{ RECORDING,		UNRECORDED,	keeper_lost_unrecorded, LEAVE },
{ RECORDING,		EXPIRED,	keeper_expired_unrecorded, FINISHED },
{ RECORDING,		LINK_SIGNAL,	keeper_signal_while_recording, STAY },
{ RECORDING,		TIME_UP,	keeper_recording_takes_long, LEAVE },

{ HOLDING,		TIME_UP,	keeper_release,       LEAVE },
{ HOLDING,		REVOKED,	keeper_release,       LEAVE },
{ HOLDING,		LINK_STOP,	keeper_release,       LEAVE },
{ HOLDING,		GUARD_GONE,	keeper_release,       LEAVE },
{ HOLDING,		LINK_SIGNAL,	keeper_release,       LEAVE },
{ HOLDING,		LEASE_LOST,	keeper_lose_while_holding, LEAVE },
{ HOLDING,		UNPROVABLE,	keeper_lose_while_holding, LEAVE },
{ HOLDING,		EXPIRED,	keeper_expire_while_holding, FINISHED },

/* the release */
{ LEAVING,		TIME_UP,	keeper_leave_unconfirmed, UNCONFIRMED },
{ LEAVING,		LINK_SIGNAL,	keeper_leave_unconfirmed, UNCONFIRMED },
{ GIVING_UP,		LEFT,		keeper_finish,        FINISHED },
{ GIVING_UP,		REFUSED,	keeper_left_refused,  FINISHED },
{ GIVING_UP,		EXPIRED,	keeper_left_by_expiry, FINISHED },
{ UNCONFIRMED,		TIME_UP,	keeper_finish,        FINISHED },

/* reports that leave the state as it is */
{ ANY,			REGAINED,	keeper_resume,        STAY },
{ CONTACT,		CONTACT_LOST,	keeper_say_contact_lost, STAY },
{ CONTACT,		REJECTED,	keeper_say_contact_lost, STAY },
{ CONTACT,		SILENT,		keeper_say_silent,    STAY },
{ ANY,			LINK_PING,	keeper_take_ping,     STAY },
{ ANY,			LINK_TELL,	keeper_tell_progress, STAY },
};

const struct keeper_row *
keeper_find(enum keeper_state state, int event)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].event == event && (table[i].states & state) != 0)
			return &table[i];
	return NULL;
}

/* Does what any change to another state requires. */
static void
enter(struct keeper *keeper, enum keeper_state before)
{
	if (before == QUEUED)
		keeper_hide_progress(keeper);
	/*
	 * The guard may have agreed to the start: tell it that no start
	 * follows.
	 */
	if (before == ASKING && keeper->state != RUNNING)
		link_send_type(keeper->link, LINK_WAITING);
	if ((keeper->state & (UNCONFIRMED | FINISHED)) != 0 &&
	    before != UNCONFIRMED)
		keeper_tell_outcome(keeper);
	proctitle_set(keeper->options->task, keeper_state_name(keeper));
}

/*
 * Returns whether to ignore a signal, because no command runs.  For example,
 * SIGWINCH must not end the waiting.  A signal that was sent to end the command
 * must not cut the release short.
 */
static bool
is_for_command_only(const struct keeper *keeper,
    const struct link_message *message)
{
	if ((keeper->state & (WORK | DYING)) != 0)
		return false;
	return signals_kind(message->signal.number) != SIGNALS_TERMINATING ||
	    (message->signal.for_command &&
	    (keeper->state & (RECORDING | HOLDING | LEAVING)) != 0);
}

void
keeper_dispatch(struct keeper *keeper, int event,
    const struct link_message *message)
{
	const struct keeper_row *row;
	enum keeper_state before = keeper->state;

	row = keeper_find(before, event);
	if (row == NULL || before == FINISHED || (event == LINK_SIGNAL &&
	    is_for_command_only(keeper, message)))
		return;
	keeper->state = row->act(keeper, message);
	if (keeper->state != before)
		enter(keeper, before);
	if (keeper->state != before || event == CONTACT_LOST ||
	    event == REJECTED || event == REGAINED)
		keeper_report(keeper);
}
