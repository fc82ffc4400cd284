/*
 * Tests that a record of runs is written and read back, and that malformed
 * records are rejected.
 */
#include "lock/runs_text.h"

#include <stdlib.h>

#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define GOOD	"began=1 started=2 took=3 status=0 fence=5 host=h"

static struct runs_text_run
make_run(int64_t n, int status)
{
	struct runs_text_run run;

	memset(&run, 0, sizeof(run));
	run.slot_ms = 1763780400000 + n;
	run.started_ms = run.slot_ms + 8;
	run.took_ms = 2467;
	run.fence = 8589934600 + n;
	run.status = status;
	(void)snprintf(run.host, sizeof(run.host), "web%d", (int)(n % 3));
	return run;
}

static bool
same_run(const struct runs_text_run *a, const struct runs_text_run *b)
{
	return a->slot_ms == b->slot_ms && a->started_ms == b->started_ms &&
	    a->took_ms == b->took_ms && a->fence == b->fence &&
	    a->status == b->status && strcmp(a->host, b->host) == 0;
}

static bool
same_log(const struct runs_text *a, const struct runs_text *b)
{
	size_t i;

	if (a->count != b->count || a->has_success != b->has_success ||
	    (a->has_success && !same_run(&a->success, &b->success)))
		return false;
	for (i = 0; i < a->count; i++)
		if (!same_run(&a->run[i], &b->run[i]))
			return false;
	return true;
}

/* Writes a record, reads it back and compares. */
static bool
survives(const struct runs_text *log)
{
	char text[RUNS_TEXT_SIZE];
	struct runs_text read;

	runs_text_format(log, text);
	return runs_text_parse(&read, text, strlen(text)) == NULL &&
	    same_log(log, &read);
}

static void
test_round_trip(void)
{
	struct runs_text log;
	struct runs_text_run run;
	char text[RUNS_TEXT_SIZE];
	int i;

	memset(&log, 0, sizeof(log));
	ok(survives(&log), "a record without runs is read back");
	for (i = 1; i <= 2 * RUNS_TEXT_RUNS + 3; i++) {
		run = make_run(i, i % 4 == 0 ? 0 : i);
		runs_text_add(&log, &run);
		ok(survives(&log), "a record after %d runs is read back", i);
	}
	is_int((int64_t)log.count, RUNS_TEXT_RUNS,
	    "the number of runs is limited");
	is_int(log.run[0].fence, run.fence, "the newest run is first");
	is_int(log.run[RUNS_TEXT_RUNS - 1].fence,
	    run.fence - RUNS_TEXT_RUNS + 1,
	    "the oldest run is dropped");

	memset(&run, 0, sizeof(run));
	run.slot_ms = run.started_ms = run.took_ms = run.fence = INT64_MAX;
	memset(run.host, 'h', sizeof(run.host) - 1);
	memset(&log, 0, sizeof(log));
	for (i = 0; i < RUNS_TEXT_RUNS + 1; i++)
		runs_text_add(&log, &run);
	runs_text_format(&log, text);
	ok(strlen(text) < RUNS_TEXT_SIZE - 1,
	    "the longest record fits: %zu bytes", strlen(text));
	/* nodedata_add() writes no more than 100 bytes of a value. */
	log.success.host[100] = '\0';
	for (i = 0; i < RUNS_TEXT_RUNS; i++)
		log.run[i].host[100] = '\0';
	ok(survives(&log), "the longest record is read back");
}

static void
test_text(void)
{
	struct runs_text log;
	struct runs_text_run run;
	char text[RUNS_TEXT_SIZE];

	memset(&log, 0, sizeof(log));
	run = make_run(1, 0);
	runs_text_add(&log, &run);
	run = make_run(2, 143);
	runs_text_add(&log, &run);
	runs_text_format(&log, text);
	is_text(text, "zkrun 1\n"
	    "success began=1763780400001 started=1763780400009 took=2467 "
	    "status=0 fence=8589934601 host=web1\n"
	    "run began=1763780400002 started=1763780400010 took=2467 "
	    "status=143 fence=8589934602 host=web2\n"
	    "run began=1763780400001 started=1763780400009 took=2467 "
	    "status=0 fence=8589934601 host=web1\n",
	    "the format of runs_text.h");
	/* A host with a blank must not add a key. */
	(void)strlcpy(log.run[0].host, "a b\nrun c", RUNS_TEXT_HOST);
	runs_text_format(&log, text);
	ok(strstr(text, "host=a_b_run_c\n") != NULL,
	    "white space in a host becomes '_'");
}

