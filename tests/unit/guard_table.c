/*
 * Tests the guard's table: the effect of each event in each state.
 */
#include "run/guard_private.h"

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "config/options.h"
#include "tap.h"
#include "tree.h"

#define NO_WORD	(-1)
#define T	30000
#define BEFORE	7		/* the exit code before the event */
#define SAID	9		/* the exit code that the keeper reports */

static const struct {
	const char		*what;
	enum guard_state	 state;
	int			 event;
	bool			 exited;
	enum guard_state	 next;
	int			 word;		/* the message to the keeper */
	int			 exit_code;
} rows[] = {
	{ "queueing, the lease is held: the keeper may start the command",
	    QUEUEING, LINK_HELD, false, STARTING, LINK_GO, BEFORE },
	{ "queueing, the keeper is done: exits with its status", QUEUEING,
	    LINK_DONE, false, FINISHED, NO_WORD, SAID },
	{ "queueing, the keeper died: 70", QUEUEING, KEEPER_DIED, false,
	    FINISHED, NO_WORD, EXITCODE_INTERNAL },
	{ "queueing, a signal: the keeper leaves the queue", QUEUEING,
	    TERMINATED, false, ENDING, LINK_STOP, BEFORE },
	{ "queueing, the keeper does not give up in time: 75", QUEUEING,
	    TIME_UP, false, ENDING, LINK_STOP, EXITCODE_CONFLICT },

	{ "ending, a late lease starts nothing", ENDING,
	    LINK_HELD, false, ENDING, NO_WORD, BEFORE },
	{ "ending, the keeper is done: exits", ENDING, LINK_DONE, false,
	    FINISHED, NO_WORD, BEFORE },
	{ "ending, the keeper died: its session is closed", ENDING,
	    KEEPER_DIED, false, FINISHED, NO_WORD, BEFORE },
	{ "ending, a second signal: exits at once",
	    ENDING, TERMINATED, false, FINISHED, NO_WORD, BEFORE },

	{ "starting, a later lease is approved as well", STARTING, LINK_HELD,
	    false, STARTING, LINK_GO, BEFORE },
	{ "starting, the lease was lost before the command: queues again",
	    STARTING, LINK_WAITING, false, QUEUEING, NO_WORD, BEFORE },
	{ "starting, the command exists: running", STARTING, LINK_STARTED,
	    false, RUNNING, NO_WORD, BEFORE },
	{ "starting, contact lost too long: asks the tree to stop",
	    STARTING, STOP_DUE, false, LOSING, LINK_LOSE, BEFORE },
	{ "starting, the keeper died, no command was started: 70",
	    STARTING, KEEPER_DIED, false, FINISHED, NO_WORD,
	    EXITCODE_INTERNAL },
	{ "starting, the keeper ends without a command: its status",
	    STARTING, LINK_DONE, false, FINISHED, NO_WORD, SAID },

	{ "running, the keeper died: 76", RUNNING, KEEPER_DIED, false,
	    FINISHED, NO_WORD, EXITCODE_LOST },
	{ "running, all ended, the keeper died: the command's status", RUNNING,
	    KEEPER_DIED, true, FINISHED, NO_WORD, BEFORE },
	{ "running, the keeper is done: exits", RUNNING, LINK_DONE, true,
	    FINISHED, NO_WORD, SAID },
	{ "running, contact lost too long: asks the tree to stop, 76",
	    RUNNING, STOP_DUE, false, LOSING, LINK_LOSE, EXITCODE_LOST },
	{ "running, the keeper reports the lease lost: 76", RUNNING,
	    LINK_LOST, false, RUNNING, NO_WORD, EXITCODE_LOST },
	{ "running, all processes are dead: releasing", RUNNING,
	    LINK_RELEASING, true, RELEASING, NO_WORD, SAID },

	{ "losing, the deadline: kills, 76", LOSING,
	    TIME_UP, false, KILLING, NO_WORD, EXITCODE_LOST },
	{ "losing, the keeper is done: exits", LOSING, LINK_DONE, false,
	    FINISHED, NO_WORD, EXITCODE_LOST },
	{ "losing, no other lease is approved", LOSING, LINK_HELD, false,
	    LOSING, NO_WORD, EXITCODE_LOST },
	{ "losing, all are dead in time: releasing", LOSING, LINK_RELEASING,
	    true, RELEASING, NO_WORD, EXITCODE_LOST },
	{ "losing, no command was started: queues again", LOSING, LINK_WAITING,
	    false, QUEUEING, NO_WORD, BEFORE },
	{ "losing, the command starts after all: still losing, 76",
	    LOSING, LINK_STARTED, false, LOSING, NO_WORD, EXITCODE_LOST },
	{ "releasing, no lease deadline applies", RELEASING, STOP_DUE, true,
	    RELEASING, NO_WORD, BEFORE },
	{ "releasing, the keeper died: the command's status", RELEASING,
	    KEEPER_DIED, true, FINISHED, NO_WORD, BEFORE },
	{ "releasing, the keeper is done: exits", RELEASING, LINK_DONE,
	    true, FINISHED, NO_WORD, SAID },
	{ "queueing, no lease deadline applies", QUEUEING, STOP_DUE, false,
	    QUEUEING, NO_WORD, BEFORE },

	{ "killing, all are dead: ends the session", KILLING, TREE_EMPTY, false,
	    FINISHED, NO_WORD, EXITCODE_LOST },
	{ "killing, a signal does not end the killing", KILLING,
	    TERMINATED, false, KILLING, NO_WORD, EXITCODE_LOST },
	{ "killing, the keeper is done after all: exits",
	    KILLING, LINK_DONE, false, FINISHED, NO_WORD, EXITCODE_LOST },
	{ "killing, the keeper died: kills the others", KILLING,
	    KEEPER_DIED, false, KILLING, NO_WORD, EXITCODE_LOST },
	{ "killing takes long: another round", KILLING, TIME_UP, false, KILLING,
	    NO_WORD, EXITCODE_LOST },

	{ "ending, the keeper takes too long: its session is closed", ENDING,
	    TIME_UP, false, FINISHED, NO_WORD, BEFORE },
	{ "releasing, the keeper takes too long: the command's status",
	    RELEASING, TIME_UP, true, FINISHED, NO_WORD, BEFORE },
	{ "closing, the helper is done: exits", CLOSING, HELPER_ENDED,
	    false, FINISHED, NO_WORD, BEFORE },
	{ "closing takes too long: exits, the session expires",
	    CLOSING, TIME_UP, false, FINISHED, NO_WORD, BEFORE },
	{ "closing, a signal: exits", CLOSING, TERMINATED, false,
	    FINISHED, NO_WORD, BEFORE },
	{ "queueing, the keeper is pinged", QUEUEING,
	    PING_DUE, false, QUEUEING, LINK_PING, BEFORE },
	{ "running, the keeper is pinged", RUNNING,
	    PING_DUE, false, RUNNING, LINK_PING, BEFORE },
	{ "losing, the keeper is pinged", LOSING, PING_DUE,
	    false, LOSING, LINK_PING, EXITCODE_LOST },
	{ "killing, the keeper is not pinged", KILLING, PING_DUE, false,
	    KILLING, NO_WORD, EXITCODE_LOST },

	{ "closing, a late lease starts nothing", CLOSING, LINK_HELD, false,
	    CLOSING, NO_WORD, BEFORE },
	{ "parting, the keeper exited: exits", PARTING, KEEPER_DIED, false,
	    FINISHED, NO_WORD, BEFORE },
	{ "parting, the keeper hangs: exits", PARTING, TIME_UP, false,
	    FINISHED, NO_WORD, BEFORE },
	{ "parting, a signal: exits", PARTING, TERMINATED, false,
	    FINISHED, NO_WORD, BEFORE },
};

