/*
 * Tests the keeper's table without ZooKeeper: the effect of each event in each
 * state.  Reads the keeper's messages from the guard's end of the link.
 */
#include "run/keeper_private.h"

#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/semaphore_private.h"
#include "run/link.h"
#include "system/signals.h"
#include "tap.h"
#include "tree.h"

#define NOT_TOLD	(-1)
#define NO_WORD		(-1)
#define BEFORE		7	/* the exit code before the event */

/* The conditions of a row besides state and event. */
enum with {
	PLAIN,
	WITH_NODES,		/* a lease node that only a server can delete */
	WITH_NONBLOCK,
	WITH_PAUSE,		/* -n, contact, and a pause */
	WITH_DENIED,
	WITH_LEAVE, WITH_KILL,	/* -o */
	WITH_TERM, WITH_WINCH,	/* the signal in LINK_SIGNAL */
	WITH_CROSSED_TERM,	/* TERM for the command, after its end */
	WITH_ANSWER,		/* the message answers the newest question */
	WITH_STALE,		/* no time left on the lease clock */
	WITH_IGNORE,		/* --on-loss ignore */
	WITH_INTERVAL,		/* -i 1h, and nodes; no run on record */
	WITH_RUN,		/* the same, and a run a minute ago */
	WITH_FUTURE,		/* the same, and a run over a minute ahead */
	WITH_SET_BACK,		/* the same, and a run two seconds ahead */
	WITH_FAILURE,		/* the same, and a failure a minute ago */
	WITH_COUNTED,		/* the same, with --interval-counts any */
	WITH_ALWAYS,		/* -i 0, and a run a minute ahead */
	WITH_SUCCESS,		/* -i 1h, nodes, and the status is 0 */
	WITH_CORRUPT, WITH_READ_ONLY,	/* the same; why a record failed */
	WITH_HOLD,		/* --hold, nodes, and the status is 0 */
	WITH_HOLD_AND_TERM,
	WITH_HOLD_AND_WINCH,
	WITH_HOLD_LOST,		/* the same without a lease node */
	WITH_UNGUARDED,		/* --hold, nodes; the guard is gone */
	WITH_ZERO,		/* a status of 0 */
};

struct outcome {
	enum keeper_state state;
	int	word;		/* first message other than LINK_DONE */
	int	told;		/* status of LINK_DONE */
};

