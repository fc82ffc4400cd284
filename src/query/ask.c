/*
 * A lost session is no loss: nothing was put into it.
 */
#include "query/ask.h"

#include "base/log.h"
#include "zookeeper/connector.h"

enum errand_news
errand_wait(struct connector *connector, int64_t give_up_ms, const char *verb,
    const char *object, struct session_event **event)
{
	char problems[1024];

	for (;;)
		switch (connector_wait(connector, give_up_ms, event)) {
		case CONNECTOR_NEW_SESSION:
		case CONNECTOR_REGAINED:
			return ERRAND_ASK;
		case CONNECTOR_EVENT:
			return ERRAND_EVENT;
		case CONNECTOR_NOTHING:
			return ERRAND_LATE;
		case CONNECTOR_EXPIRED:
			connector_start(connector);
			break;
		case CONNECTOR_GAVE_UP:
			connector_explain(connector, problems,
			    sizeof(problems));
			log_error("cannot %s '%s': %s", verb, object,
			    problems);
			return ERRAND_UNREACHABLE;
		case CONNECTOR_REJECTED:
			log_error("cannot %s '%s': %s refuses a credential "
			    "(its scheme may be unknown there)", verb, object,
			    connector_server(connector));
			return ERRAND_REJECTED;
		case CONNECTOR_SEEKING:
		case CONNECTOR_LOST_CONTACT:
			break;
		}
}
