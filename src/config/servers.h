/*
 * Reads the connect string, host:port,host:port/chroot.
 */
#ifndef ZKRUN_SERVERS_H
#define ZKRUN_SERVERS_H

#include <stddef.h>

#define SERVERS_DEFAULT_PORT	"2181"
#define SERVERS_MAX		64

struct server {
	char	host[256];	/* name or address, without brackets */
	char	port[6];
	char	shown[264];	/* for messages: [::1]:2181 */
};

struct servers {
	struct server	 server[SERVERS_MAX];
	size_t		 count;
	char		 chroot[1024];	/* "" or "/a/b", no slash at the end */
};

/*
 * Reads a connect string.  An IPv6 address needs brackets.  The default port is
 * 2181.  The chroot may end in a slash.  Returns NULL, or a constant text that
 * says what is wrong.  Does not look up names, and does not block.
 */
const char	*servers_parse(struct servers *, const char *);

/*
 * Checks an absolute znode path by ZooKeeper's rules (PathUtils.validatePath):
 * no empty, "." or ".." part, UTF-8 without control and private characters.
 * Returns NULL, or a constant text that says what is wrong.
 */
const char	*servers_check_path(const char *);

/* Checks one part of a path by the same rules, and refuses a '/'. */
const char	*servers_check_name(const char *);

#endif
