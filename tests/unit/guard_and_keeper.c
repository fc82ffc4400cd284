/*
 * Tests guard and keeper together: in every pair of states that can occur,
 * every event and message that can arrive, in every order.
 *
 * The test walks over both tables, breadth first.  In a step, one of the two
 * has an event or reads its next message, so messages and events cross in all
 * ways.  The walk finds events and messages that matter but are dropped,
 * pairs that wait for each other forever, and false exit statuses.  Session,
 * lease and servers are simulated.
 */

/* Guard and keeper share some names. */
#define EVENTS		GUARD_EVENTS
#define FINISHED	GUARD_FINISHED
#define KILLING		GUARD_KILLING
#define RUNNING		GUARD_RUNNING
#define TIME_UP		GUARD_TIME_UP
#define TREE_EMPTY	GUARD_TREE_EMPTY
#include "run/guard_private.h"
#undef EVENTS
#undef FINISHED
#undef KILLING
#undef RUNNING
#undef STAY
#undef TIME_UP
#undef TREE_EMPTY
#include "run/keeper_private.h"

#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "config/options.h"
#include "lock/semaphore_private.h"
#include "system/signals.h"
#include "tap.h"
#include "tree.h"

#define T		30000
#define QUEUE_MAX	3	/* unread messages in one direction */
#define PATH_MAX_STEPS	40
#define NODES_MAX	200000

/* Steps besides the events of the keeper. */
enum {
	GUARD_READS = EVENTS, KEEPER_READS,
	GUARD_IS_SIGNALLED,	/* TERM to the guard alone */
	GUARD_STOPS,		/* STOP_DUE */
	GUARD_KILLS,		/* TIME_UP, after asking to stop */
	TIME_PASSES,		/* until STOP_DUE is due */
	KEEPER_IS_KILLED,	/* with SIGKILL */
	KEEPER_IS_REAPED,	/* with all processes below it */
	STEPS
};

#define ACQUIRING	(JUDGING | PROVING | ASKING)
#define WORK	(RUNNING | LINGERING | STOPPING | KILLING)
#define SESSION	(QUEUED | EXPLAINING | ACQUIRING | WORK | RECORDING | \
		    HOLDING | LEAVING | UNCONFIRMED)

/* The events that can reach the keeper in each state. */
static const struct {
	int	states;
	int	event;
} arrivals[] = {
	{ CONNECTING, NEW_SESSION },
	{ CONNECTING, GAVE_UP },
	{ CONNECTING, REJECTED },
	{ CONNECTING | QUEUED, WAIT_OVER },
	{ SESSION, CONTACT_LOST },
	{ SESSION, REGAINED },
	{ SESSION, EXPIRED },
	{ SESSION, REFUSED },
	{ SESSION, PROVEN },
	{ QUEUED, MUST_WAIT },
	{ QUEUED | EXPLAINING, ACQUIRED },
	{ EXPLAINING, LOOKED },
	{ ACQUIRING | WORK | RECORDING | HOLDING, LEASE_LOST },
	{ ACQUIRING | WORK | RECORDING | HOLDING, REVOKED },
	{ JUDGING, RECORD_READ },
	{ JUDGING | RECORDING, RECORD_REFUSAL },
	{ RECORDING, RECORDED },
	{ RECORDING, UNRECORDED },
	{ RUNNING | STOPPING | KILLING, COMMAND_ENDED },
	{ LINGERING | STOPPING | KILLING, TREE_EMPTY },
	{ RUNNING | LINGERING, MAX_TIME_OVER },
	{ RUNNING | LINGERING | STOPPING, DEADLINE },
	{ LEAVING | UNCONFIRMED, LEFT },
	{ EXPLAINING | LINGERING | STOPPING | KILLING | RECORDING | HOLDING |
	    LEAVING | UNCONFIRMED, TIME_UP },
};

