/*
 * Collects the reasons why a task needs attention, separated by "; ".
 */
#include "query/status_why.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lock/pauses.h"
#include "lock/runs_text.h"
#include "lock/survey.h"

#define LONG_MS		3600000	/* see add_holder() */
#define GRACE_MS	600000	/* see add_holder() */

static void
add(char why[STATUS_WHY_SIZE], const char *reason)
{
	if (why[0] != '\0')
		(void)strlcat(why, "; ", STATUS_WHY_SIZE);
	(void)strlcat(why, reason, STATUS_WHY_SIZE);
}

static void
add_pauses(char why[STATUS_WHY_SIZE], const struct holders *holders)
{
	const struct holders_node *node;
	char reason[STATUS_WHY_SIZE], who[4 * HOLDERS_TEXT_SIZE - 32];
	size_t i = 0, size;

	while ((node = pauses_next(holders, &i, &size)) != NULL) {
		pauses_describe(node, who, sizeof(who));
		(void)snprintf(reason, sizeof(reason), "paused by %s", who);
		add(why, reason);
	}
}

/*
 * Adds a holder that holds for longer than LONG_MS while others wait, or for
 * longer than twice its last successful run + GRACE_MS.
 */
static void
add_holder(char why[STATUS_WHY_SIZE], const struct survey_task *task,
    const struct runs_text_run *success, const struct holders_node *node,
    int64_t now_ms)
{
	size_t waiting = task->holders.waiter_count;
	struct holders_who who;
	char name[112], reason[STATUS_WHY_SIZE], text[32];
	char took[80] = "", wait[64] = "";
	int64_t held_ms;

	holders_read_who(&who, node);
	/* Ignore a negative time, which is garbled. */
	if (node->session == 0 || who.since_ms < 0)
		return;
	held_ms = now_ms - who.since_ms;
	if ((success == NULL || (held_ms - GRACE_MS) / 2 <= success->took_ms) &&
	    (waiting == 0 || held_ms <= LONG_MS))
		return;
	holders_name(&who, name, sizeof(name));
	if (waiting > 0)
		(void)snprintf(wait, sizeof(wait), " while %zu client%s",
		    waiting, waiting == 1 ? " waits" : "s wait");
	if (success != NULL) {
		text_duration(text, sizeof(text), success->took_ms);
		(void)snprintf(took, sizeof(took),
		    "; its last successful run took %s", text);
	}
	text_duration(text, sizeof(text), held_ms);
	(void)snprintf(reason, sizeof(reason), "held by %s for %s%s%s", name,
	    text, wait, took);
	add(why, reason);
}

/* Adds a remark about a client that does not wait for the holder. */
static void
add_careless(char why[STATUS_WHY_SIZE], const struct holders *holders)
{
	const struct holders_node *node = holders->careless;
	char reason[STATUS_WHY_SIZE], holder[112], name[112];
	struct holders_who who;

	if (node == NULL || holders->holder_count == 0)
		return;
	holders_read_who(&who, node);
	holders_name(&who, name, sizeof(name));
	holders_read_who(&who, holders->leases);
	holders_name(&who, holder, sizeof(holder));
	(void)snprintf(reason, sizeof(reason), "held by %s, and perhaps by %s "
	    "as well, because %s by itself does not wait for %s", holder, name,
	    holders_client(node), holders_client(holders->leases)[0] != '\0' ?
	    holders_client(holders->leases) : "zkrun");
	add(why, reason);
}

static void
add_without_session(char why[STATUS_WHY_SIZE], const struct holders *holders)
{
	size_t i;

	for (i = 0; i < holders->holder_count; i++)
		if (holders->leases[i].session == 0) {
			add(why, "held by a lease without a session (--break "
			    "deletes it)");
			break;
		}
	if (holders->no_session_count > 0)
		add(why, "a node in the queue has no session: Java programs "
		    "wait behind it forever (--break deletes it)");
}

/* Writes how long ago a run ended.  A record may contain any numbers. */
static void
format_age(char *text, size_t size, const struct runs_text_run *run,
    int64_t now_ms)
{
	int64_t ended_ms = run->took_ms > INT64_MAX - run->started_ms ?
	    INT64_MAX : run->started_ms + run->took_ms;

	text_duration(text, size, now_ms - ended_ms);
}

static void
add_failure(char why[STATUS_WHY_SIZE], const struct runs_text *log,
    int64_t now_ms)
{
	const struct runs_text_run *last = runs_text_last(log, true);
	const struct runs_text_run *success = runs_text_last(log, false);
	char ago[32], host[RUNS_TEXT_HOST], reason[512];
	char good[64] = ", and never succeeded";

	if (last == NULL || last->status == 0)
		return;
	text_clean(host, sizeof(host), last->host);
	if (success != NULL) {
		format_age(ago, sizeof(ago), success, now_ms);
		(void)snprintf(good, sizeof(good), "; last succeeded %s ago",
		    ago);
	}
	format_age(ago, sizeof(ago), last, now_ms);
	(void)snprintf(reason, sizeof(reason), "failed %s ago on %s with exit "
	    "status %d%s", ago, host, last->status, good);
	add(why, reason);
}

enum status_need
status_why(const struct survey_task *task, int64_t now_ms,
    char why[STATUS_WHY_SIZE])
{
	const struct holders *holders = &task->holders;
	struct runs_text log;
	const char *problem;
	bool is_wrong;
	size_t i;

	why[0] = '\0';
	if (task->problem.code != SESSION_OK)
		add(why, "cannot be read");
	problem = survey_read_record(task, &log);
	add_failure(why, &log, now_ms);
	for (i = 0; i < holders->holder_count; i++)
		add_holder(why, task, runs_text_last(&log, false),
		    &holders->leases[i], now_ms);
	add_careless(why, holders);
	add_without_session(why, holders);
	if (problem != NULL)
		add(why, "its record of runs cannot be read");
	is_wrong = why[0] != '\0';
	add_pauses(why, holders);
	return is_wrong ? STATUS_IS_WRONG :
	    why[0] != '\0' ? STATUS_IS_PAUSED : STATUS_IS_WELL;
}
