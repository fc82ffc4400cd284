/*
 * The keeper's loop: it turns replies, messages, deaths and time into events.
 *
 * Only poll(2) waits.  The loop reads the guard's messages before it judges
 * deadlines.
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
#include "system/logger.h"
#include "system/proctitle.h"
#include "system/signals.h"

enum { LINK_FD, SIGNAL_FD, TIMER_FD, LOGGER_FD,
    CONNECTOR_FD = LOGGER_FD + LOG_SINKS };
#define FDS	(CONNECTOR_FD + CONNECTOR_FDS)

/* Translate the news of other modules into events of the table. */
static const enum keeper_event connector_events[] = {
	[CONNECTOR_SEEKING] = NO_EVENT,
	[CONNECTOR_NEW_SESSION] = NEW_SESSION,
	[CONNECTOR_REGAINED] = REGAINED,
	[CONNECTOR_LOST_CONTACT] = CONTACT_LOST,
	[CONNECTOR_EXPIRED] = EXPIRED,
	[CONNECTOR_GAVE_UP] = GAVE_UP,
	[CONNECTOR_REJECTED] = REJECTED,
	[CONNECTOR_SILENT] = SILENT,
};

static const enum keeper_event recipe_events[] = {
	[RECIPE_NOTHING] = NO_EVENT,
	[RECIPE_WAITING] = MUST_WAIT,
	[RECIPE_TAKEN] = WAIT_OVER,
	[RECIPE_ACQUIRED] = ACQUIRED,
	[RECIPE_LOST] = LEASE_LOST,
	[RECIPE_REVOKED] = REVOKED,
	[RECIPE_LEFT] = LEFT,
	[RECIPE_FAILED] = REFUSED,
	[RECIPE_UNPROVABLE] = UNPROVABLE,
};

static const enum keeper_event runs_events[] = {
	[RUNS_NOTHING] = NO_EVENT,
	[RUNS_READ] = RECORD_READ,
	[RUNS_STORED] = RECORDED,
	[RUNS_LEASE_GONE] = UNRECORDED,
	[RUNS_FAILED] = RECORD_REFUSAL,
};

/* Guard and keeper must judge their deadlines by the same expiry. */
static void
share_lease(const struct keeper *keeper)
{
	link_set_lease(keeper->link, keeper->lease.expiry_ms,
	    keeper->lease.timeout_ms);
}

/* Feeds the lease clock with a reply, and shares a later expiry. */
static void
take_proof(struct keeper *keeper, const struct session_event *event)
{
	int64_t before_ms;

	if (event->type != SESSION_REPLY)
		return;
	keeper_take_answer(keeper);
	before_ms = keeper->lease.expiry_ms;
	if (event->is_write)
		lease_acknowledged(&keeper->lease, event->sent_ms,
		    event->read_ms);
	else
		lease_replied(&keeper->lease, event->sent_ms, event->read_ms);
	if (keeper->lease.expiry_ms == before_ms)
		return;
	share_lease(keeper);
	keeper_dispatch(keeper, PROVEN, NULL);
}

/* Restarts the lease clock for a new session or a new connection. */
static void
start_clock(struct keeper *keeper, bool new_session)
{
	const struct connector *connector = &keeper->connector;

	if (new_session)
		lease_init(&keeper->lease,
		    keeper->options->session_timeout_ms);
	lease_connected(&keeper->lease, connector->tried_since_ms,
	    connector->session.timeout_ms);
	share_lease(keeper);
	keeper->beat_ms = clock_ms();
}

static void
take_reply(struct keeper *keeper, struct session_event *event)
{
	enum keeper_event means = NO_EVENT;

	take_proof(keeper, event);
	if (runs_owns(event))
		means = runs_events[runs_take(&keeper->runs, event)];
	else if (keeper_owns_look(event))
		means = keeper_take_look(keeper, event);
	else
		means = recipe_events[recipe_take(keeper->recipe,
		    event)];
	keeper_dispatch(keeper, means, NULL);
}