/* The events and messages that the keeper may ignore, and why. */
static const struct {
	int		 states;
	int		 event;
	const char	*why;
} harmless[] = {
	{ ~(PROVING), PROVEN, "the lease clock has the proof" },
	{ LEAVING | UNCONFIRMED, CONTACT_LOST, "the keeper keeps trying" },
	{ EXPLAINING, ACQUIRED, "the keeper has decided to give up" },
	{ ACQUIRING | WORK | RECORDING | HOLDING, REFUSED,
	    "beats tell whether the lease exists" },
	{ RECORDING, LEASE_LOST, "the reply to the store decides" },
	{ STOPPING | KILLING, COMMAND_ENDED, "TREE_EMPTY follows" },
	{ ~ASKING, LINK_GO, "LINK_WAITING withdraws the question" },
	{ ~ASKING, LINK_AGAIN, "the question was withdrawn" },
	{ ~WORK, LINK_LOSE, "no command runs" },
	{ LEAVING | UNCONFIRMED | FINISHED | RECORDING, LINK_STOP,
	    "the keeper is leaving already" },
	{ UNCONFIRMED | FINISHED, LINK_SIGNAL, "the guard may exit already" },
	{ FINISHED, ~0, "the keeper has finished" },
};

/* The messages that the guard may ignore, and why. */
static const struct {
	int		 states;
	int		 event;
	const char	*why;
} unheard[] = {
	{ QUEUEING | ENDING, LINK_WAITING, "no LINK_GO to withdraw" },
	{ ENDING, LINK_HELD, "the keeper was told to leave" },
	{ GUARD_KILLING, ~0, "the guard kills whatever the keeper says" },
};

/*
 * The pairs that may have no unread messages, because guard or keeper acts next
 * by itself.
 */
static const struct {
	int	guard;
	int	keeper;
} rests[] = {
	{ QUEUEING, CONNECTING | QUEUED | EXPLAINING | JUDGING | PROVING |
	    LEAVING },
	{ ENDING, LEAVING },
	{ GUARD_RUNNING, WORK },
	{ LOSING, STOPPING | KILLING },
	{ RELEASING, RECORDING | HOLDING | LEAVING },
};

struct queue {
	struct link_message	messages[QUEUE_MAX];
	int			count;
};

/* A place of the walk, described by the steps that lead there. */
struct node {
	unsigned char	steps[PATH_MAX_STEPS];
	int		count;
	int		keeper;		/* the keeper's state there */
	bool		guard_reads, keeper_reads, guard_loses, late, killed;
};

static struct options	 options;
static struct signals	 signals;
static struct link	 guard_end, keeper_end;
static struct guard	 guard;
static struct keeper	 keeper;
static struct queue	 to_guard, to_keeper;
static bool		 killed, late, revoked;
static struct proctree	 tree;
static struct subprocesses ours;

static struct node	*nodes;
static size_t		 node_count;
static uint64_t		*seen;		/* hashes of places */

static int		 dropped, stuck, untrue;
static char		 pairs[16][16];

static int
number_of(int bit)
{
	return __builtin_ctz((unsigned)bit);
}

/* Prints the steps that led to an error, for the first three errors. */
static void
report(const struct node *node, const char *what, int event, int *count)
{
	int i;

	if ((*count)++ >= 3)
		return;
	printf("# %s: guard %d keeper %d event %d; steps", what,
	    number_of((int)guard.state), number_of((int)keeper.state), event);
	for (i = 0; i < node->count; i++)
		printf(" %d", node->steps[i]);
	printf("\n");
}

static void
play_clock(bool is_late)
{
	late = is_late;
	keeper.lease.expiry_ms = clock_ms() + (is_late ? 4000 : T - 1);
	link_set_lease(&keeper_end, keeper.lease.expiry_ms, T);
}

/* Returns false if the queue is full; the walk then stops at this place. */
static bool
collect(struct link *end, struct queue *queue)
{
	struct link_message message;
	bool fits = true;

	while (link_receive(end, &message) == 1)
		if (queue->count < QUEUE_MAX)
			queue->messages[queue->count++] = message;
		else
			fits = false;
	return fits;
}

