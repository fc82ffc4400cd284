/*
 * The lease clock: until when the servers cannot have given our lease to
 * somebody else.
 *
 * A session lives for its timeout T after the leader last renewed it.  What
 * renews it is a connect request, while it is answered, and any other request,
 * at most T/4 after it reached a server that has a leader.  What tells us that
 * it did is an acknowledged quorum write, sent later on the same connection.
 * So such a write, sent at w, proves the send time of the newest of the
 * connect request and of the requests whose reply had been read by w - T/4.
 *
 * T belongs to a connection, for each server may grant another one.  A connect
 * request makes the leader count anew, by the timeout of that connection.  So
 * with it the lease ends at the earlier of what was proved before and that
 * request's send time + its T.
 *
 * Three deadlines follow from the expiry.  The guard asks the command to stop
 * the grace before it kills; it kills the margin before the expiry; the keeper
 * kills as a last resort, half a margin later, should the guard hang.
 *
 * Pure arithmetic on milliseconds of clock.h; no I/O.
 */
#ifndef ZKRUN_LEASE_H
#define ZKRUN_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* It may pass on now.  Far enough from the edge to be reckoned with. */
#define LEASE_UNPROVEN	(INT64_MIN / 2)

/* Enough for every request of T/4: one every T/7, and the busiest moments. */
#define LEASE_TOUCHES	32

struct lease {
	int64_t	asked_ms;	/* of every server */
	int64_t	timeout_ms;	/* T: that, or less if this server grants less */
	int64_t	expiry_ms;	/* when the lease may pass on; LEASE_UNPROVEN */
	int64_t	connect_ms;	/* send time of this connection's request */
	struct lease_touch {
		int64_t	since_ms;	/* when the first of its moment was read */
		int64_t	sent_ms;	/* the newest of that moment */
		int64_t	read_ms;	/* when its reply was read */
	} touches[LEASE_TOUCHES];	/* of this connection, a ring */
	size_t	count;			/* ever added to it */
};

/* Starts a clock for a new session, which asks for this T. */
void	lease_init(struct lease *, int64_t asked_timeout_ms);

/*
 * Connected, by a request sent no earlier than sent_ms.  Proves nothing yet, and
 * what was sent on an earlier connection proves nothing any more.  Brings the
 * expiry nearer if this server grants less.
 */
void	lease_connected(struct lease *, int64_t sent_ms,
	    int64_t negotiated_timeout_ms);

/* A reply was read at read_ms to a request of this connection. */
void	lease_replied(struct lease *, int64_t sent_ms, int64_t read_ms);

/* The same, and it acknowledges a quorum write. */
void	lease_acknowledged(struct lease *, int64_t sent_ms, int64_t read_ms);

/*
 * Return the deadlines of a lease with session timeout T that may pass on at
 * expiry_ms.  The grace is kill_after_ms, but at most T/4.  The margin covers
 * the rates of clocks, scheduling, killing and reaping: 2 % of T, but at least
 * 200 ms.
 */
int64_t	lease_stop_ms(int64_t expiry_ms, int64_t timeout_ms,
	    int64_t kill_after_ms);
int64_t	lease_kill_ms(int64_t expiry_ms, int64_t timeout_ms);
int64_t	lease_last_resort_ms(int64_t expiry_ms, int64_t timeout_ms);

#define LEASE_LEFT_SIZE	64

/* Writes "1.2s before its lease could expire", or how long after. */
const char *lease_describe_left(int64_t left_ms, char[LEASE_LEFT_SIZE]);

/* Returns how often something is sent. */
int64_t	lease_beat_ms(const struct lease *);

/*
 * Returns whether a command can run under such a lease at all: a proof is T/4 and
 * a beat old when the next one comes, and there is the grace and the margin.
 */
bool	lease_is_long_enough(const struct lease *, int64_t kill_after_ms);

/* Returns after how long without a reply a holder tries another server. */
int64_t	lease_patience_ms(const struct lease *);

#endif
