/*
 * Tests how nodes tell who holds and who waits, and how their data describes
 * clients.
 */
#include "lock/holders.h"

#include <stdlib.h>

#include "lock/nodedata.h"
#include "lock/pauses.h"
#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NODES	8

/* A node.  If its czxid is GONE, it vanished between list and read. */
struct node {
	const char	*name;
	int64_t		 session;
	int64_t		 czxid;
};

#define GONE	(-1)

static const struct {
	const char	*what;
	struct node	 leases[NODES];
	struct node	 locks[NODES];
	/* Names in order, each followed by a blank. */
	const char	*holders;	/* then "| " and pauses */
	const char	*waiters;	/* then "| " and no session */
} cases[] = {
	{ "no nodes", { { 0 } }, { { 0 } }, "", "" },
	{ "one client holds", { { "a", 1, 10 } }, { { 0 } }, "a ", "" },
	{ "a client has acquired and not left the queue yet",
	    { { "a", 1, 11 } }, { { "x-lock-0", 1, 10 } }, "a ", "" },
	{ "a client has queued and created no lease yet",
	    { { 0 } }, { { "x-lock-0", 1, 10 } }, "", "x-lock-0 " },
	{ "one client holds, another waits with its lease",
	    { { "a", 1, 11 }, { "b", 2, 13 } }, { { "x-lock-1", 2, 12 } },
	    "a ", "x-lock-1 " },
	{ "czxid decides who holds, not the name",
	    { { "a-lease-0", 2, 13 }, { "b-lease-9", 1, 11 } },
	    { { "x-lock-1", 2, 12 } }, "b-lease-9 ", "x-lock-1 " },
	{ "one client holds, the front of the queue has no lease yet",
	    { { "a", 1, 11 } }, { { "x-lock-1", 2, 12 } }, "a ", "x-lock-1 " },
	{ "a queue of four, listed in disorder",
	    { { "b", 2, 20 }, { "a", 1, 11 } },
	    { { "_c_a-lock-3", 4, 14 }, { "_c_z-lock-1", 2, 12 },
	      { "_c_b-lock-4", 5, 15 }, { "_c_k-lock-2", 3, 13 } },
	    "a ", "_c_z-lock-1 _c_k-lock-2 _c_a-lock-3 _c_b-lock-4 " },
	{ "the queue is sorted like Curator's, not by age",
	    { { "a", 1, 11 } },
	    { { "x-lock-2147483647", 2, 12 }, { "y-lock--2147483648", 3, 13 } },
	    "a ", "y-lock--2147483648 x-lock-2147483647 " },
	{ "of three leases two are held, one waits: by age, not by name",
	    { { "c", 1, 11 }, { "a", 2, 13 }, { "b", 3, 15 } },
	    { { "x-lock-2", 3, 14 } }, "c a ", "x-lock-2 " },
	{ "the lease of the waiter is not the youngest of all",
	    { { "a", 1, 11 }, { "b", 3, 15 }, { "c", 2, 16 } },
	    { { "x-lock-2", 3, 14 } }, "a c ", "x-lock-2 " },
	{ "several clients hold, the queue is empty",
	    { { "c", 3, 13 }, { "a", 1, 11 }, { "b", 2, 12 } }, { { 0 } },
	    "a b c ", "" },

	/* A session with several threads. */
	{ "a session holds, its other thread waits with a lease",
	    { { "a", 1, 11 }, { "b", 1, 13 } }, { { "x-lock-1", 1, 12 } },
	    "a ", "x-lock-1 " },
	{ "a session holds, its other thread has no lease yet",
	    { { "a", 1, 11 } }, { { "x-lock-1", 1, 12 } }, "a ", "x-lock-1 " },
	{ "a session at the front again still holds its old leases",
	    { { "a", 1, 11 }, { "b", 2, 13 }, { "c", 1, 15 } },
	    { { "x-lock-2", 1, 16 } }, "a b c ", "x-lock-2 " },
	{ "of the leases of the front's session the youngest waits",
	    { { "a", 1, 11 }, { "b", 1, 13 }, { "c", 1, 17 } },
	    { { "x-lock-2", 1, 16 }, { "x-lock-3", 1, 18 } }, "a b ",
	    "x-lock-2 x-lock-3 " },
	{ "a session has just acquired, its other thread waits",
	    { { "a", 1, 13 } },
	    { { "x-lock-0", 1, 11 }, { "x-lock-1", 1, 12 } },
	    "a ", "x-lock-1 " },
	{ "a session behind the front of the queue holds its lease",
	    { { "a", 1, 11 }, { "b", 3, 13 }, { "c", 2, 16 } },
	    { { "x-lock-2", 2, 14 }, { "x-lock-3", 3, 15 } }, "a b ",
	    "x-lock-2 x-lock-3 " },

	/* Nodes that vanish between list and read. */
	{ "a lease that is gone does not count",
	    { { "a", 0, GONE }, { "b", 2, 13 } }, { { 0 } }, "b ", "" },
	{ "the lease of its waiter, now the only one, is held",
	    { { "a", 0, GONE }, { "b", 2, 13 } }, { { "x-lock-1", 2, 12 } },
	    "b ", "" },
	{ "the front is gone, the next one has no lease",
	    { { "a", 1, 11 }, { "b", 2, 13 } },
	    { { "x-lock-1", 0, GONE }, { "x-lock-2", 3, 14 } }, "a b ",
	    "x-lock-2 " },
	{ "all nodes are gone", { { "a", 0, GONE }, { "b", 0, GONE } },
	    { { "x-lock-1", 0, GONE } }, "", "" },

	/* Nodes that other programs may have created. */
	{ "nodes without a session do not belong to each other",
	    { { "a", 1, 11 }, { "b", 0, 13 } }, { { "x-lock-1", 0, 12 } },
	    "a b ", "| x-lock-1 " },
	{ "the first node with a session is the front of the queue",
	    { { "a", 1, 11 }, { "b", 2, 15 } },
	    { { "x-lock-3", 0, 14 }, { "x-lock-1", 0, 12 },
	      { "x-lock-2", 2, 13 }, { "x-lock-4", 3, 16 },
	      { "x-lock-0", 0, GONE } },
	    "a ", "x-lock-2 x-lock-4 | x-lock-1 x-lock-3 " },
	{ "a front with a session that has just acquired does not wait",
	    { { "b", 2, 15 } },
	    { { "x-lock-1", 0, 12 }, { "x-lock-2", 2, 13 },
	      { "x-lock-3", 0, 14 }, { "x-lock-4", 3, 16 } },
	    "b ", "x-lock-4 | x-lock-1 x-lock-3 " },
	{ "other names sort as a whole, before _c_ or behind it",
	    { { 0 } },
	    { { "zz", 1, 11 }, { "0", 2, 12 }, { "x-lock-1", 3, 13 } },
	    "", "0 x-lock-1 zz " },
	{ "leases of one transaction sort by name",
	    { { "b", 1, 11 }, { "a", 1, 11 } }, { { 0 } }, "a b ", "" },
	{ "queue nodes of equal number sort by name",
	    { { 0 } }, { { "_c_b-lock-1", 1, 12 }, { "_c_a-lock-1", 2, 13 } },
	    "", "_c_a-lock-1 _c_b-lock-1 " },
	{ "negative numbers in the queue sort as text, as in Curator",
	    { { 0 } }, { { "_c_a-lock--2147483648", 1, 11 },
	      { "_c_b-lock--2147483647", 2, 12 } },
	    "", "_c_b-lock--2147483647 _c_a-lock--2147483648 " },
	{ "an empty name is a name",
	    { { "", 1, 11 } }, { { 0 } }, " ", "" },

	/* Pauses. */
	{ "only a pause: no client holds",
	    { { "pause-u-1", 0, 11 } }, { { 0 } }, "| pause-u-1 ", "" },
	{ "a pause younger than the holder",
	    { { "a", 1, 11 }, { "pause-u-1", 0, 12 } }, { { 0 } },
	    "a | pause-u-1 ", "" },
	{ "a pause older than one of several holders",
	    { { "pause-u-1", 0, 11 }, { "a", 1, 12 } }, { { 0 } },
	    "a | pause-u-1 ", "" },
	{ "a pause, and the front waits with its lease",
	    { { "pause-u-1", 0, 11 }, { "b", 2, 13 } },
	    { { "x-lock-1", 2, 12 }, { "x-lock-2", 3, 14 } }, "| pause-u-1 ",
	    "x-lock-1 x-lock-2 " },
	{ "a pause, and the front has no lease yet",
	    { { "pause-u-1", 0, 11 } }, { { "x-lock-1", 2, 12 } },
	    "| pause-u-1 ", "x-lock-1 " },
	{ "a holder, a younger pause, and the front waits",
	    { { "b", 2, 13 }, { "pause-u-1", 0, 14 }, { "a", 1, 11 } },
	    { { "x-lock-1", 2, 12 } }, "a | pause-u-1 ", "x-lock-1 " },
	{ "pauses sort by age, nodes of one pause by name",
	    { { "pause-a-2", 0, 14 }, { "pause-b-1", 0, 12 },
	      { "pause-a-1", 0, 14 } }, { { 0 } },
	    "| pause-b-1 pause-a-1 pause-a-2 ", "" },
	{ "a pause that ended meanwhile does not count",
	    { { "pause-u-1", 0, GONE }, { "b", 2, 13 } },
	    { { "x-lock-1", 2, 12 } }, "b ", "" },
	{ "half of a pause is gone",
	    { { "pause-u-1", 0, GONE }, { "pause-u-2", 0, 12 } }, { { 0 } },
	    "| pause-u-2 ", "" },
	{ "a lease with a session and the name of a pause is held",
	    { { "pause-u-1", 1, 11 } }, { { 0 } }, "pause-u-1 ", "" },
	{ "a lease with the name of a pause is held beside a pause",
	    { { "pause-v-1", 0, 10 }, { "pause-u-1", 1, 11 } }, { { 0 } },
	    "pause-u-1 | pause-v-1 ", "" },
	{ "a waiter's lease may have the name of a pause",
	    { { "a", 1, 11 }, { "pause-u-1", 2, 13 } },
	    { { "x-lock-1", 2, 12 } }, "a ", "x-lock-1 " },
	{ "a name that only resembles a pause is a lease",
	    { { "pause", 0, 11 }, { "xpause-u-1", 0, 12 },
	      { "Pause-u-1", 0, 13 } }, { { 0 } },
	    "pause xpause-u-1 Pause-u-1 ", "" },
};

