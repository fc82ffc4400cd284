/*
 * Shows the progress of the waiting: on the terminal, in answer to SIGUSR1, and
 * to the guard for a service manager.
 *
 * A look lists the queue and the leases, and reads the node of one holder.  It
 * costs three requests, however long the queue is.  Looks serve users only: the
 * recipe itself watches the node before its own.
 */
#include "run/keeper_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "config/options.h"
#include "lock/holders.h"
#include "lock/nodename.h"
#include "lock/paths.h"
#include "lock/pauses.h"

#define LINE_MS		1000	/* between updates of the terminal line */
#define LOOK_MS		5000	/* between two looks for that line */
#define REPORT_LOOK_MS	60000	/* between two looks for a service manager */

enum tag {
	TAG_QUEUE = KEEPER_LOOK_TAGS,
	TAG_LEASES,
	TAG_HOLDER,
};

static const char no_contact[] = ", no contact with ZooKeeper";

/*
 * The process title in ps(1) and the service manager's status show this name.
 */
static const struct {
	int		 states;
	const char	*name;
} names[] = {
	{ CONNECTING, "connecting" },
	{ QUEUED | EXPLAINING, "waiting" },
	{ JUDGING, "judging" },
	{ PROVING | ASKING, "starting" },
	{ RUNNING, "holding" },
	{ LINGERING, "lingering" },
	{ STOPPING | KILLING, "stopping" },
	{ RECORDING, "recording" },
	{ HOLDING, "holding on" },
	{ LEAVING | UNCONFIRMED | FINISHED, "leaving" },
};

const char *
keeper_state_name(const struct keeper *keeper)
{
	size_t i = 0;

	while ((names[i].states & (int)keeper->state) == 0)
		i++;
	return names[i].name;
}

void
keeper_forget_look(struct keeper *keeper)
{
	keeper->progress.looking = false;
	keeper->progress.place[0] = keeper->progress.holder[0] = '\0';
}

/* Asks for a parent's list, or for one of its nodes. */
static void
ask(struct keeper *keeper, enum tag tag, enum paths_parent parent,
    const char *name)
{
	const char *path = recipe_parent(keeper->recipe, parent);
	char node[PATHS_SIZE];

	if (name != NULL && nodename_join(node, sizeof(node), path, name))
		path = node;
	session_ask(&keeper->connector.session, name != NULL ? SESSION_GET :
	    SESSION_LIST, (int)tag, SESSION_NO_WATCH, path, NULL);
}

/*
 * Starts a look if the last one is older than age_ms or its result was
 * forgotten.
 */
static void
look_if_older(struct keeper *keeper, int64_t age_ms)
{
	struct keeper_progress *progress = &keeper->progress;
	int64_t now_ms;

	now_ms = clock_ms();
	if (progress->looking || keeper->connector.phase != CONNECTOR_UP ||
	    (progress->place[0] != '\0' &&
	    now_ms - progress->looked_ms < age_ms))
		return;
	progress->looking = true;
	progress->looked_ms = now_ms;
	ask(keeper, TAG_QUEUE, PATHS_LOCKS, NULL);
	ask(keeper, TAG_LEASES, PATHS_LEASES, NULL);
}

/* Asks for the node of a pause, or else of the oldest holder. */
static void
take_leases(struct keeper *keeper, const struct session_event *event)
{
	struct keeper_progress *progress = &keeper->progress;
	const char *node;

	node = recipe_holder(keeper->recipe, event->names, event->count,
	    &progress->holders);
	progress->paused = node != NULL && nodename_is_pause(node);
	if (node != NULL)
		ask(keeper, TAG_HOLDER, PATHS_LEASES, node);
}

/* Writes "held by WHO since TIME" or "paused by WHO since TIME: REASON". */
static void
describe_holder(struct keeper_progress *progress, struct session_event *event)
{
	const struct holders_node node = {
		.data = event->data,
		.since_ms = event->changed_ms,
	};
	struct holders_who who;
	char more[32] = "", name[112], since[32], text[256];

	if (progress->paused) {
		pauses_describe(&node, text, sizeof(text));
		(void)snprintf(progress->holder, sizeof(progress->holder),
		    "paused by %s", text);
		return;
	}
	holders_read_who(&who, &node);
	holders_name(&who, name, sizeof(name));
	text_since(since, sizeof(since), who.since_ms);
	if (progress->holders > 1)
		(void)snprintf(more, sizeof(more), " and %zu more",
		    progress->holders - 1);
	(void)snprintf(progress->holder, sizeof(progress->holder),
	    "held by %s since %s%s", name, since, more);
}

/*
 * Completes a look: describes our place, and the holder if there is one.  The
 * stored texts are shown until the next look is complete.
 */
static void
note_place(struct keeper *keeper, struct session_event *event)
{
	struct keeper_progress *progress = &keeper->progress;
	char ahead[32] = "next in the queue";

	progress->looking = false;
	if (progress->ahead > 0)
		(void)snprintf(ahead, sizeof(ahead), "%zu ahead",
		    progress->ahead);
	progress->holder[0] = '\0';
	if (progress->holders > 0 && event->code == SESSION_OK)
		describe_holder(progress, event);
	(void)snprintf(progress->place, sizeof(progress->place), ", %s%s%s",
	    ahead, progress->holder[0] != '\0' ? ", " : "", progress->holder);
}

/* Prints how long we have waited, our place, and the holder. */
static void
say(const struct keeper *keeper,
    __attribute__((format(printf, 1, 2))) void (*log)(const char *, ...))
{
	int64_t seconds;

	seconds = keeper->waiting_since_ms == CLOCK_NEVER ? 0 :
	    (clock_ms() - keeper->waiting_since_ms + 500) / 1000;
	log("waiting for '%s': %lld:%02lld%s", keeper->options->task,
	    (long long)seconds / 60, (long long)seconds % 60,
	    keeper->connector.phase != CONNECTOR_UP ? no_contact :
	    keeper->progress.place);
}

