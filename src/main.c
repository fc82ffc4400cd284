/*
 * zkrun: run a command while holding a distributed lock in ZooKeeper.
 *
 * Two processes: the guard, which is the one the user started, and the keeper,
 * its child, which holds the lease and starts the command.  src/README.md has
 * the whole picture.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/arguments.h"
#include "config/credentials.h"
#include "config/options.h"
#include "lock/paths.h"
#include "query/check.h"
#include "query/revoke.h"
#include "query/status.h"
#include "run/guard.h"
#include "run/keeper.h"
#include "system/descriptors.h"
#include "system/proctitle.h"
#include "system/signals.h"
#include "system/syslogger.h"

/* The lock is worth more than a word about it: without a logger we go on. */
static void
start_syslog(const struct options *options)
{
	int fd;

	fd = syslogger_start(options->syslog_facility, options->task);
	if (fd == -1)
		log_notice("cannot write to the system's log: %s",
		    strerror(errno));
	log_set_syslog(fd);
}

int
main(int argc, char **argv)
{
	struct signals signals;
	struct options options;
	int status;

	if (descriptors_fill_standard() == -1) {
		log_error("cannot open '/dev/null': %s", strerror(errno));
		return EXITCODE_SYSTEM;
	}
	/* Before the options point to arguments, which it moves. */
	proctitle_init(argc, argv);
	status = arguments_parse(&options, argc, argv);
	if (status != ARGUMENTS_RUN)
		return status;
	if (options.interval_ms != CLOCK_NEVER &&
	    paths_meet_tasks(options.runs, options.base)) {
		log_error("cannot use '%s': runs are not to be recorded where "
		    "the locks are", options.runs);
		return EXITCODE_USAGE;
	}
	/* It is forked first and so knows no credential. */
	if (options.mode == OPTIONS_RUN &&
	    options.syslog_facility != OPTIONS_NO_SYSLOG)
		start_syslog(&options);
	/* --check reads what everybody may, as whoever the command has become. */
	if (options.mode != OPTIONS_CHECK && options.auth_file[0] != '\0' &&
	    credentials_read(&options.credentials, options.auth_file) == -1)
		return EXITCODE_CONFIG;
	switch (options.mode) {
	case OPTIONS_RUN:
		break;
	case OPTIONS_CHECK:
		return check_run(&options);
	case OPTIONS_STATUS:
		return status_run(&options);
	case OPTIONS_REVOKE:
		return revoke_run(&options);
	case OPTIONS_BREAK:
		return revoke_break(&options);
	}
	proctitle_set(options.task, "connecting");
	/* From here on a signal is something that we read. */
	signals_block(&signals);
	return guard_run(&options, &signals, keeper_run);
}
