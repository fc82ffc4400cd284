/*
 * These actions stop and kill when contact is lost for too long or the keeper
 * dies.
 *
 * The guard does not rely on the keeper.  If the keeper dies or the lease clock
 * runs out, the guard kills all processes below it, in rounds.  A round does
 * not wait for a death, because a keeper may hang in the kernel.  When all
 * processes are dead, a helper closes the session.
 */
#include "run/guard_private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/lease.h"
#include "run/session_closer.h"

#define LOST_MS		1000	/* time for the helper, after lost contact */

/* The pid is still the keeper's: reaping the keeper sets guard->keeper to 0. */
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
	/* With --on-loss ignore the guard reports the loss only once. */
	if (guard->options->ignore_loss)
		return guard->state == RUNNING && !guard->lost ?
		    kill_ms(guard) : CLOCK_NEVER;
	if ((guard->state & (STARTING | RUNNING)) == 0)
		return CLOCK_NEVER;
	return lease_stop_ms(link_expiry_ms(guard->link),
	    link_timeout_ms(guard->link), guard->options->kill_after_ms);
}

/*
 * After the tree was asked to stop, a new proof of the lease does not extend
 * its time, but an earlier expiry shortens its time.  The guard begins to kill
 * earlier by the time that killing takes.
 */
static int64_t
kill_begins_ms(const struct guard *guard)
{
	return clock_earlier(guard->deadline_ms, kill_ms(guard)) -
	    proctree_kill_takes_ms(&guard->tree);
}

int64_t
guard_time_up_ms(const struct guard *guard)
{
	return guard->state != LOSING ? guard->time_up_ms :
	    clock_earlier(guard->time_up_ms, kill_begins_ms(guard));
}

int
guard_status(const struct guard *guard)
{
	return guard->lost && guard->started_ms != 0 ? EXITCODE_LOST :
	    guard->exit_code;
}

static int64_t
left_ms(const struct guard *guard)
{
	return link_expiry_ms(guard->link) - clock_ms();
}

/* Writes "may expire in 1.2s", or how long ago the lease may have expired. */
static const char *
describe_expiry(const struct guard *guard, char buffer[LEASE_LEFT_SIZE])
{
	int64_t left = left_ms(guard);

	(void)snprintf(buffer, LEASE_LEFT_SIZE, left >= 0 ?
	    "may expire in %.1fs" : "may have expired %.1fs ago",
	    (double)llabs(left) / 1000);
	return buffer;
}

/*
 * The keeper may hang before it reports the start of the command.  If the
 * keeper is not the only living process, the command has started.
 */
void
guard_stop_tree(struct guard *guard)
{
	size_t living;

	living = proctree_signal(&guard->tree, guard->keeper,
	    guard->options->stop_signal);
	if (living > 1 && guard->started_ms == 0)
		guard->started_ms = clock_ms();
	(void)proctree_signal(&guard->tree, guard->keeper, SIGCONT);
}

void
guard_spare_orphans(struct guard *guard)
{
	if (guard->had_children)
		(void)proctree_spare(&guard->tree, guard->keeper,
		    guard->approved_ms);
}

/*
 * Asks all processes to stop, because the newest proof of the lease is too old.
 */
enum guard_state
guard_ask_to_stop(struct guard *guard, const struct link_message *message)
{
	char left[LEASE_LEFT_SIZE];

	if (guard->options->ignore_loss) {
		guard->lost = true;
		log_error("lost contact with ZooKeeper: '%s' runs on "
		    "(--on-loss ignore), its lease %s", guard->options->task,
		    describe_expiry(guard, left));
		return guard->state;
	}
	guard->lost = true;
	link_send_type(guard->link, LINK_LOSE);
	guard_spare_orphans(guard);
	guard_stop_tree(guard);
	guard->deadline_ms = kill_ms(guard);
	/* Count again half-way: the command may fork when asked to stop. */
	guard->time_up_ms = clock_ms() +
	    (kill_begins_ms(guard) - clock_ms()) / 2;
	log_error("lost contact with ZooKeeper: stopping '%s', its lease %s",
	    guard->options->task, describe_expiry(guard, left));
	return LOSING;
}

/*
 * Runs one round of kills.  TIME_UP starts the next; TREE_EMPTY ends the
 * rounds.
 */
