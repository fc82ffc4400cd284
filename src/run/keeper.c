/*
 * The keeper's loop: it turns what happens into events.
 *
 * It waits in one place, and nothing it calls blocks.  A message from the guard
 * is read before a deadline is judged.
 */
#include "run/keeper.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/nodedata.h"
#include "run/keeper_private.h"
#include "run/link.h"
#include "system/command.h"
#include "system/proctitle.h"
#include "system/signals.h"

enum { LINK_FD, SIGNAL_FD, TIMER_FD, CONNECTOR_FD };
#define FDS	(CONNECTOR_FD + CONNECTOR_FDS)

#define AFTER_YOU_MS	3	/* between the lease and what can wait */

/* Passes on what the semaphore makes of a reply. */
static void
take_semaphore_news(struct keeper *keeper, enum semaphore_news news)
{
	switch (news) {
	case SEMAPHORE_NOTHING:
		break;
	case SEMAPHORE_WAITING:
		keeper_dispatch(keeper, MUST_WAIT);
		break;
	case SEMAPHORE_ACQUIRED:
		keeper_dispatch(keeper, ACQUIRED);
		break;
	case SEMAPHORE_LOST:
		keeper_dispatch(keeper, LEASE_LOST);
		break;
	case SEMAPHORE_REVOKED:
		keeper_dispatch(keeper, REVOKED);
		break;
	case SEMAPHORE_LEFT:
		keeper_dispatch(keeper, LEFT);
		break;
	case SEMAPHORE_FAILED:
		keeper_dispatch(keeper, REFUSED);
		break;
	}
}

static void
take_record_news(struct keeper *keeper, enum runs_news news)
{
	switch (news) {
	case RUNS_NOTHING:
		break;
	case RUNS_READ:
		keeper_dispatch(keeper, RECORD_READ);
		break;
	case RUNS_STORED:
		keeper_dispatch(keeper, RECORDED);
		break;
	case RUNS_LEASE_GONE:
		keeper_dispatch(keeper, UNRECORDED);
		break;
	case RUNS_FAILED:
		keeper_dispatch(keeper, RECORD_REFUSAL);
		break;
	}
}

/* Tells the clock what a reply proves, and those who live by it. */
static void
take_proof(struct keeper *keeper, const struct session_event *event)
{
	int64_t before_ms;

	if (event->type != SESSION_REPLY)
		return;
	before_ms = keeper->lease.proven_ms;
	if (event->is_write)
		lease_acknowledged(&keeper->lease, event->sent_ms,
		    event->read_ms);
	else
		lease_replied(&keeper->lease, event->sent_ms, event->read_ms);
	if (keeper->lease.proven_ms == before_ms)
		return;
	link_set_expiry_ms(keeper->link, lease_expiry_ms(&keeper->lease));
	keeper_dispatch(keeper, PROVEN);
}

/* Connected: a clock for a new session, a new connection for the old one. */
static void
start_clock(struct keeper *keeper, bool new_session)
{
	const struct connector *connector = &keeper->connector;

	if (new_session)
		lease_init(&keeper->lease, keeper->options->session_timeout_ms,
		    keeper->options->kill_after_ms);
	lease_connected(&keeper->lease, connector->tried_since_ms,
	    connector->session.timeout_ms);
	keeper->beat_ms = clock_after(clock_ms(),
	    lease_beat_ms(&keeper->lease));
}

/* Returns false when there is no more news. */
static bool
take_news(struct keeper *keeper)
{
	struct session_event *event;

	switch (connector_next(&keeper->connector, &event)) {
	case CONNECTOR_NOTHING:
		return false;
	case CONNECTOR_SEEKING:
		break;
	case CONNECTOR_NEW_SESSION:
		start_clock(keeper, true);
		keeper_dispatch(keeper, NEW_SESSION);
		break;
	case CONNECTOR_REGAINED:
		start_clock(keeper, false);
		keeper_dispatch(keeper, REGAINED);
		break;
	case CONNECTOR_LOST_CONTACT:
		keeper_forget_look(keeper);
		keeper_dispatch(keeper, CONTACT_LOST);
		break;
	case CONNECTOR_EXPIRED:
		keeper_dispatch(keeper, EXPIRED);
		break;
	case CONNECTOR_GAVE_UP:
		keeper_dispatch(keeper, GAVE_UP);
		break;
	case CONNECTOR_REJECTED:
		keeper_dispatch(keeper, REJECTED);
		break;
	case CONNECTOR_EVENT:
		take_proof(keeper, event);
		if (runs_owns(event))
			take_record_news(keeper,
			    runs_take(&keeper->runs, event));
		else if (!keeper_take_look(keeper, event))
			take_semaphore_news(keeper,
			    semaphore_take(keeper->semaphore, event));
		session_event_free(event);
		break;
	}
	return true;
}

