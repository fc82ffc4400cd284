/*
 * What the keeper does: one table that says what each event means in each
 * state.
 *
 * The order that matters: the lease is ours, then the guard agrees, then the
 * command exists; everything it started is gone, then the lease is given up,
 * then the guard is told, then the session is closed.
 */
#include "keeper_state.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "exitcode.h"
#include "link.h"
#include "log.h"
#include "options.h"
#include "signals.h"

#define FIRST_NAG_MS	10000	/* until we say whom we wait for */
#define KILL_AGAIN_MS	20	/* between two rounds of SIGKILL, at first */
#define KILL_SELDOM_MS	1000	/* later: who lives on by now cannot be killed */
#define LEAVE_MS	1000	/* for leaving the line, before the guard goes */

typedef void action(struct keeper *);

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

static void
finish(struct keeper *keeper)
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
		finish(keeper);
}

static void
leave_line(struct keeper *keeper)
{
	leave(keeper, LEAVE_MS);
}

/*
 * Without contact the servers take as long as the session lives to release the
 * lease by themselves; no use in waiting longer than that.
 */
static void
release(struct keeper *keeper)
{
	int64_t left_ms;

	log_verbose("releasing the lease of '%s'", keeper->options->task);
	left_ms = lease_expiry_ms(&keeper->lease) - clock_ms();
	if (keeper->lost && !keeper->gone && left_ms > 0 &&
	    !keeper->options->ignore_loss)
		log_notice("all that ran under the lease of '%s' is dead, "
		    "%.1fs before it can pass on", keeper->options->task,
		    (double)left_ms / 1000);
	/* A lost lease is not worth anybody's time. */
	leave(keeper, keeper->lost ? LEAVE_MS :
	    keeper->connector.session.timeout_ms);
}

/* LEAVING takes too long.  Let the guard go, and go on trying behind it. */
static void
leave_unconfirmed(struct keeper *keeper)
{
	if (keeper->told) {
		finish(keeper);
		return;
	}
	if (keeper->command != 0)
		log_error("cannot release '%s': no contact; ZooKeeper does it "
		    "when the session expires", keeper->options->task);
	tell_outcome(keeper);
	keeper->time_up_ms = clock_after(clock_ms(),
	    keeper->connector.session.timeout_ms);
}

/* To the end of the line.  The guard learns that nothing is held. */
static void
stand_in_line(struct keeper *keeper)
{
	keeper->state = IN_LINE;
	keeper->asked = false;
	link_send_type(keeper->link, LINK_WAITING);
	semaphore_join(&keeper->semaphore);
}

static void
join(struct keeper *keeper)
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
	/* One budget for all of it; a session that expires gives none back. */
	if (keeper->wait_deadline_ms == CLOCK_NEVER &&
	    keeper->options->wait_ms > 0)
		keeper->wait_deadline_ms = clock_after(clock_ms(),
		    keeper->options->wait_ms);
	stand_in_line(keeper);
}

static void
resume(struct keeper *keeper)
{
	log_notice("contact with ZooKeeper regained (%s)",
	    connector_server(&keeper->connector));
	semaphore_resume(&keeper->semaphore);
}

static void
say_contact_lost(struct keeper *keeper)
{
	char problems[512];

	connector_explain(&keeper->connector, problems, sizeof(problems));
	log_notice("contact with ZooKeeper lost (%s)", problems);
}

static void
say_time_left(struct keeper *keeper)
{
	char problems[512];
	int64_t left_ms;

	connector_explain(&keeper->connector, problems, sizeof(problems));
	left_ms = lease_deadline_ms(&keeper->lease) -
	    lease_grace_ms(&keeper->lease) - clock_ms();
	log_notice("contact with ZooKeeper lost (%s); '%s' is held for %.1fs "
	    "more unless it is regained", problems, keeper->options->task,
	    left_ms > 0 ? (double)left_ms / 1000 : 0);
}

static void
join_again(struct keeper *keeper)
{
	log_notice("the session expired; joining the line for '%s' again",
	    keeper->options->task);
	semaphore_forget(&keeper->semaphore);
	keeper->state = CONNECTING;
	connector_start(&keeper->connector);
}

