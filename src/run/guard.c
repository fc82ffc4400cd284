/*
 * The guard's loop: it turns messages, signals, deaths and time into events.
 */
#include "run/guard.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "run/guard_private.h"
#include "system/command.h"
#include "system/descriptors.h"
#include "system/logger.h"
#include "system/signals.h"

static void	take_signals(struct guard *);
static void	stop_in_time(struct guard *);

/* Handles a signal that is for zkrun, because no command runs. */
static void
take_own_signal(struct guard *guard, int number)
{
	enum signals_kind kind = signals_kind(number);

	if (number == SIGUSR1)
		/* A keeper that is leaving ignores this. */
		link_send_type(guard->link, LINK_TELL);
	else if (kind == SIGNALS_TERMINATING) {
		if (guard->signal == 0 && guard->state != PARTING)
			guard->signal = number;
		guard_dispatch(guard, TERMINATED, NULL);
	} else if (kind == SIGNALS_STOPPING)
		guard->stop = number;
}

/* Returns whether a signal is for zkrun and not for the command. */
static bool
is_for_us(const struct guard *guard, int number)
{
	return (guard->state & (QUEUEING | ENDING | CLOSING | PARTING)) != 0 ||
	    (guard->state == RELEASING && number == SIGUSR1);
}

static void
take_signal(struct guard *guard, enum forward_ear ear, int number,
    pid_t sender)
{
	bool is_own = is_for_us(guard, number);

	/*
	 * Cancel a stop now: forward.c may decide after the guard has stopped.
	 */
	if (number == SIGCONT)
		guard->stop = 0;
	if (forward_heard(&guard->forward, ear, number, sender, is_own,
	    clock_ms()) && is_own)
		take_own_signal(guard, number);
}

static void
take_messages(struct guard *guard)
{
	struct link_message message;
	int got;

	while (guard->state != FINISHED &&
	    (got = link_receive(guard->link, &message)) != 0) {
		if (got == -1) {
			/* The link is closed: the keeper is dead or broken. */
			link_close(guard->link);
			if (guard->state == PARTING)
				return;
			guard_kill_keeper(guard);
			/* A keeper that hangs in the kernel does not die. */
			if ((guard->state & (QUEUEING | ENDING |
			    RELEASING)) != 0)
				guard->time_up_ms = clock_earlier(
				    guard->time_up_ms,
				    clock_after(clock_ms(), GUARD_MARGIN_MS));
			return;
		}
		/*
		 * Read the signals first.  A pending signal came before the
		 * command started, and forbids the start, or it came before
		 * the command ended.
		 */
		if (message.type == LINK_HELD || message.type == LINK_RELEASING)
			take_signals(guard);
		if (message.type == LINK_HELD)
			stop_in_time(guard);
		/*
		 * A signal from before the start has not reached the command:
		 * it counts as if only the guard had heard it.
		 */
		if (message.type == LINK_HEARD)
			take_signal(guard, message.signal.in_group ||
			    is_for_us(guard, message.signal.number) ?
			    FORWARD_KEEPER : FORWARD_GUARD,
			    message.signal.number, message.signal.sender);
		else
			guard_dispatch(guard, (int)message.type, &message);
	}
}

static void
reap(struct guard *guard)
{
	struct link_message death = { 0 };
	size_t spared = guard->tree.spared_count;
	pid_t pid;
	int left, status;

	left = PROCTREE_REAP_MAX;
	while ((pid = proctree_reap(&guard->tree, &left, &status)) != 0) {
		if (pid == guard->keeper) {
			guard->keeper = 0;
			death.ended.status = command_exit_code(status);
			/* The link may still hold the keeper's LINK_DONE. */
			take_messages(guard);
			guard_dispatch(guard, KEEPER_DIED, &death);
		} else if (pid == guard->helper) {
			guard->helper = 0;
			guard_dispatch(guard, HELPER_ENDED, NULL);
		}
	}
	if (guard->tree.spared_count < spared)
		guard_spare_orphans(guard);
	if (guard->state != KILLING)
		return;
	if (proctree_is_empty(&guard->tree))
		guard_dispatch(guard, TREE_EMPTY, NULL);
	else if (left > 0)	/* no dead children are left to reap */
		proctree_kill_more(&guard->tree);
}

static void
take_signals(struct guard *guard)
{
	struct signals_received received;
	int left;
	bool child;

	child = false;
	for (left = SIGNALS_TURN; left > 0 &&
	    signals_read(guard->signal_fd, &received); left--)
		if (signals_kind(received.number) == SIGNALS_CHILD)
			child = true;
		else
			take_signal(guard, FORWARD_GUARD, received.number,
			    received.sender);
	if (child)
		reap(guard);
}

/*
 * Do not stop ourselves while the keeper may be unable to enforce the deadline:
 * before the command has reached execve(2) (the keeper waits in vfork), or
 * while the lease is being lost.
 */
static void
stop_in_time(struct guard *guard)
{
	int number = guard->stop;

	if (number == 0 || (guard->state & (STARTING | LOSING | KILLING)) != 0)
		return;
	guard->stop = 0;
	signals_stop(number);
}

