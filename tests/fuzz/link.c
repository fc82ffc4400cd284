/*
 * Messages of any bytes and length from a corrupted keeper.  The guard reads
 * them all, computes only valid times from them, and exits with a possible
 * status.
 */
#include "fuzz.h"

#include <sys/socket.h>

#include "system/descriptors.h"
#include "system/process.h"

/*
 * Replaces the archive's function, because that one closes descriptors that
 * libFuzzer needs.
 */
void
descriptors_let_go(void)
{
}

void
descriptors_let_go_stderr(void)
{
}

void
descriptors_close_ours(int except)
{
	(void)except;
}

void
descriptors_close_inherited(void)
{
}

int
descriptors_fill_standard(void)
{
	return 0;
}

/* Include guard.c to reach its static loop; this defines its exports. */
#include "lock/lease.h"
#include "run/guard.c"

/*
 * Send one message.  The first byte gives its length, and the message follows.
 * 0xff means the right length; 0xfe means a new expiry in the shared memory.
 */
static size_t
say(struct link *link, const uint8_t *data, size_t size)
{
	size_t length = data[0] == 0xff ? sizeof(struct link_message) : data[0];
	int64_t expiry_ms;

	if (data[0] == 0xfe && size > sizeof(expiry_ms)) {
		memcpy(&expiry_ms, data + 1, sizeof(expiry_ms));
		link_set_lease(link, expiry_ms, expiry_ms / 7);
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
	int64_t expiry_ms = link_expiry_ms(guard->link);

	if ((guard->state & (STARTING | RUNNING)) != 0)
		must(guard_stop_ms(guard) <=
		    lease_kill_ms(expiry_ms, link_timeout_ms(guard->link)) &&
		    lease_kill_ms(expiry_ms, link_timeout_ms(guard->link)) <= expiry_ms);
	must(guard->time_up_ms >= 0);
	must(guard->exit_code >= 0 && guard->exit_code <= 255);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options options = { .task = "task" };
	static struct link links[2];
	static struct processes *found;
	struct subprocesses ours = { 0 };
	struct guard guard;
	struct link_message answer;
	int fds[2];

	/* Nothing frees the shared memory, so all inputs use the same. */
	if (links[0].shared == NULL) {
		must(link_pair(&links[0], &links[1]) == 0);
		link_close(&links[0]);
		link_close(&links[1]);
	}
	memset(&guard, 0, sizeof(guard));
	guard.options = &options;
	guard.tree.ours = &ours;
	guard.tree.reserve[0] = guard.tree.reserve[1] = -1;
	guard.tree.reserve[2] = -1;
	if (found == NULL)
		must((found = processes_new()) != NULL);
	guard.tree.found = found;
	guard.signal_fd = guard.timer_fd = -1;
	guard.time_up_ms = guard.ping_ms = CLOCK_NEVER;
	sdnotify_init(&guard.notify, false);
	guard.state = QUEUEING;
	guard.link = &links[0];
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds) == 0);
	links[0].fd = fds[0];
	links[1].fd = fds[1];
	STAILQ_INIT(&links[0].queue);
	link_set_lease(&links[0], clock_ms() + 60000, 30000);
	while (size > 1 && guard.state != FINISHED && links[0].fd != -1) {
		size_t used = say(&links[1], data, size);

		take_messages(&guard);
		look(&guard);
		while (link_receive(&links[1], &answer) == 1)
			continue;
		data += used;
		size -= used;
	}
	link_close(&links[0]);
	link_close(&links[1]);
	return 0;
}
