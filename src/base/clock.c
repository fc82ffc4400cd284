/*
 * Reads CLOCK_BOOTTIME, sets timers and parses durations.
 */
#include "base/clock.h"

#include <sys/timerfd.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t
clock_ms(void)
{
	struct timespec now;

	/* This call cannot fail: every Linux has CLOCK_BOOTTIME. */
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
clock_after(int64_t start_ms, int64_t duration_ms)
{
	if (start_ms == CLOCK_NEVER || start_ms >= CLOCK_NEVER - duration_ms)
		return CLOCK_NEVER;
	return start_ms + duration_ms;
}

int
clock_timer_open(void)
{
	return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

void
clock_timer_set(int fd, int64_t deadline_ms)
{
	struct itimerspec when = { 0 };

	if (deadline_ms != CLOCK_NEVER) {
		/* A time of zero would disarm the timer. */
		if (deadline_ms < 1)
			deadline_ms = 1;
		when.it_value.tv_sec = deadline_ms / 1000;
		when.it_value.tv_nsec = deadline_ms % 1000 * 1000000;
	}
	(void)timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int
clock_parse_duration(const char *text, int64_t *ms)
{
	static const struct {
		const char	*name;
		double		 ms;
	} units[] = {
		{ "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 }, { "d", 86400000 },
	};
	double value;
	char *end;
	size_t i;

	/* strtod(3) would also accept signs, exponents, hex, inf and nan. */
	end = (char *)text + strspn(text, "0123456789.");
	if (end == text || strspn(text, ".") == (size_t)(end - text) ||
	    (*end != '\0' && strchr("mshd", *end) == NULL))
		return -1;
	value = strtod(text, &end);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		value *= units[i].ms;
		if (value > (double)CLOCK_LONGEST_MS)
			return -1;
		*ms = (int64_t)(value + 0.5);
		/* Do not round to 0: only "0" stands for no time. */
		if (*ms == 0 && value > 0)
			*ms = 1;
		return 0;
	}
	return -1;
}
