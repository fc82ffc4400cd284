/*
 * Makes untrusted text safe for a terminal, and formats times for people.
 */
#ifndef ZKRUN_TEXT_H
#define ZKRUN_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TEXT_INVALID	UINT32_MAX

/*
 * Returns the first character of a non-empty UTF-8 text and steps over it.  If
 * the text begins with an invalid byte, returns TEXT_INVALID and steps over
 * that byte.
 */
uint32_t	text_next(const char **);

/*
 * Copies as many whole characters as fit.  Replaces each control character,
 * line separator, direction mark, invisible character and invalid byte by '?'.
 */
void		text_clean(char *clean, size_t size, const char *text);

/*
 * Writes a time, given in ms since 1970, in the local time zone.  Writes the
 * date only if it is not today, and "?" if strftime(3) fails.
 */
void		text_since(char *text, size_t size, int64_t ms);

/*
 * Writes a duration in one or two units: "3.2s", "14m51s", "2h05m", "3d04h".
 * Writes a negative duration as "0.0s".
 */
void		text_duration(char *text, size_t size, int64_t ms);

/* Returns the number of terminal columns that a clean text takes. */
size_t		text_width(const char *);

/* Cuts a clean text to this number of columns. */
void		text_cut(char *text, size_t columns);

#endif
