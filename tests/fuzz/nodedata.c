/*
 * The data of nodes: zkrun finds a value under the key that stored it, in a
 * buffer of any size, and reads other programs' data within its bounds.
 *
 * The input has three lines: a key, a value, and another program's data.
 */
#include "fuzz.h"

#include "lock/nodedata.h"

static void
check_round_trip(const char *key, const char *value, size_t room)
{
	char *data, *got;
	size_t i, length;

	/* zkrun's own keys are words. */
	if (key[0] == '\0' || key[strspn(key, "abcdefghijklmnopqrstuvwxyz")] !=
	    '\0')
		return;
	data = calloc(1, room);
	got = malloc(NODEDATA_SIZE);
	must(data != NULL && got != NULL);
	nodedata_add(data, room, "first", "1");
	nodedata_add(data, room, key, value);
	length = strlen(data);
	must(length < room);
	must(strpbrk(data, "\t\r\n") == NULL);
	if (strcmp(key, "first") != 0 &&
	    nodedata_get(data, key, got, NODEDATA_SIZE)) {
		must(strlen(got) == strnlen(value, 100));
		for (i = 0; got[i] != '\0'; i++)
			must(got[i] == value[i] || got[i] == '_');
	}
	free(got);
	free(data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text;
	const char *key = fuzz_line(&rest), *value = fuzz_line(&rest);
	const char *foreign = rest != NULL ? rest : "";
	char *got;
	size_t room;

	check_round_trip(key, value, NODEDATA_SIZE);
	check_round_trip(key, value, 9 + size % 32);
	for (room = 1; room < 40; room += 7) {
		got = malloc(room);
		must(got != NULL);
		if (!nodedata_get(foreign, key, got, room))
			must(got[0] == '\0');
		must(strnlen(got, room) < room);
		must(strchr(got, ' ') == NULL);
		free(got);
	}
	free(text);
	return 0;
}
