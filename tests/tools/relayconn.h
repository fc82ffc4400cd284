/*
 * relayconn.h: the connections of relay.c: which bytes arrived on one side,
 * which bytes may leave on the other side and when, and which ZooKeeper frames
 * pass.  The code is in a header, because every .c file here is a program.
 */
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX	(64U << 20)	/* of ZooKeeper's protocol */
#define OP_LOW		(-16)		/* closeSession is -11 */
#define OP_HIGH		127
#define RULES		8

/* Bytes of direction d are read from side d and written to side !d. */
enum { UP, DOWN };

/* Bytes under way.  A chunk without bytes is the end of the stream. */
struct chunk {
	STAILQ_ENTRY(chunk)	 link;
	double			 due;
	size_t			 len, sent;
	bool			 barrier;	/* waits while trapped */
	unsigned char		 data[];
};

struct flow {
	STAILQ_HEAD(, chunk)	 queue;
	unsigned char		*buf;		/* an incomplete frame */
	size_t			 have, size;
	bool			 raw;		/* not ZooKeeper's protocol */
	bool			 greeted;	/* the handshake has passed */
	bool			 ended;		/* no more to read */
	bool			 swallow;	/* discards everything */
	bool			 finished;	/* the end has been sent */
	bool			 full;		/* the socket has no room */
	/* See relaygarble.h. */
	bool			 garbled;	/* a frame has passed */
	bool			 mute;		/* discards the rest */
	unsigned char		*held;
	size_t			 held_len;
};

struct conn {
	LIST_ENTRY(conn)	 link;
	int			 fd[2];
	struct flow		 flow[2];
	bool			 connecting;	/* to the server */
	double			 since;		/* ms */
	bool			 cut;		/* to be closed by a reset */
	int			 pfd[2];	/* index in poll's array, or -1 */
	struct { int32_t xid, error; bool cut; } drop[RULES];
	int			 ndrop;
	uint64_t		 garble;	/* its random state */
};

/* Drop the next 'left' replies of this opcode, or replace them by an error. */
struct rule {
	int32_t	op;
	long	skip;		/* how many replies pass first */
	long	left;
	int32_t	error;		/* 0: drop the reply */
	bool	cut;
};

static LIST_HEAD(, conn) conns = LIST_HEAD_INITIALIZER(conns);
static struct rule	 rules[RULES];
/* Hold the nth request of this opcode from now on, and all that follows it. */
static struct {
	int32_t	op;
	long	nth;
	bool	next, closed;
	char	path[256];	/* of the request */
} trap;
static bool		 frozen[2], blackhole[2];
/* Imitate an older server or another program, which knows fewer requests. */
#define OP_UNKNOWN	99		/* unknown to every server */
static bool		 unknown[OP_HIGH - OP_LOW + 1];
static bool		 slam;		/* closes at the first request */
static bool		 hang_up;	/* closes after the first answer */
static bool		 no_resume;	/* does not resume sessions */
static double		 delay_ms[2];
static struct {
	unsigned long	open, accepted, dropped;
	unsigned long	bytes[2];
	unsigned long	op[OP_HIGH - OP_LOW + 1];
} stats;

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6);
}

/* Replace the opcode of a request that the server must not know. */
static void
disguise(unsigned char *request)
{
	int32_t op;

	memcpy(&op, request + 4, sizeof(op));
	op = (int32_t)ntohl((uint32_t)op);
	if (op >= OP_LOW && op <= OP_HIGH && unknown[op - OP_LOW]) {
		op = (int32_t)htonl(OP_UNKNOWN);
		memcpy(request + 4, &op, sizeof(op));
	}
}

/* Remove the old session and its password from a client's handshake. */
static void
forget_session(unsigned char *handshake, size_t len)
{
	if (no_resume && len >= 44) {
		memset(handshake + 16, 0, 8);
		memset(handshake + 28, 0, 16);
	}
}

