/*
 * Writes a revoke request into the data of the lease node, which the holder's
 * keeper watches, and waits until the node is gone.
 */
#include "query/revoke.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/nodedata.h"
#include "query/revoke_private.h"

#define WATCH	0	/* tag of all watches */

/* Returns whether a node's data already contains a revoke request. */
static bool
was_asked(struct revoke *revoke, const struct revoke_node *lease,
    const struct holders_node *node)
{
	struct holders_who who;

	holders_read_who(&who, node);
	if (who.revoker[0] == '\0')
		return false;
	log_notice("%s was already asked by %s to stop and release '%s'",
	    lease->who, who.revoker, revoke->task);
	return true;
}

/* Copies a node's data and adds a request.  Returns whether both fit. */
static bool
make_request(const struct holders_node *node, char *data, size_t size)
{
	char found[2], since[32], whoami[HOLDERS_TEXT_SIZE];

	/* If this call cuts the data, the request does not fit either. */
	(void)strlcpy(data, node->data, size);
	/* The request changes the mtime, so store when the lease began. */
	(void)snprintf(since, sizeof(since), "%" PRId64, node->since_ms);
	nodedata_add(data, size, NODEDATA_SINCE, since);
	nodedata_whoami(whoami, sizeof(whoami));
	nodedata_add(data, size, NODEDATA_REVOKE, whoami);
	return nodedata_get(data, NODEDATA_REVOKE, found, sizeof(found));
}

/*
 * Asks a holder, unless zkrun has asked it before or cannot ask it.  Returns
 * ASK_GO_ON, an exit status, or ASK_AGAIN if the lease node changed or vanished
 * after the survey.
 */
static int
ask_holder(struct revoke *revoke, struct revoke_node *lease,
    const struct holders_node *node)
{
	char data[2 * NODEDATA_SIZE];
	const struct session_step step = {
		SESSION_SET_STEP, lease->path, data, node->version,
	};
	struct session_event *event;
	int status;

	if (lease->asked || !lease->can_be_asked)
		return ASK_GO_ON;
	lease->asked = was_asked(revoke, lease, node);
	lease->can_be_asked = make_request(node, data, sizeof(data));
	if (lease->asked || !lease->can_be_asked)
		return ASK_GO_ON;
	status = ask_steps(&revoke->ask, &step, 1, &event);
	if (status != ASK_GO_ON)
		return status;
	if (event->code == SESSION_OK) {
		lease->asked = true;
		log_notice("asked %s to stop and release '%s'", lease->who,
		    revoke->task);
	} else if (event->code == SESSION_STALE ||
	    event->code == SESSION_NO_NODE)
		status = ASK_AGAIN;
	else
		revoke->refusal = ask_refused(&revoke->ask, lease->path, event);
	session_event_free(event);
	return status;
}

/* Asks all holders.  Returns what ask_holder() returns. */
static int
ask_holders(struct revoke *revoke)
{
	const struct holders *holders = &revoke->survey.tasks[0].holders;
	const struct holders_node *node;
	int result, status;

	result = ASK_GO_ON;
	for (node = holders->leases;
	    node < holders->leases + holders->holder_count; node++) {
		status = ask_holder(revoke, revoke_find(revoke, node->name),
		    node);
		if (status >= 0)
			return status;
		if (status == ASK_AGAIN)
			result = ASK_AGAIN;
	}
	return revoke->refusal != 0 ? revoke->refusal : result;
}

/* Returns a lease of the last survey, or NULL if the lease is gone. */
static const struct holders_node *
find_node(const struct revoke *revoke, const struct revoke_node *lease)
{
	const struct holders *holders = &revoke->survey.tasks[0].holders;
	size_t i;

	for (i = 0; i < holders->lease_count; i++)
		if (holders->leases[i].seen &&
		    revoke_find(revoke, holders->leases[i].name) == lease)
			return &holders->leases[i];
	return NULL;
}