/* Returns false if there is no news. */
static bool
take_news(struct keeper *keeper)
{
	enum connector_news news;
	struct session_event *event;

	news = connector_next(&keeper->connector, &event);
	if (news == CONNECTOR_NOTHING)
		return false;
	if (news == CONNECTOR_EVENT) {
		take_reply(keeper, event);
		session_event_free(event);
		return true;
	}
	if (news == CONNECTOR_NEW_SESSION || news == CONNECTOR_REGAINED)
		start_clock(keeper, news == CONNECTOR_NEW_SESSION);
	if (news == CONNECTOR_LOST_CONTACT || news == CONNECTOR_REJECTED)
		keeper_forget_look(keeper);
	keeper_dispatch(keeper, connector_events[news], NULL);
	return true;
}

static void
take_orders(struct keeper *keeper)
{
	struct link_message message;
	int got;

	while ((got = link_receive(keeper->link, &message)) == 1)
		keeper_dispatch(keeper, (int)message.type, &message);
	if (got == -1 && keeper->link->fd != -1) {
		link_close(keeper->link);
		keeper->guard_gone = true;
		keeper_dispatch(keeper, GUARD_GONE, NULL);
	}
}

/* Reaps the command, helpers, and orphans of which we are the subreaper. */
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
		keeper->command = 0;	/* the pid may be reused */
		keeper->killed_by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		message.ended.status = command_exit_code(status);
		message.ended.killed_by = keeper->killed_by;
		link_send(keeper->link, &message);
		if (keeper->exit_code == 0)
			keeper->exit_code = message.ended.status;
		keeper_dispatch(keeper, COMMAND_ENDED, NULL);
	}
	if ((keeper->state & (LINGERING | STOPPING | KILLING)) == 0)
		return;
	if (proctree_is_empty(&keeper->tree))
		keeper_dispatch(keeper, TREE_EMPTY, NULL);
	else if (left > 0)	/* no dead children are left to reap */
		proctree_kill_more(&keeper->tree);
}

/*
 * Reports received signals to the guard, which handles them.  The keeper may be
 * the only process to receive a signal.  If both processes receive
 * a signal, it has reached their process group.
 */
void
keeper_take_signals(struct keeper *keeper)
{
	struct link_message message = { .type = LINK_HEARD };
	struct signals_received received;
	int left;
	bool child;

	child = false;
	message.signal.in_group = keeper->started_ms != 0;
	for (left = SIGNALS_TURN; left > 0 &&
	    signals_read(keeper->signal_fd, &received); left--) {
		if (signals_kind(received.number) == SIGNALS_CHILD) {
			child = true;
			continue;
		}
		message.signal.number = received.number;
		message.signal.sender = received.sender;
		link_send(keeper->link, &message);
	}
	if (child && keeper->state == ASKING)
		/* Reap later: keeper->command is not set yet. */
		(void)kill(getpid(), SIGCHLD);
	else if (child)
		reap(keeper);
}

/* --wait applies until the keeper has the lease. */
static int64_t
wait_deadline_ms(const struct keeper *keeper)
{
	return (keeper->state & (CONNECTING | QUEUED)) != 0 ?
	    keeper->wait_deadline_ms : CLOCK_NEVER;
}

/* --max-time applies until the tree is asked to stop. */
static int64_t
max_time_ms(const struct keeper *keeper)
{
	return (keeper->state & (RUNNING | LINGERING)) != 0 ?
	    clock_after(keeper->started_ms, keeper->options->max_time_ms) :
	    CLOCK_NEVER;
}

/* Judges, in this order, the deadlines that are events. */
static const struct {
	int64_t		(*due_ms)(const struct keeper *);
	enum keeper_event event;
} deadlines[] = {
	{ keeper_deadline_ms, DEADLINE },
	{ wait_deadline_ms, WAIT_OVER },
	{ max_time_ms, MAX_TIME_OVER },
};
#define DEADLINES	(sizeof(deadlines) / sizeof(deadlines[0]))

static void
take_deadlines(struct keeper *keeper)
{
	int64_t now_ms;
	size_t i;

	now_ms = clock_ms();
	for (i = 0; i < DEADLINES; i++)
		if (now_ms >= deadlines[i].due_ms(keeper))
			keeper_dispatch(keeper, (int)deadlines[i].event, NULL);
	if (now_ms >= keeper_progress_ms(keeper))
		keeper_show_progress(keeper);
	if (now_ms >= keeper_beat_ms(keeper))
		keeper_beat(keeper);
	if (now_ms >= keeper->time_up_ms) {
		keeper->time_up_ms = CLOCK_NEVER;
		keeper_dispatch(keeper, TIME_UP, NULL);
	}
}

