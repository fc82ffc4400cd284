/*
 * /proc/PID/stat: any process can choose the text of its second field.
 */
#include "fuzz.h"

#include <fcntl.h>

#define open(path, flags)	(open)(fuzzed != NULL ? fuzzed : (path), flags)

static const char *fuzzed;	/* the file that replaces any other file */

/* This defines the exports of process.c. */
#include "system/process.c"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct process process;
	const uint8_t *end;

	fuzzed = fuzz_file(data, size);
	if (process_read(4242, &process) != 0)
		return 0;
	must(process.pid == 4242);
	must(memchr(process.name, '\0', sizeof(process.name)) != NULL);
	/* zkrun must not take a part of the name for the fields that follow. */
	end = memrchr(data, ')', size < 1023 ? size : 1023);
	if (process.dead && end != NULL && memchr(data, '\0', size) == NULL)
		must(memchr(end, 'Z', size - (size_t)(end - data)) != NULL ||
		    memchr(end, 'X', size - (size_t)(end - data)) != NULL);
	return 0;
}
