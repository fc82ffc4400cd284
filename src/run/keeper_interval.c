/*
 * --interval: before the start the keeper judges by the record of runs whether
 * a run is due.  After the end it records the run.
 */
#include "run/keeper_private.h"

#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/slots.h"

#define INTERRUPTED_MS	1000	/* time left for recording after a signal */

/* The recipe has sent the read of the record already. */
enum keeper_state
keeper_ask_record(struct keeper *keeper, const struct link_message *message)
{
	if (keeper->options->interval_ms == CLOCK_NEVER)
		return keeper_ask_guard(keeper, message);
	runs_expect(&keeper->runs);
	return JUDGING;
}

static enum keeper_state
leave_unstarted(struct keeper *keeper, int exit_code)
{
	keeper->exit_code = exit_code;
	return keeper_leave_queue(keeper, NULL);
}

/*
 * Describes this contender at a time of the local clock.  The leader's clock
 * gives the creation times of our first node and our lease.  The local clock
 * measures two spans: from the keeper's start until it asked for that node, and
 * from the time at which it saw the lease until now.
 */
static struct slots_contender
contender_at(const struct keeper *keeper, int64_t our_ms)
{
	const struct options *options = keeper->options;
	const struct recipe_claim *claim = keeper->claim;
	struct slots_contender contender = {
		.came_ms = claim->joined_ms - (claim->asked_ms -
		    keeper->came_ms),
		.now_ms = claim->made_ms + our_ms - claim->seen_ms,
		.interval_ms = options->interval_ms,
		.count_failures = options->count_failures,
	};

	return contender;
}

enum keeper_state
keeper_judge(struct keeper *keeper, const struct link_message *message)
{
	const struct options *options = keeper->options;
	const struct slots_contender contender = contender_at(keeper,
	    clock_ms());
	const struct runs_text_run *run;
	enum slots_verdict verdict;
	double ago;

	verdict = slots_judge(&contender, &keeper->runs.log, &run);
	if (verdict == SLOTS_DUE)
		return keeper_ask_guard(keeper, message);
	ago = (double)(contender.now_ms - runs_text_latest_ms(run)) / 1000;
	if (verdict == SLOTS_IN_FUTURE) {
		log_error("cannot use the record '%s': a run on %s began %.1fs "
		    "in the future by ZooKeeper's clock", keeper->runs.path,
		    run->host, -ago);
		return leave_unstarted(keeper, EXITCODE_CONFIG);
	}
	if (ago < 0)
		log_notice("skipped '%s': a run on %s began %.1fs in the "
		    "future by ZooKeeper's clock; taken as just now",
		    options->task, run->host, -ago);
	else
		log_event("skipped '%s': a run began %.1fs ago on %s",
		    options->task, ago, run->host);
	return leave_unstarted(keeper, options->skip_exit_code);
}

static int
failure_exit_code(const struct keeper *keeper)
{
	switch (keeper->runs.failure) {
	case RUNS_CORRUPT:
		return EXITCODE_CONFIG;
	case RUNS_DENIED:
		return EXITCODE_DENIED;
	case RUNS_REFUSED:
		break;
	}
	return EXITCODE_INTERNAL;
}

enum keeper_state
keeper_cannot_judge(struct keeper *keeper, const struct link_message *message)
{
	log_error("cannot use the record '%s': %s", keeper->runs.path,
	    keeper->runs.reason);
	return leave_unstarted(keeper, failure_exit_code(keeper));
}

/* Records failed runs as well; slots_judge() decides if they count. */
enum keeper_state
keeper_record(struct keeper *keeper, const struct link_message *message)
{
	const struct recipe_claim *claim = keeper->claim;
	const struct slots_contender contender = contender_at(keeper,
	    keeper->started_ms);
	struct runs_text_run run = {
		.slot_ms = slots_of_run(&contender),
		.started_ms = contender.now_ms,
		.took_ms = clock_ms() - keeper->started_ms,
		.fence = claim->fence,
		.status = keeper->exit_code,
	};

	(void)nodedata_get(keeper->data, NODEDATA_HOST, run.host,
	    sizeof(run.host));
	keeper->time_up_ms = clock_after(clock_ms(),
	    keeper->connector.session.timeout_ms);
	recipe_before_release(keeper->recipe);
	/* The same transaction deletes the lease, unless --hold keeps it. */
	runs_store(&keeper->runs, &run, claim->lease,
	    keeper_hold_left_ms(keeper) == 0);
	return RECORDING;
}

enum keeper_state
keeper_recorded(struct keeper *keeper, const struct link_message *message)
{
	if (keeper->runs.release)
		recipe_lease_deleted(keeper->recipe);
	return keeper_hold_or_release(keeper, message);
}

/* The status of a command that failed takes precedence. */
static void
say_unrecorded(struct keeper *keeper, int exit_code, const char *reason)
{
	log_error("cannot record the run of '%s' in '%s': %s",
	    keeper->options->task, keeper->runs.path, reason);
	if (keeper->exit_code == 0)
		keeper->exit_code = exit_code;
}

enum keeper_state
keeper_lost_unrecorded(struct keeper *keeper,
    const struct link_message *message)
{
	say_unrecorded(keeper, EXITCODE_LOST, "the lease node is gone");
	keeper->lost = true;
	return keeper_release(keeper, message);
}

enum keeper_state
keeper_cannot_record(struct keeper *keeper, const struct link_message *message)
{
	say_unrecorded(keeper, failure_exit_code(keeper),
	    keeper->runs.reason);
	return keeper_hold_or_release(keeper, message);
}

enum keeper_state
keeper_recording_takes_long(struct keeper *keeper,
    const struct link_message *message)
{
	say_unrecorded(keeper, EXITCODE_UNREACHABLE,
	    "no contact with ZooKeeper");
	/* Treat the lease as lost: do not wait long for its release. */
	keeper->lost = true;
	return keeper_release(keeper, message);
}

enum keeper_state
keeper_expired_unrecorded(struct keeper *keeper,
    const struct link_message *message)
{
	say_unrecorded(keeper, EXITCODE_UNREACHABLE,
	    "the session expired before ZooKeeper confirmed it");
	recipe_forget(keeper->recipe);
	return FINISHED;
}

enum keeper_state
keeper_signal_while_recording(struct keeper *keeper,
    const struct link_message *message)
{
	keeper->hold_over = true;
	keeper->time_up_ms = clock_earlier(keeper->time_up_ms,
	    clock_after(clock_ms(), INTERRUPTED_MS));
	return keeper->state;
}
