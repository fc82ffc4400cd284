/*
 * Making, finding and ordering node names.
 */
#include "lock/nodename.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
nodename_make_uuid(char uuid[NODENAME_UUID_SIZE])
{
	unsigned char r[16];

	arc4random_buf(r, sizeof(r));
	r[6] = (r[6] & 0x0f) | 0x40;	/* RFC 4122: version 4, */
	r[8] = (r[8] & 0x3f) | 0x80;	/* variant 1 */
	(void)snprintf(uuid, NODENAME_UUID_SIZE, "%02x%02x%02x%02x-%02x%02x-"
	    "%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2],
	    r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12],
	    r[13], r[14], r[15]);
}

const char *
nodename_find(const char *uuid, char *const *names, size_t count)
{
	static const char prefix[] = "_c_";
	size_t i, length;

	length = strlen(uuid);
	for (i = 0; i < count && length > 0; i++)
		if (strncmp(names[i], prefix, strlen(prefix)) == 0 &&
		    strncmp(names[i] + strlen(prefix), uuid, length) == 0 &&
		    names[i][strlen(prefix) + length] == '-')
			return names[i];
	return NULL;
}

/*
 * What Curator sorts by: the text behind the last "lock-", or the whole name
 * where there is none.  Text, not number: after 2^31 creates in one parent the
 * counter turns negative and its order is odd, but the same odd one for all.
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
	return strcmp(sort_key(a), sort_key(b));
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
nodename_join(char *path, size_t size, const char *parent, const char *name)
{
	(void)strlcpy(path, parent, size);
	/* An empty name says nothing of what was cut before it. */
	return strlcat(path, "/", size) < size &&
	    strlcat(path, name, size) < size;
}