/* Returns a list of names like a server's, and stores its length. */
static char **
names_of(const struct node *nodes, size_t *count)
{
	char **names;

	for (*count = 0; *count < NODES && nodes[*count].name != NULL;)
		++*count;
	names = calloc(*count + 1, sizeof(*names));
	for (size_t i = 0; i < *count; i++)
		names[i] = strdup(nodes[i].name);
	return names;
}

static void
look_at(struct holders_node *nodes, const struct node *found, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (found[i].czxid == GONE)
			continue;
		nodes[i].seen = true;
		nodes[i].session = found[i].session;
		nodes[i].czxid = found[i].czxid;
		nodes[i].data = strdup("host=h pid=1");
	}
}

/* Appends names, each followed by a blank. */
static void
join(char *text, size_t size, const struct holders_node *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		(void)strlcat(text, nodes[i].name, size);
		(void)strlcat(text, " ", size);
	}
}

/* Writes the holders, then the pauses. */
static void
join_leases(char *text, size_t size, const struct holders *holders)
{
	text[0] = '\0';
	join(text, size, holders->leases, holders->holder_count);
	if (holders->pause_count == 0)
		return;
	(void)strlcat(text, "| ", size);
	join(text, size, holders->leases + holders->holder_count,
	    holders->pause_count);
}

