/*
 * Computes the expiry from replies, and the deadlines from the expiry.
 */
#include "lock/lease.h"

#include <sys/param.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define LEAST_MARGIN_MS		200
#define LEAST_PATIENCE_MS	300

void
lease_init(struct lease *lease, int64_t asked_timeout_ms)
{
	memset(lease, 0, sizeof(*lease));
	lease->asked_ms = lease->timeout_ms = asked_timeout_ms;
	lease->expiry_ms = LEASE_UNPROVEN;
	lease->connect_ms = LEASE_UNPROVEN;
}

void
lease_connected(struct lease *lease, int64_t sent_ms,
    int64_t negotiated_timeout_ms)
{
	lease->timeout_ms = clock_earlier(lease->asked_ms,
	    negotiated_timeout_ms);
	lease->expiry_ms = clock_earlier(lease->expiry_ms,
	    sent_ms + lease->timeout_ms);
	lease->connect_ms = sent_ms;
	lease->count = 0;
}

void
lease_replied(struct lease *lease, int64_t sent_ms, int64_t read_ms)
{
	struct lease_touch *touch;

	if (sent_ms < lease->connect_ms)
		return;		/* of an earlier connection */
	/*
	 * Merge a burst into one entry: otherwise it would push out the older
	 * replies, and the next write can only prove replies T/4 old.
	 */
	if (lease->count > 0) {
		touch = &lease->touches[(lease->count - 1) % LEASE_TOUCHES];
		if (read_ms - touch->since_ms <
		    lease->timeout_ms / 4 / (LEASE_TOUCHES - 2)) {
			touch->sent_ms = MAX(touch->sent_ms, sent_ms);
			/* Replies may be reported out of order. */
			touch->read_ms = MAX(touch->read_ms, read_ms);
			return;
		}
	}
	touch = &lease->touches[lease->count++ % LEASE_TOUCHES];
	touch->sent_ms = sent_ms;
	touch->since_ms = touch->read_ms = read_ms;
}

void
lease_acknowledged(struct lease *lease, int64_t sent_ms, int64_t read_ms)
{
	int64_t proven_ms;
	size_t i, used;

	if (sent_ms < lease->connect_ms)
		return;
	proven_ms = lease->connect_ms;
	used = lease->count < LEASE_TOUCHES ? lease->count : LEASE_TOUCHES;
	for (i = 0; i < used; i++)
		if (lease->touches[i].read_ms <=
		    sent_ms - lease->timeout_ms / 4)
			proven_ms = MAX(proven_ms, lease->touches[i].sent_ms);
	lease->expiry_ms = MAX(lease->expiry_ms,
	    proven_ms + lease->timeout_ms);
	lease_replied(lease, sent_ms, read_ms);
}

static int64_t
margin_ms(int64_t timeout_ms)
{
	return MAX(timeout_ms / 50, LEAST_MARGIN_MS);
}

int64_t
lease_stop_ms(int64_t expiry_ms, int64_t timeout_ms, int64_t kill_after_ms)
{
	return lease_kill_ms(expiry_ms, timeout_ms) -
	    clock_earlier(kill_after_ms, timeout_ms / 4);
}

int64_t
lease_kill_ms(int64_t expiry_ms, int64_t timeout_ms)
{
	return expiry_ms - margin_ms(timeout_ms);
}

int64_t
lease_last_resort_ms(int64_t expiry_ms, int64_t timeout_ms)
{
	return expiry_ms - margin_ms(timeout_ms) / 2;
}

const char *
lease_describe_left(int64_t left_ms, char buffer[LEASE_LEFT_SIZE])
{
	(void)snprintf(buffer, LEASE_LEFT_SIZE, left_ms >= 0 ?
	    "%.1fs before its lease could expire" :
	    "%.1fs after its lease could have expired",
	    (double)llabs(left_ms) / 1000);
	return buffer;
}

int64_t
lease_beat_ms(const struct lease *lease)
{
	return MAX(lease->timeout_ms / 7, 1);
}

bool
lease_is_long_enough(const struct lease *lease, int64_t kill_after_ms)
{
	return lease_stop_ms(lease->timeout_ms, lease->timeout_ms,
	    kill_after_ms) > lease->timeout_ms / 4 + lease_beat_ms(lease);
}

int64_t
lease_patience_ms(const struct lease *lease)
{
	return MAX(lease->timeout_ms / 8, LEAST_PATIENCE_MS);
}
