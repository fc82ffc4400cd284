/*
 * Tests that the nodes of all lock clients are recognized by their names, and
 * which client waits for which.
 */
#include "lock/contender.h"

#include "tap.h"

#define UUID	"01234567-89ab-4cde-8f01-23456789abcd"
#define HEX	"0123456789ab4cde8f0123456789abcd"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char	*name;
	enum contender_kind kind;
	int64_t		 number;
} names[] = {
	/* Each row of the table. */
	{ "ex_c_" UUID "-lock-0000000000", CONTENDER_ZKRUN, 0 },
	{ "ex_c_" UUID "-lock-2147483647", CONTENDER_ZKRUN, 2147483647 },
	{ "ex_c_" UUID "-pause-lock-0000000000", CONTENDER_ZKRUN, 0 },
	{ "_c_" HEX "-lock-0000000012", CONTENDER_GO, 12 },
	{ "_c_" UUID "-lock-0000000123", CONTENDER_CURATOR, 123 },
	{ "_c_" UUID "-__WRIT__0000000004", CONTENDER_CURATOR_RW, 4 },
	{ "_c_" UUID "-__READ__0000000005", CONTENDER_CURATOR_RW, 5 },
	{ HEX "__lock__0000000006", CONTENDER_KAZOO, 6 },
	{ HEX "__rlock__0000000007", CONTENDER_KAZOO, 7 },
	{ "ex0000000008", CONTENDER_RUBY, 8 },
	{ "sem0000000009", CONTENDER_RUBY, 9 },
	{ "sh0000000010", CONTENDER_RUBY_SHARED, 10 },
	{ "x-1000dab1f0a0003-0000000011", CONTENDER_ZOOKEEPER, 11 },
	{ "lock-0000000012", CONTENDER_DOTNET, 12 },
	{ "read-0000000013", CONTENDER_DOTNET, 13 },
	{ "write-0000000014", CONTENDER_DOTNET, 14 },
	{ "any-lock-0000000015", CONTENDER_CURATOR, 15 },
	/* Unusual forms of these names. */
	{ "_c_-lock-0000000001", CONTENDER_CURATOR, 1 },
	{ "_c_" HEX "0-lock-0000000001", CONTENDER_CURATOR, 1 },
	{ "_c_" UUID "-__lock__0000000001", CONTENDER_KAZOO, 1 },
	{ "__lock__0000000001", CONTENDER_KAZOO, 1 },
	{ "x--7233-0000000001", CONTENDER_ZOOKEEPER, 1 },
	{ "x-72057-lock-0000000001", CONTENDER_ZOOKEEPER, 1 },
	{ "lock-lock-0000000001", CONTENDER_CURATOR, 1 },
	{ "_c_" UUID "-lock-9999999999", CONTENDER_CURATOR, 9999999999 },
	/* Past 2^31, %010d prints a hyphen and nine or ten digits. */
	{ "ex_c_" UUID "-lock--2147483648", CONTENDER_ZKRUN, -2147483648 },
	{ "ex_c_" UUID "-lock--000000001", CONTENDER_ZKRUN, -1 },
	{ "_c_" HEX "-lock--999999999", CONTENDER_GO, -999999999 },
	{ "_c_" UUID "-lock--1000000000", CONTENDER_CURATOR, -1000000000 },
	{ "_c_" UUID "-lock--000000000", CONTENDER_CURATOR, 0 },
	{ "_c_" UUID "-__WRIT__-000000001", CONTENDER_CURATOR_RW, -1 },
	{ HEX "__lock__-2147483648", CONTENDER_KAZOO, -2147483648 },
	{ "ex-000000001", CONTENDER_RUBY, -1 },
	{ "sh-000000001", CONTENDER_RUBY_SHARED, -1 },
	{ "sem-2147483648", CONTENDER_RUBY, -2147483648 },
	{ "x-7233--000000001", CONTENDER_ZOOKEEPER, -1 },
	{ "x--7233--000000001", CONTENDER_ZOOKEEPER, -1 },
	{ "lock--000000001", CONTENDER_DOTNET, -1 },
	{ "write--2147483648", CONTENDER_DOTNET, -2147483648 },
	/* Nodes that belong to no contender. */
	{ "", CONTENDER_NONE, 0 },
	{ "-", CONTENDER_NONE, 0 },
	{ "0000000001", CONTENDER_NONE, 0 },
	{ "-0000000001", CONTENDER_NONE, 0 },
	{ "-000000001", CONTENDER_NONE, 0 },
	{ "foo", CONTENDER_NONE, 0 },
	{ "lock-", CONTENDER_NONE, 0 },
	{ "leases", CONTENDER_NONE, 0 },
	{ "locks", CONTENDER_NONE, 0 },
	{ "latch-0000000001", CONTENDER_NONE, 0 },
	{ "_c_" UUID "-latch-0000000001", CONTENDER_NONE, 0 },
	{ "_c_" UUID "-lease-0000000001", CONTENDER_NONE, 0 },
	{ "abc-0000000001", CONTENDER_NONE, 0 },
	{ "ex_c_" UUID "-lock-", CONTENDER_NONE, 0 },
	{ "ex_c_" UUID "-lock-1", CONTENDER_NONE, 0 },
	{ "ex_c_" UUID "-lock-000000001", CONTENDER_NONE, 0 },
	{ "ex_c_" UUID "-lock-00000000001", CONTENDER_NONE, 0 },
	{ "ex_c_" UUID "-lock--00000001", CONTENDER_NONE, 0 },
	{ "ex_c_" UUID "-lock--00000000001", CONTENDER_NONE, 0 },
	{ "ex_c_" UUID "-lock-0x00000001", CONTENDER_NONE, 0 },
	{ "ex_c_" UUID "-lock-0000000001 ", CONTENDER_NONE, 0 },
	{ "ex_c_" UUID "-lock-000000000\303\274", CONTENDER_NONE, 0 },
	{ "ex_c_" UUID "-lock-0000000001x", CONTENDER_NONE, 0 },
	{ "pause-" UUID "-1", CONTENDER_NONE, 0 },
	{ "x-0000000001", CONTENDER_NONE, 0 },
	{ "x-7233.0000000001", CONTENDER_NONE, 0 },
	{ "exa0000000001", CONTENDER_NONE, 0 },
	{ "sha0000000001", CONTENDER_NONE, 0 },
	{ "semi0000000001", CONTENDER_NONE, 0 },
	{ "my-read-0000000001", CONTENDER_NONE, 0 },
	{ "rewrite-0000000001", CONTENDER_NONE, 0 },
	{ "_c_" UUID "-__WRIT__00000000001", CONTENDER_NONE, 0 },
	{ HEX "__WRIT__0000000001", CONTENDER_NONE, 0 },
	{ "_c_" UUID "-__EDIT__0000000001", CONTENDER_NONE, 0 },
};