static uint32_t
be32(const unsigned char *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

/* Note the path of the held request, which follows length, xid and opcode. */
static void
note_path(const unsigned char *frame, size_t len)
{
	const size_t fixed = 16;

	if (len > fixed && be32(frame + 12) <= len - fixed)
		snprintf(trap.path, sizeof(trap.path), "%.*s",
		    (int)be32(frame + 12), frame + fixed);
}

static void
enqueue(struct flow *f, int dir, const unsigned char *data, size_t len)
{
	struct chunk *c;

	if (f->swallow)
		return;
	if ((c = malloc(sizeof(*c) + len)) == NULL)
		err(1, NULL);
	c->due = now_ms() + delay_ms[dir];
	c->len = len;
	c->sent = 0;
	c->barrier = trap.next;
	if (trap.next)
		note_path(data, len);
	trap.next = false;
	if (len > 0)
		memcpy(c->data, data, len);
	STAILQ_INSERT_TAIL(&f->queue, c, link);
}

#include "relaygarble.h"

static void
discard(struct flow *f)
{
	struct chunk *c;

	while ((c = STAILQ_FIRST(&f->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&f->queue, link);
		free(c);
	}
}

static void
swallow(struct flow *f)
{
	f->swallow = true;
	discard(f);
}

static void
request(struct conn *c, int32_t xid, int32_t op)
{
	int i;

	if (op >= OP_LOW && op <= OP_HIGH)
		stats.op[op - OP_LOW]++;
	c->cut = c->cut || slam;
	if (trap.nth > 0 && trap.op == op && --trap.nth == 0)
		trap.next = trap.closed = true;
	for (i = 0; i < RULES; i++) {
		if (rules[i].left <= 0 || rules[i].op != op ||
		    c->ndrop == RULES)
			continue;
		if (rules[i].skip > 0) {
			rules[i].skip--;
			return;
		}
		rules[i].left--;
		c->drop[c->ndrop].xid = xid;
		c->drop[c->ndrop].error = rules[i].error;
		c->drop[c->ndrop++].cut = rules[i].cut;
		return;
	}
}

/* May the reply pass?  Its header is xid, zxid, error. */
static bool
reply(struct conn *c, unsigned char *p, size_t len)
{
	int32_t		xid = (int32_t)be32(p), error;
	uint32_t	be_error;
	int		i;

	for (i = 0; i < c->ndrop; i++) {
		if (c->drop[i].xid != xid)
			continue;
		c->cut = c->drop[i].cut;
		error = c->drop[i].error;
		c->drop[i] = c->drop[--c->ndrop];
		stats.dropped++;
		be_error = htonl((uint32_t)error);
		if (error != 0 && len >= 16)
			memcpy(p + 12, &be_error, sizeof(be_error));
		return (error != 0);
	}
	return (true);
}

/*
 * A complete frame, without its length.  The first one of each direction is the
 * handshake, which has no xid.
 */
static bool
frame(struct conn *c, int dir, unsigned char *p, size_t len)
{
	bool pass = true;

	if (c->flow[dir].greeted && len >= 8) {
		if (dir == UP) {
			request(c, (int32_t)be32(p), (int32_t)be32(p + 4));
			disguise(p);
		} else
			pass = reply(c, p, len);
	} else if (dir == UP && !c->flow[dir].greeted)
		forget_session(p, len);
	c->flow[dir].greeted = true;
	return (pass);
}

/* Take bytes that were read, and pass on whole frames. */
static void
feed(struct conn *c, int dir, const unsigned char *p, size_t n)
{
	struct flow	*f = &c->flow[dir];
	size_t		 len, at = 0;
	bool		 answers;

	if (f->raw) {
		enqueue(f, dir, p, n);
		return;
	}
	if (f->have + n > f->size) {
		f->size = 2 * (f->have + n);
		if ((f->buf = realloc(f->buf, f->size)) == NULL)
			err(1, NULL);
	}
	memcpy(f->buf + f->have, p, n);
	f->have += n;
	while (f->have - at >= 4 && !c->cut) {
		len = be32(f->buf + at);
		if (len > FRAME_MAX) {
			/* A four-letter word or its answer. */
			c->flow[UP].raw = c->flow[DOWN].raw = true;
			enqueue(f, dir, f->buf + at, f->have - at);
			at = f->have;
			break;
		}
		if (f->have - at < 4 + len)
			break;
		answers = f->greeted && (int32_t)be32(f->buf + at + 4) >= 0;
		if (frame(c, dir, f->buf + at + 4, len))
			pass_on(c, dir, f->buf + at, 4 + len);
		at += 4 + len;
		if (hang_up && dir == DOWN && answers) {
			/* Do not reset, so that the answer arrives. */
			enqueue(f, dir, NULL, 0);
			swallow(&c->flow[UP]);
			f->swallow = true;
		}
	}
	memmove(f->buf, f->buf + at, f->have - at);
	f->have -= at;
}

/* Read the bytes that have arrived for a direction. */
static void
take(struct conn *c, int dir)
{
	static unsigned char	 buf[65536];
	struct flow		*f = &c->flow[dir];
	ssize_t			 n;

	n = recv(c->fd[dir], buf, sizeof(buf), MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		stats.bytes[dir] += (unsigned long)n;
		if (!f->swallow)
			feed(c, dir, buf, (size_t)n);
		return;
	}
	f->ended = true;
	if (f->swallow)
		f->finished = true;
	else
		enqueue(f, dir, NULL, 0);
}

/*
 * Send the chunks that are due.  Returns the milliseconds until the next one is
 * due, or -1 if this does not depend on the time.
 */
static double
give(struct conn *c, int dir)
{
	struct flow	*f = &c->flow[dir];
	struct chunk	*k;
	double		 left;
	ssize_t		 n;

	f->full = false;
	if (frozen[dir] || (dir == UP && c->connecting))
		return (-1);
	while ((k = STAILQ_FIRST(&f->queue)) != NULL) {
		if (k->barrier && trap.closed)
			return (-1);
		if ((left = k->due - now_ms()) > 0)
			return (left);
		if (k->len == 0) {
			shutdown(c->fd[!dir], SHUT_WR);
			f->finished = true;
		} else {
			n = send(c->fd[!dir], k->data + k->sent,
			    k->len - k->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
			if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
				f->full = true;
				return (-1);
			}
			if (n == -1) {
				/* Closed.  The other direction notices this. */
				swallow(f);
				f->finished = f->ended;
				return (-1);
			}
			k->sent += (size_t)n;
			if (k->sent < k->len)
				continue;
		}
		STAILQ_REMOVE_HEAD(&f->queue, link);
		free(k);
	}
	return (-1);
}

static void
close_conn(struct conn *c, bool reset)
{
	const struct linger	hard = { 1, 0 };
	int			i;

	for (i = 0; i < 2; i++) {
		if (reset)
			setsockopt(c->fd[i], SOL_SOCKET, SO_LINGER, &hard,
			    sizeof(hard));
		close(c->fd[i]);
		discard(&c->flow[i]);
		free(c->flow[i].buf);
		free(c->flow[i].held);
	}
	LIST_REMOVE(c, link);
	free(c);
	stats.open--;
}

static void
add_conn(int client, int server)
{
	struct conn	*c;
	int		 i;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		err(1, NULL);
	c->fd[UP] = client;
	c->fd[DOWN] = server;
	c->connecting = true;
	c->since = now_ms();
	c->garble = garbling.next++;
	for (i = 0; i < 2; i++) {
		STAILQ_INIT(&c->flow[i].queue);
		c->flow[i].swallow = blackhole[i];
	}
	LIST_INSERT_HEAD(&conns, c, link);
	stats.open++;
	stats.accepted++;
}