static const struct {
	const char		*what;
	enum keeper_state	 state;
	int			 event;
	enum with		 with;
	struct outcome		 wanted;
} rows[] = {
	{ "connecting, connected: joins the queue",
	    CONNECTING, NEW_SESSION, PLAIN,
	    { QUEUED, LINK_SESSION, NOT_TOLD } },
	{ "connecting, retries exhausted: 69", CONNECTING, GAVE_UP, PLAIN,
	    { FINISHED, NO_WORD, EXITCODE_UNREACHABLE } },
	{ "connecting, told to stop: ends", CONNECTING, LINK_STOP, PLAIN,
	    { FINISHED, NO_WORD, BEFORE } },
	{ "connecting, the guard is gone: ends", CONNECTING, GUARD_GONE, PLAIN,
	    { FINISHED, NO_WORD, BEFORE } },
	{ "connecting, --wait over: 75", CONNECTING, WAIT_OVER,
	    PLAIN, { FINISHED, NO_WORD, EXITCODE_CONFLICT } },
	{ "connecting, SIGTERM: ends, 128+n", CONNECTING, LINK_SIGNAL,
	    WITH_TERM, { FINISHED, NO_WORD, EXITCODE_SIGNAL + SIGTERM } },
	{ "connecting, SIGWINCH: ignored", CONNECTING, LINK_SIGNAL,
	    WITH_WINCH, { CONNECTING, NO_WORD, NOT_TOLD } },
	{ "connecting, a stale go-ahead starts nothing", CONNECTING, LINK_GO,
	    PLAIN, { CONNECTING, NO_WORD, NOT_TOLD } },

	{ "queued, others are ahead: waits", QUEUED, MUST_WAIT,
	    PLAIN, { QUEUED, NO_WORD, NOT_TOLD } },
	{ "queued, -n: 75", QUEUED, MUST_WAIT, WITH_NONBLOCK,
	    { FINISHED, NO_WORD, EXITCODE_CONFLICT } },
	{ "queued, -n, paused: looks who paused it", QUEUED, WAIT_OVER,
	    WITH_PAUSE, { EXPLAINING, NO_WORD, NOT_TOLD } },
	{ "explaining, the holder is known: 75", EXPLAINING, LOOKED, PLAIN,
	    { FINISHED, NO_WORD, EXITCODE_CONFLICT } },
	{ "explaining, no answer: 75", EXPLAINING, TIME_UP, PLAIN,
	    { FINISHED, NO_WORD, EXITCODE_CONFLICT } },
	{ "explaining, contact lost: 75", EXPLAINING, CONTACT_LOST, PLAIN,
	    { FINISHED, NO_WORD, EXITCODE_CONFLICT } },
	{ "explaining, the session expired: 75",
	    EXPLAINING, EXPIRED, WITH_NODES, { FINISHED, NO_WORD,
	    EXITCODE_CONFLICT } },
	{ "explaining, acquired: gives up anyway", EXPLAINING, ACQUIRED, PLAIN,
	    { EXPLAINING, NO_WORD, NOT_TOLD } },
	{ "explaining, SIGTERM: ends, 128+n",
	    EXPLAINING, LINK_SIGNAL, WITH_TERM, { FINISHED, NO_WORD,
	    EXITCODE_SIGNAL + SIGTERM } },
	{ "queued, acquired: asks the guard first", QUEUED, ACQUIRED, PLAIN,
	    { ASKING, LINK_HELD, NOT_TOLD } },
	{ "queued, acquired without time left: proves the lease first", QUEUED,
	    ACQUIRED, WITH_STALE, { PROVING, NO_WORD, NOT_TOLD } },
	{ "proving, proven: asks the guard", PROVING, PROVEN, PLAIN,
	    { ASKING, LINK_HELD, NOT_TOLD } },
	{ "asking, a go-ahead without time left: withdraws the question",
	    ASKING, LINK_GO, WITH_STALE, { PROVING, LINK_WAITING, NOT_TOLD } },
	{ "asking, told to ask again: asks", ASKING, LINK_AGAIN, WITH_ANSWER,
	    { ASKING, LINK_HELD, NOT_TOLD } },
	{ "running, past the deadline: kills", RUNNING, DEADLINE,
	    PLAIN, { KILLING, LINK_LOST, NOT_TOLD } },
	{ "running, past the deadline, --on-loss ignore: runs on", RUNNING,
	    DEADLINE, WITH_IGNORE, { RUNNING, LINK_LOST, NOT_TOLD } },
	{ "running, the guard asked the tree to stop: stopping", RUNNING,
	    LINK_LOSE, PLAIN, { STOPPING, NO_WORD, NOT_TOLD } },
	{ "queued, not allowed: 77", QUEUED, REFUSED, WITH_DENIED,
	    { FINISHED, NO_WORD, EXITCODE_DENIED } },
	{ "queued, refused otherwise: 70", QUEUED, REFUSED, PLAIN,
	    { FINISHED, NO_WORD, EXITCODE_INTERNAL } },
	{ "queued, --wait over: 75", QUEUED, WAIT_OVER, PLAIN,
	    { FINISHED, NO_WORD, EXITCODE_CONFLICT } },
	{ "queued, the session expired: a new one", QUEUED, EXPIRED, PLAIN,
	    { CONNECTING, NO_WORD, NOT_TOLD } },
	{ "queued, contact lost: stays", QUEUED, CONTACT_LOST, PLAIN,
	    { QUEUED, NO_WORD, NOT_TOLD } },
	{ "queued, told to stop, with a node: waits until it is deleted",
	    QUEUED, LINK_STOP, WITH_NODES, { LEAVING, NO_WORD, NOT_TOLD } },
	{ "queued, the guard is gone: leaves", QUEUED, GUARD_GONE, PLAIN,
	    { FINISHED, NO_WORD, BEFORE } },
	{ "queued, a stale go-ahead starts nothing", QUEUED, LINK_GO, PLAIN,
	    { QUEUED, NO_WORD, NOT_TOLD } },

	{ "proving, LINK_LOSE without a command: ignored",
	    PROVING, LINK_LOSE, PLAIN, { PROVING, NO_WORD, NOT_TOLD } },
	{ "asking, a go-ahead for an earlier question starts nothing", ASKING,
	    LINK_GO, PLAIN, { ASKING, NO_WORD, NOT_TOLD } },
	{ "asking, --wait over: ignored, the lease is held", ASKING,
	    WAIT_OVER, PLAIN, { ASKING, NO_WORD, NOT_TOLD } },
	{ "asking, the session expired: a new one", ASKING, EXPIRED, PLAIN,
	    { CONNECTING, LINK_WAITING, NOT_TOLD } },
	{ "asking, the lease is lost: queues again", ASKING, LEASE_LOST, PLAIN,
	    { QUEUED, LINK_WAITING, NOT_TOLD } },
	{ "asking, told to stop: releases first", ASKING, LINK_STOP,
	    WITH_NODES, { LEAVING, LINK_WAITING, NOT_TOLD } },
	{ "asking, SIGTERM: releases, 128+n", ASKING, LINK_SIGNAL,
	    WITH_TERM, { FINISHED, LINK_WAITING, EXITCODE_SIGNAL + SIGTERM } },
	{ "asking, the guard is gone: releases", ASKING, GUARD_GONE,
	    WITH_NODES, { LEAVING, LINK_WAITING, NOT_TOLD } },

	{ "running, another go-ahead starts nothing", RUNNING, LINK_GO, PLAIN,
	    { RUNNING, NO_WORD, NOT_TOLD } },
	{ "running, contact lost: runs on", RUNNING, CONTACT_LOST, PLAIN,
	    { RUNNING, NO_WORD, NOT_TOLD } },
	{ "running, --wait over: ignored", RUNNING, WAIT_OVER, PLAIN,
	    { RUNNING, NO_WORD, NOT_TOLD } },
	{ "running, the lease is lost: kills, tells the guard",
	    RUNNING, LEASE_LOST, PLAIN, { KILLING, LINK_LOST, NOT_TOLD } },
	{ "running, the session expired: kills, tells the guard",
	    RUNNING, EXPIRED, PLAIN, { KILLING, LINK_LOST, NOT_TOLD } },
	{ "running, the guard is gone: kills", RUNNING, GUARD_GONE, PLAIN,
	    { KILLING, NO_WORD, NOT_TOLD } },
	{ "running, told to stop: stops", RUNNING, LINK_STOP, PLAIN,
	    { STOPPING, NO_WORD, NOT_TOLD } },
	{ "the command ended: waits for its descendants", RUNNING,
	    COMMAND_ENDED, PLAIN, { LINGERING, NO_WORD, NOT_TOLD } },
	{ "the command ended, -o kill: stops the rest", RUNNING,
	    COMMAND_ENDED, WITH_KILL, { STOPPING, NO_WORD, NOT_TOLD } },
	{ "the command ended, -o leave: releases", RUNNING, COMMAND_ENDED,
	    WITH_LEAVE, { FINISHED, LINK_RELEASING, BEFORE } },

	{ "lingering, all are dead: releases, waits for confirmation",
	    LINGERING, TREE_EMPTY, WITH_NODES,
	    { LEAVING, LINK_RELEASING, NOT_TOLD } },
	{ "lingering, the lease is lost: kills the rest", LINGERING,
	    LEASE_LOST, PLAIN, { KILLING, LINK_LOST, NOT_TOLD } },
	{ "lingering, the session expired: kills the rest", LINGERING, EXPIRED,
	    PLAIN, { KILLING, LINK_LOST, NOT_TOLD } },
	{ "lingering for long: keeps waiting", LINGERING, TIME_UP, PLAIN,
	    { LINGERING, NO_WORD, NOT_TOLD } },
	{ "lingering, the guard is gone: kills the rest", LINGERING,
	    GUARD_GONE, PLAIN, { KILLING, NO_WORD, NOT_TOLD } },

	{ "stopping, all are dead: releases", STOPPING, TREE_EMPTY, WITH_NODES,
	    { LEAVING, LINK_RELEASING, NOT_TOLD } },
	{ "stopping takes too long: kills", STOPPING, TIME_UP, PLAIN,
	    { KILLING, NO_WORD, NOT_TOLD } },
	{ "stopping, the lease is lost: kills, tells the guard",
	    STOPPING, LEASE_LOST, PLAIN, { KILLING, LINK_LOST, NOT_TOLD } },

	{ "leaving, a server confirms the release: done", LEAVING, LEFT, PLAIN,
	    { FINISHED, NO_WORD, BEFORE } },
	{ "leaving, the session expired: done", LEAVING, EXPIRED,
	    WITH_NODES, { FINISHED, NO_WORD, BEFORE } },
	{ "leaving takes too long: the guard may exit, the keeper tries on",
	    LEAVING, TIME_UP, WITH_NODES, { UNCONFIRMED, NO_WORD, BEFORE } },
	{ "unconfirmed for too long: finished", UNCONFIRMED, TIME_UP, PLAIN,
	    { FINISHED, NO_WORD, NOT_TOLD } },
	{ "leaving, contact lost: keeps trying",
	    LEAVING, CONTACT_LOST, WITH_NODES, { LEAVING, NO_WORD, NOT_TOLD } },
	{ "leaving, a signal: the guard may exit", LEAVING,
	    LINK_SIGNAL, WITH_TERM, { UNCONFIRMED, NO_WORD, BEFORE } },
	{ "leaving, the signal that ended the command: ignored", LEAVING,
	    LINK_SIGNAL, WITH_CROSSED_TERM, { LEAVING, NO_WORD, NOT_TOLD } },
	{ "leaving, SIGWINCH: ignored", LEAVING,
	    LINK_SIGNAL, WITH_WINCH, { LEAVING, NO_WORD, NOT_TOLD } },

	{ "queued, acquired with -i: reads the record first", QUEUED,
	    ACQUIRED, WITH_INTERVAL, { JUDGING, NO_WORD, NOT_TOLD } },
	{ "judging, no run on record: asks the guard", JUDGING, RECORD_READ,
	    WITH_INTERVAL, { ASKING, LINK_HELD, NOT_TOLD } },
	{ "judging, a run a minute ago: skips", JUDGING, RECORD_READ,
	    WITH_RUN, { LEAVING, NO_WORD, NOT_TOLD } },
	{ "judging, a failed run a minute ago: asks", JUDGING, RECORD_READ,
	    WITH_FAILURE, { ASKING, LINK_HELD, NOT_TOLD } },
	{ "judging, a failed run, and failures count: skips",
	    JUDGING, RECORD_READ, WITH_COUNTED, { LEAVING, NO_WORD, NOT_TOLD }
	    },
	{ "judging, a run in the future: leaves", JUDGING, RECORD_READ,
	    WITH_FUTURE, { LEAVING, NO_WORD, NOT_TOLD } },
	{ "judging with -i 0: asks, whatever the record says",
	    JUDGING, RECORD_READ, WITH_ALWAYS, { ASKING, LINK_HELD, NOT_TOLD }
	    },
	{ "judging, the record is unusable: leaves", JUDGING, RECORD_REFUSAL,
	    WITH_CORRUPT, { LEAVING, NO_WORD, NOT_TOLD } },
	{ "judging, a go-ahead starts nothing", JUDGING, LINK_GO,
	    WITH_INTERVAL, { JUDGING, NO_WORD, NOT_TOLD } },
	{ "judging, the lease is lost: queues again", JUDGING, LEASE_LOST,
	    WITH_INTERVAL, { QUEUED, NO_WORD, NOT_TOLD } },
	{ "judging, the session expired: a new one", JUDGING, EXPIRED,
	    WITH_INTERVAL, { CONNECTING, NO_WORD, NOT_TOLD } },
	{ "judging, --wait over: ignored, the lease is held", JUDGING,
	    WAIT_OVER, WITH_INTERVAL,
	    { JUDGING, NO_WORD, NOT_TOLD } },
	{ "judging, revoked: releases, 76", JUDGING, REVOKED, PLAIN,
	    { FINISHED, NO_WORD, EXITCODE_LOST } },
	{ "judging, the guard is gone: releases", JUDGING, GUARD_GONE,
	    WITH_INTERVAL, { LEAVING, NO_WORD, NOT_TOLD } },
	{ "asking, revoked: releases, 76", ASKING, REVOKED, PLAIN,
	    { FINISHED, LINK_WAITING, EXITCODE_LOST } },

	{ "running, revoked: stops", RUNNING, REVOKED, PLAIN,
	    { STOPPING, NO_WORD, NOT_TOLD } },
	{ "running, --max-time over: stops", RUNNING, MAX_TIME_OVER, PLAIN,
	    { STOPPING, NO_WORD, NOT_TOLD } },
	{ "lingering, revoked: stops the rest", LINGERING, REVOKED, PLAIN,
	    { STOPPING, NO_WORD, NOT_TOLD } },
	{ "lingering, --max-time over: stops the rest", LINGERING,
	    MAX_TIME_OVER, PLAIN, { STOPPING, NO_WORD, NOT_TOLD } },
	{ "stopping, revoked: keeps stopping", STOPPING, REVOKED, PLAIN,
	    { STOPPING, NO_WORD, NOT_TOLD } },
	{ "stopping, --max-time over: keeps stopping", STOPPING,
	    MAX_TIME_OVER, PLAIN, { STOPPING, NO_WORD, NOT_TOLD } },
	{ "lingering, all are dead, -i: records first", LINGERING, TREE_EMPTY,
	    WITH_SUCCESS, { RECORDING, LINK_RELEASING, NOT_TOLD } },
	{ "stopping, all are dead, -i: records first", STOPPING, TREE_EMPTY,
	    WITH_SUCCESS, { RECORDING, LINK_RELEASING, NOT_TOLD } },
	{ "lingering, all are dead, --hold: holds", LINGERING, TREE_EMPTY,
	    WITH_HOLD, { HOLDING, LINK_RELEASING, NOT_TOLD } },
	{ "stopping, all are dead, the guard as well: releases", STOPPING,
	    TREE_EMPTY, WITH_UNGUARDED,
	    { LEAVING, LINK_RELEASING, NOT_TOLD } },

	{ "recording, recorded: 0", RECORDING, RECORDED, WITH_ZERO,
	    { FINISHED, NO_WORD, 0 } },
	{ "recording, recorded, with --hold: holds", RECORDING, RECORDED,
	    WITH_HOLD, { HOLDING, NO_WORD, NOT_TOLD } },
	{ "recording, recorded, the lease lost before --hold is over: 76",
	    RECORDING, RECORDED, WITH_HOLD_LOST,
	    { FINISHED, NO_WORD, EXITCODE_LOST } },
	{ "recording, the lease is gone: 76, not 0", RECORDING, UNRECORDED,
	    WITH_ZERO, { FINISHED, NO_WORD, EXITCODE_LOST } },
	{ "recording, the lease is gone: a failure stays", RECORDING,
	    UNRECORDED, PLAIN, { FINISHED, NO_WORD, BEFORE } },
	{ "recording, the record is corrupt: releases", RECORDING,
	    RECORD_REFUSAL, WITH_CORRUPT,
	    { LEAVING, NO_WORD, NOT_TOLD } },
	{ "recording, refused: 70, not 0", RECORDING, RECORD_REFUSAL,
	    WITH_ZERO, { FINISHED, NO_WORD, EXITCODE_INTERNAL } },
	{ "recording, not allowed: releases", RECORDING, RECORD_REFUSAL,
	    WITH_READ_ONLY, { LEAVING, NO_WORD, NOT_TOLD } },
	{ "recording takes a session timeout: 69, not 0", RECORDING,
	    TIME_UP, WITH_ZERO,
	    { FINISHED, NO_WORD, EXITCODE_UNREACHABLE } },
	{ "recording takes a session timeout: a failure stays",
	    RECORDING, TIME_UP, PLAIN, { FINISHED, NO_WORD, BEFORE } },
	{ "recording, the session expired: 69, not 0", RECORDING, EXPIRED,
	    WITH_SUCCESS,
	    { FINISHED, NO_WORD, EXITCODE_UNREACHABLE } },
	{ "recording, the lease node is gone: waits for the store",
	    RECORDING, LEASE_LOST, WITH_SUCCESS,
	    { RECORDING, NO_WORD, NOT_TOLD } },
	{ "recording, the guard is gone: keeps recording",
	    RECORDING, GUARD_GONE, WITH_SUCCESS, { RECORDING, NO_WORD, NOT_TOLD
	    } },
	{ "recording, contact lost: keeps recording", RECORDING, CONTACT_LOST,
	    WITH_SUCCESS, { RECORDING, NO_WORD, NOT_TOLD } },
	{ "recording, a signal: keeps recording for a while",
	    RECORDING, LINK_SIGNAL, WITH_HOLD_AND_TERM, { RECORDING, NO_WORD,
	    NOT_TOLD } },

	{ "holding, --hold over: releases", HOLDING, TIME_UP, WITH_HOLD,
	    { LEAVING, NO_WORD, NOT_TOLD } },
	{ "holding, SIGTERM: releases", HOLDING, LINK_SIGNAL,
	    WITH_HOLD_AND_TERM, { LEAVING, NO_WORD, NOT_TOLD } },
	{ "holding, SIGWINCH: ignored", HOLDING, LINK_SIGNAL,
	    WITH_HOLD_AND_WINCH, { HOLDING, NO_WORD, NOT_TOLD } },
	{ "holding, revoked: releases", HOLDING, REVOKED, WITH_HOLD,
	    { LEAVING, NO_WORD, NOT_TOLD } },
	{ "holding, the guard is gone: releases", HOLDING, GUARD_GONE,
	    WITH_HOLD, { LEAVING, NO_WORD, NOT_TOLD } },
	{ "holding, contact lost: keeps holding",
	    HOLDING, CONTACT_LOST, WITH_HOLD, { HOLDING, NO_WORD, NOT_TOLD } },
	{ "holding, the lease node is gone: 76", HOLDING, LEASE_LOST,
	    WITH_HOLD_LOST, { FINISHED, NO_WORD, EXITCODE_LOST } },
	{ "holding, the session expired: 76", HOLDING, EXPIRED, WITH_HOLD,
	    { FINISHED, NO_WORD, EXITCODE_LOST } },

	{ "finished, SIGTERM: ignored", FINISHED, LINK_SIGNAL,
	    WITH_TERM, { FINISHED, NO_WORD, NOT_TOLD } },
	{ "finished, connected: ignored", FINISHED, NEW_SESSION,
	    PLAIN, { FINISHED, NO_WORD, NOT_TOLD } },
};

