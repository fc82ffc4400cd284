/*
 * The actions after the command: the keeper keeps the lease for --hold,
 * releases the lease or the place in the queue, and tells the guard the exit
 * status.
 */
#include "run/keeper_private.h"

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "run/link.h"
#include "system/descriptors.h"

#define LEAVE_MS	1000	/* time to leave before the guard exits */

void
keeper_lose(struct keeper *keeper)
{
	keeper->lost = true;
	keeper->exit_code = EXITCODE_LOST;
}

void
keeper_tell_outcome(struct keeper *keeper)
{
	struct link_message done = { .type = LINK_DONE };

	/* Readers of inherited pipes wait until our copies are closed. */
	descriptors_let_go();
	if (!keeper->guard_gone)
		descriptors_let_go_stderr();
	done.ended.status = keeper->exit_code;
	done.ended.killed_by = keeper->killed_by;
	link_send(keeper->link, &done);
}

enum keeper_state
keeper_finish(struct keeper *keeper, const struct link_message *message)
{
	return FINISHED;
}

/* Deletes the keeper's nodes. */
static enum keeper_state
leave(struct keeper *keeper, int64_t patience_ms)
{
	keeper->time_up_ms = clock_after(clock_ms(), patience_ms);
	return recipe_leave(keeper->recipe) == RECIPE_LEFT ?
	    FINISHED : LEAVING;
}

enum keeper_state
keeper_leave_queue(struct keeper *keeper, const struct link_message *message)
{
	return leave(keeper, LEAVE_MS);
}

int64_t
keeper_hold_left_ms(const struct keeper *keeper)
{
	int64_t left_ms;

	if (keeper->started_ms == 0 || keeper->lost || keeper->guard_gone ||
	    keeper->hold_over)
		return 0;
	left_ms = keeper->started_ms + keeper->options->hold_ms - clock_ms();
	return left_ms > 0 ? left_ms : 0;
}

enum keeper_state
keeper_hold_or_release(struct keeper *keeper,
    const struct link_message *message)
{
	int64_t left_ms;

	left_ms = keeper_hold_left_ms(keeper);
	if (left_ms == 0)
		return keeper_release(keeper, message);
	/* The lease node vanished while the run was being recorded. */
	if (keeper->claim->lease[0] == '\0')
		return keeper_lose_while_holding(keeper, message);
	log_verbose("holding '%s' for %.1fs more (--hold)",
	    keeper->options->task, (double)left_ms / 1000);
	keeper->time_up_ms = clock_after(clock_ms(), left_ms);
	return HOLDING;
}

/*
 * Waits up to a session timeout for the release.  Without contact the servers
 * release the lease within this time.
 */
enum keeper_state
keeper_release(struct keeper *keeper, const struct link_message *message)
{
	log_verbose("releasing the lease of '%s' after %.1fs",
	    keeper->options->task,
	    (double)(clock_ms() - keeper->started_ms) / 1000);
	/* A lost lease needs no confirmation. */
	return leave(keeper, keeper->lost ? LEAVE_MS :
	    keeper->connector.session.timeout_ms);
}

void
keeper_say_hold(const struct keeper *keeper)
{
	log_answer("holding '%s' for %.1fs more (--hold)",
	    keeper->options->task, (double)keeper_hold_left_ms(keeper) / 1000);
}

static void
hold_is_lost(struct keeper *keeper)
{
	log_error("the lease of '%s' is lost, %.1fs before --hold is over",
	    keeper->options->task,
	    (double)keeper_hold_left_ms(keeper) / 1000);
	keeper_lose(keeper);
}

enum keeper_state
keeper_lose_while_holding(struct keeper *keeper,
    const struct link_message *message)
{
	hold_is_lost(keeper);
	return keeper_release(keeper, message);
}

enum keeper_state
keeper_expire_while_holding(struct keeper *keeper,
    const struct link_message *message)
{
	hold_is_lost(keeper);
	recipe_forget(keeper->recipe);
	return FINISHED;
}

/* Reports only if a command used the lease, and the lease is not lost. */
static void
say_unreleased(const struct keeper *keeper)
{
	if (keeper->started_ms != 0 && !keeper->lost)
		log_error("cannot release '%s': no contact with ZooKeeper; the "
		    "lease ends when the session expires",
		    keeper->options->task);
}

/*
 * Lets the guard exit, because the release takes too long or the user sent a
 * signal.  The keeper continues to try to release the lease.
 */
enum keeper_state
keeper_leave_unconfirmed(struct keeper *keeper,
    const struct link_message *message)
{
	say_unreleased(keeper);
	keeper->time_up_ms = clock_after(clock_ms(),
	    keeper->connector.session.timeout_ms);
	return UNCONFIRMED;
}

/* The end of the session deletes the node that we cannot delete. */
enum keeper_state
keeper_left_refused(struct keeper *keeper, const struct link_message *message)
{
	log_error("cannot delete a znode of '%s': %s; it ends with the session",
	    keeper->options->task, keeper->claim->reason);
	recipe_forget(keeper->recipe);
	return FINISHED;
}

/* The session has expired, and its nodes are gone. */
enum keeper_state
keeper_left_by_expiry(struct keeper *keeper, const struct link_message *message)
{
	if (keeper->state == LEAVING)
		say_unreleased(keeper);
	recipe_forget(keeper->recipe);
	return FINISHED;
}
