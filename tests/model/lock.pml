/*
 * Who may run, and that nobody waits for ever: the lock's protocol, step by
 * step, as zkrun takes it (src/lock/semaphore*.c) and as Curator does
 * (InterProcessSemaphoreV2, InterProcessMutex), on one server's tree.
 *
 * A request is one atomic step, for a server takes them one by one; between any
 * two of a client's, those of the others come.  At every step a client may die:
 * its nodes go some time later.  It may lose contact: then the request was
 * carried out or not, and the client looks for its nodes by their uuid, behind
 * a sync.  Its session may expire: its nodes go, and it starts anew unless it
 * held.  FAULTS is how often that happens.  Some give up at any step (QUITTERS),
 * and of these some do not even queue if as many hold as may (HASTIES: -n).
 * Servers reap empty containers.  Somebody may hold for ever.  Behind EDGE the
 * numbers of places are negative: who comes then is ahead of all others.
 *
 * Checked: never more than MAX hold (assert), and every run comes to its end
 * whoever dies (no invalid end state), so no wake-up is lost, nobody waits for
 * nobody, and no lease stays free while somebody waits.  Who does not queue has
 * seen MAX leases that were there when it was not let in, or came later.  At the
 * end no node is left, and no P/leases of zkrun's if nothing happened.
 *
 * Left out: that a holder is dead before its session is, which is clock.pml (a
 * Curator is taken to stop by itself); that servers lag, which sync and the
 * order of one connection take care of; ACLs, revoking, deletes by hand; the
 * record of runs; places without a session.
 *
 * run.bash checks it, and that each MUTANT, one step left out or changed, is
 * found out.  One fault and one reap: 1 to 4 million states, 200 MB, 3 to 9 s;
 * two faults, all zkrun: 14 million, 730 MB, 85 s.
 */

#define CLIENTS	3
#define NOBODY	255

#ifndef MUTANT
#define MUTANT	0
#endif
#ifndef ZKRUNS
#define ZKRUNS	2	/* the others are Curator's */
#endif
#ifndef QUITTERS
#define QUITTERS	0	/* they may give up */
#endif
#ifndef HASTIES
#define HASTIES	0	/* they do not wait: zkruns that may give up */
#endif
#ifndef EDGE
#define EDGE	255	/* the last place whose number is not negative */
#endif
#ifndef ETERNALS
#define ETERNALS	0	/* they hold for ever */
#endif
#ifndef MAX
#define MAX	1	/* how many may hold: --leases */
#endif
#ifndef FAULTS
#define FAULTS	1
#endif
#ifndef REAPS
#define REAPS	1
#endif

c_decl {
	static int setting(const char *name, int otherwise)
	{
		return getenv(name) != NULL ? atoi(getenv(name)) : otherwise;
	}
}

/* What the environment may say otherwise. */
byte mutant = MUTANT, zkruns = ZKRUNS, quitters = QUITTERS;
byte eternals = ETERNALS, max = MAX, faults = FAULTS, reaps = REAPS;
byte hasties = HASTIES, edge = EDGE;

mtype = { ZKRUN, CURATOR, DONE, EXISTS, NO_NODE };

/* The tree.  P/leases is a container, or of zkrun's making. */
bool p, locks, leases, own;
bool locks_used, leases_used;		/* who had no child is not reaped */
byte place[CLIENTS];			/* lock nodes: 0 or the number */
byte next_place = 1;
bool lease[CLIENTS];
bool orphans[CLIENTS];			/* mutant 7: not known as its own */

/* One-shot watches, and what they have to tell. */
byte watched[CLIENTS] = NOBODY;		/* whose lock node */
bool watches_leases[CLIENTS];
bool told[CLIENTS];
byte rival[CLIENTS] = NOBODY;		/* whose lease is watched */
bool rival_gone[CLIENTS];

byte holders;
byte begun, ended;
bool trouble;				/* ever */

#define LEASES		(lease[0] + lease[1] + lease[2] + \
			orphans[0] + orphans[1] + orphans[2])
#define ANY_LEASE	(LEASES > 0)
#define ANY_PLACE	(place[0] || place[1] || place[2])
#define LEASE_BITS	(lease[0] | lease[1] << 1 | lease[2] << 2)
#define COUNT(bits)	((bits & 1) + (bits >> 1 & 1) + (bits >> 2 & 1))

/* Whether one number comes before another: as text, so -1 before -2. */
#define BEFORE(a, b)	(a > edge -> (b <= edge || a > b) : \
			(b <= edge && a < b))
#define IS_AHEAD(n, who) (who != n && place[n] != 0 && \
			BEFORE(place[n], place[who]))
#define AHEAD(who)	(IS_AHEAD(0, who) + IS_AHEAD(1, who) + IS_AHEAD(2, who))

