/*
 * The parser is strict: zkrun must neither start nor skip a run because of a
 * record that it misunderstood.
 */
#include "lock/runs_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lock/nodedata.h"

#define HEADER		"zkrun 1"
#define LINE_SIZE	(RUNS_TEXT_HOST + 256)

static bool
read_run(struct runs_text_run *run, const char *line)
{
	int64_t status;

	if (!nodedata_get_number(line, "began", 0, INT64_MAX,
	    &run->slot_ms) ||
	    !nodedata_get_number(line, "started", 0, INT64_MAX,
	    &run->started_ms) ||
	    !nodedata_get_number(line, "took", 0, INT64_MAX, &run->took_ms) ||
	    !nodedata_get_number(line, "fence", 0, INT64_MAX, &run->fence) ||
	    !nodedata_get_number(line, "status", 0, 255, &status) ||
	    !nodedata_get(line, "host", run->host, sizeof(run->host)))
		return false;
	run->status = (int)status;
	return true;
}

static bool
read_line(struct runs_text *log, const char *line, size_t number)
{
	if (number == 0)
		return strcmp(line, HEADER) == 0;
	if (strncmp(line, "success ", 8) == 0 && !log->has_success) {
		log->has_success = true;
		return read_run(&log->success, line);
	}
	return strncmp(line, "run ", 4) == 0 && log->count < RUNS_TEXT_RUNS &&
	    read_run(&log->run[log->count++], line);
}

const char *
runs_text_parse(struct runs_text *log, const char *text, size_t length)
{
	char line[LINE_SIZE];
	size_t end, number, used;

	memset(log, 0, sizeof(*log));
	for (number = used = 0; used < length; number++) {
		end = strcspn(text + used, "\n");
		if (end >= sizeof(line) || text[used + end] != '\n')
			break;
		(void)snprintf(line, sizeof(line), "%.*s", (int)end,
		    text + used);
		if (!read_line(log, line, number))
			break;
		used += end + 1;
	}
	if (used == length && number > 0)
		return NULL;
	memset(log, 0, sizeof(*log));
	return length == 0 ? "it is empty" :
	    "this version of zkrun does not know its format";
}

static void
add_run(char text[RUNS_TEXT_SIZE], const char *kind,
    const struct runs_text_run *run)
{
	char line[LINE_SIZE];

	(void)snprintf(line, sizeof(line), "%s began=%" PRId64 " started=%"
	    PRId64 " took=%" PRId64 " status=%d fence=%" PRId64, kind,
	    run->slot_ms, run->started_ms, run->took_ms, run->status,
	    run->fence);
	nodedata_add(line, sizeof(line), NODEDATA_HOST, run->host);
	(void)strlcat(text, line, RUNS_TEXT_SIZE);
	(void)strlcat(text, "\n", RUNS_TEXT_SIZE);
}

void
runs_text_format(const struct runs_text *log, char text[RUNS_TEXT_SIZE])
{
	size_t i;

	(void)strlcpy(text, HEADER "\n", RUNS_TEXT_SIZE);
	if (log->has_success)
		add_run(text, "success", &log->success);
	for (i = 0; i < log->count; i++)
		add_run(text, "run", &log->run[i]);
}

void
runs_text_add(struct runs_text *log, const struct runs_text_run *run)
{
	if (log->count < RUNS_TEXT_RUNS)
		log->count++;
	memmove(log->run + 1, log->run, (log->count - 1) * sizeof(log->run[0]));
	log->run[0] = *run;
	if (run->status == 0) {
		log->success = *run;
		log->has_success = true;
	}
}

const struct runs_text_run *
runs_text_find(const struct runs_text *log, int64_t fence)
{
	size_t i;

	for (i = 0; i < log->count; i++)
		if (log->run[i].fence == fence)
			return &log->run[i];
	return NULL;
}

const struct runs_text_run *
runs_text_last(const struct runs_text *log, bool count_failures)
{
	if (count_failures)
		return log->count > 0 ? &log->run[0] : NULL;
	return log->has_success ? &log->success : NULL;
}

int64_t
runs_text_latest_ms(const struct runs_text_run *run)
{
	return run->slot_ms > run->started_ms ? run->slot_ms : run->started_ms;
}

const struct runs_text_run *
runs_text_newest(const struct runs_text *log)
{
	const struct runs_text_run *newest;
	size_t i;

	newest = log->has_success ? &log->success : NULL;
	for (i = 0; i < log->count; i++)
		if (newest == NULL || runs_text_latest_ms(&log->run[i]) >
		    runs_text_latest_ms(newest))
			newest = &log->run[i];
	return newest;
}
