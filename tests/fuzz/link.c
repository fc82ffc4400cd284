/*
 * What a keeper that is out of its mind may tell the guard: messages of any
 * bytes and length.  The guard takes them all, computes no nonsense with them,
 * and its exit status is one that a process can have.
 */
#include "fuzz.h"

#include <sys/socket.h>

#include "system/descriptors.h"

/* Would close what libFuzzer needs; in front of the archive's. */
void
descriptors_close_inherited(void)
{
}

/* Into its loop; what guard.c exports is then defined here. */
#include "run/guard.c"

/*
 * One message: a byte for its length, and the bytes.  0xff stands for the right
 * length, 0xfe for another expiry in the memory that both share.
 */
static size_t
say(struct link *link, const uint8_t *data, size_t size)
{
	size_t length = data[0] == 0xff ? sizeof(struct link_message) : data[0];
	int64_t expiry_ms;

	if (data[0] == 0xfe && size > sizeof(expiry_ms)) {
		memcpy(&expiry_ms, data + 1, sizeof(expiry_ms));
		link_set_expiry_ms(link, expiry_ms);
		return 1 + sizeof(expiry_ms);
	}
	if (length > size - 1)
		length = size - 1;
	if (length > 0)
		must(send(link->fd, data + 1, length, MSG_NOSIGNAL) ==
		    (ssize_t)length);
	return 1 + length;
}

static void
look(struct guard *guard)
{
	if (guard->state == RUNNING && !guard->stop_done)
		must(guard_stop_ms(guard) <= guard_kill_ms(guard) &&
		    guard_kill_ms(guard) <= link_expiry_ms(&guard->link));
	must(guard->time_up_ms >= 0);
	must(memchr(guard->report, '\0', sizeof(guard->report)) != NULL);
	must(final_status(guard) >= 0 && final_status(guard) <= 255);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options options = { .task = "task" };
	static struct link links[2];
	struct guard guard;
	struct link_message answer;

	/* The memory that both share is never given back. */
	if (links[0].expiry_ms == NULL) {
		must(link_pair(&links[0], &links[1]) == 0);
		link_close(&links[0]);
		link_close(&links[1]);
	}
	memset(&guard, 0, sizeof(guard));
	guard.options = &options;
	guard.signal_fd = guard.timer_fd = -1;
	guard.time_up_ms = guard.ping_ms = CLOCK_NEVER;
	sdnotify_init(&guard.notify, false);
	guard.link = links[0];
	{
		int fds[2];

		must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
		    fds) == 0);
		guard.link.fd = fds[0];
		links[1].fd = fds[1];
	}
	STAILQ_INIT(&guard.link.queue);
	link_set_expiry_ms(&guard.link, clock_ms() + 60000);
	while (size > 1 && !guard.finished && guard.link.fd != -1) {
		size_t used = say(&links[1], data, size);

		take_messages(&guard);
		look(&guard);
		while (link_receive(&links[1], &answer) == 1)
			continue;
		data += used;
		size -= used;
	}
	link_close(&guard.link);
	link_close(&links[1]);
	return 0;
}