/* The lease went before the command was started. */
static void
join_same_session(struct keeper *keeper)
{
	log_notice("the lease node was deleted; joining the line for '%s' "
	    "again", keeper->options->task);
	stand_in_line(keeper);
}

static void
give_up_connecting(struct keeper *keeper)
{
	char problems[1024];

	connector_explain(&keeper->connector, problems, sizeof(problems));
	log_error("cannot reach ZooKeeper for '%s': %s (attempts: %lld)",
	    keeper->options->task, problems,
	    (long long)keeper->connector.retries + 1);
	keeper->exit_code = EXITCODE_UNREACHABLE;
	finish(keeper);
}

static void
not_acquired(struct keeper *keeper, const char *reason)
{
	log_notice("cannot acquire '%s': %s", keeper->options->task, reason);
	keeper->exit_code = keeper->options->conflict_exit_code;
	leave_line(keeper);
}

static void
wait_in_line(struct keeper *keeper)
{
	if (keeper->options->wait_ms == 0) {
		not_acquired(keeper, "it is taken");
		return;
	}
	log_verbose("waiting for '%s', %zu ahead in line",
	    keeper->options->task, keeper->semaphore.ahead);
}

static void
wait_is_over(struct keeper *keeper)
{
	keeper->wait_deadline_ms = CLOCK_NEVER;
	if (keeper->state == CONNECTING)
		semaphore_forget(&keeper->semaphore);
	not_acquired(keeper, "the waiting time is over");
}

static void
refused(struct keeper *keeper)
{
	log_error("cannot acquire '%s': %s", keeper->semaphore.path,
	    keeper->semaphore.reason);
	keeper->exit_code = keeper->semaphore.denied ? EXITCODE_DENIED :
	    EXITCODE_INTERNAL;
	leave_line(keeper);
}

/* Something of ours cannot be deleted; closing the session will do it. */
static void
left_refused(struct keeper *keeper)
{
	log_error("cannot delete a node of '%s': %s", keeper->options->task,
	    keeper->semaphore.reason);
	semaphore_forget(&keeper->semaphore);
	finish(keeper);
}

static void
tell_lease(struct keeper *keeper, enum link_type type)
{
	struct link_message message = { .type = type };
	const struct lease *lease = &keeper->lease;

	message.lease.fence = keeper->semaphore.fence;
	message.lease.kill_ms = lease_deadline_ms(lease);
	message.lease.stop_ms = message.lease.kill_ms - lease_grace_ms(lease);
	message.lease.expiry_ms = lease_expiry_ms(lease);
	link_send(keeper->link, &message);
}

static bool
has_time_left(const struct keeper *keeper)
{
	return lease_deadline_ms(&keeper->lease) -
	    lease_grace_ms(&keeper->lease) > clock_ms();
}

/*
 * The guard may have got a signal that says not to start.  A lease without time
 * left on its clock is not worth asking: PROVEN asks again.
 */
static void
ask_guard(struct keeper *keeper)
{
	keeper->state = ASKING;
	if (keeper->asked)
		return;
	if (has_time_left(keeper)) {
		keeper->asked = true;
		tell_lease(keeper, LINK_HELD);
	} else
		semaphore_beat(&keeper->semaphore);
}

static void
tell_deadline(struct keeper *keeper)
{
	tell_lease(keeper, LINK_BEAT);
}

static void
start_command(struct keeper *keeper)
{
	struct command_lease lease = {
		.task = keeper->options->task,
		.path = keeper->semaphore.lease.name,
		.connect = keeper->options->connect,
		.fence = keeper->semaphore.fence,
		.session = keeper->connector.session.identity.id,
	};
	struct link_message message = { .type = LINK_STARTED };

	/* An answer to an earlier question, about a lease since lost. */
	if (keeper->approved_fence != keeper->semaphore.fence)
		return;
	if (!has_time_left(keeper)) {
		keeper->asked = false;
		ask_guard(keeper);
		return;
	}
	log_verbose("holding '%s', fence %lld", keeper->options->task,
	    (long long)lease.fence);
	keeper->command = command_start(keeper->options->command,
	    keeper->signals, &lease);
	if (keeper->command == -1) {
		log_error("cannot run '%s': %s", keeper->options->command[0],
		    strerror(errno));
		keeper->command = 0;
		keeper->exit_code = EXITCODE_SYSTEM;
		leave_line(keeper);
		return;
	}
	keeper->state = RUNNING;
	message.pid = keeper->command;
	link_send(keeper->link, &message);
	command_close_inherited();
}

