/*
 * Tests that each slot has one successful run, however long runs take and
 * whichever contenders wait.
 */
#include "lock/slots.h"

#include <stdlib.h>

#include "tap.h"

#define H		3600		/* in s, like all times of the tables */
#define DAY		(24 * H)
#define HISTORIES	20000

static struct slots_contender
contender(int64_t joined_s, int64_t now_s, int64_t interval_s)
{
	struct slots_contender contender = {
		.came_ms = joined_s * 1000,
		.now_ms = now_s * 1000,
		.interval_ms = interval_s * 1000,
	};

	return contender;
}

/* Adds a run of a contender whose command starts now. */
static void
add_run(struct runs_text *log, const struct slots_contender *contender,
    int status)
{
	struct runs_text_run run = {
		.slot_ms = slots_of_run(contender),
		.started_ms = contender->now_ms,
		.status = status,
	};

	runs_text_add(log, &run);
}

/* One recorded run, and a contender that holds the lease after it. */
static const struct {
	const char *what;
	int64_t	 interval, joined, started;
	int	 status;
	int64_t	 then_joined, then_now;
	enum slots_verdict verdict;
} cases[] = {
	{ "the same slot, a moment later", 22 * H, 0, 0, 0, 2, 2, SLOTS_HAD },
	{ "the same slot, a moment earlier", 22 * H, 2, 2, 0, 0, 3, SLOTS_HAD },
	{ "a failure does not count", 22 * H, 0, 0, 1, 2, 5, SLOTS_DUE },
	{ "the next day", 22 * H, 0, 0, 0, DAY, DAY, SLOTS_DUE },
	{ "the next day, of 23 hours, a second early", 22 * H, 1, 1, 0,
	    23 * H, 23 * H, SLOTS_DUE },
	{ "the interval is over", 22 * H, 0, 0, 0, 22 * H, 22 * H, SLOTS_DUE },
	{ "the interval is not over", 22 * H, 0, 0, 0, 22 * H - 1, 22 * H - 1,
	    SLOTS_HAD },
	{ "waited behind a long run", 6, 0, 0, 0, 1, 20, SLOTS_HAD },
	{ "waited behind a long failure and the next run", 6, 1, 8, 0, 2, 9,
	    SLOTS_HAD },
	{ "joined after a late run", 6, 1, 8, 0, 9, 9, SLOTS_HAD },
	{ "joined an interval after a late run", 6, 1, 8, 0, 15, 15,
	    SLOTS_DUE },
	{ "three hours late, and the next day", 22 * H, 0, 3 * H, 0, DAY, DAY,
	    SLOTS_DUE },
	{ "23 hours late, and the next day", 22 * H, 0, 23 * H, 0, DAY, DAY,
	    SLOTS_HAD },
	{ "23 hours late, and the day after that", 22 * H, 0, 23 * H, 0,
	    2 * DAY, 2 * DAY, SLOTS_DUE },
	{ "30 hours late, and the day after that", 22 * H, 0, 30 * H, 0,
	    2 * DAY, 2 * DAY, SLOTS_DUE },
	{ "the clock was set back by two seconds", 50, 100, 100, 0, 98, 98,
	    SLOTS_HAD },
	{ "the clock was set back by a minute", 22 * H, 100, 100, 0, 40, 40,
	    SLOTS_HAD },
	{ "the clock was set back by over a minute", 22 * H, 100, 100, 0,
	    39, 39, SLOTS_IN_FUTURE },
	{ "a failure shows that the clock was set back by hours", 22 * H,
	    DAY, DAY, 1, 20 * H, 20 * H, SLOTS_IN_FUTURE },
	{ "the clock was set back by more than a short interval", 5,
	    100, 100, 0, 94, 94, SLOTS_IN_FUTURE },
	{ "the clock was set back by hours while both waited", 1800,
	    7200, 3600, 0, 7201, 3610, SLOTS_IN_FUTURE },
	{ "the clock was set back by seconds while both waited", 1800,
	    7200, 7198, 0, 7201, 7199, SLOTS_HAD },
	{ "the clock was set forward while both waited", 1800,
	    0, 3600, 0, 1, 3610, SLOTS_HAD },
	{ "-i 0: always due", 0, 0, 0, 0, 1, 1, SLOTS_DUE },
	{ "-i 0 ignores a clock set back", 0, DAY, DAY, 0, 1, 1, SLOTS_DUE },
};

static void
test_cases(void)
{
	struct slots_contender asks;
	const struct runs_text_run *run;
	struct runs_text log;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&log, 0, sizeof(log));
		asks = contender(cases[i].joined, cases[i].started,
		    cases[i].interval);
		add_run(&log, &asks, cases[i].status);
		asks = contender(cases[i].then_joined, cases[i].then_now,
		    cases[i].interval);
		is_int((int)slots_judge(&asks, &log, &run),
		    (int)cases[i].verdict, cases[i].what);
		ok((run == NULL) == (cases[i].verdict == SLOTS_DUE),
		    "%s: the deciding run", cases[i].what);
	}
}

