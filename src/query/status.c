/*
 * Asks, prints, and says in the exit status whether something is held.
 */
#include "query/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/survey.h"
#include "query/ask.h"
#include "query/status_print.h"
#include "zookeeper/connector.h"

/* For messages about all that is asked. */
static const char *
object_of(const struct options *options)
{
	if (options->task_count == 1)
		return options->tasks[0];
	return options->base[0] != '\0' ? options->base : "/";
}

/* Waits for the next news.  Returns an exit status, or -1 to go on. */
static int
take_news(struct connector *connector, struct survey *survey)
{
	struct session_event *event;
	enum survey_news news;
	int status;

	news = SURVEY_NOTHING;
	status = -1;
	switch (ask_wait(connector, CLOCK_NEVER, "look at",
	    object_of(survey->options), &event)) {
	case ASK_NOW:
		news = survey_begin(survey);
		break;
	case ASK_EVENT:
		news = survey_take(survey, event);
		break;
	case ASK_UNREACHABLE:
		status = EXITCODE_UNREACHABLE;
		break;
	case ASK_REJECTED:
		status = EXITCODE_DENIED;
		break;
	case ASK_LATE:
		break;
	}
	session_event_free(event);
	if (news == SURVEY_FAILED) {
		log_error("cannot look at '%s': %s", object_of(survey->options),
		    strerror(ENOMEM));
		status = EXITCODE_SYSTEM;
	}
	return news == SURVEY_DONE ? 0 : status;
}

/* What the survey comes to, as an exit status. */
static int
conclude(const struct survey *survey)
{
	const struct survey_task *task;
	int problem, status;
	size_t i;

	status = EXITCODE_FREE;
	problem = survey_report(&survey->problem);
	for (i = 0; i < survey->task_count; i++) {
		task = &survey->tasks[i];
		if (task->holders.holder_count > 0)
			status = 0;
		if (task->record_problem.code != SESSION_OK)
			problem = survey_report(&task->record_problem);
		if (task->problem.code != SESSION_OK)
			problem = survey_report(&task->problem);
	}
	return problem != 0 ? problem : status;
}

static int
print(const struct survey *survey)
{
	errno = 0;
	if (survey->options->json)
		status_print_json(survey, stdout);
	else
		status_print_table(survey, stdout);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	log_error("cannot write 'standard output': %s", strerror(errno));
	return EXITCODE_SYSTEM;
}

int
status_run(const struct options *options)
{
	struct connector connector;
	struct survey survey;
	int status;

	connector_init(&connector, options);
	survey_init(&survey, options, &connector.session);
	connector_start(&connector);
	do {
		status = take_news(&connector, &survey);
	} while (status == -1);
	/* Without the chroot there is nothing to be shown. */
	if (status == 0 && survey.problem.code == SESSION_NO_NODE)
		status = survey_report(&survey.problem);
	if (status == 0)
		status = print(&survey);
	if (status == 0)
		status = conclude(&survey);
	survey_free(&survey);
	connector_close(&connector);
	return status;
}
