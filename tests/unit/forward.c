/*
 * Tests which signals are passed on, for reports of guard and keeper in any
 * order.
 */
#include "run/forward.h"

#include <signal.h>

#include "base/clock.h"
#include "tap.h"

#define START	1000000

/* Guard or keeper receives a signal, or the test asks for a decision. */
struct step {
	enum { END, GUARD, KEEPER, PASSED, SPARED, NONE } what;
	int64_t	after_ms;
	int	number;
	pid_t	sender;
};

#define RECEIVED(ms, n, from)	{ GUARD, ms, n, from }
#define HEARD(ms, n, from)	{ KEEPER, ms, n, from }
#define PASS(ms, n)		{ PASSED, ms, n, 0 }
#define SPARE(ms, n)		{ SPARED, ms, n, 0 }
#define NOTHING(ms)		{ NONE, ms, 0, 0 }
#define DELAY			FORWARD_DELAY_MS
#define MEMORY			FORWARD_MEMORY_MS

static const struct {
	const char	*what;
	struct step	 steps[10];
} stories[] = {
	{ "without a signal nothing is passed on", {
	    NOTHING(0), NOTHING(MEMORY) } },
	{ "a signal to the guard alone is passed on after the delay", {
	    RECEIVED(0, SIGTERM, 5), NOTHING(DELAY - 1), PASS(DELAY, SIGTERM),
	    NOTHING(DELAY), NOTHING(MEMORY * 2) } },
	{ "both hear a signal, guard first: decided at once, not passed on", {
	    RECEIVED(0, SIGTERM, 5), HEARD(1, SIGTERM, 5), SPARE(1, SIGTERM),
	    NOTHING(MEMORY * 2) } },
	{ "both hear a signal, keeper first: decided at once, not passed on", {
	    HEARD(0, SIGTERM, 5), NOTHING(0), RECEIVED(1, SIGTERM, 5),
	    SPARE(1, SIGTERM), NOTHING(MEMORY * 2) } },
	{ "a signal to the keeper alone is passed on after the delay", {
	    HEARD(0, SIGTERM, 5), NOTHING(DELAY - 1), PASS(DELAY, SIGTERM),
	    NOTHING(MEMORY * 2) } },
	{ "for a time, a late report by the guard means the same signal", {
	    HEARD(0, SIGINT, 5), PASS(DELAY, SIGINT),
	    RECEIVED(MEMORY - 1, SIGINT, 5), NOTHING(MEMORY * 2) } },
	{ "an even later report is another signal", {
	    HEARD(0, SIGINT, 5), PASS(DELAY, SIGINT),
	    RECEIVED(MEMORY, SIGINT, 5), NOTHING(MEMORY),
	    PASS(MEMORY + DELAY, SIGINT) } },
	{ "another sender is another signal", {
	    HEARD(0, SIGTERM, 5), RECEIVED(0, SIGTERM, 6), NOTHING(0),
	    PASS(DELAY, SIGTERM), PASS(DELAY, SIGTERM),
	    NOTHING(MEMORY * 2) } },
	{ "another signal of the same sender is another signal", {
	    HEARD(0, SIGHUP, 5), RECEIVED(1, SIGTERM, 5),
	    PASS(DELAY, SIGHUP), PASS(DELAY + 1, SIGTERM),
	    NOTHING(DELAY + 1) } },
	{ "a key press is heard by both, from sender 0", {
	    RECEIVED(0, SIGINT, 0), HEARD(0, SIGINT, 0), SPARE(0, SIGINT),
	    NOTHING(MEMORY * 2) } },
	{ "two equal signals within the delay, one report: one signal", {
	    RECEIVED(0, SIGUSR1, 5), RECEIVED(1, SIGUSR1, 5),
	    HEARD(2, SIGUSR1, 5), SPARE(2, SIGUSR1), NOTHING(MEMORY * 2) } },
	{ "still one signal if the second comes after the decision", {
	    RECEIVED(0, SIGUSR1, 5), HEARD(1, SIGUSR1, 5), SPARE(1, SIGUSR1),
	    RECEIVED(2, SIGUSR1, 5), NOTHING(MEMORY * 2) } },
	{ "received once, reported twice: one signal; the next is another", {
	    RECEIVED(0, SIGUSR1, 5), HEARD(1, SIGUSR1, 5), SPARE(1, SIGUSR1),
	    HEARD(2, SIGUSR1, 5), RECEIVED(30, SIGUSR1, 5), NOTHING(30),
	    PASS(30 + DELAY, SIGUSR1), NOTHING(MEMORY * 2) } },
	{ "two equal signals, none reported: one is passed on", {
	    RECEIVED(0, SIGUSR1, 5), RECEIVED(DELAY - 1, SIGUSR1, 5),
	    PASS(DELAY, SIGUSR1), NOTHING(MEMORY * 2) } },
	{ "an equal signal after the delay is another signal", {
	    RECEIVED(0, SIGUSR1, 5), PASS(DELAY, SIGUSR1),
	    RECEIVED(DELAY, SIGUSR1, 5), PASS(DELAY * 2, SIGUSR1) } },
	{ "two equal real-time signals are two signals", {
	    RECEIVED(0, 64, 5), RECEIVED(1, 64, 5), HEARD(2, 64, 5),
	    SPARE(2, 64), NOTHING(2), PASS(DELAY + 1, 64) } },
	{ "a report is used for one signal", {
	    HEARD(0, SIGUSR1, 5), RECEIVED(1, SIGUSR1, 5), SPARE(1, SIGUSR1),
	    RECEIVED(DELAY + 1, SIGUSR1, 5), NOTHING(DELAY + 1),
	    PASS(DELAY * 2 + 1, SIGUSR1) } },
	{ "two reports are used for two signals", {
	    HEARD(0, SIGUSR1, 5), HEARD(DELAY, SIGUSR1, 5),
	    RECEIVED(DELAY, SIGUSR1, 5), SPARE(DELAY, SIGUSR1),
	    RECEIVED(DELAY * 2, SIGUSR1, 5), SPARE(DELAY * 2, SIGUSR1),
	    NOTHING(MEMORY * 2) } },
	{ "a stop after stop and SIGCONT is passed on", {
	    RECEIVED(0, SIGTSTP, 5), RECEIVED(1, SIGCONT, 5),
	    RECEIVED(2, SIGTSTP, 5), PASS(DELAY + 1, SIGCONT),
	    PASS(DELAY + 2, SIGTSTP), NOTHING(MEMORY * 2) } },
	{ "a late report neither cancels a signal nor sends it twice", {
	    RECEIVED(0, SIGTERM, 5), PASS(DELAY, SIGTERM),
	    HEARD(DELAY + 1, SIGTERM, 5), NOTHING(MEMORY * 2) } },
	{ "a late report does not stand for the sender's next signal", {
	    RECEIVED(0, SIGTERM, 5), PASS(DELAY, SIGTERM),
	    HEARD(DELAY + 1, SIGTERM, 5), RECEIVED(DELAY * 2, SIGTERM, 5),
	    NOTHING(DELAY * 2), PASS(DELAY * 3, SIGTERM) } },
	{ "a decided signal does not take the report of the next one", {
	    RECEIVED(0, SIGTERM, 5), PASS(DELAY, SIGTERM),
	    RECEIVED(DELAY * 9, SIGTERM, 5), HEARD(DELAY * 9, SIGTERM, 5),
	    SPARE(DELAY * 9, SIGTERM), NOTHING(MEMORY * 2) } },
	{ "two different signals are both passed on", {
	    RECEIVED(0, SIGHUP, 5), RECEIVED(0, SIGTERM, 5),
	    PASS(DELAY, SIGHUP), PASS(DELAY, SIGTERM),
	    NOTHING(MEMORY * 2) } },
	{ "SIGCONT cancels the stop before it", {
	    RECEIVED(0, SIGTSTP, 5), RECEIVED(1, SIGCONT, 5),
	    PASS(DELAY + 1, SIGCONT), NOTHING(MEMORY * 2) } },
	{ "SIGCONT and then a stop are passed on in this order", {
	    RECEIVED(0, SIGCONT, 5), RECEIVED(1, SIGTSTP, 5),
	    PASS(DELAY, SIGCONT), PASS(DELAY + 1, SIGTSTP) } },
	{ "a real-time signal heard by both is not passed on", {
	    RECEIVED(0, 64, 5), HEARD(0, 64, 5), SPARE(0, 64) } },
};

