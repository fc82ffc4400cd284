/*
 * Tests writing and parsing the data of nodes, including data that other
 * programs wrote.
 */
#include "lock/nodedata.h"

#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char	*data, *key;
	const char	*value;		/* NULL: missing */
} cases[] = {
	{ "host=a pid=1", "host", "a" },
	{ "host=a pid=1", "pid", "1" },
	{ "host=a pid=1", "user", NULL },
	{ "", "host", NULL },
	{ " ", "host", NULL },
	{ "   host=a   pid=1   ", "pid", "1" },
	{ "   host=a", "host", "a" },
	{ "host=", "host", "" },
	{ "host= pid=1", "host", "" },
	{ "host", "host", NULL },
	{ "host a", "host", NULL },
	{ "=a", "host", NULL },
	{ "=", "host", NULL },
	/* A key must match as a whole. */
	{ "xhost=a", "host", NULL },
	{ "hostx=a", "host", NULL },
	{ "ho=st host=a", "host", "a" },
	{ "Host=a", "host", NULL },
	/* The first value counts: the node was created with that value. */
	{ "host=a host=b", "host", "a" },
	/* Only a blank ends a value, so a value cannot contain a key. */
	{ "user=x=y host=a", "user", "x=y" },
	{ "command=host=b host=a", "host", "a" },
	{ "user=a\thost=b", "host", NULL },
	{ "user=a\nhost=b", "host", NULL },
	/* Curator's data is an address. */
	{ "192.0.2.7", "host", NULL },
	{ "fe80::1%eth0", "pid", NULL },
	{ "\xff\xfe=\x80 host=a", "host", "a" },
};

static void
test_get(void)
{
	char small[4], value[64];
	size_t i;
	bool found;

	for (i = 0; i < COUNT(cases); i++) {
		memset(value, 'x', sizeof(value));
		found = nodedata_get(cases[i].data, cases[i].key, value,
		    sizeof(value));
		ok(found == (cases[i].value != NULL), "%s %s '%s'",
		    cases[i].key, cases[i].value != NULL ? "is in" :
		    "is not in", cases[i].data);
		is_text(value, cases[i].value != NULL ? cases[i].value : "",
		    "the buffer has the value");
	}
	ok(nodedata_get("host=abcdef", "host", small, sizeof(small)),
	    "a value longer than the buffer is found");
	is_text(small, "abc", "a long value is cut");
	ok(nodedata_get("host=abc", "host", small, sizeof(small)) &&
	    strcmp(small, "abc") == 0, "a value that just fits is not cut");
}

static void
test_add(void)
{
	char data[30] = "", exact[8] = "";

	nodedata_add(data, sizeof(data), "host", "a b\tc\nd\x7f");
	is_text(data, "host=a_b_c_d_",
	    "blanks and control characters become '_'");
	nodedata_add(data, sizeof(data), "user", "\xc3\xa4");
	is_text(data, "host=a_b_c_d_ user=\xc3\xa4", "UTF-8 is kept");
	nodedata_add(data, sizeof(data), "command", "x");
	is_text(data, "host=a_b_c_d_ user=\xc3\xa4",
	    "a key without room is left out");
	nodedata_add(data, sizeof(data), "p", "%n%s");
	is_text(data, "host=a_b_c_d_ user=\xc3\xa4 p=%n%s",
	    "a shorter key may still fit");

	nodedata_add(exact, sizeof(exact), "k", "12345");
	is_text(exact, "k=12345", "a full buffer ends with NUL");
	nodedata_add(exact, sizeof(exact), "k", "");
	is_text(exact, "k=12345", "a full buffer takes nothing more");
	exact[0] = '\0';
	nodedata_add(exact, sizeof(exact), "k", "123456");
	is_text(exact, "", "one byte too many adds nothing");
	nodedata_add(exact, 1, "k", "");
	is_text(exact, "", "a buffer of one byte stays empty");
}

/* zkrun writes at most 100 bytes of a value. */
static void
test_long_value(void)
{
	char data[NODEDATA_SIZE] = "", value[NODEDATA_SIZE], text[300];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	nodedata_add(data, sizeof(data), "host", text);
	ok(nodedata_get(data, "host", value, sizeof(value)),
	    "a long value is written");
	is_int((int64_t)strlen(value), 100, "the value is cut to 100 bytes");
}

