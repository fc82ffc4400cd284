/*
 * Builds and compares paths.
 */
#include "lock/paths.h"

#include <stdio.h>
#include <string.h>

static const char *const parents[] = {
	[PATHS_LOCKS] = "/locks",
	[PATHS_LEASES] = "/leases",
	[PATHS_TASK] = "",
};

void
paths_parent(char *path, size_t size, const char *p, enum paths_parent parent)
{
	(void)snprintf(path, size, "%s%s", p, parents[parent]);
}

char *
paths_make(const char *base, const char *task, enum paths_parent parent,
    const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s%s%s%s", base, task, parents[parent],
	    name != NULL ? "/" : "", name != NULL ? name : "") == -1)
		return NULL;
	return path;
}

/* Returns whether path is other, or below it. */
static bool
is_within(const char *path, const char *other)
{
	size_t length = strlen(other);

	return strncmp(path, other, length) == 0 &&
	    (path[length] == '\0' || path[length] == '/');
}

bool
paths_meet_tasks(const char *path, const char *base)
{
	const char *part;

	if (base[0] != '\0')
		return is_within(path, base) || is_within(base, path);
	/* With base "/" every child of the root may be a task. */
	part = strchr(path + 1, '/');
	return part != NULL && (is_within(part, parents[PATHS_LOCKS]) ||
	    is_within(part, parents[PATHS_LEASES]));
}
