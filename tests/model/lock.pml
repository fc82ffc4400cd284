/*
 * Who may run, and that nobody waits for ever: the lock's protocol, step by
 * step, as zkrun takes it (src/semaphore*.c) and as Curator does
 * (InterProcessSemaphoreV2, InterProcessMutex), on one server's tree.
 *
 * A request is one atomic step, for a server takes them one by one; between any
 * two of a client's, those of the others come.  A client may die anywhere: its
 * nodes go some time later.  It may lose contact with any request: then the
 * request was carried out or not, and the client looks for its nodes by their
 * uuid, behind a sync.  It may give up whenever it waits.  Servers reap empty
 * containers.
 *
 * Checked: never two hold (assert), and every run comes to its end whoever dies
 * (no invalid end state): so no wake-up is lost and nobody waits for nobody.
 *
 * run.bash checks it, and that each -DMUTANT=n, one step left out or changed, is
 * found out.
 */

#define CLIENTS	3
#define NOBODY	255

#ifndef MUTANT
#define MUTANT	0
#endif
#ifndef ZKRUNS
#define ZKRUNS	2	/* the others are Curator's */
#endif
#ifndef PATIENTS
#define PATIENTS	3
#endif
#ifndef DEATHS
#define DEATHS	1
#endif
#ifndef LOSSES
#define LOSSES	1
#endif
#ifndef REAPS
#define REAPS	2
#endif

mtype = { ZKRUN, CURATOR, DONE, EXISTS, NO_NODE };

/* The tree.  P/leases is a container, or of zkrun's making. */
bool p, locks, leases, own;
bool locks_used, leases_used;		/* who had no child is not reaped */
byte place[CLIENTS];			/* lock nodes: 0 or the number */
byte next_place = 1;
bool lease[CLIENTS];
bool orphans[CLIENTS];			/* MUTANT 7: not known as its own */

/* One-shot watches, and what they have to tell. */
byte watched[CLIENTS] = NOBODY;		/* whose lock node */
bool watches_leases[CLIENTS];
bool told[CLIENTS];
byte rival[CLIENTS] = NOBODY;		/* whose lease is watched */
bool rival_gone[CLIENTS];

byte holders;
byte deaths = DEATHS, losses = LOSSES, reaps = REAPS;

#define LEASES		(lease[0] + lease[1] + lease[2] + \
			orphans[0] + orphans[1] + orphans[2])
#define ANY_LEASE	(LEASES > 0)
#define ANY_PLACE	(place[0] || place[1] || place[2])

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