static struct proctree	tree;
static struct subprocesses ours;
static struct options	options;
static struct options	recording;	/* with -i 0 */
static struct options	ignoring;	/* with --on-loss ignore */

/* Returns the keeper's message of this type. */
static struct link_message
message_of(int event)
{
	struct link_message message = { .type = LINK_TYPES };

	if (event < LINK_TYPES)
		message.type = (enum link_type)event;
	if (event == LINK_HELD)
		message.question = 42;
	if (event == LINK_DONE || event == LINK_EXITED)
		message.ended.status = SAID;
	if (event == LINK_RELEASING)
		message.releasing.status = SAID;
	return message;
}

static void
dispatch(struct guard *guard, int event)
{
	struct link_message message = message_of(event);

	guard_dispatch(guard, event, &message);
}

static void
set_up(struct guard *guard, struct link *keeper_end, enum guard_state state)
{
	static struct link guard_end;

	memset(guard, 0, sizeof(*guard));
	guard->options = &options;
	guard->link = &guard_end;
	guard->state = state;
	guard->exit_code = BEFORE;
	guard->lost = (state & (LOSING | KILLING)) != 0;
	guard->time_up_ms = CLOCK_NEVER;
	guard->tree = tree;
	guard->started_ms = (state & (RUNNING | LOSING | KILLING)) != 0;
	if (link_pair(guard->link, keeper_end) == -1)
		err(1, "link_pair");
	link_set_lease(guard->link, clock_ms() + T, T);
}

