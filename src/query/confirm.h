/*
 * Asks the user before zkrun deletes something.
 */
#ifndef ZKRUN_CONFIRM_H
#define ZKRUN_CONFIRM_H

#include <stdbool.h>
#include <stdio.h>

struct options;

/*
 * Opens the terminal, or sets *terminal to NULL with --yes.  Returns 0.
 * Without a terminal, logs one line and returns EXITCODE_USAGE.  The caller
 * finally calls confirm_close().
 */
int	confirm_open(const struct options *, const char *verb,
	    const char *object, FILE **terminal);
void	confirm_close(FILE *terminal);

/* Shows a line on the terminal, even with -q.  Without a terminal, logs it. */
void	confirm_show(FILE *terminal, const char *line);

/*
 * Asks on the terminal.  May block forever.  Returns true if the user answers
 * "y" or "yes", or if there is no terminal.  Otherwise logs that nothing was
 * deleted, and returns false.
 */
bool	confirm_ask(FILE *terminal, const char *question);

#endif
