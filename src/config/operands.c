/*
 * A command, or tasks and what is said of them.
 */
#include "config/operands.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/options.h"

#define PAUSE_MOST	1000	/* leases, for every client lists them all */

/* What no option can see by itself. */
static int
check_together(const struct options *options)
{
	if (options->json && options->mode != OPTIONS_STATUS)
		return options_refuse("--json", "it goes with --status");
	if (options->yes && options->mode != OPTIONS_BREAK &&
	    options->mode != OPTIONS_FORGET)
		return options_refuse("--yes",
		    "it goes with --break and --forget");
	if (options->interval_ms > 0 && options->interval_ms != CLOCK_NEVER &&
	    options->max_leases > 1)
		return options_refuse("--interval", "with more than one lease, "
		    "as many would run at once");
	return 0;
}

/* Joins the words of a reason. */
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
				return options_refuse(words[i],
				    "a reason is text in UTF-8, in one line");
		}
		if (i > 0)
			(void)strlcat(options->reason, " ",
			    sizeof(options->reason));
		if (strlcat(options->reason, words[i],
		    sizeof(options->reason)) >= sizeof(options->reason))
			return options_refuse(words[i],
			    "the reason is longer than 200 bytes");
	}
	return 0;
}

/* Takes the tasks.  --pause has a reason behind its only task, --resume a user. */
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
			return options_refuse(operands[0],
			    "a task is given with -t");
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
		return options_refuse("zkrun", "no task is given");
	options->task = options->tasks[0];
	if (mode == OPTIONS_PAUSE && options->max_leases > PAUSE_MOST)
		return options_refuse("--leases", "a pause has 1000 leases at "
		    "most");
	if (mode == OPTIONS_PAUSE)
		return take_reason(options, operands, count);
	if (options->task_count > 1 || (takes_more && count > 1))
		return options_refuse(operands[1], "one task at a time");
	options->whose = takes_more && count > 0 ? operands[0] : NULL;
	return 0;
}

int
operands_take(struct options *options, char *const *operands, size_t count)
{
	const char *reason;
	size_t i;
	int status;

	if (options->mode == OPTIONS_RUN) {
		options->tasks = (char *const *)&options->task;
		options->task_count = options->task != NULL;
		options->command = operands;
		if (options->task == NULL)
			return options_refuse("zkrun", "no task is given (-t)");
		if (count == 0)
			return options_refuse("zkrun", "no command is given");
		return check_together(options);
	}
	if (count > 0 && options->mode == OPTIONS_CHECK)
		return options_refuse(operands[0], "--check takes no command");
	status = take_tasks(options, operands, count);
	if (status != 0)
		return status;
	for (i = 0; i < options->task_count; i++) {
		reason = servers_check_name(options->tasks[i]);
		if (reason != NULL)
			return options_refuse(options->tasks[i], reason);
	}
	return check_together(options);
}
