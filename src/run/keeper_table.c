/*
 * What each event means to the keeper in each state.
 *
 * The order that matters: the lease is ours, then the guard agrees, then the
 * command exists; everything it started is gone, then the lease is given up,
 * then the guard is told, then the session is closed.
 */
#include "run/keeper_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/options.h"
#include "system/proctitle.h"

typedef void action(struct keeper *);

static action *const actions[STATES][EVENTS] = {
	[CONNECTING] = {
		[NEW_SESSION] = keeper_join,
		[GAVE_UP] = keeper_give_up_connecting,
		[REJECTED] = keeper_rejected,
		[ORDER_STOP] = keeper_finish,
		[ORDER_SIGNAL] = keeper_signal_before_start,
		[GUARD_GONE] = keeper_finish,
		[WAIT_OVER] = keeper_wait_is_over,
	},
	[IN_LINE] = {
		[REGAINED] = keeper_resume,
		[CONTACT_LOST] = keeper_say_contact_lost,
		[EXPIRED] = keeper_join_again,
		[MUST_WAIT] = keeper_wait_in_line,
		[ACQUIRED] = keeper_ask_record,
		[REFUSED] = keeper_refused,
		[ORDER_STOP] = keeper_leave_line,
		[ORDER_SIGNAL] = keeper_signal_before_start,
		[GUARD_GONE] = keeper_leave_line,
		[WAIT_OVER] = keeper_wait_is_over,
	},
	[JUDGING] = {
		[REGAINED] = keeper_resume,
		[CONTACT_LOST] = keeper_say_contact_lost,
		[EXPIRED] = keeper_join_again,
		[LEASE_LOST] = keeper_join_same_session,
		[REVOKED] = keeper_revoked_before_start,
		[RECORD_READ] = keeper_judge,
		[RECORD_REFUSAL] = keeper_cannot_judge,
		[ORDER_STOP] = keeper_leave_line,
		[ORDER_SIGNAL] = keeper_signal_before_start,
		[GUARD_GONE] = keeper_leave_line,
	},
	[ASKING] = {
		[PROVEN] = keeper_ask_guard,
		[REGAINED] = keeper_resume,
		[CONTACT_LOST] = keeper_say_contact_lost,
		[EXPIRED] = keeper_join_again,
		[LEASE_LOST] = keeper_join_same_session,
		[REVOKED] = keeper_revoked_before_start,
		[ORDER_GO] = keeper_start_command,
		[ORDER_AGAIN] = keeper_ask_again,
		[ORDER_STOP] = keeper_leave_line,
		[ORDER_SIGNAL] = keeper_signal_before_start,
		[GUARD_GONE] = keeper_leave_line,
	},
	[RUNNING] = {
		[REGAINED] = keeper_resume,
		[CONTACT_LOST] = keeper_say_time_left,
		[DEADLINE] = keeper_keep_deadline,
		[EXPIRED] = keeper_lose_session,
		[LEASE_LOST] = keeper_lose_node,
		[ORDER_STOP] = keeper_stop_all,
		[ORDER_LOSE] = keeper_be_stopped,
		[ORDER_SIGNAL] = keeper_forward_signal,
		[GUARD_GONE] = keeper_die_with_guard,
		[REVOKED] = keeper_be_revoked,
		[MAX_TIME_OVER] = keeper_max_time_over,
		[COMMAND_ENDED] = keeper_command_ended,
	},
	[LINGERING] = {
		[REGAINED] = keeper_resume,
		[CONTACT_LOST] = keeper_say_time_left,
		[DEADLINE] = keeper_keep_deadline,
		[EXPIRED] = keeper_lose_session,
		[LEASE_LOST] = keeper_lose_node,
		[ORDER_STOP] = keeper_stop_all,
		[ORDER_LOSE] = keeper_be_stopped,
		[ORDER_SIGNAL] = keeper_forward_signal,
		[GUARD_GONE] = keeper_die_with_guard,
		[REVOKED] = keeper_be_revoked,
		[MAX_TIME_OVER] = keeper_max_time_over,
		[TREE_EMPTY] = keeper_work_is_over,
		[TIME_UP] = keeper_name_lingerers,
	},
	[STOPPING] = {
		[REGAINED] = keeper_resume,
		[CONTACT_LOST] = keeper_say_time_left,
		[DEADLINE] = keeper_keep_deadline,
		[ORDER_LOSE] = keeper_be_stopped,
		[EXPIRED] = keeper_lose_session,
		[REVOKED] = keeper_revoked_after_all,
		[LEASE_LOST] = keeper_lose_node,
		[ORDER_SIGNAL] = keeper_forward_signal,
		[GUARD_GONE] = keeper_kill_all,
		[TREE_EMPTY] = keeper_work_is_over,
		[TIME_UP] = keeper_kill_all,
	},
	[RECORDING] = {
		[REGAINED] = keeper_resume,
		[CONTACT_LOST] = keeper_say_contact_lost,
		[EXPIRED] = keeper_expired_unrecorded,
		[REVOKED] = keeper_revoked_after_all,
		[RECORDED] = keeper_recorded,
		[UNRECORDED] = keeper_lost_unrecorded,
		[RECORD_REFUSAL] = keeper_cannot_record,
		[ORDER_SIGNAL] = keeper_signal_while_recording,
		[TIME_UP] = keeper_recording_takes_long,
	},
	[HOLDING] = {
		[REGAINED] = keeper_resume,
		[CONTACT_LOST] = keeper_say_contact_lost,
		[EXPIRED] = keeper_expire_while_holding,
		[LEASE_LOST] = keeper_lose_while_holding,
		[REVOKED] = keeper_release,
		[ORDER_STOP] = keeper_release,
		[ORDER_SIGNAL] = keeper_signal_while_holding,
		[GUARD_GONE] = keeper_release,
		[TIME_UP] = keeper_release,
	},
	[LEAVING] = {
		[REGAINED] = keeper_resume,
		[EXPIRED] = keeper_left_by_expiry,
		[LEFT] = keeper_finish,
		[REFUSED] = keeper_left_refused,
		[ORDER_SIGNAL] = keeper_signal_while_leaving,
		[TIME_UP] = keeper_leave_unconfirmed,
	},
};

int64_t
keeper_deadline_ms(const struct keeper *keeper)
{
	const struct lease *lease = &keeper->lease;

	switch (keeper->state) {
	case RUNNING:
	case LINGERING:
	case STOPPING:
		if (keeper->deadline_passed)
			break;
		return lease_deadline_ms(lease) + lease_margin_ms(lease) / 2;
	case CONNECTING:
	case IN_LINE:
	case JUDGING:
	case ASKING:
	case RECORDING:
	case HOLDING:
	case LEAVING:
	case STATES:
		break;
	}
	return CLOCK_NEVER;
}

void
keeper_dispatch(struct keeper *keeper, enum keeper_event event)
{
	enum keeper_state before = keeper->state;
	action *act;

	act = actions[keeper->state][event];
	if (act == NULL || keeper->finished)
		return;
	act(keeper);
	/* The line on the terminal is of the waiting. */
	if (keeper->state != before && before == IN_LINE)
		log_progress("%s", "");
	if (keeper->state != before)
		proctitle_set(keeper->options->task, keeper_state_name(keeper));
	if (keeper->state != before || event == CONTACT_LOST ||
	    event == REGAINED)
		keeper_report(keeper);
}
