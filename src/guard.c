/*
 * One poll loop, and one table that says what each event means in each state.
 *
 * The guard trusts nobody to live: if the keeper dies, all that is below falls
 * to the guard, which kills it and only then has the session closed.
 */
#include "guard.h"

#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "exitcode.h"
#include "forward.h"
#include "link.h"
#include "log.h"
#include "options.h"
#include "proctree.h"
#include "reattach.h"
#include "signals.h"

#define KILL_AGAIN_MS	20	/* between two rounds of SIGKILL, at first */
#define KILL_SELDOM_MS	1000	/* later: who lives on by now cannot be killed */
#define OBEY_MS		3000	/* for the keeper, to leave the line */
#define CLOSE_MARGIN_MS	5000	/* for the helper, after the session's end */

enum state {
	QUEUEING,	/* connecting or in line: there is no command */
	ENDING,		/* a signal ended that; the keeper leaves the line */
	RUNNING,	/* the keeper may start the command, or has */
	LOSING,		/* no contact: the command was asked to stop in time */
	KILLING,	/* the keeper is dead, the rest has to follow */
	CLOSING,	/* all dead; a helper closes the session */
	STATES
};

enum event {
	TOLD_WAITING, TOLD_HELD, TOLD_STARTED, TOLD_DONE,
	KEEPER_DIED, TREE_EMPTY, HELPER_ENDED,
	TERMINATED, TIME_UP, STOP_DUE, KILL_DUE,
	EVENTS
};

struct guard {
	const struct options	*options;
	const struct signals	*signals;
	struct link		 link;
	struct forward		 forward;
	struct proctree		 tree;
	struct link_session	 session;	/* id 0: none yet */
	enum state		 state;
	int			 signal_fd;
	int			 timer_fd;
	int64_t			 time_up_ms;	/* what it means: the state's */
	int64_t			 kill_again_ms;
	bool			 said_forbidden;
	pid_t			 keeper;
	pid_t			 helper;
	struct link_lease	 lease;		/* what the clock says of it */
	int			 signal;	/* that ended the waiting */
	int			 exit_code;
	bool			 started, exited;
	bool			 lost;		/* exit in EXITCODE_LOST */
	bool			 finished;
};

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
 * The keeper's death is what brings everything below it to us, so it goes
 * first.  It is our child and not reaped: the pid can only be its own.
 */
static void
kill_keeper(struct guard *guard)
{
	if (guard->keeper != 0)
		(void)kill(guard->keeper, SIGKILL);
}

static void
approve(struct guard *guard)
{
	struct link_message message = { .type = LINK_GO };

	guard->state = RUNNING;
	message.fence = guard->lease.fence;
	link_send(&guard->link, &message);
}

/* The lease was lost before the command could be started. */
static void
queue_again(struct guard *guard)
{
	if (guard->started)
		return;
	guard->state = QUEUEING;
	guard->lease.stop_ms = guard->lease.kill_ms = CLOCK_NEVER;
}

/* Nothing has proved the lease for so long that the command has to go. */
static void
ask_to_stop(struct guard *guard)
{
	guard->lost = true;
	if (guard->options->ignore_loss) {
		log_error("the lease of '%s' may pass on in %.1fs; the command "
		    "runs on (--on-loss ignore)", guard->options->task,
		    (double)(guard->lease.expiry_ms - clock_ms()) / 1000);
		return;
	}
	guard->state = LOSING;
	log_error("no contact with ZooKeeper; asking the command of '%s' to "
	    "stop, %.1fs before its lease can pass on", guard->options->task,
	    (double)(guard->lease.expiry_ms - clock_ms()) / 1000);
	link_send_type(&guard->link, LINK_LOSE);
	/* By ourselves: the keeper may be what has stopped. */
	guard->tree.passed_over = guard->keeper;
	(void)proctree_signal(&guard->tree, guard->options->stop_signal);
	(void)proctree_signal(&guard->tree, SIGCONT);
	guard->tree.passed_over = 0;
}

static void
enforce_deadline(struct guard *guard)
{
	if (guard->options->ignore_loss)
		return;
	log_error("killing what runs under the lease of '%s', %.1fs before it "
	    "can pass on", guard->options->task,
	    (double)(guard->lease.expiry_ms - clock_ms()) / 1000);
	guard->lost = true;
	guard->state = LOSING;
	kill_keeper(guard);
}

