/*
 * Sends one create for each component of a path.
 */
#include "lock/parents.h"

#include <stdio.h>
#include <string.h>

#include "lock/paths.h"
#include "zookeeper/session.h"

bool
parents_make(struct session *session, const char *path, int top_tag, int tag)
{
	char parent[PATHS_SIZE];
	size_t end = 0;
	bool any = false;

	for (;;) {
		end += 1 + strcspn(path + end + 1, "/");
		if (path[end] == '\0')
			return any;
		(void)snprintf(parent, sizeof(parent), "%.*s", (int)end, path);
		session_ask(session, SESSION_CREATE_SHARED, any ? tag : top_tag,
		    SESSION_NO_WATCH, parent, NULL);
		any = true;
	}
}
