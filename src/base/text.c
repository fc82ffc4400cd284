/*
 * UTF-8 by hand: the locale is the caller's and need not be one of UTF-8.
 */
#include "base/text.h"

#include <stdbool.h>
#include <string.h>

/* How a first byte begins, what follows it, and what may be said that way. */
static const struct form {
	size_t		more;		/* bytes of 10xxxxxx */
	uint32_t	least;		/* shorter forms exist for less */
	unsigned char	mask, bits;
} forms[] = {
	{ 0, 0, 0x80, 0x00 },
	{ 1, 0x80, 0xe0, 0xc0 },
	{ 2, 0x800, 0xf0, 0xe0 },
	{ 3, 0x10000, 0xf8, 0xf0 },
};

static uint32_t
read_form(const struct form *form, const unsigned char *bytes)
{
	uint32_t c;
	size_t i;

	c = bytes[0] & (unsigned char)~form->mask;
	/* The NUL at the end of the text is no 10xxxxxx. */
	for (i = 1; i <= form->more; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return TEXT_INVALID;
		c = c << 6 | (bytes[i] & 0x3f);
	}
	return c < form->least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ?
	    TEXT_INVALID : c;
}

uint32_t
text_next(const char **text)
{
	const unsigned char *bytes = (const unsigned char *)*text;
	uint32_t c;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((bytes[0] & forms[i].mask) != forms[i].bits)
			continue;
		c = read_form(&forms[i], bytes);
		*text += c == TEXT_INVALID ? 1 : 1 + forms[i].more;
		return c;
	}
	++*text;
	return TEXT_INVALID;
}

/* Besides controls: line separators, and marks that turn text around. */
static bool
is_harmless(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c <= 0x9f) && c != 0x61c &&
	    !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
	    !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff && c != TEXT_INVALID;
}

void
text_clean(char *clean, size_t size, const char *text)
{
	const char *from;
	size_t length, used;

	for (used = 0; *text != '\0'; used += length) {
		from = text;
		if (!is_harmless(text_next(&text)))
			from = "?";
		length = from[0] == '?' ? 1 : (size_t)(text - from);
		if (used + length >= size)
			break;
		memcpy(clean + used, from, length);
	}
	clean[used] = '\0';
}

/* The common ones: East Asian, and what stands on another character. */
static const struct range {
	uint32_t	first, last;
} wide[] = {
	{ 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf },
	{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
	{ 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
	{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
}, combining[] = {
	{ 0x300, 0x36f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
	{ 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};

static bool
is_in(uint32_t c, const struct range *ranges, size_t count)
{
	size_t i;

	for (i = 0; i < count && c > ranges[i].last;)
		i++;
	return i < count && c >= ranges[i].first;
}

static size_t
width_of(uint32_t c)
{
	if (is_in(c, combining, sizeof(combining) / sizeof(combining[0])))
		return 0;
	return is_in(c, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

/* Steps on as long as it fits, and returns the columns that takes. */
static size_t
step_over(const char **text, size_t columns)
{
	const char *next;
	size_t taken, width;

	for (taken = 0; **text != '\0'; taken += width) {
		next = *text;
		width = width_of(text_next(&next));
		if (width > columns - taken)
			break;
		*text = next;
	}
	return taken;
}

size_t
text_width(const char *text)
{
	return step_over(&text, SIZE_MAX);
}

void
text_cut(char *text, size_t columns)
{
	const char *end = text;

	(void)step_over(&end, columns);
	text[end - text] = '\0';
}