static void
test_failures(void)
{
	struct slots_contender asks = contender(0, 0, 60);
	const struct runs_text_run *run;
	struct runs_text log = { .count = 0 };

	ok(slots_judge(&asks, &log, &run) == SLOTS_DUE,
	    "without a run the slot is due");
	add_run(&log, &asks, 1);
	asks.count_failures = true;
	ok(slots_judge(&asks, &log, &run) == SLOTS_HAD && run->status == 1,
	    "a failure counts with count_failures");
}

#define SLOTS		4
#define CONTENDERS	4	/* of each slot */
#define INTERVAL	100
#define MARGIN		20	/* slots begin INTERVAL + MARGIN apart */

/* A contender in the queue, and what its run would do. */
struct waiter {
	int64_t	joined, at;	/* at: the newest time of its queue node */
	int	slot, takes, status;
	bool	gone;
};

struct outcome {
	int	good[SLOTS];	/* successful runs */
	int64_t	last_good;	/* when the last one started */
	int	late;		/* runs an interval late or more */
	int	lost;		/* contenders rejected by mistake */
};

static int
up_to(int n)
{
	return (int)(random() % (n + 1));
}

/* Creates short and long runs, successes and failures. */
static void
make_line(struct waiter line[SLOTS * CONTENDERS])
{
	size_t i;

	for (i = 0; i < SLOTS * CONTENDERS; i++) {
		line[i] = (struct waiter){
			.slot = (int)(i / CONTENDERS),
			.takes = up_to(3) > 0 ? up_to(20) : up_to(300),
			.status = up_to(1),
		};
		line[i].joined = line[i].at = line[i].slot *
		    (INTERVAL + MARGIN) + up_to(MARGIN - 1);
	}
}

/* Returns the front of the queue at a time, or NULL. */
static struct waiter *
head_of_line(struct waiter line[SLOTS * CONTENDERS], int64_t now)
{
	struct waiter *head = NULL;
	size_t i;

	for (i = 0; i < SLOTS * CONTENDERS; i++)
		if (!line[i].gone && line[i].at <= now &&
		    (head == NULL || line[i].at < head->at))
			head = &line[i];
	return head;
}

/* Lets the front hold the lease.  Returns for how long. */
static int
take_turn(const struct waiter *head, int64_t now, struct runs_text *log,
    struct outcome *outcome)
{
	struct slots_contender asks = contender(head->joined, now, INTERVAL);
	const struct runs_text_run *run;

	if (slots_judge(&asks, log, &run) != SLOTS_DUE) {
		/* Intervals are shorter than the steps of the schedule. */
		outcome->lost += outcome->good[head->slot] == 0 &&
		    outcome->last_good < head->slot * INTERVAL;
		return 0;
	}
	add_run(log, &asks, head->status);
	if (head->status == 0) {
		outcome->good[head->slot]++;
		outcome->last_good = now;
		outcome->late += now - head->joined >= INTERVAL;
	}
	return head->takes;
}

/* Plays a history.  A contender whose session expires queues again. */
static void
play(struct outcome *outcome)
{
	struct waiter line[SLOTS * CONTENDERS], *head;
	struct runs_text log = { .count = 0 };
	size_t left = SLOTS * CONTENDERS;
	int64_t now;

	make_line(line);
	for (now = 0; left > 0; now++) {
		head = head_of_line(line, now);
		if (head != NULL && up_to(9) == 0)
			head->at = now + 1;
		else if (head != NULL) {
			head->gone = true;
			left--;
			now += take_turn(head, now, &log, outcome);
		}
	}
}

static void
test_histories(void)
{
	struct outcome outcome;
	int history, i, late = 0, lost = 0, runs = 0, twice = 0;

	srandom(18);
	for (history = 0; history < HISTORIES; history++) {
		memset(&outcome, 0, sizeof(outcome));
		play(&outcome);
		for (i = 0; i < SLOTS; i++) {
			runs += outcome.good[i];
			twice += outcome.good[i] > 1;
		}
		late += outcome.late;
		lost += outcome.lost;
	}
	is_int(twice, 0, "no slot has two successful runs");
	is_int(lost, 0, "a contender is rejected only if its time had a run");
	ok(runs > HISTORIES && late > HISTORIES / 10, "%d histories: "
	    "%d successful runs, %d of them very late", HISTORIES, runs, late);
}

/* A daily job whose run starts up to 22 hours late misses no day. */
static void
test_late(void)
{
	struct slots_contender asks;
	const struct runs_text_run *run;
	struct runs_text log;
	int64_t late;
	bool missed = false;

	for (late = 0; late < 22 * H; late += 60) {
		memset(&log, 0, sizeof(log));
		asks = contender(0, late, 22 * H);
		add_run(&log, &asks, 0);
		asks = contender(23 * H, 23 * H, 22 * H);
		missed |= slots_judge(&asks, &log, &run) != SLOTS_DUE;
	}
	ok(!missed, "a late run does not cancel the run of the next day");
}

int
main(void)
{
	test_cases();
	test_failures();
	test_histories();
	test_late();
	return tap_end();
}
