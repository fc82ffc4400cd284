/*
 * The record of runs: an accepted record is written and read again unchanged,
 * and a refused one is empty.
 */
#include "fuzz.h"

#include "lock/runs_text.h"

/* Others may write a longer host name than zkrun does. */
#define OWN_HOST	100

static bool
same(const struct runs_text_run *a, const struct runs_text_run *b)
{
	return a->slot_ms == b->slot_ms && a->started_ms == b->started_ms &&
	    a->took_ms == b->took_ms && a->fence == b->fence &&
	    a->status == b->status &&
	    strlen(b->host) == strnlen(a->host, OWN_HOST);
}

static void
check(const struct runs_text *log)
{
	static struct runs_text again;
	static char text[RUNS_TEXT_SIZE], text_again[RUNS_TEXT_SIZE];
	size_t i;

	runs_text_format(log, text);
	must(strlen(text) < RUNS_TEXT_SIZE);
	must(runs_text_parse(&again, text, strlen(text)) == NULL);
	must(again.count == log->count &&
	    again.has_success == log->has_success);
	for (i = 0; i < log->count; i++)
		must(same(&log->run[i], &again.run[i]));
	must(!log->has_success || same(&log->success, &again.success));
	runs_text_format(&again, text_again);
	must(strcmp(text, text_again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct runs_text log;
	struct runs_text_run run = { .fence = 7, .host = "web1" };
	char *text = fuzz_text(data, size);
	size_t before;

	if (runs_text_parse(&log, text, size) != NULL) {
		must(log.count == 0 && !log.has_success);
		must(runs_text_last(&log, true) == NULL &&
		    runs_text_newest(&log) == NULL);
	}
	must(log.count <= RUNS_TEXT_RUNS);
	check(&log);
	before = log.count;
	runs_text_add(&log, &run);
	must(log.count == (before < RUNS_TEXT_RUNS ? before + 1 : before));
	must(runs_text_last(&log, false)->fence == 7 &&
	    runs_text_find(&log, 7) == &log.run[0]);
	check(&log);
	free(text);
	return 0;
}
