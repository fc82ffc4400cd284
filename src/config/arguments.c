/*
 * zkrun reads argv twice: first for the name of the configuration file, and
 * last for the options, because the command line overrides the file and the
 * environment.
 */
#include "config/arguments.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "base/log.h"
#include "config/help.h"
#include "config/operands.h"
#include "config/options.h"

#define DEFAULT_FILE	"/etc/zkrun.conf"
#define MAX_LINE	4096
#define MAX_SPECS	64
#define LONG_VAL	256

static const char not_a_line[] = "must have the form name = value";

static void
cut_blanks(char *text)
{
	size_t length;

	for (length = strlen(text); length > 0 &&
	    isspace((unsigned char)text[length - 1]); length--)
		text[length - 1] = '\0';
}

static int
refuse_line(const struct option_source *source, const char *reason)
{
	log_error("cannot use line %zu of '%s': %s", source->line, source->file,
	    reason);
	return -1;
}

static int
apply_line(struct options *options, struct option_source *source, char *line)
{
	const struct option_spec *nearest, *spec;
	char *name;

	if (line[strspn(line, " \t\r")] == '\0')
		return 0;
	name = strsep(&line, "=");
	if (line == NULL)
		return refuse_line(source, not_a_line);
	name += strspn(name, " \t");
	line += strspn(line, " \t");
	cut_blanks(name);
	cut_blanks(line);
	spec = options_find(name);
	if (spec != NULL && !spec->only_argv)
		return options_apply(options, source, spec, line);
	if (name[0] == '\0')
		return refuse_line(source, not_a_line);
	/* Do not show the name: the file may contain secrets. */
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz-_")] != '\0')
		return refuse_line(source, "unknown option");
	nearest = options_nearest(name);
	if (spec == NULL && nearest != NULL)
		log_error("cannot use '%.80s' in line %zu of '%s': unknown "
		    "option, did you mean '%s'?", name, source->line,
		    source->file, nearest->name);
	else
		log_error("cannot use '%.80s' in line %zu of '%s': %s", name,
		    source->line, source->file, spec == NULL ?
		    "unknown option" : "allowed only on the command line");
	return -1;
}

static int
read_lines(struct options *options, struct option_source *source, FILE *file)
{
	size_t length;
	char *line;
	int result;

	result = 0;
	while (result == 0 && (line = fparseln(file, &length, &source->line,
	    NULL, FPARSELN_UNESCALL)) != NULL) {
		if (length > MAX_LINE)
			result = refuse_line(source, "longer than 4096 bytes");
		else if (strlen(line) != length)
			result = refuse_line(source, "contains a NUL byte");
		else
			result = apply_line(options, source, line);
		free(line);
	}
	return result;
}

static int
read_file(struct options *options, const char *path, bool must_exist)
{
	struct option_source source = { .file = path };
	FILE *file;
	int result;

	file = fopen(path, "re");
	if (file == NULL && errno == ENOENT && !must_exist)
		return 0;
	result = file != NULL ? read_lines(options, &source, file) : 0;
	if (file == NULL || (result == 0 && ferror(file))) {
		log_error("cannot read '%s': %s", path, strerror(errno));
		result = -1;
	}
	if (file != NULL)
		(void)fclose(file);
	return result;
}

static int
read_environment(struct options *options)
{
	const struct option_spec *spec;
	const char *value;
	char name[64], *c;
	struct option_source source = { .file = name };

	for (spec = option_specs; spec < option_specs + option_specs_count;
	    spec++) {
		(void)snprintf(name, sizeof(name), "ZKRUN_%s", spec->name);
		for (c = name; *c != '\0'; c++)
			*c = (char)(*c == '-' ? '_' :
			    toupper((unsigned char)*c));
		value = spec->only_argv ? NULL : getenv(name);
		if (value != NULL &&
		    options_apply(options, &source, spec, value) == -1)
			return -1;
	}
	return 0;
}

/*
 * Makes the tables of getopt_long(3) from option_specs.  The val of a long
 * option is its index plus LONG_VAL, which is above every letter.
 */
static void
make_tables(struct option *longs, char *shorts, bool to_the_end)
{
	size_t i;

	/* '+': options end at the command; ':': report a missing value. */
	if (!to_the_end)
		*shorts++ = '+';
	*shorts++ = ':';
	for (i = 0; i < option_specs_count; i++) {
		longs[i].name = option_specs[i].name;
		longs[i].has_arg = option_specs[i].value;
		longs[i].flag = NULL;
		longs[i].val = LONG_VAL + (int)i;
		if (option_specs[i].letter == 0)
			continue;
		*shorts++ = (char)option_specs[i].letter;
		if (option_specs[i].value == required_argument)
			*shorts++ = ':';
	}
	*shorts = '\0';
	memset(&longs[i], 0, sizeof(longs[i]));
}

static const struct option_spec *
find_given(int value)
{
	size_t i;

	if (value >= LONG_VAL)
		return &option_specs[value - LONG_VAL];
	for (i = 0; i < option_specs_count; i++)
		if (option_specs[i].letter == value)
			return &option_specs[i];
	return NULL;
}

