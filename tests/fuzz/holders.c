/*
 * Who holds and who waits, told from the nodes of others: nobody is counted
 * twice or lost, and what is said of anybody is clean.
 */
#include "tasks.h"

static size_t
seen(const struct census_node *nodes, size_t count)
{
	size_t i, found;

	for (i = found = 0; i < count; i++)
		found += nodes[i].seen;
	return found;
}

static void
check_node(const struct census_node *node)
{
	static struct census_who who;
	char text[64];
	size_t room;

	census_read_who(&who, node);
	must(!who.is_zkrun ? who.pid == 0 : who.pid > 0);
	for (room = 1; room <= sizeof(text); room += 9) {
		census_describe(node, text, room);
		must(strlen(text) < room && fuzz_is_clean(text, false));
	}
}

static void
check(const struct census *census)
{
	size_t i, leases, locks;

	leases = seen(census->leases, census->lease_count);
	locks = seen(census->locks, census->lock_count);
	must(census->holders <= leases && census->waiters <= locks);
	/* At most one lease is a waiting one, and one place in line idle. */
	must(leases - census->holders <= 1 && locks - census->waiters <= 1);
	must((leases - census->holders) + (locks - census->waiters) <= 1);
	must((leases == 0) == (census->holders == 0));
	for (i = 0; i < census->holders; i++)
		check_node(&census->leases[i]);
	for (i = 0; i < census->waiters; i++)
		check_node(&census->locks[i]);
	for (i = 1; i < census->holders; i++)
		must(census->leases[i - 1].czxid <= census->leases[i].czxid);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options options;
	struct survey survey;
	char *text = fuzz_text(data, size);
	size_t i;

	survey_make(&survey, &options, text);
	for (i = 0; i < survey.task_count; i++)
		check(&survey.tasks[i].census);
	survey_free(&survey);
	free(text);
	return 0;
}
