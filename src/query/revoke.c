/*
 * Writes a request to give up into the data of the lease node, which its keeper
 * watches, and waits for the node to go.
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

#define WATCH_LEASE	0

/* Marks a lease as asked if its data has a request to give up from anybody. */
static void
note_asked(struct revoke *revoke, struct revoke_lease *lease,
    const struct holders_node *node)
{
	struct holders_who who;
	char whoami[HOLDERS_TEXT_SIZE];

	holders_read_who(&who, node);
	if (who.revoker[0] == '\0' || lease->asked)
		return;
	lease->asked = true;
	nodedata_whoami(whoami, sizeof(whoami));
	/* The request may be ours: its reply was lost. */
	log_notice("%s has been asked to stop and release '%s'%s", lease->who,
	    revoke->options->task, strcmp(who.revoker, whoami) == 0 ? "" :
	    ", by somebody else");
}

/* Returns false if the data has no room for the request. */
static bool
send_word(struct revoke *revoke, size_t lease, const struct holders_node *node)
{
	char data[2 * NODEDATA_SIZE], since[32], whoami[HOLDERS_TEXT_SIZE];
	char found[2];
	const struct session_step step = {
		SESSION_SET_STEP, revoke->leases[lease].path, data,
		node->version,
	};

	if (strlcpy(data, node->data, sizeof(data)) >= sizeof(data))
		return false;
	/* Writing changes the mtime, which says since when it is held. */
	(void)snprintf(since, sizeof(since), "%" PRId64, node->since_ms);
	nodedata_add(data, sizeof(data), NODEDATA_SINCE, since);
	nodedata_whoami(whoami, sizeof(whoami));
	nodedata_add(data, sizeof(data), NODEDATA_REVOKE, whoami);
	if (!nodedata_get(data, NODEDATA_REVOKE, found, sizeof(found)))
		return false;
	session_ask_steps(&revoke->ask.connector.session, (int)lease, &step, 1);
	return true;
}

/* Asks the holders that were not asked yet.  Returns how many these are. */
static size_t
ask_holders(struct revoke *revoke)
{
	const struct holders *holders = &revoke->survey.tasks[0].holders;
	struct revoke_lease *lease;
	size_t i, sent;

	for (i = sent = 0; i < holders->holder_count; i++) {
		lease = revoke_find(revoke, holders->leases[i].name);
		if (!lease->is_zkrun)
			continue;
		note_asked(revoke, lease, &holders->leases[i]);
		if (lease->asked)
			continue;
		if (send_word(revoke, (size_t)(lease - revoke->leases),
		    &holders->leases[i]))
			sent++;
		else
			lease->is_zkrun = false;
	}
	return sent;
}

/* Returns what the answers so far come to; a refusal counts most. */
static int
take_answer(struct revoke *revoke, const struct session_event *event,
    int result)
{
	struct revoke_lease *lease = &revoke->leases[event->tag];

	if (event->code == SESSION_OK) {
		lease->asked = true;
		log_notice("asked %s to stop and release '%s'", lease->who,
		    revoke->options->task);
		return result;
	}
	if (result >= 0)
		return result;
	/* Somebody has written to it, or it is gone. */
	if (event->code == SESSION_STALE || event->code == SESSION_NO_NODE)
		return ASK_AGAIN;
	return revoke_refused(revoke, lease, event);
}

/* Waits for as many answers as requests were sent. */
static int
take_answers(struct revoke *revoke, size_t sent)
{
	struct session_event *event;
	int result, status;

	for (result = ASK_GO_ON; sent > 0; session_event_free(event)) {
		status = ask_wait(&revoke->ask, &event);
		if (status != ASK_GO_ON)
			return status;
		if (event->type != SESSION_REPLY)
			continue;
		result = take_answer(revoke, event, result);
		sent--;
	}
	return result;
}

/* Names the holders that cannot be asked: nobody waits for them. */
static int
drop_deaf(struct revoke *revoke)
{
	struct revoke_lease *lease;
	size_t i;
	int status;

	status = 0;
	for (i = 0; i < revoke->count; i++) {
		lease = &revoke->leases[i];
		if (lease->asked)
			continue;
		lease->gone = true;
		if (lease->is_zkrun) {
			log_notice("%s has released '%s' before it was asked",
			    lease->who, revoke->options->task);
			continue;
		}
		log_error("cannot revoke '%s': %s holds it and cannot be asked; "
		    "--break would delete its lease node", revoke->options->task,
		    lease->who);
		status = revoke->options->conflict_exit_code;
	}
	return status;
}

/* Reads and watches the leases that are left. */
static void
watch_leases(struct revoke *revoke)
{
	size_t i;

	session_ask(&revoke->ask.connector.session, SESSION_SYNC,
	    (int)revoke->count, SESSION_NO_WATCH, revoke->leases[0].path, NULL);
	for (i = 0; i < revoke->count; i++)
		if (!revoke->leases[i].gone)
			revoke_send(revoke, i, SESSION_GET, WATCH_LEASE);
}

static int
take_look(struct revoke *revoke, const struct session_event *event)
{
	struct revoke_lease *lease;

	if (event->type == SESSION_CHANGED) {
		watch_leases(revoke);
		return ASK_GO_ON;
	}
	if ((size_t)event->tag >= revoke->count || event->code == SESSION_OK)
		return ASK_GO_ON;
	lease = &revoke->leases[event->tag];
	if (event->code != SESSION_NO_NODE)
		return revoke_refused(revoke, lease, event);
	if (!lease->gone)
		log_notice("%s has released '%s'", lease->who,
		    revoke->options->task);
	lease->gone = true;
	return ASK_GO_ON;
}

static int
wait_until_gone(struct revoke *revoke)
{
	if (revoke->options->wait_ms != 0 || revoke_all_gone(revoke))
		return revoke_until_gone(revoke, watch_leases, take_look);
	log_notice("not waiting for '%s' to be released",
	    revoke->options->task);
	return revoke->options->conflict_exit_code;
}

/* Tries until the holders have been asked, or returns an exit status. */
static int
ask_all(struct revoke *revoke)
{
	int status;

	do {
		status = revoke_look(revoke);
		if (status == ASK_GO_ON)
			status = take_answers(revoke, ask_holders(revoke));
		/* The time to wait begins with the first contact. */
		if (revoke->ask.give_up_ms == CLOCK_NEVER &&
		    revoke->options->wait_ms > 0)
			revoke->ask.give_up_ms = clock_after(clock_ms(),
			    revoke->options->wait_ms);
	} while (status == ASK_AGAIN);
	return status;
}

int
revoke_run(const struct options *options)
{
	struct revoke revoke;
	int deaf, status;

	revoke_open(&revoke, options, "revoke");
	status = ask_all(&revoke);
	if (status == ASK_GO_ON && revoke.count == 0)
		log_notice("nobody holds '%s'", options->task);
	if (status == ASK_GO_ON) {
		deaf = drop_deaf(&revoke);
		status = wait_until_gone(&revoke);
		if (status == ASK_GO_ON)
			status = deaf;
	}
	revoke_close(&revoke);
	return status;
}
