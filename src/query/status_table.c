/*
 * Prints a survey as a table: aligned columns, a block of lines for each task,
 * times in the reader's time zone.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "lock/pauses.h"
#include "lock/runs_text.h"
#include "lock/survey.h"
#include "query/status_print.h"
#include "query/status_why.h"

#define CELL_SIZE	HOLDERS_TEXT_SIZE
#define WIDTH_MAX	32	/* a wider cell is not aligned */

enum column {
	TASK,
	STATE,
	SINCE,
	HOST,
	PID,
	USER,
	COMMAND,
	COLUMNS
};

/* The last cell that is not empty may have any width. */
struct row {
	char	cell[COLUMNS][CELL_SIZE];
};

struct table {
	FILE	*out;		/* NULL: measure only */
	size_t	 width[COLUMNS];
	int64_t	 now_ms;
	bool	 has_ages;	/* adds "(3h ago)" to times */
};

static void
set(struct row *row, enum column column, const char *text)
{
	text_clean(row->cell[column], CELL_SIZE, text[0] != '\0' ? text : "?");
}

/* Measures or prints a row, and clears it. */
static void
take_row(struct table *table, struct row *row)
{
	size_t i, last, width;

	for (last = COLUMNS - 1; last > 0 && row->cell[last][0] == '\0';)
		last--;
	for (i = 0; i < last; i++) {
		width = text_width(row->cell[i]);
		if (table->out != NULL)
			(void)fprintf(table->out, "%s%*s", row->cell[i],
			    width < table->width[i] ?
			    (int)(table->width[i] - width) + 2 : 2, "");
		else if (width > table->width[i] && width <= WIDTH_MAX)
			table->width[i] = width;
	}
	if (table->out != NULL)
		(void)fprintf(table->out, "%s\n", row->cell[last]);
	memset(row, 0, sizeof(*row));
}

static void
set_time(const struct table *table, struct row *row, int64_t ms)
{
	char age[32], ago[48];
	struct tm broken_down;
	time_t seconds;

	seconds = (time_t)(ms / 1000);
	if (localtime_r(&seconds, &broken_down) == NULL ||
	    strftime(row->cell[SINCE], CELL_SIZE, "%Y-%m-%d %H:%M:%S",
	    &broken_down) == 0) {
		set(row, SINCE, "?");
		return;
	}
	if (!table->has_ages || ms > table->now_ms)
		return;
	text_duration(age, sizeof(age), table->now_ms - ms);
	(void)snprintf(ago, sizeof(ago), " (%s ago)", age);
	(void)strlcat(row->cell[SINCE], ago, CELL_SIZE);
}

/* Adds a row for a pause, with the reason in place of the command. */
static void
take_pause(struct table *table, struct row *row,
    const struct holders_node *node, size_t size)
{
	struct pauses_pause pause;
	char more[48];

	pauses_read(&pause, node);
	set(row, STATE, "paused");
	set_time(table, row, node->since_ms);
	set(row, HOST, pause.host);
	set(row, USER, pause.user);
	text_clean(row->cell[COMMAND], CELL_SIZE, pause.reason);
	if (size > 1) {
		(void)snprintf(more, sizeof(more), "%s(%zu leases)",
		    pause.reason[0] != '\0' ? " " : "", size);
		(void)strlcat(row->cell[COMMAND], more, CELL_SIZE);
	}
	take_row(table, row);
}

/* Adds a row for a client, with a remark after the last cell. */
static void
take_node(struct table *table, struct row *row,
    const struct holders_node *node, const char *remark)
{
	struct holders_who who;

	holders_read_who(&who, node);
	set_time(table, row, who.since_ms);
	set(row, HOST, holders_where(&who));
	if (who.is_zkrun) {
		(void)snprintf(row->cell[PID], CELL_SIZE, "%" PRId64, who.pid);
		set(row, USER, who.user);
		set(row, COMMAND, who.command);
	}
	if (holders_client(node)[0] != '\0') {
		(void)strlcat(row->cell[HOST], ", ", CELL_SIZE);
		(void)strlcat(row->cell[HOST], holders_client(node), CELL_SIZE);
	}
	(void)strlcat(row->cell[who.is_zkrun ? COMMAND : HOST], remark,
	    CELL_SIZE);
	take_row(table, row);
}

