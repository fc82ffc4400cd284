/*
 * Tests that node names are created, found and sorted like Curator's.
 */
#include "lock/nodename.h"

#include "tap.h"

#define UUID_A	"01234567-89ab-4cde-8f01-23456789abcd"
#define UUID_B	"11234567-89ab-4cde-8f01-23456789abcd"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
test_uuid(void)
{
	char uuids[200][NODENAME_UUID_SIZE];
	bool shaped, distinct;
	size_t i, j;

	shaped = distinct = true;
	for (i = 0; i < COUNT(uuids); i++) {
		memset(uuids[i], 'x', sizeof(uuids[i]));
		nodename_make_uuid(uuids[i]);
		for (j = 0; j < 36; j++)
			if (j == 8 || j == 13 || j == 18 || j == 23)
				shaped = shaped && uuids[i][j] == '-';
			else
				shaped = shaped && uuids[i][j] != '\0' &&
				    strchr("0123456789abcdef",
					uuids[i][j]) != NULL;
		shaped = shaped && uuids[i][36] == '\0' &&
		    uuids[i][14] == '4' && strchr("89ab", uuids[i][19]) != NULL;
		for (j = 0; j < i; j++)
			distinct = distinct && strcmp(uuids[i], uuids[j]) != 0;
	}
	ok(shaped, "a UUID is lower-case, version 4, variant 1");
	ok(distinct, "UUIDs differ");
}

static void
test_find(void)
{
	char *names[] = {
		(char *)"_c_" UUID_B "-lock-0000000001",
		(char *)"_c_" UUID_A "-lock-0000000002",
		(char *)"_c_" UUID_A "-lock-0000000003",
	};
	char *foreign[] = {
		(char *)"lock-0000000001", (char *)"", (char *)"_c_",
		(char *)UUID_A "-lock-0000000002",
		(char *)"_c_" UUID_A, (char *)"_c_" UUID_A "x-lock-1",
		(char *)"x_c_" UUID_A "-lock-1",
		(char *)"_c_01234567",
	};

	is_text(nodename_find(UUID_A, names, COUNT(names)), names[1],
	    "the name with the UUID is found");
	is_text(nodename_find(UUID_B, names, COUNT(names)), names[0],
	    "another UUID is found");
	is_text(nodename_find("21234567-89ab-4cde-8f01-23456789abcd", names,
	    COUNT(names)), NULL, "an unknown UUID is not found");
	is_text(nodename_find("", names, COUNT(names)), NULL,
	    "an empty UUID has no name");
	is_text(nodename_find(UUID_A, names, 0), NULL,
	    "an empty list contains no UUID");
	is_text(nodename_find(UUID_A, foreign, COUNT(foreign)), NULL,
	    "names of other shapes are not ours");
}

