/*
 * The actions until the command starts: the keeper connects, queues, takes the
 * lease and asks the guard.
 */
#include "run/keeper_private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "run/link.h"
#include "system/command.h"
#include "system/descriptors.h"
#include "system/signals.h"

#define MOMENT_MS	1000	/* -n: time for others to take a lease */
#define EXPLAIN_MS	500	/* time to look up the holder */

static enum keeper_state
join_queue(struct keeper *keeper)
{
	if (keeper->waiting_since_ms == CLOCK_NEVER)
		keeper->waiting_since_ms = clock_ms();
	/* A record read under an earlier lease may be out of date. */
	runs_forget(&keeper->runs);
	recipe_join(keeper->recipe);
	return QUEUED;
}

enum keeper_state
keeper_join(struct keeper *keeper, const struct link_message *message)
{
	struct link_message connected = { .type = LINK_SESSION };
	const struct session *session = &keeper->connector.session;

	connected.session.id = session->identity.id;
	connected.session.timeout_ms = session->timeout_ms;
	memcpy(connected.session.password, session->identity.password,
	    sizeof(connected.session.password));
	link_send(keeper->link, &connected);
	log_verbose("connected to %s, session 0x%llx, timeout %.1fs",
	    connector_server(&keeper->connector),
	    (unsigned long long)session->identity.id,
	    (double)session->timeout_ms / 1000);
	if (session->timeout_ms > keeper->options->session_timeout_ms)
		log_notice("ZooKeeper raised the session timeout of '%s' from "
		    "%.1fs to %.1fs: others wait that long after a failure",
		    keeper->options->task,
		    (double)keeper->options->session_timeout_ms / 1000,
		    (double)session->timeout_ms / 1000);
	if (!lease_is_long_enough(&keeper->lease,
	    keeper->options->kill_after_ms)) {
		log_error("cannot acquire '%s': ZooKeeper granted a session "
		    "timeout of %.2fs, too short to run a command",
		    keeper->options->task, (double)session->timeout_ms / 1000);
		keeper->exit_code = EXITCODE_INTERNAL;
		return FINISHED;
	}
	if (keeper->options->wait_ms == 0)
		recipe_do_not_wait(keeper->recipe);
	/* --wait is one budget for all sessions. */
	if (keeper->wait_deadline_ms == CLOCK_NEVER &&
	    keeper->options->wait_ms > 0)
		keeper->wait_deadline_ms = clock_after(clock_ms(),
		    keeper->options->wait_ms);
	return join_queue(keeper);
}

enum keeper_state
keeper_join_again(struct keeper *keeper, const struct link_message *message)
{
	log_notice("the session of '%s' expired; joining the queue again",
	    keeper->options->task);
	recipe_forget(keeper->recipe);
	connector_start(&keeper->connector);
	return CONNECTING;
}

/* Somebody deleted the lease before the command started. */
enum keeper_state
keeper_join_same_session(struct keeper *keeper,
    const struct link_message *message)
{
	log_notice("the lease node of '%s' was deleted; joining the queue "
	    "again", keeper->options->task);
	return join_queue(keeper);
}

enum keeper_state
keeper_give_up_connecting(struct keeper *keeper,
    const struct link_message *message)
{
	char problems[1024];

	connector_explain(&keeper->connector, problems, sizeof(problems));
	log_error("cannot reach ZooKeeper for '%s': %s (attempts: %lld)",
	    keeper->options->task, problems,
	    (long long)keeper->connector.retries + 1);
	keeper->exit_code = EXITCODE_UNREACHABLE;
	return FINISHED;
}

/* A server that rejects us deletes no nodes: they end with the session. */
enum keeper_state
keeper_rejected(struct keeper *keeper, const struct link_message *message)
{
	char reason[256];

	connector_explain_rejection(&keeper->connector, reason, sizeof(reason));
	log_error("cannot acquire '%s/%s': %s", keeper->options->base,
	    keeper->options->task, reason);
	keeper->exit_code = EXITCODE_DENIED;
	return FINISHED;
}

/* Gives up, and names the holder if a look has found one. */
enum keeper_state
keeper_explain(struct keeper *keeper, const struct link_message *message)
{
	const char *holder = keeper->progress.holder;
	const char *task = keeper->options->task;
	double waited;

	waited = (double)(clock_ms() - keeper->waiting_since_ms) / 1000;
	if (keeper->options->wait_ms == 0)
		log_notice("'%s' is %s", task, holder[0] != '\0' ? holder :
		    "held by another client");
	else if (holder[0] != '\0')
		log_notice("gave up waiting for '%s' after %.1fs: it is %s",
		    task, waited, holder);
	else
		log_notice("gave up waiting for '%s' after %.1fs", task,
		    waited);
	keeper->exit_code = keeper->options->conflict_exit_code;
	return keeper_leave_queue(keeper, NULL);
}

enum keeper_state
keeper_explain_expired(struct keeper *keeper,
    const struct link_message *message)
{
	recipe_forget(keeper->recipe);
	return keeper_explain(keeper, message);
}

/*
 * With -n and several leases, a contender ahead may be about to take one lease
 * and leave another for us.  The keeper waits only a moment, because that
 * contender may be dead.
 */
static bool
should_wait_a_moment(struct keeper *keeper)
{
	if (keeper->options->max_leases == 1 || keeper->claim->ahead == 0)
		return false;
	if (keeper->wait_deadline_ms == CLOCK_NEVER)
		keeper->wait_deadline_ms = clock_after(clock_ms(), MOMENT_MS);
	return true;
}

