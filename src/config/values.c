/*
 * Reads words, numbers, durations, paths, signals and syslog facilities.
 */
#include "config/values.h"

#define SYSLOG_NAMES

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "config/servers.h"

const char *
values_word(void *field, const char *value, const struct values_kind *kind)
{
	int *word = field;

	/* A flag without a value means its second word. */
	*word = 1;
	if (value != NULL)
		for (*word = 0; kind->words[*word] != NULL &&
		    strcmp(kind->words[*word], value) != 0;)
			++*word;
	return kind->words[*word] == NULL ? kind->problem : NULL;
}

const char *
values_number(void *field, const char *value, const struct values_kind *kind)
{
	const char *problem;
	int *number = field;

	/* strtonum(3) also accepts leading blanks and signs. */
	*number = (int)strtonum(value, kind->least, kind->most, &problem);
	return problem != NULL || !isdigit((unsigned char)value[0]) ?
	    kind->problem : NULL;
}

const char *
values_duration(void *field, const char *value, const struct values_kind *kind)
{
	int64_t *ms = field;

	if (clock_parse_duration(value, ms) == -1)
		return "not a duration (a number, then ms, s, m, h or d; "
		    "at most 3650d)";
	return *ms < kind->least || *ms > kind->most ? kind->problem : NULL;
}

static const char *
copy_path(void *field, const char *value)
{
	return strlcpy(field, value, VALUES_PATH_SIZE) >= VALUES_PATH_SIZE ?
	    "the path is longer than 1023 bytes" : NULL;
}

const char *
values_file(void *field, const char *value, const struct values_kind *kind)
{
	(void)kind;
	return value[0] == '\0' ? "must not be empty" : copy_path(field, value);
}

const char *
values_path(void *field, const char *value, const struct values_kind *kind)
{
	const char *reason;

	(void)kind;
	if (strcmp(value, "/") == 0)
		return "must not be '/'";
	reason = copy_path(field, value);
	return reason != NULL ? reason : servers_check_path(value);
}

const char *
values_base(void *field, const char *value, const struct values_kind *kind)
{
	if (value[0] == '\0')
		return "must not be empty";
	return strcmp(value, "/") == 0 ? copy_path(field, "") :
	    values_path(field, value, kind);
}

/* glibc before 2.32 lacks these names (sigabbrev_np(3)). */
#define NAME(name)	{ #name, SIG##name }
static const struct {
	const char	*name;
	int		 number;
} signal_names[] = {
	NAME(HUP), NAME(INT), NAME(QUIT), NAME(ILL), NAME(TRAP), NAME(ABRT),
	NAME(BUS), NAME(FPE), NAME(KILL), NAME(USR1), NAME(SEGV), NAME(USR2),
	NAME(PIPE), NAME(ALRM), NAME(TERM), NAME(CHLD), NAME(CONT), NAME(STOP),
	NAME(TSTP), NAME(TTIN), NAME(TTOU), NAME(URG), NAME(XCPU), NAME(XFSZ),
	NAME(VTALRM), NAME(PROF), NAME(WINCH), NAME(POLL), NAME(PWR), NAME(SYS),
#ifdef SIGSTKFLT
	NAME(STKFLT),
#endif
};

const char *
values_signal(void *field, const char *value, const struct values_kind *kind)
{
	const char *problem;
	size_t i;
	int *number = field;

	*number = (int)strtonum(value, 1, SIGRTMAX, &problem);
	if (problem == NULL && isdigit((unsigned char)value[0]))
		return NULL;
	if (strncmp(value, "SIG", 3) == 0)
		value += 3;
	for (i = 0; i < sizeof(signal_names) / sizeof(signal_names[0]); i++)
		if (strcmp(signal_names[i].name, value) == 0) {
			*number = signal_names[i].number;
			return NULL;
		}
	return kind->problem;
}

const char *
values_syslog(void *field, const char *value, const struct values_kind *kind)
{
	const CODE *facility;
	int *chosen = field;

	if (value == NULL || strcmp(value, "yes") == 0)
		value = "daemon";
	*chosen = kind->means;
	if (strcmp(value, "no") == 0)
		return NULL;
	/*
	 * Leave out "kern", which is for the kernel, and "mark", which is for
	 * syslogd.
	 */
	for (facility = facilitynames; facility->c_name != NULL; facility++)
		if (strcmp(facility->c_name, value) == 0 &&
		    facility->c_val != LOG_KERN &&
		    facility->c_val <= LOG_LOCAL7) {
			*chosen = facility->c_val;
			return NULL;
		}
	return kind->problem;
}
