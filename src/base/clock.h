/*
 * Time in milliseconds, and deadlines.
 *
 * All times are points on CLOCK_BOOTTIME, which goes on through a suspend: when
 * a machine wakes up, its deadlines have passed.
 */
#ifndef ZKRUN_CLOCK_H
#define ZKRUN_CLOCK_H

#include <stdint.h>

/* A deadline that never comes. */
#define CLOCK_NEVER	INT64_MAX

/* No duration is longer: ten years. */
#define CLOCK_LONGEST_MS	(INT64_C(10) * 365 * 24 * 3600 * 1000)

/* Returns the time now, in ms. */
int64_t	clock_ms(void);

/* Returns the earlier of two deadlines. */
int64_t	clock_earlier(int64_t, int64_t);

/* Returns a point in time plus a duration; both may be CLOCK_NEVER. */
int64_t	clock_after(int64_t, int64_t);

/*
 * Opens a close-on-exec timer descriptor that becomes readable at the deadline
 * last set.  The timeout of poll(2) would not do, because its clock stops in a
 * suspend.  Returns -1 and sets errno on failure.
 */
int	clock_timer_open(void);

/* Sets the timer: CLOCK_NEVER disarms it, a past deadline fires at once. */
void	clock_timer_set(int, int64_t);

/*
 * Reads a duration, a decimal number with or without a fraction, followed by
 * ms, s, m, h or d; without a unit it is in seconds.  Stores ms.  Returns 0, or
 * -1 for anything else or for more than CLOCK_LONGEST_MS.
 */
int	clock_parse_duration(const char *, int64_t *);

#endif