static void
test_judge(void)
{
	struct holders holders = { 0 };
	char text[256], **names;
	size_t count, i;

	for (i = 0; i < COUNT(cases); i++) {
		memset(&holders, 0, sizeof(holders));
		names = names_of(cases[i].leases, &count);
		ok(holders_take(&holders, PATHS_LEASES, names, count),
		    "leases taken");
		look_at(holders.leases, cases[i].leases, count);
		names = names_of(cases[i].locks, &count);
		ok(holders_take(&holders, PATHS_LOCKS, names, count),
		    "locks taken");
		look_at(holders.locks, cases[i].locks, count);
		holders_judge(&holders);
		join_leases(text, sizeof(text), &holders);
		is_text(text, cases[i].holders, cases[i].what);
		text[0] = '\0';
		join(text, sizeof(text), holders.locks, holders.waiter_count);
		if (holders.no_session_count > 0) {
			(void)strlcat(text, "| ", sizeof(text));
			join(text, sizeof(text),
			    holders.locks + holders.waiter_count,
			    holders.no_session_count);
		}
		is_text(text, cases[i].waiters, cases[i].what);
		holders_judge(&holders);
		join_leases(text, sizeof(text), &holders);
		is_text(text, cases[i].holders, "the second result is equal");
		holders_free(&holders);
	}
}

