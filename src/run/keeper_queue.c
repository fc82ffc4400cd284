/*
 * What the keeper does until the command starts: connect, stand in line, take
 * the lease, ask the guard.
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

#define MOMENT_MS	1000	/* that -n gives others to take a lease */

/* To the end of the line.  The guard learns that nothing is held. */
static void
stand_in_line(struct keeper *keeper)
{
	keeper->state = IN_LINE;
	keeper->asked = false;
	if (keeper->waiting_since_ms == CLOCK_NEVER)
		keeper->waiting_since_ms = clock_ms();
	link_send_type(keeper->link, LINK_WAITING);
	/* What was read under a lease since lost says nothing under the next. */
	runs_forget(&keeper->runs);
	semaphore_join(keeper->semaphore);
}

void
keeper_join(struct keeper *keeper)
{
	struct link_message message = { .type = LINK_SESSION };
	const struct session *session = &keeper->connector.session;

	message.session.id = session->identity.id;
	message.session.timeout_ms = session->timeout_ms;
	memcpy(message.session.password, session->identity.password,
	    sizeof(message.session.password));
	link_send(keeper->link, &message);
	log_verbose("connected to %s, session 0x%llx, timeout %.1fs",
	    connector_server(&keeper->connector),
	    (unsigned long long)session->identity.id,
	    (double)session->timeout_ms / 1000);
	if (session->timeout_ms > keeper->options->session_timeout_ms)
		log_notice("ZooKeeper keeps a dead session for %.1fs, longer "
		    "than the %.1fs asked for",
		    (double)session->timeout_ms / 1000,
		    (double)keeper->options->session_timeout_ms / 1000);
	/* One budget for all of it; a session that expires gives none back. */
	if (keeper->wait_deadline_ms == CLOCK_NEVER &&
	    keeper->options->wait_ms > 0)
		keeper->wait_deadline_ms = clock_after(clock_ms(),
		    keeper->options->wait_ms);
	stand_in_line(keeper);
}

void
keeper_resume(struct keeper *keeper)
{
	log_notice("contact with ZooKeeper regained (%s)",
	    connector_server(&keeper->connector));
	semaphore_resume(keeper->semaphore);
	runs_resume(&keeper->runs);
}

void
keeper_say_contact_lost(struct keeper *keeper)
{
	char problems[512];

	connector_explain(&keeper->connector, problems, sizeof(problems));
	log_notice("contact with ZooKeeper lost (%s)", problems);
}

void
keeper_join_again(struct keeper *keeper)
{
	log_notice("the session expired; joining the line for '%s' again",
	    keeper->options->task);
	semaphore_forget(keeper->semaphore);
	keeper->state = CONNECTING;
	connector_start(&keeper->connector);
}

/* The lease went before the command was started. */
void
keeper_join_same_session(struct keeper *keeper)
{
	log_notice("the lease node was deleted; joining the line for '%s' "
	    "again", keeper->options->task);
	stand_in_line(keeper);
}

void
keeper_give_up_connecting(struct keeper *keeper)
{
	char problems[1024];

	connector_explain(&keeper->connector, problems, sizeof(problems));
	log_error("cannot reach ZooKeeper for '%s': %s (attempts: %lld)",
	    keeper->options->task, problems,
	    (long long)keeper->connector.retries + 1);
	keeper->exit_code = EXITCODE_UNREACHABLE;
	keeper_finish(keeper);
}

/* Before anything was made: no request gets past a refused credential. */
void
keeper_rejected(struct keeper *keeper)
{
	log_error("cannot acquire '%s/%s': %s refuses a credential (its scheme "
	    "may be unknown there)", keeper->options->base,
	    keeper->options->task, connector_server(&keeper->connector));
	keeper->exit_code = EXITCODE_DENIED;
	keeper_finish(keeper);
}

static void
not_acquired(struct keeper *keeper, const char *reason)
{
	log_notice("cannot acquire '%s': %s", keeper->options->task, reason);
	keeper->exit_code = keeper->options->conflict_exit_code;
	keeper_leave_line(keeper);
}

/*
 * Of several leases, who is ahead of us in line may be about to take another
 * one.  For that -n waits, but not for long: it may be somebody who died there.
 */
static bool
may_be_a_moment(struct keeper *keeper)
{
	if (keeper->options->max_leases == 1 || keeper->claim->ahead == 0)
		return false;
	if (keeper->wait_deadline_ms == CLOCK_NEVER)
		keeper->wait_deadline_ms = clock_after(clock_ms(), MOMENT_MS);
	return true;
}

void
keeper_wait_in_line(struct keeper *keeper)
{
	if (keeper->options->wait_ms == 0 && !may_be_a_moment(keeper)) {
		not_acquired(keeper, "it is taken");
		return;
	}
	if (keeper->claim->ahead > 0)
		log_verbose("waiting for '%s', %zu ahead in line",
		    keeper->options->task, keeper->claim->ahead);
	else
		log_verbose("waiting for '%s', next in line",
		    keeper->options->task);
	keeper_report_place(keeper);
}

