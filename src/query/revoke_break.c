/*
 * Deletes lease nodes without asking their holders, and queue nodes without a
 * session.  The command of a holder that has lost contact may still be running.
 */
#include "query/revoke.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config/options.h"
#include "query/confirm.h"
#include "query/revoke_private.h"

static void
show_nodes(const struct revoke *revoke, FILE *terminal)
{
	const struct revoke_node *node;
	char line[sizeof(node->who) + 512];

	for (node = revoke->nodes; node < revoke->nodes + revoke->count;
	    node++) {
		(void)snprintf(line, sizeof(line), node->is_lease ?
		    "'%s' is held by %s" : "the queue of '%s' has a node of %s",
		    revoke->task, node->who);
		confirm_show(terminal, line);
	}
	if (revoke->lease_count > 0)
		confirm_show(terminal, "their commands may still be running: "
		    "--break does not stop them, and lets others start");
}

/*
 * Deletes a node.  Returns ASK_GO_ON, even after a refusal, or an exit status.
 */
static int
delete_node(struct revoke *revoke, const struct revoke_node *node)
{
	const struct session_step step = {
		SESSION_DELETE_STEP, node->path, NULL, -1,
	};
	struct session_event *event;
	int status;

	status = ask_steps(&revoke->ask, &step, 1, &event);
	if (status != ASK_GO_ON)
		return status;
	if (event->code == SESSION_OK || event->code == SESSION_NO_NODE)
		log_notice("the %s of %s is %s", node->is_lease ?
		    "lease node" : "queue node", node->who,
		    event->code == SESSION_OK ? "deleted" : "already gone");
	else
		revoke->refusal = ask_refused(&revoke->ask, node->path, event);
	session_event_free(event);
	return status;
}

static int
break_nodes(struct revoke *revoke, FILE *terminal)
{
	size_t i;
	int status;

	status = revoke_look(revoke);
	if (status != ASK_GO_ON)
		return status;
	if (revoke->count == 0) {
		log_notice("nobody holds '%s'", revoke->task);
		revoke_name_pauses(revoke);
		return 0;
	}
	show_nodes(revoke, terminal);
	revoke_name_pauses(revoke);
	if (!confirm_ask(terminal, "Delete these nodes?"))
		return revoke->options->conflict_exit_code;
	/* Delete only the nodes that zkrun has shown. */
	for (i = 0; i < revoke->count; i++) {
		status = delete_node(revoke, &revoke->nodes[i]);
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

	status = confirm_open(options, "break", options->task, &terminal);
	if (status != 0)
		return status;
	revoke_open(&revoke, options, "break");
	status = break_nodes(&revoke, terminal);
	revoke_close(&revoke);
	confirm_close(terminal);
	return status;
}