static void
command_started(struct guard *guard)
{
	guard->started = true;
	/* The reader of a pipe is to see the end when the command closes it. */
	command_close_inherited();
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
		guard->helper = reattach_start(guard->options, &guard->session);
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
	log_error("the keeper of '%s' died", guard->options->task);
	guard->exit_code = EXITCODE_INTERNAL;
	close_session(guard);
}

static void
kill_rest(struct guard *guard)
{
	char name[80];

	proctree_kill(&guard->tree);
	guard->kill_again_ms = guard->kill_again_ms == 0 ? KILL_AGAIN_MS :
	    guard->kill_again_ms * 2;
	if (guard->kill_again_ms > KILL_SELDOM_MS) {
		guard->kill_again_ms = KILL_SELDOM_MS;
		if (!guard->said_forbidden && proctree_describe_forbidden(
		    &guard->tree, name, sizeof(name))) {
			guard->said_forbidden = true;
			log_error("cannot kill %s: not permitted; '%s' is not "
			    "released while it lives", name,
			    guard->options->task);
		}
	}
	guard->time_up_ms = clock_after(clock_ms(), guard->kill_again_ms);
}

static void
rest_is_dead(struct guard *guard)
{
	int64_t left_ms;

	left_ms = guard->lease.expiry_ms - clock_ms();
	if (left_ms > 0)
		log_notice("all that ran under the lease of '%s' is dead, "
		    "%.1fs before it can pass on", guard->options->task,
		    (double)left_ms / 1000);
	close_session(guard);
}

static void
keeper_died_holding(struct guard *guard)
{
	bool expected = guard->lost;

	guard->state = KILLING;
	/* The command itself died with the keeper (PR_SET_PDEATHSIG). */
	if (proctree_is_empty(&guard->tree) && guard->exited) {
		log_error("the keeper of '%s' died after the command ended",
		    guard->options->task);
		close_session(guard);
		return;
	}
	if (!expected)
		log_error("the keeper of '%s' died; killing the command",
		    guard->options->task);
	guard->lost = true;
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
	},
	[ENDING] = {
		[TOLD_DONE] = finish,
		[KEEPER_DIED] = close_session,
		[TERMINATED] = finish,
		[TIME_UP] = kill_keeper,
	},
	[RUNNING] = {
		[TOLD_WAITING] = queue_again,
		[TOLD_HELD] = approve,
		[TOLD_STARTED] = command_started,
		[TOLD_DONE] = finish,
		[KEEPER_DIED] = keeper_died_holding,
		[STOP_DUE] = ask_to_stop,
		[KILL_DUE] = enforce_deadline,
	},
	[LOSING] = {
		[TOLD_DONE] = finish,
		[KEEPER_DIED] = keeper_died_holding,
		[KILL_DUE] = enforce_deadline,
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

static void
dispatch(struct guard *guard, enum event event)
{
	action *act;

	act = actions[guard->state][event];
	if (act != NULL && !guard->finished)
		act(guard);
}

static void	take_signals(struct guard *);

static void
take_messages(struct guard *guard)
{
	struct link_message message;
	int got;

	while (!guard->finished &&
	    (got = link_receive(&guard->link, &message)) != 0) {
		if (got == -1) {
			/* An end without SIGCHLD: whatever it is, it is over. */
			link_close(&guard->link);
			kill_keeper(guard);
			return;
		}
		switch (message.type) {
		case LINK_SESSION:
			guard->session = message.session;
			break;
		case LINK_HELD:
			guard->lease = message.lease;
			/*
			 * A signal that is here by now has come before the
			 * command: it must never be started.
			 */
			take_signals(guard);
			dispatch(guard, TOLD_HELD);
			break;
		case LINK_BEAT:
			/* What was asked to stop is not given more time. */
			if (guard->state == RUNNING && !guard->lost)
				guard->lease = message.lease;
			break;
		case LINK_STARTED:
			dispatch(guard, TOLD_STARTED);
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
			dispatch(guard, TOLD_DONE);
			break;
		case LINK_LOST:
			guard->lost = true;
			break;
		case LINK_WAITING:
			dispatch(guard, TOLD_WAITING);
			break;
		case LINK_GO:
		case LINK_SIGNAL:
		case LINK_LOSE:
		case LINK_STOP:
			break;	/* ours to send */
		}
	}
}

static void
reap(struct guard *guard)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == guard->keeper) {
			guard->keeper = 0;
			/* Its last words count: it may have finished. */
			take_messages(guard);
			dispatch(guard, KEEPER_DIED);
		} else if (pid == guard->helper) {
			guard->helper = 0;
			dispatch(guard, HELPER_ENDED);
		}
	}
	if (guard->state == KILLING && proctree_is_empty(&guard->tree))
		dispatch(guard, TREE_EMPTY);
}

