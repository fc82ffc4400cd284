/*
 * host=web1 pid=4242 user=backup start=2026-11-22T03:00:01Z command=backup.sh
 */
#include "nodedata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void
add(char *data, size_t size, const char *key, const char *value)
{
	size_t i, length;

	length = strlen(data);
	(void)snprintf(data + length, size - length, "%s%s=%.100s",
	    length > 0 ? " " : "", key, value);
	for (i = length + 1; i < size && data[i] != '\0'; i++)
		if ((unsigned char)data[i] <= ' ' || data[i] == 0x7f)
			data[i] = '_';
}

void
nodedata_make(char *data, size_t size, pid_t guard, const char *command)
{
	char text[128];
	const char *user, *slash;
	struct tm broken_down;
	time_t now;

	data[0] = '\0';
	if (gethostname(text, sizeof(text)) == -1)
		(void)strlcpy(text, "unknown", sizeof(text));
	text[sizeof(text) - 1] = '\0';
	add(data, size, "host", text);
	(void)snprintf(text, sizeof(text), "%d", (int)guard);
	add(data, size, "pid", text);
	/* Not from the user database: looking it up may block for minutes. */
	user = getenv("LOGNAME");
	(void)snprintf(text, sizeof(text), "%u", (unsigned)getuid());
	add(data, size, "user", user != NULL && *user != '\0' ? user : text);
	now = time(NULL);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ",
	    gmtime_r(&now, &broken_down));
	add(data, size, "start", text);
	slash = strrchr(command, '/');
	add(data, size, "command", slash != NULL ? slash + 1 : command);
}
