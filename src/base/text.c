/*
 * Decodes UTF-8 without the C library, because the caller's locale may have
 * another encoding.
 */
#include "base/text.h"

#include <inttypes.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

uint32_t
text_next(const char **text)
{
	/* least[n] is the smallest character that needs n further bytes. */
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)(*text)++;
	uint32_t c = bytes[0];
	size_t i, more;

	if ((c >= 0x80 && c < 0xc0) || c >= 0xf8)
		return TEXT_INVALID;
	more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	if (more > 0)
		c &= 0x3fU >> more;
	/* The NUL at the end of the text stops this loop. */
	for (i = 1; i <= more; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return TEXT_INVALID;
		c = c << 6 | (bytes[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return TEXT_INVALID;
	*text += more;
	return c;
}

static bool
is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

/*
 * Returns false for controls, line separators, direction marks and invisibles.
 */
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

/*
 * Steps over the characters that fit into the columns.  Returns how many
 * columns they take.
 *
 * wcwidth(3) depends on the locale, and the caller's locale may be C, so this
 * function switches to C.UTF-8.  For ASCII it keeps the locale, because a new
 * locale costs some 20 system calls.  If C.UTF-8 is missing, every character
 * counts as one column.
 */
static size_t
step_over(const char **text, size_t columns)
{
	locale_t caller, utf8;
	const char *next;
	size_t taken;
	uint32_t c;
	int width;

	utf8 = is_ascii(*text) ? (locale_t)0 :
	    newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	/* The value 0 keeps the caller's locale. */
	caller = uselocale(utf8);
	for (taken = 0; **text != '\0'; taken += (size_t)width) {
		next = *text;
		c = text_next(&next);
		width = c < 0x80 ? 1 : wcwidth((wchar_t)c);
		/* The character is unassigned. */
		if (width == -1)
			width = 1;
		if ((size_t)width > columns - taken)
			break;
		*text = next;
	}
	(void)uselocale(caller);
	if (utf8 != (locale_t)0)
		freelocale(utf8);
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

void
text_since(char *text, size_t size, int64_t ms)
{
	struct tm then, today;
	time_t now, seconds;

	now = time(NULL);
	seconds = (time_t)(ms / 1000);
	if (localtime_r(&seconds, &then) == NULL ||
	    localtime_r(&now, &today) == NULL ||
	    strftime(text, size, then.tm_yday == today.tm_yday &&
	    then.tm_year == today.tm_year ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S",
	    &then) == 0)
		(void)strlcpy(text, "?", size);
}

void
text_duration(char *text, size_t size, int64_t ms)
{
	int64_t s;

	/* The duration is negative if the clocks of two machines differ. */
	if (ms < 0)
		ms = 0;
	s = ms / 1000;

	if (s < 60)
		(void)snprintf(text, size, "%.1fs", (double)ms / 1000);
	else if (s < 3600)
		(void)snprintf(text, size, "%" PRId64 "m%02" PRId64 "s",
		    s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(text, size, "%" PRId64 "h%02" PRId64 "m",
		    s / 3600, s / 60 % 60);
	else
		(void)snprintf(text, size, "%" PRId64 "d%02" PRId64 "h",
		    s / 86400, s / 3600 % 24);
}