inline make_parents() {
	p = true;
	if
	:: !locks -> locks = true; locks_used = false
	:: else
	fi;
	if
	:: !leases -> leases = true; leases_used = false; own = false
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
	:: who != 0 && place[0] != 0 && place[0] < place[who] -> found = 0
	:: else
	fi;
	if
	:: who != 1 && place[1] != 0 && place[1] < place[who] &&
	    (found == NOBODY || place[1] > place[found]) -> found = 1
	:: else
	fi;
	if
	:: who != 2 && place[2] != 0 && place[2] < place[who] &&
	    (found == NOBODY || place[2] > place[found]) -> found = 2
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

/* The reply does not come, or the request did not arrive: where(to). */
#define MAY_LOSE(where)	:: atomic { losses > 0 -> losses--; goto where }
#define MAY_DIE		:: atomic { deaths > 0 -> deaths--; goto dead }

proctype client(byte me)
{
	mtype kind, reply;
	byte before;
	bool made, ok, patient, holds, walking;

	kind = (me < ZKRUNS -> ZKRUN : CURATOR);
	/* The others may give up wherever they wait. */
	patient = (me < PATIENTS);
	if
	:: kind == CURATOR -> goto stand_in_line
	:: else
	fi;

walk_in:
	walking = true;
	if
	:: atomic {
		if
		:: p && (!leases || MUTANT == 1) ->
			leases = true;
			own = true;
			create_lease(me);
			reply = DONE;
			if
			:: losses > 0 -> losses--; goto resume
			:: true
			fi
		:: p && leases && MUTANT != 1 -> reply = EXISTS
		:: !p -> reply = NO_NODE
		fi
	   }
	MAY_LOSE(resume)
	MAY_DIE
	fi;
	if
	:: reply == DONE -> goto hold
	:: reply == NO_NODE && !made ->
		atomic { made = true; p = true; goto walk_in }
	:: else -> atomic {
		if
		:: p && !locks -> locks = true; locks_used = false
		:: else
		fi
	   }
	fi;

stand_in_line:
	atomic { walking = false; made = false; reply = DONE };
	if
	:: atomic {
		ok = false;
		if
		:: locks && p && place[me] == 0 ->
			place[me] = next_place;
			next_place++;
			locks_used = true;
			ok = true;
			if
			:: losses > 0 -> losses--; goto resume
			:: true
			fi
		:: place[me] != 0 -> ok = true
		:: else
		fi
	   }
	MAY_LOSE(resume)
	MAY_DIE
	fi;
	if
	:: ok
	:: !ok -> atomic { make_parents(); goto stand_in_line }
	fi;

look_at_line:
	atomic { find_predecessor(me, before) };
	if
	:: before == NOBODY -> goto take_lease
	:: else
	fi;
	/* A get with a watch, which a missing node does not set. */
	atomic {
		told[me] = false;
		if
		:: (place[before] == 0 || place[before] > place[me]) &&
		    MUTANT != 2 -> goto look_at_line
		:: else -> watched[me] = before
		fi
	};
	if
	:: told[me] -> goto look_at_line
	:: !patient -> goto give_up
	MAY_LOSE(resume)
	MAY_DIE
	fi;

take_lease:
	atomic { before = NOBODY; told[me] = false };
	if
	:: atomic {
		ok = false;
		if
		:: leases && p && !lease[me] ->
			create_lease(me);
			ok = true;
			if
			:: losses > 0 -> losses--; goto resume
			:: true
			fi
		:: lease[me] -> ok = true
		:: else
		fi
	   }
	MAY_LOSE(resume)
	MAY_DIE
	fi;
	if
	:: ok
	:: !ok -> atomic { make_parents(); goto take_lease }
	fi;

look_at_leases:
	atomic {
		told[me] = false;
		rival_gone[me] = false;
		rival[me] = NOBODY;
		watches_leases[me] = (MUTANT != 3);
		if
		:: LEASES <= 1 || (MUTANT == 4 && LEASES <= 2) -> goto hold
		:: else
		fi;
		before = NOBODY;
		if
		:: kind == ZKRUN && LEASES == 2 -> find_rival(me, before)
		:: else
		fi
	};
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
		:: before != NOBODY && MUTANT == 10 ->
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
	:: !patient -> goto give_up
	MAY_LOSE(resume)
	MAY_DIE
	fi;

hold:
	atomic {
		before = NOBODY; ok = false; made = false; walking = false;
		reply = DONE;
		forget_watches(me);
		holds = true;
		holders++;
		assert(holders == 1)
	};
	if
	:: atomic { delete_place(me) }
	MAY_DIE
	fi;
	if
	:: true
	MAY_DIE
	fi;
	/* Everything that ran is dead; then the lease goes. */
	atomic {
		holds = false;
		holders--;
		if
		:: MUTANT == 5 -> skip
		:: else -> delete_lease(me)
		fi
	};
	goto tidy;

give_up:
	atomic {
		before = NOBODY; ok = false;
		forget_watches(me)
	};
	if
	:: atomic { delete_lease(me) }
	MAY_DIE
	fi;
	atomic { delete_place(me) };
	goto end;

tidy:
	if
	:: atomic {
		if
		:: kind == ZKRUN && leases && own &&
		    (!ANY_LEASE || MUTANT == 6) ->
			leases = false;
			if
			:: MUTANT == 6 -> lease[0] = false; lease[1] = false;
			    lease[2] = false
			:: else
			fi;
			tell_leases()
		:: else
		fi
	   }
	MAY_DIE
	fi;
	goto end;

/* In the same session again: what is there, and which step comes next? */
resume:
	atomic {
		before = NOBODY;
		forget_watches(me)
	};
	if
	:: MUTANT == 7 && lease[me] ->
		atomic { lease[me] = false; orphans[me] = true }
	:: else
	fi;
	if
	:: lease[me] && walking && MUTANT != 9 -> goto hold
	:: lease[me] && (!walking || MUTANT == 9) -> goto look_at_leases
	:: !lease[me] && place[me] != 0 -> goto look_at_line
	:: else -> atomic {
		made = false;
		if
		:: kind == ZKRUN -> goto walk_in
		:: else -> goto stand_in_line
		fi
	   }
	fi;

/*
 * What ran is killed, then the session expires: its nodes go, all at once.
 * That the one comes before the other is what the lease clock is for.
 */
dead:
	atomic {
		if
		:: holds && MUTANT != 8 -> holders--
		:: else
		fi;
		delete_lease(me);
		orphans[me] = false;
		delete_place(me);
		forget_watches(me);
		before = NOBODY; ok = false; made = false;
		walking = false; holds = false; reply = DONE
	};
end:
	skip
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
	}
}
