/*
 * The mutex recipes: one transaction creates one to three ephemeral sequential
 * nodes in P, one for each kind of client that has to wait for them:
 *
 *	a  ex_c_<uuid>-lock-	Curator's InterProcessMutex, Go
 *	b  _c_<uuid>-__lock__	kazoo's Lock
 *	c  _c_<uuid>-__WRIT__	Curator's read-write lock
 *
 * ZKRUNS of three clients are zkrun: mutex (a), kazoo (a, b) or any (a, b, c).
 * They count all kinds.  The others make one node: Curator (a, counts a: names
 * without "lock-" sort behind), kazoo (b, counts b), a Curator writer (c,
 * counts c), Go (a, counts all).  Spin tries all combinations.
 *
 * A client creates its nodes, lists P, and holds if no counted node of others
 * has a number below its own first.  Otherwise it watches the highest of these,
 * and lists again when that is gone.  A request is one atomic step.  A lagging
 * server may answer a list from an older state, but not from one before the
 * client's own create.  That is a list at this earlier moment.
 *
 * FAULTS is the number of expired sessions and lost replies.  If a session
 * expires, all its nodes vanish, and the client starts anew or ends.  A holder
 * stops before (clock.pml), so its expiry looks like a release.  If the reply
 * to a create is lost, servers carry the create out or drop it, at any time
 * while the session lives.  zkrun looks for its uuid, and if it finds no node
 * it creates anew with the same uuid.  So it may own two groups of nodes.  Its
 * number is the lowest of both, or it would wait for a client that waits for
 * its first group (mutants 5, 13 and 19).
 *
 * Others delete an empty P REAPS times; numbers then start at 0 again.  PAUSES
 * times somebody creates a persistent node of kind a with number 0, and deletes
 * it later.
 *
 * Checked: no client holds together with a zkrun that made a node which the
 * client counts, and no two zkruns hold.  Nobody who counts the pause holds
 * while it exists, except those who came before it.  Without a fault, zkruns
 * hold in the order of their creates.  Every run ends: there is no deadlock (no
 * invalid end state), and with -DNP no endless loop.  Other programs may hold
 * together: Curator with kazoo does.
 *
 * Left out: negative numbers; Curator's order of kazoo's names by their hex
 * digits; lost replies of the others; more than one late create in a session;
 * shared locks; nodes deleted by hand.
 *
 * One fault: 1 to 2 million states, 150 MB, 2 to 4 s.  Two faults: 9 to 15
 * million states, 900 MB, 35 s.
 */

#define CLIENTS	3
#define NONE	255
#define PAUSE	18	/* the index of the pause among the nodes */

#ifndef MUTANT
#define MUTANT	0
#endif
#ifndef ZKRUNS
#define ZKRUNS	2
#endif
#ifndef FAULTS
#define FAULTS	1
#endif
#ifndef REAPS
#define REAPS	1
#endif
#ifndef PAUSES
#define PAUSES	0
#endif

c_decl {
	static int setting(const char *name, int otherwise)
	{
		return getenv(name) != NULL ? atoi(getenv(name)) : otherwise;
	}
}

/* Settings that the environment may override. */
byte mutant = MUTANT, zkruns = ZKRUNS, faults = FAULTS, reaps = REAPS;
byte pauses = PAUSES;

/* Kinds of nodes are bits: 1 is a, 2 is b, 4 is c. */
byte makes[CLIENTS], counts[CLIENTS];

/* The numbers of the nodes: of each client two groups of a, b and c. */
bool p;
byte next, children;
byte node[PAUSE + 1] = NONE;
bool pending[CLIENTS];		/* a create without a reply */

byte watched[CLIENTS] = NONE;	/* index of a node */
bool told[CLIENTS];

byte begun, ended;
bool trouble;			/* there has been a fault */

/* Sets of clients, as bits. */
byte holding, waiting, paused;
byte ahead[CLIENTS];		/* zkruns that waited when it came */

hidden byte i, j, kinds, first;

#define BIT(n)		(1 << (n))
#define IN(set, n)	(set >> (n) & 1)
#define OWNER(i)	((i) / 6)
#define SECOND_GROUP(i)	((i) % 6 >= 3)
#define KIND(i)		BIT((i) % 3)
#define EXISTS(i)	(node[i] != NONE)
#define ZKRUN(n)	((n) < zkruns)
#define IS(m, n)	(mutant == (m) && ZKRUN(n))

#define COUNTS(n, i)	(IS(6, n) -> KIND(i) == 1 && i != PAUSE : \
			(counts[n] & KIND(i)) && !(IS(15, n) && i == PAUSE))
