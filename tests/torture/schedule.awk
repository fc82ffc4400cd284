# schedule.awk: print all faults of a round, determined by its seed.
#
# awk -f schedule.awk -v seed=N -v seconds=N
#
# Bursts and quiet periods alternate.  "burst MS" is followed by its faults in
# order: when, in ms from the begin of the burst; for how many ms (0: once, or
# without a fixed end); which fault; and its target.  "quiet MS" comes when
# everything is mended.  The participants are those of bench.bash.

# Lehmer's generator: the same in every awk.
function chance(n)
{
	state = state * 16807 % 2147483647
	return state % n
}

function between(least, most)
{
	return least + chance(most - least + 1)
}

function one_of(words,    list, n)
{
	n = split(words, list, " ")
	return list[1 + chance(n)]
}

function fault_at(at, ms, what, target)
{
	print at, ms, what, target | "sort -n"
}

function fault(ms, what, target)
{
	fault_at(between(0, burst - 1000), ms, what, target)
}

# zkrun promises to survive the failure of one of its processes at a time.  So
# each contender is picked once in a burst at most.
function victim(    n)
{
	do
		n = between(1, 24)
	while (n in picked)
	picked[n] = 1
	return sprintf("c%02d", n)
}

# One server at a time, and the next when the first is back.  A server that
# loses its leader while it catches up may lead later, and make the others
# forget what they had
# decided: ZOOKEEPER-4643, ZOOKEEPER-4646.
function servers(    at, ms, what)
{
	for (at = between(300, 2000); at < burst - 4500; \
	    at += ms + between(3500, 6000)) {
		ms = between(500, burst - 3500 - at)
		what = one_of("kill-server stop-server cut-server " \
		    "delay-server fill-disk cut-server stop-server")
		# A longer delay would hold up the leader's pings for T/4; see
		# CAVEATS.
		fault_at(at, ms, what, between(1, 3) \
		    (what == "delay-server" ? " " between(20, 200) : ""))
	}
}

function links(    n, what)
{
	for (n = between(4, 8); n > 0; n--) {
		# A task means all links of a contender that holds it then,
		# disk-TASK those of a holder with output on the disk.
		what = one_of("freeze-link swallow-link delay-link cut-link " \
		    "refuse-link freeze-link swallow-link")
		fault(between(200, 7000), what, (chance(3) == 0 ? \
		    one_of("m1 m2 s3 x1 x2") : one_of("a b c d") \
		    one_of("1 2 3 all all")) \
		    (what == "delay-link" ? " " between(10, 900) : ""))
	}
	# create delete getData multi create2 container getChildren sync
	for (n = between(3, 6); n > 0; n--)
		drop_reply(one_of("a b c d"), \
		    one_of("1 2 4 14 14 15 19 8 9"), between(0, 3), \
		    one_of("then-cut then-cut -"))
}

# A Curator client waits for ever for a reply that is lost without its
# connection, and its node blocks the queue.  So its connection is always cut.
function drop_reply(whose, operation, skipped, then)
{
	fault(0, "drop-reply", whose " " operation " " skipped " " \
	    (whose == "d" ? "then-cut" : then))
}

function processes(    n, what)
{
	for (n in picked)
		delete picked[n]
	for (n = between(7, 13); n > 0; n--) {
		what = one_of("kill-guard kill-keeper kill-command stop-guard " \
		    "stop-keeper stop-command end-guard kill-keeper stop-keeper")
		fault(what ~ /^stop/ ? between(300, 8000) : 0, what, victim())
	}
	for (n = between(1, 3); n > 0; n--)
		fault(0, "expire", one_of("m1 m2 s3 x1 x2"))
	fault(0, "step-clock", one_of("- +") between(1, 100000))
	if (chance(3) == 0)
		fault(between(500, 6000), "stop-curator", "k")
}

# The disk stalls for 1 s to 3 T, one stall at a time.  With every second stall
# a zkrun with output on the disk also loses its network.  A stall alone is
# always longer than T, because no other fault would end a session then.
function stalls(alone,    at, ms)
{
	for (at = between(300, 6000); at < burst - 1000; \
	    at += ms + between(1500, 4000)) {
		ms = between(alone ? 6000 : 1000, 12000)
		fault_at(at, ms, "stall", "disk")
		if (!alone && chance(2))
			fault_at(at + between(0, 800), between(1000, 8000), \
			    one_of("swallow-link freeze-link refuse-link"), \
			    "disk-" one_of("m1 m2 s3 x1 x2"))
	}
}

BEGIN {
	state = (seed % 2147483646) + 1
	for (i = 0; i < 10; i++)
		chance(2)
	# Mending takes another second or two.
	rounds = int(seconds / 27)
	if (rounds < 1)
		rounds = 1
	burst = 13000
	for (i = 0; i < rounds; i++) {
		print "burst " burst
		fflush()
		# Every fifth burst has stalls only.  They do not touch
		# ZooKeeper, so no zkrun may report a loss.
		if (i % 5 != 4) {
			servers()
			links()
			processes()
		}
		stalls(i % 5 == 4)
		close("sort -n")
		print "quiet 13000"
	}
}
