/*
 * What the keeper does in the end: give up lease or place in line, tell the
 * guard, clean up behind it.
 */
#include "keeper_state.h"

#include "clock.h"
#include "command.h"
#include "link.h"
#include "log.h"
#include "options.h"
#include "signals.h"

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
	command_close_inherited();
	command_close_stderr();
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
	if (semaphore_leave(&keeper->semaphore) == SEMAPHORE_LEFT)
		keeper_finish(keeper);
}

void
keeper_leave_line(struct keeper *keeper)
{
	leave(keeper, LEAVE_MS);
}

/*
 * Without contact the servers take as long as the session lives to release the
 * lease by themselves; no use in waiting longer than that.
 */
void
keeper_release(struct keeper *keeper)
{
	char left[64];

	link_send_type(keeper->link, LINK_RELEASING);
	log_verbose("releasing the lease of '%s'", keeper->options->task);
	lease_describe_left(lease_expiry_ms(&keeper->lease) - clock_ms(), left,
	    sizeof(left));
	if (keeper->lost && !keeper->gone && !keeper->options->ignore_loss)
		log_notice("all that ran under the lease of '%s' is dead, %s",
		    keeper->options->task, left);
	/* A lost lease is not worth anybody's time. */
	leave(keeper, keeper->lost ? LEAVE_MS :
	    keeper->connector.session.timeout_ms);
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
	    keeper->semaphore.reason);
	semaphore_forget(&keeper->semaphore);
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
	semaphore_forget(&keeper->semaphore);
	keeper_finish(keeper);
}
