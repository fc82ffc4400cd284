/*
 * Tests the lease clock with tables of requests and replies.
 *
 * T is 28 s, T/4 is 7 s and T/7 is 4 s.
 */
#include "base/clock.h"
#include "lock/lease.h"
#include "tap.h"

#define T	28000
#define END	{ STEP_END, 0, 0, 0 }

enum step_kind { STEP_END, STEP_CONNECT, STEP_READ, STEP_WRITE };

struct step {
	enum step_kind	kind;
	int64_t		sent_ms;
	int64_t		read_ms;	/* for a connect: the negotiated T */
	int64_t		proven_ms;	/* expected after the step */
};

struct table {
	const char	*name;
	struct step	 steps[12];
};

static const struct table tables[] = {
	{ "a connection alone proves nothing", {
		{ STEP_CONNECT, 1000, T, LEASE_UNPROVEN },
		END } },
	{ "any number of reads proves nothing", {
		{ STEP_CONNECT, 1000, T, LEASE_UNPROVEN },
		{ STEP_READ, 2000, 2010, LEASE_UNPROVEN },
		{ STEP_READ, 20000, 20010, LEASE_UNPROVEN },
		END } },
	{ "the first acknowledged write proves the connect request", {
		{ STEP_CONNECT, 1000, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 1010, 1020, 1000 },
		END } },
	{ "a write does not prove itself", {
		{ STEP_CONNECT, 1000, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 20000, 20010, 1000 },
		END } },
	{ "a write proves a request read T/4 before it was sent", {
		{ STEP_CONNECT, 1000, T, LEASE_UNPROVEN },
		{ STEP_READ, 5000, 5010, LEASE_UNPROVEN },
		{ STEP_WRITE, 12010, 12020, 5000 },
		END } },
	{ "a reply read less than T/4 before the write proves nothing", {
		{ STEP_CONNECT, 1000, T, LEASE_UNPROVEN },
		{ STEP_READ, 5000, 5010, LEASE_UNPROVEN },
		{ STEP_WRITE, 12009, 12020, 1000 },
		END } },
	{ "the time of the reply counts, not that of the request", {
		/* A stalled link delivers the request with the write. */
		{ STEP_CONNECT, 1000, T, LEASE_UNPROVEN },
		{ STEP_READ, 5000, 12005, LEASE_UNPROVEN },
		{ STEP_WRITE, 12010, 12020, 1000 },
		END } },
	{ "each beat proves the one before the last", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 4000, 4010, 0 },
		{ STEP_WRITE, 8000, 8010, 0 },
		{ STEP_WRITE, 12000, 12010, 4000 },
		{ STEP_WRITE, 16000, 16010, 8000 },
		END } },
	{ "a late acknowledgement proves as much as a prompt one", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 4000, 4010, 0 },
		{ STEP_WRITE, 12000, 25000, 4000 },
		END } },
	{ "a lost acknowledgement proves nothing, the next one does", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 4000, 4010, 0 },
		{ STEP_WRITE, 16000, 16010, 4000 },
		END } },
	{ "a duplicate acknowledgement changes nothing", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 4000, 4010, 0 },
		{ STEP_WRITE, 12000, 12010, 4000 },
		{ STEP_WRITE, 12000, 12010, 4000 },
		END } },
	{ "the proven time never goes back", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 4000, 4010, 0 },
		{ STEP_WRITE, 12000, 12010, 4000 },
		{ STEP_WRITE, 10000, 12020, 4000 },
		END } },
	{ "a reconnect keeps the proof and empties the list", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 4000, 4010, 0 },
		{ STEP_WRITE, 8000, 8010, 0 },
		{ STEP_CONNECT, 9000, T, 0 },
		/* Without the reconnect, this would prove 8000. */
		{ STEP_WRITE, 20000, 20010, 9000 },
		END } },
	{ "requests of an earlier connection prove nothing for a later one", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_CONNECT, 9000, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 8000, 9100, LEASE_UNPROVEN },
		{ STEP_READ, 8500, 9100, LEASE_UNPROVEN },
		{ STEP_WRITE, 30000, 30010, 9000 },
		END } },
	{ "after hours in the queue, the lease create proves a recent read", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_READ, 9992000, 9992010, LEASE_UNPROVEN },
		{ STEP_READ, 9996000, 9996010, LEASE_UNPROVEN },
		{ STEP_READ, 10000000, 10000010, LEASE_UNPROVEN },
		/* At the front: the create of the lease node. */
		{ STEP_WRITE, 10003500, 10003510, 9996000 },
		END } },
	{ "a beat after a suspend proves only what was read before it", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 4000, 4010, 0 },
		{ STEP_WRITE, 12000, 12010, 4000 },
		/* Only replies read before the suspend are T/4 old. */
		{ STEP_WRITE, 3612000, 3612010, 12000 },
		{ STEP_WRITE, 3616000, 3616010, 12000 },
		/* The servers confirm that the session still lives. */
		{ STEP_WRITE, 3620000, 3620010, 3612000 },
		END } },
	{ "a reply reported late does not make the others older", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_READ, 9000, 9010, LEASE_UNPROVEN },
		/* The session reports this older reply only now. */
		{ STEP_WRITE, 1000, 1010, 0 },
		{ STEP_WRITE, 9020, 9030, 0 },
		{ STEP_WRITE, 16030, 16040, 9020 },
		END } },
	{ "a shorter negotiated timeout shortens T/4 as well", {
		{ STEP_CONNECT, 0, 14000, LEASE_UNPROVEN },
		{ STEP_READ, 1000, 1010, LEASE_UNPROVEN },
		{ STEP_WRITE, 4510, 4520, 1000 },
		END } },
};

