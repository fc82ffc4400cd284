/*
 * Finds the leases to revoke or break.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/paths.h"
#include "query/revoke_private.h"

void
revoke_open(struct revoke *revoke, const struct options *options,
    const char *verb)
{
	memset(revoke, 0, sizeof(*revoke));
	revoke->options = options;
	ask_open(&revoke->ask, options, verb, options->task);
	survey_init(&revoke->survey, options, &revoke->ask.connector.session);
}

void
revoke_close(struct revoke *revoke)
{
	survey_free(&revoke->survey);
	connector_close(&revoke->ask.connector);
	while (revoke->count > 0)
		free(revoke->leases[--revoke->count].path);
	free(revoke->leases);
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

/* Adds the holders that the survey has found to the leases. */
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
		    !add_lease(revoke, node)) {
			log_error("cannot %s '%s': %s", revoke->ask.verb,
			    revoke->options->task, strerror(ENOMEM));
			return EXITCODE_SYSTEM;
		}
	}
	return ASK_GO_ON;
}

int
revoke_look(struct revoke *revoke)
{
	int status;

	status = ask_survey(&revoke->ask, &revoke->survey);
	return status == ASK_GO_ON ? meet_holders(revoke) : status;
}

void
revoke_refused(struct revoke *revoke, const struct revoke_lease *lease,
    const struct session_event *event)
{
	log_error("cannot %s '%s': %s", revoke->ask.verb, lease->path,
	    event->reason);
	revoke->refusal = event->code == SESSION_DENIED ? EXITCODE_DENIED :
	    EXITCODE_INTERNAL;
}
