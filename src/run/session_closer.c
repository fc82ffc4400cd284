/*
 * Closes a session in a helper process: the guard must not block on ZooKeeper.
 */
#include "run/session_closer.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "config/options.h"
#include "run/link.h"
#include "system/descriptors.h"
#include "system/subprocess.h"
#include "zookeeper/connector.h"

/*
 * Waits until the session is resumed or found expired.  Returns 0, or -1 when
 * time is up or a server rejected us.
 */
static int
find_session(struct connector *connector, int64_t give_up_ms)
{
	struct session_event *event;
	enum connector_news news;

	do {
		news = connector_wait(connector, give_up_ms, &event);
		if (news == CONNECTOR_EVENT)
			session_event_free(event);
		if (news == CONNECTOR_NOTHING || news == CONNECTOR_REJECTED)
			return -1;
	} while (news != CONNECTOR_REGAINED && news != CONNECTOR_EXPIRED);
	return 0;
}

pid_t
session_closer_start(const struct options *options,
    const struct link_session *session, struct subprocesses *ours)
{
	struct subprocesses none = { 0 };
	struct session_identity identity;
	struct connector connector;
	pid_t pid;
	int found;

	pid = subprocess_fork(ours, -1, false);
	if (pid != 0)
		return pid;
	descriptors_let_go_stderr();
	identity.id = session->id;
	memcpy(identity.password, session->password, sizeof(identity.password));
	connector_init(&connector, options, &none);
	connector_resume(&connector, &identity);
	found = find_session(&connector, clock_after(clock_ms(),
	    session->timeout_ms));
	connector_close(&connector);
	_exit(found == 0 ? 0 : EXITCODE_UNREACHABLE);
}
