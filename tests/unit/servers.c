/*
 * Tests the parsing of connect strings, and the checks of paths and names.
 */
#include "config/servers.h"

#include "tap.h"

#define TEN	"0123456789"
#define FIFTY	TEN TEN TEN TEN TEN
#define B250	FIFTY FIFTY FIFTY FIFTY FIFTY

/* Good connect strings and their result: "host=port host=port chroot". */
static const struct {
	const char	*text;
	const char	*read;
} good[] = {
	{ "localhost", "localhost=2181 " },
	{ "a:1", "a=1 " },
	{ "a:65535", "a=65535 " },
	{ "127.0.0.1:2182", "127.0.0.1=2182 " },
	{ "a,b,c", "a=2181 b=2181 c=2181 " },
	{ "a:1,b:2", "a=1 b=2 " },
	{ "[::1]", "::1=2181 " },
	{ "[::1]:2182", "::1=2182 " },
	{ "[fe80::1:2],x", "fe80::1:2=2181 x=2181 " },
	{ "a/", "a=2181 " },
	{ "a/x", "a=2181 /x" },
	{ "a/x/", "a=2181 /x" },
	{ "a:1/x/y", "a=1 /x/y" },
	{ "a:1,[::1]:2/x/y/", "a=1 ::1=2 /x/y" },
	{ "a/x:y", "a=2181 /x:y" },
	{ "a/\xc3\xa4", "a=2181 /\xc3\xa4" },
	{ "zk-1.example.org:2181", "zk-1.example.org=2181 " },
	{ "a:02181", "a=02181 " },
};

static const char *const bad[] = {
	"", ",", "a,", ",a", "a,,b", "a,/x", ":2181", "/x", "a:", "a:0",
	"a:65536", "a:99999", "a:100000", "a:-1", "a:+1", "a: 1", "a:1 ",
	"a:x", "a:1x", "a:0x1", "a:1:2", "::1", "::1:2181", "fe80::1",
	"[::1", "[]", "[]:1", "[::1]2181", "[::1]:", "[::1]:0", "[::1]x",
	"[::1]]:1", "[[::1]]:1", "a b", " a", "a ", "a\t", "a\n", "a]",
	"fe80::1%eth0", "[fe80::1%eth0]:1", "user@host", "http://a",
	"a//", "a//x", "a/x//y", "a/./x", "a/../x", "a/x/..", "a/\x01",
	"a/\xff", "a?b", "a#b", "a;b,", "a/x,y", "a/x,b/x",
	B250 "012345:1", "a/" B250 "012345",
};

static void
describe(const struct servers *servers, char *text, size_t size)
{
	size_t i;

	text[0] = '\0';
	for (i = 0; i < servers->count; i++) {
		(void)strlcat(text, servers->server[i].host, size);
		(void)strlcat(text, "=", size);
		(void)strlcat(text, servers->server[i].port, size);
		(void)strlcat(text, " ", size);
	}
	(void)strlcat(text, servers->chroot, size);
}

static void
test_connect_strings(void)
{
	struct servers servers;
	char text[4096];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		text[0] = '\0';
		if (servers_parse(&servers, good[i].text) == NULL)
			describe(&servers, text, sizeof(text));
		is_text(text, good[i].read, good[i].text);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(servers_parse(&servers, bad[i]) != NULL,
		    "the connect string '%.40s' is refused", bad[i]);

	(void)servers_parse(&servers, "[::1]:7,a:8,b");
	is_text(servers.server[0].shown, "[::1]:7",
	    "IPv6 is shown in brackets");
	is_text(servers.server[1].shown, "a:8",
	    "a name is shown with its port");
	is_text(servers.server[2].shown, "b:2181", "the default port is shown");
}

static void
test_sizes(void)
{
	struct servers servers;
	char text[8192];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < SERVERS_MAX; i++)
		(void)strlcat(text, i > 0 ? ",a" : "a", sizeof(text));
	is_text(servers_parse(&servers, text), NULL, "64 servers are accepted");
	is_int((int64_t)servers.count, SERVERS_MAX,
	    "all 64 servers are stored");
	(void)strlcat(text, ",a", sizeof(text));
	ok(servers_parse(&servers, text) != NULL, "65 servers are refused");

	is_text(servers_parse(&servers, B250 "01234:65535"), NULL,
	    "a host of 255 bytes is accepted");
	is_int((int64_t)strlen(servers.server[0].host), 255,
	    "the host is stored whole");
	is_int((int64_t)strlen(servers.server[0].shown), 261,
	    "the host is shown whole");
	is_text(servers_parse(&servers, "a/" B250 "01234"), NULL,
	    "a chroot with a part of 255 bytes is accepted");
	is_text(servers_parse(&servers, "a/" B250 "/" B250 "/" B250 "/" B250
	    "/012345678901234567"), NULL, "a chroot of 1023 bytes is accepted");
	ok(servers_parse(&servers, "a/" B250 "/" B250 "/" B250 "/" B250
	    "/0123456789012345678") != NULL,
	    "a chroot of 1024 bytes is refused");
}

