/*
 * The lock's protocol: who may run, and that nobody waits for ever.  Every step
 * is one that zkrun takes (src/lock/semaphore*.c) or Curator
 * (InterProcessSemaphoreV2, InterProcessMutex), on one server's tree.
 *
 * A request is one atomic step, because a server takes them one by one.
 * Requests of other clients may come between any two of a client.  At every
 * step a client may die: its nodes go some time later.  It may lose contact:
 * the request was carried out or not, and the client looks for its nodes by
 * their uuid after a sync.  Its session may expire: its nodes go, and it starts
 * anew unless it held.  FAULTS is the number of these.  QUITTERS clients may
 * give up at any step.  HASTIES of these (-n) do not even queue if all leases
 * are taken.  Servers reap empty containers.  ETERNALS clients hold for ever.
 * Sequence numbers beyond EDGE are negative: a client with such a number is
 * ahead of all others.
 *
 * Checked: never more than MAX hold (assert), and every run ends, whoever dies
 * (no invalid end state).  So no wake-up is lost, no client waits for itself or
 * for a dead one, and no lease stays free while a client waits.  A client that
 * does not queue has seen MAX leases that existed when it was refused, or came
 * later.  At the end no node is left, and no P/leases that zkrun made unless
 * there was a fault.
 *
 * Left out: that a holder dies before its session ends, which is clock.pml (a
 * Curator client is assumed to stop by itself); servers that lag, which sync
 * and the order of one connection take care of; ACLs, revoking, deletes by
 * hand; the record of runs; queue nodes without a session.
 *
 * run.bash checks the model, and that it finds out each MUTANT, which leaves
 * out or changes one step.  One fault and one reap: 1 to 4 million states, 200
 * MB, 3 to 9 s.  Two faults, all zkrun: 14 million states, 730 MB, 85 s.
 */

#define CLIENTS	3
#define NOBODY	255

#ifndef MUTANT
#define MUTANT	0
#endif
#ifndef ZKRUNS
#define ZKRUNS	2	/* the other clients are Curator's */
#endif
#ifndef QUITTERS
#define QUITTERS	0	/* clients that may give up */
#endif
#ifndef HASTIES
#define HASTIES	0	/* quitters with -n: zkruns that do not wait */
#endif
#ifndef EDGE
#define EDGE	255	/* the last number that is not negative */
#endif
#ifndef ETERNALS
#define ETERNALS	0	/* clients that hold for ever */
#endif
#ifndef MAX
#define MAX	1	/* the number of leases: --leases */
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

/* Settings that the environment may override. */
byte mutant = MUTANT, zkruns = ZKRUNS, quitters = QUITTERS;
byte eternals = ETERNALS, max = MAX, faults = FAULTS, reaps = REAPS;
byte hasties = HASTIES, edge = EDGE;

mtype = { ZKRUN, CURATOR, DONE, EXISTS, NO_NODE };

/* The tree.  P/leases is a container, or made by zkrun. */
bool p, locks, leases, own;
bool locks_used, leases_used;		/* only a used container is reaped */
byte place[CLIENTS];			/* lock nodes: the number, or 0 */
byte next_place = 1;
bool lease[CLIENTS];
bool orphans[CLIENTS];			/* mutant 7: lost by its client */

/* One-shot watches, and whether they have fired. */
byte watched[CLIENTS] = NOBODY;		/* whose lock node it watches */
bool watches_leases[CLIENTS];
bool told[CLIENTS];
byte rival[CLIENTS] = NOBODY;		/* whose lease it watches */
bool rival_gone[CLIENTS];

byte holders;
byte begun, ended;
bool trouble;				/* there has been a fault */

#define LEASES		(lease[0] + lease[1] + lease[2] + \
			orphans[0] + orphans[1] + orphans[2])
#define ANY_LEASE	(LEASES > 0)
#define ANY_PLACE	(place[0] || place[1] || place[2])
#define LEASE_BITS	(lease[0] | lease[1] << 1 | lease[2] << 2)
#define COUNT(bits)	((bits & 1) + (bits >> 1 & 1) + (bits >> 2 & 1))

/* The order of numbers: as text, so -1 comes before -2. */
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

/* Make the missing containers, empty. */
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

/* The last client ahead in the queue, or NOBODY. */
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
/* The reply is lost.  Here the request was not carried out. */
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
/* Clients that are alike begin in order, which loses no case. */
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

/* One transaction creates P/leases with the client's lease in it. */
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
		/* If all leases are taken it does not queue. */
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
	/* A get with a watch; a missing node sets none. */
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
	/* A later contender comes behind, so the second needs no look. */
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
	 * Watch the only lease in the way by name.  If something changed
	 * meanwhile the name may be another client's by now.
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
	/* It was the only other lease, so its end suffices. */
	:: rival_gone[me] -> goto hold
	/* With each beat it looks whether a contender has come ahead of it. */
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
	/* All that ran is dead; only then the lease goes. */
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
 * Nobody waits for the reply.  zkrun leaves P/leases if others queue, because
 * Curator creates it only once.  Here zkrun may delete it, which is harder for
 * the others.
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

/* Back in the same session: which nodes are left, and which step is next? */
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

/* What the client knows of its nodes ends with the session. */
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
 * All that ran is killed, and then the session expires: all its nodes go at
 * once.  The lease clock ensures this order.
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
		/* The tree that earlier runs have left. */
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