static void
tear_down(struct guard *guard, struct link *keeper_end)
{
	link_close(guard->link);
	link_close(keeper_end);
}

/* Returns the first message to the keeper. */
static int
first_word(struct link *keeper_end)
{
	struct link_message message;

	if (link_receive(keeper_end, &message) != 1)
		return NO_WORD;
	if (message.type == LINK_GO && message.question != 42)
		return NO_WORD;
	return (int)message.type;
}

static void
test_rows(void)
{
	struct guard guard;
	struct link keeper_end;
	size_t i;
	int status, word;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_up(&guard, &keeper_end, rows[i].state);
		guard.exited = rows[i].exited;
		dispatch(&guard, rows[i].event);
		word = first_word(&keeper_end);
		status = guard_status(&guard);
		if (!ok(guard.state == rows[i].next && word == rows[i].word &&
		    status == rows[i].exit_code, "%s", rows[i].what))
			printf("# got state %#x word %d status %d\n",
			    (unsigned)guard.state, word, status);
		tear_down(&guard, &keeper_end);
	}
}

/* Tests every event in every state. */
static void
test_all(void)
{
	const struct guard_row *row;
	struct guard guard;
	struct link keeper_end;
	bool approved, inert, leads;
	int state, event;

	approved = inert = leads = true;
	for (state = 1; state <= FINISHED; state <<= 1)
		for (event = 0; event < EVENTS; event++) {
			set_up(&guard, &keeper_end, (enum guard_state)state);
			row = guard_find(guard.state, event);
			dispatch(&guard, event);
			if (first_word(&keeper_end) == LINK_GO)
				approved = approved && event == LINK_HELD &&
				    (state & (QUEUEING | STARTING)) != 0;
			if (state == FINISHED || row == NULL)
				inert = inert && (int)guard.state == state &&
				    guard.exit_code == BEFORE;
			else if ((int)guard.state == state)
				leads = leads && (row->next &
				    (STAY | state)) != 0;
			else
				leads = leads && (row->next &
				    (int)guard.state) != 0;
			tear_down(&guard, &keeper_end);
		}
	ok(approved,
	    "only LINK_HELD before the start is answered with LINK_GO");
	ok(inert, "an event without a row, or after the end, does nothing");
	ok(leads, "every row leads to a state that it names");
}

/* Tests that the guard exits after its keeper. */
static void
test_parting(void)
{
	static const enum guard_state states[] = {
		QUEUEING, ENDING, RUNNING, RELEASING, KILLING,
	};
	struct guard guard;
	struct link keeper_end;
	int64_t left_ms;
	size_t i;
	bool waits = true;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		set_up(&guard, &keeper_end, states[i]);
		guard.keeper = getpid();
		dispatch(&guard, LINK_DONE);
		left_ms = guard_time_up_ms(&guard) - clock_ms();
		waits = waits && guard.state == PARTING && left_ms > 900 &&
		    left_ms <= 1000;
		guard.keeper = 0;
		tear_down(&guard, &keeper_end);
	}
	ok(waits, "a keeper that is done has one second to exit");
}

