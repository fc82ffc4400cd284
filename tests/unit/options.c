/*
 * Tests every option with good and bad values, options that exclude each other,
 * and the messages about them.
 */
#include "config/options.h"

#include <sys/mman.h>

#include <err.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Collects stderr: the messages of options_apply() are part of its contract. */
static int	said_fd;

/* Returns what went to stderr since the last call. */
static const char *
said(void)
{
	static char text[8192];
	ssize_t got;

	got = pread(said_fd, text, sizeof(text) - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	if (ftruncate(said_fd, 0) == -1)
		err(1, "ftruncate");
	(void)lseek(said_fd, 0, SEEK_SET);
	return text;
}

static bool
is_one_line(const char *text)
{
	const char *end;

	end = strchr(text, '\n');
	return strncmp(text, "zkrun: cannot ", 14) == 0 && end != NULL &&
	    end[1] == '\0';
}

/* Writes all options as one text, to show which of them change. */
static void
describe(const struct options *options, char *text, size_t size)
{
	(void)snprintf(text, size, "%s base=%s %s:%s wait=%" PRId64 " E=%d "
	    "r=%d,%" PRId64 ",%" PRId64 ",%" PRId64 " C=%" PRId64
	    " T=%" PRId64 " k=%" PRId64 " o=%d g=%d v=%d s=%d l=%d mode=%d"
	    " hold=%" PRId64 " i=%" PRId64 " any=%d json=%d leases=%d"
	    " m=%" PRId64 " runs=%s skip=%d syslog=%d yes=%d"
	    " notify=%d acl=%zu recipe=%d auth-file=%s",
	    options->task != NULL ? options->task : "-", options->base,
	    options->servers.server[0].host, options->servers.server[0].port,
	    options->wait_ms == CLOCK_NEVER ? -1 : options->wait_ms,
	    options->conflict_exit_code, options->retry.max_retries,
	    options->retry.sleep_ms, options->retry.cap_ms,
	    options->retry.for_ms, options->connect_timeout_ms,
	    options->session_timeout_ms, options->kill_after_ms,
	    (int)options->orphans, options->signal_group, options->verbosity,
	    options->stop_signal, options->ignore_loss,
	    (int)options->mode, options->hold_ms,
	    options->interval_ms == CLOCK_NEVER ? -1 : options->interval_ms,
	    options->count_failures, options->json, options->max_leases,
	    options->max_time_ms == CLOCK_NEVER ? -1 : options->max_time_ms,
	    options->runs, options->skip_exit_code, options->syslog_facility,
	    options->yes, options->notify_by_command,
	    options->credentials.grant_count, (int)options->recipe,
	    options->auth_file);
}

/* Each option, and the one part of the text that it changes. */
static const struct {
	const char	*name, *value, *before, *after;
} good[] = {
	{ "task", "x", "-", "x" },
	{ "task", "\xc3\xa4", "-", "\xc3\xa4" },
	{ "acl", "world:anyone:r", "acl=0", "acl=1" },
	{ "acl", "digest:a:b=:cdrwa,ip:::1:r", "acl=0", "acl=2" },
	{ "auth-file", "/a b", "auth-file=", "auth-file=/a b" },
	{ "base", "/a/b", "base=/lock/mutex", "base=/a/b" },
	{ "base", "/", "base=/lock/mutex", "base=" },
	{ "connect", "h:1", "127.0.0.1:2181", "h:1" },
	{ "connect", "h", "127.0.0.1:2181", "h:2181" },
	{ "wait", "5", "wait=-1", "wait=5000" },
	{ "wait", "0", "wait=-1", "wait=0" },
	{ "wait", "1ms", "wait=-1", "wait=1" },
	{ "nonblock", NULL, "wait=-1", "wait=0" },
	{ "nonblock", "yes", "wait=-1", "wait=0" },
	{ "nonblock", "no", "wait=-1", "wait=-1" },
	{ "conflict-exit-code", "0", "E=75", "E=0" },
	{ "conflict-exit-code", "255", "E=75", "E=255" },
	{ "max-retries", "0", "r=3,", "r=0," },
	{ "max-retries", "1000000000", "r=3,", "r=1000000000," },
	{ "max-retries", "forever", "r=3,", "r=-1," },
	{ "retry-sleep", "0", "3,1000,0,0", "3,0,0,0" },
	{ "retry-sleep", "250ms", "3,1000,0,0", "3,250,0,0" },
	{ "retry-cap", "1m", "3,1000,0,0", "3,1000,60000,0" },
	{ "retry-for", "1h", "3,1000,0,0", "3,1000,0,3600000" },
	{ "connect-timeout", "1", "C=15000", "C=1000" },
	{ "session-timeout", "1", "T=30000", "T=1000" },
	{ "session-timeout", "1d", "T=30000", "T=86400000" },
	{ "kill-after", "0", "k=5000", "k=0" },
	{ "kill-after", "1.5m", "k=5000", "k=90000" },
	{ "notify", "zkrun", "notify=0", "notify=0" },
	{ "notify", "command", "notify=0", "notify=1" },
	{ "recipe", "semaphore", "recipe=0", "recipe=0" },
	{ "recipe", "mutex", "recipe=0", "recipe=1" },
	{ "orphans", "wait", "o=0", "o=0" },
	{ "orphans", "kill", "o=0", "o=1" },
	{ "orphans", "leave", "o=0", "o=2" },
	{ "group", NULL, "g=0", "g=1" },
	{ "group", "yes", "g=0", "g=1" },
	{ "group", "no", "g=0", "g=0" },
	{ "check", NULL, "mode=0", "mode=1" },
	{ "status", NULL, "mode=0", "mode=2" },
	{ "revoke", NULL, "mode=0", "mode=3" },
	{ "break", NULL, "mode=0", "mode=4" },
	{ "pause", NULL, "mode=0", "mode=5" },
	{ "resume", NULL, "mode=0", "mode=6" },
	{ "forget", NULL, "mode=0", "mode=7" },
	{ "json", NULL, "json=0", "json=1" },
	{ "yes", NULL, "yes=0", "yes=1" },
	{ "hold", "0", "hold=0", "hold=0" },
	{ "hold", "90s", "hold=0", "hold=90000" },
	{ "interval", "0", "i=-1", "i=0" },
	{ "interval", "23h", "i=-1", "i=82800000" },
	{ "interval-counts", "success", "any=0", "any=0" },
	{ "interval-counts", "any", "any=0", "any=1" },
	{ "leases", "1", "leases=1", "leases=1" },
	{ "leases", "1000000", "leases=1", "leases=1000000" },
	{ "max-time", "1ms", "m=-1", "m=1" },
	{ "max-time", "2h", "m=-1", "m=7200000" },
	{ "runs", "/a/b", "runs=/lock/runs", "runs=/a/b" },
	{ "skip-exit-code", "255", "skip=0", "skip=255" },
	{ "syslog", NULL, "syslog=-1", "syslog=24" },
	{ "syslog", "yes", "syslog=-1", "syslog=24" },
	{ "syslog", "no", "syslog=-1", "syslog=-1" },
	{ "syslog", "user", "syslog=-1", "syslog=8" },
	{ "syslog", "local7", "syslog=-1", "syslog=184" },
	{ "on-loss", "stop", "l=0", "l=0" },
	{ "on-loss", "ignore", "l=0", "l=1" },
	{ "signal", "INT", "s=15", "s=2" },
	{ "signal", "SIGUSR1", "s=15", "s=10" },
	{ "signal", "9", "s=15", "s=9" },
	{ "quiet", NULL, "v=1", "v=0" },
	{ "quiet", "no", "v=1", "v=1" },
	{ "verbose", NULL, "v=1", "v=2" },
	{ "verbose", "no", "v=1", "v=1" },
};

static const struct {
	const char	*name, *value;
} bad[] = {
	{ "task", "" }, { "task", "../x" }, { "task", "." }, { "task", ".." },
	{ "task", "a\nb" }, { "task", "\xff" },
	{ "acl", "" }, { "acl", "a:b" }, { "acl", "a:b:r," },
	{ "acl", "a:b:rx" }, { "acl", ":b:r" }, { "auth-file", "" },
	{ "tls-ca", "" }, { "tls-cert", "/a" }, { "tls-key", NULL },
	{ "base", "" }, { "base", "a" }, { "base", "/a/" }, { "base", "//" },
	{ "base", "/a/../b" },
	{ "connect", "" }, { "connect", "a:0" }, { "connect", "a,,b" },
	{ "wait", "" }, { "wait", "-1" }, { "wait", "1e3" },
	{ "wait", "forever" },
	{ "nonblock", "" }, { "nonblock", "1" }, { "nonblock", "YES" },
	{ "nonblock", "true" },
	{ "conflict-exit-code", "" }, { "conflict-exit-code", "-1" },
	{ "conflict-exit-code", "256" }, { "conflict-exit-code", "1x" },
	{ "conflict-exit-code", "0x1" }, { "conflict-exit-code", "1.5" },
	{ "max-retries", "-1" }, { "max-retries", "1000000001" },
	{ "max-retries", "" }, { "max-retries", "Forever" },
	{ "max-retries", "99999999999999999999" },
	{ "retry-sleep", "x" }, { "retry-cap", "0" }, { "retry-cap", "" },
	{ "retry-for", "0" }, { "connect-timeout", "0" },
	{ "connect-timeout", "0ms" }, { "session-timeout", "0" },
	{ "session-timeout", "999ms" }, { "session-timeout", "1.1d" },
	{ "kill-after", "-1" }, { "orphans", "" }, { "recipe", "" }, { "recipe", "lock" },
	{ "orphans", "Wait" },
	{ "signal", "" }, { "signal", "0" }, { "signal", "65" },
	{ "signal", "FOO" }, { "signal", "SIG" }, { "on-loss", "kill" },
	{ "notify", "yes" }, { "notify", "" },
	{ "group", "maybe" }, { "quiet", "2" }, { "verbose", "on" },
	{ "hold", "" }, { "hold", "-1" }, { "hold", "forever" },
	{ "interval", "" }, { "interval", "daily" }, { "interval", "-1" },
	{ "interval-counts", "" }, { "interval-counts", "all" },
	{ "interval-counts", "Any" },
	{ "leases", "" }, { "leases", "0" }, { "leases", "-1" },
	{ "leases", "1000001" }, { "leases", "2x" }, { "leases", "+2" },
	{ "leases", " 2" },
	{ "max-time", "" }, { "max-time", "0" }, { "max-time", "0ms" },
	{ "max-time", "forever" },
	{ "runs", "" }, { "runs", "/" }, { "runs", "a" }, { "runs", "/a/" },
	{ "runs", "/a//b" }, { "runs", "/a/../b" },
	{ "skip-exit-code", "" }, { "skip-exit-code", "256" },
	{ "skip-exit-code", "-1" }, { "skip-exit-code", "0x1" },
	{ "syslog", "" }, { "syslog", "3" }, { "syslog", "DAEMON" },
	{ "syslog", "kern" }, { "syslog", "mark" }, { "syslog", "true" },
};

static void
test_values(void)
{
	struct option_source source;
	const struct option_spec *spec;
	struct options options;
	char text[8192], wanted[8192], *found;
	size_t i;
	int result;

	for (i = 0; i < COUNT(good); i++) {
		memset(&source, 0, sizeof(source));
		options_default(&options);
		describe(&options, wanted, sizeof(wanted));
		found = strstr(wanted, good[i].before);
		if (found != NULL) {
			(void)strlcpy(text, found + strlen(good[i].before),
			    sizeof(text));
			*found = '\0';
			(void)strlcat(wanted, good[i].after, sizeof(wanted));
			(void)strlcat(wanted, text, sizeof(wanted));
		}
		spec = options_find(good[i].name);
		result = options_apply(&options, &source, spec, good[i].value);
		describe(&options, text, sizeof(text));
		ok(result == 0 && *said() == '\0', "--%s=%s is accepted",
		    good[i].name, good[i].value != NULL ? good[i].value : "");
		is_text(text, wanted, "the option changes only its own field");
	}
	for (i = 0; i < COUNT(bad); i++) {
		memset(&source, 0, sizeof(source));
		options_default(&options);
		spec = options_find(bad[i].name);
		result = options_apply(&options, &source, spec, bad[i].value);
		ok(result == -1 && is_one_line(said()),
		    "--%s=%s is refused with one line", bad[i].name,
		    bad[i].value != NULL ? bad[i].value : "");
	}
}

static bool
has_case(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		if (strcmp(good[i].name, name) == 0)
			return true;
	/* These options were removed: no value is good. */
	return strncmp(name, "tls-", 4) == 0;
}

static void
test_table(void)
{
	bool letters[256] = { false };
	bool sorted, unique, covered, found;
	size_t i, j;

	sorted = unique = covered = found = true;
	for (i = 0; i < option_specs_count; i++) {
		if (i > 0 && strcmp(option_specs[i - 1].name,
		    option_specs[i].name) >= 0)
			sorted = false;
		j = (size_t)option_specs[i].letter;
		unique = unique && (j == 0 || !letters[j]);
		letters[j] = true;
		found = found && options_find(option_specs[i].name) ==
		    &option_specs[i];
		if (option_specs[i].kind.read == NULL &&
		    option_specs[i].kind.problem == NULL) {
			covered = covered && option_specs[i].only_argv;
			continue;
		}
		if (!has_case(option_specs[i].name)) {
			printf("# no case for %s\n", option_specs[i].name);
			covered = false;
		}
	}
	ok(sorted, "the table is sorted by name, without duplicates");
	ok(unique, "no letter occurs twice");
	ok(found, "every option is found by its name");
	ok(covered, "this test has a case for every option");
	ok(options_find("") == NULL && options_find("tas") == NULL &&
	    options_find("taskx") == NULL && options_find("TASK") == NULL,
	    "other names are not found");
}

static int
apply(struct options *options, struct option_source *source, const char *name,
    const char *value)
{
	return options_apply(options, source, options_find(name), value);
}

static void
test_contradictions(void)
{
	struct option_source argv = { 0 }, file = { .file = "f", .line = 3 };
	struct option_source environment = { .file = "ZKRUN_WAIT" };
	struct options options;

	options_default(&options);
	is_int(apply(&options, &argv, "nonblock", NULL), 0, "-n is accepted");
	is_int(apply(&options, &argv, "wait", "5"), -1,
	    "-w after -n is refused");
	ok(strstr(said(), "exclude") != NULL,
	    "the message says that they exclude each other");
	memset(&argv, 0, sizeof(argv));
	is_int(apply(&options, &argv, "wait", "5"), 0, "-w is accepted");
	is_int(apply(&options, &argv, "nonblock", NULL), -1,
	    "-n after -w is refused");
	(void)said();

	memset(&argv, 0, sizeof(argv));
	options_default(&options);
	is_int(apply(&options, &file, "nonblock", "yes"), 0,
	    "nonblock in the file");
	is_int(apply(&options, &environment, "wait", "7"), 0,
	    "wait in the environment");
	is_int(options.wait_ms, 7000, "the environment overrides the file");
	is_int(apply(&options, &argv, "nonblock", NULL), 0,
	    "-n on the command line");
	is_int(options.wait_ms, 0, "the command line overrides both");

	memset(&argv, 0, sizeof(argv));
	options_default(&options);
	is_int(apply(&options, &file, "nonblock", "yes"), 0,
	    "nonblock in the file");
	is_int(apply(&options, &environment, "nonblock", "no"), 0,
	    "nonblock=no in the environment");
	ok(options.wait_ms == CLOCK_NEVER, "the environment cancels nonblock");
	is_int(apply(&options, &file, "quiet", "yes"), 0,
	    "quiet in the file");
	is_int(apply(&options, &environment, "quiet", "no"), 0,
	    "quiet=no in the environment");
	is_int(options.verbosity, LOG_NORMAL, "the environment cancels quiet");

	memset(&argv, 0, sizeof(argv));
	options_default(&options);
	is_int(apply(&options, &argv, "wait", "5"), 0, "-w 5");
	is_int(apply(&options, &argv, "wait", "6"), 0,
	    "-w 6 after -w 5 is accepted");
	is_int(options.wait_ms, 6000, "the last -w wins");
}

/* Only one option may say what zkrun does. */
static void
test_modes(void)
{
	static const char *const modes[] = { "break", "check", "forget",
	    "pause", "resume", "revoke", "status" };
	struct option_source argv = { 0 };
	struct options options;
	size_t i, j;

	for (i = 0; i < COUNT(modes); i++)
		for (j = 0; j < COUNT(modes); j++) {
			options_default(&options);
			(void)apply(&options, &argv, modes[i], NULL);
			is_int(apply(&options, &argv, modes[j], NULL),
			    i == j ? 0 : -1, modes[i]);
			ok((strstr(said(), "choose one of") != NULL) ==
			    (i != j), "followed by --%s", modes[j]);
		}
}

static void
test_long_paths(void)
{
	struct option_source argv = { 0 };
	struct options options;
	char path[sizeof(options.runs) + 1];
	size_t i;

	for (i = 0; i < sizeof(path); i++)
		path[i] = i % 100 == 0 ? '/' : 'x';
	path[sizeof(path) - 1] = '\0';
	options_default(&options);
	is_int(apply(&options, &argv, "runs", path), -1,
	    "a path of runs that is too long is refused");
	is_int(apply(&options, &argv, "base", path), -1,
	    "a base that is too long is refused");
	(void)said();
	path[sizeof(path) - 2] = '\0';
	is_int(apply(&options, &argv, "runs", path), 0,
	    "a path of one byte less fits");
	is_text(options.runs, path, "the path is stored whole");
}

/* "no" cancels a setting of another source. */
static void
test_syslog_taken_back(void)
{
	struct option_source argv = { 0 }, file = { .file = "f", .line = 3 };
	struct options options;

	options_default(&options);
	(void)apply(&options, &file, "syslog", "mail");
	(void)apply(&options, &argv, "syslog", "no");
	is_int(options.syslog_facility, OPTIONS_NO_SYSLOG,
	    "--syslog=no cancels syslog = mail");
	(void)apply(&options, &argv, "syslog", "bogus");
	(void)said();
	is_int(options.syslog_facility, OPTIONS_NO_SYSLOG,
	    "a bad facility changes nothing");
}

static void
test_messages(void)
{
	struct option_source argv = { 0 }, file = { .file = "f", .line = 3 };
	struct option_source environment = { .file = "ZKRUN_WAIT" };
	struct options options;

	options_default(&options);
	(void)apply(&options, &argv, "kill-after", "never");
	ok(strncmp(said(), "zkrun: cannot use '--kill-after=never': ", 40) ==
	    0, "a bad value of argv is named");
	(void)apply(&options, &environment, "wait", "x");
	ok(strncmp(said(), "zkrun: cannot use 'ZKRUN_WAIT=x': ", 34) == 0,
	    "a bad variable is named");
	(void)apply(&options, &file, "wait", "x");
	ok(strncmp(said(), "zkrun: cannot use 'wait = x' in line 3 of 'f': ",
	    47) == 0, "a bad line of the file is named");
}

/* Mistyped names, and the option that zkrun suggests for each. */
static void
test_nearest(void)
{
	static const struct {
		const char	*given, *nearest;
	} typed[] = {
		{ "waite", "wait" }, { "wiat", "wait" }, { "wat", "wait" },
		{ "tsak", "task" }, { "quit", "quiet" },
		{ "nonblok", "nonblock" }, { "non-block", "nonblock" },
		{ "sesion-timeuot", "session-timeout" },
		{ "intervall", "interval" }, { "Syslog", "syslog" },
		/* These resemble no option, or only a removed one. */
		{ "bogus", NULL }, { "w", NULL }, { "", NULL },
		{ "tls-cart", NULL }, { "force", NULL }, { "shared", NULL },
		{ "a-name-that-is-longer-than-any-option-is", NULL },
	};
	const struct option_spec *spec;
	size_t i;

	for (i = 0; i < COUNT(typed); i++) {
		spec = options_nearest(typed[i].given);
		is_text(spec != NULL ? spec->name : "none",
		    typed[i].nearest != NULL ? typed[i].nearest : "none",
		    typed[i].given);
	}
}

int
main(void)
{
	said_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (said_fd == -1 || dup2(said_fd, STDERR_FILENO) == -1)
		err(1, "memfd");
	test_table();
	test_values();
	test_contradictions();
	test_modes();
	test_long_paths();
	test_syslog_taken_back();
	test_messages();
	test_nearest();
	return tap_end();
}
