/*
 * Contains the table of options, and reads their values into struct options.
 */
#include "config/options.h"

#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/help.h"

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
		return "longer than 4095 bytes";
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

/* "no" undoes a "yes" of another source, but not a waiting time. */
static const char *
read_nonblock(void *field, const char *value, const struct values_kind *kind)
{
	const char *reason;
	int64_t *wait_ms = field;
	int yes;

	reason = values_word(&yes, value, kind);
	if (reason == NULL && yes)
		*wait_ms = 0;
	else if (reason == NULL && *wait_ms == 0)
		*wait_ms = CLOCK_NEVER;
	return reason;
}

/* "no" undoes a "yes" of another source, but not another verbosity. */
static const char *
read_verbosity(void *field, const char *value, const struct values_kind *kind)
{
	const char *reason;
	int *verbosity = field;
	int yes;

	reason = values_word(&yes, value, kind);
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

#define NONE	no_argument
#define VALUE	required_argument
#define MAYBE	optional_argument
#define GONE	optional_argument	/* removed: --help does not show it */
#define IN(field)	offsetof(struct options, field)
#define WHOLE	0
#define LONGEST	32	/* more than any option's name */

#define READ(how)	{ .read = (how) }
#define NO_YES(how, what) { .read = (how), .means = (what), \
    .words = { "no", "yes" }, .problem = "must be yes or no" }
#define FLAG	NO_YES(values_word, 0)
#define EITHER(no, yes)	{ .read = values_word, .words = { no, yes }, \
    .problem = "must be " no " or " yes }
#define MODE(mode)	{ .read = read_mode, .means = (mode), .problem = \
    "choose one of --break, --check, --forget, --pause, --resume, --revoke " \
    "and --status" }
#define DURATION	{ .read = values_duration, .most = CLOCK_LONGEST_MS }
#define POSITIVE	{ .read = values_duration, .least = 1, \
    .most = CLOCK_LONGEST_MS, .problem = "must be greater than zero" }
#define EXIT_CODE	{ .read = values_number, .most = 255, \
    .problem = "not a number from 0 to 255" }
#define TLS	{ .problem = "this option was removed; " \
    "use the TLS tunnel of contrib/tls (see TLS in zkrun-lock(7))" }

/* Sorted by name. */
const struct option_spec option_specs[] = {
	{ "acl", 0, VALUE, false, IN(credentials), READ(read_acl) },
	{ "auth-file", 'a', VALUE, false, IN(auth_file), READ(values_file) },
	{ "base", 'b', VALUE, false, IN(base), READ(values_base) },
	{ "break", 0, NONE, true, IN(mode), MODE(OPTIONS_BREAK) },
	{ "check", 0, NONE, true, IN(mode), MODE(OPTIONS_CHECK) },
	{ "config", 'f', VALUE, true, WHOLE, READ(NULL) },
	{ "conflict-exit-code", 'E', VALUE, false, IN(conflict_exit_code),
	    EXIT_CODE },
	{ "connect", 'c', VALUE, false, WHOLE, READ(read_connect) },
	{ "connect-timeout", 0, VALUE, false, IN(connect_timeout_ms),
	    POSITIVE },
	{ "forget", 0, NONE, true, IN(mode), MODE(OPTIONS_FORGET) },
	{ "group", 'g', NONE, false, IN(signal_group), FLAG },
	{ "help", 'h', NONE, true, WHOLE, READ(NULL) },
	{ "hold", 0, VALUE, false, IN(hold_ms), DURATION },
	{ "interval", 'i', VALUE, false, IN(interval_ms), DURATION },
	{ "interval-counts", 0, VALUE, false, IN(count_failures),
	    EITHER("success", "any") },
	{ "json", 0, NONE, true, IN(json), FLAG },
	{ "kill-after", 'k', VALUE, false, IN(kill_after_ms), DURATION },
	{ "leases", 'l', VALUE, false, IN(max_leases), {
	    .read = values_number, .least = 1, .most = 1000000,
	    .problem = "not a number from 1 to 1000000" } },
	{ "max-retries", 'r', VALUE, false, IN(retry.max_retries), {
	    .read = read_retries, .most = 1000000000,
	    .problem = "must be 'forever' or a number from 0 "
	    "to 1000000000" } },
	{ "max-time", 'm', VALUE, false, IN(max_time_ms), POSITIVE },
	{ "nonblock", 'n', NONE, false, IN(wait_ms), NO_YES(read_nonblock, 0) },
	{ "notify", 0, VALUE, false, IN(notify_by_command),
	    EITHER("zkrun", "command") },
	{ "on-loss", 0, VALUE, false, IN(ignore_loss),
	    EITHER("stop", "ignore") },
	{ "orphans", 'o', VALUE, false, IN(orphans), { .read = values_word,
	    .words = { [OPTIONS_WAIT] = "wait", [OPTIONS_KILL] = "kill",
	    [OPTIONS_LEAVE] = "leave" },
	    .problem = "must be wait, kill or leave" } },
	{ "pause", 0, NONE, true, IN(mode), MODE(OPTIONS_PAUSE) },
	{ "quiet", 'q', NONE, false, IN(verbosity),
	    NO_YES(read_verbosity, LOG_ERRORS) },
	{ "recipe", 0, VALUE, false, IN(recipe), { .read = values_word,
	    .words = { [OPTIONS_SEMAPHORE] = "semaphore",
	    [OPTIONS_MUTEX] = "mutex" },
	    .problem = "must be semaphore or mutex" } },
	{ "resume", 0, NONE, true, IN(mode), MODE(OPTIONS_RESUME) },
	{ "retry-cap", 0, VALUE, false, IN(retry.cap_ms), POSITIVE },
	{ "retry-for", 0, VALUE, false, IN(retry.for_ms), POSITIVE },
	{ "retry-sleep", 0, VALUE, false, IN(retry.sleep_ms), DURATION },
	{ "revoke", 0, NONE, true, IN(mode), MODE(OPTIONS_REVOKE) },
	{ "runs", 0, VALUE, false, IN(runs), READ(values_path) },
	{ "session-timeout", 'T', VALUE, false, IN(session_timeout_ms), {
	    .read = values_duration, .least = 1000, .most = 86400000,
	    .problem = "must be from 1s to 1d" } },
	{ "signal", 's', VALUE, false, IN(stop_signal), {
	    .read = values_signal, .problem = "not the name or number of a signal" } },
	{ "skip-exit-code", 0, VALUE, false, IN(skip_exit_code), EXIT_CODE },
	{ "status", 0, NONE, true, IN(mode), MODE(OPTIONS_STATUS) },
	{ "syslog", 0, MAYBE, false, IN(syslog_facility), {
	    .read = values_syslog, .means = OPTIONS_NO_SYSLOG,
	    .problem = "not a facility of the system's log" } },
	{ "task", 't', VALUE, true, IN(task), READ(read_task) },
	{ "tls-ca", 0, GONE, false, WHOLE, TLS },
	{ "tls-cert", 0, GONE, false, WHOLE, TLS },
	{ "tls-key", 0, GONE, false, WHOLE, TLS },
	{ "verbose", 'v', NONE, false, IN(verbosity),
	    NO_YES(read_verbosity, LOG_VERBOSE) },
	{ "version", 'V', NONE, true, WHOLE, READ(NULL) },
	{ "wait", 'w', VALUE, false, IN(wait_ms), DURATION },
	{ "yes", 0, NONE, true, IN(yes), FLAG },
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
		.recipe = OPTIONS_SEMAPHORE,
		.stop_signal = SIGTERM,
		.verbosity = LOG_NORMAL,
		.syslog_facility = OPTIONS_NO_SYSLOG,
	};

	*options = defaults;
	(void)read_connect(options, "127.0.0.1:2181", NULL);
}

