/*
 * Text for a terminal and lines of the log: the result is clean, fits any
 * buffer, and clean text stays unchanged.
 */
#include "fuzz.h"

#include "base/log.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *clean, *cut, *again;
	size_t room = 4 * size + 1, less = size / 2 + 1;

	clean = malloc(room);
	again = malloc(room);
	cut = malloc(less);
	must(clean != NULL && again != NULL && cut != NULL);
	text_clean(clean, room, text);
	must(fuzz_is_clean(clean, false));
	must(strlen(clean) <= strlen(text));
	text_clean(again, room, clean);
	must(strcmp(clean, again) == 0);
	must(text_width(clean) <= strlen(clean));
	text_clean(cut, less, text);
	must(strlen(cut) < less && fuzz_is_clean(cut, false));
	must(strncmp(cut, clean, strlen(cut)) == 0);
	text_cut(again, less);
	must(text_width(again) <= less && fuzz_is_clean(again, false));
	must(strncmp(again, clean, strlen(again)) == 0);
	fuzz_listen();
	log_error("cannot use '%s'", text);
	must(fuzz_is_message(fuzz_said()));
	free(cut);
	free(again);
	free(clean);
	free(text);
	return 0;
}
