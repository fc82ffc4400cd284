/*
 * Asks for confirmation on the terminal.
 */
#include "query/confirm.h"

#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"
#include "config/options.h"

int
confirm_open(const struct options *options, const char *verb,
    const char *object, FILE **terminal)
{
	*terminal = options->yes ? NULL : fopen("/dev/tty", "r+e");
	if (*terminal != NULL || options->yes)
		return 0;
	log_error("cannot %s '%s': no terminal to ask for confirmation (use "
	    "--yes)", verb, object);
	return EXITCODE_USAGE;
}

void
confirm_close(FILE *terminal)
{
	if (terminal != NULL)
		(void)fclose(terminal);
}

void
confirm_show(FILE *terminal, const char *line)
{
	if (terminal != NULL)
		(void)fprintf(terminal, "%s\n", line);
	else
		log_notice("%s", line);
}

bool
confirm_ask(FILE *terminal, const char *question)
{
	char answer[16] = "";

	if (terminal == NULL)
		return true;
	(void)fprintf(terminal, "%s [y/N] ", question);
	(void)fflush(terminal);
	if (fgets(answer, sizeof(answer), terminal) != NULL)
		answer[strcspn(answer, "\r\n")] = '\0';
	if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
		return true;
	log_notice("nothing was deleted");
	return false;
}
