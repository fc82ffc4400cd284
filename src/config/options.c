/*
 * The table of options, and applying them.
 */
#include "config/options.h"

#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"

static const char *
read_acl(void *field, const char *value, const struct values_kind *kind)
{
	(void)kind;
	return credentials_parse_acl(field, value);
}

static const char *
read_connect(void *whole, const char *value, const struct values_kind *kind)
{
	struct options *options = whole;

	(void)kind;
	if (strlcpy(options->connect, value, sizeof(options->connect)) >=
	    sizeof(options->connect))
		return "it is longer than 4095 bytes";
	return servers_parse(&options->servers, value);
}

static const char *
read_mode(void *field, const char *value, const struct values_kind *kind)
{
	enum options_mode *mode = field;
	enum options_mode wanted = (enum options_mode)kind->means;

	(void)value;
	if (*mode != OPTIONS_RUN && *mode != wanted)
		return kind->problem;
	*mode = wanted;
	return NULL;
}

static const char *
read_retries(void *field, const char *value, const struct values_kind *kind)
{
	int *retries = field;

	if (strcmp(value, "forever") != 0)
		return values_number(field, value, kind);
	*retries = BACKOFF_FOREVER;
	return NULL;
}

/* "no" takes back a "yes" from another source, and no waiting time. */
static const char *
read_nonblock(void *field, const char *value, const struct values_kind *kind)
{
	const char *reason;
	int64_t *wait_ms = field;
	bool yes;

	reason = values_flag(&yes, value, kind);
	if (reason == NULL && yes)
		*wait_ms = 0;
	else if (reason == NULL && *wait_ms == 0)
		*wait_ms = CLOCK_NEVER;
	return reason;
}

/* "no" takes back a "yes" from another source, and no other verbosity. */
static const char *
read_verbosity(void *field, const char *value, const struct values_kind *kind)
{
	const char *reason;
	int *verbosity = field;
	bool yes;

	reason = values_flag(&yes, value, kind);
	if (reason == NULL && yes)
		*verbosity = kind->means;
	else if (reason == NULL && *verbosity == kind->means)
		*verbosity = LOG_NORMAL;
	return reason;
}

static const char *
read_task(void *field, const char *value, const struct values_kind *kind)
{
	const char **task = field;

	(void)kind;
	*task = value;
	return servers_check_name(value);
}

#define NO_YES		.words = { "no", "yes" }, \
    .problem = "neither yes nor no"
#define MODE(mode)	.read = read_mode, .means = (mode), .problem = \
    "only one of --break, --check, --revoke and --status can be done"

static const struct values_kind
	acl = { .read = read_acl },
	auth_file = { .read = values_file },
	base = { .read = values_base },
	break_mode = { MODE(OPTIONS_BREAK) },
	check_mode = { MODE(OPTIONS_CHECK) },
	connect_string = { .read = read_connect },
	duration = { .read = values_duration, .most = CLOCK_LONGEST_MS },
	exit_code = { .read = values_number, .most = 255,
	    .problem = "not a number from 0 to 255" },
	flag = { .read = values_flag, NO_YES },
	interval_counts = { .read = values_flag, .words = { "success", "any" },
	    .problem = "neither success nor any" },
	leases = { .read = values_number, .least = 1, .most = 1000000,
	    .problem = "not a number of leases" },
	nonblock = { .read = read_nonblock, NO_YES },
	notify = { .read = values_flag, .words = { "zkrun", "command" },
	    .problem = "neither zkrun nor command" },
	on_loss = { .read = values_flag, .words = { "stop", "ignore" },
	    .problem = "neither stop nor ignore" },
	orphans = { .read = values_word, .words = {
	    [OPTIONS_WAIT] = "wait", [OPTIONS_KILL] = "kill",
	    [OPTIONS_LEAVE] = "leave" },
	    .problem = "none of wait, kill, leave" },
	positive_duration = { .read = values_duration, .least = 1,
	    .most = CLOCK_LONGEST_MS,
	    .problem = "it has to be longer than nothing" },
	quiet = { .read = read_verbosity, .means = LOG_ERRORS, NO_YES },
	retries = { .read = read_retries, .most = 1000000000,
	    .problem = "not a number of retries, nor 'forever'" },
	revoke_mode = { MODE(OPTIONS_REVOKE) },
	runs = { .read = values_path },
	session_timeout = { .read = values_duration, .least = 1000,
	    .most = 86400000,
	    .problem = "a session timeout is at least 1s and at most 1d" },
	stop_signal = { .read = values_signal, .problem = "not a signal" },
	status_mode = { MODE(OPTIONS_STATUS) },
	syslog_facility = { .read = values_syslog, .means = OPTIONS_NO_SYSLOG,
	    .problem = "not a facility of syslog" },
	task_name = { .read = read_task },
	tls = { .read = values_refuse, .problem = "this option was removed; "
	    "use the TLS tunnel of contrib/tls, see TLS in zkrun(1)" },
	verbose = { .read = read_verbosity, .means = LOG_VERBOSE, NO_YES };

