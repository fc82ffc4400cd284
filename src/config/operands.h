/*
 * The arguments behind the options, and whether all fits together.
 */
#ifndef ZKRUN_OPERANDS_H
#define ZKRUN_OPERANDS_H

#include <stddef.h>

struct options;

/*
 * Takes the arguments, and keeps pointers to them.  Returns 0, or EXITCODE_USAGE
 * after one line on stderr.
 */
int	operands_take(struct options *, char *const *, size_t count);

#endif
