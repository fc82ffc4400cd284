/*
 * What the guard does when nothing proves the lease any more, or when the
 * keeper is dead.
 *
 * The guard relies on nobody.  If the keeper dies or the lease clock runs out,
 * the guard kills everything below it, and only then has the session closed.
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

#define LOST_MS		1000	/* for the helper, if there is no contact */

/* The keeper is a child not yet reaped, so the pid is its own. */
void
guard_kill_keeper(struct guard *guard)
{
	if (guard->keeper != 0)
		(void)kill(guard->keeper, SIGKILL);
}

static int64_t
kill_ms(const struct guard *guard)
{
	return lease_kill_ms(link_expiry_ms(guard->link),
	    link_timeout_ms(guard->link));
}

int64_t
guard_stop_ms(const struct guard *guard)
{
	/* With --on-loss ignore the guard only reports the loss, once. */
	if (guard->options->ignore_loss)
		return guard->state == RUNNING && !guard->lost ?
		    kill_ms(guard) : CLOCK_NEVER;
	if ((guard->state & (STARTING | RUNNING)) == 0)
		return CLOCK_NEVER;
	return lease_stop_ms(link_expiry_ms(guard->link),
	    link_timeout_ms(guard->link), guard->options->kill_after_ms);
}

static int64_t
time_left(const struct guard *guard)
{
	return link_expiry_ms(guard->link) - clock_ms();
}

/* The guard does this itself, because the keeper may hang. */
void
guard_stop_tree(struct guard *guard)
{
	(void)proctree_signal(&guard->tree, guard->keeper,
	    guard->options->stop_signal);
	(void)proctree_signal(&guard->tree, guard->keeper, SIGCONT);
}

/*
 * Nothing has proved the lease for too long.  What was asked to stop gets no
 * more time, whatever the keeper proves from now on.
 */
enum guard_state
guard_ask_to_stop(struct guard *guard, const struct link_message *message)
{
	char left[LEASE_LEFT_SIZE];

	if (guard->options->ignore_loss) {
		guard->lost = true;
		log_error("the command runs on (--on-loss ignore) though the "
		    "lease of '%s' is not proved any more, %s",
		    guard->options->task,
		    lease_describe_left(time_left(guard), left));
		return guard->state;
	}
	guard->lost = true;
	guard->time_up_ms = kill_ms(guard);
	link_send_type(guard->link, LINK_LOSE);
	guard_stop_tree(guard);
	/* Act first, then say it. */
	log_error("no contact with ZooKeeper; asking the command of '%s' to "
	    "stop, %s", guard->options->task,
	    lease_describe_left(time_left(guard), left));
	return LOSING;
}

/* When the keeper dies, everything below it falls to the guard. */
enum guard_state
guard_enforce_deadline(struct guard *guard, const struct link_message *message)
{
	char left[LEASE_LEFT_SIZE];

	guard_kill_keeper(guard);
	guard->lost = true;
	log_error("killing what runs under the lease of '%s', %s",
	    guard->options->task, lease_describe_left(time_left(guard), left));
	return KILLING_KEEPER;
}

/* Has a helper close the session of the dead keeper. */
enum guard_state
guard_close_session(struct guard *guard, const struct link_message *message)
{
	guard->time_up_ms = clock_after(clock_ms(),
	    guard->lost ? LOST_MS :
	    guard->session.timeout_ms + GUARD_MARGIN_MS);
	if (guard->session.id == 0)
		return FINISHED;
	guard->helper = session_closer_start(guard->options, &guard->session);
	if (guard->helper != -1)
		return CLOSING;
	guard->helper = 0;
	log_error("cannot close the session: %s", strerror(errno));
	return FINISHED;
}

enum guard_state
guard_keeper_died_in_line(struct guard *guard,
    const struct link_message *message)
{
	/* The keeper could not start, and has said why. */
	guard->exit_code = EXITCODE_SYSTEM;
	if (message->status != EXITCODE_SYSTEM) {
		log_error("the keeper of '%s' died", guard->options->task);
		guard->exit_code = EXITCODE_INTERNAL;
	}
	return guard_close_session(guard, message);
}

/* Kills nothing: what runs now was left running by -o leave. */
enum guard_state
guard_keeper_died_releasing(struct guard *guard,
    const struct link_message *message)
{
	log_error("the keeper of '%s' died after the command ended",
	    guard->options->task);
	/*
	 * The command succeeded, but nobody can say whether the run was
	 * recorded and the lease held for long enough.
	 */
	if (guard->exit_code == 0 &&
	    (guard->options->interval_ms != CLOCK_NEVER ||
	    clock_ms() < guard->held_until_ms))
		guard->exit_code = EXITCODE_INTERNAL;
	return guard_close_session(guard, message);
}

enum guard_state
guard_kill_rest(struct guard *guard, const struct link_message *message)
{
	guard->time_up_ms = clock_after(clock_ms(),
	    proctree_kill(&guard->tree));
	(void)proctree_name_forbidden(&guard->tree, guard->options->task);
	return KILLING_REST;
}

enum guard_state
guard_rest_is_dead(struct guard *guard, const struct link_message *message)
{
	char left[LEASE_LEFT_SIZE];

	log_notice("all that ran under the lease of '%s' is dead, %s",
	    guard->options->task, lease_describe_left(time_left(guard), left));
	return guard_close_session(guard, message);
}

enum guard_state
guard_keeper_died_holding(struct guard *guard,
    const struct link_message *message)
{
	/* The command died with the keeper (PR_SET_PDEATHSIG). */
	if (proctree_is_empty(&guard->tree) && guard->exited)
		return guard_keeper_died_releasing(guard, message);
	if (!guard->lost)
		log_error("the keeper of '%s' died; killing the command",
		    guard->options->task);
	/* Leave "lost" alone: there may be contact to close the session. */
	guard->exit_code = EXITCODE_LOST;
	if (proctree_is_empty(&guard->tree))
		return guard_rest_is_dead(guard, message);
	return guard_kill_rest(guard, message);
}
