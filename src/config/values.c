/*
 * Reading values: numbers, durations, signals, words, paths.
 */
#include "config/values.h"

#define SYSLOG_NAMES

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/options.h"

static const char not_a_duration[] =
    "not a duration (a number with ms, s, m, h or d behind it)";

const char *
values_set_duration(void *field, const char *value)
{
	return clock_parse_duration(value, field) == -1 ? not_a_duration :
	    NULL;
}

const char *
values_set_positive_duration(void *field, const char *value)
{
	const char *reason;
	int64_t *ms = field;

	reason = values_set_duration(field, value);
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

/* Of two words the second means true; returns false if it is neither. */
static bool
choose(bool *flag, const char *value, const char *no, const char *yes)
{
	*flag = strcmp(value, yes) == 0;
	return *flag || strcmp(value, no) == 0;
}

const char *
values_set_flag(void *field, const char *value)
{
	return choose(field, value != NULL ? value : "yes", "no", "yes") ?
	    NULL : "neither yes nor no";
}

/* "no" takes back a "yes" from elsewhere, and nothing else. */
static const char *
set_verbosity(int *verbosity, enum log_level level, const char *value)
{
	const char *reason;
	bool yes;

	reason = values_set_flag(&yes, value);
	if (reason != NULL)
		return reason;
	if (yes)
		*verbosity = (int)level;
	else if (*verbosity == (int)level)
		*verbosity = LOG_NORMAL;
	return NULL;
}

const char *
values_set_path(void *field, const char *value)
{
	if (strlcpy(field, value, OPTIONS_PATH_SIZE) >= OPTIONS_PATH_SIZE)
		return "the path is too long";
	return servers_check_path(value);
}

const char *
values_set_acl(void *field, const char *value)
{
	return credentials_parse_acl(field, value);
}

const char *
values_set_auth_file(void *field, const char *value)
{
	if (value[0] == '\0')
		return "it is empty";
	return strlcpy(field, value, OPTIONS_PATH_SIZE) >= OPTIONS_PATH_SIZE ?
	    "the path is too long" : NULL;
}

/* The library takes the files as one list. */
const char *
values_set_tls_file(void *field, const char *value)
{
#ifdef ZKRUN_TLS
	if (value[0] == '\0')
		return "it is empty";
	if (strchr(value, ',') != NULL)
		return "the name has a comma";
	return strlcpy(field, value, CREDENTIALS_FILE_SIZE) >=
	    CREDENTIALS_FILE_SIZE ?
	    "the path is too long" : NULL;
#else
	(void)field;
	(void)value;
	return "the ZooKeeper library that this zkrun was built with has no "
	    "TLS; use a tunnel, see zkrun(1)";
#endif
}

const char *
values_set_base(void *field, const char *value)
{
	if (value[0] == '\0')
		return "it is empty";
	if (strcmp(value, "/") != 0)
		return values_set_path(field, value);
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

const char *
values_set_break(void *field, const char *value)
{
	(void)value;
	return set_mode(field, OPTIONS_BREAK);
}

const char *
values_set_check(void *field, const char *value)
{
	(void)value;
	return set_mode(field, OPTIONS_CHECK);
}

const char *
values_set_connect(void *whole, const char *value)
{
	struct options *options = whole;

	if (strlcpy(options->connect, value, sizeof(options->connect)) >=
	    sizeof(options->connect))
		return "it is longer than 4095 bytes";
	return servers_parse(&options->servers, value);
}

const char *
values_set_exit_code(void *field, const char *value)
{
	int64_t number;
	int *code = field;

	if (parse_number(&number, value, 0, 255) == -1)
		return "not a number from 0 to 255";
	*code = (int)number;
	return NULL;
}

const char *
values_set_interval_counts(void *field, const char *value)
{
	return choose(field, value, "success", "any") ? NULL :
	    "neither success nor any";
}

const char *
values_set_leases(void *field, const char *value)
{
	if (parse_number(field, value, 1, 1000000) == -1)
		return "not a number of leases";
	return NULL;
}

const char *
values_set_max_retries(void *field, const char *value)
{
	int64_t *retries = field;

	if (strcmp(value, "forever") == 0) {
		*retries = BACKOFF_FOREVER;
		return NULL;
	}
	if (parse_number(retries, value, 0, 1000000000) == -1)
		return "not a number of retries, nor 'forever'";
	return NULL;
}

const char *
values_set_nonblock(void *field, const char *value)
{
	int64_t *wait_ms = field;
	const char *reason;
	bool nonblock;

	reason = values_set_flag(&nonblock, value);
	if (reason != NULL)
		return reason;
	/* "no" takes back a "yes" from elsewhere, and no waiting time. */
	if (nonblock)
		*wait_ms = 0;
	else if (*wait_ms == 0)
		*wait_ms = CLOCK_NEVER;
	return NULL;
}

const char *
values_set_notify(void *field, const char *value)
{
	return choose(field, value, "zkrun", "command") ? NULL :
	    "neither zkrun nor command";
}

const char *
values_set_on_loss(void *field, const char *value)
{
	return choose(field, value, "stop", "ignore") ? NULL :
	    "neither stop nor ignore";
}

const char *
values_set_orphans(void *field, const char *value)
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

const char *
values_set_quiet(void *field, const char *value)
{
	return set_verbosity(field, LOG_ERRORS, value);
}

const char *
values_set_revoke(void *field, const char *value)
{
	(void)value;
	return set_mode(field, OPTIONS_REVOKE);
}

const char *
values_set_session_timeout(void *field, const char *value)
{
	const int64_t *ms = field;
	const char *reason;

	reason = values_set_positive_duration(field, value);
	if (reason == NULL && (*ms < 1000 || *ms > 86400000))
		reason = "a session timeout is at least 1s and at most 1d";
	return reason;
}

const char *
values_set_signal(void *field, const char *value)
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

const char *
values_set_status(void *field, const char *value)
{
	(void)value;
	return set_mode(field, OPTIONS_STATUS);
}

const char *
values_set_syslog(void *field, const char *value)
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

const char *
values_set_task(void *field, const char *value)
{
	const char **task = field;

	*task = value;
	return servers_check_name(value);
}

const char *
values_set_verbose(void *field, const char *value)
{
	return set_verbosity(field, LOG_VERBOSE, value);
}
