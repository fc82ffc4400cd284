/*
 * The record of runs: whatever is taken for one is written and read again
 * without a change, and whatever is not is empty.
 */
#include "fuzz.h"

#include "lock/runs_text.h"

/* Those of others may have a longer name than we write. */
#define OWN_HOST	100

static bool
same(const struct runlog_run *a, const struct runlog_run *b)
{
	return a->began_ms == b->began_ms && a->started_ms == b->started_ms &&
	    a->took_ms == b->took_ms && a->fence == b->fence &&
	    a->status == b->status &&
	    strlen(b->host) == strnlen(a->host, OWN_HOST);
}

static void
check(const struct runlog *log)
{
	static struct runlog again;
	static char text[RUNLOG_SIZE], text_again[RUNLOG_SIZE];
	size_t i;

	runlog_format(log, text);
	must(strlen(text) < RUNLOG_SIZE);
	must(runlog_parse(&again, text, strlen(text)) == NULL);
	must(again.count == log->count &&
	    again.has_success == log->has_success);
	for (i = 0; i < log->count; i++)
		must(same(&log->run[i], &again.run[i]));
	must(!log->has_success || same(&log->success, &again.success));
	runlog_format(&again, text_again);
	must(strcmp(text, text_again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct runlog log;
	struct runlog_run run = { .fence = 7, .host = "web1" };
	char *text = fuzz_text(data, size);
	size_t before;

	if (runlog_parse(&log, text, size) != NULL) {
		must(log.count == 0 && !log.has_success);
		must(runlog_last(&log, true) == NULL &&
		    runlog_newest(&log) == NULL);
	}
	must(log.count <= RUNLOG_RUNS);
	check(&log);
	before = log.count;
	runlog_add(&log, &run);
	must(log.count == (before < RUNLOG_RUNS ? before + 1 : before));
	must(runlog_last(&log, false)->fence == 7 &&
	    runlog_find(&log, 7) == &log.run[0]);
	check(&log);
	free(text);
	return 0;
}