inline tell_leases() {
	if
	:: watches_leases[0] -> watches_leases[0] = false; told[0] = true
	:: else
	fi;
	if
	:: watches_leases[1] -> watches_leases[1] = false; told[1] = true
	:: else
	fi;
	if
	:: watches_leases[2] -> watches_leases[2] = false; told[2] = true
	:: else
	fi
}

inline tell_rivals(who) {
	if
	:: rival[0] == who -> rival[0] = NOBODY; rival_gone[0] = true
	:: else
	fi;
	if
	:: rival[1] == who -> rival[1] = NOBODY; rival_gone[1] = true
	:: else
	fi;
	if
	:: rival[2] == who -> rival[2] = NOBODY; rival_gone[2] = true
	:: else
	fi
}

inline forget_watches(who) {
	watched[who] = NOBODY;
	watches_leases[who] = false;
	told[who] = false;
	rival[who] = NOBODY;
	rival_gone[who] = false
}

inline tell_place(who) {
	if
	:: watched[0] == who -> watched[0] = NOBODY; told[0] = true
	:: else
	fi;
	if
	:: watched[1] == who -> watched[1] = NOBODY; told[1] = true
	:: else
	fi;
	if
	:: watched[2] == who -> watched[2] = NOBODY; told[2] = true
	:: else
	fi
}

inline delete_lease(who) {
	if
	:: lease[who] -> lease[who] = false; tell_rivals(who); tell_leases()
	:: else
	fi
}

inline delete_place(who) {
	if
	:: place[who] != 0 -> place[who] = 0; tell_place(who)
	:: else
	fi
}

/* Empty ones, where there are none. */
inline make_rooms() {
	if
	:: p && !locks -> locks = true; locks_used = false
	:: else
	fi;
	if
	:: p && !leases -> leases = true; leases_used = false; own = false
	:: else
	fi
}

inline create_lease(who) {
	lease[who] = true;
	leases_used = true;
	tell_leases()
}

/* The last one before us in line, or NOBODY. */
inline find_predecessor(who, found) {
	found = NOBODY;
	if
	:: IS_AHEAD(0, who) -> found = 0
	:: else
	fi;
	if
	:: IS_AHEAD(1, who) && (found == NOBODY ||
	    BEFORE(place[found], place[1])) -> found = 1
	:: else
	fi;
	if
	:: IS_AHEAD(2, who) && (found == NOBODY ||
	    BEFORE(place[found], place[2])) -> found = 2
	:: else
	fi
}

inline find_rival(who, found) {
	if
	:: who != 0 && lease[0] -> found = 0
	:: who != 1 && lease[1] -> found = 1
	:: who != 2 && lease[2] -> found = 2
	:: else
	fi
}

#define TROUBLE		faults--; trouble = true
/* The reply does not come: it was carried out or, here, it was not. */
#define MAY_LOSE(where)	:: atomic { faults > 0 -> \
				TROUBLE; goto where }
#define MAY_LOSE_REPLY	if \
			:: faults > 0 -> TROUBLE; goto resume \
			:: true \
			fi
#define MAY_EXPIRE	:: atomic { faults > 0 -> TROUBLE; goto expired }
#define MAY_DIE		:: atomic { faults > 0 -> TROUBLE; goto dead }
#define MAY_FAIL	MAY_LOSE(resume) MAY_EXPIRE MAY_DIE \
			:: !patient -> goto give_up

#define KIND(n)		(n < zkruns -> ZKRUN : CURATOR)
/* Of those that are alike it is all the same who begins. */
#define ALIKE(n)	(KIND(n) == KIND(n - 1) && n != quitters && \
			n != eternals && n != hasties)

