/*
 * The exit statuses of zkrun, the only list of them.  The manual and the tests
 * are checked against this file.
 *
 * 0 to 125 and 126, 127 may also be the command's own.  A command that was
 * killed by signal n ends in EXITCODE_SIGNAL + n.
 */
#ifndef ZKRUN_EXITCODE_H
#define ZKRUN_EXITCODE_H

enum exitcode {
	EXITCODE_FREE = 1,		/* of --status: nobody holds it */
	EXITCODE_USAGE = 64,		/* the command line or environment */
	EXITCODE_UNREACHABLE = 69,	/* no ZooKeeper within the retries */
	EXITCODE_INTERNAL = 70,		/* a fault in zkrun */
	EXITCODE_SYSTEM = 71,		/* the system refused: fork, memory */
	EXITCODE_CONFLICT = 75,		/* not acquired; -E sets another */
	EXITCODE_LOST = 76,		/* lease lost, the command stopped */
	EXITCODE_DENIED = 77,		/* authentication or ACL */
	EXITCODE_CONFIG = 78,		/* the configuration file */
	EXITCODE_MAX_TIME = 124,	/* --max-time passed, stopped */
	EXITCODE_CANNOT_RUN = 126,	/* the command cannot be run */
	EXITCODE_NOT_FOUND = 127,	/* the command was not found */
	EXITCODE_SIGNAL = 128,		/* plus the signal's number */
};

#endif
