/*
 * Prints a survey.  Private to status*.c.
 */
#ifndef ZKRUN_STATUS_PRINT_H
#define ZKRUN_STATUS_PRINT_H

#include <stdio.h>

struct survey;

/* ferror(3) tells whether they failed. */
void	status_print_table(const struct survey *, FILE *);
void	status_print_json(const struct survey *, FILE *);

#endif
