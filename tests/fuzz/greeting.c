/*
 * The first bytes from a server, or from another program on its port: only a
 * possible answer of ZooKeeper reaches the client library.
 */
#include "fuzz.h"

/* Include session.c to reach a static function; this defines its exports. */
#include "zookeeper/session.c"

static uint32_t
number(const uint8_t *data)
{
	return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 |
	    (uint32_t)data[2] << 8 | data[3];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char rest[64];
	int fds[2];
	bool sane;

	if (size > sizeof(rest))
		size = sizeof(rest);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	must(write(fds[1], data, size) == (ssize_t)size);
	sane = is_greeting_sane(fds[0]);
	if (size >= GREETING_SIZE)
		must(sane == ((number(data) == 36 || number(data) == 37) &&
		    number(data + 4) == 0 &&
		    number(data + 8) <= MAX_TIMEOUT_MS));
	/* zkrun only peeked at the bytes, so the socket still has them all. */
	if (size > 0)
		must(read(fds[0], rest, sizeof(rest)) == (ssize_t)size &&
		    memcmp(rest, data, size) == 0);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return 0;
}