static struct proctree tree;
static struct subprocesses ours;

struct bench {
	struct options	options;
	struct signals	signals;
	struct link	guard_end, keeper_end;
	struct keeper	keeper;
	struct link_message message;	/* of the next event */
};

static void
dispatch(struct bench *bench, int event)
{
	keeper_dispatch(&bench->keeper, event, &bench->message);
}

static void
set_up_nodes(struct keeper *keeper)
{
	((struct semaphore *)keeper->recipe)->state = STATE_HOLDING;
	(void)strlcpy(((struct semaphore *)keeper->recipe)->lease.name,
	    "/lock/mutex/x/leases/_c_x-lease-0000000000",
	    sizeof(((struct semaphore *)keeper->recipe)->lease.name));
}

/* Puts a run on record, at a time relative to the lease node's creation. */
static void
set_up_run(struct bench *bench, int64_t began_ms, int status)
{
	struct runs_text_run run = { .status = status, .host = "web1" };
	struct recipe_claim *claim;

	bench->options.interval_ms = 3600000;
	set_up_nodes(&bench->keeper);
	claim = &bench->keeper.recipe->claim;
	claim->made_ms = claim->joined_ms = 1000000000;
	claim->seen_ms = claim->asked_ms = bench->keeper.came_ms = clock_ms();
	run.slot_ms = run.started_ms = claim->made_ms + began_ms;
	runs_text_add(&bench->keeper.runs.log, &run);
}

