/*
 * All exit statuses of zkrun.  Tests compare the manual with this file.
 *
 * The command itself may exit with any of these numbers.  If signal n kills the
 * command, the status is EXITCODE_SIGNAL + n.
 */
#ifndef ZKRUN_EXITCODE_H
#define ZKRUN_EXITCODE_H

enum exitcode {
	EXITCODE_FREE = 1,		/* --status: nobody holds the lock */
	EXITCODE_USAGE = 64,		/* the command line or environment */
	EXITCODE_UNREACHABLE = 69,	/* no contact after all retries */
	EXITCODE_INTERNAL = 70,		/* a fault in zkrun */
	EXITCODE_SYSTEM = 71,		/* the system refused: fork, memory */
	EXITCODE_CONFLICT = 75,		/* not acquired; -E sets another */
	EXITCODE_LOST = 76,		/* lease lost, command stopped */
	EXITCODE_DENIED = 77,		/* authentication or ACL */
	EXITCODE_CONFIG = 78,		/* the configuration file */
	EXITCODE_MAX_TIME = 124,	/* --max-time passed, command stopped */
	EXITCODE_CANNOT_RUN = 126,	/* the command cannot be run */
	EXITCODE_NOT_FOUND = 127,	/* the command was not found */
	EXITCODE_SIGNAL = 128,		/* plus the signal's number */
};

#endif
