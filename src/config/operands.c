/*
 * Takes the command, or the tasks with a reason or a user.
 */
#include "config/operands.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/help.h"
#include "config/options.h"

#define PAUSE_MOST	1000	/* leases: every client lists all of them */

static int
refuse(const char *word, const char *reason)
{
	return help_refuse("cannot use '%.300s': %s", word, reason);
}

/* Checks the options that depend on each other. */
static int
check_together(const struct options *options)
{
	if (options->json && options->mode != OPTIONS_STATUS)
		return refuse("--json", "works only with --status");
	if (options->yes && options->mode != OPTIONS_BREAK &&
	    options->mode != OPTIONS_FORGET)
		return refuse("--yes", "works only with --break and --forget");
	if (options->interval_ms > 0 && options->interval_ms != CLOCK_NEVER &&
	    options->max_leases > 1)
		return refuse("--interval", "works only with one lease (-l 1)");
	if (options->recipe == OPTIONS_MUTEX && options->max_leases > 1)
		return refuse("--recipe", "a mutex has one lease (-l 1)");
	return 0;
}

/* Joins the words of a reason with blanks. */
static int
take_reason(struct options *options, char *const *words, size_t count)
{
	const char *c;
	uint32_t character;
	size_t i;

	for (i = 0; i < count; i++) {
		for (c = words[i]; *c != '\0';) {
			character = text_next(&c);
			if (character < ' ' || character == 0x7f ||
			    character == TEXT_INVALID)
				return refuse(words[i],
				    "the reason must be one line of UTF-8");
		}
		if (i > 0)
			(void)strlcat(options->reason, " ",
			    sizeof(options->reason));
		if (strlcat(options->reason, words[i],
		    sizeof(options->reason)) >= sizeof(options->reason))
			return refuse(words[i],
			    "the reason is longer than 200 bytes");
	}
	return 0;
}

/* Takes the tasks, and the reason of --pause or the user of --resume. */
static int
take_tasks(struct options *options, char *const *operands, size_t count)
{
	enum options_mode mode = options->mode;
	bool takes_more = mode == OPTIONS_PAUSE || mode == OPTIONS_RESUME;
	bool takes_one = takes_more || mode == OPTIONS_REVOKE ||
	    mode == OPTIONS_BREAK;

	options->tasks = operands;
	options->task_count = count;
	if (options->task != NULL) {
		if (count > 0 && !takes_more)
			return refuse(operands[0],
			    "-t already names the task");
		options->tasks = (char *const *)&options->task;
		options->task_count = 1;
	} else if (takes_more && count > 0) {
		options->task_count = 1;
		operands++;
		count--;
	}
	if (!takes_one)
		return 0;
	if (options->task_count == 0)
		return help_refuse("no task given");
	options->task = options->tasks[0];
	if (mode == OPTIONS_PAUSE && options->max_leases > PAUSE_MOST)
		return refuse("--leases", "a pause has at most 1000 leases");
	if (mode == OPTIONS_PAUSE)
		return take_reason(options, operands, count);
	if (options->task_count > 1 || (takes_more && count > 1))
		return refuse(operands[1], takes_more ? "give one user only" :
		    "give one task only");
	options->whose = takes_more && count > 0 ? operands[0] : NULL;
	return 0;
}

int
operands_take(struct options *options, char *const *operands, size_t count)
{
	const char *reason;
	size_t i;
	int status;

	status = check_together(options);
	if (status != 0)
		return status;
	if (options->mode == OPTIONS_RUN) {
		options->tasks = (char *const *)&options->task;
		options->task_count = options->task != NULL;
		options->command = operands;
		if (options->task == NULL)
			return help_refuse("no task given (use -t)");
		if (count == 0)
			return help_refuse("no command given");
		return 0;
	}
	if (count > 0 && options->mode == OPTIONS_CHECK)
		return refuse(operands[0], "--check takes no arguments");
	status = take_tasks(options, operands, count);
	if (status != 0)
		return status;
	for (i = 0; i < options->task_count; i++) {
		reason = servers_check_name(options->tasks[i]);
		if (reason != NULL)
			return refuse(options->tasks[i], reason);
	}
	return 0;
}
