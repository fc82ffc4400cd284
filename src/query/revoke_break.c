/*
 * Deletes lease nodes without asking their holders.  The command of a holder
 * that has lost contact may still be running.
 */
#include "query/revoke.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/holders.h"
#include "lock/paths.h"
#include "lock/survey.h"
#include "query/ask.h"

#define WHO_SIZE	(4 * HOLDERS_TEXT_SIZE)

/* Shown on the terminal even with -q: the user has to know it first. */
static void
show_holders(const struct holders *holders, const char *task, FILE *terminal)
{
	static const char warning[] = "their commands may still be running, "
	    "and nothing here stops them; with the nodes gone others start";
	char who[WHO_SIZE];
	size_t i;

	for (i = 0; i < holders->holder_count; i++) {
		holders_describe(&holders->leases[i], who, sizeof(who));
		if (terminal != NULL)
			(void)fprintf(terminal, "'%s' is held by %s\n", task,
			    who);
		else
			log_notice("'%s' is held by %s", task, who);
	}
	if (terminal != NULL)
		(void)fprintf(terminal, "%s\n", warning);
	else
		log_notice("%s", warning);
}

/* Anything but a yes is a no. */
static bool
confirm(FILE *terminal)
{
	char answer[16];

	(void)fputs("Delete these lease nodes? [y/N] ", terminal);
	(void)fflush(terminal);
	if (fgets(answer, sizeof(answer), terminal) == NULL)
		return false;
	answer[strcspn(answer, "\r\n")] = '\0';
	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

/* Returns ASK_GO_ON with *refusal set if it is refused, or an exit status. */
static int
delete_lease(struct asker *ask, const struct holders_node *node,
    const char *path, int *refusal)
{
	const struct session_step step = {
		SESSION_DELETE_STEP, path, NULL, -1,
	};
	struct session_event *event;
	char who[WHO_SIZE];
	int status;

	status = ask_step(ask, &step, &event);
	if (status != ASK_GO_ON)
		return status;
	holders_describe(node, who, sizeof(who));
	if (event->code == SESSION_OK || event->code == SESSION_NO_NODE)
		log_notice("the lease node of %s is %s", who,
		    event->code == SESSION_OK ? "deleted" : "gone");
	else
		*refusal = ask_refused(ask, path, event);
	session_event_free(event);
	return status;
}

static int
break_leases(struct asker *ask, struct survey *survey, FILE *terminal)
{
	const struct options *options = ask->options;
	const struct holders *holders;
	char *path;
	size_t i;
	int refusal, status;

	status = ask_task(ask, survey);
	if (status != ASK_GO_ON)
		return status;
	holders = &survey->tasks[0].holders;
	if (holders->holder_count == 0) {
		log_notice("nobody holds '%s'", options->task);
		return 0;
	}
	show_holders(holders, options->task, terminal);
	if (terminal != NULL && !confirm(terminal)) {
		log_notice("nothing is deleted");
		return options->conflict_exit_code;
	}
	/* By name, so that nothing is deleted that was not shown. */
	for (i = 0, refusal = 0; i < holders->holder_count; i++) {
		path = paths_make(options->base, options->task, PATHS_LEASES,
		    holders->leases[i].name);
		status = path == NULL ? ask_no_memory(ask) :
		    delete_lease(ask, &holders->leases[i], path, &refusal);
		free(path);
		if (status != ASK_GO_ON)
			return status;
	}
	return refusal;
}

int
revoke_break(const struct options *options)
{
	struct survey survey;
	struct asker ask;
	FILE *terminal;
	int status;

	terminal = options->yes ? NULL : fopen("/dev/tty", "r+e");
	if (terminal == NULL && !options->yes) {
		log_error("cannot break '%s': there is no terminal to ask on "
		    "(--yes is a yes)", options->task);
		return EXITCODE_USAGE;
	}
	ask_open(&ask, options, "break", options->task);
	survey_init(&survey, options, &ask.connector.session);
	status = break_leases(&ask, &survey, terminal);
	survey_free(&survey);
	connector_close(&ask.connector);
	if (terminal != NULL)
		(void)fclose(terminal);
	return status;
}
