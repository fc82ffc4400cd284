/*
 * Writes and parses data such as:
 *
 * host=web1 pid=4242 user=backup start=2026-11-22T03:00:01Z command=backup.sh
 */
#include "lock/nodedata.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void
get_host(char *host, size_t size)
{
	if (gethostname(host, size) == -1)
		(void)strlcpy(host, "unknown", size);
	host[size - 1] = '\0';
}

static void
get_user(char *user, size_t size)
{
	const char *name = getenv("LOGNAME");
	const struct passwd *entry;

	if (name == NULL || *name == '\0') {
		entry = getpwuid(getuid());
		name = entry != NULL ? entry->pw_name : NULL;
	}
	if (name != NULL)
		(void)strlcpy(user, name, size);
	else
		(void)snprintf(user, size, "%u", (unsigned)getuid());
}

void
nodedata_add(char *data, size_t size, const char *key, const char *value)
{
	size_t i, length;
	int added;

	length = strlen(data);
	added = snprintf(data + length, size - length, "%s%s=%.100s",
	    length > 0 ? " " : "", key, value);
	if (added < 0 || (size_t)added >= size - length) {
		data[length] = '\0';
		return;
	}
	for (i = length + 1; data[i] != '\0'; i++)
		if ((unsigned char)data[i] <= ' ' || data[i] == 0x7f)
			data[i] = '_';
}

bool
nodedata_get(const char *data, const char *key, char *value, size_t size)
{
	size_t length, end;

	value[0] = '\0';
	length = strlen(key);
	for (; *data != '\0'; data += end + strspn(data + end, " ")) {
		end = strcspn(data, " ");
		if (end <= length || strncmp(data, key, length) != 0 ||
		    data[length] != '=')
			continue;
		(void)snprintf(value, size, "%.*s", (int)(end - length - 1),
		    data + length + 1);
		return true;
	}
	return false;
}

bool
nodedata_get_number(const char *data, const char *key, int64_t least,
    int64_t most, int64_t *number)
{
	const char *problem;
	char text[32];

	if (!nodedata_get(data, key, text, sizeof(text)) ||
	    text[strspn(text, "0123456789")] != '\0' ||
	    strlen(text) == sizeof(text) - 1)	/* possibly cut */
		return false;
	*number = strtonum(text, least, most, &problem);
	return problem == NULL;
}

void
nodedata_whoami(char *text, size_t size)
{
	char host[128], user[128];

	get_host(host, sizeof(host));
	get_user(user, sizeof(user));
	(void)snprintf(text, size, "%s@%s", user, host);
}

static void
add_host(char *data, size_t size)
{
	char host[128];

	get_host(host, sizeof(host));
	nodedata_add(data, size, NODEDATA_HOST, host);
}

static void
add_user_and_start(char *data, size_t size)
{
	char text[128];
	struct tm broken_down;
	time_t now;

	get_user(text, sizeof(text));
	nodedata_add(data, size, NODEDATA_USER, text);
	now = time(NULL);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ",
	    gmtime_r(&now, &broken_down));
	nodedata_add(data, size, NODEDATA_START, text);
}

void
nodedata_make_pause(char *data, size_t size, const char *reason)
{
	data[0] = '\0';
	add_host(data, size);
	add_user_and_start(data, size);
	(void)strlcat(data, " " NODEDATA_REASON "=", size);
	(void)strlcat(data, reason, size);
}

void
nodedata_get_reason(const char *data, char *reason, size_t size)
{
	const char *found;

	found = strstr(data, " " NODEDATA_REASON "=");
	(void)strlcpy(reason, found == NULL ? "" :
	    found + strlen(" " NODEDATA_REASON "="), size);
}

void
nodedata_make(char *data, size_t size, pid_t guard, const char *command)
{
	char pid[16];
	const char *slash;

	data[0] = '\0';
	add_host(data, size);
	(void)snprintf(pid, sizeof(pid), "%d", (int)guard);
	nodedata_add(data, size, NODEDATA_PID, pid);
	add_user_and_start(data, size);
	slash = strrchr(command, '/');
	nodedata_add(data, size, NODEDATA_COMMAND,
	    slash != NULL ? slash + 1 : command);
}
