/*
 * What zkrun says about its command line: the help, and usage errors.
 */
#ifndef ZKRUN_HELP_H
#define ZKRUN_HELP_H

/* The text of --help: every option in one line, in the groups of zkrun(1). */
extern const char help_text[];

/*
 * Writes one line on stderr: the message, and that 'zkrun --help' tells more.
 * Returns EXITCODE_USAGE.
 */
int	help_refuse(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

#endif
