/*
 * How the waiting goes: a line on the terminal, or one when SIGUSR1 asks.
 *
 * The line itself only knows who is next before us.  So for this, and only for
 * this, all of it is looked at, as --status does.
 */
#include "run/keeper_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "config/options.h"

#define LINE_MS		1000	/* until it is shown, and shown anew */
#define LOOK_MS		5000	/* until it is looked at again for that */
#define REPORT_LOOK_MS	60000	/* the same, for nobody who watches it */

static const char no_contact[] = ", no contact with ZooKeeper";

/* As ps(1) shows the states. */
static const struct {
	int		 states;
	const char	*name;
} names[] = {
	{ CONNECTING, "connecting" },
	{ IN_LINE, "waiting" },
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

static void
look(struct keeper *keeper)
{
	struct keeper_progress *progress = &keeper->progress;

	if (progress->looking)
		return;
	progress->looked_ms = clock_ms();
	progress->looking = survey_begin(&progress->survey) != SURVEY_FAILED;
	if (!progress->looking)
		progress->place[0] = '\0';
}

void
keeper_forget_look(struct keeper *keeper)
{
	keeper->progress.looking = false;
	keeper->progress.place[0] = '\0';
}

/* Times are shown as the reader's clock has them. */
static void
format_since(int64_t since_ms, char *text, size_t size)
{
	struct tm then, today;
	time_t now, seconds;

	now = time(NULL);
	seconds = (time_t)(since_ms / 1000);
	if (localtime_r(&seconds, &then) == NULL ||
	    localtime_r(&now, &today) == NULL ||
	    strftime(text, size, then.tm_yday == today.tm_yday &&
	    then.tm_year == today.tm_year ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S",
	    &then) == 0)
		(void)strlcpy(text, "?", size);
}

static void
add_holders(const struct holders *holders, char *text, size_t size)
{
	struct holders_who who;
	char name[80], since[32];
	size_t length;

	if (holders->holder_count == 0)
		return;
	holders_read_who(&who, &holders->leases[0]);
	/* Others wrote it; Curator's clients have an address. */
	text_clean(name, sizeof(name), who.is_zkrun ? who.host : who.address);
	format_since(who.since_ms, since, sizeof(since));
	length = strlen(text);
	if (who.is_zkrun)
		(void)snprintf(text + length, size - length,
		    ", held by %s pid %lld since %s", name,
		    (long long)who.pid, since);
	else
		(void)snprintf(text + length, size - length,
		    ", held by %s since %s", name, since);
	length = strlen(text);
	if (holders->holder_count > 1)
		(void)snprintf(text + length, size - length, " and %zu more",
		    holders->holder_count - 1);
}

/* Returns how many are before us. */
static size_t
count_ahead(const struct keeper *keeper, const struct holders *holders)
{
	const char *own;
	size_t i;

	own = strrchr(keeper->claim->place, '/');
	for (i = 0; own != NULL && i < holders->waiter_count; i++)
		if (strcmp(holders->locks[i].name, own + 1) == 0)
			return i;
	return keeper->claim->ahead;
}

/*
 * Where in line we are, and who is at it.  In words, for these are shown until
 * the next look has its answers, and the survey is empty while it looks.
 */
static void
note_place(struct keeper *keeper)
{
	struct keeper_progress *progress = &keeper->progress;
	const struct holders *holders = &progress->survey.tasks[0].holders;
	size_t ahead;

	ahead = count_ahead(keeper, holders);
	if (ahead > 0)
		(void)snprintf(progress->place, sizeof(progress->place),
		    ", %zu ahead", ahead);
	else
		(void)strlcpy(progress->place, ", next in line",
		    sizeof(progress->place));
	add_holders(holders, progress->place, sizeof(progress->place));
}

static void
describe(const struct keeper *keeper, char *text, size_t size)
{
	int64_t seconds;

	seconds = keeper->waiting_since_ms == CLOCK_NEVER ? 0 :
	    (clock_ms() - keeper->waiting_since_ms + 500) / 1000;
	(void)snprintf(text, size, "waiting for %s: %lld:%02lld",
	    keeper->options->task, (long long)seconds / 60,
	    (long long)seconds % 60);
	if (keeper->connector.phase != CONNECTOR_UP)
		(void)strlcat(text, no_contact, size);
	else
		(void)strlcat(text, keeper->progress.place, size);
}

/* How things stand, in words that stay true for a while. */
void
keeper_report(struct keeper *keeper)
{
	struct link_message message = { .type = LINK_ALIVE };
	size_t size = sizeof(message.report);

	if (!keeper->progress.reporting ||
	    (keeper->state & (UNCONFIRMED | FINISHED)) != 0)
		return;
	(void)strlcpy(message.report, keeper_state_name(keeper), size);
	if (keeper->state == IN_LINE && keeper->connector.phase == CONNECTOR_UP)
		(void)strlcat(message.report, keeper->progress.place, size);
	else if (keeper->state != CONNECTING &&
	    keeper->connector.phase != CONNECTOR_UP)
		(void)strlcat(message.report, no_contact, size);
	link_send(keeper->link, &message);
}

/* The line has moved; once that is known there is another report. */
void
keeper_report_place(struct keeper *keeper)
{
	if (keeper->progress.reporting)
		look(keeper);
	keeper_report(keeper);
}

/* The answer shows that our loop turns. */
enum keeper_state
keeper_take_ping(struct keeper *keeper, const struct link_message *message)
{
	struct keeper_progress *progress = &keeper->progress;

	progress->reporting = true;
	if (keeper->state == IN_LINE &&
	    keeper->connector.phase == CONNECTOR_UP &&
	    (progress->place[0] == '\0' ||
	    clock_ms() - progress->looked_ms >= REPORT_LOOK_MS))
		look(keeper);
	keeper_report(keeper);
	return keeper->state;
}

bool
keeper_take_look(struct keeper *keeper, struct session_event *event)
{
	struct keeper_progress *progress = &keeper->progress;
	char text[512];

	if (event->type != SESSION_REPLY || event->tag < KEEPER_LOOK_TAGS)
		return false;
	if (!progress->looking)
		return true;
	switch (survey_take(&progress->survey, event)) {
	case SURVEY_NOTHING:
		return true;
	case SURVEY_DONE:
		note_place(keeper);
		break;
	case SURVEY_FAILED:
		progress->place[0] = '\0';
		break;
	}
	progress->looking = false;
	if (keeper->state != IN_LINE)
		return true;
	keeper_report(keeper);
	describe(keeper, text, sizeof(text));
	if (progress->asked)
		log_answer("%s", text);
	if (progress->next_ms != CLOCK_NEVER)
		log_progress("%s", text);
	progress->asked = false;
	return true;
}

int64_t
keeper_progress_ms(const struct keeper *keeper)
{
	return keeper->state == IN_LINE ? keeper->progress.next_ms :
	    CLOCK_NEVER;
}

void
keeper_start_progress(struct keeper *keeper)
{
	struct keeper_progress *progress = &keeper->progress;
	const char *terminal;

	survey_init(&progress->survey, keeper->options,
	    &keeper->connector.session, KEEPER_LOOK_TAGS);
	progress->next_ms = CLOCK_NEVER;
	terminal = getenv("TERM");
	if (keeper->options->verbosity >= LOG_NORMAL &&
	    isatty(STDERR_FILENO) && terminal != NULL &&
	    strcmp(terminal, "dumb") != 0)
		progress->next_ms = clock_after(clock_ms(), LINE_MS);
}

void
keeper_show_progress(struct keeper *keeper)
{
	struct keeper_progress *progress = &keeper->progress;
	char text[512];
	int64_t now_ms;

	now_ms = clock_ms();
	progress->next_ms = clock_after(now_ms, LINE_MS);
	if (keeper->connector.phase == CONNECTOR_UP &&
	    (progress->place[0] == '\0' ||
	    now_ms - progress->looked_ms >= LOOK_MS))
		look(keeper);
	/* The first one is shown when it has something to say. */
	if (progress->looking && progress->place[0] == '\0')
		return;
	describe(keeper, text, sizeof(text));
	log_progress("%s", text);
}

/* SIGUSR1, while there is no command. */
enum keeper_state
keeper_tell_progress(struct keeper *keeper, const struct link_message *message)
{
	char text[512];

	if (keeper->state == HOLDING)
		keeper_say_hold(keeper);
	else if (keeper->state == IN_LINE &&
	    keeper->connector.phase == CONNECTOR_UP) {
		keeper->progress.asked = true;
		look(keeper);
	} else if ((keeper->state & (CONNECTING | IN_LINE)) != 0) {
		describe(keeper, text, sizeof(text));
		log_answer("%s", text);
	}
	return keeper->state;
}