/* With -n, giving up is frequent and must be cheap: look only for a pause. */
enum keeper_state
keeper_wait_is_over(struct keeper *keeper, const struct link_message *message)
{
	keeper->wait_deadline_ms = CLOCK_NEVER;
	if ((keeper->options->wait_ms > 0 || keeper->claim->is_paused) &&
	    keeper_look(keeper)) {
		keeper->time_up_ms = clock_after(clock_ms(), EXPLAIN_MS);
		return EXPLAINING;
	}
	return keeper_explain(keeper, message);
}

enum keeper_state
keeper_wait_queued(struct keeper *keeper, const struct link_message *message)
{
	if (keeper->options->wait_ms == 0 && !should_wait_a_moment(keeper))
		return keeper_wait_is_over(keeper, message);
	if (keeper->claim->ahead > 0)
		log_verbose("waiting for '%s', %zu ahead in the queue",
		    keeper->options->task, keeper->claim->ahead);
	else
		log_verbose("waiting for '%s', next in the queue",
		    keeper->options->task);
	keeper_report_place(keeper);
	keeper_tell_pause(keeper);
	return keeper->state;
}

enum keeper_state
keeper_refused(struct keeper *keeper, const struct link_message *message)
{
	if (keeper->claim->failure == RECIPE_NO_CHROOT)
		log_error("cannot acquire '%s/%s': the chroot of the connect "
		    "string, '%s', does not exist", keeper->options->base,
		    keeper->options->task, keeper->options->servers.chroot);
	else
		log_error("cannot acquire '%s/%s': %s", keeper->options->base,
		    keeper->options->task, keeper->claim->reason);
	switch (keeper->claim->failure) {
	case RECIPE_DENIED:
		keeper->exit_code = EXITCODE_DENIED;
		break;
	case RECIPE_NO_CHROOT:
		keeper->exit_code = EXITCODE_UNREACHABLE;
		break;
	case RECIPE_REFUSED:
		keeper->exit_code = EXITCODE_INTERNAL;
		break;
	}
	return keeper_leave_queue(keeper, message);
}

static bool
has_time_left(const struct keeper *keeper)
{
	return keeper_stop_ms(keeper) > clock_ms();
}

/*
 * Asks the guard, because it may have received a signal that forbids the start.
 * If the lease has no time left, a beat has to prove it first.
 */
enum keeper_state
keeper_ask_guard(struct keeper *keeper, const struct link_message *message)
{
	struct link_message held = { .type = LINK_HELD };

	if (!has_time_left(keeper)) {
		recipe_beat(keeper->recipe);
		return PROVING;
	}
	held.question = ++keeper->question;
	link_send(keeper->link, &held);
	return ASKING;
}

/* Asks again, because a guard that was stopped read the question too late. */
enum keeper_state
keeper_ask_again(struct keeper *keeper, const struct link_message *message)
{
	if (message->question != keeper->question)
		return keeper->state;
	return keeper_ask_guard(keeper, message);
}

enum keeper_state
keeper_start_command(struct keeper *keeper, const struct link_message *message)
{
	struct command_lease lease = {
		.task = keeper->options->task,
		.path = keeper->claim->lease,
		.connect = keeper->options->connect,
		.fence = keeper->claim->fence,
		.session = keeper->connector.session.identity.id,
		.caller_knows = getppid(),
		.notifies = keeper->options->notify_by_command,
	};
	struct link_message started = { .type = LINK_STARTED };
	int64_t now_ms;
	bool runs;

	/* The message answers an earlier question, which was withdrawn. */
	if (message->question != keeper->question)
		return keeper->state;
	if (!has_time_left(keeper))
		return keeper_ask_guard(keeper, message);
	now_ms = clock_ms();
	log_event("acquired '%s' after %.1fs, fencing token %lld",
	    keeper->options->task,
	    (double)(now_ms - keeper->waiting_since_ms) / 1000,
	    (long long)lease.fence);
	keeper->command = command_start(keeper->options->command,
	    keeper->signals, &lease, &runs);
	/*
	 * Read the signals before setting started_ms, because a signal from
	 * before the start has not reached the command.  A signal that arrives
	 * right now may be delivered twice; that is better than losing it.
	 */
	keeper_take_signals(keeper);
	if (keeper->command == -1) {
		log_error("cannot run '%.300s': %s",
		    keeper->options->command[0], strerror(errno));
		keeper->command = 0;
		keeper->exit_code = EXITCODE_SYSTEM;
		return keeper_leave_queue(keeper, message);
	}
	keeper->started_ms = now_ms;
	started.runs = runs;
	link_send(keeper->link, &started);
	/* Settle after the start, so that these requests do not delay it. */
	recipe_settle(keeper->recipe);
	descriptors_let_go();
	return RUNNING;
}

/* The guard sent the signal when the command was about to start. */
enum keeper_state
keeper_signal_before_start(struct keeper *keeper,
    const struct link_message *message)
{
	keeper->killed_by = message->signal.number;
	keeper->exit_code = EXITCODE_SIGNAL + keeper->killed_by;
	return keeper_leave_queue(keeper, message);
}

enum keeper_state
keeper_revoked_before_start(struct keeper *keeper,
    const struct link_message *message)
{
	log_error("the lease of '%s' was revoked by %s; not starting the "
	    "command", keeper->options->task, keeper->claim->reason);
	keeper->exit_code = EXITCODE_LOST;
	return keeper_leave_queue(keeper, message);
}
