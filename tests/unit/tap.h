/*
 * The Test Anything Protocol: one line for each check, and the plan at the end.
 * A program that stops early therefore prints no plan.
 */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int	tap_count, tap_failures;

/* Count and print one check. */
static inline bool	ok(bool, const char *, ...)
			    __attribute__((format(printf, 2, 3)));

static inline bool
ok(bool good, const char *format, ...)
{
	char line[512];
	va_list arguments;
	size_t i;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	/* Replace '#', which would begin a directive, and newlines. */
	for (i = 0; line[i] != '\0'; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == '#')
			line[i] = '?';
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_count, line);
	if (!good)
		tap_failures++;
	(void)fflush(stdout);
	return good;
}

static inline void
is_int(int64_t got, int64_t wanted, const char *what)
{
	if (!ok(got == wanted, "%s", what))
		printf("# got %" PRId64 ", wanted %" PRId64 "\n", got, wanted);
}

static inline void
is_text(const char *got, const char *wanted, const char *what)
{
	bool good;

	good = got == NULL || wanted == NULL ? got == wanted :
	    strcmp(got, wanted) == 0;
	if (!ok(good, "%s", what))
		printf("# got \"%s\", wanted \"%s\"\n",
		    got != NULL ? got : "NULL",
		    wanted != NULL ? wanted : "NULL");
}

/* Print the plan, and return main()'s exit status. */
static inline int
tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures > 0;
}

#endif
