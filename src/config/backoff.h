/*
 * Computes the pauses between attempts to connect.  Does no I/O.
 *
 * The default is Curator's RetryNTimes(3, 1000).  With a cap, the pause doubles
 * as in Curator's BoundedExponentialBackoffRetry.  Each pause is then a random
 * part of the doubled one (full jitter), so that contenders do not retry in
 * step.
 */
#ifndef ZKRUN_BACKOFF_H
#define ZKRUN_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FOREVER	(-1)
#define BACKOFF_GIVE_UP	(-1)

#define BACKOFF_DEFAULT	3	/* retries, as Curator's RetryNTimes(3, 1000) */

struct backoff_policy {
	int	max_retries;	/* after the first try, or BACKOFF_FOREVER */
	int64_t	sleep_ms;	/* pause between two attempts */
	int64_t	cap_ms;		/* longest pause; 0: no doubling */
	int64_t	for_ms;		/* no retry later than this; 0: no such limit */
};

/*
 * Returns the pause in ms before the next attempt, or BACKOFF_GIVE_UP.
 * retries: the number of retries so far; elapsed_ms: the time since the first
 * attempt began; random: 32 random bits.
 */
int64_t	backoff_pause_ms(const struct backoff_policy *, int64_t retries,
	    int64_t elapsed_ms, uint32_t random);

#endif
