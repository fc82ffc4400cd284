/*
 * The guard's state machine.  The table at the end names the action for each
 * event in each state, and the states that the action may lead to.  The actions
 * that stop and kill are in guard_killing.c.
 *
 * The usual course:	QUEUEING STARTING RUNNING RELEASING PARTING FINISHED
 * A signal, no command: QUEUEING ENDING PARTING FINISHED
 * Contact is lost:	RUNNING LOSING KILLING CLOSING FINISHED
 */
#include "run/guard_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/lease.h"
#include "system/proctitle.h"

#define OBEY_MS		3000	/* time for the keeper to leave the queue */
#define PART_MS		1000	/* time for the keeper to exit */

/* The process title, for ps(1). */
static const struct {
	int		 states;
	const char	*text;
} titles[] = {
	{ QUEUEING, "waiting" },
	{ ENDING, "leaving" },
	{ STARTING | RUNNING, "holding" },
	{ RELEASING, "releasing" },
	{ LOSING, "losing" },
	{ KILLING, "killing" },
	{ CLOSING | PARTING, "closing" },
};

/*
 * Shows the state in the process title.  From LOSING on the guard also reports
 * it to the service manager, instead of the keeper.
 */
static void
show_state(struct guard *guard)
{
	size_t i;

	for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		if ((titles[i].states & (int)guard->state) == 0)
			continue;
		if (guard->session.id != 0)
			proctitle_set(guard->options->task, titles[i].text);
		if (guard->state >= LOSING)
			sdnotify_status(&guard->notify, guard->options->task,
			    titles[i].text);
	}
}

static enum guard_state
finish(struct guard *guard, const struct link_message *message)
{
	return FINISHED;
}

/*
 * The guard exits after the keeper, because only the guard is sure to reap it,
 * and because a service manager kills processes that outlive the main process.
 */
static enum guard_state
part(struct guard *guard, const struct link_message *message)
{
	guard->time_up_ms = clock_after(clock_ms(), PART_MS);
	return guard->keeper != 0 ? PARTING : FINISHED;
}

static enum guard_state
keeper_is_done(struct guard *guard, const struct link_message *message)
{
	guard->exit_code = message->ended.status;
	guard->killed_by = message->ended.killed_by;
	return part(guard, message);
}

/*
 * The keeper enforces --wait, from its first session on.  If the keeper hangs,
 * the guard ends the waiting a little later.  With -n the guard sets no limit:
 * the keeper may need long to reach another server.
 */
static void
limit_wait(struct guard *guard)
{
	if (guard->time_up_ms == CLOCK_NEVER &&
	    guard->options->wait_ms != CLOCK_NEVER &&
	    guard->options->wait_ms > 0)
		guard->time_up_ms = clock_after(clock_ms(),
		    guard->options->wait_ms + guard->session.timeout_ms +
		    OBEY_MS);
}

static enum guard_state
note_session(struct guard *guard, const struct link_message *message)
{
	guard->session = message->session;
	if (guard->state == QUEUEING)
		limit_wait(guard);
	show_state(guard);
	return guard->state;
}

static enum guard_state
note_exit(struct guard *guard, const struct link_message *message)
{
	guard->exited = true;
	guard->exit_code = message->ended.status;
	guard->killed_by = message->ended.killed_by;
	return guard->state;
}

static enum guard_state
note_loss(struct guard *guard, const struct link_message *message)
{
	guard->lost = true;
	return guard->state;
}

static enum guard_state
leave_queue(struct guard *guard, const struct link_message *message)
{
	guard->time_up_ms = clock_after(clock_ms(), OBEY_MS);
	link_send_type(guard->link, LINK_STOP);
	return ENDING;
}

static enum guard_state
overdue(struct guard *guard, const struct link_message *message)
{
	log_error("gave up waiting for '%s': its keeper hangs",
	    guard->options->task);
	guard->exit_code = guard->options->conflict_exit_code;
	return leave_queue(guard, message);
}

/* Agrees to the start of the command, if the lease has time left. */
static enum guard_state
approve(struct guard *guard, const struct link_message *message)
{
	struct link_message answer = { .type = LINK_GO };
	enum guard_state next = STARTING;

	if (clock_ms() >= lease_stop_ms(link_expiry_ms(guard->link),
	    link_timeout_ms(guard->link), guard->options->kill_after_ms)) {
		/* A guard that was stopped has read this message too late. */
		answer.type = LINK_AGAIN;
		next = guard->state;
	} else {
		guard->time_up_ms = CLOCK_NEVER;
		guard->approved_ms = clock_ms();
	}
	answer.question = message->question;
	link_send(guard->link, &answer);
	return next;
}

/* The keeper withdrew its question: it started no command. */
static enum guard_state
queue_again(struct guard *guard, const struct link_message *message)
{
	guard->lost = false;
	guard->time_up_ms = CLOCK_NEVER;
	limit_wait(guard);
	return QUEUEING;
}

/*
 * From RELEASING on, no lease deadline applies.  TIME_UP ends the wait for a
 * keeper that hangs.
 */
