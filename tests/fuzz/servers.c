/*
 * The connect string: the form that zkrun makes of it means the same servers.
 */
#include "fuzz.h"

#include "config/servers.h"

#define SHOWN_SIZE	(SERVERS_MAX * sizeof(struct server) + 2048)

static void
show(const struct servers *servers, char *text)
{
	size_t i;

	text[0] = '\0';
	for (i = 0; i < servers->count; i++) {
		if (i > 0)
			(void)strlcat(text, ",", SHOWN_SIZE);
		(void)strlcat(text, servers->server[i].shown, SHOWN_SIZE);
	}
	must(strlcat(text, servers->chroot, SHOWN_SIZE) < SHOWN_SIZE);
}

static void
check(const struct server *server)
{
	long port;

	must(server->host[0] != '\0' &&
	    memchr(server->host, '\0', sizeof(server->host)) != NULL);
	must(memchr(server->port, '\0', sizeof(server->port)) != NULL);
	port = strtol(server->port, NULL, 10);
	must(port >= 1 && port <= 65535);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct servers servers, again;
	static char shown[SHOWN_SIZE];
	char *text = fuzz_text(data, size);
	size_t i;

	(void)servers_check_name(text);
	if (servers_check_path(text) == NULL)
		must(text[0] == '/' && strstr(text, "//") == NULL);
	if (servers_parse(&servers, text) == NULL) {
		must(servers.count > 0 && servers.count <= SERVERS_MAX);
		must(servers.chroot[0] == '\0' ||
		    servers_check_path(servers.chroot) == NULL);
		for (i = 0; i < servers.count; i++)
			check(&servers.server[i]);
		show(&servers, shown);
		must(servers_parse(&again, shown) == NULL);
		must(memcmp(&servers, &again, sizeof(servers)) == 0);
	}
	free(text);
	return 0;
}