static void
take_run(struct table *table, struct row *row, const char *state,
    const struct runs_text_run *run)
{
	char took[32];

	set(row, STATE, state);
	set_time(table, row, run->started_ms);
	set(row, HOST, run->host);
	text_duration(took, sizeof(took), run->took_ms);
	(void)snprintf(row->cell[PID], CELL_SIZE, "exit %d after %s",
	    run->status, took);
	take_row(table, row);
}

/* Adds rows for the record.  With is_alone, they are the task's only rows. */
static void
take_record(struct table *table, struct row *row,
    const struct survey_task *task, bool is_alone)
{
	const struct runs_text_run *last, *success;
	struct runs_text log;
	const char *problem;
	char text[CELL_SIZE];

	problem = survey_read_record(task, &log);
	last = runs_text_last(&log, true);
	success = runs_text_last(&log, false);
	if (is_alone && last == NULL) {
		set(row, STATE, "free");
		take_row(table, row);
	}
	if (problem != NULL) {
		set(row, STATE, "last run");
		(void)snprintf(text, sizeof(text),
		    "unknown; the record cannot be read: %s", problem);
		set(row, SINCE, text);
		take_row(table, row);
		return;
	}
	if (last != NULL)
		take_run(table, row, is_alone ? "free" : "last run", last);
	if (success != NULL && (last == NULL || last->fence != success->fence))
		take_run(table, row, "last ok", success);
}

static void
take_task(struct table *table, const struct survey_task *task)
{
	const struct holders *holders = &task->holders;
	bool is_free = task->problem.code == SESSION_OK &&
	    holders->holder_count + holders->pause_count == 0;
	const struct holders_node *node;
	bool has_queue = holders->waiter_count + holders->no_session_count > 0;
	struct row row;
	size_t i, size;

	memset(&row, 0, sizeof(row));
	set(&row, TASK, task->name);
	for (i = 0; i < holders->holder_count; i++) {
		set(&row, STATE, "held");
		take_node(table, &row, &holders->leases[i],
		    holders->leases[i].session == 0 ? ", no session" : "");
	}
	for (i = 0; (node = pauses_next(holders, &i, &size)) != NULL;)
		take_pause(table, &row, node, size);
	if (task->problem.code != SESSION_OK) {
		set(&row, STATE, "unknown");
		set(&row, SINCE, task->problem.reason);
		take_row(table, &row);
	} else if (is_free && has_queue) {
		set(&row, STATE, "free");
		take_row(table, &row);
	}
	for (i = 0; i < holders->waiter_count; i++) {
		(void)snprintf(row.cell[STATE], CELL_SIZE, "wait %zu", i + 1);
		take_node(table, &row, &holders->locks[i],
		    &holders->locks[i] == holders->careless ?
		    ", may hold as well" : "");
	}
	for (i = 0; i < holders->no_session_count; i++) {
		set(&row, STATE, "no session");
		take_node(table, &row,
		    &holders->locks[holders->waiter_count + i], "");
	}
	take_record(table, &row, task, is_free && !has_queue);
}

static void
take_all(struct table *table, const struct survey *survey)
{
	struct row head = { {
		"TASK", "STATE", "SINCE", "HOST", "PID", "USER", "COMMAND",
	} };
	size_t i;

	take_row(table, &head);
	for (i = 0; i < survey->task_count; i++)
		take_task(table, &survey->tasks[i]);
}

/*
 * Prints each task that needs this kind of attention, with the reasons.
 * Returns whether zkrun has printed the title.
 */
static bool
print_whys(const struct survey *survey, const struct table *table,
    enum status_need need, bool has_title)
{
	char name[CELL_SIZE], why[STATUS_WHY_SIZE];
	size_t i;

	for (i = 0; i < survey->task_count; i++) {
		if (status_why(&survey->tasks[i], table->now_ms, why) != need)
			continue;
		text_clean(name, sizeof(name), survey->tasks[i].name);
		(void)fprintf(table->out, "%s%s: %s\n", has_title ? "" :
		    "\nThese tasks need attention:\n", name, why);
		has_title = true;
	}
	return has_title;
}

void
status_print_table(const struct survey *survey, FILE *out)
{
	struct table table = { .has_ages = isatty(fileno(out)) == 1 };
	struct timespec now;
	bool any;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	table.now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	take_all(&table, survey);
	table.out = out;
	take_all(&table, survey);
	any = print_whys(survey, &table, STATUS_IS_WRONG, false);
	(void)print_whys(survey, &table, STATUS_IS_PAUSED, any);
}