static void
take_signals(struct guard *guard)
{
	struct signals_received received;
	enum signals_kind kind;
	bool child;

	child = false;
	while (signals_read(guard->signal_fd, &received)) {
		kind = signals_kind(received.number);
		if (kind == SIGNALS_CHILD)
			child = true;
		else if (guard->state == RUNNING || guard->state == LOSING)
			forward_received(&guard->forward, received.number,
			    received.sender, clock_ms());
		else if (kind == SIGNALS_TERMINATING) {
			if (guard->signal == 0)
				guard->signal = received.number;
			dispatch(guard, TERMINATED);
		} else if (kind == SIGNALS_STOPPING)
			signals_stop(received.number);
	}
	if (child)
		reap(guard);
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
			signals_stop(number);
	}
}

/* Takes the lease clock's next deadline, which then is over and done with. */
static bool
is_due(int64_t *deadline_ms, int64_t now_ms)
{
	if (now_ms < *deadline_ms)
		return false;
	*deadline_ms = CLOCK_NEVER;
	return true;
}

/* Only after the messages are read: stale news must not kill a healthy job. */
static void
take_deadlines(struct guard *guard)
{
	int64_t now_ms;

	now_ms = clock_ms();
	if (is_due(&guard->time_up_ms, now_ms))
		dispatch(guard, TIME_UP);
	if (is_due(&guard->lease.stop_ms, now_ms))
		dispatch(guard, STOP_DUE);
	if (is_due(&guard->lease.kill_ms, now_ms))
		dispatch(guard, KILL_DUE);
}

static void
loop(struct guard *guard)
{
	struct pollfd fds[3];
	uint64_t expirations;
	int64_t deadline_ms, timer_ms;

	timer_ms = CLOCK_NEVER;
	while (!guard->finished) {
		deadline_ms = clock_earlier(guard->time_up_ms,
		    forward_deadline(&guard->forward));
		deadline_ms = clock_earlier(deadline_ms,
		    clock_earlier(guard->lease.stop_ms, guard->lease.kill_ms));
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
		(void)poll(fds, 3, -1);
		if (fds[2].revents != 0 && read(guard->timer_fd, &expirations,
		    sizeof(expirations)) > 0)
			timer_ms = CLOCK_NEVER;
		take_signals(guard);
		take_messages(guard);
		forward_signals(guard);
		link_flush(&guard->link);
		take_deadlines(guard);
	}
}

int
guard_run(const struct options *options, const struct signals *signals,
    void (*keep)(const struct options *, const struct signals *,
    struct link *))
{
	struct guard guard;
	struct link keeper_end;

	memset(&guard, 0, sizeof(guard));
	guard.options = options;
	guard.signals = signals;
	guard.time_up_ms = CLOCK_NEVER;
	guard.lease.stop_ms = guard.lease.kill_ms = CLOCK_NEVER;
	guard.signal_fd = signals_open(signals);
	guard.timer_fd = clock_timer_open();
	proctree_spare_present(&guard.tree);
	if (guard.signal_fd == -1 || guard.timer_fd == -1 ||
	    proctree_adopt() == -1 ||
	    link_pair(&guard.link, &keeper_end) == -1 ||
	    (guard.keeper = fork()) == -1) {
		log_error("cannot start: %s", strerror(errno));
		return EXITCODE_SYSTEM;
	}
	if (guard.keeper == 0) {
		(void)close(guard.signal_fd);
		(void)close(guard.timer_fd);
		link_close(&guard.link);
		keep(options, signals, &keeper_end);
		return 0;
	}
	link_close(&keeper_end);
	loop(&guard);
	link_close(&guard.link);
	if (guard.signal != 0 && !guard.started)
		signals_die(guard.signal);
	return guard.lost ? EXITCODE_LOST : guard.exit_code;
}