#define OWNS(n, i)	(OWNER(i) == n && !(IS(13, n) && SECOND_GROUP(i)))
#define EXCLUDES(m, n)	(m != n && \
			(ZKRUN(m) && (ZKRUN(n) || (counts[n] & makes[m])) || \
			ZKRUN(n) && (counts[m] & makes[n])))

/* Mutants 1 to 3 drop a node of three, mutant 4 creates one at a time. */
inline create(who, group, mask) {
	d_step {
		kinds = makes[who] & mask;
		if
		:: mutant >= 1 && mutant <= 3 && makes[who] == 7 ->
			kinds = kinds & ~BIT(mutant - 1)
		:: else
		fi;
		for (i : 0 .. 2) {
			if
			:: IN(kinds, i) ->
				node[who * 6 + group * 3 + i] = next;
				next++;
				assert(next < NONE);
				children++
			:: else
			fi
		}
	}
}

/* The client comes, unless a late create was there before. */
inline arrive(who) {
	d_step {
		if
		:: EXISTS(who * 6) || EXISTS(who * 6 + 3)
		:: else ->
			ahead[who] = (trouble || !ZKRUN(who) -> 0 : waiting);
			waiting = waiting | (ZKRUN(who) -> BIT(who) : 0);
			paused = paused | (EXISTS(PAUSE) && (counts[who] & 1) ->
			    BIT(who) : 0)
		fi
	}
}

inline delete(from, to) {
	d_step {
		for (i : from .. to) {
			if
			:: EXISTS(i) ->
				node[i] = NONE;
				children--;
				for (j : 0 .. CLIENTS - 1) {
					told[j] = told[j] || watched[j] == i;
					watched[j] = (watched[j] == i -> NONE :
					    watched[j])
				}
			:: else
			fi
		}
	}
}

inline end_session(who) {
	delete(who * 6, who * 6 + 5);
	pending[who] = false;
	watched[who] = NONE;
	told[who] = false;
	waiting = waiting & ~BIT(who);
	paused = paused & ~BIT(who);
	ahead[who] = 0
}

/* Find the highest node that the client has to wait for. */
inline list(who) {
	d_step {
		first = NONE;
		before = NONE;
		for (i : 0 .. PAUSE) {
			if
			:: EXISTS(i) && OWNS(who, i) && (first == NONE ||
			    (IS(5, who) -> node[i] > first :
			    node[i] < first)) && !(IS(19, who) &&
			    SECOND_GROUP(i) && EXISTS(who * 6)) ->
				first = node[i]
			:: else
			fi
		}
		first = (first == NONE && mutant == 9 -> kept : first);
		for (i : 0 .. PAUSE) {
			if
			:: EXISTS(i) && COUNTS(who, i) &&
			    (!OWNS(who, i) || IS(11, who)) &&
			    (node[i] < first && !IS(10, who) ||
			    node[i] > first && IS(10, who) ||
			    node[i] == first && IS(11, who)) &&
			    (before == NONE || node[i] > node[before]) ->
				before = i
			:: else
			fi
		}
		seen = (before == NONE -> NONE : node[before]);
		kept = (IS(9, who) -> first : 0)
	}
}

inline begin_to_hold(who) {
	d_step {
		for (i : 0 .. CLIENTS - 1) {
			assert(!IN(holding, i) || !EXCLUDES(who, i))
		}
		assert(!IN(paused, who));
		assert(trouble || !(ahead[who] & waiting));
		holding = holding | BIT(who);
		waiting = waiting & ~BIT(who);
		ahead[who] = 0
	}
}

#define MAY_EXPIRE	:: atomic { faults > 0 -> \
				faults--; trouble = true; goto expired }

