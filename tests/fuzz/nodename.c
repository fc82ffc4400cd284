/*
 * Names of nodes, one a line: first a uuid, second a queue node, then others.
 * The comparison of names must be a total order, and nodename_ahead() must agree
 * with it.
 */
#include "fuzz.h"

#include "lock/nodename.h"

#define NAMES	32

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

static void
check_order(char *const *names, size_t count)
{
	size_t i, j, k;

	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++) {
			must(sign(nodename_compare(names[i], names[j])) ==
			    -sign(nodename_compare(names[j], names[i])));
			for (k = 0; k < count && k < 4; k++)
				if (nodename_compare(names[i], names[j]) <= 0 &&
				    nodename_compare(names[j], names[k]) <= 0)
					must(nodename_compare(names[i],
					    names[k]) <= 0);
		}
}

static void
check_ahead(const char *own, char *const *names, size_t count)
{
	const char *predecessor;
	size_t ahead, i;

	ahead = nodename_ahead(own, names, count, &predecessor);
	must((ahead == 0) == (predecessor == NULL));
	for (i = 0; i < count; i++)
		if (nodename_compare(names[i], own) < 0) {
			must(ahead-- > 0);
			must(nodename_compare(names[i], predecessor) <= 0);
		}
	must(ahead == 0);
}

static void
check_join(const char *parent, const char *name, size_t room)
{
	char *path = malloc(room);
	bool fits;

	must(path != NULL);
	fits = nodename_join(path, room, parent, name);
	must(fits == (strlen(parent) + 1 + strlen(name) < room));
	must(strnlen(path, room) < room);
	free(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text, *names[NAMES];
	const char *uuid = fuzz_line(&rest), *own, *found;
	size_t count;

	for (count = 0; count < NAMES && rest != NULL; count++)
		names[count] = fuzz_line(&rest);
	own = count > 0 ? names[0] : uuid;
	found = nodename_find(uuid, names, count);
	if (found != NULL)
		must(strncmp(found, "_c_", 3) == 0 &&
		    strncmp(found + 3, uuid, strlen(uuid)) == 0);
	check_order(names, count);
	check_ahead(own, names, count);
	check_join(uuid, own, 1 + size % 40);
	free(text);
	return 0;
}