static struct link_message
take_first(struct queue *queue)
{
	struct link_message first = queue->messages[0];

	memmove(queue->messages, queue->messages + 1,
	    (size_t)--queue->count * sizeof(first));
	return first;
}

static bool
may_be_dropped(int event)
{
	size_t i;

	for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if ((harmless[i].states & (int)keeper.state) != 0 &&
		    (harmless[i].event == event || harmless[i].event == ~0))
			return true;
	return false;
}

static void
at_keeper(const struct node *node, int event,
    const struct link_message *message)
{
	if (keeper_find(keeper.state, event) == NULL && !may_be_dropped(event))
		report(node, "dropped by the keeper", event, &dropped);
	keeper_dispatch(&keeper, event, message);
	if (keeper.command > 0 && keeper.command != INT32_MAX) {
		(void)waitpid(keeper.command, NULL, 0);
		/* No process has this pid: kill(2) does nothing. */
		keeper.command = INT32_MAX;
	}
}

static void
at_guard(const struct node *node, int event,
    const struct link_message *message)
{
	size_t i;
	bool heard;

	heard = guard_find(guard.state, event) != NULL;
	for (i = 0; i < sizeof(unheard) / sizeof(unheard[0]); i++)
		heard |= (unheard[i].event == event ||
		    unheard[i].event == ~0) &&
		    (unheard[i].states & (int)guard.state) != 0;
	if (!heard)
		report(node, "dropped by the guard", event, &dropped);
	guard_dispatch(&guard, event, message);
}

static void
play_lease(void)
{
	((struct semaphore *)keeper.recipe)->state = STATE_HOLDING;
	(void)strlcpy(((struct semaphore *)keeper.recipe)->lease.name, "/x",
	    sizeof(((struct semaphore *)keeper.recipe)->lease.name));
}

static void
signal_guard(const struct node *node)
{
	struct link_message message = { .type = LINK_SIGNAL };

	if ((guard.state & (QUEUEING | ENDING)) != 0) {
		at_guard(node, TERMINATED, NULL);
		return;
	}
	message.signal.number = SIGTERM;
	link_send(&guard_end, &message);
}

/* Returns whether a step may be possible at a place. */
static bool
is_possible(const struct node *node, int step)
{
	size_t i;

	if (step == GUARD_READS)
		return node->guard_reads;
	if (step == KEEPER_IS_REAPED)
		return node->killed && !node->guard_reads;
	if (step == GUARD_KILLS)
		return node->guard_loses;
	if (node->killed)
		return step == GUARD_STOPS && node->late;
	switch (step) {
	case KEEPER_IS_KILLED:
		return true;
	case KEEPER_READS:
		return node->keeper_reads;
	case GUARD_STOPS:
		return node->late;
	case TIME_PASSES:
		return !node->late;
	case GUARD_IS_SIGNALLED:
		/* Only one signal at a time is tested. */
		return !node->keeper_reads;
	case PROVEN:
		return node->late || node->keeper == PROVING;
	}
	for (i = 0; i < sizeof(arrivals) / sizeof(arrivals[0]); i++)
		if (arrivals[i].event == step &&
		    (arrivals[i].states & node->keeper) != 0)
			return true;
	return false;
}