static void
take_orders(struct keeper *keeper)
{
	struct link_message message;
	int got;

	while ((got = link_receive(keeper->link, &message)) == 1) {
		switch (message.type) {
		case LINK_GO:
			keeper->approved_fence = message.fence;
			keeper_dispatch(keeper, ORDER_GO);
			break;
		case LINK_AGAIN:
			keeper_dispatch(keeper, ORDER_AGAIN);
			break;
		case LINK_TELL:
			keeper_tell_progress(keeper);
			break;
		case LINK_PING:
			keeper_take_ping(keeper);
			break;
		case LINK_STOP:
			keeper_dispatch(keeper, ORDER_STOP);
			break;
		case LINK_LOSE:
			keeper_dispatch(keeper, ORDER_LOSE);
			break;
		case LINK_SIGNAL:
			keeper->ordered_signal = message.signal.number;
			keeper_dispatch(keeper, ORDER_SIGNAL);
			break;
		case LINK_SESSION:
		case LINK_WAITING:
		case LINK_HELD:
		case LINK_STARTED:
		case LINK_HEARD:
		case LINK_EXITED:
		case LINK_LOST:
		case LINK_RELEASING:
		case LINK_DONE:
		case LINK_ALIVE:
			break;	/* ours to send */
		}
	}
	if (got == -1 && keeper->link->fd != -1) {
		link_close(keeper->link);
		keeper->guard_gone = true;
		keeper_dispatch(keeper, GUARD_GONE);
	}
}

/* The command, our helpers, and orphans that fell to us. */
static void
reap(struct keeper *keeper)
{
	struct link_message message = { .type = LINK_EXITED };
	pid_t pid;
	int left, status;

	left = PROCTREE_REAP_MAX;
	while ((pid = proctree_reap(&keeper->tree, &left, &status)) != 0) {
		if (pid != keeper->command)
			continue;
		keeper->command = 0;	/* the pid is anybody's now */
		message.status = command_exit_code(status);
		link_send(keeper->link, &message);
		if (keeper->exit_code == 0)
			keeper->exit_code = message.status;
		keeper_dispatch(keeper, COMMAND_ENDED);
	}
	if (keeper->state != LINGERING && keeper->state != STOPPING)
		return;
	/* A resolver of ours would keep the kernel from saying "none". */
	connector_stop_helpers(&keeper->connector);
	if (proctree_is_empty(&keeper->tree))
		keeper_dispatch(keeper, TREE_EMPTY);
	else if (left > 0)	/* else the dead hide the living */
		proctree_kill_more(&keeper->tree);
}

/*
 * Signals to zkrun are the guard's business.  It only wants to know which of
 * them were sent to all of us, and so reached the command as well.
 */
static void
take_signals(struct keeper *keeper)
{
	struct link_message message = { .type = LINK_HEARD };
	struct signals_received received;
	int left;
	bool child;

	child = false;
	for (left = SIGNALS_TURN; left > 0 &&
	    signals_read(keeper->signal_fd, &received); left--) {
		if (signals_kind(received.number) == SIGNALS_CHILD) {
			child = true;
			continue;
		}
		/* What came before the command has not reached it. */
		if (!keeper->started)
			continue;
		message.signal.number = received.number;
		message.signal.sender = received.sender;
		link_send(keeper->link, &message);
	}
	if (child)
		reap(keeper);
}

/* --wait is over once the lease is ours. */
static int64_t
wait_deadline(const struct keeper *keeper)
{
	return keeper->state == CONNECTING || keeper->state == IN_LINE ?
	    keeper->wait_deadline_ms : CLOCK_NEVER;
}

/* --max-time is over once all that the command started is being stopped. */
static int64_t
max_time_deadline(const struct keeper *keeper)
{
	return keeper->state == RUNNING || keeper->state == LINGERING ?
	    keeper->max_time_ms : CLOCK_NEVER;
}

static void
take_deadlines(struct keeper *keeper)
{
	int64_t now_ms;

	now_ms = clock_ms();
	if (now_ms >= keeper_deadline_ms(keeper))
		keeper_dispatch(keeper, DEADLINE);
	if (now_ms >= wait_deadline(keeper))
		keeper_dispatch(keeper, WAIT_OVER);
	if (now_ms >= max_time_deadline(keeper))
		keeper_dispatch(keeper, MAX_TIME_OVER);
	if (now_ms >= keeper_progress_ms(keeper))
		keeper_show_progress(keeper);
	if (now_ms >= keeper->beat_ms) {
		semaphore_beat(keeper->semaphore);
		keeper->beat_ms = clock_after(now_ms,
		    lease_beat_ms(&keeper->lease));
	}
	if (now_ms >= keeper->time_up_ms) {
		keeper->time_up_ms = CLOCK_NEVER;
		keeper_dispatch(keeper, TIME_UP);
		/* Should the kernel ever have merged one death too many. */
		reap(keeper);
	}
}

