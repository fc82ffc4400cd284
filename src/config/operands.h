/*
 * The arguments after the options, and the checks between options.
 */
#ifndef ZKRUN_OPERANDS_H
#define ZKRUN_OPERANDS_H

#include <stddef.h>

struct options;

/*
 * Stores the arguments: options then has pointers to them.  Returns 0, or
 * EXITCODE_USAGE after one line on stderr.
 */
int	operands_take(struct options *, char *const *, size_t count);

#endif