static void
set_up_hold(struct bench *bench)
{
	bench->options.hold_ms = 600000;
	bench->keeper.started_ms = clock_ms();
	bench->keeper.exit_code = 0;
	set_up_nodes(&bench->keeper);
}

static void
set_up(struct bench *bench, enum keeper_state state, enum with with)
{
	static char *command[] = { (char *)"true", NULL };
	struct keeper *keeper = &bench->keeper;

	memset(bench, 0, sizeof(*bench));
	options_default(&bench->options);
	bench->options.task = "x";
	bench->options.command = command;
	bench->options.retry.max_retries = 0;
	(void)sigemptyset(&bench->signals.caller_mask);
	if (link_pair(&bench->guard_end, &bench->keeper_end) == -1)
		err(1, "link_pair");
	keeper->options = &bench->options;
	keeper->data = "host=h";
	keeper->signals = &bench->signals;
	keeper->link = &bench->keeper_end;
	keeper->state = state;
	keeper->exit_code = BEFORE;
	keeper->wait_deadline_ms = CLOCK_NEVER;
	keeper->time_up_ms = CLOCK_NEVER;
	keeper->tree = tree;
	connector_init(&keeper->connector, &bench->options, &keeper->ours);
	keeper->recipe = recipe_new(&bench->options,
	    &keeper->connector.session, keeper->data);
	if (keeper->recipe == NULL)
		err(1, "recipe_new");
	keeper->claim = recipe_claim(keeper->recipe);
	runs_init(&keeper->runs, &keeper->connector.session,
	    "/lock/runs", "x");
	keeper->recipe->claim.fence = 42;
	keeper->question = 42;
	/* The lease is proved until T from now. */
	lease_init(&keeper->lease, 30000);
	lease_connected(&keeper->lease, clock_ms() - 2, 30000);
	lease_acknowledged(&keeper->lease, clock_ms() - 1, clock_ms());
	if (with == WITH_STALE)
		keeper->lease.expiry_ms = clock_ms();
	if (with == WITH_STALE || with == WITH_ANSWER)
		bench->message.question = keeper->question;
	switch (with) {
	case PLAIN:
	case WITH_STALE:
	case WITH_ANSWER:
		break;
	case WITH_IGNORE:
		bench->options.ignore_loss = true;
		break;
	case WITH_NODES:
		set_up_nodes(keeper);
		break;
	case WITH_INTERVAL:
		bench->options.interval_ms = 3600000;
		set_up_nodes(keeper);
		break;
	case WITH_RUN:
		set_up_run(bench, -60000, 0);
		break;
	case WITH_FUTURE:
		set_up_run(bench, 61000, 0);
		break;
	case WITH_SET_BACK:
		set_up_run(bench, 2000, 0);
		break;
	case WITH_COUNTED:
		bench->options.count_failures = true;
		set_up_run(bench, -60000, 1);
		break;
	case WITH_FAILURE:
		set_up_run(bench, -60000, 1);
		break;
	case WITH_ALWAYS:
		set_up_run(bench, 60000, 0);
		bench->options.interval_ms = 0;
		break;
	case WITH_CORRUPT:
		keeper->runs.failure = RUNS_CORRUPT;
		set_up_run(bench, -60000, 0);
		keeper->exit_code = 0;
		break;
	case WITH_READ_ONLY:
		keeper->runs.failure = RUNS_DENIED;
		set_up_run(bench, -60000, 0);
		keeper->exit_code = 0;
		break;
	case WITH_SUCCESS:
		bench->options.interval_ms = 3600000;
		set_up_nodes(keeper);
		keeper->exit_code = 0;
		break;
	case WITH_HOLD:
		set_up_hold(bench);
		break;
	case WITH_HOLD_AND_TERM:
		set_up_hold(bench);
		bench->message.signal.number = SIGTERM;
		break;
	case WITH_HOLD_AND_WINCH:
		set_up_hold(bench);
		bench->message.signal.number = SIGWINCH;
		break;
	case WITH_HOLD_LOST:
		set_up_hold(bench);
		((struct semaphore *)keeper->recipe)->lease.name[0] = '\0';
		break;
	case WITH_UNGUARDED:
		set_up_hold(bench);
		keeper->guard_gone = true;
		break;
	case WITH_ZERO:
		keeper->exit_code = 0;
		break;
	case WITH_PAUSE:
		keeper->recipe->claim.is_paused = true;
		keeper->connector.phase = CONNECTOR_UP;
		bench->options.wait_ms = 0;
		break;
	case WITH_NONBLOCK:
		bench->options.wait_ms = 0;
		break;
	case WITH_DENIED:
		keeper->recipe->claim.failure = RECIPE_DENIED;
		break;
	case WITH_LEAVE:
		bench->options.orphans = OPTIONS_LEAVE;
		break;
	case WITH_KILL:
		bench->options.orphans = OPTIONS_KILL;
		break;
	case WITH_TERM:
		bench->message.signal.number = SIGTERM;
		break;
	case WITH_CROSSED_TERM:
		bench->message.signal.number = SIGTERM;
		bench->message.signal.for_command = 1;
		break;
	case WITH_WINCH:
		bench->message.signal.number = SIGWINCH;
		break;
	}
}

