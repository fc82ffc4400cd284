/*
 * The guard's loop: it turns what happens into events.
 */
#include "run/guard.h"

#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "run/guard_private.h"
#include "system/signals.h"

static void	take_signals(struct guard *);
static void	stop_in_time(struct guard *);

static void
take_messages(struct guard *guard)
{
	struct link_message message;
	int got;

	while (!guard->finished &&
	    (got = link_receive(&guard->link, &message)) != 0) {
		if (got == -1) {
			/* An end without SIGCHLD: it is over all the same. */
			link_close(&guard->link);
			guard_kill_keeper(guard);
			return;
		}
		switch (message.type) {
		case LINK_SESSION:
			guard->session = message.session;
			guard_limit_wait(guard);
			break;
		case LINK_HELD:
			guard->lease = message.lease;
			/*
			 * A signal that is here by now has come before the
			 * command: it must never be started.
			 */
			take_signals(guard);
			stop_in_time(guard);
			guard_dispatch(guard, TOLD_HELD);
			break;
		case LINK_STARTED:
			guard->command_runs = message.started.runs != 0;
			guard_dispatch(guard, TOLD_STARTED);
			break;
		case LINK_HEARD:
			forward_heard(&guard->forward, message.signal.number,
			    message.signal.sender, clock_ms());
			break;
		case LINK_EXITED:
			guard->exited = true;
			guard->exit_code = message.status;
			break;
		case LINK_DONE:
			guard->exit_code = message.status;
			guard_dispatch(guard, TOLD_DONE);
			break;
		case LINK_LOST:
			guard->lost = true;
			break;
		case LINK_RELEASING:
			/* Not the command's, if it had to be stopped. */
			guard->exit_code = message.releasing.status;
			guard->hold_ms = message.releasing.hold_ms;
			guard_dispatch(guard, TOLD_RELEASING);
			break;
		case LINK_WAITING:
			guard_dispatch(guard, TOLD_WAITING);
			break;
		case LINK_ALIVE:
			(void)strlcpy(guard->report, message.report,
			    sizeof(guard->report));
			guard_dispatch(guard, TOLD_ALIVE);
			break;
		case LINK_GO:
		case LINK_AGAIN:
		case LINK_SIGNAL:
		case LINK_LOSE:
		case LINK_TELL:
		case LINK_PING:
		case LINK_STOP:
			break;	/* ours to send */
		}
	}
}

static void
reap(struct guard *guard)
{
	pid_t pid;
	int left, status;

	left = PROCTREE_REAP_MAX;
	while ((pid = proctree_reap(&guard->tree, &left, &status)) != 0) {
		if (pid == guard->keeper) {
			guard->keeper = 0;
			guard->keeper_refused = WIFEXITED(status) &&
			    WEXITSTATUS(status) == EXITCODE_SYSTEM;
			/* Its last words count: it may have finished. */
			take_messages(guard);
			guard_dispatch(guard, KEEPER_DIED);
		} else if (pid == guard->helper) {
			guard->helper = 0;
			guard_dispatch(guard, HELPER_ENDED);
		}
	}
	if (guard->state != KILLING)
		return;
	if (proctree_is_empty(&guard->tree))
		guard_dispatch(guard, TREE_EMPTY);
	else if (left > 0)	/* else the dead hide the living */
		proctree_kill_more(&guard->tree);
}

static void
take_signals(struct guard *guard)
{
	struct signals_received received;
	enum signals_kind kind;
	int left;
	bool child;

	child = false;
	for (left = SIGNALS_TURN; left > 0 &&
	    signals_read(guard->signal_fd, &received); left--) {
		kind = signals_kind(received.number);
		if (kind == SIGNALS_CHILD)
			child = true;
		else if (received.number == SIGUSR1 &&
		    (guard->state == QUEUEING || guard->state == RELEASING))
			link_send_type(&guard->link, LINK_TELL);
		else if (guard->state == RUNNING ||
		    guard->state == RELEASING || guard->state == LOSING)
			forward_received(&guard->forward, received.number,
			    received.sender, clock_ms());
		else if (kind == SIGNALS_TERMINATING) {
			if (guard->signal == 0)
				guard->signal = received.number;
			guard_dispatch(guard, TERMINATED);
		} else if (kind == SIGNALS_STOPPING)
			guard->stop = received.number;
		else if (received.number == SIGCONT)
			guard->stop = 0;
	}
	if (child)
		reap(guard);
}

/*
 * Nobody else would be awake at the deadline if the command, which has not got
 * to its execve(2), and the keeper, which waits for that, are stopped with us;
 * or if the keeper is dead.
 */
static void
stop_in_time(struct guard *guard)
{
	int number = guard->stop;

	if (number == 0 || guard->state == KILLING ||
	    (guard->state == RUNNING && !guard->started))
		return;
	guard->stop = 0;
	signals_stop(number);
}

/* Passes on what has to be, and stops with the command on ^Z. */
static void
forward_signals(struct guard *guard)
{
	struct link_message message = { .type = LINK_SIGNAL };
	bool reached;
	int number;

	while ((number = forward_next(&guard->forward, clock_ms(),
	    &reached)) != 0) {
		message.signal.number = number;
		if (!reached)
			link_send(&guard->link, &message);
		if (signals_kind(number) == SIGNALS_STOPPING)
			guard->stop = number;
		else if (number == SIGCONT)
			guard->stop = 0;
	}
	stop_in_time(guard);
}

