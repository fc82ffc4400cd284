/*
 * Which slot a contender stands for, and whether that slot has had its run.
 *
 * A schedule starts a contender on each server, all in one slot.  A contender
 * stands for the slot in which it came.  The time that it then takes to connect, and
 * to wait behind a run that fails perhaps, does not change that.  Contenders of one
 * slot come less than an interval apart; contenders of two slots do not.  So after
 * a good run the judge turns away every contender whose slot begins less than an
 * interval behind the slot of that run.
 *
 * A contender that waits for an interval or longer misses slots.  Its run counts for
 * the last slot that it can have missed, in steps of the interval.
 *
 * All times are from the clock of the ensemble's leader, in ms since 1970.  Our own
 * clock only measures how much time lies between such a time and another one.
 *
 * Pure.
 */
#ifndef ZKRUN_SLOTS_H
#define ZKRUN_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lock/runs_text.h"

enum slots_verdict {
	SLOTS_DUE,		/* the slot needs a run */
	SLOTS_HAD,		/* it has had one that counts */
	SLOTS_IN_FUTURE,	/* a recorded run lies in the future: see below */
};

/* A contender that has the lease. */
struct slots_contender {
	int64_t	came_ms;
	int64_t	now_ms;
	int64_t	interval_ms;	/* 0: only records */
	bool	count_failures;
};

/* Returns the slot for which a run counts that the contender starts now. */
int64_t	slots_of_run(const struct slots_contender *);

/*
 * Judges by the record of runs.  Sets *run to the run that decides; to NULL with
 * SLOTS_DUE.
 *
 * If the leader's clock was set back, a recorded run may lie in the future.  By at
 * most a minute, and at most the interval, it counts as a run of just now.
 * Otherwise the verdict is SLOTS_IN_FUTURE.
 */
enum slots_verdict	slots_judge(const struct slots_contender *,
			    const struct runs_text *,
			    const struct runs_text_run **run);

#endif
