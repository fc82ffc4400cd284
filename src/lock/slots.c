/*
 * Computes slots.
 */
#include "lock/slots.h"

#include <stddef.h>

#define STEP_MS	60000	/* how far the clock may be set back */

int64_t
slots_of_run(const struct slots_contender *contender)
{
	int64_t waited_ms = contender->now_ms - contender->came_ms;

	if (contender->interval_ms == 0 || waited_ms < 0)
		return contender->came_ms;
	return contender->now_ms - waited_ms % contender->interval_ms;
}

enum slots_verdict
slots_judge(const struct slots_contender *contender,
    const struct runs_text *log, const struct runs_text_run **run)
{
	int64_t step_ms = contender->interval_ms < STEP_MS ?
	    contender->interval_ms : STEP_MS;

	*run = NULL;
	if (contender->interval_ms == 0)
		return SLOTS_DUE;
	*run = runs_text_newest(log);
	if (*run != NULL &&
	    runs_text_latest_ms(*run) - contender->now_ms > step_ms)
		return SLOTS_IN_FUTURE;
	*run = runs_text_last(log, contender->count_failures);
	if (*run != NULL && contender->came_ms - (*run)->slot_ms <
	    contender->interval_ms)
		return SLOTS_HAD;
	*run = NULL;
	return SLOTS_DUE;
}
