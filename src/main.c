/*
 * zkrun: run a command while holding a distributed lock in ZooKeeper.
 *
 * The process that the user started is the guard.  Its child, the keeper, holds
 * the lease and starts the command.  src/README.md describes both.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/arguments.h"
#include "config/credentials.h"
#include "config/help.h"
#include "config/options.h"
#include "lock/nodedata.h"
#include "lock/paths.h"
#include "query/check.h"
#include "query/forget.h"
#include "query/pause.h"
#include "query/revoke.h"
#include "query/status.h"
#include "run/guard.h"
#include "run/keeper.h"
#include "run/link.h"
#include "system/descriptors.h"
#include "system/logger.h"
#include "system/nameservice.h"
#include "system/proctitle.h"
#include "system/proctree.h"
#include "system/signals.h"

/* Forks: the parent becomes the guard, the child the keeper. */
static int
part(const struct options *options, struct logger *logger)
{
	struct link guard_end, keeper_end;
	struct signals signals;
	char data[NODEDATA_SIZE];
	pid_t keeper;

	/*
	 * Make the data before fork(2), because a look-up of the user may
	 * block.
	 */
	nodedata_make(data, sizeof(data), getpid(), options->command[0]);
	proctitle_set(options->task, "connecting");
	/* From here on, guard and keeper read signals from descriptors. */
	signals_block(&signals);
	keeper = -1;
	if (link_pair(&guard_end, &keeper_end) == 0)
		keeper = fork();
	switch (keeper) {
	case -1:
		log_error("cannot start: %s", strerror(errno));
		return EXITCODE_SYSTEM;
	case 0:
		link_close(&guard_end);
		keeper_run(options, &signals, &keeper_end, logger, data);
		exit(0);
	default:
		link_close(&keeper_end);
		return guard_run(options, &signals, &guard_end, keeper, logger);
	}
}

static int
read_credentials(struct options *options)
{
	return options->auth_file[0] == '\0' || credentials_read(
	    &options->credentials, options->auth_file) == 0 ? 0 :
	    EXITCODE_CONFIG;
}

/* Runs the command under the lock.  Messages go to a logger from here on. */
static int
run(struct options *options)
{
	struct subprocesses ours = { 0 };
	struct logger logger;
	int status;

	if (!proctree_can_see()) {
		log_error("cannot find processes: '/proc' is not mounted or "
		    "shows another pid namespace");
		return EXITCODE_SYSTEM;
	}
	if (logger_open(&logger, &ours, options->task,
	    options->syslog_facility) == -1) {
		log_error("cannot start: %s", strerror(errno));
		return EXITCODE_SYSTEM;
	}
	status = read_credentials(options);
	if (status == 0)
		status = part(options, &logger);
	logger_finish(&logger);
	return status;
}

/* Carries out --check, --status and the other options that run no command. */
static int
answer(struct options *options)
{
	int status;

	/* --check needs no credentials: everybody may read a lease node. */
	if (options->mode == OPTIONS_CHECK)
		return check_run(options);
	status = read_credentials(options);
	if (status != 0)
		return status;
	switch (options->mode) {
	case OPTIONS_STATUS:
		return status_run(options);
	case OPTIONS_REVOKE:
		return revoke_run(options);
	case OPTIONS_BREAK:
		return revoke_break(options);
	case OPTIONS_PAUSE:
		return pause_run(options);
	case OPTIONS_RESUME:
		return pause_resume(options);
	case OPTIONS_FORGET:
		return forget_run(options);
	case OPTIONS_RUN:
	case OPTIONS_CHECK:
		break;
	}
	return EXITCODE_INTERNAL;
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
	nameservice_restrict();
	/* Must come before arguments_parse(), because this call moves argv. */
	proctitle_init(argc, argv);
	status = arguments_parse(&options, argc, argv);
	if (status != ARGUMENTS_RUN)
		return status;
	if (options.interval_ms != CLOCK_NEVER &&
	    paths_meet_tasks(options.runs, options.base))
		return help_refuse("cannot use '%s' for --runs: it overlaps "
		    "the znodes of the tasks", options.runs);
	return options.mode == OPTIONS_RUN ? run(&options) : answer(&options);
}
