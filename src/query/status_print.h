/*
 * Print a survey.  Private to status*.c.
 */
#ifndef ZKRUN_STATUS_PRINT_H
#define ZKRUN_STATUS_PRINT_H

#include <stdio.h>

struct survey;

/*
 * Print the survey as a table or as JSON.  The caller checks ferror(3).  May
 * block.
 */
void	status_print_table(const struct survey *, FILE *);
void	status_print_json(const struct survey *, FILE *);

#endif