proctype client(byte me)
{
	mtype kind, reply;
	byte before, seen;
	bool made, ok, patient, holds, walking, second;

	atomic {
		me == 0 || begun >= me || !ALIKE(me);
		begun++;
		kind = KIND(me);
		patient = (me >= quitters)
	};

start:
	if
	:: kind == CURATOR -> goto join_queue
	:: else
	fi;
	if
	:: mutant == 23 && me < hasties -> seen = LEASE_BITS
	:: else
	fi;

/* One transaction makes P/leases and the lease in it. */
walk_in:
	walking = true;
	if
	:: atomic {
		if
		:: p && (!leases || mutant == 1) ->
			leases = true;
			own = true;
			create_lease(me);
			reply = DONE;
			MAY_LOSE_REPLY
		:: p && leases && mutant != 1 ->
			reply = EXISTS;
			ok = (COUNT(seen) >= max);
			seen = seen & LEASE_BITS
		:: !p -> reply = NO_NODE
		fi
	   }
	MAY_FAIL
	fi;
	if
	:: reply == DONE -> goto hold
	:: reply == DONE && !patient -> goto give_up
	:: reply == NO_NODE && !made ->
		atomic { made = true; p = true; goto walk_in }
	:: reply == EXISTS && me < hasties ->
		/* As many as may: it does not queue. */
		if
		:: atomic {
			if
			:: mutant != 23 ->
				ok = (LEASES >= max);
				seen = LEASE_BITS
			:: else
			fi;
			assert(!ok || COUNT(seen) >= max);
			seen = 0;
			if
			:: ok ->
				ok = false; walking = false; made = false;
				reply = DONE;
				goto end
			:: else
			fi
		   }
		MAY_FAIL
		fi
	:: else
	fi;
	atomic {
		if
		:: p && !locks -> locks = true; locks_used = false
		:: else
		fi
	};

join_queue:
	atomic {
		walking = false; made = false; ok = false; seen = 0;
		reply = DONE
	};
	if
	:: mutant == 11 -> goto take_lease
	:: else
	fi;
	if
	:: atomic {
		ok = false;
		if
		:: locks && p && place[me] == 0 ->
			place[me] = next_place;
			next_place++;
			locks_used = true;
			ok = true;
			MAY_LOSE_REPLY
		:: place[me] != 0 -> ok = true
		:: else
		fi
	   }
	MAY_FAIL
	fi;
	if
	:: ok
	:: !ok && mutant != 19 ->
		p = true;
		atomic { make_rooms(); goto join_queue }
	fi;

look_at_line:
	if
	:: atomic {
		find_predecessor(me, before);
		second = (kind == ZKRUN && edge == 255 && AHEAD(me) == 1);
		if
		:: mutant == 12 -> before = NOBODY
		:: else
		fi
	   }
	MAY_FAIL
	fi;
	if
	:: before == NOBODY -> goto take_lease
	:: else
	fi;
	/* A get with a watch, which a missing node does not set. */
	if
	:: atomic {
		told[me] = false;
		if
		:: !IS_AHEAD(before, me) && mutant != 2 ->
			if
			:: second -> goto take_lease
			:: else -> goto look_at_line
			fi
		:: else ->
			if
			:: mutant != 13 -> watched[me] = before
			:: else
			fi
		fi
	   }
	MAY_FAIL
	fi;
	if
	/* Who comes later comes behind. */
	:: told[me] && (second || mutant == 22) -> goto take_lease
	:: told[me] && !second && mutant != 22 -> goto look_at_line
	MAY_FAIL
	fi;

take_lease:
	atomic { before = NOBODY; told[me] = false; second = false };
	if
	:: mutant == 14 -> goto look_at_leases
	:: else
	fi;
	if
	:: atomic {
		ok = false;
		if
		:: leases && p && !lease[me] ->
			create_lease(me);
			ok = true;
			MAY_LOSE_REPLY
		:: lease[me] -> ok = true
		:: else
		fi
	   }
	MAY_FAIL
	fi;
	if
	:: ok
	:: !ok && mutant != 19 ->
		p = true;
		atomic { make_rooms(); goto take_lease }
	fi;

look_at_leases:
	if
	:: atomic {
		told[me] = false;
		rival_gone[me] = false;
		rival[me] = NOBODY;
		watches_leases[me] = (mutant != 3);
		if
		:: LEASES <= max || mutant == 15 ||
		    (mutant == 4 && LEASES <= max + 1) -> goto hold
		:: else
		fi;
		before = NOBODY;
		if
		:: kind == ZKRUN && max == 1 && LEASES == 2 ->
			find_rival(me, before)
		:: else
		fi
	   }
	MAY_FAIL
	fi;
	/*
	 * The one that is in the way, and it alone, is watched by name.  When
	 * there was news meanwhile, it may be another one's by now.
	 */
	atomic {
		if
		:: before != NOBODY && lease[before] -> rival[me] = before
		:: before == NOBODY || !lease[before] || told[me]
		fi;
		if
		:: before != NOBODY && mutant == 10 ->
			watches_leases[me] = false;
			told[me] = false
		:: else
		fi;
		before = NOBODY
	};
	if
	:: told[me] -> goto look_at_leases
	/* Its end is all there is to know. */
	:: rival_gone[me] -> goto hold
	/* Now and then it looks whether somebody has come ahead of it. */
	:: kind == ZKRUN && edge != 255 && mutant != 24 && AHEAD(me) > 0 ->
		goto give_way
	MAY_FAIL
	fi;

give_way:
	if
	:: atomic { delete_lease(me); forget_watches(me); goto look_at_line }
	MAY_FAIL
	fi;

hold:
	atomic {
		before = NOBODY; seen = 0; ok = false; made = false;
		walking = false; second = false;
		reply = DONE;
		forget_watches(me);
		holds = true;
		holders++;
		assert(holders <= max)
	};
settle:
	if
	:: atomic {
		if
		:: mutant == 16
		:: else -> delete_place(me)
		fi
	   }
	MAY_LOSE(settle)
	MAY_DIE
	fi;
	if
	:: me >= eternals
	:: me < eternals ->
end_eternal:	false
	MAY_DIE
	fi;
	/* Everything that ran is dead; then the lease goes. */
	atomic { holds = false; holders-- };
release:
	if
	:: atomic {
		if
		:: mutant == 5
		:: else -> delete_lease(me)
		fi
	   }
	MAY_LOSE(release)
	MAY_DIE
	fi;
	goto tidy;

give_up:
	atomic {
		before = NOBODY; seen = 0; ok = false; made = false;
		walking = false; second = false;
		reply = DONE;
		forget_watches(me)
	};
leave:
	if
	:: atomic {
		if
		:: mutant == 17
		:: else -> delete_lease(me)
		fi
	   }
	MAY_LOSE(leave)
	MAY_DIE
	fi;
	if
	:: atomic {
		if
		:: mutant == 18
		:: else -> delete_place(me)
		fi
	   }
	MAY_LOSE(leave)
	MAY_DIE
	fi;

/*
 * Nobody waits for the reply.  zkrun leaves the room to who is in line, for Curator
 * makes it only once; here it may take it away, which is harder for the others.
 */
tidy:
	if
	:: atomic {
		if
		:: kind == ZKRUN && leases && own && mutant != 20 &&
		    (!ANY_LEASE || mutant == 6) ->
			leases = false;
			if
			:: mutant == 6 -> lease[0] = false; lease[1] = false;
			    lease[2] = false
			:: else
			fi;
			tell_leases()
		:: else
		fi
	   }
	MAY_LOSE(end)
	MAY_DIE
	fi;
	goto end;

/* In the same session again: what is there, and which step comes next? */
resume:
	atomic {
		before = NOBODY; seen = 0; second = false; ok = false;
		forget_watches(me)
	};
	if
	:: mutant == 7 && lease[me] ->
		atomic { lease[me] = false; orphans[me] = true }
	:: mutant == 21 -> false
	:: else
	fi;
	if
	:: lease[me] && walking && mutant != 9 -> goto hold
	:: lease[me] && (!walking || mutant == 9) -> goto look_at_leases
	:: !lease[me] && place[me] != 0 -> goto look_at_line
	:: else -> atomic { made = false; goto start }
	fi;

/* Nothing that we know of nodes outlives the session. */
expired:
	atomic {
		delete_lease(me);
		orphans[me] = false;
		delete_place(me);
		forget_watches(me);
		before = NOBODY; seen = 0; ok = false; made = false;
		walking = false; second = false;
		reply = DONE;
		goto start
	};

/*
 * What ran is killed, then the session expires: its nodes go, all at once.
 * That the one comes before the other is what the lease clock is for.
 */
dead:
	atomic {
		if
		:: holds && mutant != 8 -> holders--
		:: else
		fi;
		delete_lease(me);
		orphans[me] = false;
		delete_place(me);
		forget_watches(me);
		before = NOBODY; seen = 0; ok = false; made = false;
		second = false; walking = false; holds = false; reply = DONE
	};
end:
	ended++
}

