/*
 * Checks connect strings and znode paths before zkrun uses them.  The client
 * library refuses "[::1]:2181" and "/chroot/", so zkrun converts these.  zkrun
 * refuses bad paths, because a server that gets a bad path closes the
 * connection.
 */
#include "config/servers.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define NAME_MAX_BYTES	255

/* Splits "host", "host:port", "[v6]" or "[v6]:port". */
static const char *
parse_server(struct server *server, const char *text, size_t length)
{
	char copy[512], *end, *host = copy;
	const char *port = SERVERS_DEFAULT_PORT, *problem;

	if (length >= sizeof(copy))
		return "a host name is longer than 255 bytes";
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (*host == '[') {
		end = strchr(++host, ']');
		if (end == NULL)
			return "a ']' is missing after '['";
		*end++ = '\0';
	} else
		end = host + strcspn(host, ":");
	if (*end == ':') {
		*end = '\0';
		port = end + 1;
	}
	if (*host == '\0')
		return "a server has no host name";
	if (strlcpy(server->host, host, sizeof(server->host)) >=
	    sizeof(server->host))
		return "a host name is longer than 255 bytes";
	if (strpbrk(host, " \t\n\r/[]%#?@") != NULL)
		return "a host name contains an invalid character";
	if (*end != '\0')
		return "only ':' and a port may follow ']'";
	if (strchr(port, ':') != NULL)
		return "an IPv6 address needs brackets: [::1]:2181";
	(void)strtonum(port, 1, 65535, &problem);
	if (problem != NULL || port[strspn(port, "0123456789")] != '\0' ||
	    strlcpy(server->port, port, sizeof(server->port)) >=
	    sizeof(server->port))
		return "a port must be a number from 1 to 65535";
	(void)snprintf(server->shown, sizeof(server->shown),
	    strchr(server->host, ':') != NULL ? "[%s]:%s" : "%s:%s",
	    server->host, server->port);
	return NULL;
}

const char *
servers_parse(struct servers *servers, const char *text)
{
	const char *reason;
	size_t end, length;

	memset(servers, 0, sizeof(*servers));
	end = strcspn(text, "/");
	if (strlcpy(servers->chroot, text + end, sizeof(servers->chroot)) >=
	    sizeof(servers->chroot))
		return "the chroot is longer than 1023 bytes";
	length = strlen(servers->chroot);
	if (length > 0 && servers->chroot[length - 1] == '/')
		servers->chroot[length - 1] = '\0';
	if (strchr(servers->chroot, ',') != NULL)
		return "the chroot may only follow the last server";
	if (servers->chroot[0] != '\0') {
		reason = servers_check_path(servers->chroot);
		if (reason != NULL)
			return reason;
	}
	for (;;) {
		length = strcspn(text, ",/");
		if (servers->count == SERVERS_MAX)
			return "more than 64 servers";
		reason = parse_server(&servers->server[servers->count], text,
		    length);
		if (reason != NULL)
			return reason;
		servers->count++;
		if (text[length] != ',')
			return NULL;
		text += length + 1;
	}
}

/*
 * Returns whether ZooKeeper allows the character in a path
 * (PathUtils.validatePath).  ZooKeeper checks UTF-16 units, so it refuses every
 * character that needs two.
 */
static bool
is_path_character(uint32_t c)
{
	return !(c <= 0x1f || (c >= 0x7f && c <= 0x9f) ||
	    (c >= 0xd800 && c <= 0xf8ff) || c >= 0xfff0);
}

const char *
servers_check_name(const char *name)
{
	size_t length;
	uint32_t c;

	length = strlen(name);
	if (length == 0)
		return "must not be empty";
	if (length > NAME_MAX_BYTES)
		return "longer than 255 bytes";
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return "ZooKeeper does not allow '.' and '..' as names";
	if (strchr(name, '/') != NULL)
		return "must not contain '/'";
	while (*name != '\0') {
		c = text_next(&name);
		if (c == TEXT_INVALID)
			return "not valid UTF-8";
		if (!is_path_character(c))
			return c < 0x80 ? "contains a control character" :
			    "contains a character that ZooKeeper refuses";
	}
	return NULL;
}

const char *
servers_check_path(const char *path)
{
	char part[NAME_MAX_BYTES + 2];
	const char *reason;
	size_t length;

	if (path[0] != '/')
		return "must begin with '/'";
	while (*path == '/') {
		length = strcspn(++path, "/");
		if (length > NAME_MAX_BYTES)
			return "a part of the path is longer than 255 bytes";
		(void)snprintf(part, sizeof(part), "%.*s", (int)length, path);
		reason = servers_check_name(part);
		if (reason != NULL)
			return length == 0 ? "a part of the path is empty" :
			    reason;
		path += length;
	}
	return NULL;
}