static void
play(const char *what, const struct step *step)
{
	struct forward forward;
	int64_t now_ms;
	bool good, reached;
	int number;

	memset(&forward, 0, sizeof(forward));
	good = true;
	for (; step->what != END && good; step++) {
		now_ms = START + step->after_ms;
		if (step->what == GUARD)
			(void)forward_heard(&forward, FORWARD_GUARD,
			    step->number, step->sender, false, now_ms);
		else if (step->what == KEEPER)
			(void)forward_heard(&forward, FORWARD_KEEPER,
			    step->number, step->sender, false, now_ms);
		else {
			reached = false;
			number = forward_next(&forward, now_ms, &reached);
			good = number == step->number &&
			    (step->what == NONE ||
				reached == (step->what == SPARED));
		}
	}
	ok(good, "%s", what);
}

static void
hear(struct forward *forward, enum forward_ear ear, int number, pid_t sender,
    int64_t now_ms)
{
	(void)forward_heard(forward, ear, number, sender, false, now_ms);
}

static void
test_deadline(void)
{
	struct forward forward;
	bool by_both;

	memset(&forward, 0, sizeof(forward));
	is_int(forward_deadline(&forward), CLOCK_NEVER,
	    "without a signal nothing is due");
	hear(&forward, FORWARD_GUARD, SIGHUP, 5, START);
	hear(&forward, FORWARD_GUARD, SIGINT, 5, START + 5);
	is_int(forward_deadline(&forward), START + DELAY,
	    "the first signal is due first");
	hear(&forward, FORWARD_KEEPER, SIGINT, 5, START + 6);
	ok(forward_deadline(&forward) <= START + 6,
	    "a decided signal is due at once");
	is_int(forward_next(&forward, START + 6, &by_both), SIGINT,
	    "the decided signal is taken out first");
	is_int(forward_next(&forward, START + DELAY, &by_both), SIGHUP,
	    "the other signal is taken out next");
	is_int(forward_deadline(&forward), CLOCK_NEVER,
	    "nothing is due after both");
}

