/*
 * Finding the leases that are meant, and waiting for answers about them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/paths.h"
#include "query/ask.h"
#include "query/revoke_private.h"

void
revoke_open(struct revoke *revoke, const struct options *options,
    const char *verb)
{
	memset(revoke, 0, sizeof(*revoke));
	revoke->options = options;
	revoke->verb = verb;
	revoke->give_up_ms = CLOCK_NEVER;
	connector_init(&revoke->connector, options);
	survey_init(&revoke->survey, options, &revoke->connector.session,
	    0);
	connector_start(&revoke->connector);
}

void
revoke_close(struct revoke *revoke)
{
	survey_free(&revoke->survey);
	connector_close(&revoke->connector);
	while (revoke->count > 0)
		free(revoke->leases[--revoke->count].path);
	free(revoke->leases);
}

static int
out_of_memory(const struct revoke *revoke)
{
	log_error("cannot %s '%s': %s", revoke->verb, revoke->options->task,
	    strerror(ENOMEM));
	return EXITCODE_SYSTEM;
}

int
revoke_wait(struct revoke *revoke, struct session_event **event)
{
	switch (ask_wait(&revoke->connector, revoke->give_up_ms,
	    revoke->verb, revoke->options->task, event)) {
	case ASK_NOW:
		revoke->in_contact = true;
		return REVOKE_LOOK_AGAIN;
	case ASK_EVENT:
		return REVOKE_GO_ON;
	case ASK_UNREACHABLE:
		return EXITCODE_UNREACHABLE;
	case ASK_REJECTED:
		return EXITCODE_DENIED;
	case ASK_LATE:
		break;
	}
	log_error("cannot %s '%s': the waiting time is over", revoke->verb,
	    revoke->options->task);
	return revoke->options->conflict_exit_code;
}

struct revoke_lease *
revoke_find(const struct revoke *revoke, const char *name)
{
	size_t i;

	for (i = 0; i < revoke->count; i++)
		if (strcmp(strrchr(revoke->leases[i].path, '/') + 1, name) == 0)
			return &revoke->leases[i];
	return NULL;
}

static bool
add_lease(struct revoke *revoke, const struct holders_node *node)
{
	struct revoke_lease *lease, *leases;
	struct holders_who who;

	leases = reallocarray(revoke->leases, revoke->count + 1,
	    sizeof(*leases));
	if (leases == NULL)
		return false;
	revoke->leases = leases;
	lease = &leases[revoke->count];
	memset(lease, 0, sizeof(*lease));
	lease->path = paths_make(revoke->options->base, revoke->options->task,
	    PATHS_LEASES, node->name);
	if (lease->path == NULL)
		return false;
	holders_read_who(&who, node);
	lease->is_zkrun = who.is_zkrun;
	holders_describe(node, lease->who, sizeof(lease->who));
	revoke->count++;
	return true;
}

/* The survey is done: meets its holders. */
static int
meet_holders(struct revoke *revoke)
{
	const struct survey_task *task = &revoke->survey.tasks[0];
	const struct holders_node *node;
	size_t i;
	int status;

	status = survey_report(&revoke->survey.problem);
	if (status == 0)
		status = survey_report(&task->problem);
	if (status != 0)
		return status;
	for (i = 0; i < task->holders.holder_count; i++) {
		node = &task->holders.leases[i];
		if (revoke_find(revoke, node->name) == NULL &&
		    !add_lease(revoke, node))
			return out_of_memory(revoke);
	}
	return REVOKE_GO_ON;
}

int
revoke_look(struct revoke *revoke)
{
	struct session_event *event;
	enum survey_news news;
	int status;

	news = revoke->in_contact ? survey_begin(&revoke->survey) :
	    SURVEY_NOTHING;
	while (news == SURVEY_NOTHING) {
		status = revoke_wait(revoke, &event);
		if (status == REVOKE_GO_ON)
			news = survey_take(&revoke->survey, event);
		else if (status == REVOKE_LOOK_AGAIN)
			news = survey_begin(&revoke->survey);
		else
			return status;
		session_event_free(event);
	}
	return news == SURVEY_DONE ? meet_holders(revoke) :
	    out_of_memory(revoke);
}

size_t
revoke_left(const struct revoke *revoke)
{
	size_t i, left;

	for (i = left = 0; i < revoke->count; i++)
		left += !revoke->leases[i].gone;
	return left;
}

int
revoke_refused(const struct revoke *revoke, const struct revoke_lease *lease,
    const struct session_event *event)
{
	log_error("cannot %s '%s': %s", revoke->verb, lease->path,
	    event->reason);
	return event->code == SESSION_DENIED ? EXITCODE_DENIED :
	    EXITCODE_INTERNAL;
}

void
revoke_send(struct revoke *revoke, size_t lease,
    enum session_operation operation, int watch)
{
	session_ask(&revoke->connector.session, operation, (int)lease, watch,
	    revoke->leases[lease].path, NULL);
}