/* Tests when the newest proof makes STOP_DUE and TIME_UP due. */
static void
test_deadlines(void)
{
	struct guard guard;
	struct link keeper_end;
	int64_t now_ms;

	now_ms = clock_ms();
	set_up(&guard, &keeper_end, RUNNING);
	link_set_lease(&keeper_end, now_ms + 30000, T);
	is_int(guard_stop_ms(&guard), now_ms + 24400,
	    "the tree is asked to stop 5s before the kill");
	link_set_lease(&keeper_end, now_ms + 40000, T);
	is_int(guard_stop_ms(&guard), now_ms + 34400,
	    "a new proof counts at once");
	dispatch(&guard, LINK_LOST);
	is_int(guard_stop_ms(&guard), now_ms + 34400,
	    "LINK_LOST leaves the deadline on: the keeper may hang");
	dispatch(&guard, STOP_DUE);
	is_int(guard.deadline_ms, now_ms + 39400,
	    "killing begins the margin before the expiry");
	ok(guard_time_up_ms(&guard) < now_ms + 39400 - 15000,
	    "half-way the guard counts the processes");
	dispatch(&guard, TIME_UP);
	is_int(guard.state, LOSING, "counting does not kill");
	ok(guard_time_up_ms(&guard) > now_ms + 39400 - 1000,
	    "the guard waits for the deadline after that");
	link_set_lease(&keeper_end, now_ms + 50000, T);
	ok(guard_time_up_ms(&guard) <= now_ms + 39400,
	    "a tree that was asked to stop gets no more time");
	link_set_lease(&keeper_end, now_ms + 20000, T);
	ok(guard_time_up_ms(&guard) <= now_ms + 19400,
	    "the tree gets less time if the lease expires earlier");
	is_int(guard_stop_ms(&guard), CLOCK_NEVER, "the tree is asked once");
	guard.state = RELEASING;
	is_int(guard_stop_ms(&guard), CLOCK_NEVER,
	    "releasing: no lease deadline");
	guard.state = QUEUEING;
	is_int(guard_stop_ms(&guard), CLOCK_NEVER,
	    "queueing: no lease deadline");
	tear_down(&guard, &keeper_end);

	set_up(&guard, &keeper_end, RUNNING);
	guard.options = &ignoring;
	link_set_lease(&keeper_end, now_ms + 30000, T);
	is_int(guard_stop_ms(&guard), now_ms + 29400,
	    "--on-loss ignore: the loss is reported at the deadline");
	dispatch(&guard, STOP_DUE);
	ok(guard.state == RUNNING && guard.lost &&
	    guard_stop_ms(&guard) == CLOCK_NEVER,
	    "the loss is reported once, and the command runs on");
	tear_down(&guard, &keeper_end);

	set_up(&guard, &keeper_end, QUEUEING);
	link_set_lease(guard.link, now_ms - 1, T);
	dispatch(&guard, LINK_HELD);
	is_int(first_word(&keeper_end), LINK_AGAIN,
	    "a guard that reads LINK_HELD too late answers LINK_AGAIN");
	is_int(guard.state, QUEUEING, "the guard stays QUEUEING");
	tear_down(&guard, &keeper_end);
}

/*
 * Status 0 promises a recorded run, or a held lock.  A keeper that died may
 * have done neither.
 */
static void
test_promises(void)
{
	static const struct {
		const char		*what;
		const struct options	*options;
		enum guard_state	 state;
		int64_t			 hold_ms;
		int			 before, wanted;
	} cases[] = {
		{ "releasing, the keeper died: 0 stays", &options, RELEASING,
		    0, 0, 0 },
		{ "releasing, maybe not recorded: not 0",
		    &recording, RELEASING, 0, 0, EXITCODE_INTERNAL },
		{ "releasing, --hold cut short: not 0",
		    &options, RELEASING, 5000, 0, EXITCODE_INTERNAL },
		{ "releasing, maybe not recorded: a failure stays",
		    &recording, RELEASING, 0, 3, 3 },
		{ "running, all ended, maybe not recorded: not 0",
		    &recording, RUNNING, 0, 0, EXITCODE_INTERNAL },
		{ "running, all ended, --hold cut short: a failure stays",
		    &options, RUNNING, 5000, 124, 124 },
	};
	struct link_message releasing = message_of(LINK_RELEASING);
	struct guard guard;
	struct link keeper_end;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(&guard, &keeper_end, cases[i].state);
		guard.options = cases[i].options;
		guard.exited = true;
		guard.held_until_ms = clock_ms() + cases[i].hold_ms;
		guard.exit_code = cases[i].before;
		dispatch(&guard, KEEPER_DIED);
		ok(guard.exit_code == cases[i].wanted && !guard.lost &&
		    guard.state == FINISHED, "%s", cases[i].what);
		tear_down(&guard, &keeper_end);
	}

	set_up(&guard, &keeper_end, RUNNING);
	guard.session.timeout_ms = 10000;
	releasing.releasing.hold_ms = 600000;
	guard_dispatch(&guard, LINK_RELEASING, &releasing);
	ok(guard.time_up_ms > clock_ms() + 600000 + 20000,
	    "a keeper gets the time of --hold");
	guard_dispatch(&guard, LINK_RELEASING, &releasing);
	is_int(guard.state, RELEASING,
	    "a second LINK_RELEASING changes nothing");
	tear_down(&guard, &keeper_end);
}

int
main(void)
{
	int null;

	/* The guard closes inherited descriptors: keep the report open. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1 || dup2(null, STDERR_FILENO) == -1 ||
	    fcntl(STDOUT_FILENO, F_SETFD, FD_CLOEXEC) == -1 ||
	    open_tree(&tree, &ours) == -1)
		err(1, "descriptors");
	options_default(&options);
	options.task = "x";
	recording = ignoring = options;
	ignoring.ignore_loss = true;
	recording.interval_ms = 0;
	test_rows();
	test_all();
	test_parting();
	test_deadlines();
	test_promises();
	return tap_end();
}
