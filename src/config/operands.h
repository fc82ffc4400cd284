/*
 * Takes the arguments after the options, and checks that the options fit
 * together.
 */
#ifndef ZKRUN_OPERANDS_H
#define ZKRUN_OPERANDS_H

#include <stddef.h>

struct options;

/*
 * Stores pointers to the arguments in the options.  Returns 0, or
 * EXITCODE_USAGE after one line on stderr.
 */
int	operands_take(struct options *, char *const *, size_t count);

#endif