void
keeper_wait_is_over(struct keeper *keeper)
{
	keeper->wait_deadline_ms = CLOCK_NEVER;
	if (keeper->state == CONNECTING)
		semaphore_forget(keeper->semaphore);
	not_acquired(keeper, keeper->options->wait_ms == 0 ? "it is taken" :
	    "the waiting time is over");
}

void
keeper_refused(struct keeper *keeper)
{
	log_error("cannot acquire '%s/%s': %s", keeper->options->base,
	    keeper->options->task, keeper->claim->reason);
	switch (keeper->claim->failure) {
	case SEMAPHORE_DENIED:
		keeper->exit_code = EXITCODE_DENIED;
		break;
	case SEMAPHORE_NO_CHROOT:
		keeper->exit_code = EXITCODE_UNREACHABLE;
		break;
	case SEMAPHORE_REFUSED:
		keeper->exit_code = EXITCODE_INTERNAL;
		break;
	}
	keeper_leave_line(keeper);
}

static bool
has_time_left(const struct keeper *keeper)
{
	return lease_stop_ms(&keeper->lease) > clock_ms();
}

/*
 * What came before the command has not reached it, so the guard must not hear
 * of it; it passes the signal on then.
 */
static void
forget_signals(const struct keeper *keeper)
{
	struct signals_received received;
	int left;
	bool child;

	child = false;
	for (left = SIGNALS_TURN; left > 0 &&
	    signals_read(keeper->signal_fd, &received); left--)
		child |= signals_kind(received.number) == SIGNALS_CHILD;
	if (child)
		(void)raise(SIGCHLD);
}

/*
 * The guard may have got a signal that says not to start.  A lease without time
 * left on its clock is not worth asking: PROVEN asks again.
 */
void
keeper_ask_guard(struct keeper *keeper)
{
	struct link_message message = { .type = LINK_HELD };

	keeper->state = ASKING;
	if (keeper->asked)
		return;
	if (!has_time_left(keeper)) {
		semaphore_beat(keeper->semaphore);
		return;
	}
	keeper->asked = true;
	message.lease.fence = keeper->claim->fence;
	message.lease.margin_ms = lease_margin_ms(&keeper->lease);
	message.lease.grace_ms = lease_grace_ms(&keeper->lease);
	link_send(keeper->link, &message);
}

/* The guard woke up late: what it was told of the lease is past. */
void
keeper_ask_again(struct keeper *keeper)
{
	keeper->asked = false;
	keeper_ask_guard(keeper);
}

void
keeper_start_command(struct keeper *keeper)
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
	struct link_message message = { .type = LINK_STARTED };
	bool runs;

	/* An answer to an earlier question, about a lease since lost. */
	if (keeper->approved_fence != keeper->claim->fence)
		return;
	if (!has_time_left(keeper)) {
		/* Takes the go-ahead back; nothing is to be guarded yet. */
		link_send_type(keeper->link, LINK_WAITING);
		keeper_ask_again(keeper);
		return;
	}
	keeper->started_ms = clock_ms();
	log_event("holding '%s' after %.1fs in line, fence %lld",
	    keeper->options->task, (double)(keeper->started_ms -
	    keeper->waiting_since_ms) / 1000, (long long)lease.fence);
	keeper->command = command_start(keeper->options->command,
	    keeper->signals, &lease, &runs);
	/* Of a moment like this: twice is better than never. */
	forget_signals(keeper);
	if (keeper->command == -1) {
		log_error("cannot run '%.300s': %s", keeper->options->command[0],
		    strerror(errno));
		keeper->command = 0;
		keeper->exit_code = EXITCODE_SYSTEM;
		keeper_leave_line(keeper);
		return;
	}
	keeper->state = RUNNING;
	keeper->started = true;
	keeper->max_time_ms = clock_after(keeper->started_ms,
	    keeper->options->max_time_ms);
	message.started.pid = keeper->command;
	message.started.runs = runs;
	link_send(keeper->link, &message);
	/* Now, for it keeps the servers as busy as the command. */
	semaphore_settle(keeper->semaphore);
	descriptors_close_inherited();
}

/* Ordered when the guard believed the command was about to start. */
void
keeper_signal_before_start(struct keeper *keeper)
{
	if (signals_kind(keeper->ordered_signal) != SIGNALS_TERMINATING)
		return;
	keeper->exit_code = EXITCODE_SIGNAL + keeper->ordered_signal;
	if (keeper->state == CONNECTING)
		keeper_finish(keeper);
	else
		keeper_leave_line(keeper);
}

void
keeper_revoked_before_start(struct keeper *keeper)
{
	log_error("the lease of '%s' was revoked by %s; the command is not "
	    "started", keeper->options->task, keeper->claim->reason);
	keeper->exit_code = EXITCODE_LOST;
	keeper_leave_line(keeper);
}