static void
test_news(void)
{
	struct forward forward;
	bool by_both;

	memset(&forward, 0, sizeof(forward));
	ok(forward_heard(&forward, FORWARD_GUARD, SIGINT, 5, false, START),
	    "a signal is new");
	ok(!forward_heard(&forward, FORWARD_KEEPER, SIGINT, 5, false,
	    START + 1),
	    "the keeper's report of the signal is not new");
	ok(!forward_heard(&forward, FORWARD_GUARD, SIGINT, 5, false,
	    START + 2),
	    "a repeat is not new");
	ok(forward_heard(&forward, FORWARD_GUARD, SIGINT, 5, true,
	    START + DELAY),
	    "an equal signal after the delay is new");
	is_int(forward_next(&forward, START + DELAY, &by_both), SIGINT,
	    "a signal that is not handled at once is taken out");
	is_int(forward_next(&forward, START + MEMORY, &by_both), 0,
	    "a signal that is handled at once is not taken out");
	hear(&forward, FORWARD_GUARD, SIGHUP, 5, 2 * START);
	ok(forward_heard(&forward, FORWARD_KEEPER, SIGHUP, 5, true,
	    2 * START + 1), "a report is new if the signal is handled now");
	is_int(forward_next(&forward, 2 * START + MEMORY, &by_both), 0,
	    "a signal that was handled waits no longer");
}

static void
test_command_ended(void)
{
	struct forward forward;
	bool by_both;

	memset(&forward, 0, sizeof(forward));
	hear(&forward, FORWARD_GUARD, SIGTERM, 5, START);
	hear(&forward, FORWARD_GUARD, SIGTSTP, 5, START);
	forward_command_ended(&forward);
	is_int(forward_next(&forward, START + DELAY, &by_both), SIGTSTP,
	    "after the command's end a stop signal still counts");
	is_int(forward_next(&forward, START + DELAY, &by_both), 0,
	    "a terminating signal does not count");
	ok(!forward_heard(&forward, FORWARD_KEEPER, SIGTERM, 5, false,
	    START + DELAY), "the keeper's report of it is not new");
}

/* Reports more signals than there are slots. */
static void
test_overflow(void)
{
	struct forward forward;
	bool by_both, seen_last;
	int number, count;
	int i;

	memset(&forward, 0, sizeof(forward));
	for (i = 0; i < FORWARD_SLOTS * 3; i++)
		hear(&forward, FORWARD_GUARD, i == FORWARD_SLOTS * 3 - 1 ?
		    SIGTERM : SIGUSR1, 100 + i, START + i);
	count = 0;
	seen_last = false;
	while ((number = forward_next(&forward, START + DELAY * 10,
	    &by_both)) != 0) {
		count++;
		seen_last = seen_last || number == SIGTERM;
	}
	ok(count > 0 && count <= FORWARD_SLOTS,
	    "at most as many signals as slots are passed on");
	ok(seen_last, "the last one of many different signals is passed on");

	memset(&forward, 0, sizeof(forward));
	for (i = 0; i < FORWARD_SLOTS * 3; i++)
		hear(&forward, FORWARD_GUARD, i == FORWARD_SLOTS + 3 ?
		    SIGTERM : 64, 100, START);
	seen_last = false;
	while ((number = forward_next(&forward, START + DELAY,
	    &by_both)) != 0)
		seen_last = seen_last || number == SIGTERM;
	ok(seen_last, "one signal among many equal ones is passed on");

	memset(&forward, 0, sizeof(forward));
	for (i = 0; i < FORWARD_SLOTS * 3; i++) {
		hear(&forward, FORWARD_GUARD, SIGUSR1, 100 + i, START + i);
		(void)forward_next(&forward, START + i + DELAY, &by_both);
	}
	hear(&forward, FORWARD_KEEPER, SIGUSR1, 100 + FORWARD_SLOTS * 3 - 1,
	    START + FORWARD_SLOTS * 3);
	is_int(forward_next(&forward, START + MEMORY, &by_both), 0,
	    "the newest decided signals are remembered");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		play(stories[i].what, stories[i].steps);
	test_deadline();
	test_news();
	test_command_ended();
	test_overflow();
	return tap_end();
}