static void
test_taking_again(void)
{
	static const struct node first[NODES] = { { "a", 1, 11 },
	    { "b", 2, 12 } };
	static const struct node second[NODES] = { { "c", 1, 13 } };
	struct holders holders = { 0 };
	char **names;
	size_t count;

	memset(&holders, 0, sizeof(holders));
	names = names_of(first, &count);
	(void)holders_take(&holders, PATHS_LEASES, names, count);
	look_at(holders.leases, first, count);
	holders_judge(&holders);
	is_int((int64_t)holders.holder_count, 2, "two clients hold");
	names = names_of(second, &count);
	(void)holders_take(&holders, PATHS_LEASES, names, count);
	is_int((int64_t)holders.holder_count, 0,
	    "a new list is not judged yet");
	look_at(holders.leases, second, count);
	holders_judge(&holders);
	is_text(holders.leases[0].name, "c", "a new list replaces the old one");
	is_int((int64_t)holders.lease_count, 1, "no old name is left");
	ok(holders_take(&holders, PATHS_LEASES, NULL, 0),
	    "an empty list is taken");
	holders_judge(&holders);
	is_int((int64_t)holders.holder_count, 0,
	    "an empty list has no holders");
	holders_free(&holders);
	holders_free(&holders);
	is_int((int64_t)holders.lease_count, 0, "freeing twice is harmless");
}

static void
test_many(void)
{
	enum { MANY = 20000 };
	struct holders holders = { 0 };
	char **names, name[64];
	bool sorted;
	size_t i;

	memset(&holders, 0, sizeof(holders));
	names = calloc(MANY, sizeof(*names));
	for (i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "_c_%zu-lock-%010zu", i,
		    (i * 7919) % MANY);
		names[i] = strdup(name);
	}
	(void)holders_take(&holders, PATHS_LOCKS, names, MANY);
	for (i = 0; i < MANY; i++) {
		holders.locks[i].seen = i % 10 != 0;
		holders.locks[i].session = 1 + (int64_t)i;
		holders.locks[i].czxid = (int64_t)i;
	}
	holders_judge(&holders);
	is_int((int64_t)holders.waiter_count, MANY - MANY / 10,
	    "nodes that are gone do not count in a long queue");
	for (i = 1, sorted = true; i < holders.waiter_count; i++)
		sorted = sorted && strcmp(
		    strstr(holders.locks[i - 1].name, "lock-"),
		    strstr(holders.locks[i].name, "lock-")) < 0;
	ok(sorted, "a long queue is in order");
	holders_free(&holders);
}

#define UUID_A	"pause-aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define UUID_B	"pause-aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaab"

