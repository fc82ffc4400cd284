/*
 * Surveys the tasks and prints them.
 */
#include "query/status.h"

#include <stdio.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/survey.h"
#include "query/ask.h"
#include "query/output.h"
#include "query/status_print.h"

/* Returns the task or path for messages about the whole survey. */
static const char *
object_of(const struct options *options)
{
	if (options->task_count == 1)
		return options->tasks[0];
	return options->base[0] != '\0' ? options->base : "/";
}

/* Logs the problems of the survey.  Returns the exit status. */
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

int
status_run(const struct options *options)
{
	struct survey survey;
	struct asker ask;
	int status;

	ask_open(&ask, options, "look at", object_of(options));
	survey_init(&survey, options, &ask.connector.session);
	status = ask_survey(&ask, &survey);
	/* If the chroot is missing, there are no tasks to print. */
	if (status == ASK_GO_ON && survey.problem.code == SESSION_NO_NODE)
		status = survey_report(&survey.problem);
	if (status == ASK_GO_ON)
		status = output_print(options->json ? status_print_json :
		    status_print_table, &survey);
	if (status == 0)
		status = conclude(&survey);
	survey_free(&survey);
	connector_close(&ask.connector);
	return status;
}
