/*
 * The lease clock over tables of what is sent, read and acknowledged.
 *
 * T is 28 s: a quarter of it is 7 s, a seventh 4 s.
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
	int64_t		read_ms;	/* of a connect: the negotiated T */
	int64_t		proven_ms;	/* wanted afterwards */
};

struct table {
	const char	*name;
	struct step	 steps[12];
};

static const struct table tables[] = {
	{ "connecting alone proves nothing", {
		{ STEP_CONNECT, 1000, T, LEASE_UNPROVEN },
		END } },
	{ "reads prove nothing, however many", {
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
	{ "what counts is when the reply was read, not when it was asked", {
		/* A stalled link: asked at 5 s, delivered with the write. */
		{ STEP_CONNECT, 1000, T, LEASE_UNPROVEN },
		{ STEP_READ, 5000, 12005, LEASE_UNPROVEN },
		{ STEP_WRITE, 12010, 12020, 1000 },
		END } },
	{ "steady beats prove the one before the last", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 4000, 4010, 0 },
		{ STEP_WRITE, 8000, 8010, 0 },
		{ STEP_WRITE, 12000, 12010, 4000 },
		{ STEP_WRITE, 16000, 16010, 8000 },
		END } },
	{ "a late acknowledgement proves what it would have in time", {
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
	{ "proof never goes back", {
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
		/* Without it, this would prove only what came before. */
		{ STEP_WRITE, 20000, 20010, 9000 },
		END } },
	{ "requests of an earlier connection prove nothing for a later one", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_CONNECT, 9000, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 8000, 9100, LEASE_UNPROVEN },
		{ STEP_READ, 8500, 9100, LEASE_UNPROVEN },
		{ STEP_WRITE, 30000, 30010, 9000 },
		END } },
	{ "a waiter of hours proves its last look at the line", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_READ, 9992000, 9992010, LEASE_UNPROVEN },
		{ STEP_READ, 9996000, 9996010, LEASE_UNPROVEN },
		{ STEP_READ, 10000000, 10000010, LEASE_UNPROVEN },
		/* It is its turn: the create of the lease node. */
		{ STEP_WRITE, 10003500, 10003510, 9996000 },
		END } },
	{ "a clock that jumps (suspend): a beat behind it proves no more", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_WRITE, 4000, 4010, 0 },
		{ STEP_WRITE, 12000, 12010, 4000 },
		/* An hour of sleep; only what was read before it is T/4 old. */
		{ STEP_WRITE, 3612000, 3612010, 12000 },
		{ STEP_WRITE, 3616000, 3616010, 12000 },
		/* If the servers say that the session lives, so be it. */
		{ STEP_WRITE, 3620000, 3620010, 3612000 },
		END } },
	{ "a reply that is told late does not make the others older", {
		{ STEP_CONNECT, 0, T, LEASE_UNPROVEN },
		{ STEP_READ, 9000, 9010, LEASE_UNPROVEN },
		/* It was held back until its turn, behind that read. */
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
	is_int(lease.expiry_ms, LEASE_UNPROVEN, "no proof, no expiry");
	ok(lease_stop_ms(lease.expiry_ms, 30000, 5000) < 0 &&
	    lease_last_resort_ms(lease.expiry_ms, 30000) < 0,
	    "no proof, no deadline that lies ahead");
	lease_connected(&lease, 1000, 40000);
	lease_acknowledged(&lease, 1100, 1200);
	is_int(lease.expiry_ms, 31000,
	    "a longer negotiated timeout is not believed");
	is_int(lease_beat_ms(&lease), 30000 / 7, "a beat every T/7");
	is_int(lease_patience_ms(&lease), 3750, "patience of T/8");
	lease_connected(&lease, 2000, 4000);
	is_int(lease.expiry_ms, 6000,
	    "a server that grants less brings the expiry nearer at once");
	is_int(lease_patience_ms(&lease), 500, "patience");
	lease_connected(&lease, 2500, 30000);
	is_int(lease.expiry_ms, 6000, "one that grants more does not put it "
	    "off by itself");
	lease_acknowledged(&lease, 2600, 2700);
	is_int(lease.expiry_ms, 32500, "but with a proof under its timeout");
	lease_connected(&lease, 20000, 20000);
	is_int(lease.expiry_ms, 32500,
	    "what was proved under a longer one before is not taken back");
	lease_connected(&lease, 2000, 3);
	is_int(lease_beat_ms(&lease), 1, "the shortest timeout, no spinning");
	lease_connected(&lease, 2000, 1000);
	is_int(lease_patience_ms(&lease), 300, "patience of 300 ms at least");
}

/* When the guard asks to stop and kills, and when the keeper does. */
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
		{ "the margin is 200 ms at least, the grace T/4 at most",
		    4000, 5000, 98800, 99800, 99900 },
		{ "no grace: asked to stop when killed", 30000, 0, 99400,
		    99400, 99700 },
		{ "a grace for ever is T/4", 30000, CLOCK_LONGEST_MS, 91900,
		    99400, 99700 },
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

/* A flood of replies must not push the old ones out. */
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
	    "with a reply every ms the proof is little older than T/4");
}

/*
 * The promise of the clock: with beats in steady flow, and contact lost at the
 * worst moment, the command is not asked to stop for another T/4 and a retry.
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
	    "T = 30 s: a loss of T/4 and one try in vain do no harm");
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
