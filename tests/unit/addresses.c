/*
 * Tests how addresses are picked and how their failures are remembered.
 */
#include "zookeeper/addresses.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "system/subprocess.h"
#include "tap.h"

#define TRIES	40

static struct subprocesses none;

/* Begins an attempt with these servers, none of which has failed. */
static void
begin(struct addresses *addresses, struct servers *servers, const char *text)
{
	(void)servers_parse(servers, text);
	addresses_init(addresses, servers, &none);
	addresses_begin(addresses);
}

static void
test_failed_last(void)
{
	struct addresses addresses;
	struct servers servers;
	size_t first, i, untried;
	bool picked[2] = { false }, again;

	again = false;
	for (i = 0; i < TRIES; i++) {
		begin(&addresses, &servers, "127.0.0.1:1,127.0.0.1:2");
		(void)addresses_pick(&addresses, &untried);
		first = addresses.current;
		picked[first] = true;
		addresses_fail(&addresses, "silent");
		addresses_begin(&addresses);
		(void)addresses_pick(&addresses, &untried);
		again |= addresses.current == first;
	}
	ok(picked[0] && picked[1],
	    "picks at random among addresses that never failed");
	ok(!again, "an address that has just failed is not picked next");
	is_int((int64_t)untried, 2,
	    "the failed address still counts as untried");
	(void)addresses_pick(&addresses, &untried);
	ok(addresses.current == first,
	    "the failed address is picked after the other one");
	ok(addresses_pick(&addresses, &untried) == NULL && untried == 0,
	    "an attempt picks each address once");
}

/* Sends the resolver's answer: two addresses, in this order. */
static void
tell(struct addresses *addresses, int fd, const char *one, const char *other)
{
	struct resolver_answer answer = { .server = 0, .count = 2 };

	(void)strlcpy(answer.address[0], one, RESOLVER_ADDRESS_SIZE);
	(void)strlcpy(answer.address[1], other, RESOLVER_ADDRESS_SIZE);
	addresses->resolver.pending = 2;
	if (write(fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
		return;
	addresses_read(addresses);
}

static void
test_round_robin(void)
{
	struct addresses addresses;
	struct servers servers;
	size_t untried;
	int fds[2];

	(void)servers_parse(&servers, "name:1");
	addresses_init(&addresses, &servers, &none);
	if (pipe(fds) == -1 || fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1)
		return;
	addresses.resolver.fd = fds[0];
	tell(&addresses, fds[1], "10.0.0.1:1", "10.0.0.2:1");
	(void)addresses_pick(&addresses, &untried);
	addresses_fail(&addresses, "silent");
	(void)addresses_pick(&addresses, &untried);
	ok(!addresses_has_other(&addresses, 1),
	    "there is no other address when both have failed");
	tell(&addresses, fds[1], "10.0.0.2:1", "10.0.0.1:1");
	ok(!addresses_has_other(&addresses, 1),
	    "a new order of the addresses keeps their failures");
	tell(&addresses, fds[1], "10.0.0.2:1", "10.0.0.3:1");
	ok(addresses_has_other(&addresses, 1),
	    "a new address counts as another one");
}

int
main(void)
{
	test_failed_last();
	test_round_robin();
	return tap_end();
}