/* Nodes of pauses made at the same time can come in any order. */
static void
test_pauses(void)
{
	static const struct node found[NODES] = { { "a", 1, 11 },
	    { UUID_A "-1", 0, 12 }, { UUID_A "-2", 0, 13 },
	    { UUID_B "-1", 0, 14 }, { UUID_A "-3", 0, 15 },
	    { UUID_B "-10", 0, 16 } };
	static const size_t sizes[] = { 3, 2 };
	struct holders holders = { 0 };
	char **names, text[128];
	size_t count, i, met, size;

	names = names_of(found, &count);
	(void)holders_take(&holders, PATHS_LEASES, names, count);
	look_at(holders.leases, found, count);
	holders_judge(&holders);
	is_int((int64_t)holders.pause_count, 5, "five nodes belong to pauses");
	for (i = met = 0; pauses_next(&holders, &i, &size) != NULL; met++)
		ok(met < COUNT(sizes) && size == sizes[met],
		    "each pause is found once, with all its nodes");
	is_int((int64_t)met, COUNT(sizes), "the nodes belong to two pauses");
	/* Other programs may write control characters. */
	free(holders.leases[1].data);
	holders.leases[1].data = strdup("host=web1 user=\033[1m "
	    "reason=\na\xff b ");
	pauses_describe(&holders.leases[1], text, sizeof(text));
	ok(strncmp(text, "?[1m@web1 since ", 16) == 0 &&
	    strstr(text, ": ?a? b ") != NULL, "clean: '%s'", text);
	free(holders.leases[1].data);
	holders.leases[1].data = NULL;
	pauses_describe(&holders.leases[1], text, sizeof(text));
	ok(strncmp(text, "?@? since 19", 12) == 0 &&
	    text[strlen(text) - 1] != ' ', "no user and no reason: '%s'", text);
	holders_free(&holders);
}

/* A session has a lease and the front node.  May it hold the lock? */
static const struct {
	const char	*what;
	struct node	 leases[NODES];
	bool		 is_doubtful;
} doubts[] = {
	{ "lease older than the pause: may hold",
	    { { "a", 1, 11 }, { UUID_A "-1", 0, 12 } }, true },
	{ "lease older than one of two pauses: waits",
	    { { UUID_B "-1", 0, 14 }, { "a", 1, 13 }, { UUID_A "-1", 0, 12 } },
	    false },
	{ "lease younger than the pause: waits",
	    { { UUID_A "-1", 0, 12 }, { "a", 1, 13 } }, false },
	{ "lease older than the pause, younger than a holder: waits",
	    { { "h", 2, 9 }, { "a", 1, 11 }, { UUID_A "-1", 0, 12 } }, false },
	{ "no pause, but a holder: waits",
	    { { "h", 2, 9 }, { "a", 1, 11 } }, false },
	{ "the only lease: holds", { { "a", 1, 11 } }, false },
};

static void
test_doubts(void)
{
	static const struct node line[NODES] = { { "x-lock-0", 1, 10 } };
	struct holders holders = { 0 };
	char **names;
	size_t count, i;

	for (i = 0; i < COUNT(doubts); i++) {
		names = names_of(doubts[i].leases, &count);
		(void)holders_take(&holders, PATHS_LEASES, names, count);
		look_at(holders.leases, doubts[i].leases, count);
		names = names_of(line, &count);
		(void)holders_take(&holders, PATHS_LOCKS, names, count);
		look_at(holders.locks, line, count);
		holders_judge(&holders);
		ok(holders.is_doubtful == doubts[i].is_doubtful, "%s",
		    doubts[i].what);
	}
	holders_free(&holders);
}

static const struct {
	const char	*data;
	bool		 is_zkrun;
	const char	*host;
	int64_t		 pid;
	const char	*user, *command, *revoker, *address;
	const char	*described;
} people[] = {
	{ "host=web1 pid=4242 user=joe start=2026-11-22T03:00:01Z "
	    "command=backup.sh", true, "web1", 4242, "joe", "backup.sh", "", "",
	    "web1 (pid 4242, user joe, command backup.sh)" },
	{ "host=web1 pid=1", true, "web1", 1, "", "", "", "",
	    "web1 (pid 1, user ?, command ?)" },
	{ "host=a pid=7 user=u command=c since=5 revoke=eve@b", true, "a", 7,
	    "u", "c", "eve@b", "", "a (pid 7, user u, command c)" },
	{ "10.0.0.7", false, "", 0, "", "", "", "10.0.0.7",
	    "10.0.0.7 (not zkrun)" },
	{ "", false, "", 0, "", "", "", "", "another client" },
	{ NULL, false, "", 0, "", "", "", "", "another client" },
	{ "host=web1", false, "", 0, "", "", "", "host=web1",
	    "host=web1 (not zkrun)" },
	{ "pid=4242", false, "", 0, "", "", "", "pid=4242",
	    "pid=4242 (not zkrun)" },
	{ "host=h pid=", false, "", 0, "", "", "", "host=h pid=",
	    "host=h pid= (not zkrun)" },
	{ "host=h pid=0", false, "", 0, "", "", "", "host=h pid=0",
	    "host=h pid=0 (not zkrun)" },
	{ "host=h pid=-1", false, "", 0, "", "", "", "host=h pid=-1",
	    "host=h pid=-1 (not zkrun)" },
	{ "host=h pid=99999999999999999999", false, "", 0, "", "", "",
	    "host=h pid=99999999999999999999",
	    "host=h pid=99999999999999999999 (not zkrun)" },
	{ "host=h pid=1x", false, "", 0, "", "", "", "host=h pid=1x",
	    "host=h pid=1x (not zkrun)" },
	{ "host=a\033[31mb pid=2 user=\302\2330m command=\377\200", true,
	    "a\033[31mb", 2, "\302\2330m", "\377\200", "", "",
	    "a?[31mb (pid 2, user ?0m, command ?\?)" },
	{ "\xe2\x80\xae" "evil\n\t\x7f", false, "", 0, "", "", "",
	    "\xe2\x80\xae" "evil\n\t\x7f", "?evil?\?? (not zkrun)" },
	{ "b\303\274ro", false, "", 0, "", "", "", "b\303\274ro",
	    "b\303\274ro (not zkrun)" },
};

