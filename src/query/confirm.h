/*
 * Asking the user before something is deleted.
 */
#ifndef ZKRUN_CONFIRM_H
#define ZKRUN_CONFIRM_H

#include <stdbool.h>
#include <stdio.h>

struct options;

/*
 * Opens the terminal; with --yes there is none, and *terminal becomes NULL.
 * Returns 0, or EXITCODE_USAGE after one line on stderr: there is no terminal to
 * ask on.  Close it with confirm_close().
 */
int	confirm_open(const struct options *, const char *verb,
	    const char *object, FILE **terminal);
void	confirm_close(FILE *terminal);

/* Shows a line: on the terminal even with -q, for the user has to know it first. */
void	confirm_show(FILE *terminal, const char *line);

/* Asks, if there is a terminal; may block for ever.  Says so if the answer is no. */
bool	confirm_ask(FILE *terminal, const char *question);

#endif
