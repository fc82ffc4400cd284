/*
 * The table of options, and how each value is read.
 */
#include "options.h"

#define SYSLOG_NAMES

#include <ctype.h>
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "clock.h"
#include "exitcode.h"
#include "log.h"

static const char not_a_duration[] =
    "not a duration (a number with ms, s, m, h or d behind it)";

static const char *
set_duration(void *field, const char *value)
{
	return clock_parse_duration(value, field) == -1 ? not_a_duration :
	    NULL;
}

static const char *
set_positive_duration(void *field, const char *value)
{
	const char *reason;
	int64_t *ms = field;

	reason = set_duration(field, value);
	return reason == NULL && *ms == 0 ?
	    "it has to be longer than nothing" : reason;
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
set_flag(void *field, const char *value)
{
	bool *flag = field;

	if (value == NULL || strcmp(value, "yes") == 0)
		*flag = true;
	else if (strcmp(value, "no") == 0)
		*flag = false;
	else
		return "neither yes nor no";
	return NULL;
}

/* "no" takes back a "yes" from elsewhere, and nothing else. */
static const char *
set_verbosity(int *verbosity, enum log_level level, const char *value)
{
	const char *reason;
	bool yes;

	reason = set_flag(&yes, value);
	if (reason != NULL)
		return reason;
	if (yes)
		*verbosity = (int)level;
	else if (*verbosity == (int)level)
		*verbosity = LOG_NORMAL;
	return NULL;
}

static const char *
set_path(void *field, const char *value)
{
	if (strlcpy(field, value, OPTIONS_PATH_SIZE) >= OPTIONS_PATH_SIZE)
		return "the path is too long";
	return servers_check_path(value);
}

static const char *
set_acl(void *field, const char *value)
{
	return access_parse_acl(field, value);
}

static const char *
set_auth_file(void *field, const char *value)
{
	if (value[0] == '\0')
		return "it is empty";
	return strlcpy(field, value, OPTIONS_PATH_SIZE) >= OPTIONS_PATH_SIZE ?
	    "the path is too long" : NULL;
}

/* The library takes the files as one list. */
static const char *
set_tls_file(void *field, const char *value)
{
#ifdef ZKRUN_TLS
	if (value[0] == '\0')
		return "it is empty";
	if (strchr(value, ',') != NULL)
		return "the name has a comma";
	return strlcpy(field, value, ACCESS_FILE_SIZE) >= ACCESS_FILE_SIZE ?
	    "the path is too long" : NULL;
#else
	(void)field;
	(void)value;
	return "the ZooKeeper library that this zkrun was built with has no "
	    "TLS; use a tunnel, see zkrun(1)";
#endif
}

static const char *
set_base(void *field, const char *value)
{
	if (value[0] == '\0')
		return "it is empty";
	if (strcmp(value, "/") != 0)
		return set_path(field, value);
	(void)strlcpy(field, "", OPTIONS_PATH_SIZE);
	return NULL;
}

static const char *
set_mode(enum options_mode *mode, enum options_mode wanted)
{
	if (*mode != OPTIONS_RUN && *mode != wanted)
		return "only one of --break, --check, --revoke and --status "
		    "can be done";
	*mode = wanted;
	return NULL;
}

static const char *
set_break(void *field, const char *value)
{
	(void)value;
	return set_mode(field, OPTIONS_BREAK);
}

static const char *
set_check(void *field, const char *value)
{
	(void)value;
	return set_mode(field, OPTIONS_CHECK);
}

static const char *
set_connect(void *whole, const char *value)
{
	struct options *options = whole;

	if (strlcpy(options->connect, value, sizeof(options->connect)) >=
	    sizeof(options->connect))
		return "it is longer than 4095 bytes";
	return servers_parse(&options->servers, value);
}

static const char *
set_exit_code(void *field, const char *value)
{
	int64_t number;
	int *code = field;

	if (parse_number(&number, value, 0, 255) == -1)
		return "not a number from 0 to 255";
	*code = (int)number;
	return NULL;
}

static const char *
set_interval_counts(void *field, const char *value)
{
	bool *flag = field;

	if (strcmp(value, "success") == 0)
		*flag = false;
	else if (strcmp(value, "any") == 0)
		*flag = true;
	else
		return "neither success nor any";
	return NULL;
}

static const char *
set_leases(void *field, const char *value)
{
	if (parse_number(field, value, 1, 1000000) == -1)
		return "not a number of leases";
	return NULL;
}

static const char *
set_max_retries(void *field, const char *value)
{
	int64_t *retries = field;

	if (strcmp(value, "forever") == 0) {
		*retries = RETRY_FOREVER;
		return NULL;
	}
	if (parse_number(retries, value, 0, 1000000000) == -1)
		return "not a number of retries, nor 'forever'";
	return NULL;
}

static const char *
set_nonblock(void *field, const char *value)
{
	int64_t *wait_ms = field;
	const char *reason;
	bool nonblock;

	reason = set_flag(&nonblock, value);
	if (reason != NULL)
		return reason;
	/* "no" takes back a "yes" from elsewhere, and no waiting time. */
	if (nonblock)
		*wait_ms = 0;
	else if (*wait_ms == 0)
		*wait_ms = CLOCK_NEVER;
	return NULL;
}

static const char *
set_notify(void *field, const char *value)
{
	bool *flag = field;

	if (strcmp(value, "zkrun") == 0)
		*flag = false;
	else if (strcmp(value, "command") == 0)
		*flag = true;
	else
		return "neither zkrun nor command";
	return NULL;
}

static const char *
set_on_loss(void *field, const char *value)
{
	bool *flag = field;

	if (strcmp(value, "stop") == 0)
		*flag = false;
	else if (strcmp(value, "ignore") == 0)
		*flag = true;
	else
		return "neither stop nor ignore";
	return NULL;
}

static const char *
set_orphans(void *field, const char *value)
{
	enum options_orphans *orphans = field;

	if (strcmp(value, "wait") == 0)
		*orphans = OPTIONS_WAIT;
	else if (strcmp(value, "kill") == 0)
		*orphans = OPTIONS_KILL;
	else if (strcmp(value, "leave") == 0)
		*orphans = OPTIONS_LEAVE;
	else
		return "none of wait, kill, leave";
	return NULL;
}

static const char *
set_quiet(void *field, const char *value)
{
	return set_verbosity(field, LOG_ERRORS, value);
}

static const char *
set_revoke(void *field, const char *value)
{
	(void)value;
	return set_mode(field, OPTIONS_REVOKE);
}

static const char *
set_session_timeout(void *field, const char *value)
{
	const int64_t *ms = field;
	const char *reason;

	reason = set_positive_duration(field, value);
	if (reason == NULL && (*ms < 1000 || *ms > 86400000))
		reason = "a session timeout is at least 1s and at most 1d";
	return reason;
}

static const char *
set_signal(void *field, const char *value)
{
	int *stop_signal = field, number;
	const char *name;
	int64_t given;

	if (parse_number(&given, value, 1, SIGRTMAX) == 0) {
		*stop_signal = (int)given;
		return NULL;
	}
	if (strncmp(value, "SIG", 3) == 0)
		value += 3;
	for (number = 1; number <= SIGRTMAX; number++) {
		name = sigabbrev_np(number);
		if (name != NULL && strcmp(name, value) == 0) {
			*stop_signal = number;
			return NULL;
		}
	}
	return "not a signal";
}

static const char *
set_status(void *field, const char *value)
{
	(void)value;
	return set_mode(field, OPTIONS_STATUS);
}

static const char *
set_syslog(void *field, const char *value)
{
	const CODE *facility;
	int *chosen = field;

	if (value == NULL || strcmp(value, "yes") == 0)
		value = "daemon";
	*chosen = OPTIONS_NO_SYSLOG;
	if (strcmp(value, "no") == 0)
		return NULL;
	/* "kern" is the kernel's alone, and "mark" is the logger's own. */
	for (facility = facilitynames; facility->c_name != NULL; facility++)
		if (strcmp(facility->c_name, value) == 0 &&
		    facility->c_val != LOG_KERN &&
		    facility->c_val <= LOG_LOCAL7) {
			*chosen = facility->c_val;
			return NULL;
		}
	return "not a facility of syslog";
}

static const char *
set_task(void *field, const char *value)
{
	const char **task = field;

	*task = value;
	return servers_check_name(value);
}

static const char *
set_verbose(void *field, const char *value)
{
	return set_verbosity(field, LOG_VERBOSE, value);
}

#define NONE	no_argument
#define VALUE	required_argument
#define MAYBE	optional_argument
#define IN(field)	offsetof(struct options, field)
#define WHOLE	0

/* Sorted by name, as in the manual. */
const struct option_spec option_specs[] = {
	{ "acl", 0, VALUE, false, set_acl, IN(access) },
	{ "auth-file", 'a', VALUE, false, set_auth_file, IN(auth_file) },
	{ "base", 'b', VALUE, false, set_base, IN(base) },
	{ "break", 0, NONE, true, set_break, IN(mode) },
	{ "check", 0, NONE, true, set_check, IN(mode) },
	{ "config", 'f', VALUE, true, NULL, WHOLE },
	{ "conflict-exit-code", 'E', VALUE, false, set_exit_code,
	    IN(conflict_exit_code) },
	{ "connect", 'c', VALUE, false, set_connect, WHOLE },
	{ "connect-timeout", 0, VALUE, false, set_positive_duration,
	    IN(connect_timeout_ms) },
	{ "group", 'g', NONE, false, set_flag, IN(signal_group) },
	{ "help", 'h', NONE, true, NULL, WHOLE },
	{ "hold", 0, VALUE, false, set_duration, IN(hold_ms) },
	{ "interval", 'i', VALUE, false, set_duration, IN(interval_ms) },
	{ "interval-counts", 0, VALUE, false, set_interval_counts,
	    IN(count_failures) },
	{ "json", 0, NONE, true, set_flag, IN(json) },
	{ "kill-after", 'k', VALUE, false, set_duration, IN(kill_after_ms) },
	{ "leases", 'l', VALUE, false, set_leases, IN(max_leases) },
	{ "max-retries", 'r', VALUE, false, set_max_retries,
	    IN(retry.max_retries) },
	{ "max-time", 'm', VALUE, false, set_positive_duration,
	    IN(max_time_ms) },
	{ "nonblock", 'n', NONE, false, set_nonblock, IN(wait_ms) },
	{ "notify", 0, VALUE, false, set_notify, IN(notify_by_command) },
	{ "on-loss", 0, VALUE, false, set_on_loss, IN(ignore_loss) },
	{ "orphans", 'o', VALUE, false, set_orphans, IN(orphans) },
	{ "quiet", 'q', NONE, false, set_quiet, IN(verbosity) },
	{ "retry-cap", 0, VALUE, false, set_positive_duration,
	    IN(retry.cap_ms) },
	{ "retry-for", 0, VALUE, false, set_positive_duration,
	    IN(retry.for_ms) },
	{ "retry-sleep", 0, VALUE, false, set_duration, IN(retry.sleep_ms) },
	{ "revoke", 0, NONE, true, set_revoke, IN(mode) },
	{ "runs", 0, VALUE, false, set_path, IN(runs) },
	{ "session-timeout", 'T', VALUE, false, set_session_timeout,
	    IN(session_timeout_ms) },
	{ "signal", 's', VALUE, false, set_signal, IN(stop_signal) },
	{ "skip-exit-code", 0, VALUE, false, set_exit_code,
	    IN(skip_exit_code) },
	{ "status", 0, NONE, true, set_status, IN(mode) },
	{ "syslog", 0, MAYBE, false, set_syslog, IN(syslog_facility) },
	{ "task", 't', VALUE, true, set_task, IN(task) },
	{ "tls-ca", 0, VALUE, false, set_tls_file, IN(access.tls_ca) },
	{ "tls-cert", 0, VALUE, false, set_tls_file, IN(access.tls_cert) },
	{ "tls-key", 0, VALUE, false, set_tls_file, IN(access.tls_key) },
	{ "verbose", 'v', NONE, false, set_verbose, IN(verbosity) },
	{ "version", 'V', NONE, true, NULL, WHOLE },
	{ "wait", 'w', VALUE, false, set_duration, IN(wait_ms) },
	{ "yes", 0, NONE, true, set_flag, IN(yes) },
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
		.retry = { .max_retries = 3, .sleep_ms = 1000 },
		.connect_timeout_ms = 15000,
		.session_timeout_ms = 30000,
		.kill_after_ms = 5000,
		.orphans = OPTIONS_WAIT,
		.stop_signal = SIGTERM,
		.verbosity = LOG_NORMAL,
		.syslog_facility = OPTIONS_NO_SYSLOG,
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
	reason = spec->set((char *)options + spec->field, value);
	source->nonblock |= spec->set == set_nonblock && options->wait_ms == 0;
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
