/*
 * Tests the pauses and limits of the retry policy.
 */
#include "config/backoff.h"

#include "tap.h"

#define TEN_YEARS_MS	(INT64_C(10) * 365 * 24 * 3600 * 1000)

static const struct {
	const char		*what;
	struct backoff_policy	 policy;
	int64_t			 retries, elapsed_ms;
	uint32_t		 random;
	int64_t			 pause_ms;
} cases[] = {
	/* Curator's RetryNTimes(3, 1000) */
	{ "3 retries: the first", { 3, 1000, 0, 0 }, 0, 0, 0, 1000 },
	{ "3 retries: the second", { 3, 1000, 0, 0 }, 1, 1000, 7, 1000 },
	{ "3 retries: the third", { 3, 1000, 0, 0 }, 2, 99999, UINT32_MAX,
	    1000 },
	{ "3 retries: no fourth", { 3, 1000, 0, 0 }, 3, 3000, 0,
	    BACKOFF_GIVE_UP },
	{ "3 retries: no fifth", { 3, 1000, 0, 0 }, 4, 3000, 0,
	    BACKOFF_GIVE_UP },
	{ "0 retries: gives up", { 0, 1000, 0, 0 }, 0, 0, 0, BACKOFF_GIVE_UP },
	{ "a pause of 0 retries at once", { 1, 0, 0, 0 }, 0, 0, 9, 0 },

	{ "forever: the first", { BACKOFF_FOREVER, 50, 0, 0 }, 0, 0, 0, 50 },
	{ "forever: retry 2^62", { BACKOFF_FOREVER, 50, 0, 0 },
	    INT64_C(1) << 62, TEN_YEARS_MS, 0, 50 },

	{ "doubling: the first, longest jitter", { 9, 100, 1000, 0 }, 0, 0,
	    UINT32_MAX, 100 },
	{ "doubling: the second", { 9, 100, 1000, 0 }, 1, 0, UINT32_MAX, 200 },
	{ "doubling: the third", { 9, 100, 1000, 0 }, 2, 0, UINT32_MAX, 400 },
	{ "doubling: the fourth", { 9, 100, 1000, 0 }, 3, 0, UINT32_MAX, 800 },
	{ "doubling: the cap", { 9, 100, 1000, 0 }, 4, 0, UINT32_MAX, 1000 },
	{ "doubling: still the cap", { 9, 100, 1000, 0 }, 8, 0, UINT32_MAX,
	    1000 },
	{ "doubling: max-retries still applies", { 9, 100, 1000, 0 }, 9, 0,
	    UINT32_MAX, BACKOFF_GIVE_UP },
	{ "jitter: the shortest pause is 0", { 9, 100, 1000, 0 }, 5, 0, 0, 0 },
	{ "jitter: half of the cap", { 9, 100, 1000, 0 }, 5, 0, UINT32_MAX / 2,
	    499 },
	{ "a cap below the pause replaces the pause", { 9, 1000, 100, 0 }, 0, 0,
	    UINT32_MAX, 100 },
	{ "doubling: retry 2^62 does not overflow",
	    { BACKOFF_FOREVER, 1, 60000, 0 }, INT64_C(1) << 62, 0, UINT32_MAX,
	    60000 },
	{ "ten years are not doubled beyond the cap",
	    { BACKOFF_FOREVER, TEN_YEARS_MS, TEN_YEARS_MS, 0 }, 1000000000, 0,
	    UINT32_MAX, TEN_YEARS_MS },
	{ "nearly ten years are doubled to the cap",
	    { BACKOFF_FOREVER, TEN_YEARS_MS - 1, TEN_YEARS_MS, 0 }, 1, 0,
	    UINT32_MAX, TEN_YEARS_MS },

	{ "retry-for: in time", { BACKOFF_FOREVER, 100, 0, 1000 }, 5, 899, 0,
	    100 },
	{ "retry-for: exactly in time", { BACKOFF_FOREVER, 100, 0, 1000 }, 5,
	    900, 0, 100 },
	{ "retry-for: the retry would be too late",
	    { BACKOFF_FOREVER, 100, 0, 1000 }, 5, 901, 0, BACKOFF_GIVE_UP },
	{ "retry-for: ten years late", { BACKOFF_FOREVER, 100, 0, 1000 }, 5,
	    TEN_YEARS_MS, 0, BACKOFF_GIVE_UP },
	{ "retry-for: ten years", { BACKOFF_FOREVER, TEN_YEARS_MS, 0,
	    TEN_YEARS_MS }, 1, 1, 0, BACKOFF_GIVE_UP },
	{ "retry-for: max-retries still applies", { 2, 100, 0, 1000 }, 2, 0, 0,
	    BACKOFF_GIVE_UP },
	{ "retry-for: the pause counts with its jitter",
	    { BACKOFF_FOREVER, 100, 100, 1000 }, 0, 950, 0, 0 },
};

int
main(void)
{
	struct backoff_policy policy = { BACKOFF_FOREVER, 10, 5000, 0 };
	int64_t pause_ms, longest_ms;
	uint32_t random;
	bool inside;
	size_t i;
	int64_t n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(backoff_pause_ms(&cases[i].policy, cases[i].retries,
		    cases[i].elapsed_ms, cases[i].random), cases[i].pause_ms,
		    cases[i].what);

	/* Every pause lies between 0 and the doubled pause. */
	inside = true;
	random = 1;
	for (n = 0; n < 20; n++) {
		longest_ms = INT64_C(10) << n;
		if (longest_ms > policy.cap_ms)
			longest_ms = policy.cap_ms;
		for (i = 0; i < 1000; i++) {
			random = random * 1664525 + 1013904223;
			pause_ms = backoff_pause_ms(&policy, n, 0, random);
			inside = inside && pause_ms >= 0 &&
			    pause_ms <= longest_ms;
		}
	}
	ok(inside, "every pause lies between 0 and the doubled pause");
	return tap_end();
}