/* Passes signals on to the command.  After a stop signal, stops the guard. */
static void
forward_signals(struct guard *guard)
{
	struct link_message message = { .type = LINK_SIGNAL };
	bool by_both;
	int number;

	while ((number = forward_next(&guard->forward, clock_ms(),
	    &by_both)) != 0) {
		message.signal.number = number;
		message.signal.in_group = by_both;
		message.signal.for_command = (guard->state &
		    (STARTING | RUNNING | LOSING)) != 0;
		link_send(guard->link, &message);
		if (signals_kind(number) == SIGNALS_STOPPING)
			guard->stop = number;
		else if (number == SIGCONT)
			guard->stop = 0;
	}
	stop_in_time(guard);
}

/*
 * Reads the clock, then the messages, then judges the deadlines.  The guard may
 * have been stopped at any point.  If it compared a later time with an earlier
 * proof of the lease, it would kill a healthy job.
 */
static void
take_deadlines(struct guard *guard)
{
	int64_t now_ms;

	now_ms = clock_ms();
	take_messages(guard);
	if (now_ms >= guard_stop_ms(guard))
		guard_dispatch(guard, STOP_DUE, NULL);
	if (now_ms >= guard_time_up_ms(guard)) {
		guard->time_up_ms = CLOCK_NEVER;
		guard_dispatch(guard, TIME_UP, NULL);
	}
	if (now_ms >= guard->ping_ms) {
		guard->ping_ms = CLOCK_NEVER;
		guard_dispatch(guard, PING_DUE, NULL);
	}
}

/* Near a deadline the guard starts no logger: fork(2) may wait for memory. */
static bool
is_hurried(const struct guard *guard)
{
	return guard->state == LOSING || (guard->state == KILLING &&
	    !proctree_is_hopeless(&guard->tree));
}

static void
loop(struct guard *guard)
{
	struct pollfd fds[4 + LOG_SINKS];
	uint64_t expirations;
	int64_t deadline_ms, timer_ms;

	timer_ms = CLOCK_NEVER;
	while (guard->state != FINISHED) {
		deadline_ms = clock_earlier(guard_time_up_ms(guard),
		    forward_deadline(&guard->forward));
		deadline_ms = clock_earlier(deadline_ms, guard_stop_ms(guard));
		deadline_ms = clock_earlier(deadline_ms, guard->ping_ms);
		if (deadline_ms != timer_ms) {
			clock_timer_set(guard->timer_fd, deadline_ms);
			timer_ms = deadline_ms;
		}
		memset(fds, 0, sizeof(fds));
		fds[0].fd = guard->link->fd;
		fds[0].events = link_is_full(guard->link) ? POLLIN | POLLOUT :
		    POLLIN;
		fds[1].fd = guard->signal_fd;
		fds[1].events = POLLIN;
		fds[2].fd = guard->timer_fd;
		fds[2].events = POLLIN;
		fds[3].fd = sdnotify_is_full(&guard->notify) ?
		    guard->notify.fd : -1;
		fds[3].events = POLLOUT;
		logger_prepare(guard->logger, !is_hurried(guard), fds + 4);
		(void)poll(fds, 4 + LOG_SINKS, -1);
		if (fds[2].revents != 0 && read(guard->timer_fd, &expirations,
		    sizeof(expirations)) > 0) {
			timer_ms = CLOCK_NEVER;
			/* Lock memory late, to keep short runs fast. */
			if (guard->state == RUNNING)
				proctree_stay_ready(&guard->tree);
		}
		take_signals(guard);
		take_messages(guard);
		forward_signals(guard);
		link_flush(guard->link);
		take_deadlines(guard);
		sdnotify_flush(&guard->notify);
		logger_process(guard->logger, fds + 4);
	}
}

int
guard_run(const struct options *options, const struct signals *signals,
    struct link *link, pid_t keeper, struct logger *logger)
{
	struct guard guard;
	int deadly, status;

	memset(&guard, 0, sizeof(guard));
	guard.options = options;
	guard.link = link;
	guard.logger = logger;
	guard.keeper = keeper;
	guard.state = QUEUEING;
	guard.time_up_ms = CLOCK_NEVER;
	sdnotify_init(&guard.notify, options->notify_by_command);
	/* If there is a service manager, send the first ping at once. */
	guard.ping_ms = sdnotify_pace_ms(&guard.notify) == CLOCK_NEVER ?
	    CLOCK_NEVER : clock_ms();
	guard.signal_fd = signals_open(signals);
	guard.timer_fd = clock_timer_open();
	if (guard.signal_fd == -1 || guard.timer_fd == -1 ||
	    proctree_open(&guard.tree, logger->ours) == -1 ||
	    proctree_spare(&guard.tree, keeper, clock_ms()) == -1) {
		log_error("cannot start: %s", strerror(errno));
		return EXITCODE_SYSTEM;
	}
	guard.had_children = guard.tree.spared_count > 0;
	/*
	 * Close and rehearse now, while there is no deadline: the last close of
	 * a pipe or a socket may take long, and reading this program from disk
	 * may take long.
	 */
	descriptors_let_go();
	proctree_rehearse(&guard.tree);
	loop(&guard);
	link_close(link);
	proctree_close(&guard.tree);
	status = guard_status(&guard);
	if (guard.started_ms != 0)
		log_event("finished '%s' with status %d after %.1fs",
		    options->task, status,
		    (double)(clock_ms() - guard.started_ms) / 1000);
	/* Die of a signal, unless another status takes precedence. */
	deadly = guard.started_ms == 0 ? guard.signal : 0;
	if (deadly == 0 && status == EXITCODE_SIGNAL + guard.killed_by)
		deadly = guard.killed_by;
	if (deadly != 0) {
		logger_finish(logger);
		signals_die(deadly);
	}
	return status;
}
