/*
 * Text that others wrote, on its way to a terminal.
 */
#ifndef ZKRUN_TEXT_H
#define ZKRUN_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TEXT_INVALID	UINT32_MAX

/*
 * Returns the first character of a text in UTF-8 that is not empty, and steps
 * over it.  Returns TEXT_INVALID for a byte that begins no character.
 */
uint32_t	text_next(const char **);

/*
 * Copies as much as fits.  Bytes that are not UTF-8, control characters and
 * marks that change the order of the text become '?'.
 */
void		text_clean(char *, size_t, const char *);

/*
 * Writes a time in ms since 1970 as the reader's clock has it; the day only if it
 * is not today.  "?" if it has no such form.
 */
void		text_since(char *, size_t, int64_t ms);

/*
 * Writes a duration in two units, which is exact enough for people: "14m51s".  One
 * that is negative is none.
 */
void		text_duration(char *, size_t, int64_t ms);

/* Returns how many columns of a terminal a clean text takes. */
size_t		text_width(const char *);

/* Cuts a clean text to the columns. */
void		text_cut(char *, size_t columns);

#endif