static void
tear_down(struct bench *bench)
{
	link_close(&bench->guard_end);
	link_close(&bench->keeper_end);
	connector_close(&bench->keeper.connector);
	recipe_free(bench->keeper.recipe);
}

static void
listen_to(struct bench *bench, struct outcome *outcome)
{
	struct link_message message;

	outcome->state = bench->keeper.state;
	outcome->word = NO_WORD;
	outcome->told = NOT_TOLD;
	while (link_receive(&bench->guard_end, &message) == 1)
		if (message.type == LINK_DONE)
			outcome->told = message.ended.status;
		else if (outcome->word == NO_WORD)
			outcome->word = (int)message.type;
}

static bool
no_child(void)
{
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}

static void
test_rows(void)
{
	struct bench bench;
	struct outcome got;
	const struct outcome *wanted;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wanted = &rows[i].wanted;
		set_up(&bench, rows[i].state, rows[i].with);
		dispatch(&bench, rows[i].event);
		listen_to(&bench, &got);
		if (!ok(got.state == wanted->state &&
		    got.word == wanted->word && got.told == wanted->told,
		    "%s", rows[i].what))
			printf("# got state %#x word %d told %d\n",
			    (unsigned)got.state, got.word, got.told);
		tear_down(&bench);
	}
}

/* Tests every event in every state. */
static void
test_all(void)
{
	struct bench bench;
	const struct keeper_row *row;
	bool none, lost, leads;
	int next, state, event;

	none = lost = leads = true;
	for (state = 1; state <= FINISHED; state <<= 1)
		for (event = 0; event < EVENTS; event++) {
			set_up(&bench, (enum keeper_state)state, PLAIN);
			bench.keeper.exit_code = EXITCODE_LOST;
			bench.keeper.lost = true;
			bench.message.signal.number = SIGTERM;
			/* No process has this pid: kill(2) does nothing. */
			bench.keeper.command = INT32_MAX;
			dispatch(&bench, event);
			none = none && no_child();
			row = keeper_find((enum keeper_state)state, event);
			next = (int)bench.keeper.state;
			if (next == state)
				next |= STAY;
			leads = leads && (state == FINISHED || row == NULL ?
			    (next & STAY) != 0 : (row->next & next) != 0);
			if ((state & (RUNNING | LINGERING | STOPPING |
			    KILLING | LEAVING)) != 0)
				lost = lost && bench.keeper.exit_code ==
				    EXITCODE_LOST;
			tear_down(&bench);
		}
	ok(none, "no event in any state starts a command without a go-ahead");
	ok(leads, "every row leads to a state that it names");
	ok(lost, "after a lost lease no event changes the status");
}