static enum guard_state
lease_released(struct guard *guard, const struct link_message *message)
{
	int64_t now_ms = clock_ms();

	forward_command_ended(&guard->forward);
	/*
	 * If zkrun stopped the command, this is not the command's own status.
	 */
	guard->exit_code = message->releasing.status;
	if (message->releasing.hold_ms > 0)
		guard->held_until_ms = now_ms + message->releasing.hold_ms;
	guard->time_up_ms = clock_after(now_ms, message->releasing.hold_ms +
	    2 * guard->session.timeout_ms + GUARD_MARGIN_MS);
	return RELEASING;
}

static enum guard_state
command_started(struct guard *guard, const struct link_message *message)
{
	guard->started_ms = clock_ms();
	if (message->runs)
		sdnotify_started(&guard->notify);
	return RUNNING;
}

/* The command did not exist yet when the guard asked the tree to stop. */
static enum guard_state
command_started_late(struct guard *guard, const struct link_message *message)
{
	(void)command_started(guard, message);
	guard_stop_tree(guard);
	return guard->state;
}

/* The answer schedules the next ping, so a keeper that hangs gets only one. */
static enum guard_state
ask_keeper(struct guard *guard, const struct link_message *message)
{
	link_send_type(guard->link, LINK_PING);
	return guard->state;
}

/* An answer shows that both loops run: feed the manager's watchdog. */
static enum guard_state
keeper_is_alive(struct guard *guard, const struct link_message *message)
{
	sdnotify_alive(&guard->notify);
	if (guard->state < LOSING)
		sdnotify_status(&guard->notify, guard->options->task,
		    message->report);
	guard->ping_ms = clock_after(clock_ms(),
	    sdnotify_pace_ms(&guard->notify));
	return guard->state;
}

#define ANY		(-1)
#define APPROVED	(STARTING | RUNNING | LOSING)
#define KEEPER_LIVES	(QUEUEING | ENDING | APPROVED | RELEASING)
#define CLOSE		(CLOSING | FINISHED)	/* FINISHED: no session */
#define PARTED		(PARTING | FINISHED)	/* FINISHED: keeper reaped */

/* The first matching row applies.  Without a match the event is ignored. */
static const struct guard_row table[] = {
/* in this state	at this event	do this               and enter */
/* the keeper reports */
{ QUEUEING | STARTING,	LINK_HELD,	approve,              STAY | STARTING },
{ STARTING | LOSING,	LINK_WAITING,	queue_again,          QUEUEING },
{ STARTING,		LINK_STARTED,	command_started,      RUNNING },
{ LOSING | KILLING,	LINK_STARTED,	command_started_late, STAY },
{ APPROVED | RELEASING,	LINK_RELEASING,	lease_released,       RELEASING },
{ ENDING,		LINK_DONE,	part,                 PARTED },
{ KEEPER_LIVES | KILLING, LINK_DONE,	keeper_is_done,       PARTED },

/* a signal, or time */
{ QUEUEING,		TERMINATED,	leave_queue,          ENDING },
{ ENDING | CLOSING | PARTING, TERMINATED, finish,             FINISHED },
{ STARTING | RUNNING,	STOP_DUE,	guard_ask_to_stop,    STAY | LOSING },
{ QUEUEING,		TIME_UP,	overdue,              ENDING },
{ ENDING | RELEASING,	TIME_UP,	guard_leave_keeper,   CLOSE },
{ LOSING,		TIME_UP,	guard_enforce_deadline,
					STAY | KILLING },
{ KILLING,		TIME_UP,	guard_kill_all,       STAY | FINISHED },
{ CLOSING | PARTING,	TIME_UP,	finish,               FINISHED },

/* deaths */
{ QUEUEING,		KEEPER_DIED,	guard_keeper_died_queued, CLOSE },
{ ENDING,		KEEPER_DIED,	guard_close_session,  CLOSE },
{ APPROVED,		KEEPER_DIED,	guard_keeper_died_holding,
					KILLING | CLOSE },
{ RELEASING,		KEEPER_DIED,	guard_keeper_died_releasing, CLOSE },
{ KILLING,		TREE_EMPTY,	guard_all_is_dead,    CLOSE },
{ PARTING,		KEEPER_DIED,	finish,               FINISHED },
{ CLOSING,		HELPER_ENDED,	finish,               FINISHED },

/* reports that leave the state as it is */
{ KEEPER_LIVES,		LINK_ALIVE,	keeper_is_alive,      STAY },
{ KEEPER_LIVES,		PING_DUE,	ask_keeper,           STAY },
{ ANY,			LINK_SESSION,	note_session,         STAY },
{ ANY,			LINK_EXITED,	note_exit,            STAY },
{ ANY,			LINK_LOST,	note_loss,            STAY },
};

const struct guard_row *
guard_find(enum guard_state state, int event)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].event == event && (table[i].states & state) != 0)
			return &table[i];
	return NULL;
}

void
guard_dispatch(struct guard *guard, int event,
    const struct link_message *message)
{
	const struct guard_row *row;
	enum guard_state before = guard->state;

	row = guard_find(before, event);
	if (row == NULL || before == FINISHED)
		return;
	guard->state = row->act(guard, message);
	if (guard->state != before)
		show_state(guard);
}
