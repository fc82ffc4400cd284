/*
 * What each event means to the guard in each state.
 *
 * The guard trusts nobody to live: if the keeper dies, or the lease clock runs
 * out, all that is below falls to the guard, which kills it and only then has
 * the session closed.
 */
#include "run/guard_private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/lease.h"
#include "run/session_closer.h"
#include "system/command.h"
#include "system/descriptors.h"
#include "system/proctitle.h"

#define OBEY_MS		3000	/* for the keeper, to leave the line */
#define CLOSE_MARGIN_MS	5000	/* for the helper, after the session's end */

typedef void action(struct guard *);

static void
finish(struct guard *guard)
{
	guard->finished = true;
}

static void
leave_line(struct guard *guard)
{
	guard->state = ENDING;
	guard->time_up_ms = clock_after(clock_ms(), OBEY_MS);
	link_send_type(&guard->link, LINK_STOP);
}

/*
 * --wait is the keeper's to keep, and it has long had the time; but whatever it
 * hangs in, waiting ends in time.
 */
static void
overdue(struct guard *guard)
{
	log_error("the keeper of '%s' does not give up in time; ending it",
	    guard->options->task);
	guard->overdue = true;
	leave_line(guard);
}

/*
 * The keeper's death is what brings everything below it to us, so it goes
 * first.  It is our child and not reaped: the pid can only be its own.
 */
void
guard_kill_keeper(struct guard *guard)
{
	if (guard->keeper != 0)
		(void)kill(guard->keeper, SIGKILL);
}

/* When the command has to be asked to stop, as far as is proved. */
static int64_t
stop_ms(const struct guard *guard)
{
	return link_expiry_ms(&guard->link) - guard->lease.margin_ms -
	    guard->lease.grace_ms;
}

/* The keeper proves the lease in the background, whatever we do meanwhile. */
static void
approve(struct guard *guard)
{
	struct link_message message = { .type = LINK_GO };

	if (clock_ms() >= stop_ms(guard)) {
		/* We have slept; the keeper would not start it either. */
		link_send_type(&guard->link, LINK_AGAIN);
		return;
	}
	guard->state = RUNNING;
	guard->time_up_ms = CLOCK_NEVER;
	message.fence = guard->lease.fence;
	link_send(&guard->link, &message);
}

/* The lease was lost, or ran out, before the command could be started. */
static void
queue_again(struct guard *guard)
{
	if (!guard->started)
		guard->state = QUEUEING;
}

/*
 * The keeper's time to wait begins with its first session; so does ours.  With
 * -n it does not wait, but may be on its way to another server for long.
 */
void
guard_limit_wait(struct guard *guard)
{
	if (guard->state == QUEUEING && guard->time_up_ms == CLOCK_NEVER &&
	    guard->options->wait_ms != CLOCK_NEVER &&
	    guard->options->wait_ms > 0)
		guard->time_up_ms = clock_after(clock_ms(),
		    guard->options->wait_ms + guard->session.timeout_ms +
		    OBEY_MS);
}

static int64_t
time_left(const struct guard *guard)
{
	return link_expiry_ms(&guard->link) - clock_ms();
}

/* Nothing has proved the lease for so long that the command has to go. */
static void
ask_to_stop(struct guard *guard)
{
	char left[64];

	guard->final_kill_ms = guard_kill_ms(guard);
	guard->stop_done = true;
	if (guard->options->ignore_loss)
		return;
	guard->lost = true;
	guard->state = LOSING;
	link_send_type(&guard->link, LINK_LOSE);
	/* By ourselves: the keeper may be what has stopped. */
	(void)proctree_signal_below(&guard->tree, guard->keeper,
	    guard->options->stop_signal);
	(void)proctree_signal_below(&guard->tree, guard->keeper, SIGCONT);
	/* Last, for whoever reads stderr may make us wait. */
	lease_describe_left(time_left(guard), left, sizeof(left));
	log_error("no contact with ZooKeeper; asking the command of '%s' to "
	    "stop, %s", guard->options->task, left);
}

