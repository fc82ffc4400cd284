/*
 * A pause consists of persistent lease nodes.  With the mutex recipe it
 * consists of one persistent contender.  See lock/pauses.h.
 */
#include "query/pause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/nodedata.h"
#include "lock/parents.h"
#include "lock/paths.h"
#include "lock/pauses.h"
#include "lock/survey.h"
#include "query/ask.h"

#define TRIES		20	/* creates of parents that others delete */
#define PARENT_TAG	(ASK_STEPS_TAG + 1)	/* zkrun ignores its replies */

struct pause {
	const struct options	*options;
	struct asker		 ask;
	struct survey		 survey;
	char			 task[PATHS_SIZE];	/* P, and P/leases */
	char			 leases[PATHS_SIZE];
	char			 uuid[NODENAME_UUID_SIZE];
	char			 data[NODEDATA_SIZE];	/* of our nodes */
};

static void
open_pause(struct pause *pause, const struct options *options,
    const char *verb)
{
	memset(pause, 0, sizeof(*pause));
	pause->options = options;
	(void)snprintf(pause->task, sizeof(pause->task), "%s/%s",
	    options->base, options->task);
	paths_parent(pause->leases, sizeof(pause->leases), pause->task,
	    PATHS_LEASES);
	ask_open(&pause->ask, options, verb, options->task);
	survey_init(&pause->survey, options, &pause->ask.connector.session);
}

static void
close_pause(struct pause *pause)
{
	survey_free(&pause->survey);
	connector_close(&pause->ask.connector);
}

static bool
is_mutex(const struct pause *pause)
{
	return pause->options->recipe == OPTIONS_MUTEX;
}

/* Returns ASK_GO_ON and the code of the reply, or an exit status. */
static int
try_steps(struct pause *pause, const struct session_step *steps, size_t count,
    enum session_code *code)
{
	struct session_event *event;
	int status;

	status = ask_steps(&pause->ask, steps, count, &event);
	if (status != ASK_GO_ON)
		return status;
	*code = event->code;
	if (event->code != SESSION_OK && event->code != SESSION_EXISTS &&
	    event->code != SESSION_NO_NODE)
		status = ask_refused(&pause->ask, steps[0].path, event);
	session_event_free(event);
	return status;
}

static void
make_parents(struct pause *pause)
{
	struct session *session = &pause->ask.connector.session;

	(void)parents_make(session, pause->task, PARENT_TAG, PARENT_TAG);
	session_ask(session, SESSION_CREATE_CONTAINER, PARENT_TAG,
	    SESSION_NO_WATCH, pause->task, NULL);
}

/*
 * Creates one node of the pause.  Creates a missing P/leases like
 * semaphore_walk_in(), so that a later release may delete it.  If the node
 * exists, its name has our UUID: we created the node, and the reply was lost.
 */
static int
make_node(struct pause *pause, size_t number)
{
	char name[PAUSES_NAME_SIZE], path[PATHS_SIZE];
	const struct session_step steps[] = {
		{ SESSION_CREATE_STEP, pause->leases, NULL, -1 },
		{ SESSION_SET_STEP, pause->leases, NULL,
		    PATHS_OWN_VERSION - 1 },
		{ SESSION_READABLE_STEP, path, pause->data, -1 },
	};
	enum session_code code;
	int status, tries;

	pauses_make_name(name, pause->uuid, is_mutex(pause) ? 0 : number);
	(void)nodename_join(path, sizeof(path), is_mutex(pause) ? pause->task :
	    pause->leases, name);
	for (tries = 0; tries < TRIES; tries++) {
		if (tries > 0)
			make_parents(pause);
		status = try_steps(pause, &steps[2], 1, &code);
		if (status != ASK_GO_ON || code != SESSION_NO_NODE)
			return status;
		if (is_mutex(pause))
			continue;
		status = try_steps(pause, steps, 3, &code);
		if (status != ASK_GO_ON || code == SESSION_OK)
			return status;
	}
	/* The chroot is missing, or we may not create a parent. */
	status = ask_task(&pause->ask, &pause->survey);
	if (status != ASK_GO_ON)
		return status;
	log_error("cannot pause '%s': '%s' does not exist and cannot be "
	    "created", pause->options->task, pause->task);
	return EXITCODE_DENIED;
}

static int
delete_node(struct pause *pause, enum paths_parent parent, const char *name)
{
	char path[PATHS_SIZE];
	const struct session_step step = {
		SESSION_DELETE_STEP, path, NULL, -1,
	};
	enum session_code code;

	(void)nodename_join(path, sizeof(path), parent == PATHS_TASK ?
	    pause->task : pause->leases, name);
	return try_steps(pause, &step, 1, &code);
}

/* Creates all nodes.  If the servers refuse one, deletes the others. */
static int
make_nodes(struct pause *pause)
{
	char name[PAUSES_NAME_SIZE];
	size_t i, wanted = (size_t)pause->options->max_leases;
	int status = ASK_GO_ON;

	for (i = 1; i <= wanted && status == ASK_GO_ON; i++)
		status = make_node(pause, i);
	if (status == ASK_GO_ON || status == EXITCODE_UNREACHABLE)
		return status;
	/* Node i - 1 was refused. */
	for (i -= 2; i > 0; i--) {
		pauses_make_name(name, pause->uuid, i);
		if (delete_node(pause, PATHS_LEASES, name) != ASK_GO_ON)
			break;
	}
	return status;
}

