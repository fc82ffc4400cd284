/*
 * Text that others wrote, on its way to a terminal.
 */
#ifndef ZKRUN_TEXT_H
#define ZKRUN_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TEXT_INVALID	UINT32_MAX

/*
 * Returns the character of UTF-8 that a non-empty text begins with, and steps
 * over it; TEXT_INVALID for a byte that begins none.
 */
uint32_t	text_next(const char **);

/*
 * Copies as much as fits.  What is no UTF-8, what a terminal would obey and
 * what would change the order of what is shown becomes '?'.
 */
void		text_clean(char *, size_t, const char *);

/* Returns how many columns of a terminal it takes. */
size_t		text_width(const char *);

/* Cuts off what takes more columns. */
void		text_cut(char *, size_t columns);

#endif
