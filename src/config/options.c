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
#include "config/values.h"

#define NONE	no_argument
#define VALUE	required_argument
#define MAYBE	optional_argument
#define IN(field)	offsetof(struct options, field)
#define WHOLE	0

/* Sorted by name, as in the manual. */
const struct option_spec option_specs[] = {
	{ "acl", 0, VALUE, false, values_set_acl, IN(credentials) },
	{ "auth-file", 'a', VALUE, false, values_set_auth_file,
	    IN(auth_file) },
	{ "base", 'b', VALUE, false, values_set_base, IN(base) },
	{ "break", 0, NONE, true, values_set_break, IN(mode) },
	{ "check", 0, NONE, true, values_set_check, IN(mode) },
	{ "config", 'f', VALUE, true, NULL, WHOLE },
	{ "conflict-exit-code", 'E', VALUE, false, values_set_exit_code,
	    IN(conflict_exit_code) },
	{ "connect", 'c', VALUE, false, values_set_connect, WHOLE },
	{ "connect-timeout", 0, VALUE, false, values_set_positive_duration,
	    IN(connect_timeout_ms) },
	{ "group", 'g', NONE, false, values_set_flag, IN(signal_group) },
	{ "help", 'h', NONE, true, NULL, WHOLE },
	{ "hold", 0, VALUE, false, values_set_duration, IN(hold_ms) },
	{ "interval", 'i', VALUE, false, values_set_duration,
	    IN(interval_ms) },
	{ "interval-counts", 0, VALUE, false, values_set_interval_counts,
	    IN(count_failures) },
	{ "json", 0, NONE, true, values_set_flag, IN(json) },
	{ "kill-after", 'k', VALUE, false, values_set_duration,
	    IN(kill_after_ms) },
	{ "leases", 'l', VALUE, false, values_set_leases, IN(max_leases) },
	{ "max-retries", 'r', VALUE, false, values_set_max_retries,
	    IN(retry.max_retries) },
	{ "max-time", 'm', VALUE, false, values_set_positive_duration,
	    IN(max_time_ms) },
	{ "nonblock", 'n', NONE, false, values_set_nonblock, IN(wait_ms) },
	{ "notify", 0, VALUE, false, values_set_notify,
	    IN(notify_by_command) },
	{ "on-loss", 0, VALUE, false, values_set_on_loss, IN(ignore_loss) },
	{ "orphans", 'o', VALUE, false, values_set_orphans, IN(orphans) },
	{ "quiet", 'q', NONE, false, values_set_quiet, IN(verbosity) },
	{ "retry-cap", 0, VALUE, false, values_set_positive_duration,
	    IN(retry.cap_ms) },
	{ "retry-for", 0, VALUE, false, values_set_positive_duration,
	    IN(retry.for_ms) },
	{ "retry-sleep", 0, VALUE, false, values_set_duration,
	    IN(retry.sleep_ms) },
	{ "revoke", 0, NONE, true, values_set_revoke, IN(mode) },
	{ "runs", 0, VALUE, false, values_set_path, IN(runs) },
	{ "session-timeout", 'T', VALUE, false, values_set_session_timeout,
	    IN(session_timeout_ms) },
	{ "signal", 's', VALUE, false, values_set_signal, IN(stop_signal) },
	{ "skip-exit-code", 0, VALUE, false, values_set_exit_code,
	    IN(skip_exit_code) },
	{ "status", 0, NONE, true, values_set_status, IN(mode) },
	{ "syslog", 0, MAYBE, false, values_set_syslog, IN(syslog_facility) },
	{ "task", 't', VALUE, true, values_set_task, IN(task) },
	{ "tls-ca", 0, VALUE, false, values_set_tls_file,
	    IN(credentials.tls_ca) },
	{ "tls-cert", 0, VALUE, false, values_set_tls_file,
	    IN(credentials.tls_cert) },
	{ "tls-key", 0, VALUE, false, values_set_tls_file,
	    IN(credentials.tls_key) },
	{ "verbose", 'v', NONE, false, values_set_verbose, IN(verbosity) },
	{ "version", 'V', NONE, true, NULL, WHOLE },
	{ "wait", 'w', VALUE, false, values_set_duration, IN(wait_ms) },
	{ "yes", 0, NONE, true, values_set_flag, IN(yes) },
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
	(void)values_set_connect(options, "127.0.0.1:2181");
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
	source->nonblock |= spec->set == values_set_nonblock &&
	    options->wait_ms == 0;
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