enum guard_state
guard_kill_all(struct guard *guard, const struct link_message *message)
{
	guard->time_up_ms = clock_after(clock_ms(),
	    proctree_kill(&guard->tree));
	(void)proctree_name_forbidden(&guard->tree, guard->options->task);
	/*
	 * With SIGKILL pending the keeper cannot run, and its session expires.
	 */
	if (guard->keeper != 0 && proctree_is_hopeless(&guard->tree) &&
	    proctree_is_only(&guard->tree, guard->keeper)) {
		log_error("the keeper of '%s' hangs in the kernel and cannot "
		    "be killed; all other processes are dead",
		    guard->options->task);
		return FINISHED;
	}
	return KILLING;
}

enum guard_state
guard_enforce_deadline(struct guard *guard, const struct link_message *message)
{
	char left[LEASE_LEFT_SIZE];
	enum guard_state next;

	if (clock_ms() < kill_begins_ms(guard)) {
		(void)proctree_signal(&guard->tree, 0, 0);
		guard->time_up_ms = kill_begins_ms(guard);
		return LOSING;
	}
	guard_spare_orphans(guard);
	next = guard_kill_all(guard, message);
	guard->lost = true;
	log_error("killing all processes of '%s', %s",
	    guard->options->task, lease_describe_left(left_ms(guard), left));
	return next;
}

/* Starts the session closer: the keeper is dead, or will never run again. */
enum guard_state
guard_close_session(struct guard *guard, const struct link_message *message)
{
	guard->time_up_ms = clock_after(clock_ms(),
	    guard->lost ? LOST_MS :
	    guard->session.timeout_ms + GUARD_MARGIN_MS);
	if (guard->session.id == 0)
		return FINISHED;
	guard->helper = session_closer_start(guard->options, &guard->session,
	    guard->tree.ours);
	if (guard->helper != -1)
		return CLOSING;
	guard->helper = 0;
	log_error("cannot close the session of '%s': %s; it expires by itself",
	    guard->options->task, strerror(errno));
	return FINISHED;
}

enum guard_state
guard_keeper_died_queued(struct guard *guard,
    const struct link_message *message)
{
	/* A keeper with this status has logged why it could not start. */
	guard->exit_code = EXITCODE_SYSTEM;
	if (message->ended.status != EXITCODE_SYSTEM) {
		log_error("the keeper of '%s' died; giving up",
		    guard->options->task);
		guard->exit_code = EXITCODE_INTERNAL;
	}
	return guard_close_session(guard, message);
}

/* Does not kill: only processes that -o leave spares can still run. */
enum guard_state
guard_keeper_died_releasing(struct guard *guard,
    const struct link_message *message)
{
	log_error("the keeper of '%s' died after the command ended",
	    guard->options->task);
	/* The keeper's death may have lost the record or cut --hold short. */
	if (guard->exit_code == 0 &&
	    (guard->options->interval_ms != CLOCK_NEVER ||
	    clock_ms() < guard->held_until_ms))
		guard->exit_code = EXITCODE_INTERNAL;
	return guard_close_session(guard, message);
}

/*
 * Kills a keeper that takes too long, when all processes of the command are
 * dead.
 */
enum guard_state
guard_leave_keeper(struct guard *guard, const struct link_message *message)
{
	guard_kill_keeper(guard);
	return guard->state == RELEASING ?
	    guard_keeper_died_releasing(guard, message) :
	    guard_close_session(guard, message);
}

enum guard_state
guard_all_is_dead(struct guard *guard, const struct link_message *message)
{
	char left[LEASE_LEFT_SIZE];

	/* The keeper hung before it started the command. */
	if (guard->started_ms == 0)
		guard->exit_code = EXITCODE_INTERNAL;
	log_notice("all processes of '%s' are dead, %s",
	    guard->options->task, lease_describe_left(left_ms(guard), left));
	return guard_close_session(guard, message);
}

enum guard_state
guard_keeper_died_holding(struct guard *guard,
    const struct link_message *message)
{
	enum guard_state next;
	bool empty;

	guard_spare_orphans(guard);
	empty = proctree_is_empty(&guard->tree);
	if (empty && guard->exited)
		return guard_keeper_died_releasing(guard, message);
	/* As far as the guard knows, the command was never started. */
	if (empty && guard->started_ms == 0)
		return guard_keeper_died_queued(guard, message);
	if (guard->started_ms == 0)
		guard->started_ms = clock_ms();
	/* Do not set guard->lost: with contact, the closer has more time. */
	guard->exit_code = EXITCODE_LOST;
	/*
	 * If the tree is empty, the command died with the keeper (PDEATHSIG).
	 */
	next = empty ? guard_all_is_dead(guard, message) :
	    guard_kill_all(guard, message);
	if (!guard->lost)
		log_error("the keeper of '%s' died; killing the command",
		    guard->options->task);
	return next;
}
