/*
 * Standard output, for queries that print a survey.
 */
#ifndef ZKRUN_OUTPUT_H
#define ZKRUN_OUTPUT_H

#include <stdio.h>

struct survey;

/*
 * Calls a function that prints the survey.  Returns 0, or EXITCODE_SYSTEM after one
 * line on stderr if the output is not complete.  May block.
 */
int	output_print(void (*)(const struct survey *, FILE *),
	    const struct survey *);

#endif