#define NONE	no_argument
#define VALUE	required_argument
#define MAYBE	optional_argument
#define GONE	optional_argument	/* not in usage and manual */
#define IN(field)	offsetof(struct options, field)
#define WHOLE	0

/* Sorted by name, as in the manual. */
const struct option_spec option_specs[] = {
	{ "acl", 0, VALUE, false, &acl, IN(credentials) },
	{ "auth-file", 'a', VALUE, false, &auth_file, IN(auth_file) },
	{ "base", 'b', VALUE, false, &base, IN(base) },
	{ "break", 0, NONE, true, &break_mode, IN(mode) },
	{ "check", 0, NONE, true, &check_mode, IN(mode) },
	{ "config", 'f', VALUE, true, NULL, WHOLE },
	{ "conflict-exit-code", 'E', VALUE, false, &exit_code,
	    IN(conflict_exit_code) },
	{ "connect", 'c', VALUE, false, &connect_string, WHOLE },
	{ "connect-timeout", 0, VALUE, false, &positive_duration,
	    IN(connect_timeout_ms) },
	{ "group", 'g', NONE, false, &flag, IN(signal_group) },
	{ "help", 'h', NONE, true, NULL, WHOLE },
	{ "hold", 0, VALUE, false, &duration, IN(hold_ms) },
	{ "interval", 'i', VALUE, false, &duration, IN(interval_ms) },
	{ "interval-counts", 0, VALUE, false, &interval_counts,
	    IN(count_failures) },
	{ "json", 0, NONE, true, &flag, IN(json) },
	{ "kill-after", 'k', VALUE, false, &duration, IN(kill_after_ms) },
	{ "leases", 'l', VALUE, false, &leases, IN(max_leases) },
	{ "max-retries", 'r', VALUE, false, &retries, IN(retry.max_retries) },
	{ "max-time", 'm', VALUE, false, &positive_duration, IN(max_time_ms) },
	{ "nonblock", 'n', NONE, false, &nonblock, IN(wait_ms) },
	{ "notify", 0, VALUE, false, &notify, IN(notify_by_command) },
	{ "on-loss", 0, VALUE, false, &on_loss, IN(ignore_loss) },
	{ "orphans", 'o', VALUE, false, &orphans, IN(orphans) },
	{ "quiet", 'q', NONE, false, &quiet, IN(verbosity) },
	{ "retry-cap", 0, VALUE, false, &positive_duration, IN(retry.cap_ms) },
	{ "retry-for", 0, VALUE, false, &positive_duration, IN(retry.for_ms) },
	{ "retry-sleep", 0, VALUE, false, &duration, IN(retry.sleep_ms) },
	{ "revoke", 0, NONE, true, &revoke_mode, IN(mode) },
	{ "runs", 0, VALUE, false, &runs, IN(runs) },
	{ "session-timeout", 'T', VALUE, false, &session_timeout,
	    IN(session_timeout_ms) },
	{ "signal", 's', VALUE, false, &stop_signal, IN(stop_signal) },
	{ "skip-exit-code", 0, VALUE, false, &exit_code, IN(skip_exit_code) },
	{ "status", 0, NONE, true, &status_mode, IN(mode) },
	{ "syslog", 0, MAYBE, false, &syslog_facility, IN(syslog_facility) },
	{ "task", 't', VALUE, true, &task_name, IN(task) },
	{ "tls-ca", 0, GONE, false, &tls, WHOLE },
	{ "tls-cert", 0, GONE, false, &tls, WHOLE },
	{ "tls-key", 0, GONE, false, &tls, WHOLE },
	{ "verbose", 'v', NONE, false, &verbose, IN(verbosity) },
	{ "version", 'V', NONE, true, NULL, WHOLE },
	{ "wait", 'w', VALUE, false, &duration, IN(wait_ms) },
	{ "yes", 0, NONE, true, &flag, IN(yes) },
};
const size_t option_specs_count =
    sizeof(option_specs) / sizeof(option_specs[0]);

void
options_default(struct options *options)
{
	static const struct options defaults = {
		.base = "/lock/mutex",
		.runs = "/lock/runs",
		.max_leases = 1,
		.interval_ms = CLOCK_NEVER,
		.max_time_ms = CLOCK_NEVER,
		.wait_ms = CLOCK_NEVER,
		.conflict_exit_code = EXITCODE_CONFLICT,
		/* Curator's RetryNTimes(3, 1000) and connection timeout */
		.retry = { .max_retries = BACKOFF_DEFAULT, .sleep_ms = 1000 },
		.connect_timeout_ms = 15000,
		.session_timeout_ms = 30000,
		.kill_after_ms = 5000,
		.orphans = OPTIONS_WAIT,
		.stop_signal = SIGTERM,
		.verbosity = LOG_NORMAL,
		.syslog_facility = OPTIONS_NO_SYSLOG,
	};

	*options = defaults;
	(void)read_connect(options, "127.0.0.1:2181", NULL);
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

	reason = spec->kind->read((char *)options + spec->field, value,
	    spec->kind);
	source->nonblock |= spec->letter == 'n' && options->wait_ms == 0;
	source->wait |= spec->letter == 'w';
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
