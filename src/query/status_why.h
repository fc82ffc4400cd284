/*
 * What is wrong with a task, for somebody who is woken at night.
 */
#ifndef ZKRUN_STATUS_WHY_H
#define ZKRUN_STATUS_WHY_H

#include <stdbool.h>
#include <stdint.h>

struct survey_task;

#define STATUS_WHY_SIZE	1024

/*
 * Writes why somebody should look at the task, clean for a terminal; the time is in
 * ms since 1970.  Returns false if there is no reason.  Pure.
 *
 * The reasons: it cannot be looked at; it is paused; a lease is nobody's; a place in
 * line is; it is held for much longer than its last good run took, or for long while
 * others wait; its last run failed; its record cannot be read.
 */
bool	status_why(const struct survey_task *, int64_t now_ms,
	    char why[STATUS_WHY_SIZE]);

#endif