static void
forward_signal(struct keeper *keeper)
{
	log_verbose("passing on signal %d", keeper->ordered_signal);
	/* Our child and not yet reaped: its pid can only be its own. */
	if (keeper->state == RUNNING && !keeper->options->signal_group)
		(void)kill(keeper->command, keeper->ordered_signal);
	else
		(void)proctree_signal(&keeper->tree, keeper->ordered_signal);
}

/* Ordered when the guard believed the command was about to start. */
static void
signal_before_start(struct keeper *keeper)
{
	if (signals_kind(keeper->ordered_signal) != SIGNALS_TERMINATING)
		return;
	keeper->exit_code = EXITCODE_SIGNAL + keeper->ordered_signal;
	if (keeper->state == CONNECTING)
		finish(keeper);
	else
		leave_line(keeper);
}

/* The user does not want to wait for the server's word any longer. */
static void
signal_while_leaving(struct keeper *keeper)
{
	if (signals_kind(keeper->ordered_signal) == SIGNALS_TERMINATING &&
	    !keeper->told)
		leave_unconfirmed(keeper);
}

/* Says so once if somebody lives on whom we have no right to kill. */
static void
say_forbidden(struct keeper *keeper)
{
	char name[80];

	if (!proctree_describe_forbidden(&keeper->tree, name, sizeof(name)))
		return;
	log_error("cannot kill %s: not permitted; '%s' is not released while "
	    "it lives", name, keeper->options->task);
	keeper->lost = true;
	keeper->exit_code = EXITCODE_LOST;
}

/* One round of SIGKILL; TIME_UP brings the next. */
static void
kill_all(struct keeper *keeper)
{
	if (keeper->kill_again_ms == 0)
		keeper->kill_again_ms = KILL_AGAIN_MS / 2;
	if (keeper->kill_again_ms < KILL_SELDOM_MS) {
		keeper->kill_again_ms *= 2;
		if (keeper->kill_again_ms >= KILL_SELDOM_MS)
			say_forbidden(keeper);
	}
	keeper->state = STOPPING;
	connector_stop_helpers(&keeper->connector);
	proctree_kill(&keeper->tree);
	keeper->time_up_ms = clock_after(clock_ms(), keeper->kill_again_ms);
}

static void
stop_all(struct keeper *keeper)
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

/* The guard saw the deadline come and has asked the command to stop. */
static void
be_stopped(struct keeper *keeper)
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
	keeper->exit_code = EXITCODE_LOST;
	if (keeper->options->ignore_loss) {
		if (!keeper->lost)
			log_error("the lease of '%s' is lost; the command runs "
			    "on (--on-loss ignore)", keeper->options->task);
		keeper->lost = true;
		link_send_type(keeper->link, LINK_LOST);
		return;
	}
	if (!keeper->lost)
		log_error("the lease of '%s' is lost; killing the command",
		    keeper->options->task);
	keeper->lost = true;
	link_send_type(keeper->link, LINK_LOST);
	kill_all(keeper);
}

static void
lose_node(struct keeper *keeper)
{
	keeper->gone = true;
	lose_lease(keeper);
}

static void
lose_session(struct keeper *keeper)
{
	keeper->gone = true;
	semaphore_forget(&keeper->semaphore);
	lose_lease(keeper);
}

/*
 * Past the guard's deadline: it must be stopped, or worse.  Half a margin
 * later it is our turn.
 */
static void
keep_deadline(struct keeper *keeper)
{
	keeper->deadline_passed = true;
	lose_lease(keeper);
}

/* The session died of old age while we tried to clean up: it is clean. */
static void
left_by_expiry(struct keeper *keeper)
{
	semaphore_forget(&keeper->semaphore);
	finish(keeper);
}

