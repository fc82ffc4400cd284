/*
 * Decides whether a slot of the schedule still needs a run.
 *
 * A schedule starts one contender on each server in every slot.  A contender
 * belongs to the slot in which it arrived, however long it then takes to
 * connect or waits for another run.  Contenders of one slot arrive less than an
 * interval apart; contenders of different slots do not.  After a successful
 * run, slots_judge() therefore rejects each contender whose slot begins less
 * than an interval after the slot of that run.
 *
 * A contender that waits an interval or longer misses slots.  Its run counts
 * for the last slot that has begun; slots begin in steps of the interval from
 * its arrival.
 *
 * All times are ms since 1970 by the clock of the ensemble's leader.  The local
 * clock only measures the difference between two such times.
 *
 * These functions do no I/O.
 */
#ifndef ZKRUN_SLOTS_H
#define ZKRUN_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lock/runs_text.h"

enum slots_verdict {
	SLOTS_DUE,		/* the slot needs a run */
	SLOTS_HAD,		/* the slot had a run that counts */
	SLOTS_IN_FUTURE,	/* a recorded run lies in the future */
};

/* A contender that holds the lease. */
struct slots_contender {
	int64_t	came_ms;	/* when it arrived */
	int64_t	now_ms;
	int64_t	interval_ms;	/* 0: always due */
	bool	count_failures;	/* a failed run uses up its slot as well */
};

/* Returns the slot (slot_ms) of a run that the contender starts now. */
int64_t	slots_of_run(const struct slots_contender *);

/*
 * Decides by the record of runs whether the contender's slot needs a run.  Sets
 * *run to the run that decides, or to NULL with SLOTS_DUE.
 *
 * If the leader's clock was set back, a recorded run may lie in the future.  A
 * run that is at most a minute and at most the interval ahead counts as a run
 * of the present.  Otherwise the verdict is SLOTS_IN_FUTURE.
 */
enum slots_verdict	slots_judge(const struct slots_contender *,
			    const struct runs_text *,
			    const struct runs_text_run **run);

#endif