static void
test_last(void)
{
	struct runs_text log;
	struct runs_text_run run;
	int i;

	memset(&log, 0, sizeof(log));
	ok(runs_text_last(&log, true) == NULL &&
	    runs_text_last(&log, false) == NULL,
	    "an empty record has no last run");
	ok(runs_text_find(&log, 0) == NULL, "an empty record has no run");
	run = make_run(1, 1);
	runs_text_add(&log, &run);
	ok(runs_text_last(&log, false) == NULL, "a failure is not a success");
	is_int(runs_text_last(&log, true)->fence, run.fence,
	    "a failure is the last run");
	run = make_run(2, 0);
	runs_text_add(&log, &run);
	is_int(runs_text_last(&log, false)->fence, run.fence,
	    "a success is the last success");
	is_int(runs_text_last(&log, true)->fence, run.fence,
	    "a success is the last run");
	for (i = 3; i < 40; i++) {
		run = make_run(i, 255);
		runs_text_add(&log, &run);
	}
	is_int(runs_text_last(&log, false)->fence, make_run(2, 0).fence,
	    "the last success survives any number of failures");
	is_int(runs_text_last(&log, true)->fence, run.fence,
	    "the last run is the newest one");
	is_int(runs_text_find(&log, run.fence - 3)->status, 255,
	    "a run is found by its fencing token");
	ok(runs_text_find(&log, make_run(5, 0).fence) == NULL,
	    "a dropped run is not found");
}

static const struct {
	const char	*what;
	const char	*text;
	bool		 good;
	size_t		 count;
	bool		 has_success;
} texts[] = {
	{ "empty text", "", false, 0, false },
	{ "the header alone", "zkrun 1\n", true, 0, false },
	{ "the header without a newline", "zkrun 1", false, 0, false },
	{ "another version", "zkrun 2\nrun " GOOD "\n", false, 0, false },
	{ "a longer version", "zkrun 10\n", false, 0, false },
	{ "no header", "run " GOOD "\n", false, 0, false },
	{ "one run", "zkrun 1\nrun " GOOD "\n", true, 1, false },
	{ "one success", "zkrun 1\nsuccess " GOOD "\n", true, 0, true },
	{ "a success and a run", "zkrun 1\nsuccess " GOOD "\nrun " GOOD "\n",
	    true, 1, true },
	{ "two successes", "zkrun 1\nsuccess " GOOD "\nsuccess " GOOD "\n",
	    false, 0, false },
	{ "a line without a newline", "zkrun 1\nrun " GOOD, false, 0, false },
	{ "another kind of line", "zkrun 1\nwalk " GOOD "\n", false, 0, false },
	{ "an empty line", "zkrun 1\n\nrun " GOOD "\n", false, 0, false },
	{ "an empty line at the end", "zkrun 1\nrun " GOOD "\n\n", false, 0,
	    false },
	{ "a carriage return", "zkrun 1\r\nrun " GOOD "\n", false, 0, false },
	{ "an unknown key", "zkrun 1\nrun " GOOD " more=1\n", true, 1, false },
	{ "no began", "zkrun 1\nrun started=2 took=3 status=0 fence=5 host=h\n",
	    false, 0, false },
	{ "no started", "zkrun 1\nrun began=1 took=3 status=0 fence=5 host=h\n",
	    false, 0, false },
	{ "no took", "zkrun 1\nrun began=1 started=2 status=0 fence=5 host=h\n",
	    false, 0, false },
	{ "no status", "zkrun 1\nrun began=1 started=2 took=3 fence=5 host=h\n",
	    false, 0, false },
	{ "no fence", "zkrun 1\nrun began=1 started=2 took=3 status=0 host=h\n",
	    false, 0, false },
	{ "no host", "zkrun 1\nrun began=1 started=2 took=3 status=0 fence=5\n",
	    false, 0, false },
	{ "a negative number", "zkrun 1\nrun began=-1 started=2 took=3 "
	    "status=0 fence=5 host=h\n", false, 0, false },
	{ "a sign", "zkrun 1\nrun began=+1 started=2 took=3 status=0 "
	    "fence=5 host=h\n", false, 0, false },
	{ "no number", "zkrun 1\nrun began= started=2 took=3 status=0 fence=5 "
	    "host=h\n", false, 0, false },
	{ "hexadecimal", "zkrun 1\nrun began=0x1 started=2 took=3 status=0 "
	    "fence=5 host=h\n", false, 0, false },
	{ "text after a number", "zkrun 1\nrun began=1s started=2 took=3 "
	    "status=0 fence=5 host=h\n", false, 0, false },
	{ "a status above 255", "zkrun 1\nrun began=1 started=2 took=3 "
	    "status=256 fence=5 host=h\n", false, 0, false },
	{ "a number too large", "zkrun 1\nrun began=9223372036854775808 "
	    "started=2 took=3 status=0 fence=5 host=h\n", false, 0, false },
	{ "the largest number", "zkrun 1\nrun began=9223372036854775807 "
	    "started=2 took=3 status=255 fence=5 host=h\n", true, 1, false },
	{ "a number of many digits", "zkrun 1\nrun began="
	    "00000000000000000000000000000000000000001 started=2 took=3 "
	    "status=0 fence=5 host=h\n", false, 0, false },
	{ "binary", "\001\002\377\n\n", false, 0, false },
};