static void
test_who(void)
{
	struct holders_node node;
	struct holders_who who;
	char nobody[512], text[512];
	size_t i;

	for (i = 0; i < COUNT(people); i++) {
		memset(&node, 0, sizeof(node));
		node.data = (char *)(uintptr_t)people[i].data;
		node.since_ms = 1234;
		node.session = 1;
		holders_read_who(&who, &node);
		holders_describe(&node, text, sizeof(text));
		is_text(text, people[i].described, "the description");
		node.session = 0;
		(void)snprintf(nobody, sizeof(nobody), "%s without a session",
		    people[i].described);
		holders_describe(&node, text, sizeof(text));
		is_text(text, nobody, "the description without a session");
		is_int(who.is_zkrun, people[i].is_zkrun, "whether it is zkrun");
		is_text(who.host, people[i].host, "its host");
		is_int(who.pid, people[i].pid, "its pid");
		is_text(who.user, people[i].user, "its user");
		is_text(who.command, people[i].command, "its command");
		is_text(who.revoker, people[i].revoker, "the user of --revoke");
		is_text(who.address, people[i].address, "its address");
		is_int(who.since_ms, people[i].revoker[0] != '\0' ? 5 : 1234,
		    "the start of its lease");
	}
}

static void
test_sizes(void)
{
	struct holders_node node = { .session = 1 };
	struct holders_who who;
	char data[4096], text[4096], small[8];
	bool bounded;
	size_t i;

	/* Try hosts of every length. */
	for (i = 0, bounded = true; i < sizeof(data) - 32; i++) {
		memset(data, 'x', sizeof(data));
		(void)memcpy(data, "pid=1 host=", 11);
		data[11 + i] = '\0';
		node.data = data;
		holders_read_who(&who, &node);
		holders_describe(&node, text, sizeof(text));
		holders_describe(&node, small, sizeof(small));
		bounded = bounded && who.is_zkrun && strlen(small) == 7 &&
		    strlen(who.host) ==
		    (i < HOLDERS_TEXT_SIZE ? i : HOLDERS_TEXT_SIZE - 1);
	}
	ok(bounded, "long data is cut to the buffer");
	node.data = (char *)(uintptr_t)"\303\274\303\274\303\274\303\274";
	holders_describe(&node, small, sizeof(small));
	is_text(small, "\303\274\303\274\303\274",
	    "a character is not cut in two");
	node.since_ms = 7;
	node.data = (char *)(uintptr_t)"host=h pid=1 revoke=x since=abc";
	holders_read_who(&who, &node);
	is_int(who.since_ms, 7, "a bad since= leaves the mtime");
	node.data = (char *)(uintptr_t)"host=h pid=1 since=5";
	holders_read_who(&who, &node);
	is_int(who.since_ms, 7, "since= without revoke= leaves the mtime");
}

int
main(void)
{
	test_judge();
	test_taking_again();
	test_many();
	test_pauses();
	test_doubts();
	test_who();
	test_sizes();
	return tap_end();
}