static void
test_parse(void)
{
	enum contender_kind kind;
	int64_t number;
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		number = -7;
		kind = contender_parse(names[i].name, &number);
		ok(kind == names[i].kind && (kind == CONTENDER_NONE ||
		    number == names[i].number), "'%s' is of kind %d",
		    names[i].name, (int)names[i].kind);
		if (kind != names[i].kind)
			printf("# got %d\n", (int)kind);
	}
}

/* The kinds in their order, and the nodes for which each client waits. */
static const struct {
	enum contender_kind kind;
	const char	*client;
	const char	*sees;		/* a letter for each kind, or '.' */
} clients[] = {
	{ CONTENDER_ZKRUN, "zkrun", "zcwgkrszn" },
	{ CONTENDER_CURATOR, "Curator", "zc.g....n" },
	{ CONTENDER_CURATOR_RW, "Curator, read-write", "..w......" },
	{ CONTENDER_GO, "Go", "zcwgkrszn" },
	{ CONTENDER_KAZOO, "kazoo", "....k...." },
	{ CONTENDER_RUBY, "Ruby", "zcwgkrszn" },
	{ CONTENDER_RUBY_SHARED, "Ruby, shared", "z....r..." },
	{ CONTENDER_ZOOKEEPER, "ZooKeeper's recipe", "zcwgkrszn" },
	{ CONTENDER_DOTNET, ".NET", "........n" },
};

static void
test_clients(void)
{
	size_t i, j;

	for (i = 0; i < COUNT(clients); i++) {
		is_text(contender_client(clients[i].kind), clients[i].client,
		    "the name of a client");
		for (j = 0; j < COUNT(clients); j++)
			ok(contender_sees(clients[i].kind, clients[j].kind) ==
			    (clients[i].sees[j] != '.'), "%s %s %s",
			    clients[i].client, clients[i].sees[j] != '.' ?
			    "waits for" : "does not wait for",
			    clients[j].client);
		ok(!contender_sees(clients[i].kind, CONTENDER_NONE),
		    "%s does not wait for other nodes", clients[i].client);
	}
}

static void
test_limit(void)
{
	ok(CONTENDER_NUMBER_MAX < INT32_MAX,
	    "the limit is below the end of the servers' counter");
}

static void
test_semaphore(void)
{
	ok(contender_is_semaphore("leases") && contender_is_semaphore("locks"),
	    "the parents of the semaphore recipe are recognized");
	ok(!contender_is_semaphore("") && !contender_is_semaphore("lease") &&
	    !contender_is_semaphore("locks2") &&
	    !contender_is_semaphore("lock-0000000001"),
	    "other names are not such parents");
}

int
main(void)
{
	test_parse();
	test_clients();
	test_limit();
	test_semaphore();
	return tap_end();
}
