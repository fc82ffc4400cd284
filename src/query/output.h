/*
 * Prints a survey to standard output.
 */
#ifndef ZKRUN_OUTPUT_H
#define ZKRUN_OUTPUT_H

#include <stdio.h>

struct survey;

/*
 * Calls a function that prints the survey.  Returns 0.  If the output is
 * incomplete, logs one line and returns EXITCODE_SYSTEM.  May block.
 */
int	output_print(void (*)(const struct survey *, FILE *),
	    const struct survey *);

#endif