/* Refuses a pause for another recipe than that of the runs: they would fail. */
static int
check_recipe(struct pause *pause)
{
	const struct holders *holders;
	int status;

	/* A user who may not read the nodes may still create the pause. */
	status = ask_survey(&pause->ask, &pause->survey);
	if (status != ASK_GO_ON)
		return status;
	holders = &pause->survey.tasks[0].holders;
	if (holders->holder_count + holders->pause_count == 0 ||
	    (holders->leases[0].parent == PATHS_TASK) == is_mutex(pause))
		return ASK_GO_ON;
	log_error("cannot pause '%s': others use it with --recipe %s",
	    pause->options->task, is_mutex(pause) ? "semaphore" : "mutex");
	return EXITCODE_USAGE;
}

/* Reports the pause, and the holders that the user may have to wait for. */
static void
say_paused(struct pause *pause)
{
	const struct holders *holders;
	struct holders_who holder;
	char who[4 * HOLDERS_TEXT_SIZE];
	size_t i;

	log_notice("paused '%s'", pause->options->task);
	/* The pause is in force even if this survey fails. */
	pause->ask.verb = "look at";
	if (ask_task(&pause->ask, &pause->survey) != ASK_GO_ON)
		return;
	holders = &pause->survey.tasks[0].holders;
	if (holders->holder_count > (size_t)pause->options->max_leases)
		log_notice("'%s' has %zu holders, but the pause covers only "
		    "%d: pause again with the -l of the runs",
		    pause->options->task, holders->holder_count,
		    pause->options->max_leases);
	for (i = 0; i < holders->holder_count; i++) {
		holders_describe(&holders->leases[i], who, sizeof(who));
		holders_read_who(&holder, &holders->leases[i]);
		log_notice("%s still holds '%s' and continues%s", who,
		    pause->options->task, holder.is_zkrun &&
		    holders->leases[i].session != 0 ?
		    " (--revoke stops it)" : "");
	}
}

int
pause_run(const struct options *options)
{
	struct pause pause;
	int status;

	open_pause(&pause, options, "pause");
	nodename_make_uuid(pause.uuid);
	nodedata_make_pause(pause.data, sizeof(pause.data), options->reason);
	status = check_recipe(&pause);
	if (status == ASK_GO_ON)
		status = make_nodes(&pause);
	if (status == ASK_GO_ON) {
		say_paused(&pause);
		status = 0;
	}
	close_pause(&pause);
	return status;
}

/* Returns whether to end the pause.  The options name a user or user@host. */
static bool
is_wanted(const struct pause *pause, const struct holders_node *node)
{
	const char *whose = pause->options->whose;
	struct pauses_pause read;
	char whole[2 * HOLDERS_TEXT_SIZE];

	if (whose == NULL)
		return true;
	pauses_read(&read, node);
	(void)snprintf(whole, sizeof(whole), "%s@%s", read.user, read.host);
	return strcmp(whose, read.user) == 0 || strcmp(whose, whole) == 0;
}

/* Deletes the given number of nodes of a pause, from its first node on. */
static int
lift_pause(struct pause *pause, const struct holders_node *first, size_t size)
{
	const struct holders *holders = &pause->survey.tasks[0].holders;
	const struct holders_node *node;
	int status = ASK_GO_ON;

	for (node = first; size > 0 && status == ASK_GO_ON &&
	    node < holders->leases + holders->lease_count; node++) {
		if (!pauses_is_same(first, node))
			continue;
		status = delete_node(pause, node->parent, node->name);
		size--;
	}
	return status;
}

/*
 * Ends the wanted pauses and counts them.  If the servers refuse to delete one,
 * continues with the next.  Returns ASK_GO_ON or an exit status.
 */
static int
lift(struct pause *pause, size_t *wanted)
{
	const struct holders *holders = &pause->survey.tasks[0].holders;
	const struct holders_node *node;
	char who[4 * HOLDERS_TEXT_SIZE];
	size_t i = 0, size;
	int refusal = ASK_GO_ON, status;

	*wanted = 0;
	while ((node = pauses_next(holders, &i, &size)) != NULL) {
		pauses_describe(node, who, sizeof(who));
		if (!is_wanted(pause, node)) {
			log_notice("'%s' is still paused by %s",
			    pause->options->task, who);
			continue;
		}
		++*wanted;
		status = lift_pause(pause, node, size);
		if (status == EXITCODE_UNREACHABLE)
			return status;
		if (status == ASK_GO_ON)
			log_notice("ended the pause of '%s' by %s",
			    pause->options->task, who);
		else
			refusal = status;
	}
	return refusal;
}

/* Deletes P/leases if it is empty: the next contender then skips the queue. */
static int
tidy(struct pause *pause)
{
	const struct session_step step = { SESSION_DELETE_STEP, pause->leases,
	    NULL, PATHS_OWN_VERSION };
	struct session_event *event;
	int status;

	/* A client in the queue may be about to create its lease. */
	if (pause->survey.tasks[0].holders.lock_count > 0)
		return 0;
	status = ask_steps(&pause->ask, &step, 1, &event);
	if (status != ASK_GO_ON)
		return status;
	session_event_free(event);
	return 0;
}

int
pause_resume(const struct options *options)
{
	struct pause pause;
	size_t wanted;
	int status;

	open_pause(&pause, options, "resume");
	status = ask_task(&pause.ask, &pause.survey);
	if (status == ASK_GO_ON)
		status = lift(&pause, &wanted);
	if (status == ASK_GO_ON && wanted == 0) {
		log_notice("'%s' is not paused%s%s", options->task,
		    options->whose != NULL ? " by " : "",
		    options->whose != NULL ? options->whose : "");
		/* Other users may have paused the task. */
		status = pause.survey.tasks[0].holders.pause_count > 0 ?
		    options->conflict_exit_code : 0;
	} else if (status == ASK_GO_ON)
		status = tidy(&pause);
	close_pause(&pause);
	return status;
}
