/*
 * The guard's table: what each event means in each state.
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

#define NO_WORD	(-1)
#define BEFORE	7		/* the exit code before the event */

static const struct {
	const char	*what;
	enum guard_state	 state;
	enum guard_event	 event;
	bool		 exited;
	enum guard_state	 next;
	int		 word;		/* what the keeper is told */
	int		 exit_code;
	bool		 finished;
} rows[] = {
	{ "in line, the lease is ours: the keeper may start the command",
	    QUEUEING, TOLD_HELD, false, RUNNING, LINK_GO, BEFORE, false },
	{ "in line, the keeper is done: so are we", QUEUEING, TOLD_DONE,
	    false, QUEUEING, NO_WORD, BEFORE, true },
	{ "in line, the keeper died: 70", QUEUEING, KEEPER_DIED, false,
	    CLOSING, NO_WORD, EXITCODE_INTERNAL, true },
	{ "in line, a signal: the keeper leaves the line", QUEUEING,
	    TERMINATED, false, ENDING, LINK_STOP, BEFORE, false },

	{ "after a signal a lease that comes late starts nothing", ENDING,
	    TOLD_HELD, false, ENDING, NO_WORD, BEFORE, false },
	{ "after a signal the keeper is done", ENDING, TOLD_DONE, false,
	    ENDING, NO_WORD, BEFORE, true },
	{ "after a signal the keeper dies: its session is closed", ENDING,
	    KEEPER_DIED, false, CLOSING, NO_WORD, BEFORE, true },
	{ "a second signal: at once", ENDING, TERMINATED, false, ENDING,
	    NO_WORD, BEFORE, true },

	{ "running, a later lease is approved as well", RUNNING, TOLD_HELD,
	    false, RUNNING, LINK_GO, BEFORE, false },
	{ "running, the keeper died: 76", RUNNING, KEEPER_DIED, false, CLOSING,
	    NO_WORD, EXITCODE_LOST, true },
	{ "all ended, the keeper died: the command's own status", RUNNING,
	    KEEPER_DIED, true, CLOSING, NO_WORD, BEFORE, true },
	{ "running, the keeper is done: so are we", RUNNING, TOLD_DONE, true,
	    RUNNING, NO_WORD, BEFORE, true },

	{ "running, the lease was lost before the command: in line again",
	    RUNNING, TOLD_WAITING, false, QUEUEING, NO_WORD, BEFORE, false },
	{ "running, nothing proves the lease any more: asks to stop, 76",
	    RUNNING, STOP_DUE, false, LOSING, LINK_LOSE, EXITCODE_LOST,
	    false },
	{ "running, the deadline: 76, whatever the command says", RUNNING,
	    KILL_DUE, false, LOSING, NO_WORD, EXITCODE_LOST, false },
	{ "losing, the deadline: the keeper goes first", LOSING, KILL_DUE,
	    false, LOSING, NO_WORD, EXITCODE_LOST, false },
	{ "losing, the keeper is done: so are we", LOSING, TOLD_DONE, false,
	    LOSING, NO_WORD, BEFORE, true },
	{ "losing, no other lease is approved", LOSING, TOLD_HELD, false,
	    LOSING, NO_WORD, BEFORE, false },
	{ "running, nothing runs any more: no deadline", RUNNING,
	    TOLD_RELEASING, true, RELEASING, NO_WORD, BEFORE, false },
	{ "losing, all gone in time: no deadline", LOSING, TOLD_RELEASING,
	    true, RELEASING, NO_WORD, BEFORE, false },
	{ "releasing, no deadline kills anything", RELEASING, KILL_DUE, true,
	    RELEASING, NO_WORD, BEFORE, false },
	{ "releasing, the keeper died: the command's own status", RELEASING,
	    KEEPER_DIED, true, CLOSING, NO_WORD, BEFORE, true },
	{ "releasing, the keeper is done: so are we", RELEASING, TOLD_DONE,
	    true, RELEASING, NO_WORD, BEFORE, true },
	{ "in line, no deadline stops anything", QUEUEING, KILL_DUE, false,
	    QUEUEING, NO_WORD, BEFORE, false },

	{ "killing, all gone: on to the session", KILLING, TREE_EMPTY, false,
	    CLOSING, NO_WORD, BEFORE, true },
	{ "killing, a signal does not make us leave early", KILLING,
	    TERMINATED, false, KILLING, NO_WORD, BEFORE, false },
	{ "killing, a word of the dead keeper does not either", KILLING,
	    TOLD_DONE, false, KILLING, NO_WORD, BEFORE, false },
	{ "killing takes long: again", KILLING, TIME_UP, false, KILLING,
	    NO_WORD, BEFORE, false },

	{ "closing, the helper is done: so are we", CLOSING, HELPER_ENDED,
	    false, CLOSING, NO_WORD, BEFORE, true },
	{ "closing takes too long: the session will expire", CLOSING, TIME_UP,
	    false, CLOSING, NO_WORD, BEFORE, true },
	{ "closing, the user is impatient: we end", CLOSING, TERMINATED, false,
	    CLOSING, NO_WORD, BEFORE, true },
	{ "in line, the keeper is asked whether it is there", QUEUEING,
	    PING_DUE, false, QUEUEING, LINK_PING, BEFORE, false },
	{ "running, the keeper is asked whether it is there", RUNNING,
	    PING_DUE, false, RUNNING, LINK_PING, BEFORE, false },
	{ "losing, the keeper is asked whether it is there", LOSING, PING_DUE,
	    false, LOSING, LINK_PING, BEFORE, false },
	{ "killing, a dead keeper is not asked", KILLING, PING_DUE, false,
	    KILLING, NO_WORD, BEFORE, false },

	{ "closing, a late lease starts nothing", CLOSING, TOLD_HELD, false,
	    CLOSING, NO_WORD, BEFORE, false },
};