static const struct {
	const char	*name;
	bool		 good;
} names[] = {
	{ "a", true }, { "a b", true }, { " ", true }, { "...", true },
	{ ".a", true }, { "a.", true }, { "zookeeper", true },
	{ "\xc3\xa4\xc3\xb6", true },			/* a, o umlaut */
	{ "\xe2\x82\xac", true },			/* euro sign */
	{ "\xe6\x97\xa5\xe6\x9c\xac", true },		/* Japan */
	{ "a=b", true }, { "--", true }, { "$(reboot)", true },
	{ "\\", true }, { "'\"", true }, { "%s%n", true },
	{ "\xef\xbf\xaf", true },			/* U+FFEF */
	{ "\xef\xa4\x80", true },			/* U+F900 */
	{ "\xed\x9f\xbf", true },			/* U+D7FF */
	{ B250 "01234", true },
	{ B250 "012\xc3\xa4", true },

	{ "", false }, { ".", false }, { "..", false }, { "/", false },
	{ "a/", false }, { "/a", false }, { "../x", false }, { "a/b", false },
	{ "\n", false }, { "a\nb", false }, { "\x01", false },
	{ "\x1f", false }, { "\x7f", false }, { "a\t", false },
	{ "\xc2\x80", false }, { "\xc2\x9f", false },	/* C1 controls */
	{ "\xee\x80\x80", false },			/* U+E000, private */
	{ "\xef\xbf\xb0", false },			/* U+FFF0 */
	{ "\xef\xbf\xbf", false },			/* U+FFFF */
	{ "\xf0\x9f\x98\x80", false },			/* U+1F600 */
	{ "\xff", false }, { "\xc3", false }, { "a\xc3", false },
	{ "\xc3(", false }, { "\x80", false }, { "\xc0\x80", false },
	{ "\xc0\xaf", false }, { "\xe0\x80\xaf", false }, /* overlong '/' */
	{ "\xed\xa0\x80", false },			/* a surrogate */
	{ "\xf8\x88\x80\x80\x80", false }, { "\xe4", false }, /* Latin-1 */
	{ B250 "012345", false }, { B250 "0123\xc3\xa4", false },
};

static const struct {
	const char	*path;
	bool		 good;
} paths[] = {
	{ "/a", true }, { "/a/b", true }, { "/lock/mutex", true },
	{ "/\xc3\xa4/b", true }, { "/" B250 "01234", true },
	{ "/" B250 "01234/" B250 "01234", true }, { "/...", true },

	{ "", false }, { "/", false }, { "a", false }, { "a/b", false },
	{ "/a/", false }, { "//", false }, { "//a", false },
	{ "/a//b", false }, { "/.", false }, { "/..", false },
	{ "/a/./b", false }, { "/a/../b", false }, { "/a/..", false },
	{ "/a\n", false }, { "/a/\xff/b", false }, { " /a", false },
	{ "/" B250 "012345", false }, { "/" B250 FIFTY, false },
	{ "/a/" B250 "012345/b", false },
	/* A cut at 255 bytes would split the last character. */
	{ "/" B250 "0123\xc3\xa4", false },
};

static void
test_names(void)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok((servers_check_name(names[i].name) == NULL) ==
		    names[i].good, "the name '%.30s' (%zu bytes, row %zu) is "
		    "%s", names[i].name, strlen(names[i].name), i,
		    names[i].good ? "accepted" : "refused");
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		ok((servers_check_path(paths[i].path) == NULL) ==
		    paths[i].good, "the path '%.30s' (%zu bytes, row %zu) is "
		    "%s", paths[i].path, strlen(paths[i].path), i,
		    paths[i].good ? "accepted" : "refused");
}

int
main(void)
{
	test_connect_strings();
	test_sizes();
	test_names();
	return tap_end();
}
