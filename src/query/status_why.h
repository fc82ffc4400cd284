/*
 * Why a task needs attention.
 */
#ifndef ZKRUN_STATUS_WHY_H
#define ZKRUN_STATUS_WHY_H

#include <stdbool.h>
#include <stdint.h>

struct survey_task;

#define STATUS_WHY_SIZE	1024

/*
 * Writes the reasons, clean for a terminal; the time is in ms since 1970.  Returns
 * false if there is none.  Pure.
 *
 * The reasons: the task cannot be read; it is paused; a lease or a place in the queue
 * has no session; it is held for much longer than its last good run took, or for an
 * hour while others wait; its last run failed; its record cannot be read.
 */
bool	status_why(const struct survey_task *, int64_t now_ms,
	    char why[STATUS_WHY_SIZE]);

#endif
