/*
 * The lease clock: the time until which no other contender can hold our lease.
 *
 * The leader ends a session T (the session timeout) after the last renewal.
 * A connect request renews the session when the leader answers it.  Any other
 * request renews it when the server that received it next answers a ping of the
 * leader, at most T/4 later.  Only an acknowledged quorum write, sent later on
 * the same connection, proves that the renewal happened.  Such a write, sent at
 * time w, proves that the session was renewed no earlier than the newest of
 * these was sent: the connect request, and every request whose reply had been
 * read by w - T/4.  The lease expires T after that proven time.
 *
 * Each server may grant another T, so T belongs to a connection.  A connect
 * request makes the leader restart the session's timer with the new T.  From
 * then on the lease expires at the earlier of the expiry proven before and the
 * send time of that connect request + its T.
 *
 * Three deadlines follow from the expiry.  The guard kills the command some
 * time before the expiry: the margin.  It asks the command to stop some time
 * before that: the grace.  If the guard hangs, the keeper kills the command
 * half a margin after the guard should have.
 *
 * Source: ZooKeeper's SessionTrackerImpl and Learner.ping().  The model
 * tests/model/clock.pml checks the arithmetic.
 *
 * These functions calculate with milliseconds of clock.h, and do no I/O.
 */
#ifndef ZKRUN_LEASE_H
#define ZKRUN_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The expiry if nothing is proven: the lease may have expired.  Half of the
 * smallest number, to avoid overflow.
 */
#define LEASE_UNPROVEN	(INT64_MIN / 2)

/* Room for the requests of T/4: one every T/7, and bursts. */
#define LEASE_TOUCHES	32

struct lease {
	int64_t	asked_ms;	/* the timeout that every server is asked for */
	int64_t	timeout_ms;	/* T: the lesser of asked and granted */
	int64_t	expiry_ms;	/* or LEASE_UNPROVEN */
	int64_t	connect_ms;	/* when the connect request was sent */
	/*
	 * A ring of answered requests of this connection.  A burst shares one
	 * entry.
	 */
	struct lease_touch {
		int64_t	since_ms;	/* when the first reply was read */
		int64_t	sent_ms;	/* when the newest request was sent */
		int64_t	read_ms;	/* when the last reply was read */
	} touches[LEASE_TOUCHES];
	size_t	count;			/* ever added to the ring */
};

/* Starts a clock for a new session. */
void	lease_init(struct lease *, int64_t asked_timeout_ms);

/*
 * Notes a new connection, whose connect request was sent no earlier than
 * sent_ms. This proves nothing yet, and discards the requests of the earlier
 * connection. Lowers the expiry to sent_ms + T if that is earlier.
 */
void	lease_connected(struct lease *, int64_t sent_ms,
	    int64_t negotiated_timeout_ms);

/* Notes that the reply to a request of this connection was read at read_ms. */
void	lease_replied(struct lease *, int64_t sent_ms, int64_t read_ms);

/* Notes the reply to a quorum write.  Extends the expiry by what it proves. */
void	lease_acknowledged(struct lease *, int64_t sent_ms, int64_t read_ms);

/*
 * Return the deadlines of a lease: the times at which the guard asks the
 * command to stop, the guard kills, and the keeper kills.  The grace is
 * kill_after_ms, but at most T/4.  The margin is 2 % of T, but at least 200 ms.
 * It covers differing clock rates, scheduling, killing and reaping.
 */
int64_t	lease_stop_ms(int64_t expiry_ms, int64_t timeout_ms,
	    int64_t kill_after_ms);
int64_t	lease_kill_ms(int64_t expiry_ms, int64_t timeout_ms);
int64_t	lease_last_resort_ms(int64_t expiry_ms, int64_t timeout_ms);

#define LEASE_LEFT_SIZE	64

/*
 * Writes "1.2s before its lease could expire", or "1.2s after its lease could
 * have expired".
 */
const char *lease_describe_left(int64_t left_ms, char[LEASE_LEFT_SIZE]);

/* Returns the interval at which the keeper sends a request. */
int64_t	lease_beat_ms(const struct lease *);

/*
 * Returns whether T leaves time to run a command.  A proof is up to T/4 and a
 * beat old when the next proof arrives, and the rest of T must be longer than
 * grace and margin.
 */
bool	lease_is_long_enough(const struct lease *, int64_t kill_after_ms);

/* Returns how long a holder waits for a reply before it changes the server. */
int64_t	lease_patience_ms(const struct lease *);

#endif
