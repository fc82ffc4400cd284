/*
 * Time in milliseconds and deadlines.
 *
 * All times are points on CLOCK_BOOTTIME, which goes on through a suspend: a
 * machine that slept has to find its deadlines passed, not postponed.
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
 * last set.  A timer, because poll(2) counts its timeout on a clock that
 * stands still in a suspend.  Returns -1 and sets errno on failure.
 */
int	clock_timer_open(void);

/* Sets the timer: CLOCK_NEVER disarms it, a past deadline fires at once. */
void	clock_timer_set(int, int64_t);

/*
 * Reads a duration: a decimal number, fractions allowed, with ms, s, m, h or d
 * behind it, seconds without.  Stores ms.  Returns 0, or -1 for anything else
 * or for more than CLOCK_LONGEST_MS.
 */
int	clock_parse_duration(const char *, int64_t *);

#endif