static void
enforce_deadline(struct guard *guard)
{
	char left[64];

	lease_describe_left(time_left(guard), left, sizeof(left));
	if (!guard->options->ignore_loss) {
		guard->state = LOSING;
		guard_kill_keeper(guard);
		log_error("killing what runs under the lease of '%s', %s",
		    guard->options->task, left);
	} else if (!guard->lost)
		log_error("the command runs on (--on-loss ignore) though the "
		    "lease of '%s' is not proved any more, %s",
		    guard->options->task, left);
	guard->kill_done = true;
	guard->lost = true;
}

/* No deadline can harm any more; only a keeper that hangs is in the way. */
static void
lease_released(struct guard *guard)
{
	guard->state = RELEASING;
	guard->time_up_ms = clock_after(clock_ms(), guard->hold_ms +
	    2 * guard->session.timeout_ms + CLOSE_MARGIN_MS);
}

static void
command_started(struct guard *guard)
{
	guard->started = true;
	guard->started_ms = clock_ms();
	if (guard->command_runs)
		sdnotify_started(&guard->notify);
	/* The reader of a pipe is to see the end when the command closes it. */
	descriptors_close_inherited();
}

/* The keeper answers if its loop turns; if not, it is not asked again. */
static void
ask_keeper(struct guard *guard)
{
	link_send_type(&guard->link, LINK_PING);
}

/* Only what the keeper says makes us say that all is well. */
static void
keeper_is_alive(struct guard *guard)
{
	sdnotify_alive(&guard->notify);
	sdnotify_status(&guard->notify, guard->options->task, guard->report);
	guard->ping_ms = clock_after(clock_ms(),
	    sdnotify_pace_ms(&guard->notify));
}

/* Closes the session of a dead keeper, if there is one to close. */
static void
close_session(struct guard *guard)
{
	guard->state = CLOSING;
	guard->time_up_ms = clock_after(clock_ms(),
	    guard->lost ? OBEY_MS / 3 :
	    guard->session.timeout_ms + CLOSE_MARGIN_MS);
	if (guard->session.id != 0) {
		guard->helper = session_closer_start(guard->options,
		    &guard->session);
		if (guard->helper != -1)
			return;
		guard->helper = 0;
		log_error("cannot close the session: %s", strerror(errno));
	}
	finish(guard);
}

static void
keeper_died_in_line(struct guard *guard)
{
	guard->exit_code = EXITCODE_SYSTEM;
	if (!guard->keeper_refused) {
		log_error("the keeper of '%s' died", guard->options->task);
		guard->exit_code = EXITCODE_INTERNAL;
	}
	close_session(guard);
}

static void
kill_rest(struct guard *guard)
{
	guard->time_up_ms = clock_after(clock_ms(),
	    proctree_kill(&guard->tree));
	(void)proctree_name_forbidden(&guard->tree, guard->options->task);
}

static void
rest_is_dead(struct guard *guard)
{
	char left[64];

	lease_describe_left(time_left(guard), left, sizeof(left));
	log_notice("all that ran under the lease of '%s' is dead, %s",
	    guard->options->task, left);
	close_session(guard);
}

/* What -o leave has left running is not ours to kill. */
static void
keeper_died_releasing(struct guard *guard)
{
	log_error("the keeper of '%s' died after the command ended",
	    guard->options->task);
	/* The command may have done well; that its run is recorded, or its
	 * lease held for long enough, nobody can say. */
	if (guard->exit_code == 0 &&
	    (guard->options->interval_ms != CLOCK_NEVER || guard->hold_ms > 0))
		guard->exit_code = EXITCODE_INTERNAL;
	close_session(guard);
}