/* Takes a step.  Returns false if the step is impossible or fills a queue. */
static bool
take_step(const struct node *node, int step)
{
	const struct link_message death = { .ended.status = EXITCODE_SIGNAL };
	struct link_message message;
	bool fits;

	switch (step) {
	case GUARD_READS:
		message = take_first(&to_guard);
		at_guard(node, (int)message.type, &message);
		break;
	case KEEPER_READS:
		message = take_first(&to_keeper);
		at_keeper(node, (int)message.type, &message);
		break;
	case GUARD_IS_SIGNALLED:
		signal_guard(node);
		break;
	case GUARD_STOPS:
		if (clock_ms() < guard_stop_ms(&guard))
			return false;
		at_guard(node, STOP_DUE, NULL);
		break;
	case GUARD_KILLS:
		guard.deadline_ms = 0;
		at_guard(node, GUARD_TIME_UP, NULL);
		killed = true;
		break;
	case TIME_PASSES:
		play_clock(true);
		break;
	case KEEPER_IS_KILLED:
		killed = true;
		break;
	case KEEPER_IS_REAPED:
		at_guard(node, guard.state == GUARD_KILLING ?
		    GUARD_TREE_EMPTY : KEEPER_DIED, &death);
		break;
	default:
		if (step == ACQUIRED)
			play_lease();
		if (step == PROVEN || step == NEW_SESSION || step == ACQUIRED)
			play_clock(false);
		/* With a pause, the keeper looks before it gives up. */
		if (step == WAIT_OVER && keeper.state == QUEUED) {
			keeper.recipe->claim.is_paused = true;
			keeper.connector.phase = CONNECTOR_UP;
		}
		revoked |= step == REVOKED;
		at_keeper(node, step, NULL);
		break;
	}
	fits = collect(&guard_end, &to_guard);
	return collect(&keeper_end, &to_keeper) && fits;
}

static void
start(void)
{
	static char *command[] = { (char *)"/nonexistent", NULL };

	memset(&guard, 0, sizeof(guard));
	memset(&keeper, 0, sizeof(keeper));
	to_guard.count = to_keeper.count = 0;
	killed = late = revoked = false;
	options.command = command;
	guard.options = keeper.options = &options;
	keeper.data = "host=h";
	guard.link = &guard_end;
	guard.tree = keeper.tree = tree;
	guard.state = QUEUEING;
	guard.time_up_ms = guard.ping_ms = CLOCK_NEVER;
	keeper.signals = &signals;
	keeper.signal_fd = -1;
	keeper.link = &keeper_end;
	keeper.state = CONNECTING;
	keeper.wait_deadline_ms = keeper.time_up_ms = CLOCK_NEVER;
	keeper.waiting_since_ms = CLOCK_NEVER;
	connector_init(&keeper.connector, &options, &ours);
	keeper.recipe = recipe_new(&options, &keeper.connector.session,
	    keeper.data);
	if (keeper.recipe == NULL)
		err(1, "recipe_new");
	keeper.claim = recipe_claim(keeper.recipe);
	runs_init(&keeper.runs, &keeper.connector.session, "/lock/runs", "x");
	lease_init(&keeper.lease, T);
	play_clock(false);
}

static void
finish(void)
{
	connector_close(&keeper.connector);
	recipe_free(keeper.recipe);
}

static uint64_t
mix(uint64_t hash, int64_t value)
{
	return (hash ^ (uint64_t)value) * UINT64_C(0x100000001b3);
}

static uint64_t
mix_queue(uint64_t hash, const struct queue *queue)
{
	const struct link_message *message;
	int i;

	for (i = 0; i < queue->count; i++) {
		message = &queue->messages[i];
		hash = mix(hash, message->type + 100);
		/* Hash whether this is the last question, not its number. */
		if (message->type == LINK_GO || message->type == LINK_AGAIN)
			hash = mix(hash,
			    message->question == keeper.question);
		if (message->type == LINK_HELD)
			hash = mix(hash,
			    message->question == keeper.question);
	}
	return mix(hash, 99);
}

/* Hashes everything in which two places may differ. */
static uint64_t
hash_place(void)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = mix(hash, guard.state);
	hash = mix(hash, keeper.state);
	hash = mix(hash, late | revoked << 1 | guard.lost << 2 |
	    guard.exited << 3 | (guard.started_ms != 0) << 4 |
	    keeper.lost << 5 | (keeper.started_ms != 0) << 6 |
	    keeper.hold_over << 7 | (keeper.exit_code == 0) << 8 |
	    killed << 9);
	hash = mix_queue(hash, &to_guard);
	return mix_queue(hash, &to_keeper);
}

static bool
is_new(void)
{
	uint64_t hash = hash_place();
	size_t slot;

	for (slot = hash % (4 * NODES_MAX); seen[slot] != 0;
	    slot = (slot + 1) % (4 * NODES_MAX))
		if (seen[slot] == hash)
			return false;
	seen[slot] = hash;
	return true;
}