static void
test_start(void)
{
	struct bench bench;
	struct outcome got;
	int status;

	set_up(&bench, ASKING, PLAIN);
	bench.message.question = 42;
	dispatch(&bench, LINK_GO);
	listen_to(&bench, &got);
	is_int(got.state, RUNNING, "a go-ahead for this lease starts the "
	    "command");
	is_int(got.word, LINK_STARTED, "the guard is told of the start");
	ok(bench.keeper.command > 0 && waitpid(bench.keeper.command, &status,
	    0) == bench.keeper.command && status == 0, "the command runs");
	dispatch(&bench, LINK_GO);
	ok(no_child(), "the same go-ahead again starts nothing");
	tear_down(&bench);
}

/* --wait is one budget for all sessions. */
static void
test_wait_budget(void)
{
	struct bench bench;
	int64_t deadline_ms;

	set_up(&bench, CONNECTING, PLAIN);
	bench.options.wait_ms = 1000;
	dispatch(&bench, NEW_SESSION);
	deadline_ms = bench.keeper.wait_deadline_ms;
	ok(deadline_ms <= clock_ms() + 1000 && deadline_ms > clock_ms(),
	    "--wait begins with the first session");
	(void)usleep(5000);
	dispatch(&bench, EXPIRED);
	dispatch(&bench, NEW_SESSION);
	is_int(bench.keeper.wait_deadline_ms, deadline_ms,
	    "--wait goes on in a new session");
	tear_down(&bench);
}

