/*
 * Contact of the queries.  Since a query owns no nodes, a new session can
 * replace an expired one.
 */
#include "query/ask.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"
#include "lock/survey.h"

void
ask_open(struct asker *ask, const struct options *options, const char *verb,
    const char *object)
{
	ask->options = options;
	ask->verb = verb;
	ask->object = object;
	ask->give_up_ms = CLOCK_NEVER;
	memset(&ask->ours, 0, sizeof(ask->ours));
	connector_init(&ask->connector, options, &ask->ours);
	connector_start(&ask->connector);
}

int
ask_wait(struct asker *ask, struct session_event **event)
{
	struct connector *connector = &ask->connector;
	char problems[1024];

	for (;;)
		switch (connector_wait(connector, ask->give_up_ms, event)) {
		case CONNECTOR_NEW_SESSION:
		case CONNECTOR_REGAINED:
			return ASK_AGAIN;
		case CONNECTOR_EVENT:
			return ASK_GO_ON;
		case CONNECTOR_NOTHING:
			log_error("gave up waiting for '%s' after %.1fs",
			    ask->object,
			    (double)ask->options->wait_ms / 1000);
			return ask->options->conflict_exit_code;
		case CONNECTOR_EXPIRED:
			connector_start(connector);
			break;
		case CONNECTOR_GAVE_UP:
			connector_explain(connector, problems,
			    sizeof(problems));
			log_error("cannot %s '%s': %s", ask->verb, ask->object,
			    problems);
			return EXITCODE_UNREACHABLE;
		case CONNECTOR_REJECTED:
			connector_explain_rejection(connector, problems,
			    sizeof(problems));
			log_error("cannot %s '%s': %s", ask->verb, ask->object,
			    problems);
			return EXITCODE_DENIED;
		case CONNECTOR_SEEKING:
		case CONNECTOR_LOST_CONTACT:
		case CONNECTOR_SILENT:
			break;
		}
}

int
ask_no_memory(const struct asker *ask)
{
	log_error("cannot %s '%s': %s", ask->verb, ask->object,
	    strerror(ENOMEM));
	return EXITCODE_SYSTEM;
}

int
ask_refused(const struct asker *ask, const char *path,
    const struct session_event *event)
{
	log_error("cannot %s '%s': %s", ask->verb, path, event->reason);
	return event->code == SESSION_DENIED ? EXITCODE_DENIED :
	    EXITCODE_INTERNAL;
}

int
ask_survey(struct asker *ask, struct survey *survey)
{
	struct session_event *event;
	enum survey_news news;
	int status;

	news = ask->connector.phase == CONNECTOR_UP ? survey_begin(survey) :
	    SURVEY_NOTHING;
	while (news == SURVEY_NOTHING) {
		status = ask_wait(ask, &event);
		if (status == ASK_AGAIN)
			news = survey_begin(survey);
		else if (status == ASK_GO_ON)
			news = survey_take(survey, event);
		session_event_free(event);
		if (status >= 0)
			return status;
	}
	return news == SURVEY_DONE ? ASK_GO_ON : ask_no_memory(ask);
}

int
ask_task(struct asker *ask, struct survey *survey)
{
	int status;

	status = ask_survey(ask, survey);
	if (status != ASK_GO_ON)
		return status;
	status = survey_report(&survey->problem);
	if (status == 0)
		status = survey_report(&survey->tasks[0].problem);
	return status == 0 ? ASK_GO_ON : status;
}

int
ask_steps(struct asker *ask, const struct session_step *steps, size_t count,
    struct session_event **reply)
{
	int status;

	for (status = ASK_AGAIN;; session_event_free(*reply)) {
		if (status == ASK_AGAIN)
			session_ask_steps(&ask->connector.session,
			    ASK_STEPS_TAG, steps, count);
		status = ask_wait(ask, reply);
		if (status >= 0 || (status == ASK_GO_ON &&
		    (*reply)->type == SESSION_REPLY &&
		    (*reply)->tag == ASK_STEPS_TAG))
			return status;
	}
}
