/*
 * Deletes lease nodes without asking their holders.  The command of a holder
 * that has lost contact may still be running.
 */
#include "query/revoke.h"

#include <stdio.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "query/revoke_private.h"

/* Shown on the terminal even with -q: the user has to know it first. */
static void
show_holders(const struct revoke *revoke, FILE *terminal)
{
	static const char warning[] = "their commands may still be running, "
	    "and nothing here stops them; with the nodes gone others start";
	size_t i;

	for (i = 0; i < revoke->count; i++)
		if (terminal != NULL)
			(void)fprintf(terminal, "'%s' is held by %s\n",
			    revoke->task, revoke->leases[i].who);
		else
			log_notice("'%s' is held by %s", revoke->task,
			    revoke->leases[i].who);
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

/* Returns ASK_GO_ON, also if it is refused, or an exit status. */
static int
delete_lease(struct revoke *revoke, const struct revoke_lease *lease)
{
	const struct session_step step = {
		SESSION_DELETE_STEP, lease->path, NULL, -1,
	};
	struct session_event *event;
	int status;

	status = ask_step(&revoke->ask, &step, &event);
	if (status != ASK_GO_ON)
		return status;
	if (event->code == SESSION_OK || event->code == SESSION_NO_NODE)
		log_notice("the lease node of %s is %s", lease->who,
		    event->code == SESSION_OK ? "deleted" : "gone");
	else
		revoke->refusal = ask_refused(&revoke->ask, lease->path, event);
	session_event_free(event);
	return status;
}

static int
break_leases(struct revoke *revoke, FILE *terminal)
{
	size_t i;
	int status;

	status = revoke_look(revoke);
	if (status != ASK_GO_ON)
		return status;
	if (revoke->count == 0) {
		log_notice("nobody holds '%s'", revoke->task);
		return 0;
	}
	show_holders(revoke, terminal);
	if (terminal != NULL && !confirm(terminal)) {
		log_notice("nothing is deleted");
		return revoke->options->conflict_exit_code;
	}
	/* By name, so that nothing is deleted that was not shown. */
	for (i = 0; i < revoke->count; i++) {
		status = delete_lease(revoke, &revoke->leases[i]);
		if (status != ASK_GO_ON)
			return status;
	}
	return revoke->refusal;
}

int
revoke_break(const struct options *options)
{
	struct revoke revoke;
	FILE *terminal;
	int status;

	terminal = options->yes ? NULL : fopen("/dev/tty", "r+e");
	if (terminal == NULL && !options->yes) {
		log_error("cannot break '%s': there is no terminal to ask on "
		    "(--yes is a yes)", options->task);
		return EXITCODE_USAGE;
	}
	revoke_open(&revoke, options, "break");
	status = break_leases(&revoke, terminal);
	revoke_close(&revoke);
	if (terminal != NULL)
		(void)fclose(terminal);
	return status;
}
