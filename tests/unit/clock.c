/*
 * Tests the parsing of durations, deadlines and the timer.
 */
#include "base/clock.h"

#include <poll.h>
#include <unistd.h>

#include "tap.h"

#define TEN_YEARS_MS	(INT64_C(10) * 365 * 24 * 3600 * 1000)
#define REFUSED		(-1)

static const struct {
	const char	*text;
	int64_t		 ms;
} durations[] = {
	{ "0", 0 }, { "0s", 0 }, { "0.0", 0 }, { "5", 5000 },
	{ "5s", 5000 }, { "5ms", 5 }, { "2m", 120000 }, { "3h", 10800000 },
	{ "1d", 86400000 }, { "007", 7000 },
	{ "1.5h", 5400000 }, { "0.25", 250 }, { ".5", 500 }, { "5.", 5000 },
	{ "0.5ms", 1 }, { "0.1ms", 1 }, { "0.00000001", 1 }, { "1.4ms", 1 },
	{ "1.6ms", 2 }, { "0.001", 1 }, { "1.0005", 1001 },
	{ "0.1", 100 }, { "0.7s", 700 }, { "1.1m", 66000 },
	{ "3650d", TEN_YEARS_MS }, { "315360000", TEN_YEARS_MS },
	{ "315360000000ms", TEN_YEARS_MS },
	{ "00000000000000000000000000000000000000000000000001", 1000 },

	{ "", REFUSED }, { ".", REFUSED }, { "..", REFUSED }, { "s", REFUSED },
	{ "ms", REFUSED }, { ".s", REFUSED }, { "-1", REFUSED },
	{ "-0", REFUSED }, { "+5", REFUSED }, { "1e9", REFUSED },
	{ "1e0", REFUSED }, { "5x", REFUSED }, { "5S", REFUSED },
	{ "5MS", REFUSED }, { "5sec", REFUSED }, { "5ss", REFUSED },
	{ "5sm", REFUSED }, { "5 s", REFUSED }, { "5s ", REFUSED },
	{ " 5", REFUSED }, { "5 ", REFUSED }, { "5\n", REFUSED },
	{ "\t5", REFUSED }, { "0x10", REFUSED }, { "0x1p3", REFUSED },
	{ "inf", REFUSED }, { "infinity", REFUSED }, { "nan", REFUSED },
	{ "1h30m", REFUSED }, { "1.2.3", REFUSED }, { "1,5", REFUSED },
	{ "1..5", REFUSED }, { "5d5", REFUSED }, { "forever", REFUSED },
	{ "3651d", REFUSED }, { "315360001", REFUSED },
	{ "99999999999999999999", REFUSED },
	{ "99999999999999999999999999999d", REFUSED },
	{ "1w", REFUSED }, { "5\xc2\xb5s", REFUSED },
};

static void
test_durations(void)
{
	char digits[5000];
	int64_t ms;
	size_t i;
	int result;

	for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		ms = -42;
		result = clock_parse_duration(durations[i].text, &ms);
		if (durations[i].ms == REFUSED)
			ok(result == -1 && ms == -42,
			    "the duration '%s' is refused and stores nothing",
			    durations[i].text);
		else
			ok(result == 0 && ms == durations[i].ms,
			    "the duration '%s' is %" PRId64 " ms",
			    durations[i].text, durations[i].ms);
	}
	memset(digits, '9', sizeof(digits));
	digits[sizeof(digits) - 1] = '\0';
	is_int(clock_parse_duration(digits, &ms), -1,
	    "5000 digits are refused");
}

static void
test_deadlines(void)
{
	is_int(clock_earlier(1, 2), 1, "the first deadline is earlier");
	is_int(clock_earlier(2, 1), 1, "the second deadline is earlier");
	is_int(clock_earlier(CLOCK_NEVER, 7), 7,
	    "a deadline is earlier than never");
	is_int(clock_earlier(7, CLOCK_NEVER), 7,
	    "a deadline is earlier than never, in either order");
	is_int(clock_earlier(CLOCK_NEVER, CLOCK_NEVER), CLOCK_NEVER,
	    "the earlier of never and never is never");
	is_int(clock_after(5, 6), 11, "a time plus a duration");
	is_int(clock_after(5, 0), 5, "a duration of 0 ends at once");
	is_int(clock_after(5, CLOCK_NEVER), CLOCK_NEVER,
	    "an endless duration never ends");
	is_int(clock_after(CLOCK_NEVER, 5), CLOCK_NEVER,
	    "a duration after never is never");
	is_int(clock_after(CLOCK_NEVER, CLOCK_NEVER), CLOCK_NEVER,
	    "an endless duration after never is never");
	is_int(clock_after(CLOCK_NEVER - 5, 5), CLOCK_NEVER,
	    "the largest sum is never");
	is_int(clock_after(CLOCK_NEVER - 6, 5), CLOCK_NEVER - 1,
	    "the largest sum less 1 ms is a time");
	is_int(clock_after(CLOCK_NEVER - 5, TEN_YEARS_MS), CLOCK_NEVER,
	    "a sum that overflows is never");
}

/* Returns whether the timer fires within this many ms. */
static bool
fires(int fd, int within_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, within_ms) == 1;
}

static void
test_timer(void)
{
	int64_t before_ms;
	int fd;

	before_ms = clock_ms();
	fd = clock_timer_open();
	ok(fd != -1, "a timer can be opened");
	ok(!fires(fd, 0), "a new timer does not fire");
	clock_timer_set(fd, 0);
	ok(fires(fd, 100), "deadline 0 fires at once");
	clock_timer_set(fd, CLOCK_NEVER);
	ok(!fires(fd, 10), "CLOCK_NEVER disarms the timer");
	clock_timer_set(fd, clock_ms() - 1000);
	ok(fires(fd, 100), "a past deadline fires at once");
	before_ms = clock_ms();
	clock_timer_set(fd, before_ms + 30);
	ok(!fires(fd, 0), "a future deadline does not fire yet");
	ok(fires(fd, 1000) && clock_ms() >= before_ms + 30,
	    "a future deadline fires when it is due");
	(void)close(fd);
}

int
main(void)
{
	test_durations();
	test_deadlines();
	test_timer();
	return tap_end();
}