static void
judge(const struct node *node)
{
	int status = guard_status(&guard);
	size_t i;

	pairs[number_of((int)guard.state)][number_of((int)keeper.state)] = 1;
	if (guard.state == GUARD_FINISHED) {
		if (keeper.started_ms == 0 && !revoked &&
		    status == EXITCODE_LOST)
			report(node, "76, but no command was started", 0,
			    &untrue);
		if (keeper.started_ms == 0 && guard.started_ms != 0)
			report(node, "the guard noted a start that did not "
			    "happen", 0, &untrue);
		return;
	}
	if (to_guard.count > 0 || to_keeper.count > 0 || killed)
		return;
	for (i = 0; i < sizeof(rests) / sizeof(rests[0]); i++)
		if ((rests[i].guard & (int)guard.state) != 0 &&
		    (rests[i].keeper & (int)keeper.state) != 0)
			return;
	report(node, "each waits for the other", 0, &stuck);
}

/* Repeats the steps to a place, and takes one more step. */
static void
expand(const struct node *from, int step)
{
	struct node node = *from;
	int i;

	start();
	for (i = 0; i < node.count; i++)
		(void)take_step(&node, node.steps[i]);
	node.steps[node.count++] = (unsigned char)step;
	if (take_step(&node, step) && is_new()) {
		judge(&node);
		if (guard.state != GUARD_FINISHED &&
		    node.count < PATH_MAX_STEPS && node_count < NODES_MAX) {
			node.keeper = (int)keeper.state;
			node.guard_reads = to_guard.count > 0;
			node.keeper_reads = to_keeper.count > 0;
			node.guard_loses = guard.state == LOSING;
			node.late = late;
			node.killed = killed;
			nodes[node_count++] = node;
		}
	}
	finish();
}

static void
walk(bool with_interval, bool with_hold)
{
	size_t i;
	int step;

	options_default(&options);
	options.task = "x";
	options.retry.max_retries = 0;
	if (with_interval)
		options.interval_ms = 3600000;
	if (with_hold)
		options.hold_ms = 600000;
	dropped = stuck = untrue = 0;
	memset(seen, 0, 4 * NODES_MAX * sizeof(*seen));
	memset(&nodes[0], 0, sizeof(nodes[0]));
	nodes[0].keeper = CONNECTING;
	node_count = 1;
	for (i = 0; i < node_count; i++)
		for (step = 0; step < STEPS; step++)
			if (is_possible(&nodes[i], step))
				expand(&nodes[i], step);
	printf("# %zu places, the farthest after %d steps\n", node_count,
	    nodes[node_count - 1].count);
	ok(node_count > 100 && node_count < NODES_MAX &&
	    nodes[node_count - 1].count < PATH_MAX_STEPS,
	    "the walk ends%s%s", with_interval ? ", with -i" : "",
	    with_hold ? ", with --hold" : "");
	is_int(dropped, 0, "no event or message that matters is dropped");
	is_int(stuck, 0, "no pair waits for each other forever");
	is_int(untrue, 0, "no exit status is false");
}

int
main(void)
{
	int count, null, one, other;

	/* The tables close inherited descriptors: keep the report open. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1 || dup2(null, STDERR_FILENO) == -1 ||
	    fcntl(STDOUT_FILENO, F_SETFD, FD_CLOEXEC) == -1 ||
	    open_tree(&tree, &ours) == -1 ||
	    link_pair(&guard_end, &keeper_end) == -1)
		err(1, "descriptors");
	(void)sigemptyset(&signals.caller_mask);
	nodes = calloc(NODES_MAX, sizeof(*nodes));
	seen = calloc(4 * NODES_MAX, sizeof(*seen));
	if (nodes == NULL || seen == NULL)
		err(1, "calloc");
	walk(false, false);
	walk(true, true);
	count = 0;
	for (one = 0; one < 16; one++)
		for (other = 0; other < 16; other++)
			count += pairs[one][other];
	printf("# %d pairs of states\n", count);
	free(nodes);
	free(seen);
	return tap_end();
}