proctype client(byte me)
{
	byte before = NONE, seen = NONE, kept;
	bool vacant;

	/* Clients that are alike begin in order, which loses no case. */
	atomic {
		me == 0 || begun >= me || ZKRUN(me) != ZKRUN(me - 1) ||
		    makes[me] != makes[me - 1] || counts[me] != counts[me - 1];
		begun++
	};

start:
	if
	:: atomic { IS(7, me) -> list(me); vacant = (before == NONE);
		before = NONE; seen = NONE }
	:: !IS(7, me)
	fi;
make:
	if
	:: atomic { p ->
		arrive(me);
		if
		:: IS(4, me) -> create(me, 0, 1)
		:: else -> create(me, 0, 7)
		fi
	   }
	:: atomic { !p -> p = true; next = 0; goto make }
	/* The reply is lost. */
	:: atomic { faults > 0 && ZKRUN(me) && p && !pending[me] &&
	    !EXISTS(me * 6 + 3) ->
		faults--;
		trouble = true;
		pending[me] = true
	   };
		goto resume
	MAY_EXPIRE
	fi;
	if
	:: IS(4, me) ->
		atomic { create(me, 0, 2) };
		atomic { create(me, 0, 4) }
	:: atomic { IS(7, me) && vacant -> begin_to_hold(me); goto hold }
	:: else
	fi;

look:
	if
	:: atomic {
		list(me);
		if
		:: before == NONE -> begin_to_hold(me); goto hold
		:: else
		fi
	   }
	MAY_EXPIRE
	fi;
	if
	:: atomic {
		if
		:: mutant == 18 -> goto look
		:: node[before] == seen && !IS(12, me) && mutant != 18 ->
			watched[me] = before
		/* It is gone meanwhile. */
		:: node[before] != seen && !IS(14, me) && mutant != 18 ->
			goto look
		:: else
		fi;
		before = NONE;
		seen = NONE
	   }
	MAY_EXPIRE
	fi;
	if
	:: atomic { told[me] ->
		told[me] = false;
		if
		:: IS(8, me) -> begin_to_hold(me)
		:: IS(16, me) -> mutant = 0; end_session(me); goto start
		:: else -> goto look
		fi
	   }
	MAY_EXPIRE
	fi;

hold:
	/* The command is dead before the session ends. */
	if
	:: IS(17, me) -> atomic { end_session(me) }
	:: else
	fi;
	atomic { holding = holding & ~BIT(me); kept = 0; vacant = false };
	/* A late create may come between release and the session's end. */
	atomic { delete(me * 6, me * 6 + 5) };
	goto end;

/* Back in the same session: look for the uuid. */
resume:
	if
	:: atomic {
		if
		:: EXISTS(me * 6 + 3) && !IS(13, me) -> goto look
		:: else -> goto make
		fi
	   }
	MAY_EXPIRE
	fi;

expired:
	atomic {
		end_session(me);
		before = NONE;
		seen = NONE;
		vacant = false;
		if
		:: IS(9, me) -> goto look
		:: !IS(9, me) -> goto start
		:: !IS(9, me)
		fi
	};
end:
	atomic { end_session(me); ended++ }
}

/* Late creates, and what others do to P. */
proctype world()
{
	byte n;

end_idle:
	do
	:: atomic {
		if
		:: pending[0] -> n = 0
		:: pending[1] -> n = 1
		:: pending[2] -> n = 2
		fi;
		pending[n] = false;
		if
		:: p ->
			arrive(n);
			create(n, 1, 7)
		:: true
		fi;
		n = 0
	   }
	:: atomic { reaps > 0 && p && children == 0 -> reaps--; p = false }
	:: atomic { pauses > 0 && !EXISTS(PAUSE) ->
		pauses--;
		next = (p -> next + 1 : 1);
		p = true;
		node[PAUSE] = 0;
		children++
	   }
	:: atomic { EXISTS(PAUSE) -> delete(PAUSE, PAUSE); paused = 0 }
	od
}

init {
	byte n;

	atomic {
		c_code {
			now.mutant = setting("MUTANT", now.mutant);
			now.zkruns = setting("ZKRUNS", now.zkruns);
			now.faults = setting("FAULTS", now.faults);
			now.reaps = setting("REAPS", now.reaps);
			now.pauses = setting("PAUSES", now.pauses);
		};
		do
		:: n < zkruns ->
			counts[n] = 7;
			if
			:: n == 0 || makes[n - 1] == 1 -> makes[n] = 1
			:: n == 0 || makes[n - 1] <= 3 -> makes[n] = 3
			:: makes[n] = 7
			fi;
			n++
		:: n >= zkruns && n < CLIENTS ->
			if
			:: n == zkruns || counts[n - 1] == 1 ->
				makes[n] = 1; counts[n] = 1
			:: n == zkruns || counts[n - 1] <= 2 ->
				makes[n] = 2; counts[n] = 2
			:: n == zkruns || counts[n - 1] <= 4 ->
				makes[n] = 4; counts[n] = 4
			:: makes[n] = 1; counts[n] = 7
			fi;
			n++
		:: n == CLIENTS -> break
		od;
		n = 0;
		run client(0);
		run client(1);
		run client(2);
		run world()
	};
end_wait:
	atomic {
		ended == CLIENTS ->
		assert(children == (EXISTS(PAUSE) -> 1 : 0))
	}
}