/* Checks data made for this user and command. */
static void
test_make_with(const char *user, const char *command, const char *wanted)
{
	char data[NODEDATA_SIZE], value[128];
	const struct passwd *entry;
	size_t i, keys;

	if (user == NULL)
		(void)unsetenv("LOGNAME");
	else
		(void)setenv("LOGNAME", user, 1);
	nodedata_make(data, sizeof(data), 4242, command);
	(void)nodedata_get(data, NODEDATA_COMMAND, value, sizeof(value));
	is_text(value, wanted, "the command's name");
	(void)nodedata_get(data, NODEDATA_PID, value, sizeof(value));
	is_text(value, "4242", "the guard's pid");
	entry = getpwuid(getuid());
	(void)nodedata_get(data, NODEDATA_USER, value, sizeof(value));
	if (user == NULL || *user == '\0')
		is_text(value, entry->pw_name, "the user of the user database");
	else
		ok(value[0] == user[0], "the user of LOGNAME");
	ok(nodedata_get(data, NODEDATA_HOST, value, sizeof(value)) &&
	    value[0] != '\0', "the host");
	ok(nodedata_get(data, NODEDATA_START, value, sizeof(value)) &&
	    strlen(value) == 20 && value[10] == 'T' && value[19] == 'Z',
	    "the start");
	ok(!nodedata_get(data, NODEDATA_REVOKE, value, sizeof(value)),
	    "no revoke request");
	for (i = keys = 0; data[i] != '\0'; i++) {
		keys += data[i] == ' ';
		if (iscntrl((unsigned char)data[i]))
			keys = COUNT(cases);
	}
	ok(keys == 4 || (keys == 3 && *wanted == '\0'),
	    "one line of five keys: '%s'", data);
}

static void
test_make(void)
{
	char text[5000];

	test_make_with("ops", "/opt/report.sh", "report.sh");
	test_make_with("ops", "report.sh", "report.sh");
	test_make_with(NULL, "./a b", "a_b");
	test_make_with("", "x", "x");
	test_make_with("a b\nhost=evil", "c\nhost=evil", "c_host=evil");
	test_make_with("a\tpid=1", "%s%n", "%s%n");
	test_make_with("ops", "dir/", "");
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	test_make_with(text, "x", "x");
	text[100] = '\0';
	test_make_with("ops", text, text);
}

static const struct {
	const char	*data, *reason;
} reasons[] = {
	{ "host=a user=b start=c reason=d", "d" },
	/* The reason is the rest of the data. */
	{ "host=a reason=we move  the disk ", "we move  the disk " },
	{ "host=a reason=user=eve reason=x", "user=eve reason=x" },
	{ "host=a reason=", "" },
	{ "host=a user=b", "" },
	{ "", "" },
	/* The reason is never the first key. */
	{ "reason=x", "" },
	{ "host=a xreason=y", "" },
	{ "host=a reason", "" },
};

static void
test_get_reason(void)
{
	char small[4], text[64];
	size_t i;

	for (i = 0; i < COUNT(reasons); i++) {
		nodedata_get_reason(reasons[i].data, text, sizeof(text));
		is_text(text, reasons[i].reason, reasons[i].data);
	}
	nodedata_get_reason("host=a reason=abcdef", small, sizeof(small));
	is_text(small, "abc", "a long reason is cut");
}

/* Checks data of a pause by this user for this reason. */
static void
test_pause_with(const char *user, const char *reason)
{
	char data[NODEDATA_SIZE], text[NODEDATA_SIZE];

	(void)setenv("LOGNAME", user, 1);
	nodedata_make_pause(data, sizeof(data), reason);
	nodedata_get_reason(data, text, sizeof(text));
	is_text(text, reason, "the whole reason");
	ok(nodedata_get(data, NODEDATA_HOST, text, sizeof(text)) &&
	    text[0] != '\0', "the host");
	ok(nodedata_get(data, NODEDATA_USER, text, sizeof(text)) &&
	    text[0] == user[0] && strchr(text, ' ') == NULL, "the user");
	ok(nodedata_get(data, NODEDATA_START, text, sizeof(text)) &&
	    strlen(text) == 20, "the start");
	ok(!nodedata_get(data, NODEDATA_PID, text, sizeof(text)),
	    "a pause has no process");
}

static void
test_make_pause(void)
{
	char longest[201], user[300];

	test_pause_with("ops", "we move  the disk");
	test_pause_with("ops", "");
	test_pause_with("ops", "user=eve host=evil start=never reason=x");
	test_pause_with("a b reason=x", "y");
	test_pause_with("ops", "%s%n");
	/* Try the longest texts. */
	memset(longest, 'r', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memset(user, 'u', sizeof(user));
	user[sizeof(user) - 1] = '\0';
	test_pause_with(user, longest);
}

static void
test_whoami(void)
{
	char text[16];

	(void)setenv("LOGNAME", "ops", 1);
	nodedata_whoami(text, sizeof(text));
	ok(strncmp(text, "ops@", 4) == 0 && strlen(text) > 4,
	    "user@host: %s", text);
	(void)setenv("LOGNAME", "a-very-long-name-indeed", 1);
	nodedata_whoami(text, sizeof(text));
	is_text(text, "a-very-long-nam", "a long name is cut");
}

int
main(void)
{
	test_get();
	test_add();
	test_long_value();
	test_make();
	test_get_reason();
	test_make_pause();
	test_whoami();
	return tap_end();
}
