/*
 * The help text, and errors of the command line.
 */
#ifndef ZKRUN_HELP_H
#define ZKRUN_HELP_H

/* The text of --help: every option in one line, in the groups of zkrun(1). */
extern const char help_text[];

/*
 * Writes one line on stderr: the message, and the hint to try 'zkrun --help'.
 * Returns EXITCODE_USAGE.
 */
int	help_refuse(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

#endif