/* Tests exit statuses that the keeper does not report at once. */
static void
test_statuses(void)
{
	static const struct {
		const char		*what;
		enum keeper_state	 state;
		int			 event;
		enum with		 with;
		int			 wanted;
	} cases[] = {
		{ "skipped: 0", JUDGING, RECORD_READ, WITH_RUN, 0 },
		{ "a run in the near future, skipped: 0",
		    JUDGING, RECORD_READ, WITH_SET_BACK, 0 },
		{ "a run in the future: 78", JUDGING, RECORD_READ,
		    WITH_FUTURE, EXITCODE_CONFIG },
		{ "judging, corrupt: 78", JUDGING, RECORD_REFUSAL,
		    WITH_CORRUPT, EXITCODE_CONFIG },
		{ "judging, not allowed: 77", JUDGING, RECORD_REFUSAL,
		    WITH_READ_ONLY, EXITCODE_DENIED },
		{ "recording, corrupt: 78", RECORDING, RECORD_REFUSAL,
		    WITH_CORRUPT, EXITCODE_CONFIG },
		{ "recording, not allowed: 77", RECORDING, RECORD_REFUSAL,
		    WITH_READ_ONLY, EXITCODE_DENIED },
		{ "recorded: status unchanged",
		    RECORDING, RECORDED, WITH_SUCCESS, 0 },
		{ "--max-time over: 124", RUNNING, MAX_TIME_OVER,
		    WITH_SUCCESS, EXITCODE_MAX_TIME },
		{ "--max-time over while lingering: 124",
		    LINGERING, MAX_TIME_OVER, PLAIN, EXITCODE_MAX_TIME },
		{ "revoked: 76", RUNNING, REVOKED, WITH_SUCCESS,
		    EXITCODE_LOST },
		{ "revoked while stopping: status unchanged", STOPPING, REVOKED,
		    PLAIN, BEFORE },
		{ "the guard is gone, the command killed: 137, not 0",
		    RUNNING, GUARD_GONE, WITH_SUCCESS,
		    EXITCODE_SIGNAL + SIGKILL },
		{ "the guard is gone, orphans killed: 137, not 0", LINGERING,
		    GUARD_GONE, WITH_SUCCESS, EXITCODE_SIGNAL + SIGKILL },
		{ "the guard is gone while stopping: status unchanged",
		    STOPPING, GUARD_GONE, WITH_SUCCESS, 0 },
		{ "revoked during --hold: status unchanged",
		    HOLDING, REVOKED, WITH_HOLD, 0 },
	};
	struct bench bench;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(&bench, cases[i].state, cases[i].with);
		dispatch(&bench, cases[i].event);
		is_int(bench.keeper.exit_code, cases[i].wanted,
		    cases[i].what);
		tear_down(&bench);
	}
}

