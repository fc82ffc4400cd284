/*
 * Prints a survey, and reports a failed write.
 */
#include "query/output.h"

#include <errno.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"

int
output_print(void (*print)(const struct survey *, FILE *),
    const struct survey *survey)
{
	errno = 0;
	print(survey, stdout);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	log_error("cannot write to standard output: %s", strerror(errno));
	return EXITCODE_SYSTEM;
}
