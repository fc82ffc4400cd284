/*
 * A lost session is no loss: nothing was put into it.
 */
#include "query/ask.h"

#include "base/log.h"
#include "zookeeper/connector.h"

enum ask_news
ask_wait(struct connector *connector, int64_t give_up_ms, const char *verb,
    const char *object, struct session_event **event)
{
	char problems[1024];

	for (;;)
		switch (connector_wait(connector, give_up_ms, event)) {
		case CONNECTOR_NEW_SESSION:
		case CONNECTOR_REGAINED:
			return ASK_NOW;
		case CONNECTOR_EVENT:
			return ASK_EVENT;
		case CONNECTOR_NOTHING:
			return ASK_LATE;
		case CONNECTOR_EXPIRED:
			connector_start(connector);
			break;
		case CONNECTOR_GAVE_UP:
			connector_explain(connector, problems,
			    sizeof(problems));
			log_error("cannot %s '%s': %s", verb, object,
			    problems);
			return ASK_UNREACHABLE;
		case CONNECTOR_REJECTED:
			log_error("cannot %s '%s': %s refuses a credential "
			    "(its scheme may be unknown there)", verb, object,
			    connector_server(connector));
			return ASK_REJECTED;
		case CONNECTOR_SEEKING:
		case CONNECTOR_LOST_CONTACT:
			break;
		}
}