static void
command_ended(struct keeper *keeper)
{
	switch (keeper->options->orphans) {
	case OPTIONS_LEAVE:
		release(keeper);
		break;
	case OPTIONS_KILL:
		stop_all(keeper);
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

static void
name_lingerers(struct keeper *keeper)
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

static action *const actions[STATES][EVENTS] = {
	[CONNECTING] = {
		[NEW_SESSION] = join,
		[GAVE_UP] = give_up_connecting,
		[ORDER_STOP] = finish,
		[ORDER_SIGNAL] = signal_before_start,
		[GUARD_GONE] = finish,
		[WAIT_OVER] = wait_is_over,
	},
	[IN_LINE] = {
		[REGAINED] = resume,
		[CONTACT_LOST] = say_contact_lost,
		[EXPIRED] = join_again,
		[MUST_WAIT] = wait_in_line,
		[ACQUIRED] = ask_guard,
		[REFUSED] = refused,
		[ORDER_STOP] = leave_line,
		[ORDER_SIGNAL] = signal_before_start,
		[GUARD_GONE] = leave_line,
		[WAIT_OVER] = wait_is_over,
	},
	[ASKING] = {
		[PROVEN] = ask_guard,
		[REGAINED] = resume,
		[CONTACT_LOST] = say_contact_lost,
		[EXPIRED] = join_again,
		[LEASE_LOST] = join_same_session,
		[ORDER_GO] = start_command,
		[ORDER_STOP] = leave_line,
		[ORDER_SIGNAL] = signal_before_start,
		[GUARD_GONE] = leave_line,
	},
	[RUNNING] = {
		[REGAINED] = resume,
		[CONTACT_LOST] = say_time_left,
		[PROVEN] = tell_deadline,
		[DEADLINE] = keep_deadline,
		[EXPIRED] = lose_session,
		[LEASE_LOST] = lose_node,
		[ORDER_STOP] = stop_all,
		[ORDER_LOSE] = be_stopped,
		[ORDER_SIGNAL] = forward_signal,
		[GUARD_GONE] = kill_all,
		[COMMAND_ENDED] = command_ended,
	},
	[LINGERING] = {
		[REGAINED] = resume,
		[CONTACT_LOST] = say_time_left,
		[PROVEN] = tell_deadline,
		[DEADLINE] = keep_deadline,
		[EXPIRED] = lose_session,
		[LEASE_LOST] = lose_node,
		[ORDER_STOP] = stop_all,
		[ORDER_LOSE] = be_stopped,
		[ORDER_SIGNAL] = forward_signal,
		[GUARD_GONE] = kill_all,
		[TREE_EMPTY] = release,
		[TIME_UP] = name_lingerers,
	},
	[STOPPING] = {
		[REGAINED] = resume,
		[CONTACT_LOST] = say_time_left,
		[PROVEN] = tell_deadline,
		[DEADLINE] = keep_deadline,
		[ORDER_LOSE] = be_stopped,
		[EXPIRED] = lose_session,
		[LEASE_LOST] = lose_node,
		[ORDER_SIGNAL] = forward_signal,
		[GUARD_GONE] = kill_all,
		[TREE_EMPTY] = release,
		[TIME_UP] = kill_all,
	},
	[LEAVING] = {
		[REGAINED] = resume,
		[EXPIRED] = left_by_expiry,
		[LEFT] = finish,
		[REFUSED] = left_refused,
		[ORDER_SIGNAL] = signal_while_leaving,
		[TIME_UP] = leave_unconfirmed,
	},
};

int64_t
keeper_deadline_ms(const struct keeper *keeper)
{
	const struct lease *lease = &keeper->lease;

	switch (keeper->state) {
	case RUNNING:
	case LINGERING:
	case STOPPING:
		if (keeper->deadline_passed)
			break;
		return lease_deadline_ms(lease) + lease_margin_ms(lease) / 2;
	case CONNECTING:
	case IN_LINE:
	case ASKING:
	case LEAVING:
	case STATES:
		break;
	}
	return CLOCK_NEVER;
}

void
keeper_dispatch(struct keeper *keeper, enum keeper_event event)
{
	action *act;

	act = actions[keeper->state][event];
	if (act != NULL && !keeper->finished)
		act(keeper);
}