/* Reports the holders that were not asked.  Returns the exit status. */
static int
name_deaf(const struct revoke *revoke)
{
	const struct holders *holders = &revoke->survey.tasks[0].holders;
	const struct revoke_node *lease;
	const struct holders_node *node;
	int status;

	status = 0;
	for (lease = revoke->nodes; lease < revoke->nodes + revoke->count;
	    lease++) {
		if (lease->asked || !lease->is_lease)
			continue;
		node = find_node(revoke, lease);
		if (node == NULL)
			log_notice("%s released '%s' before it was asked",
			    lease->who, revoke->task);
		/*
		 * Skip a client that only waits, as a later survey may have
		 * found.
		 */
		if (node == NULL || node >= holders->leases +
		    holders->holder_count)
			continue;
		log_error("cannot revoke '%s': it is held by %s, which cannot "
		    "be asked to stop (--break deletes its lease node)",
		    revoke->task, lease->who);
		status = revoke->options->conflict_exit_code;
	}
	return status;
}

/* Reports queue nodes without a session.  Curator waits behind them forever. */
static void
name_places(const struct revoke *revoke)
{
	size_t i;

	for (i = 0; i < revoke->count; i++)
		if (!revoke->nodes[i].is_lease)
			log_notice("the queue of '%s' has a node of %s "
			    "(--break deletes it)", revoke->task,
			    revoke->nodes[i].who);
}

/* Reads and watches the leases whose holders were asked. */
static void
watch_leases(struct revoke *revoke)
{
	struct session *session = &revoke->ask.connector.session;
	size_t i;

	session_ask(session, SESSION_SYNC, (int)revoke->count,
	    SESSION_NO_WATCH, revoke->nodes[0].path, NULL);
	for (i = 0; i < revoke->count; i++)
		if (revoke->nodes[i].asked)
			session_ask(session, SESSION_GET, (int)i, WATCH,
			    revoke->nodes[i].path, NULL);
}

static void
take_look(struct revoke *revoke, const struct session_event *event)
{
	struct revoke_node *lease;

	if (event->type == SESSION_CHANGED)
		watch_leases(revoke);
	if (event->type != SESSION_REPLY || event->code == SESSION_OK ||
	    (size_t)event->tag >= revoke->count)
		return;
	lease = &revoke->nodes[event->tag];
	if (event->code != SESSION_NO_NODE)
		revoke->refusal = ask_refused(&revoke->ask, lease->path, event);
	else if (lease->asked) {
		log_notice("%s released '%s'", lease->who, revoke->task);
		lease->asked = false;
	}
}

static bool
all_gone(const struct revoke *revoke)
{
	size_t i;

	for (i = 0; i < revoke->count && !revoke->nodes[i].asked;)
		i++;
	return i == revoke->count;
}

/* Returns 0, or an exit status. */
static int
wait_until_gone(struct revoke *revoke)
{
	struct session_event *event;
	int status;

	if (revoke->options->wait_ms == 0 && !all_gone(revoke)) {
		log_notice("not waiting for '%s' to be released", revoke->task);
		return revoke->options->conflict_exit_code;
	}
	status = ASK_AGAIN;
	while (!all_gone(revoke) && revoke->refusal == 0) {
		if (status == ASK_AGAIN)
			watch_leases(revoke);
		status = ask_wait(&revoke->ask, &event);
		if (status >= 0)
			return status;
		if (status == ASK_GO_ON)
			take_look(revoke, event);
		session_event_free(event);
	}
	return revoke->refusal;
}

static int
ask_and_wait(struct revoke *revoke)
{
	int deaf, status;

	do {
		status = revoke_look(revoke);
		if (status == ASK_GO_ON)
			status = ask_holders(revoke);
		/* --wait begins with the first contact. */
		if (revoke->ask.give_up_ms == CLOCK_NEVER &&
		    revoke->options->wait_ms > 0)
			revoke->ask.give_up_ms = clock_after(clock_ms(),
			    revoke->options->wait_ms);
	} while (status == ASK_AGAIN);
	if (status != ASK_GO_ON)
		return status;
	if (revoke->lease_count == 0)
		log_notice("nobody holds '%s'", revoke->task);
	name_places(revoke);
	revoke_name_pauses(revoke);
	deaf = name_deaf(revoke);
	status = wait_until_gone(revoke);
	return status != 0 ? status : deaf;
}

int
revoke_run(const struct options *options)
{
	struct revoke revoke;
	int status;

	revoke_open(&revoke, options, "revoke");
	status = ask_and_wait(&revoke);
	revoke_close(&revoke);
	return status;
}
