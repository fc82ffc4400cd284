/*
 * misnamer: a ZooKeeper server whose nodes have children with given names, even
 * names that no node can have.
 *
 *	misnamer END NAME ...	for all nodes whose paths end in END
 *
 * misnamer prints its port and serves one client after the other.  It supports
 * the requests for nodes (getData, getChildren2, exists), sync, ping and
 * closeSession.  It answers all others with "no node".
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <endian.h>
#include <err.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	OP_EXISTS = 3,
	OP_GET_DATA = 4,
	OP_SYNC = 9,
	OP_PING = 11,
	OP_GET_CHILDREN2 = 12,
	OP_CLOSE = -11,
	ERROR_NO_NODE = -101,
};

#define TIMEOUT_MS	5000
#define SESSION		0x1234
#define FRAME_SIZE	65536

static struct {
	char	text[FRAME_SIZE];
	size_t	size;
} reply;

static const char	*parent;
static char		**names;

static void
put(const void *data, size_t size)
{
	if (reply.size + size > sizeof(reply.text))
		errx(1, "reply too large");
	memcpy(reply.text + reply.size, data, size);
	reply.size += size;
}

static void
put_int(int32_t n)
{
	uint32_t big = htobe32((uint32_t)n);

	put(&big, sizeof(big));
}

static void
put_long(int64_t n)
{
	uint64_t big = htobe64((uint64_t)n);

	put(&big, sizeof(big));
}

static void
put_string(const char *text)
{
	put_int((int32_t)strlen(text));
	put(text, strlen(text));
}

static void
put_stat(int32_t children)
{
	put_long(5);		/* czxid */
	put_long(5);		/* mzxid */
	put_long(1000);		/* ctime */
	put_long(1000);		/* mtime */
	put_int(0);		/* version */
	put_int(1);		/* cversion */
	put_int(0);		/* aversion */
	put_long(0x77);		/* ephemeralOwner */
	put_int(4);		/* dataLength */
	put_int(children);
	put_long(5);		/* pzxid */
}

static bool
has_children(const char *path)
{
	size_t length = strlen(path), end = strlen(parent);

	return (length >= end && strcmp(path + length - end, parent) == 0);
}

static void
put_answer(int32_t opcode, const char *path)
{
	int i = 0, n = 0;

	if (opcode == OP_SYNC) {
		put_string(path);
	} else if (opcode == OP_GET_CHILDREN2) {
		while (has_children(path) && names[n] != NULL)
			n++;
		put_int(n);
		while (i < n)
			put_string(names[i++]);
		put_stat(n);
	} else if (opcode == OP_GET_DATA) {
		put_string("host=h pid=7 user=u");
		put_stat(0);
	} else if (opcode == OP_EXISTS) {
		put_stat(0);
	}
}

static int32_t
int_at(const char *frame, size_t size, size_t offset)
{
	uint32_t big = 0;

	if (offset + sizeof(big) <= size)
		memcpy(&big, frame + offset, sizeof(big));
	return ((int32_t)be32toh(big));
}

static bool
send_reply(int client)
{
	uint32_t big = htobe32((uint32_t)reply.size);

	return (send(client, &big, sizeof(big), MSG_NOSIGNAL) == sizeof(big) &&
	    send(client, reply.text, reply.size, MSG_NOSIGNAL) ==
	    (ssize_t)reply.size);
}

static bool
receive(int client, char *frame, size_t *size)
{
	uint32_t big;

	if (recv(client, &big, sizeof(big), MSG_WAITALL) != sizeof(big))
		return (false);
	*size = be32toh(big);
	return (*size < FRAME_SIZE &&
	    recv(client, frame, *size, MSG_WAITALL) == (ssize_t)*size);
}

static bool
greet(int client)
{
	static const char password[16];

	reply.size = 0;
	put_int(0);		/* version of the protocol */
	put_int(TIMEOUT_MS);
	put_long(SESSION);
	put_int(sizeof(password));
	put(password, sizeof(password));
	return (send_reply(client));
}

/* A request consists of xid, opcode, length of the path, path ... */
static bool
respond(int client, char *frame, size_t size)
{
	int32_t	opcode = int_at(frame, size, 4);
	size_t	length = (size_t)int_at(frame, size, 8);
	bool	known;

	frame[length < size - 12 && size > 12 ? 12 + length : size] = '\0';
	known = opcode == OP_SYNC || opcode == OP_GET_CHILDREN2 ||
	    opcode == OP_GET_DATA || opcode == OP_EXISTS || opcode == OP_PING ||
	    opcode == OP_CLOSE;
	reply.size = 0;
	put_int(int_at(frame, size, 0));
	put_long(9);		/* zxid */
	put_int(known ? 0 : ERROR_NO_NODE);
	put_answer(opcode, size > 12 ? frame + 12 : "");
	return (send_reply(client) && opcode != OP_CLOSE);
}

int
main(int argc, char *argv[])
{
	static char		 frame[FRAME_SIZE + 1];
	struct sockaddr_in	 name = { .sin_family = AF_INET };
	socklen_t		 len = sizeof(name);
	size_t			 size;
	int			 fd, client;

	if (argc < 3)
		errx(2, "usage: misnamer END NAME ...");
	parent = argv[1];
	names = argv + 2;
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&name, len) == -1 ||
	    listen(fd, 16) == -1 ||
	    getsockname(fd, (struct sockaddr *)&name, &len) == -1)
		err(2, "listen");
	printf("%d\n", ntohs(name.sin_port));
	fflush(stdout);
	while ((client = accept(fd, NULL, NULL)) != -1) {
		if (receive(client, frame, &size) && greet(client))
			while (receive(client, frame, &size) &&
			    respond(client, frame, size))
				continue;
		close(client);
	}
	err(1, "accept");
}
