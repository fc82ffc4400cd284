/*
 * The table of options: every one of them, good and bad values, and what
 * excludes what.
 */
#include "options.h"

#include <sys/mman.h>

#include <err.h>
#include <unistd.h>

#include "clock.h"
#include "exitcode.h"
#include "log.h"
#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* stderr leads here; what options_apply() says is part of its promise. */
static int	said_fd;

/* Returns what was said since the last call. */
static const char *
said(void)
{
	static char text[8192];
	ssize_t got;

	got = pread(said_fd, text, sizeof(text) - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	(void)ftruncate(said_fd, 0);
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

/* The numbers among the options, as one text that shows which are changed. */
static void
describe(const struct options *options, char *text, size_t size)
{
	(void)snprintf(text, size, "%s base=%s %s:%s wait=%" PRId64 " E=%d "
	    "r=%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 " C=%" PRId64
	    " T=%" PRId64 " k=%" PRId64 " o=%d g=%d v=%d s=%d l=%d check=%d",
	    options->task != NULL ? options->task : "-", options->base,
	    options->servers.server[0].host, options->servers.server[0].port,
	    options->wait_ms == CLOCK_NEVER ? -1 : options->wait_ms,
	    options->conflict_exit_code, options->retry.max_retries,
	    options->retry.sleep_ms, options->retry.cap_ms,
	    options->retry.for_ms, options->connect_timeout_ms,
	    options->session_timeout_ms, options->kill_after_ms,
	    (int)options->orphans, options->signal_group, options->verbosity,
	    options->stop_signal, options->ignore_loss, options->check);
}

/* An option and the one part of the description that it changes. */
static const struct {
	const char	*name, *value, *before, *after;
} good[] = {
	{ "task", "x", "-", "x" },
	{ "task", "\xc3\xa4", "-", "\xc3\xa4" },
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
	{ "orphans", "wait", "o=0", "o=0" },
	{ "orphans", "kill", "o=0", "o=1" },
	{ "orphans", "leave", "o=0", "o=2" },
	{ "group", NULL, "g=0", "g=1" },
	{ "group", "yes", "g=0", "g=1" },
	{ "group", "no", "g=0", "g=0" },
	{ "check", NULL, "check=0", "check=1" },
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
	{ "kill-after", "-1" }, { "orphans", "" }, { "orphans", "Wait" },
	{ "signal", "" }, { "signal", "0" }, { "signal", "65" },
	{ "signal", "FOO" }, { "signal", "SIG" }, { "on-loss", "kill" },
	{ "group", "maybe" }, { "quiet", "2" }, { "verbose", "on" },
};

static void
test_values(void)
{
	struct option_source source;
	const struct option_spec *spec;
	struct options options;
	char text[2048], wanted[2048], *found;
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
		ok(result == 0 && *said() == '\0', "--%s=%s is taken",
		    good[i].name, good[i].value != NULL ? good[i].value : "");
		is_text(text, wanted, "it changes what it should, and no more");
	}
	for (i = 0; i < COUNT(bad); i++) {
		memset(&source, 0, sizeof(source));
		options_default(&options);
		spec = options_find(bad[i].name);
		result = options_apply(&options, &source, spec, bad[i].value);
		ok(result == -1 && is_one_line(said()),
		    "--%s=%s is refused in one line", bad[i].name,
		    bad[i].value);
	}
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
		if (option_specs[i].set == NULL) {
			covered = covered && option_specs[i].only_argv;
			continue;
		}
		for (j = 0; j < COUNT(good); j++)
			if (strcmp(good[j].name, option_specs[i].name) == 0)
				break;
		if (j == COUNT(good)) {
			printf("# no case for %s\n", option_specs[i].name);
			covered = false;
		}
	}
	ok(sorted, "the table is sorted by name, no name twice");
	ok(unique, "no letter twice");
	ok(found, "every option is found by its name");
	ok(covered, "this test has a case for every option");
	ok(options_find("") == NULL && options_find("tas") == NULL &&
	    options_find("taskx") == NULL && options_find("TASK") == NULL,
	    "no other name is found");
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
	is_int(apply(&options, &argv, "nonblock", NULL), 0, "-n alone");
	is_int(apply(&options, &argv, "wait", "5"), -1, "-n, then -w: refused");
	ok(strstr(said(), "exclude") != NULL, "and said so");
	memset(&argv, 0, sizeof(argv));
	is_int(apply(&options, &argv, "wait", "5"), 0, "-w alone");
	is_int(apply(&options, &argv, "nonblock", NULL), -1,
	    "-w, then -n: refused");
	(void)said();

	memset(&argv, 0, sizeof(argv));
	options_default(&options);
	is_int(apply(&options, &file, "nonblock", "yes"), 0,
	    "nonblock in the file,");
	is_int(apply(&options, &environment, "wait", "7"), 0,
	    "wait in the environment:");
	is_int(options.wait_ms, 7000, "the latter wins");
	is_int(apply(&options, &argv, "nonblock", NULL), 0, "then -n,");
	is_int(options.wait_ms, 0, "which wins over both");

	memset(&argv, 0, sizeof(argv));
	options_default(&options);
	is_int(apply(&options, &argv, "wait", "5"), 0, "-w 5 and");
	is_int(apply(&options, &argv, "wait", "6"), 0, "-w 6:");
	is_int(options.wait_ms, 6000, "the last one counts");
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
	ok(strncmp(said(), "zkrun: cannot use 'wait = x' of f line 3: ",
	    42) == 0, "a bad line of the file is named");
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
	test_messages();
	return tap_end();
}