/*
 * Reports an unknown or ambiguous long option.  Offers the options that begin
 * with it, or the one that resembles it.
 */
static int
refuse_name(const char *given)
{
	const struct option_spec *spec;
	size_t length;
	char alike[512] = "";

	length = strcspn(given, "=");
	for (spec = option_specs; spec < option_specs + option_specs_count;
	    spec++)
		if (length > 2 && !options_is_gone(spec) &&
		    strncmp(spec->name, given + 2, length - 2) == 0) {
			(void)strlcat(alike, " --", sizeof(alike));
			(void)strlcat(alike, spec->name, sizeof(alike));
		}
	if (alike[0] != '\0')
		return help_refuse("'%.*s' is short for several options:%s",
		    (int)length, given, alike);
	(void)strlcpy(alike, given + 2, length - 1 < sizeof(alike) ? length - 1 :
	    sizeof(alike));
	spec = options_nearest(alike);
	if (spec == NULL)
		return help_refuse("unknown option '%.300s'", given);
	return help_refuse("unknown option '%.*s', did you mean '--%s'?",
	    (int)length, given, spec->name);
}

/* Reports why getopt_long(3) refuses an option. */
static int
refuse_option(int result, const char *given)
{
	char letter[3] = "-";

	/* getopt_long(3) sign-extends a byte above 127. */
	letter[1] = (char)optopt;
	if (optopt != 0 && optopt < LONG_VAL)
		given = letter;
	if (result == ':')
		return help_refuse("option '%s' needs a value", given);
	if (optopt >= LONG_VAL)
		return help_refuse("option '--%s' takes no value",
		    find_given(optopt)->name);
	return given == letter ? help_refuse("unknown option '%s'", given) :
	    refuse_name(given);
}

/* Facts from argv that arguments_parse() needs before it applies options. */
struct glance {
	const char	*file;		/* --config, or ZKRUN_CONFIG */
	bool		 check;		/* --check is given */
	bool		 query;		/* a query, without a command */
};

/*
 * Reads argv and applies its options.  If options is NULL, only fills in the
 * glance.  Options may also follow the tasks of a query, which has no command.
 * Returns ARGUMENTS_RUN or an exit status.
 */
static int
read_argv(struct options *options, int argc, char **argv,
    struct glance *glance)
{
	struct option_source source = { 0 };
	struct option longs[MAX_SPECS];
	char shorts[2 * MAX_SPECS + 3];
	const struct option_spec *spec;
	int value;

	make_tables(longs, shorts, glance->query);
	opterr = 0;
	/* The value 0 makes getopt_long(3) start from the beginning. */
	optind = 0;
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return refuse_option(value, argv[optind - 1]);
		spec = find_given(value);
		if (spec->letter == 'h' || spec->letter == 'V') {
			(void)fputs(spec->letter == 'h' ? help_text :
			    "zkrun " ZKRUN_VERSION "\n", stdout);
			return fflush(stdout) == 0 ? 0 : EXITCODE_SYSTEM;
		}
		if (spec->letter == 'f')
			glance->file = optarg;
		else if (options != NULL && options_apply(options, &source,
		    spec, optarg) == -1)
			return EXITCODE_USAGE;
		glance->query |= options_is_mode(spec);
		glance->check |= strcmp(spec->name, "check") == 0;
	}
	return ARGUMENTS_RUN;
}

int
arguments_parse(struct options *options, int argc, char **argv)
{
	struct option_source lease = { .file = "ZKRUN_LEASE_CONNECT" };
	struct glance glance = { .file = getenv("ZKRUN_CONFIG") };
	const char *servers;
	int status;

	options_default(options);
	status = read_argv(NULL, argc, argv, &glance);
	/* In a query, options may also follow the tasks. */
	if (status == ARGUMENTS_RUN && glance.query)
		status = read_argv(NULL, argc, argv, &glance);
	if (status != ARGUMENTS_RUN)
		return status;
	if (read_file(options, glance.file != NULL ? glance.file :
	    DEFAULT_FILE, glance.file != NULL) == -1)
		return EXITCODE_CONFIG;
	if (read_environment(options) == -1)
		return EXITCODE_USAGE;
	/* --check asks the servers that hold the lease of its command. */
	servers = glance.check ? getenv(lease.file) : NULL;
	if (servers != NULL && options_apply(options, &lease,
	    options_find("connect"), servers) == -1)
		return EXITCODE_USAGE;
	status = read_argv(options, argc, argv, &glance);
	if (status != ARGUMENTS_RUN)
		return status;
	/* A job may retry forever, but a query must end. */
	if (options->mode != OPTIONS_RUN &&
	    options->retry.max_retries == BACKOFF_FOREVER)
		options->retry.max_retries = BACKOFF_DEFAULT;
	log_set_level(options->verbosity);
	status = operands_take(options, argv + optind,
	    (size_t)(argc - optind));
	return status != 0 ? status : ARGUMENTS_RUN;
}