static void
wait_for_something(struct keeper *keeper, struct pollfd *fds,
    int64_t deadline_ms)
{
	deadline_ms = clock_earlier(deadline_ms, keeper->time_up_ms);
	deadline_ms = clock_earlier(deadline_ms, wait_deadline(keeper));
	deadline_ms = clock_earlier(deadline_ms, max_time_deadline(keeper));
	deadline_ms = clock_earlier(deadline_ms, keeper_progress_ms(keeper));
	deadline_ms = clock_earlier(deadline_ms, keeper->beat_ms);
	deadline_ms = clock_earlier(deadline_ms, keeper_deadline_ms(keeper));
	if (deadline_ms != keeper->timer_ms) {
		clock_timer_set(keeper->timer_fd, deadline_ms);
		keeper->timer_ms = deadline_ms;
	}
	fds[LINK_FD].fd = keeper->link->fd;
	fds[LINK_FD].events = POLLIN;
	if (link_is_full(keeper->link))
		fds[LINK_FD].events |= POLLOUT;
	fds[SIGNAL_FD].fd = keeper->signal_fd;
	fds[SIGNAL_FD].events = POLLIN;
	fds[TIMER_FD].fd = keeper->timer_fd;
	fds[TIMER_FD].events = POLLIN;
	if (poll(fds, FDS, -1) == -1)
		memset(fds, 0, FDS * sizeof(*fds));
}

static void
loop(struct keeper *keeper)
{
	struct pollfd fds[FDS];
	uint64_t expirations;
	int64_t deadline_ms;

	while (!keeper->finished) {
		memset(fds, 0, sizeof(fds));
		keeper->connector.patience_ms =
		    semaphore_is_urgent(keeper->semaphore) ?
		    lease_patience_ms(&keeper->lease) : CLOCK_NEVER;
		deadline_ms = connector_prepare(&keeper->connector,
		    fds + CONNECTOR_FD);
		/* What is done about news may call for another look. */
		if (take_news(keeper))
			continue;
		wait_for_something(keeper, fds, deadline_ms);
		if (fds[TIMER_FD].revents != 0 && read(keeper->timer_fd,
		    &expirations, sizeof(expirations)) > 0)
			keeper->timer_ms = CLOCK_NEVER;
		link_flush(keeper->link);
		take_orders(keeper);
		take_signals(keeper);
		take_deadlines(keeper);
		connector_process(&keeper->connector, fds + CONNECTOR_FD);
	}
	/* The outcome has to reach the guard, however full the link is. */
	while (link_is_full(keeper->link)) {
		memset(fds, 0, sizeof(fds));
		fds[LINK_FD].fd = keeper->link->fd;
		fds[LINK_FD].events = POLLOUT;
		if (poll(fds, 1, -1) == -1 ||
		    (fds[LINK_FD].revents & (POLLHUP | POLLERR)) != 0)
			break;
		link_flush(keeper->link);
	}
}

void
keeper_run(const struct options *options, const struct signals *signals,
    struct link *link)
{
	struct keeper keeper;
	char path[sizeof(options->base) + 256];
	char runs[sizeof(options->runs) + 256];

	memset(&keeper, 0, sizeof(keeper));
	keeper.options = options;
	keeper.signals = signals;
	keeper.link = link;
	keeper.state = CONNECTING;
	keeper.timer_ms = CLOCK_NEVER;
	keeper.wait_deadline_ms = CLOCK_NEVER;
	keeper.waiting_since_ms = CLOCK_NEVER;
	keeper.max_time_ms = CLOCK_NEVER;
	keeper.time_up_ms = CLOCK_NEVER;
	keeper.beat_ms = CLOCK_NEVER;
	keeper.signal_fd = signals_open(signals);
	keeper.timer_fd = clock_timer_open();
	/* So that "pkill zkrun" means the process that the user started. */
	(void)prctl(PR_SET_NAME, "zkkeeper");
	proctitle_set(options->task, "connecting");
	if (keeper.signal_fd == -1 || keeper.timer_fd == -1 ||
	    proctree_adopt() == -1) {
		log_error("cannot start: %s", strerror(errno));
		_exit(EXITCODE_SYSTEM);
	}
	nodedata_make(keeper.data, sizeof(keeper.data), getppid(),
	    options->command[0]);
	(void)snprintf(path, sizeof(path), "%s/%s", options->base,
	    options->task);
	connector_init(&keeper.connector, options);
	keeper.semaphore = semaphore_new(&keeper.connector.session, path,
	    keeper.data, (size_t)options->max_leases);
	if (keeper.semaphore == NULL) {
		log_error("cannot start: %s", strerror(errno));
		_exit(EXITCODE_SYSTEM);
	}
	keeper.claim = semaphore_claim(keeper.semaphore);
	(void)snprintf(runs, sizeof(runs), "%s/%s", options->runs,
	    options->task);
	runs_init(&keeper.runs, &keeper.connector.session, runs);
	if (options->interval_ms != CLOCK_NEVER)
		semaphore_read_along(keeper.semaphore, keeper.runs.path,
		    RUNS_READ_TAG);
	keeper_start_progress(&keeper);
	connector_start(&keeper.connector);
	loop(&keeper);
	/* Nobody waits for the rest; but the next in line needs the servers. */
	link_close(link);
	(void)poll(NULL, 0, AFTER_YOU_MS);
	semaphore_tidy(keeper.semaphore);
	semaphore_free(keeper.semaphore);
	connector_close(&keeper.connector);
	(void)close(keeper.signal_fd);
	(void)close(keeper.timer_fd);
}