static void
run_table(const struct table *table)
{
	const struct step *step;
	struct lease lease;
	int64_t wanted_ms;
	bool good;

	good = true;
	lease_init(&lease, T);
	for (step = table->steps; step->kind != STEP_END; step++) {
		switch (step->kind) {
		case STEP_CONNECT:
			lease_connected(&lease, step->sent_ms, step->read_ms);
			break;
		case STEP_READ:
			lease_replied(&lease, step->sent_ms, step->read_ms);
			break;
		case STEP_WRITE:
			lease_acknowledged(&lease, step->sent_ms,
			    step->read_ms);
			break;
		case STEP_END:
			break;
		}
		wanted_ms = step->proven_ms == LEASE_UNPROVEN ?
		    LEASE_UNPROVEN : step->proven_ms + lease.timeout_ms;
		if (lease.expiry_ms != wanted_ms) {
			good = false;
			printf("# step %d: expiry %" PRId64 ", wanted %" PRId64
			    "\n", (int)(step - table->steps), lease.expiry_ms,
			    wanted_ms);
		}
	}
	(void)ok(good, "%s", table->name);
}

static void
check_arithmetic(void)
{
	struct lease lease;

	lease_init(&lease, 30000);
	is_int(lease.expiry_ms, LEASE_UNPROVEN,
	    "without proof there is no expiry");
	ok(lease_stop_ms(lease.expiry_ms, 30000, 5000) < 0 &&
	    lease_last_resort_ms(lease.expiry_ms, 30000) < 0,
	    "without proof no deadline lies ahead");
	lease_connected(&lease, 1000, 40000);
	lease_acknowledged(&lease, 1100, 1200);
	is_int(lease.expiry_ms, 31000,
	    "a longer negotiated timeout is ignored");
	is_int(lease_beat_ms(&lease), 30000 / 7, "a beat every T/7");
	is_int(lease_patience_ms(&lease), 3750, "patience of T/8");
	lease_connected(&lease, 2000, 4000);
	is_int(lease.expiry_ms, 6000,
	    "a server that grants less shortens the lease at once");
	is_int(lease_patience_ms(&lease), 500,
	    "a shorter T means less patience");
	lease_connected(&lease, 2500, 30000);
	is_int(lease.expiry_ms, 6000, "a server that grants more does not "
	    "extend the lease");
	lease_acknowledged(&lease, 2600, 2700);
	is_int(lease.expiry_ms, 32500,
	    "a proof under its timeout extends the lease");
	lease_connected(&lease, 20000, 20000);
	is_int(lease.expiry_ms, 32500,
	    "a proof under a longer timeout stays valid");
	lease_connected(&lease, 2000, 3);
	is_int(lease_beat_ms(&lease), 1, "a beat takes at least 1 ms");
	lease_connected(&lease, 2000, 1000);
	is_int(lease_patience_ms(&lease), 300, "patience of at least 300 ms");
}

/* Tests the deadlines of guard and keeper. */
static void
check_deadlines(void)
{
	static const struct {
		const char	*what;
		int64_t		 timeout_ms, kill_after_ms;
		int64_t		 stop_ms, kill_ms, last_ms;
	} cases[] = {
		{ "the margin is 2 % of T, the grace is kill-after",
		    30000, 5000, 94400, 99400, 99700 },
		{ "the margin is at least 200 ms, the grace at most T/4",
		    4000, 5000, 98800, 99800, 99900 },
		{ "without kill-after there is no grace", 30000, 0, 99400,
		    99400, 99700 },
		{ "an endless kill-after gives a grace of T/4", 30000,
		    CLOCK_LONGEST_MS, 91900, 99400, 99700 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(lease_stop_ms(100000, cases[i].timeout_ms,
		    cases[i].kill_after_ms) == cases[i].stop_ms &&
		    lease_kill_ms(100000, cases[i].timeout_ms) ==
		    cases[i].kill_ms &&
		    lease_last_resort_ms(100000, cases[i].timeout_ms) ==
		    cases[i].last_ms, "%s", cases[i].what);
}

/* Many replies must not push the old ones out of the ring. */
static void
check_flood(void)
{
	struct lease lease;
	int64_t now_ms;

	lease_init(&lease, T);
	lease_connected(&lease, 0, T);
	for (now_ms = 0; now_ms < 100000; now_ms++)
		lease_replied(&lease, now_ms, now_ms + 1);
	lease_acknowledged(&lease, now_ms, now_ms + 1);
	(void)ok(lease.expiry_ms - T > now_ms - T / 4 - T / 28 &&
	    lease.expiry_ms - T <= now_ms - T / 4,
	    "with a reply each ms, the proof is little older than T/4");
}

/*
 * With steady beats and contact lost at the worst moment, the command keeps
 * running for another T/4 and one failed try.
 */
static void
check_tolerance(void)
{
	struct lease lease;
	int64_t beat_ms, now_ms, stop_ms;
	int i;

	lease_init(&lease, 30000);
	lease_connected(&lease, 0, 30000);
	beat_ms = lease_beat_ms(&lease);
	for (i = 1, now_ms = 0; i < 10; i++) {
		now_ms += beat_ms;
		lease_acknowledged(&lease, now_ms, now_ms + 1);
	}
	stop_ms = lease_stop_ms(lease.expiry_ms, 30000, 5000);
	(void)ok(stop_ms - (now_ms + beat_ms) >= 30000 / 4 +
	    lease_patience_ms(&lease),
	    "T = 30 s: losing contact for T/4 and one try is harmless");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		run_table(&tables[i]);
	check_arithmetic();
	check_deadlines();
	check_flood();
	check_tolerance();
	return tap_end();
}
