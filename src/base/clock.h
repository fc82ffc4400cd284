/*
 * Times, deadlines and durations in milliseconds.
 *
 * All times are on CLOCK_BOOTTIME, which counts while the machine is suspended:
 * deadlines pass during a suspend.
 */
#ifndef ZKRUN_CLOCK_H
#define ZKRUN_CLOCK_H

#include <stdint.h>

/* A deadline that never comes, and a duration without end. */
#define CLOCK_NEVER	INT64_MAX

/* The longest duration that a user can give: ten years. */
#define CLOCK_LONGEST_MS	(INT64_C(10) * 365 * 24 * 3600 * 1000)

/* Returns the current time in ms. */
int64_t	clock_ms(void);

/* Returns the earlier of two deadlines. */
int64_t	clock_earlier(int64_t, int64_t);

/*
 * Returns the time at which a duration ends, or CLOCK_NEVER if either argument
 * is CLOCK_NEVER or the sum is too large.
 */
int64_t	clock_after(int64_t start_ms, int64_t duration_ms);

/*
 * Opens a non-blocking close-on-exec timer that becomes readable at the
 * deadline last set.  The timeout of poll(2) stops during a suspend, so it
 * cannot replace the timer.  Returns the descriptor, which the caller closes,
 * or -1 and sets errno.
 */
int	clock_timer_open(void);

/* Sets the timer.  CLOCK_NEVER disarms it; a past deadline fires at once. */
void	clock_timer_set(int fd, int64_t deadline_ms);

/*
 * Parses a decimal number, with or without a fraction, followed by ms, s, m, h
 * or d.  A number without a unit is in seconds.  Stores the duration in ms,
 * rounded, and returns 0.  Stores at least 1 unless the duration is 0.  If the
 * text is malformed or means more than CLOCK_LONGEST_MS, returns -1 and does
 * not change *ms.
 */
int	clock_parse_duration(const char *, int64_t *ms);

#endif
