/*
 * Pairs the signals that guard and keeper have heard.
 */
#include "run/forward.h"

#include <signal.h>
#include <stddef.h>

#include "base/clock.h"
#include "system/signals.h"

static bool
is_stop(int number)
{
	return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/*
 * The kernel delivers each real-time signal.  The last of several stop signals
 * and SIGCONTs decides, so zkrun passes on each of them.
 */
static bool
each_counts(int number)
{
	return number >= SIGRTMIN || number == SIGCONT || is_stop(number);
}

static bool
is_waiting(const struct forward_entry *entry)
{
	return entry->since_ms != 0 && !entry->decided;
}

/*
 * Returns the entry of which this signal is a second report or a repeat, or
 * NULL.  Prefers an undecided entry to one that was decided without a report.
 */
static struct forward_entry *
find(struct forward *forward, enum forward_ear ear, int number, pid_t sender,
    int64_t now_ms)
{
	struct forward_entry *entry, *found = NULL;
	int64_t age_ms;
	size_t i;

	for (i = 0; i < FORWARD_SLOTS; i++) {
		entry = &forward->entries[i];
		age_ms = now_ms - entry->since_ms;
		if (entry->since_ms == 0 || entry->number != number ||
		    entry->sender != sender)
			continue;
		if (((entry->heard_by & (int)ear) == 0 ?
		    age_ms < FORWARD_MEMORY_MS :
		    age_ms < FORWARD_DELAY_MS && !each_counts(number)) &&
		    (found == NULL ||
		    (!is_waiting(found) && is_waiting(entry))))
			found = entry;
	}
	return found;
}

/* Returns a free slot, or else the oldest decided one, or else NULL. */
static struct forward_entry *
find_slot(struct forward *forward)
{
	struct forward_entry *entry, *slot = NULL;
	size_t i;

	for (i = 0; i < FORWARD_SLOTS; i++) {
		entry = &forward->entries[i];
		if (!is_waiting(entry) &&
		    (slot == NULL || entry->since_ms < slot->since_ms))
			slot = entry;
	}
	return slot;
}

/*
 * Finds a slot to overwrite if all slots hold undecided signals: a slot whose
 * signal is also in another slot, or else the oldest slot.  Returns NULL if a
 * slot with this signal number still waits for its second report.
 */
static struct forward_entry *
make_room(struct forward *forward, int number)
{
	struct forward_entry *entries = forward->entries, *slot = entries;
	size_t i, j;

	for (i = 0; i < FORWARD_SLOTS; i++) {
		if (entries[i].number == number &&
		    entries[i].heard_by != FORWARD_BOTH)
			return NULL;
		if (entries[i].since_ms < slot->since_ms)
			slot = &entries[i];
	}
	for (i = 1; i < FORWARD_SLOTS; i++)
		for (j = 0; j < i; j++)
			if (entries[i].number == entries[j].number)
				return &entries[i];
	return slot;
}

/* SIGCONT cancels the stop signals that came before it, as in the kernel. */
static void
drop_stops(struct forward *forward)
{
	size_t i;

	for (i = 0; i < FORWARD_SLOTS; i++)
		if (is_stop(forward->entries[i].number))
			forward->entries[i].decided = true;
}

bool
forward_heard(struct forward *forward, enum forward_ear ear, int number,
    pid_t sender, bool at_once, int64_t now_ms)
{
	struct forward_entry *entry, *slot;

	entry = find(forward, ear, number, sender, now_ms);
	if (entry != NULL) {
		entry->heard_by |= (int)ear;
		if (!at_once || entry->decided)
			return false;
		/* The command ended while the signal was undecided. */
		entry->decided = true;
		return true;
	}
	if (number == SIGCONT)
		drop_stops(forward);
	slot = find_slot(forward);
	if (slot == NULL)
		slot = make_room(forward, number);
	if (slot == NULL)
		return false;
	slot->since_ms = now_ms;
	slot->number = number;
	slot->sender = sender;
	slot->heard_by = (int)ear;
	slot->decided = at_once;
	return true;
}

/* Returns the time of the decision: at once if both processes have reported. */
static int64_t
due_ms(const struct forward_entry *entry)
{
	return entry->heard_by == FORWARD_BOTH ? entry->since_ms :
	    entry->since_ms + FORWARD_DELAY_MS;
}

int
forward_next(struct forward *forward, int64_t now_ms, bool *by_both)
{
	struct forward_entry *entry, *next = NULL;
	size_t i;

	for (i = 0; i < FORWARD_SLOTS; i++) {
		entry = &forward->entries[i];
		if (is_waiting(entry) && due_ms(entry) <= now_ms &&
		    (next == NULL || entry->since_ms < next->since_ms))
			next = entry;
	}
	if (next == NULL)
		return 0;
	next->decided = true;
	*by_both = next->heard_by == FORWARD_BOTH;
	return next->number;
}

void
forward_command_ended(struct forward *forward)
{
	struct forward_entry *entry;
	size_t i;

	for (i = 0; i < FORWARD_SLOTS; i++) {
		entry = &forward->entries[i];
		if (signals_kind(entry->number) == SIGNALS_TERMINATING)
			entry->decided = true;
	}
}

int64_t
forward_deadline(const struct forward *forward)
{
	int64_t deadline_ms = CLOCK_NEVER;
	size_t i;

	for (i = 0; i < FORWARD_SLOTS; i++)
		if (is_waiting(&forward->entries[i]))
			deadline_ms = clock_earlier(deadline_ms,
			    due_ms(&forward->entries[i]));
	return deadline_ms;
}
