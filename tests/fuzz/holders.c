/*
 * Holders and waiters, judged from the nodes of other programs: each counts
 * exactly once, and what zkrun prints about them is clean.
 */
#include "tasks.h"

static size_t
seen(const struct holders_node *nodes, size_t count)
{
	size_t i, found;

	for (i = found = 0; i < count; i++)
		found += nodes[i].seen;
	return found;
}

static void
check_node(const struct holders_node *node)
{
	static struct holders_who who;
	char text[64];
	size_t room;

	holders_read_who(&who, node);
	must(!who.is_zkrun ? who.pid == 0 : who.pid > 0);
	for (room = 1; room <= sizeof(text); room += 9) {
		holders_describe(node, text, room);
		must(strlen(text) < room && fuzz_is_clean(text, false));
	}
}

static void
check(const struct holders *holders)
{
	size_t i, leases, locks;

	leases = seen(holders->leases, holders->lease_count);
	locks = seen(holders->locks, holders->lock_count);
	must(holders->holder_count <= leases);
	must(holders->waiter_count + holders->no_session_count <= locks);
	/* At most one lease waits, and at most one lock node is idle. */
	must(leases - holders->holder_count <= 1);
	locks -= holders->no_session_count;
	must(locks - holders->waiter_count <= 1);
	must((leases - holders->holder_count) +
	    (locks - holders->waiter_count) <= 1);
	must((leases == 0) == (holders->holder_count == 0));
	for (i = 0; i < holders->holder_count; i++)
		check_node(&holders->leases[i]);
	for (i = 0; i < holders->waiter_count + holders->no_session_count; i++)
		check_node(&holders->locks[i]);
	for (i = 1; i < holders->holder_count; i++)
		must(holders->leases[i - 1].czxid <= holders->leases[i].czxid);
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
		check(&survey.tasks[i].holders);
	survey_free(&survey);
	free(text);
	return 0;
}