proctype reaper()
{
end_idle:
	do
	:: atomic { reaps > 0 && locks && locks_used && !ANY_PLACE ->
		locks = false; reaps-- }
	:: atomic { reaps > 0 && leases && !own && leases_used && !ANY_LEASE ->
		leases = false; reaps--; tell_leases() }
	:: atomic { reaps > 0 && p && !locks && !leases -> p = false; reaps-- }
	od
}

init {
	atomic {
		c_code {
			now.mutant = setting("MUTANT", now.mutant);
			now.zkruns = setting("ZKRUNS", now.zkruns);
			now.quitters = setting("QUITTERS", now.quitters);
			now.eternals = setting("ETERNALS", now.eternals);
			now.max = setting("MAX", now.max);
			now.hasties = setting("HASTIES", now.hasties);
			now.edge = setting("EDGE", now.edge);
			now.faults = setting("FAULTS", now.faults);
			now.reaps = setting("REAPS", now.reaps);
		};
		/* What an earlier day left. */
		if
		:: skip
		:: p = true
		:: p = true; leases = true; own = true; leases_used = true
		:: p = true; locks = true; leases = true; locks_used = true
		fi;
		run client(0);
		run client(1);
		run client(2);
		run reaper()
	};
end_wait:
	atomic {
		ended == CLIENTS ->
		assert(!ANY_LEASE && !ANY_PLACE);
		assert(!(leases && own) || trouble || zkruns < CLIENTS)
	}
}
