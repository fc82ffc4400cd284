/*
 * zkrun: run a command while holding a distributed lock in ZooKeeper.
 *
 * Two processes: the guard, which is the one the user started, and the keeper,
 * its child, which holds the lease and starts the command.  src/README.md has
 * the whole picture.
 */
#include <errno.h>
#include <string.h>

#include "arguments.h"
#include "check.h"
#include "command.h"
#include "exitcode.h"
#include "guard.h"
#include "keeper.h"
#include "log.h"
#include "options.h"
#include "signals.h"

int
main(int argc, char **argv)
{
	struct signals signals;
	struct options options;
	int status;

	if (command_fill_standard_descriptors() == -1) {
		log_error("cannot open '/dev/null': %s", strerror(errno));
		return EXITCODE_SYSTEM;
	}
	status = arguments_parse(&options, argc, argv);
	if (status != ARGUMENTS_RUN)
		return status;
	if (options.check)
		return check_run(&options);
	/* From here on a signal is something that we read. */
	signals_block(&signals);
	return guard_run(&options, &signals, keeper_run);
}
