/*
 * Pairs what the guard received with what the keeper heard.
 */
#include "run/forward.h"

#include <signal.h>
#include <stddef.h>

#include "base/clock.h"

static struct forward_entry *
find(struct forward_entry *entries, int number, pid_t sender)
{
	size_t i;

	for (i = 0; i < FORWARD_SLOTS; i++)
		if (entries[i].due_ms != 0 && !entries[i].reached &&
		    entries[i].number == number && entries[i].sender == sender)
			return &entries[i];
	return NULL;
}

static bool
is_stop(int number)
{
	return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* Is it the same signal once more?  It may be over by now. */
static bool
is_repeated(const struct forward_entry *entries, int number, pid_t sender,
    int64_t now_ms)
{
	size_t i;

	/*
	 * The kernel keeps each real-time signal.  Of what stops and what lets go
	 * on the last one counts, so each is passed on.
	 */
	if (number >= SIGRTMIN || number == SIGCONT || is_stop(number))
		return false;
	for (i = 0; i < FORWARD_SLOTS; i++)
		if (entries[i].number == number &&
		    entries[i].sender == sender &&
		    now_ms - entries[i].since_ms < FORWARD_DELAY_MS)
			return true;
	return false;
}

/* The slot to write to: of those that are over the oldest, or what is due first. */
static struct forward_entry *
find_slot(struct forward_entry *entries)
{
	struct forward_entry *slot;
	size_t i;

	slot = &entries[0];
	for (i = 1; i < FORWARD_SLOTS; i++)
		if (entries[i].due_ms < slot->due_ms ||
		    (entries[i].due_ms == slot->due_ms &&
		    entries[i].since_ms < slot->since_ms))
			slot = &entries[i];
	return slot;
}

/* The signal for which the keeper's word came too late. */
static struct forward_entry *
find_passed_on(struct forward_entry *entries, int number, pid_t sender,
    int64_t now_ms)
{
	size_t i;

	for (i = 0; i < FORWARD_SLOTS; i++)
		if (entries[i].due_ms == 0 && !entries[i].reached &&
		    entries[i].number == number &&
		    entries[i].sender == sender &&
		    now_ms - entries[i].since_ms < FORWARD_MEMORY_MS)
			return &entries[i];
	return NULL;
}

/* As the kernel has it: who is to go on does not stop for what came before. */
static void
drop_stops(struct forward_entry *entries)
{
	size_t i;

	for (i = 0; i < FORWARD_SLOTS; i++)
		if (is_stop(entries[i].number))
			entries[i].due_ms = 0;
}

/* A signal that is there twice is as good as once, if there is no room. */
static struct forward_entry *
find_double(struct forward_entry *entries, int number)
{
	size_t i, j;

	for (i = 0; i < FORWARD_SLOTS; i++)
		if (entries[i].number == number && !entries[i].reached)
			return &entries[i];
	for (i = 1; i < FORWARD_SLOTS; i++)
		for (j = 0; j < i; j++)
			if (entries[i].number == entries[j].number)
				return &entries[i];
	return NULL;
}

void
forward_received(struct forward *forward, int number, pid_t sender,
    int64_t now_ms)
{
	struct forward_entry *heard, *same, *slot;

	if (is_repeated(forward->received, number, sender, now_ms))
		return;
	if (number == SIGCONT)
		drop_stops(forward->received);
	slot = find_slot(forward->received);
	if (slot->due_ms != 0) {
		same = find_double(forward->received, number);
		if (same != NULL && same->number == number)
			return;
		slot = same != NULL ? same : slot;
	}
	slot->number = number;
	slot->sender = sender;
	slot->since_ms = now_ms;
	slot->due_ms = now_ms + FORWARD_DELAY_MS;
	slot->reached = false;
	heard = find(forward->heard, number, sender);
	if (heard == NULL)
		return;
	if (heard->due_ms > now_ms) {
		slot->reached = true;
		slot->due_ms = now_ms;
	}
	heard->due_ms = 0;
}

void
forward_heard(struct forward *forward, int number, pid_t sender,
    int64_t now_ms)
{
	struct forward_entry *received, *slot;

	if (is_repeated(forward->heard, number, sender, now_ms))
		return;
	slot = find_slot(forward->heard);
	slot->number = number;
	slot->sender = sender;
	slot->since_ms = now_ms;
	slot->due_ms = now_ms + FORWARD_MEMORY_MS;
	slot->reached = false;
	received = find(forward->received, number, sender);
	if (received == NULL)
		received = find_passed_on(forward->received, number, sender,
		    now_ms);
	else
		received->due_ms = now_ms;
	if (received == NULL)
		return;
	received->reached = true;
	slot->due_ms = 0;
}

int
forward_next(struct forward *forward, int64_t now_ms, bool *reached)
{
	struct forward_entry *entry;
	size_t i;

	for (i = 0; i < FORWARD_SLOTS; i++) {
		entry = &forward->received[i];
		if (entry->due_ms == 0 || entry->due_ms > now_ms)
			continue;
		entry->due_ms = 0;
		*reached = entry->reached;
		return entry->number;
	}
	return 0;
}

int64_t
forward_deadline(const struct forward *forward)
{
	int64_t deadline_ms;
	size_t i;

	deadline_ms = CLOCK_NEVER;
	for (i = 0; i < FORWARD_SLOTS; i++)
		if (forward->received[i].due_ms != 0)
			deadline_ms = clock_earlier(deadline_ms,
			    forward->received[i].due_ms);
	return deadline_ms;
}
