/*
 * What the keeper does in the end: give up lease or place in line, tell the
 * guard, clean up behind it.
 */
#include "run/keeper_private.h"

#include <signal.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "run/link.h"
#include "system/descriptors.h"
#include "system/signals.h"

#define LEAVE_MS	1000	/* to leave the line, before the guard goes */

/* Nothing is left to say or to hold open: the guard may go. */
static void
tell_outcome(struct keeper *keeper)
{
	struct link_message message = { .type = LINK_DONE };

	if (keeper->told)
		return;
	keeper->told = true;
	/* Before the guard exits, so that nobody waits for our copies. */
	descriptors_close_inherited();
	descriptors_close_stderr();
	message.status = keeper->exit_code;
	link_send(keeper->link, &message);
}

void
keeper_finish(struct keeper *keeper)
{
	tell_outcome(keeper);
	keeper->finished = true;
}

/* Gives up what we have in ZooKeeper, then tells the guard. */
static void
leave(struct keeper *keeper, int64_t patience_ms)
{
	keeper->state = LEAVING;
	keeper->time_up_ms = clock_after(clock_ms(), patience_ms);
	if (semaphore_leave(keeper->semaphore) == SEMAPHORE_LEFT)
		keeper_finish(keeper);
}

void
keeper_leave_line(struct keeper *keeper)
{
	leave(keeper, LEAVE_MS);
}

int64_t
keeper_hold_left_ms(const struct keeper *keeper)
{
	int64_t left_ms;

	if (!keeper->started || keeper->lost || keeper->guard_gone ||
	    keeper->hold_over)
		return 0;
	left_ms = keeper->started_ms + keeper->options->hold_ms - clock_ms();
	return left_ms > 0 ? left_ms : 0;
}

void
keeper_hold_or_release(struct keeper *keeper)
{
	int64_t left_ms;

	left_ms = keeper_hold_left_ms(keeper);
	if (left_ms == 0) {
		keeper_release(keeper);
		return;
	}
	if (keeper->claim->lease[0] == '\0') {
		/* Seen after a lost contact, when the store was in. */
		keeper_lose_while_holding(keeper);
		return;
	}
	log_verbose("holding '%s' for %.1fs more (--hold)",
	    keeper->options->task, (double)left_ms / 1000);
	keeper->state = HOLDING;
	keeper->time_up_ms = clock_after(clock_ms(), left_ms);
}

/*
 * Without contact the servers take as long as the session lives to release the
 * lease by themselves; no use in waiting longer than that.
 */
void
keeper_release(struct keeper *keeper)
{
	log_verbose("releasing the lease of '%s' after %.1fs",
	    keeper->options->task,
	    (double)(clock_ms() - keeper->started_ms) / 1000);
	/* A lost lease is not worth anybody's time. */
	leave(keeper, keeper->lost ? LEAVE_MS :
	    keeper->connector.session.timeout_ms);
}

void
keeper_say_hold(struct keeper *keeper)
{
	log_answer("holding '%s' for %.1fs more (--hold)",
	    keeper->options->task, (double)keeper_hold_left_ms(keeper) / 1000);
}

void
keeper_signal_while_holding(struct keeper *keeper)
{
	/* Sent while the guard still had a command to pass it on to. */
	if (keeper->ordered_signal == SIGUSR1)
		keeper_say_hold(keeper);
	else if (signals_kind(keeper->ordered_signal) == SIGNALS_TERMINATING)
		keeper_release(keeper);
}

static void
hold_is_lost(struct keeper *keeper)
{
	log_error("the lease of '%s' is lost, %.1fs before it was to be "
	    "released (--hold)", keeper->options->task,
	    (double)keeper_hold_left_ms(keeper) / 1000);
	keeper->lost = true;
	keeper->exit_code = EXITCODE_LOST;
}

void
keeper_lose_while_holding(struct keeper *keeper)
{
	hold_is_lost(keeper);
	keeper_release(keeper);
}

void
keeper_expire_while_holding(struct keeper *keeper)
{
	hold_is_lost(keeper);
	semaphore_forget(keeper->semaphore);
	keeper_finish(keeper);
}

/* The lease ends without our doing; of a lost one that has been said. */
static void
say_unreleased(const struct keeper *keeper)
{
	if (keeper->started && !keeper->lost && !keeper->told)
		log_error("cannot release '%s': no contact; ZooKeeper does it "
		    "when the session expires", keeper->options->task);
}

/* LEAVING takes too long.  Let the guard go, and go on trying behind it. */
void
keeper_leave_unconfirmed(struct keeper *keeper)
{
	if (keeper->told) {
		keeper_finish(keeper);
		return;
	}
	say_unreleased(keeper);
	tell_outcome(keeper);
	keeper->time_up_ms = clock_after(clock_ms(),
	    keeper->connector.session.timeout_ms);
}

/* Something of ours cannot be deleted; closing the session will do it. */
void
keeper_left_refused(struct keeper *keeper)
{
	log_error("cannot delete a node of '%s': %s", keeper->options->task,
	    keeper->claim->reason);
	semaphore_forget(keeper->semaphore);
	keeper_finish(keeper);
}

/* The user does not want to wait for the server's word any longer. */
void
keeper_signal_while_leaving(struct keeper *keeper)
{
	if (signals_kind(keeper->ordered_signal) == SIGNALS_TERMINATING &&
	    !keeper->told)
		keeper_leave_unconfirmed(keeper);
}

/* The session died of old age while we tried to clean up: it is clean. */
void
keeper_left_by_expiry(struct keeper *keeper)
{
	say_unreleased(keeper);
	semaphore_forget(keeper->semaphore);
	keeper_finish(keeper);
}
