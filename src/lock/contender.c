/*
 * Recognizes the clients by the names of their nodes.
 */
#include "lock/contender.h"

#include <stdlib.h>
#include <string.h>

#include "lock/nodename.h"

#define DIGITS	"0123456789"
#define LOCK	(CONTENDER_ZKRUN | CONTENDER_CURATOR | CONTENDER_GO | \
		CONTENDER_DOTNET)
#define ALL	(-1)

/* The first matching row decides the kind of a node. */
static const struct shape {
	const char	*begin;		/* of the name */
	const char	*end;		/* of the name before the number */
	size_t		 length;	/* of the name before that; 0: any */
	enum contender_kind kind;
	const char	*client;
	int		 sees;		/* the kinds that this client counts */
} shapes[] = {
	{ "ex_c_", "-lock-", 0, CONTENDER_ZKRUN, "zkrun", ALL },
	/* Go writes the UUID without hyphens. */
	{ "_c_", "-lock-", 3 + 32 + 6, CONTENDER_GO, "Go", ALL },
	{ "_c_", "-lock-", 0, CONTENDER_CURATOR, "Curator", LOCK },
	{ "_c_", "__WRIT__", 0, CONTENDER_CURATOR_RW, "Curator, read-write",
	    CONTENDER_CURATOR_RW },
	{ "_c_", "__READ__", 0, CONTENDER_CURATOR_RW, "Curator, read-write",
	    CONTENDER_CURATOR_RW },
	{ "", "__lock__", 0, CONTENDER_KAZOO, "kazoo", CONTENDER_KAZOO },
	{ "", "__rlock__", 0, CONTENDER_KAZOO, "kazoo", CONTENDER_KAZOO },
	{ "ex", "", 2, CONTENDER_RUBY, "Ruby", ALL },
	{ "sem", "", 3, CONTENDER_RUBY, "Ruby", ALL },
	/* Ruby's readers wait for every name that begins with "ex". */
	{ "sh", "", 2, CONTENDER_RUBY_SHARED, "Ruby, shared",
	    CONTENDER_RUBY | CONTENDER_ZKRUN },
	{ "x-", "-", 0, CONTENDER_ZOOKEEPER, "ZooKeeper's recipe", ALL },
	{ "lock-", "", 5, CONTENDER_DOTNET, ".NET", CONTENDER_DOTNET },
	{ "read-", "", 5, CONTENDER_DOTNET, ".NET", CONTENDER_DOTNET },
	{ "write-", "", 6, CONTENDER_DOTNET, ".NET", CONTENDER_DOTNET },
	/* Unknown clients whose nodes all other clients count. */
	{ "", "lock-", 0, CONTENDER_CURATOR, "Curator", LOCK },
};

static const struct shape *
find_shape(const char *name, size_t length)
{
	const struct shape *shape;
	size_t begin, end, i;

	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		shape = &shapes[i];
		begin = strlen(shape->begin);
		end = strlen(shape->end);
		if (length >= begin + end &&
		    (shape->length == 0 || shape->length == length) &&
		    strncmp(name, shape->begin, begin) == 0 &&
		    strncmp(name + length - end, shape->end, end) == 0)
			return shape;
	}
	return NULL;
}

/* The number is %010d of an int: ten digits, or a hyphen and nine or ten. */
enum contender_kind
contender_parse(const char *name, int64_t *number)
{
	const struct shape *shape = NULL;
	size_t length = strlen(name), start = length;

	while (start > 0 && strchr(DIGITS, name[start - 1]) != NULL)
		start--;
	if (length - start >= 9 && length - start <= 10 && start > 0 &&
	    name[start - 1] == '-')
		shape = find_shape(name, start - 1);
	if (shape != NULL)
		start--;
	else if (length - start == 10)
		shape = find_shape(name, start);
	if (shape == NULL)
		return CONTENDER_NONE;
	*number = strtoll(name + start, NULL, 10);
	return shape->kind;
}

static const struct shape *
shape_of(enum contender_kind kind)
{
	const struct shape *shape = shapes;

	while (shape->kind != kind)
		shape++;
	return shape;
}

const char *
contender_client(enum contender_kind kind)
{
	return shape_of(kind)->client;
}

bool
contender_sees(enum contender_kind kind, enum contender_kind other)
{
	return (shape_of(kind)->sees & (int)other) != 0;
}

const char *
contender_lowest(char *const *names, size_t count, const char *except)
{
	const char *lowest = NULL;
	int64_t lowest_number = INT64_MAX, number;
	size_t i;

	for (i = 0; i < count; i++)
		if (names[i] != except && !nodename_is_pause(names[i]) &&
		    contender_parse(names[i], &number) != CONTENDER_NONE &&
		    number < lowest_number) {
			lowest = names[i];
			lowest_number = number;
		}
	return lowest;
}

bool
contender_is_semaphore(const char *name)
{
	return strcmp(name, "leases") == 0 || strcmp(name, "locks") == 0;
}
