/*
 * The table of options, and how each value is read.
 */
#include "options.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "exitcode.h"
#include "log.h"

static const char not_a_duration[] =
    "not a duration (a number with ms, s, m, h or d behind it)";

static const char *
set_duration(int64_t *ms, const char *value)
{
	return clock_parse_duration(value, ms) == -1 ? not_a_duration : NULL;
}

static const char *
set_positive_duration(int64_t *ms, const char *value)
{
	if (clock_parse_duration(value, ms) == -1)
		return not_a_duration;
	return *ms == 0 ? "it has to be longer than nothing" : NULL;
}

/* As strtonum(3), which also takes blanks and signs in front. */
static int
parse_number(int64_t *number, const char *value, int64_t least, int64_t most)
{
	const char *problem;

	*number = strtonum(value, least, most, &problem);
	return problem != NULL || !isdigit((unsigned char)value[0]) ? -1 : 0;
}

static const char *
set_yes_or_no(bool *flag, const char *value)
{
	if (value == NULL || strcmp(value, "yes") == 0)
		*flag = true;
	else if (strcmp(value, "no") == 0)
		*flag = false;
	else
		return "neither yes nor no";
	return NULL;
}

/* "no" takes back a "yes" from elsewhere, and nothing else. */
static void
set_verbosity(struct options *options, enum log_level level, bool yes)
{
	if (yes)
		options->verbosity = (int)level;
	else if (options->verbosity == (int)level)
		options->verbosity = LOG_NORMAL;
}

static const char *
set_base(struct options *options, const char *value)
{
	if (value[0] == '\0')
		return "it is empty";
	if (strcmp(value, "/") == 0)
		value = "";
	if (strlcpy(options->base, value, sizeof(options->base)) >=
	    sizeof(options->base))
		return "the path is too long";
	return value[0] == '\0' ? NULL : servers_check_path(value);
}

static const char *
set_check(struct options *options, const char *value)
{
	(void)value;
	options->check = true;
	return NULL;
}

static const char *
set_connect(struct options *options, const char *value)
{
	if (strlcpy(options->connect, value, sizeof(options->connect)) >=
	    sizeof(options->connect))
		return "it is longer than 4095 bytes";
	return servers_parse(&options->servers, value);
}

static const char *
set_connect_timeout(struct options *options, const char *value)
{
	return set_positive_duration(&options->connect_timeout_ms, value);
}

static const char *
set_conflict_exit_code(struct options *options, const char *value)
{
	int64_t number;

	if (parse_number(&number, value, 0, 255) == -1)
		return "not a number from 0 to 255";
	options->conflict_exit_code = (int)number;
	return NULL;
}

static const char *
set_group(struct options *options, const char *value)
{
	return set_yes_or_no(&options->signal_group, value);
}

static const char *
set_kill_after(struct options *options, const char *value)
{
	return set_duration(&options->kill_after_ms, value);
}

static const char *
set_max_retries(struct options *options, const char *value)
{
	if (strcmp(value, "forever") == 0) {
		options->retry.max_retries = RETRY_FOREVER;
		return NULL;
	}
	if (parse_number(&options->retry.max_retries, value, 0,
	    1000000000) == -1)
		return "not a number of retries, nor 'forever'";
	return NULL;
}

static const char *
set_nonblock(struct options *options, const char *value)
{
	const char *reason;
	bool nonblock;

	reason = set_yes_or_no(&nonblock, value);
	if (reason != NULL)
		return reason;
	/* "no" takes back a "yes" from elsewhere, and no waiting time. */
	if (nonblock)
		options->wait_ms = 0;
	else if (options->wait_ms == 0)
		options->wait_ms = CLOCK_NEVER;
	return NULL;
}

static const char *
set_on_loss(struct options *options, const char *value)
{
	if (strcmp(value, "stop") == 0)
		options->ignore_loss = false;
	else if (strcmp(value, "ignore") == 0)
		options->ignore_loss = true;
	else
		return "neither stop nor ignore";
	return NULL;
}

static const char *
set_orphans(struct options *options, const char *value)
{
	if (strcmp(value, "wait") == 0)
		options->orphans = OPTIONS_WAIT;
	else if (strcmp(value, "kill") == 0)
		options->orphans = OPTIONS_KILL;
	else if (strcmp(value, "leave") == 0)
		options->orphans = OPTIONS_LEAVE;
	else
		return "none of wait, kill, leave";
	return NULL;
}

static const char *
set_quiet(struct options *options, const char *value)
{
	const char *reason;
	bool quiet;

	reason = set_yes_or_no(&quiet, value);
	if (reason == NULL)
		set_verbosity(options, LOG_ERRORS, quiet);
	return reason;
}

static const char *
set_retry_cap(struct options *options, const char *value)
{
	return set_positive_duration(&options->retry.cap_ms, value);
}

static const char *
set_retry_for(struct options *options, const char *value)
{
	return set_positive_duration(&options->retry.for_ms, value);
}

