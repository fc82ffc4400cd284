/*
 * Tests the messages between guard and keeper.
 */
#include "run/link.h"

#include <fcntl.h>
#include <unistd.h>

#include "tap.h"

#define MANY	5000

static void
test_messages(void)
{
	struct link_message message = { .type = LINK_SESSION }, got;
	struct link a, b;

	ok(link_pair(&a, &b) == 0, "a pair is opened");
	ok((fcntl(a.fd, F_GETFD) & FD_CLOEXEC) != 0 &&
	    (fcntl(b.fd, F_GETFD) & FD_CLOEXEC) != 0,
	    "both ends are close-on-exec");
	is_int(link_receive(&a, &got), 0, "there is no message at first");
	message.session.id = INT64_C(0x1234567890abcdef);
	message.session.timeout_ms = 30000;
	memcpy(message.session.password, "0123456789abcdef",
	    LINK_PASSWORD_SIZE);
	link_send(&a, &message);
	is_int(link_receive(&b, &got), 1, "a message arrives");
	ok(memcmp(&got, &message, sizeof(got)) == 0,
	    "the message arrives whole");
	is_int(link_receive(&b, &got), 0, "the message arrives once");
	is_int(link_receive(&a, &got), 0, "the sender does not receive it");
	link_send_type(&b, LINK_STOP);
	is_int(link_receive(&a, &got), 1, "a message arrives the other way");
	is_int(got.type, LINK_STOP, "the message arrives with its type");
	link_close(&a);
	link_close(&b);
}

/* Tests messages that only a corrupted keeper sends. */
static void
test_invalid(void)
{
	static const struct {
		struct link_message	message;
		const char		*what;
	} invalid[] = {
		{ { .type = (enum link_type)99 },
		    "an unknown type is refused" },
		{ { .type = LINK_DONE, .ended = { 256, 0 } },
		    "a status of 256 is refused" },
		{ { .type = LINK_EXITED, .ended = { -1, 0 } },
		    "a negative status is refused" },
		{ { .type = LINK_RELEASING, .releasing = { 0, INT64_MAX } },
		    "an endless hold is refused" },
		{ { .type = LINK_SESSION, .session = { 1, -1, "" } },
		    "a negative timeout is refused" },
		{ { .type = LINK_TYPES },
		    "the type after the last is refused" },
		{ { .type = LINK_HEARD, .signal = { .sender = 1 } },
		    "signal 0 is refused" },
	};
	struct link_message got;
	struct link a, b;
	size_t i;

	(void)link_pair(&a, &b);
	for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		link_send(&a, &invalid[i].message);
		is_int(link_receive(&b, &got), -1, invalid[i].what);
	}
	link_set_lease(&a, INT64_MIN, INT64_MIN);
	is_int(link_expiry_ms(&b), 0, "an impossible expiry is read as 0");
	link_close(&a);
	link_close(&b);
}

static void
test_queue(void)
{
	struct link_message message = { .type = LINK_GO }, got;
	struct link a, b;
	int next, i;
	bool ordered;

	(void)link_pair(&a, &b);
	ok(!link_is_full(&a), "a new link is not full");
	for (i = 0; i < MANY; i++) {
		message.question = i;
		link_send(&a, &message);
	}
	ok(link_is_full(&a), "5000 messages do not fit into the socket");
	next = 0;
	ordered = true;
	while (next < MANY) {
		if (link_receive(&b, &got) != 1) {
			if (!link_is_full(&a))
				break;
			link_flush(&a);
			continue;
		}
		ordered = ordered && got.question == next;
		/* A new message must not overtake queued ones. */
		if (++next == MANY / 2) {
			message.question = MANY;
			link_send(&a, &message);
		}
	}
	is_int(next, MANY, "no message is lost");
	ok(ordered, "the messages come in order");
	link_flush(&a);
	ok(link_receive(&b, &got) == 1 && got.question == MANY,
	    "a message sent behind a queue comes last");
	ok(!link_is_full(&a), "the link is no longer full");
	is_int(link_receive(&b, &got), 0, "no message comes twice");
	link_close(&a);
	link_close(&b);
}

static void
test_peer_gone(void)
{
	struct link_message got;
	struct link a, b;
	int i;

	(void)link_pair(&a, &b);
	link_send_type(&a, LINK_DONE);
	link_close(&a);
	is_int(a.fd, -1, "a closed end has no descriptor");
	is_int(link_receive(&b, &got), 1,
	    "the last message of a closed peer arrives");
	is_int(link_receive(&b, &got), -1, "the end comes next");
	is_int(link_receive(&b, &got), -1, "the end is reported twice");
	for (i = 0; i < MANY; i++)
		link_send_type(&b, LINK_STOP);
	ok(!link_is_full(&b), "messages to a dead peer are not queued");
	link_close(&b);
	link_send_type(&b, LINK_STOP);
	is_int(link_receive(&b, &got), -1, "a closed end reports the end");
	link_close(&b);
	ok(true, "closing twice is harmless");

	(void)link_pair(&a, &b);
	link_send_type(&b, LINK_STOP);
	link_send_type(&a, LINK_DONE);
	link_close(&a);
	is_int(link_receive(&b, &got), 1,
	    "the last message arrives from a peer that did not read ours");
	is_int(link_receive(&b, &got), -1, "the end comes next");
	link_close(&b);

	(void)link_pair(&a, &b);
	for (i = 0; i < MANY; i++)
		link_send_type(&a, LINK_WAITING);
	link_close(&b);
	link_flush(&a);
	ok(!link_is_full(&a), "the queue for a dead peer is dropped");
	link_close(&a);

	(void)link_pair(&a, &b);
	for (i = 0; i < MANY; i++)
		link_send_type(&a, LINK_WAITING);
	link_close(&a);
	ok(!link_is_full(&a), "closing drops the queue");
	link_close(&b);
}

/* The queue for a peer that is stopped for days must not grow. */
static void
test_bound(void)
{
	struct link_message news = { .type = LINK_SESSION }, got;
	struct link_message heard = { .type = LINK_HEARD };
	struct link a, b;
	int heards = 0, i, sessions = 0;

	(void)link_pair(&a, &b);
	for (i = 0; !link_is_full(&a); i++)
		link_send_type(&a, LINK_WAITING);
	for (i = 1; i <= MANY; i++) {
		news.session.id = i;
		link_send(&a, &news);
		heard.signal.number = 1 + i % 2;
		link_send(&a, &heard);
	}
	while (link_receive(&b, &got) == 1) {
		link_flush(&a);
		if (got.type == LINK_SESSION) {
			sessions++;
			is_int(got.session.id, MANY, "the newest session is "
			    "sent");
		}
		heards += got.type == LINK_HEARD;
	}
	is_int(sessions, 1, "of many sessions one is queued");
	is_int(heards, 2, "of many signals each is queued once");
	link_close(&a);
	link_close(&b);
}

int
main(void)
{
	test_messages();
	test_invalid();
	test_queue();
	test_bound();
	test_peer_gone();
	return tap_end();
}