static const struct {
	const char	*what;
	const char	*name;
	const char	*names[5];
	size_t		 ahead;
	const char	*predecessor;
} lines[] = {
	{ "the only name", "_c_z-lock-0000000000",
	    { "_c_z-lock-0000000000" }, 0, NULL },
	{ "an empty list", "_c_z-lock-0000000000", { NULL }, 0, NULL },
	{ "first by number, last by UUID", "_c_z-lock-0000000001",
	    { "_c_a-lock-0000000002", "_c_z-lock-0000000001" }, 0, NULL },
	{ "second", "_c_a-lock-0000000002",
	    { "_c_a-lock-0000000002", "_c_z-lock-0000000001" }, 1,
	    "_c_z-lock-0000000001" },
	{ "the predecessor is the last node ahead", "_c_a-lock-0000000009",
	    { "_c_x-lock-0000000003", "_c_a-lock-0000000009",
	      "_c_b-lock-0000000008", "_c_c-lock-0000000001",
	      "_c_d-lock-0000000010" }, 3, "_c_b-lock-0000000008" },
	{ "a name of an older Curator, without UUID", "_c_a-lock-0000000002",
	    { "lock-0000000001", "_c_a-lock-0000000002" }, 1,
	    "lock-0000000001" },
	{ "another name sorts as a whole", "_c_a-lock-0000000002",
	    { "foreign", "_c_a-lock-0000000002", "!early" }, 1, "!early" },
	{ "only the text after the last \"lock-\" counts",
	    "_c_a-lock-0000000002",
	    { "_c_lock-9-lock-0000000001", "_c_a-lock-0000000002" }, 1,
	    "_c_lock-9-lock-0000000001" },
	/* %010d of a negative int; '-' sorts before every digit. */
	{ "a counter past 2^31 sorts before all others",
	    "_c_a-lock-2147483647",
	    { "_c_a-lock-2147483647", "_c_b-lock--2147483648" }, 1,
	    "_c_b-lock--2147483648" },
	{ "negative counters sort as text, like Curator's",
	    "_c_a-lock--2147483648",
	    { "_c_a-lock--2147483648", "_c_b-lock--2147483647",
	      "_c_c-lock-0000000005" }, 1, "_c_b-lock--2147483647" },
	{ "of equal numbers the lower name comes first",
	    "_c_b-lock-2147483647",
	    { "_c_c-lock-2147483647", "_c_b-lock-2147483647",
	      "_c_a-lock-2147483647" }, 1, "_c_a-lock-2147483647" },
	{ "a lease's name", "_c_a-lease-0000000002",
	    { "_c_b-lease-0000000001", "_c_a-lease-0000000002" }, 0, NULL },
};

static void
test_ahead(void)
{
	const char *predecessor;
	size_t ahead, count, i;

	for (i = 0; i < COUNT(lines); i++) {
		for (count = 0; count < COUNT(lines[i].names) &&
		    lines[i].names[count] != NULL;)
			count++;
		ahead = nodename_ahead(lines[i].name,
		    (char *const *)lines[i].names, count, &predecessor);
		ok(ahead == lines[i].ahead, "%s: %zu ahead", lines[i].what,
		    lines[i].ahead);
		is_text(predecessor, lines[i].predecessor, lines[i].what);
	}
}

static void
test_ordered(void)
{
	ok(nodename_is_ordered("_c_a-lock-0000000000") &&
	    nodename_is_ordered("lock-1999999999"),
	    "later nodes sort behind a node");
	ok(!nodename_is_ordered("_c_a-lock-2000000000") &&
	    !nodename_is_ordered("_c_a-lock-2147483647"),
	    "they may not if the counter is about to become negative");
	ok(!nodename_is_ordered("_c_a-lock--2147483648") &&
	    !nodename_is_ordered("_c_a-lock--000000001"),
	    "they may not if the counter is negative");
	ok(!nodename_is_ordered("_c_a-lock-1") &&
	    !nodename_is_ordered("_c_a-lock-00000000000") &&
	    !nodename_is_ordered("_c_a-lock-0x00000000") &&
	    !nodename_is_ordered("foreign") && !nodename_is_ordered(""),
	    "they may not if the name lacks a server's number");
}

static void
test_join(void)
{
	char path[8];

	ok(nodename_join(path, sizeof(path), "/a", "b"), "a short path fits");
	is_text(path, "/a/b", "the path is parent, slash, name");
	ok(nodename_join(path, sizeof(path), "/a", "bcde"),
	    "a path of 7 bytes fits into 8");
	is_text(path, "/a/bcde", "that path is written whole");
	ok(!nodename_join(path, sizeof(path), "/a", "bcdef"),
	    "one byte more does not fit");
	ok(!nodename_join(path, sizeof(path), "/abcdefghij", "b"),
	    "a long parent does not fit");
	ok(!nodename_join(path, sizeof(path), "/abcdefghij", ""),
	    "a long parent without a name does not fit");
}

int
main(void)
{
	test_uuid();
	test_find();
	test_ahead();
	test_ordered();
	test_join();
	return tap_end();
}
