/*
 * Finds the reasons why a task needs attention.
 */
#ifndef ZKRUN_STATUS_WHY_H
#define ZKRUN_STATUS_WHY_H

#include <stdint.h>

struct survey_task;

#define STATUS_WHY_SIZE	1024

enum status_need {
	STATUS_IS_WELL,
	STATUS_IS_PAUSED,	/* by a user */
	STATUS_IS_WRONG,
};

/*
 * Writes the reasons, clean for a terminal, and returns how urgent they are.
 * now_ms is in ms since 1970.  Does no I/O.
 *
 * The reasons are: the task cannot be read; its last run failed; it is held for
 * much longer than its last successful run took, or for an hour while others
 * wait; a lease or a queue node has no session; its record cannot be read; it
 * is paused.
 */
enum status_need	status_why(const struct survey_task *, int64_t now_ms,
			    char why[STATUS_WHY_SIZE]);

#endif