static void
keeper_died_holding(struct guard *guard)
{
	guard->state = KILLING;
	/* The command itself died with the keeper (PR_SET_PDEATHSIG). */
	if (proctree_is_empty(&guard->tree) && guard->exited) {
		keeper_died_releasing(guard);
		return;
	}
	if (!guard->lost)
		log_error("the keeper of '%s' died; killing the command",
		    guard->options->task);
	/* Not lost: there may well be contact, to close the session by. */
	guard->exit_code = EXITCODE_LOST;
	if (proctree_is_empty(&guard->tree))
		rest_is_dead(guard);
	else
		kill_rest(guard);
}

static action *const actions[STATES][EVENTS] = {
	[QUEUEING] = {
		[TOLD_HELD] = approve,
		[TOLD_DONE] = finish,
		[KEEPER_DIED] = keeper_died_in_line,
		[TERMINATED] = leave_line,
		[TIME_UP] = overdue,
		[TOLD_ALIVE] = keeper_is_alive,
		[PING_DUE] = ask_keeper,
	},
	[ENDING] = {
		[TOLD_DONE] = finish,
		[KEEPER_DIED] = close_session,
		[TERMINATED] = finish,
		[TIME_UP] = guard_kill_keeper,
		[TOLD_ALIVE] = keeper_is_alive,
		[PING_DUE] = ask_keeper,
	},
	[RUNNING] = {
		[TOLD_WAITING] = queue_again,
		[TOLD_HELD] = approve,
		[TOLD_STARTED] = command_started,
		[TOLD_RELEASING] = lease_released,
		[TOLD_DONE] = finish,
		[KEEPER_DIED] = keeper_died_holding,
		[STOP_DUE] = ask_to_stop,
		[KILL_DUE] = enforce_deadline,
		[TOLD_ALIVE] = keeper_is_alive,
		[PING_DUE] = ask_keeper,
	},
	[RELEASING] = {
		[TOLD_DONE] = finish,
		[KEEPER_DIED] = keeper_died_releasing,
		[TIME_UP] = guard_kill_keeper,
		[TOLD_ALIVE] = keeper_is_alive,
		[PING_DUE] = ask_keeper,
	},
	[LOSING] = {
		[TOLD_RELEASING] = lease_released,
		[TOLD_DONE] = finish,
		[KEEPER_DIED] = keeper_died_holding,
		[KILL_DUE] = enforce_deadline,
		[TOLD_ALIVE] = keeper_is_alive,
		[PING_DUE] = ask_keeper,
	},
	[KILLING] = {
		[TREE_EMPTY] = rest_is_dead,
		[TIME_UP] = kill_rest,
	},
	[CLOSING] = {
		[HELPER_ENDED] = finish,
		[TERMINATED] = finish,
		[TIME_UP] = finish,
	},
};

static bool
has_deadline(const struct guard *guard)
{
	return guard->state == RUNNING || guard->state == LOSING;
}

int64_t
guard_stop_ms(const struct guard *guard)
{
	if (!has_deadline(guard) || guard->stop_done)
		return CLOCK_NEVER;
	return stop_ms(guard);
}

int64_t
guard_kill_ms(const struct guard *guard)
{
	if (!has_deadline(guard) || guard->kill_done)
		return CLOCK_NEVER;
	/* What was asked to stop is not given more time. */
	if (guard->stop_done && !guard->options->ignore_loss)
		return guard->final_kill_ms;
	return link_expiry_ms(&guard->link) - guard->lease.margin_ms;
}

/* As ps(1) shows them. */
static const char *const titles[STATES] = {
	[QUEUEING] = "waiting",
	[ENDING] = "leaving",
	[RUNNING] = "holding",
	[RELEASING] = "releasing",
	[LOSING] = "losing",
	[KILLING] = "killing",
	[CLOSING] = "closing",
};

void
guard_dispatch(struct guard *guard, enum guard_event event)
{
	action *act;

	act = actions[guard->state][event];
	if (act != NULL && !guard->finished)
		act(guard);
	if (guard->session.id != 0)
		proctitle_set(guard->options->task, titles[guard->state]);
	/* From here on the keeper is not who knows best. */
	if (guard->state >= LOSING)
		sdnotify_status(&guard->notify, guard->options->task,
		    titles[guard->state]);
}
