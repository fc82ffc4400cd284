/*
 * What the keeper does while the command runs: pass on signals, prove the
 * lease, stop or kill everything below, wait for what the command left.
 */
#include "run/keeper_private.h"

#include <signal.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "run/link.h"

#define FIRST_NAG_MS	10000	/* until we say whom we wait for */

void
keeper_say_time_left(struct keeper *keeper)
{
	char problems[512];
	int64_t left_ms;

	if (keeper->lost) {
		keeper_say_contact_lost(keeper);
		return;
	}
	connector_explain(&keeper->connector, problems, sizeof(problems));
	left_ms = lease_stop_ms(&keeper->lease) - clock_ms();
	log_notice("contact with ZooKeeper lost (%s); '%s' is held for %.1fs "
	    "more unless it is regained", problems, keeper->options->task,
	    left_ms > 0 ? (double)left_ms / 1000 : 0);
}

void
keeper_forward_signal(struct keeper *keeper)
{
	log_verbose("passing on signal %d", keeper->ordered_signal);
	/* Our child and not yet reaped: its pid can only be its own. */
	if (keeper->state == RUNNING && !keeper->options->signal_group)
		(void)kill(keeper->command, keeper->ordered_signal);
	else
		(void)proctree_signal(&keeper->tree, keeper->ordered_signal);
}

/* One round of SIGKILL; TIME_UP brings the next. */
void
keeper_kill_all(struct keeper *keeper)
{
	keeper->state = STOPPING;
	connector_stop_helpers(&keeper->connector);
	keeper->time_up_ms = clock_after(clock_ms(),
	    proctree_kill(&keeper->tree));
	/* Somebody lives on whom we have no right to kill. */
	if (proctree_name_forbidden(&keeper->tree, keeper->options->task)) {
		keeper->lost = true;
		keeper->exit_code = EXITCODE_LOST;
	}
}

/*
 * The guard is gone, and nobody is left to be told of the outcome.  What we
 * kill has not done its work: it is no success to be recorded.
 */
void
keeper_die_with_guard(struct keeper *keeper)
{
	if (keeper->exit_code == 0)
		keeper->exit_code = EXITCODE_SIGNAL + SIGKILL;
	keeper_kill_all(keeper);
}

void
keeper_stop_all(struct keeper *keeper)
{
	if (keeper->state == STOPPING)
		return;
	keeper->state = STOPPING;
	keeper->time_up_ms = clock_after(clock_ms(),
	    keeper->options->kill_after_ms);
	connector_stop_helpers(&keeper->connector);
	(void)proctree_signal(&keeper->tree, keeper->options->stop_signal);
	/* Whatever is stopped can only end once it goes on. */
	(void)proctree_signal(&keeper->tree, SIGCONT);
}

void
keeper_max_time_over(struct keeper *keeper)
{
	log_error("the command of '%s' has had its %.1fs (--max-time); "
	    "stopping it", keeper->options->task,
	    (double)keeper->options->max_time_ms / 1000);
	if (!keeper->lost)
		keeper->exit_code = EXITCODE_MAX_TIME;
	keeper_stop_all(keeper);
}

/* Somebody wants us to stop; the lease is still ours until then. */
void
keeper_be_revoked(struct keeper *keeper)
{
	log_error("the lease of '%s' was revoked by %s; stopping the command",
	    keeper->options->task, keeper->claim->reason);
	keeper->exit_code = EXITCODE_LOST;
	keeper->hold_over = true;
	keeper_stop_all(keeper);
}

/* When it is being stopped or has ended anyway: no --hold after that. */
void
keeper_revoked_after_all(struct keeper *keeper)
{
	log_notice("the lease of '%s' was revoked by %s",
	    keeper->options->task, keeper->claim->reason);
	keeper->hold_over = true;
}

/* The guard saw the deadline come and has asked the command to stop. */
void
keeper_be_stopped(struct keeper *keeper)
{
	keeper->lost = true;
	keeper->exit_code = EXITCODE_LOST;
	if (keeper->state == STOPPING)
		return;
	keeper->state = STOPPING;
	/* The deadline is what kills. */
	keeper->time_up_ms = CLOCK_NEVER;
}

/* For good: everything has to die, now. */
static void
lose_lease(struct keeper *keeper)
{
	if (!keeper->lost)
		log_error("the lease of '%s' is lost; %s",
		    keeper->options->task, keeper->options->ignore_loss ?
		    "the command runs on (--on-loss ignore)" :
		    "killing the command");
	keeper->lost = true;
	keeper->exit_code = EXITCODE_LOST;
	link_send_type(keeper->link, LINK_LOST);
	if (!keeper->options->ignore_loss)
		keeper_kill_all(keeper);
}

void
keeper_lose_node(struct keeper *keeper)
{
	keeper->gone = true;
	lose_lease(keeper);
}

void
keeper_lose_session(struct keeper *keeper)
{
	keeper->gone = true;
	semaphore_forget(keeper->semaphore);
	lose_lease(keeper);
}

/*
 * Past the guard's deadline: it must be stopped, or worse.  Half a margin
 * later it is our turn.
 */
void
keeper_keep_deadline(struct keeper *keeper)
{
	keeper->deadline_passed = true;
	/* Where a loss is to be ignored, the guard has said so by now. */
	keeper->lost |= keeper->options->ignore_loss;
	lose_lease(keeper);
}

/* Nothing runs under the lease any more. */
void
keeper_work_is_over(struct keeper *keeper)
{
	struct link_message message = { .type = LINK_RELEASING };
	char left[64];

	message.releasing.status = keeper->exit_code;
	message.releasing.hold_ms = keeper_hold_left_ms(keeper);
	link_send(keeper->link, &message);
	lease_describe_left(lease_expiry_ms(&keeper->lease) - clock_ms(), left,
	    sizeof(left));
	if (keeper->lost && !keeper->gone && !keeper->options->ignore_loss)
		log_notice("all that ran under the lease of '%s' is dead, %s",
		    keeper->options->task, left);
	if (keeper->options->interval_ms != CLOCK_NEVER && !keeper->lost)
		keeper_record(keeper, message.releasing.hold_ms == 0);
	else
		keeper_hold_or_release(keeper);
}

void
keeper_command_ended(struct keeper *keeper)
{
	switch (keeper->options->orphans) {
	case OPTIONS_LEAVE:
		keeper_work_is_over(keeper);
		break;
	case OPTIONS_KILL:
		keeper_stop_all(keeper);
		break;
	case OPTIONS_WAIT:
		keeper->state = LINGERING;
		keeper->nag_ms = FIRST_NAG_MS;
		keeper->lingering_since_ms = clock_ms();
		keeper->time_up_ms = clock_after(keeper->lingering_since_ms,
		    keeper->nag_ms);
		break;
	}
}

void
keeper_name_lingerers(struct keeper *keeper)
{
	char names[256];
	int64_t now_ms;

	now_ms = clock_ms();
	connector_stop_helpers(&keeper->connector);
	proctree_describe(&keeper->tree, names, sizeof(names));
	log_notice("holding '%s' for %llds after the command ended, because it "
	    "left %s running (-o leave would not wait)", keeper->options->task,
	    (long long)(now_ms - keeper->lingering_since_ms) / 1000, names);
	keeper->nag_ms *= 3;
	keeper->time_up_ms = clock_after(now_ms, keeper->nag_ms);
}