static void
wait_for_something(struct keeper *keeper, struct pollfd *fds,
    int64_t deadline_ms)
{
	size_t i;

	for (i = 0; i < DEADLINES; i++)
		deadline_ms = clock_earlier(deadline_ms,
		    deadlines[i].due_ms(keeper));
	deadline_ms = clock_earlier(deadline_ms, keeper->time_up_ms);
	deadline_ms = clock_earlier(deadline_ms, keeper_progress_ms(keeper));
	deadline_ms = clock_earlier(deadline_ms, keeper_beat_ms(keeper));
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
	logger_prepare(keeper->logger, keeper->guard_gone, fds + LOGGER_FD);
	if (poll(fds, FDS, -1) == -1)
		memset(fds, 0, FDS * sizeof(*fds));
}

static void
loop(struct keeper *keeper)
{
	struct pollfd fds[FDS];
	uint64_t expirations;
	int64_t deadline_ms;

	while (keeper->state != FINISHED) {
		memset(fds, 0, sizeof(fds));
		keeper->connector.patience_ms =
		    recipe_is_urgent(keeper->recipe) ?
		    lease_patience_ms(&keeper->lease) : CLOCK_NEVER;
		deadline_ms = connector_prepare(&keeper->connector,
		    fds + CONNECTOR_FD);
		/* Handling one piece of news may produce another. */
		if (take_news(keeper))
			continue;
		wait_for_something(keeper, fds, deadline_ms);
		if (fds[TIMER_FD].revents != 0 && read(keeper->timer_fd,
		    &expirations, sizeof(expirations)) > 0)
			keeper->timer_ms = CLOCK_NEVER;
		link_flush(keeper->link);
		take_orders(keeper);
		keeper_take_signals(keeper);
		take_deadlines(keeper);
		connector_process(&keeper->connector, fds + CONNECTOR_FD);
		logger_process(keeper->logger, fds + LOGGER_FD);
	}
	/* Send the outcome to the guard even if the link is full now. */
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
    struct link *link, struct logger *logger, const char *data)
{
	struct keeper keeper;

	memset(&keeper, 0, sizeof(keeper));
	keeper.options = options;
	keeper.signals = signals;
	keeper.link = link;
	keeper.logger = logger;
	keeper.data = data;
	logger_inherit(logger, &keeper.ours);
	keeper.state = CONNECTING;
	keeper.came_ms = clock_ms();
	keeper.timer_ms = CLOCK_NEVER;
	keeper.wait_deadline_ms = keeper.waiting_since_ms = CLOCK_NEVER;
	keeper.time_up_ms = CLOCK_NEVER;
	keeper.beat_ms = CLOCK_NEVER;
	keeper.signal_fd = signals_open(signals);
	keeper.timer_fd = clock_timer_open();
	/* "pkill zkrun" must find only the process that the user started. */
	(void)prctl(PR_SET_NAME, "zkkeeper", 0L, 0L, 0L);
	proctitle_set(options->task, "connecting");
	if (keeper.signal_fd == -1 || keeper.timer_fd == -1 ||
	    proctree_open(&keeper.tree, &keeper.ours) == -1) {
		log_error("cannot start: %s", strerror(errno));
		_exit(EXITCODE_SYSTEM);
	}
	connector_init(&keeper.connector, options, &keeper.ours);
	keeper.recipe = recipe_new(options, &keeper.connector.session,
	    keeper.data);
	if (keeper.recipe == NULL) {
		log_error("cannot start: %s", strerror(errno));
		_exit(EXITCODE_SYSTEM);
	}
	keeper.claim = recipe_claim(keeper.recipe);
	runs_init(&keeper.runs, &keeper.connector.session, options->runs,
	    options->task);
	if (options->interval_ms != CLOCK_NEVER)
		recipe_read_along(keeper.recipe, keeper.runs.path,
		    RUNS_READ_TAG);
	keeper_start_progress(&keeper);
	connector_start(&keeper.connector);
	proctree_rehearse(&keeper.tree);
	loop(&keeper);
	/*
	 * These steps come last: they delay neither the guard nor the next
	 * contender.
	 */
	link_close(link);
	recipe_tidy(keeper.recipe);
	recipe_free(keeper.recipe);
	connector_close(&keeper.connector);
	proctree_close(&keeper.tree);
	if (keeper.guard_gone)
		logger_finish(logger);
}