/*
 * The clock is read first, then all that has been said by then, then the
 * deadlines by the newest proof: we may have been stopped anywhere before, and
 * stale news must not kill a healthy job.
 */
static void
take_deadlines(struct guard *guard)
{
	int64_t now_ms;

	now_ms = clock_ms();
	take_messages(guard);
	if (now_ms >= guard->time_up_ms) {
		guard->time_up_ms = CLOCK_NEVER;
		guard_dispatch(guard, TIME_UP);
	}
	if (now_ms >= guard_stop_ms(guard))
		guard_dispatch(guard, STOP_DUE);
	if (now_ms >= guard_kill_ms(guard))
		guard_dispatch(guard, KILL_DUE);
	if (now_ms >= guard->ping_ms) {
		guard->ping_ms = CLOCK_NEVER;
		guard_dispatch(guard, PING_DUE);
	}
}

static void
loop(struct guard *guard)
{
	struct pollfd fds[4];
	uint64_t expirations;
	int64_t deadline_ms, timer_ms;

	timer_ms = CLOCK_NEVER;
	while (!guard->finished) {
		deadline_ms = clock_earlier(guard->time_up_ms,
		    forward_deadline(&guard->forward));
		deadline_ms = clock_earlier(deadline_ms,
		    clock_earlier(guard_stop_ms(guard), guard_kill_ms(guard)));
		deadline_ms = clock_earlier(deadline_ms, guard->ping_ms);
		if (deadline_ms != timer_ms) {
			clock_timer_set(guard->timer_fd, deadline_ms);
			timer_ms = deadline_ms;
		}
		memset(fds, 0, sizeof(fds));
		fds[0].fd = guard->link.fd;
		fds[0].events = link_is_full(&guard->link) ? POLLIN | POLLOUT :
		    POLLIN;
		fds[1].fd = guard->signal_fd;
		fds[1].events = POLLIN;
		fds[2].fd = guard->timer_fd;
		fds[2].events = POLLIN;
		fds[3].fd = sdnotify_is_full(&guard->notify) ?
		    guard->notify.fd : -1;
		fds[3].events = POLLOUT;
		(void)poll(fds, 4, -1);
		if (fds[2].revents != 0 && read(guard->timer_fd, &expirations,
		    sizeof(expirations)) > 0)
			timer_ms = CLOCK_NEVER;
		take_signals(guard);
		take_messages(guard);
		forward_signals(guard);
		link_flush(&guard->link);
		take_deadlines(guard);
		sdnotify_flush(&guard->notify);
	}
}

static int
final_status(const struct guard *guard)
{
	if (guard->lost)
		return EXITCODE_LOST;
	return guard->overdue && !guard->started ?
	    guard->options->conflict_exit_code : guard->exit_code;
}

static void
say_finished(const struct guard *guard)
{
	if (guard->started)
		log_event("finished '%s' with status %d after %.1fs",
		    guard->options->task, final_status(guard),
		    (double)(clock_ms() - guard->started_ms) / 1000);
}

int
guard_run(const struct options *options, const struct signals *signals,
    void (*keep)(const struct options *, const struct signals *,
    struct link *))
{
	struct guard guard;
	struct link keeper_end;

	if (!proctree_can_see()) {
		log_error("cannot find processes in '/proc': it is not mounted, "
		    "or shows another pid namespace");
		return EXITCODE_SYSTEM;
	}
	memset(&guard, 0, sizeof(guard));
	guard.options = options;
	guard.signals = signals;
	guard.time_up_ms = CLOCK_NEVER;
	sdnotify_init(&guard.notify, options->notify_by_command);
	/* At once, if there is anybody who wants to know. */
	guard.ping_ms = sdnotify_pace_ms(&guard.notify) == CLOCK_NEVER ?
	    CLOCK_NEVER : clock_ms();
	guard.signal_fd = signals_open(signals);
	guard.timer_fd = clock_timer_open();
	log_share_line();
	if (guard.signal_fd == -1 || guard.timer_fd == -1 ||
	    proctree_spare_present(&guard.tree) == -1 || proctree_adopt() == -1 ||
	    link_pair(&guard.link, &keeper_end) == -1 ||
	    (guard.keeper = fork()) == -1) {
		log_error("cannot start: %s", strerror(errno));
		return EXITCODE_SYSTEM;
	}
	if (guard.keeper == 0) {
		proctree_forget_spared(&guard.tree);
		(void)close(guard.signal_fd);
		(void)close(guard.timer_fd);
		link_close(&guard.link);
		sdnotify_close(&guard.notify);
		keep(options, signals, &keeper_end);
		return 0;
	}
	link_close(&keeper_end);
	loop(&guard);
	link_close(&guard.link);
	proctree_forget_spared(&guard.tree);
	say_finished(&guard);
	if (guard.signal != 0 && !guard.started)
		signals_die(guard.signal);
	return final_status(&guard);
}
