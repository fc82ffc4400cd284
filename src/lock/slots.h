/*
 * Which slot a contender stands for, and whether that slot has had its run.
 *
 * A schedule starts a contender on each server, in one slot.  A contender stands
 * for the slot in which it joined: how long it then waits, behind a run that fails
 * perhaps, plays no part.  Contenders of one slot join less than an interval
 * apart, those of two slots do not.  So one good run of a slot is enough if
 * everybody whose slot begins less than an interval behind the slot of that run is
 * turned away.
 *
 * A run that began an interval or more after its contender had joined has missed
 * slots.  It counts for the last one that it can have missed, reckoned in whole
 * intervals.
 *
 * All times are by the clock of the ensemble's leader, in ms since 1970: no clock
 * of ours plays a part, but to reckon on from a time of the leader's.
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
	SLOTS_IN_FUTURE,	/* a recorded run cannot have been: see below */
};

/* One who has the lease and asks whether to run. */
struct slots_contender {
	int64_t	joined_ms;	/* its first node was made */
	int64_t	now_ms;
	int64_t	interval_ms;	/* 0: only records */
	bool	count_failures;
};

/*
 * Returns the slot that a run of the contender counts for, if its command is
 * started now.
 */
int64_t	slots_of_run(const struct slots_contender *);

/*
 * Judges by the record.  *run becomes the run that the verdict is about; NULL with
 * SLOTS_DUE.
 *
 * A run may lie a little later than now, if the clock was set back since: that is a
 * run of just now.  If it is more than a minute, or more than the interval, the
 * clock proves nothing any more.
 */
enum slots_verdict	slots_judge(const struct slots_contender *,
			    const struct runs_text *,
			    const struct runs_text_run **run);

#endif