static void
test_parse(void)
{
	struct runs_text log;
	const char *problem;
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		memset(&log, 0xff, sizeof(log));
		problem = runs_text_parse(&log, texts[i].text,
		    strlen(texts[i].text));
		is_int(problem == NULL, texts[i].good, texts[i].what);
		is_int((int64_t)log.count, (int64_t)texts[i].count,
		    "the number of runs");
		is_int(log.has_success, texts[i].has_success,
		    "whether there is a success");
	}
	ok(runs_text_parse(&log, "zkrun 1\n\0", 9) != NULL,
	    "a NUL is rejected");
	ok(runs_text_parse(&log, "zkrun 1\nrun \0 " GOOD "\n",
	    14 + sizeof(GOOD)) !=
	    NULL, "a NUL in a line is rejected");
}

/* Malformed records stay within bounds and yield no surplus runs. */
static void
test_hostile(void)
{
	char good[RUNS_TEXT_SIZE], *text;
	struct runs_text log, read;
	struct runs_text_run run;
	bool bounded;
	size_t i, length;
	int n;

	memset(&log, 0, sizeof(log));
	for (n = 0; n < RUNS_TEXT_RUNS; n++) {
		run = make_run(n, n);
		runs_text_add(&log, &run);
	}
	runs_text_format(&log, good);
	length = strlen(good);
	/* Cut the record anywhere, in a buffer that ends there. */
	for (i = 0, bounded = true; i < length; i++) {
		text = calloc(1, i + 1);
		memcpy(text, good, i);
		if (runs_text_parse(&read, text, i) == NULL)
			bounded = bounded && good[i - 1] == '\n';
		bounded = bounded && read.count <= RUNS_TEXT_RUNS;
		free(text);
	}
	ok(bounded, "a cut record is valid only at the end of a line");
	/* Flip each bit. */
	for (i = 0, bounded = true; i < length * 8; i++) {
		good[i / 8] = (char)(good[i / 8] ^ (1 << i % 8));
		(void)runs_text_parse(&read, good, length);
		good[i / 8] = (char)(good[i / 8] ^ (1 << i % 8));
		bounded = bounded && read.count <= RUNS_TEXT_RUNS;
	}
	ok(bounded, "a flipped bit does not add runs");
	/* Add one run too many. */
	(void)strlcat(good, "run " GOOD "\n", sizeof(good));
	ok(runs_text_parse(&read, good, strlen(good)) != NULL,
	    "a record with too many runs is rejected");
	/* Try hosts of every length. */
	text = calloc(1, 4096);
	for (i = 0, bounded = true; i < 2000; i++) {
		(void)strlcpy(text, "zkrun 1\nrun began=1 started=2 took=3 "
		    "status=0 fence=5 host=", 4096);
		length = strlen(text);
		memset(text + length, 'x', i);
		(void)memcpy(text + length + i, "\n", 2);
		if (runs_text_parse(&read, text, length + i + 1) == NULL)
			bounded = bounded &&
			    strlen(read.run[0].host) < RUNS_TEXT_HOST;
	}
	ok(bounded, "a host of any length stays within its buffer");
	free(text);
}

int
main(void)
{
	test_round_trip();
	test_text();
	test_last();
	test_parse();
	test_hostile();
	return tap_end();
}
