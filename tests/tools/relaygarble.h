/*
 * relaygarble.h: how the relay garbles frames when told to.  The code is in a
 * header, because every .c file here is a program.
 *
 * A seed and the number of the connection determine which frames the relay
 * garbles, and how.  The class "wire" damages the stream and the heads of
 * frames, as a bad network or a bad program in between does.  The class "lies"
 * replaces the contents of whole, well-formed frames.  No client can detect all
 * lies, because the protocol has no checksum.
 */
#include "chance.h"

#define GARBLE_MAX	(1U << 20)	/* longer frames pass unchanged */

enum garble_kind {
	/* wire */
	FLIP_LENGTH, FLIP_HEAD, SMALL_LENGTH, CUT_SHORT, LOSE, DOUBLE, SWAP,
	JUNK, HOLE,
	/* lies */
	FLIP_BODY, CLEAR_ERROR, SHORT_BODY, SET_NUMBER,
	KINDS
};
#define WIRE_KINDS	FLIP_BODY

static const char *const garble_names[KINDS] = {
	"flip-length", "flip-head", "small-length", "cut-short", "lose",
	"double", "swap", "junk", "hole",
	"flip-body", "clear-error", "short-body", "set-number",
};

static struct {
	bool		on, lies;
	uint32_t	one_in;		/* one frame in so many, on average */
	uint64_t	next;		/* seed of the next connection */
	unsigned long	count[KINDS];
} garbling;

static uint32_t
garble_random(uint64_t *state, uint32_t below)
{
	return ((uint32_t)(chance_next(state) >> 32) % below);
}

static void
garble_flip(struct conn *c, unsigned char *p, size_t n)
{
	if (n > 0)
		p[garble_random(&c->garble, (uint32_t)n)] ^=
		    (unsigned char)(1 << garble_random(&c->garble, 8));
}

static void
set_be32(unsigned char *p, uint32_t n)
{
	n = htonl(n);
	memcpy(p, &n, sizeof(n));
}

/* Change a frame in place; return its new length. */
static size_t
garble_frame(struct conn *c, int dir, enum garble_kind kind,
    unsigned char *p, size_t len)
{
	/* A reply's head has xid and zxid, a request's xid and type. */
	size_t head = dir == DOWN ? 4 + 12 : 4 + 8, at;
	static const uint32_t numbers[] = { 0, 1, 2, 0xffffffff, 0x7fffffff,
	    0x80000000, 0x10000 };

	/* The handshake's head has only a version. */
	if (!c->flow[dir].garbled)
		head = 4 + 4;
	if (head > len)
		head = len;
	switch (kind) {
	case FLIP_LENGTH:
		garble_flip(c, p, 4);
		break;
	case SMALL_LENGTH:
		set_be32(p, garble_random(&c->garble, (uint32_t)len));
		break;
	case FLIP_HEAD:
		garble_flip(c, p + 4, head - 4);
		break;
	case HOLE:
		at = 4 + garble_random(&c->garble, (uint32_t)len - 3);
		if (at + 3 < len) {
			memmove(p + at, p + at + 3, len - at - 3);
			len -= 3;
		}
		break;
	case FLIP_BODY:
		garble_flip(c, p + head, len - head);
		break;
	case CLEAR_ERROR:
		if (dir == DOWN && head + 4 <= len)
			memset(p + head, 0, 4);
		break;
	case SHORT_BODY:
		if (len > head) {
			len = head + garble_random(&c->garble,
			    (uint32_t)(len - head));
			set_be32(p, (uint32_t)len - 4);
		}
		break;
	case SET_NUMBER:
		if (len >= head + 4)
			set_be32(p + head + 4 * garble_random(&c->garble,
			    (uint32_t)(len - head) / 4), numbers[garble_random(
			    &c->garble, sizeof(numbers) / sizeof(numbers[0]))]);
		break;
	case CUT_SHORT:
	case LOSE:
	case DOUBLE:
	case SWAP:
	case JUNK:
	case KINDS:
		break;
	}
	return (len);
}

static void
garble_with(struct conn *c, int dir, enum garble_kind kind,
    const unsigned char *data, size_t len)
{
	struct flow	*f = &c->flow[dir];
	unsigned char	*p;
	size_t		 n, i;

	if ((p = malloc(len + 1)) == NULL)
		err(1, NULL);
	memcpy(p, data, len);
	n = garble_frame(c, dir, kind, p, len);
	switch (kind) {
	case CUT_SHORT:
		enqueue(f, dir, p, garble_random(&c->garble, (uint32_t)len));
		enqueue(f, dir, NULL, 0);
		f->mute = true;
		break;
	case LOSE:
		break;
	case SWAP:
		/* Hold this frame until the next one has passed. */
		if (f->held == NULL) {
			f->held = p;
			f->held_len = n;
			return;
		}
		enqueue(f, dir, p, n);
		break;
	case JUNK:
		for (i = 0; i < 16 && i < len; i++)
			p[i] = (unsigned char)garble_random(&c->garble, 256);
		enqueue(f, dir, p, i);
		enqueue(f, dir, data, len);
		break;
	case DOUBLE:
		enqueue(f, dir, p, n);
		/* FALLTHROUGH */
	case FLIP_LENGTH:
	case FLIP_HEAD:
	case SMALL_LENGTH:
	case HOLE:
	case FLIP_BODY:
	case CLEAR_ERROR:
	case SHORT_BODY:
	case SET_NUMBER:
	case KINDS:
		enqueue(f, dir, p, n);
		break;
	}
	free(p);
}

/* Pass on a whole frame, garbled or not. */
static void
pass_on(struct conn *c, int dir, const unsigned char *data, size_t len)
{
	struct flow	*f = &c->flow[dir];
	uint32_t	 first = garbling.lies ? WIRE_KINDS : 0;
	uint32_t	 kinds = garbling.lies ? KINDS - WIRE_KINDS : WIRE_KINDS;
	enum garble_kind kind;

	if (f->mute)
		return;
	if (!garbling.on || len > GARBLE_MAX ||
	    garble_random(&c->garble, garbling.one_in) != 0) {
		enqueue(f, dir, data, len);
		if (f->held != NULL)
			enqueue(f, dir, f->held, f->held_len);
		free(f->held);
		f->held = NULL;
	} else {
		kind = (enum garble_kind)(first +
		    garble_random(&c->garble, kinds));
		garbling.count[kind]++;
		garble_with(c, dir, kind, data, len);
	}
	f->garbled = true;
}

static void
print_garbled(FILE *out)
{
	int i;

	for (i = 0; i < KINDS; i++)
		if (garbling.count[i] > 0)
			fprintf(out, " %s=%lu", garble_names[i],
			    garbling.count[i]);
}