bool
options_is_mode(const struct option_spec *spec)
{
	return spec->kind.read == read_mode;
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

bool
options_is_gone(const struct option_spec *spec)
{
	return spec->kind.read == NULL && spec->kind.problem != NULL;
}

static size_t
least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Counts the typing errors between two names (optimal string alignment).  Row i
 * of the table has the errors between the first i letters of the given name and
 * each beginning of the wanted one.
 */
static size_t
count_errors(const char *given, const char *wanted)
{
	size_t errors[LONGEST + 1][LONGEST + 1];
	size_t i, j, given_length, wanted_length;

	given_length = strnlen(given, LONGEST);
	wanted_length = strnlen(wanted, LONGEST);
	for (i = 0; i <= given_length; i++)
		for (j = 0; j <= wanted_length; j++) {
			errors[i][j] = i + j;
			if (i == 0 || j == 0)
				continue;
			errors[i][j] = least_of(least_of(errors[i - 1][j],
			    errors[i][j - 1]) + 1, errors[i - 1][j - 1] +
			    (given[i - 1] != wanted[j - 1]));
			if (i > 1 && j > 1 && given[i - 1] == wanted[j - 2] &&
			    given[i - 2] == wanted[j - 1])
				errors[i][j] = least_of(errors[i][j],
				    errors[i - 2][j - 2] + 1);
		}
	return errors[given_length][wanted_length];
}

const struct option_spec *
options_nearest(const char *name)
{
	const struct option_spec *nearest = NULL, *spec;
	size_t errors, least;

	/*
	 * If more than a third of the letters is wrong, the name is another
	 * word.
	 */
	least = strlen(name) / 3 + 1;
	if (strlen(name) >= LONGEST)
		return NULL;
	for (spec = option_specs; spec < option_specs + option_specs_count;
	    spec++) {
		errors = count_errors(name, spec->name);
		if (errors < least && !options_is_gone(spec)) {
			least = errors;
			nearest = spec;
		}
	}
	return nearest;
}

int
options_apply(struct options *options, struct option_source *source,
    const struct option_spec *spec, const char *value)
{
	const char *reason;

	reason = spec->kind.read == NULL ? spec->kind.problem :
	    spec->kind.read((char *)options + spec->field, value, &spec->kind);
	source->nonblock |= spec->letter == 'n' && options->wait_ms == 0;
	source->wait |= spec->letter == 'w';
	if (reason == NULL && source->nonblock && source->wait)
		reason = "--nonblock and --wait exclude each other";
	if (reason == NULL)
		return 0;
	if (source->file == NULL)
		(void)help_refuse("cannot use '--%s%s%.300s': %s", spec->name,
		    value != NULL ? "=" : "", value != NULL ? value : "",
		    reason);
	else if (source->line == 0)
		log_error("cannot use '%s=%.300s': %s", source->file, value,
		    reason);
	else
		log_error("cannot use '%s = %.300s' in line %zu of '%s': %s",
		    spec->name, value, source->line, source->file, reason);
	return -1;
}
