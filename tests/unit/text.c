/*
 * Tests decoding UTF-8 and cleaning text for a terminal.
 */
#include "base/text.h"

#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char	*text, *clean, *what;
	size_t		 width;		/* of the clean text */
} texts[] = {
	{ "", "", "empty text", 0 },
	{ "plain text 1", "plain text 1", "plain text", 12 },
	{ "\303\274\342\202\254\360\237\230\200",
	    "\303\274\342\202\254\360\237\230\200",
	    "characters of 2, 3, 4 bytes", 4 },
	{ "\346\227\245a\355\225\234\357\274\241",
	    "\346\227\245a\355\225\234\357\274\241", "wide characters", 7 },
	{ "e\314\201x\357\270\217", "e\314\201x\357\270\217",
	    "combining characters", 2 },
	{ "a\033[2Jb\007", "a?[2Jb?", "an escape sequence", 7 },
	{ "a\nb\tc\r", "a?b?c?", "newline, tab and return", 6 },
	{ "\177", "?", "DEL", 1 },
	{ "\302\233" "31m", "?31m", "a C1 control", 4 },
	{ "\302\200\302\237\302\240", "?\?\302\240",
	    "the first and last C1 control", 3 },
	{ "\233" "31m", "?31m", "a C1 control as one byte", 4 },
	{ "\377\376\300\301\365", "?????", "bytes that begin no character", 5 },
	{ "\200\277", "?\?", "continuation bytes alone", 2 },
	{ "\303", "?", "two bytes, cut short", 1 },
	{ "\342\202", "?\?", "three bytes, cut short", 2 },
	{ "\360\237\230", "??\?", "four bytes, cut short", 3 },
	{ "\303x", "?x", "text after a cut character is kept", 2 },
	{ "\300\200\300\257", "????", "NUL and slash in two bytes", 4 },
	{ "\340\200\257", "??\?", "an overlong form of three bytes", 3 },
	{ "\360\200\200\257", "????", "an overlong form of four bytes", 4 },
	{ "\355\240\200", "??\?", "a surrogate", 3 },
	{ "\364\217\277\277", "\364\217\277\277", "the last code point", 1 },
	{ "\364\220\200\200", "????", "beyond the last code point", 4 },
	{ "a\342\200\256b", "a?b", "a direction mark", 3 },
	{ "\342\200\250\342\200\213\357\273\277", "??\?",
	    "invisible characters", 3 },
};

static void
test_clean(void)
{
	char clean[64];
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		text_clean(clean, sizeof(clean), texts[i].text);
		is_text(clean, texts[i].clean, texts[i].what);
		is_int((int64_t)text_width(clean), (int64_t)texts[i].width,
		    "the width of the clean text");
	}
}

static void
test_room(void)
{
	static const char *const wanted[] = { NULL, "", "a", "a", "a\303\274",
	    "a\303\274?", "a\303\274?\342\202\254" };
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 8 };
	char clean[16];
	size_t i;

	for (i = 1; i < COUNT(sizes); i++) {
		memset(clean, 'x', sizeof(clean));
		text_clean(clean, sizes[i], "a\303\274\033\342\202\254");
		is_text(clean, wanted[i], "the text is cut to the buffer");
		ok(clean[sizes[i]] == 'x',
		    "nothing is written beyond the buffer");
	}
}

static void
test_cut(void)
{
	/* Widths: 1, 2, 1 with an accent, 1. */
	static const char text[] = "a\346\227\245e\314\201z";
	static const char *const wanted[] = { "", "a", "a",
	    "a\346\227\245", "a\346\227\245e\314\201", text, text };
	char cut[32];
	size_t i;

	for (i = 0; i < COUNT(wanted); i++) {
		memcpy(cut, text, sizeof(text));
		text_cut(cut, i);
		is_text(cut, wanted[i], "the text is cut to the columns");
	}
}

/* With every pair of bytes, each call advances and stops at the end. */
static void
test_every_pair(void)
{
	const char *at;
	char text[8];
	bool good;
	int a, b;

	for (a = 1, good = true; a < 256; a++)
		for (b = 1; b < 256; b++) {
			(void)snprintf(text, sizeof(text), "%c%c", a, b);
			for (at = text; *at != '\0';)
				(void)text_next(&at);
			good = good && at == text + 2;
		}
	ok(good, "every pair of bytes is read to its end");
}

int
main(void)
{
	test_clean();
	test_room();
	test_cut();
	test_every_pair();
	return tap_end();
}
