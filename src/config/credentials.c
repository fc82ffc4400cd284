/*
 * Reads the file of credentials, and the ACL of the command line.
 *
 * Credentials stay in memory until the process ends, because every new
 * connection sends them.  zkrun clears only the buffers for the file's lines.
 */
#include "config/credentials.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define PERMS	"cdrwa"

const char *
credentials_parse_acl(struct credentials *credentials, const char *value)
{
	char *entry, *id, *perms, *rest;

	credentials->grant_count = 0;
	rest = credentials->acl;
	if (strlcpy(rest, value, sizeof(credentials->acl)) >=
	    sizeof(credentials->acl))
		return "longer than 4095 bytes";
	while ((entry = strsep(&rest, ",")) != NULL) {
		/* The id of the scheme "digest" contains a colon. */
		id = strchr(entry, ':');
		perms = strrchr(entry, ':');
		if (id == perms || id == entry)
			return "an entry must have the form scheme:id:perms";
		*id++ = *perms++ = '\0';
		if (*perms == '\0' || perms[strspn(perms, PERMS)] != '\0')
			return "perms must be letters of " PERMS;
		if (credentials->grant_count == CREDENTIALS_MAX)
			return "more than 16 entries";
		credentials->grants[credentials->grant_count].scheme = entry;
		credentials->grants[credentials->grant_count].id = id;
		credentials->grants[credentials->grant_count++].perms = perms;
	}
	return NULL;
}

/* Returns NULL, or the reason not to trust the file. */
static const char *
check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return "it belongs to another user";
	/* Allow a group for a file of root, who may share it on purpose. */
	if ((st.st_mode & (st.st_uid == 0 ? S_IWGRP | S_IRWXO :
	    S_IRWXG | S_IRWXO)) != 0)
		return "other users can read or write it (run chmod 600)";
	return NULL;
}

/* Returns NULL, or the reason not to use the line.  Changes the line. */
static const char *
add_credential(struct credentials *credentials, char *line, size_t length)
{
	char *end, *scheme, *secret, *kept;
	size_t size;

	if (strlen(line) != length)
		return "contains a NUL byte";
	scheme = line + strspn(line, " \t\r");
	if (*scheme == '\0')
		return NULL;
	for (end = line + length; end > scheme &&
	    isspace((unsigned char)end[-1]); end--)
		end[-1] = '\0';
	secret = strchr(scheme, ':');
	if (secret == NULL || secret == scheme || secret[1] == '\0')
		return "must have the form scheme:credential";
	if (credentials->credential_count == CREDENTIALS_MAX)
		return "more than 16 credentials";
	size = strlen(scheme) + 1;
	if (size > sizeof(credentials->secrets) - credentials->secrets_length)
		return "the credentials are longer than 4096 bytes";
	kept = credentials->secrets + credentials->secrets_length;
	memcpy(kept, scheme, size);
	credentials->secrets_length += size;
	secret = kept + (secret - scheme);
	*secret++ = '\0';
	credentials->credential[credentials->credential_count].scheme = kept;
	credentials->credential[credentials->credential_count].secret = secret;
	credentials->credential_count++;
	return NULL;
}

static const char *
read_lines(struct credentials *credentials, FILE *file, size_t *number)
{
	const char *reason;
	char *line;
	size_t length;

	reason = NULL;
	while (reason == NULL && (line = fparseln(file, &length, number, NULL,
	    FPARSELN_UNESCALL)) != NULL) {
		reason = add_credential(credentials, line, length);
		explicit_bzero(line, length);
		free(line);
	}
	return reason;
}

int
credentials_read(struct credentials *credentials, const char *path)
{
	const char *reason;
	FILE *file;
	size_t number;
	int fd;

	number = 0;
	/* Do not block on a FIFO, which check_file() refuses. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	file = fd != -1 ? fdopen(fd, "r") : NULL;
	if (file == NULL) {
		log_error("cannot read '%s': %s", path, strerror(errno));
		return -1;
	}
	reason = check_file(fd);
	if (reason == NULL)
		reason = read_lines(credentials, file, &number);
	if (reason == NULL) {
		number = 0;
		if (ferror(file))
			reason = strerror(errno);
		else if (credentials->credential_count == 0)
			reason = "contains no credentials";
	}
	(void)fclose(file);
	if (reason != NULL && number > 0)
		log_error("cannot use line %zu of '%s': %s", number, path, reason);
	else if (reason != NULL)
		log_error("cannot use '%s': %s", path, reason);
	return reason == NULL ? 0 : -1;
}