static void
show(struct keeper *keeper)
{
	say(keeper, log_progress);
	keeper->progress.shown = true;
}

/* Omit the waiting time, which would be out of date at once. */
void
keeper_report(struct keeper *keeper)
{
	struct link_message message = { .type = LINK_ALIVE };
	const char *more = "";

	if (!keeper->progress.reporting ||
	    (keeper->state & (UNCONFIRMED | FINISHED)) != 0)
		return;
	if (keeper->state == QUEUED)
		more = keeper->progress.place;
	if (keeper->connector.phase != CONNECTOR_UP)
		more = keeper->state != CONNECTING ? no_contact : "";
	(void)strlcpy(message.report, keeper_state_name(keeper),
	    sizeof(message.report));
	(void)strlcat(message.report, more, sizeof(message.report));
	link_send(keeper->link, &message);
}

/* keeper_take_look() reports the new place after the last reply. */
void
keeper_report_place(struct keeper *keeper)
{
	if (keeper->progress.reporting)
		look_if_older(keeper, 0);
	keeper_report(keeper);
}

enum keeper_state
keeper_take_ping(struct keeper *keeper, const struct link_message *message)
{
	keeper->progress.reporting = true;
	if (keeper->state == QUEUED)
		look_if_older(keeper, REPORT_LOOK_MS);
	keeper_report(keeper);
	return keeper->state;
}

/* Handles one reply of a look, and sends the look's next request. */
static void
take_answer(struct keeper *keeper, struct session_event *event)
{
	switch ((enum tag)event->tag) {
	case TAG_QUEUE:
		keeper->progress.ahead = recipe_ahead(keeper->recipe,
		    event->names, event->count);
		return;
	case TAG_LEASES:
		take_leases(keeper, event);
		if (keeper->progress.holders > 0 || keeper->progress.paused)
			return;
		break;
	case TAG_HOLDER:
		if (event->code != SESSION_NO_NODE)
			break;
		/* The lease was just released: look for the next holder. */
		ask(keeper, TAG_LEASES, PATHS_LEASES, NULL);
		return;
	}
	note_place(keeper, event);
}

bool
keeper_owns_look(const struct session_event *event)
{
	return event->type == SESSION_REPLY && event->tag >= KEEPER_LOOK_TAGS;
}

enum keeper_event
keeper_take_look(struct keeper *keeper, struct session_event *event)
{
	struct keeper_progress *progress = &keeper->progress;

	if (!progress->looking)
		return NO_EVENT;
	take_answer(keeper, event);
	if (progress->looking)
		return NO_EVENT;
	if (keeper->state != QUEUED)
		return LOOKED;
	keeper_report(keeper);
	if (progress->asked)
		say(keeper, log_answer);
	else if (progress->telling && progress->paused)
		say(keeper, log_notice);
	if (progress->next_ms != CLOCK_NEVER)
		show(keeper);
	progress->asked = false;
	/* Start another look if this one was sent before the pause began. */
	progress->telling &= !progress->paused && keeper->claim->is_paused;
	if (progress->telling)
		look_if_older(keeper, 0);
	return LOOKED;
}

bool
keeper_look(struct keeper *keeper)
{
	look_if_older(keeper, 0);
	return keeper->progress.looking;
}

void
keeper_tell_pause(struct keeper *keeper)
{
	struct keeper_progress *progress = &keeper->progress;

	if (keeper->claim->is_paused && !progress->knows_pause) {
		progress->telling = true;
		look_if_older(keeper, 0);
	}
	progress->knows_pause = keeper->claim->is_paused;
}

int64_t
keeper_progress_ms(const struct keeper *keeper)
{
	return keeper->state == QUEUED ? keeper->progress.next_ms :
	    CLOCK_NEVER;
}

void
keeper_start_progress(struct keeper *keeper)
{
	struct keeper_progress *progress = &keeper->progress;
	const char *terminal = getenv("TERM");

	progress->next_ms = CLOCK_NEVER;
	if (keeper->options->verbosity >= LOG_NORMAL &&
	    isatty(STDERR_FILENO) && terminal != NULL &&
	    strcmp(terminal, "dumb") != 0)
		progress->next_ms = clock_after(clock_ms(), LINE_MS);
}

void
keeper_show_progress(struct keeper *keeper)
{
	struct keeper_progress *progress = &keeper->progress;

	progress->next_ms = clock_after(clock_ms(), LINE_MS);
	look_if_older(keeper, LOOK_MS);
	/* Show no first line until the first look is complete. */
	if (!progress->looking || progress->place[0] != '\0')
		show(keeper);
}

void
keeper_hide_progress(struct keeper *keeper)
{
	if (keeper->progress.shown)
		log_progress("%s", "");
	keeper->progress.shown = false;
}

void
keeper_look_again(struct keeper *keeper)
{
	if (keeper->progress.asked)
		look_if_older(keeper, 0);
}

/* Answers SIGUSR1 while no command runs. */
enum keeper_state
keeper_tell_progress(struct keeper *keeper, const struct link_message *message)
{
	if (keeper->state == HOLDING)
		keeper_say_hold(keeper);
	else if (keeper->state == QUEUED &&
	    keeper->connector.phase == CONNECTOR_UP) {
		keeper->progress.asked = true;
		look_if_older(keeper, 0);
	} else if ((keeper->state & (CONNECTING | QUEUED)) != 0)
		say(keeper, log_answer);
	return keeper->state;
}