static struct options	options;
static struct options	recording;	/* with -i 0 */

static void
set_up(struct guard *guard, struct link *keeper_end, enum guard_state state)
{
	memset(guard, 0, sizeof(*guard));
	guard->options = &options;
	guard->state = state;
	guard->exit_code = BEFORE;
	guard->time_up_ms = CLOCK_NEVER;
	guard->lease.fence = 42;
	if (link_pair(&guard->link, keeper_end) == -1)
		err(1, "link_pair");
	link_set_expiry_ms(&guard->link, clock_ms() + 30000);
}

/* Returns the first message to the keeper. */
static int
first_word(struct link *keeper_end)
{
	struct link_message message;

	if (link_receive(keeper_end, &message) != 1)
		return NO_WORD;
	if (message.type == LINK_GO && message.fence != 42)
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
		guard_dispatch(&guard, rows[i].event);
		word = first_word(&keeper_end);
		status = guard.lost ? EXITCODE_LOST : guard.exit_code;
		if (!ok(guard.state == rows[i].next && word == rows[i].word &&
		    status == rows[i].exit_code &&
		    guard.finished == rows[i].finished, "%s", rows[i].what))
			printf("# got state %d word %d status %d finished %d\n",
			    (int)guard.state, word, status,
			    guard.finished);
		link_close(&guard.link);
		link_close(&keeper_end);
	}
}

/* Only the lease's own question in QUEUEING or RUNNING is answered. */
static void
test_all(void)
{
	struct guard guard;
	struct link keeper_end;
	bool approved, inert;
	int state, event;

	approved = inert = true;
	for (state = 0; state < STATES; state++)
		for (event = 0; event < EVENTS; event++) {
			set_up(&guard, &keeper_end, (enum guard_state)state);
			guard_dispatch(&guard, (enum guard_event)event);
			if (first_word(&keeper_end) == LINK_GO)
				approved = approved && event == TOLD_HELD &&
				    (state == QUEUEING || state == RUNNING);
			guard.finished = true;
			guard.state = (enum guard_state)state;
			guard.exit_code = BEFORE;
			guard_dispatch(&guard, (enum guard_event)event);
			inert = inert && guard.exit_code == BEFORE &&
			    guard.state == (enum guard_state)state;
			link_close(&guard.link);
			link_close(&keeper_end);
		}
	ok(approved, "no other event in any state approves of a command");
	ok(inert, "a finished guard does nothing more, whatever happens");
}

