/*
 * The record of a task's runs, as text: what one small znode holds.
 *
 *	zkrun 1
 *	success began=1763780400123 started=1763780400131 took=2467 status=0
 *	    fence=8589934611 host=web1
 *	run began=... (newest first, at most RUNLOG_RUNS of them)
 *
 * each in one line.  The last success has a line of its own, for the others may
 * all be failures.  Pure; no I/O.
 */
#ifndef ZKRUN_RUNS_TEXT_H
#define ZKRUN_RUNS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUNLOG_RUNS	10
#define RUNLOG_HOST	128
#define RUNLOG_SIZE	4096	/* of the text, at most */

struct runlog_run {
	/* By ZooKeeper's clock, in ms since 1970. */
	int64_t	began_ms;	/* the lease node was made */
	int64_t	started_ms;	/* the command */
	int64_t	took_ms;	/* until all it had started was gone */
	int64_t	fence;
	int	status;		/* that zkrun exited with */
	char	host[RUNLOG_HOST];
};

struct runlog {
	struct runlog_run run[RUNLOG_RUNS];	/* newest first */
	size_t		  count;
	struct runlog_run success;
	bool		  has_success;
};

/*
 * Reads what a znode holds.  Returns NULL, or why that is no record of runs;
 * the runlog is empty then.
 */
const char	*runlog_parse(struct runlog *, const char *, size_t);

/* Writes it; the text of an empty one can be parsed, too. */
void	runlog_format(const struct runlog *, char text[RUNLOG_SIZE]);

/* Adds the newest run; the oldest is dropped where there is no room. */
void	runlog_add(struct runlog *, const struct runlog_run *);

/* Returns the run with that fence, or NULL. */
const struct runlog_run	*runlog_find(const struct runlog *, int64_t fence);

/* Returns the last run, or the last successful one; NULL if there is none. */
const struct runlog_run	*runlog_last(const struct runlog *,
			    bool count_failures);

/* Returns the run that began last of all; NULL if there is none. */
const struct runlog_run	*runlog_newest(const struct runlog *);

#endif
