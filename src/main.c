/*
 * zkrun: run a command while holding a distributed lock in ZooKeeper.
 *
 * Two processes: the guard, which is the one the user started, and the keeper,
 * its child, which holds the lease and starts the command.  src/README.md has
 * the whole picture.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

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
#include "run/link.h"
#include "system/descriptors.h"
#include "system/proctitle.h"
#include "system/proctree.h"
#include "system/signals.h"
#include "system/syslogger.h"

/* Logging is optional: without a logger zkrun carries on. */
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

/* Two processes from here on, with a link between them. */
static int
run(const struct options *options)
{
	struct link guard_end, keeper_end;
	struct signals signals;
	pid_t keeper;

	proctitle_set(options->task, "connecting");
	/* From here on a signal is something that we read. */
	signals_block(&signals);
	if (!proctree_can_see()) {
		log_error("cannot find processes in '/proc': it is not mounted, "
		    "or shows another pid namespace");
		return EXITCODE_SYSTEM;
	}
	log_share_line();
	keeper = -1;
	if (link_pair(&guard_end, &keeper_end) == 0)
		keeper = fork();
	switch (keeper) {
	case -1:
		log_error("cannot start: %s", strerror(errno));
		return EXITCODE_SYSTEM;
	case 0:
		link_close(&guard_end);
		keeper_run(options, &signals, &keeper_end);
		return 0;
	default:
		link_close(&keeper_end);
		return guard_run(options, &signals, &guard_end, keeper);
	}
}

int
main(int argc, char **argv)
{
	struct options options;
	int status;

	if (descriptors_fill_standard() == -1) {
		log_error("cannot open '/dev/null': %s", strerror(errno));
		return EXITCODE_SYSTEM;
	}
	/* Must come before arguments_parse(): this moves argv. */
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
	/* Fork the logger before credentials are read: it must not know them. */
	if (options.mode == OPTIONS_RUN &&
	    options.syslog_facility != OPTIONS_NO_SYSLOG)
		start_syslog(&options);
	/* --check needs no credentials: it reads only what everybody may read. */
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
	return run(&options);
}