static const char *
set_retry_sleep(struct options *options, const char *value)
{
	return set_duration(&options->retry.sleep_ms, value);
}

static const char *
set_session_timeout(struct options *options, const char *value)
{
	const char *reason;

	reason = set_positive_duration(&options->session_timeout_ms, value);
	if (reason == NULL && (options->session_timeout_ms < 1000 ||
	    options->session_timeout_ms > 86400000))
		reason = "a session timeout is at least 1s and at most 1d";
	return reason;
}

static const char *
set_signal(struct options *options, const char *value)
{
	const char *name;
	int64_t given;
	int number;

	if (parse_number(&given, value, 1, SIGRTMAX) == 0) {
		options->stop_signal = (int)given;
		return NULL;
	}
	if (strncmp(value, "SIG", 3) == 0)
		value += 3;
	for (number = 1; number <= SIGRTMAX; number++) {
		name = sigabbrev_np(number);
		if (name != NULL && strcmp(name, value) == 0) {
			options->stop_signal = number;
			return NULL;
		}
	}
	return "not a signal";
}

static const char *
set_task(struct options *options, const char *value)
{
	options->task = value;
	return servers_check_name(value);
}

static const char *
set_verbose(struct options *options, const char *value)
{
	const char *reason;
	bool verbose;

	reason = set_yes_or_no(&verbose, value);
	if (reason == NULL)
		set_verbosity(options, LOG_VERBOSE, verbose);
	return reason;
}

static const char *
set_wait(struct options *options, const char *value)
{
	return set_duration(&options->wait_ms, value);
}

/* Sorted by name, as in the manual. */
const struct option_spec option_specs[] = {
	{ "base", 'b', true, false, set_base },
	{ "check", 0, false, true, set_check },
	{ "config", 'f', true, true, NULL },
	{ "conflict-exit-code", 'E', true, false, set_conflict_exit_code },
	{ "connect", 'c', true, false, set_connect },
	{ "connect-timeout", 0, true, false, set_connect_timeout },
	{ "group", 'g', false, false, set_group },
	{ "help", 'h', false, true, NULL },
	{ "kill-after", 'k', true, false, set_kill_after },
	{ "max-retries", 'r', true, false, set_max_retries },
	{ "nonblock", 'n', false, false, set_nonblock },
	{ "on-loss", 0, true, false, set_on_loss },
	{ "orphans", 'o', true, false, set_orphans },
	{ "quiet", 'q', false, false, set_quiet },
	{ "retry-cap", 0, true, false, set_retry_cap },
	{ "retry-for", 0, true, false, set_retry_for },
	{ "retry-sleep", 0, true, false, set_retry_sleep },
	{ "session-timeout", 'T', true, false, set_session_timeout },
	{ "signal", 's', true, false, set_signal },
	{ "task", 't', true, true, set_task },
	{ "verbose", 'v', false, false, set_verbose },
	{ "version", 'V', false, true, NULL },
	{ "wait", 'w', true, false, set_wait },
};
const size_t option_specs_count =
    sizeof(option_specs) / sizeof(option_specs[0]);

void
options_default(struct options *options)
{
	static const struct options defaults = {
		.base = "/lock/mutex",
		.wait_ms = CLOCK_NEVER,
		.conflict_exit_code = EXITCODE_CONFLICT,
		/* Curator's RetryNTimes(3, 1000) and connection timeout */
		.retry = { .max_retries = 3, .sleep_ms = 1000 },
		.connect_timeout_ms = 15000,
		.session_timeout_ms = 30000,
		.kill_after_ms = 5000,
		.orphans = OPTIONS_WAIT,
		.stop_signal = SIGTERM,
		.verbosity = LOG_NORMAL,
	};

	*options = defaults;
	(void)set_connect(options, "127.0.0.1:2181");
}

const struct option_spec *
options_find(const char *name)
{
	size_t i;

	for (i = 0; i < option_specs_count; i++)
		if (strcmp(option_specs[i].name, name) == 0)
			return &option_specs[i];
	return NULL;
}

int
options_apply(struct options *options, struct option_source *source,
    const struct option_spec *spec, const char *value)
{
	const char *reason;

	/* Only a flag on the command line comes without a value. */
	reason = spec->set(options, value);
	source->nonblock |= spec->set == set_nonblock && options->wait_ms == 0;
	source->wait |= spec->set == set_wait;
	if (reason == NULL && source->nonblock && source->wait)
		reason = "nonblock and wait exclude each other";
	if (reason == NULL)
		return 0;
	if (source->file == NULL)
		log_error("cannot use '--%s%s%.300s': %s", spec->name,
		    value != NULL ? "=" : "", value != NULL ? value : "",
		    reason);
	else if (source->line == 0)
		log_error("cannot use '%s=%.300s': %s", source->file, value,
		    reason);
	else
		log_error("cannot use '%s = %.300s' of %s line %zu: %s",
		    spec->name, value, source->file, source->line, reason);
	return -1;
}
