/*
 * The layout of Curator's InterProcessSemaphoreV2.
 */
#include "lock/paths.h"

#include <stdio.h>

static const char *const parents[] = {
	[PATHS_LOCKS] = "locks",
	[PATHS_LEASES] = "leases",
};

void
paths_parent(char *path, size_t size, const char *p, enum paths_parent parent)
{
	(void)snprintf(path, size, "%s/%s", p, parents[parent]);
}

char *
paths_make(const char *base, const char *task, enum paths_parent parent,
    const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s/%s%s%s", base, task, parents[parent],
	    name != NULL ? "/" : "", name != NULL ? name : "") == -1)
		return NULL;
	return path;
}