/* Tests how recording releases the lease, and which events prevent --hold. */
static void
test_hold(void)
{
	static const struct {
		const char		*what;
		enum keeper_state	 state;
		int			 event;
	} ends[] = {
		{ "revoked while running", RUNNING, REVOKED },
		{ "revoked while stopping", STOPPING, REVOKED },
		{ "revoked while recording", RECORDING, REVOKED },
		{ "a signal while recording", RECORDING, LINK_SIGNAL },
	};
	struct bench bench;
	size_t i;

	set_up(&bench, LINGERING, WITH_SUCCESS);
	dispatch(&bench, TREE_EMPTY);
	ok(bench.keeper.runs.release, "recording deletes the lease node");
	dispatch(&bench, RECORDED);
	is_text(bench.keeper.claim->lease, "",
	    "the lease node is not deleted again");
	tear_down(&bench);

	set_up(&bench, LINGERING, WITH_HOLD);
	bench.options.interval_ms = 3600000;
	dispatch(&bench, TREE_EMPTY);
	is_int(bench.keeper.state, RECORDING,
	    "with --hold the run is recorded as well");
	ok(!bench.keeper.runs.release, "--hold keeps the lease node");
	tear_down(&bench);

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		set_up(&bench, ends[i].state, WITH_HOLD_AND_TERM);
		bench.keeper.command = INT32_MAX;
		dispatch(&bench, ends[i].event);
		dispatch(&bench, ends[i].state == RECORDING ?
		    RECORDED : TREE_EMPTY);
		ok(bench.keeper.state == LEAVING, "%s: --hold does not begin",
		    ends[i].what);
		tear_down(&bench);
	}
}

int
main(void)
{
	int null;

	/* The keeper closes inherited descriptors: keep the report open. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1 || dup2(null, STDERR_FILENO) == -1 ||
	    fcntl(STDOUT_FILENO, F_SETFD, FD_CLOEXEC) == -1 ||
	    open_tree(&tree, &ours) == -1)
		err(1, "descriptors");
	test_rows();
	test_all();
	test_start();
	test_wait_budget();
	test_statuses();
	test_hold();
	return tap_end();
}
