/*
 * The record of a task's runs as text, for one small znode.
 *
 *  *	zkrun 1
 *  *	success began=1763780400123 started=1763780400131 took=2467 status=0
 *  *	    fence=8589934611 host=web1
 *  *	run began=... (newest first, at most RUNS_TEXT_RUNS of them)
 *
 * Each run takes one line.  The last success has its own line, because the
 * other runs may all be failures.  These functions do no I/O.
 */
#ifndef ZKRUN_RUNS_TEXT_H
#define ZKRUN_RUNS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUNS_TEXT_RUNS	10
#define RUNS_TEXT_HOST	128
#define RUNS_TEXT_SIZE	4096	/* largest text */

struct runs_text_run {
	/* Times are ms since 1970 by ZooKeeper's clock. */
	int64_t	slot_ms;	/* "began": see slots_of_run() */
	int64_t	started_ms;	/* when the command started */
	int64_t	took_ms;	/* until its last process was gone */
	int64_t	fence;		/* the fencing token */
	int	status;		/* exit status of zkrun */
	char	host[RUNS_TEXT_HOST];
};

struct runs_text {
	struct runs_text_run run[RUNS_TEXT_RUNS];	/* newest first */
	size_t		  count;
	struct runs_text_run success;
	bool		  has_success;
};

/*
 * Parses the data of a znode.  Returns NULL on success.  If the data is not a
 * record of runs, returns the reason and empties the log.
 */
const char	*runs_text_parse(struct runs_text *, const char *, size_t);

/* Writes a text that runs_text_parse() accepts, for an empty record as well. */
void	runs_text_format(const struct runs_text *, char text[RUNS_TEXT_SIZE]);

/* Adds the newest run.  Drops the oldest one if there is no room. */
void	runs_text_add(struct runs_text *, const struct runs_text_run *);

/* Returns the run with that fencing token, or NULL. */
const struct runs_text_run	*runs_text_find(const struct runs_text *,
			    int64_t fence);

/* Returns the last run, or without count_failures the last success, or NULL. */
const struct runs_text_run	*runs_text_last(const struct runs_text *,
			    bool count_failures);

/*
 * Returns the later time of slot_ms and started_ms.  The slot is later if the
 * clock was set back while the contender waited.
 */
int64_t	runs_text_latest_ms(const struct runs_text_run *);

/* Returns the run with the latest runs_text_latest_ms(), or NULL. */
const struct runs_text_run	*runs_text_newest(const struct runs_text *);

#endif
