/*
 * Makes, finds and orders node names.
 */
#include "lock/nodename.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
nodename_make_uuid(char uuid[NODENAME_UUID_SIZE])
{
	uint32_t r[4];

	arc4random_buf(r, sizeof(r));
	/* RFC 4122: version 4, variant 1 */
	(void)snprintf(uuid, NODENAME_UUID_SIZE, "%08x-%04x-4%03x-%04x-%04x%08x",
	    r[0], r[1] >> 16, r[1] & 0xfff, 0x8000 | (r[2] >> 16 & 0x3fff),
	    r[2] & 0xffff, r[3]);
}

const char *
nodename_find(const char *uuid, char *const *names, size_t count)
{
	const char *name;
	size_t i, length = strlen(uuid);

	for (i = 0; i < count && length > 0; i++) {
		name = names[i];
		if (strncmp(name, "ex", 2) == 0)
			name += 2;
		if (strncmp(name, "_c_", 3) == 0 &&
		    strncmp(name + 3, uuid, length) == 0 &&
		    name[3 + length] == '-')
			return names[i];
	}
	return NULL;
}

/*
 * Returns the text that Curator sorts by: the text after the last "lock-", or
 * the whole name without one.  Comparing text instead of numbers orders
 * negative counters (from 2^31 on) oddly, but all clients use the same order.
 */
static const char *
sort_key(const char *name)
{
	const char *found, *key;

	for (key = name; (found = strstr(key, "lock-")) != NULL;)
		key = found + strlen("lock-");
	return key;
}

int
nodename_compare(const char *a, const char *b)
{
	int order;

	order = strcmp(sort_key(a), sort_key(b));
	return order != 0 ? order : strcmp(a, b);
}

/* From 2000000000 on, the counter may become negative during the wait. */
bool
nodename_is_ordered(const char *name)
{
	const char *key = sort_key(name);

	return strspn(key, "0123456789") == 10 && key[10] == '\0' &&
	    key[0] < '2';
}

size_t
nodename_ahead(const char *name, char *const *names, size_t count,
    const char **predecessor)
{
	size_t ahead, i;

	*predecessor = NULL;
	for (i = ahead = 0; i < count; i++) {
		if (nodename_compare(names[i], name) >= 0)
			continue;
		ahead++;
		if (*predecessor == NULL ||
		    nodename_compare(names[i], *predecessor) > 0)
			*predecessor = names[i];
	}
	return ahead;
}

bool
nodename_is_pause(const char *name)
{
	return strncmp(name, NODENAME_PAUSE, strlen(NODENAME_PAUSE)) == 0 ||
	    strstr(name, NODENAME_MUTEX_PAUSE) != NULL;
}

const char *
nodename_find_pause(char *const *names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (nodename_is_pause(names[i]))
			return names[i];
	return NULL;
}

bool
nodename_join(char *path, size_t size, const char *parent, const char *name)
{
	return (size_t)snprintf(path, size, "%s/%s", parent, name) < size;
}