/* What is due when, by the newest proof. */
static void
test_deadlines(void)
{
	struct guard guard;
	struct link keeper_end;
	int64_t now_ms;

	now_ms = clock_ms();
	set_up(&guard, &keeper_end, RUNNING);
	guard.lease.margin_ms = 600;
	guard.lease.grace_ms = 5000;
	link_set_expiry_ms(&keeper_end, now_ms + 30000);
	is_int(guard_stop_ms(&guard), now_ms + 24400, "when to ask");
	is_int(guard_kill_ms(&guard), now_ms + 29400, "when to kill");
	link_set_expiry_ms(&keeper_end, now_ms + 40000);
	is_int(guard_stop_ms(&guard), now_ms + 34400,
	    "the keeper's next proof counts at once");
	guard_dispatch(&guard, STOP_DUE);
	link_set_expiry_ms(&keeper_end, now_ms + 50000);
	is_int(guard_kill_ms(&guard), now_ms + 39400,
	    "what was asked to stop is not given more time");
	is_int(guard_stop_ms(&guard), CLOCK_NEVER, "nor asked again");
	guard.state = RELEASING;
	is_int(guard_kill_ms(&guard), CLOCK_NEVER, "releasing: no deadline");
	guard.state = QUEUEING;
	is_int(guard_kill_ms(&guard), CLOCK_NEVER, "in line: no deadline");
	link_close(&guard.link);
	link_close(&keeper_end);

	set_up(&guard, &keeper_end, QUEUEING);
	link_set_expiry_ms(&guard.link, now_ms - 1);
	guard_dispatch(&guard, TOLD_HELD);
	is_int(first_word(&keeper_end), LINK_AGAIN,
	    "a guard that woke up late has the keeper ask again");
	is_int(guard.state, QUEUEING, "and waits");
	link_close(&guard.link);
	link_close(&keeper_end);
}

/* A keeper that died may have left undone what a status of 0 would promise. */
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
		{ "maybe not recorded: not 0", &recording, RELEASING, 0, 0,
		    EXITCODE_INTERNAL },
		{ "not held for long enough: not 0", &options, RELEASING, 5000,
		    0, EXITCODE_INTERNAL },
		{ "maybe not recorded, a failure stays", &recording, RELEASING,
		    0, 3, 3 },
		{ "all ended, maybe not recorded: not 0", &recording, RUNNING,
		    0, 0, EXITCODE_INTERNAL },
		{ "all ended, not held: a failure stays", &options, RUNNING,
		    5000, 124, 124 },
	};
	struct guard guard;
	struct link keeper_end;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(&guard, &keeper_end, cases[i].state);
		guard.options = cases[i].options;
		guard.exited = true;
		guard.hold_ms = cases[i].hold_ms;
		guard.exit_code = cases[i].before;
		guard_dispatch(&guard, KEEPER_DIED);
		ok(guard.exit_code == cases[i].wanted && !guard.lost &&
		    guard.state == CLOSING, "%s", cases[i].what);
		link_close(&guard.link);
		link_close(&keeper_end);
	}

	set_up(&guard, &keeper_end, RUNNING);
	guard.session.timeout_ms = 10000;
	guard.hold_ms = 600000;
	guard_dispatch(&guard, TOLD_RELEASING);
	ok(guard.time_up_ms > clock_ms() + 600000 + 20000,
	    "a keeper that holds is given the time");
	guard_dispatch(&guard, TOLD_RELEASING);
	is_int(guard.state, RELEASING, "told again: no matter");
	link_close(&guard.link);
	link_close(&keeper_end);
}

int
main(void)
{
	int null;

	/* The guard closes what it inherited; the report is not that. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1 || dup2(null, STDERR_FILENO) == -1 ||
	    fcntl(STDOUT_FILENO, F_SETFD, FD_CLOEXEC) == -1)
		err(1, "descriptors");
	options_default(&options);
	options.task = "x";
	recording = options;
	recording.interval_ms = 0;
	test_rows();
	test_all();
	test_deadlines();
	test_promises();
	return tap_end();
}
