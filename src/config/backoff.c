/*
 * Decides when to retry, and when to give up.
 */
#include "config/backoff.h"

static int64_t
doubled(int64_t sleep_ms, int64_t times, int64_t cap_ms)
{
	while (times-- > 0 && sleep_ms > 0 && sleep_ms < cap_ms)
		sleep_ms *= 2;
	return sleep_ms < cap_ms ? sleep_ms : cap_ms;
}

int64_t
backoff_pause_ms(const struct backoff_policy *policy, int64_t retries,
    int64_t elapsed_ms, uint32_t random)
{
	int64_t pause_ms;

	if (policy->max_retries != BACKOFF_FOREVER &&
	    retries >= policy->max_retries)
		return BACKOFF_GIVE_UP;
	pause_ms = policy->sleep_ms;
	if (policy->cap_ms > 0) {
		pause_ms = doubled(pause_ms, retries, policy->cap_ms);
		/* Use double: ten years times 2^32 would overflow int64_t. */
		pause_ms = (int64_t)((double)pause_ms * random / UINT32_MAX);
	}
	/* Do not pause if no attempt may follow the pause. */
	if (policy->for_ms > 0 && elapsed_ms + pause_ms > policy->for_ms)
		return BACKOFF_GIVE_UP;
	return pause_ms;
}
