/*
 * The lease clock (src/lock/lease.h): no command of the old holder is alive
 * when the next contender may get the lease.
 *
 * One zkrun with three servers, in whole units of time.  T, the session
 * timeout, is 8 or 16 units.  An age of T means "too old to count" or "never".
 * The leader counts the session's time.  Any request renews it: at once at the
 * leader itself, and at a follower with a ping less than T/4 later.  A connect
 * request renews it while it is answered.  A write needs the leader and a
 * quorum, a read only the server that gets it.  A new leader gives every
 * session the whole T.
 *
 * There are FAULTS faults, each of any length.  One server is cut off from the
 * others: a follower serves on until it notices, and so does a leader, while
 * the others elect another one.  Messages held up by the cut arrive if it ends
 * before that.  The link to one server, or to all of them, stalls, and delivers
 * everything afterwards.  A connection breaks.  The guard or the keeper hangs.
 *
 * In the queue zkrun sends reads and waits.  At the front it writes, and leaves
 * a server that is silent for T/8.  It starts the command when the clock allows
 * it, and asks it to stop GRACE before the deadline.  The guard kills the
 * command at the deadline, or the keeper half a margin later.  The command
 * never ends earlier.
 *
 * Checked: when the session expires no command is alive, and none starts later.
 * zkrun does not stop the command without a fault, nor with SMOOTH, where
 * another server can be reached.  2T after the last fault the command runs, or
 * the lease is gone and free for the next contender.
 *
 * Left out: rates of clocks and the time to kill, which the margin covers; data
 * that an abandoned connection still delivers, which could only renew; a
 * release before the session's end; --on-loss ignore.  The model fails, as it
 * must, without what it rests on: pings in time (HOLDUP=2).  When a cut ends,
 * the answer to a ping may come behind a write (HOLDUP=1).  That is harmless
 * with one cut, as news and pings keep the order of one connection (with LINE=2
 * they do not).  It fails if the link is cut again at that very moment.
 * SMOOTH=2 fails, too: a link that stalls right before the start may leave the
 * command so little time that zkrun stops it before the next proof, although
 * the link is well again.
 *
 * run.bash checks the model, and that it finds out each MUTANT.  With one fault
 * it has 190000 states and takes half a second, or with T of 16 790000, 120 MB
 * and 2 s.  With two faults it has 11 million, 1.1 GB and 2 minutes, or with T
 * of 16 29 million, 3.1 GB and 4 minutes.
 */

#ifndef MUTANT
#define MUTANT	0
#endif
#ifndef T
#define T	8
#endif
#ifndef FAULTS
#define FAULTS	1
#endif
#ifndef READS
#define READS	1	/* of a holder, besides its beats */
#endif
#ifndef LINE
#define LINE	1	/* 1: begins in the queue; 2: the same, and comes to
			   the front without a message; 0: begins at the
			   front, with no fault before it runs */
#endif
#ifndef SMOOTH
#define SMOOTH	0	/* 1: faults only while it runs, at a server that it
			   can leave; 2: no fault while it runs */
#endif
#ifndef GRACE
#define GRACE	(T / 4)	/* or less: --kill-after */
#endif
#ifndef HOLDUP
#define HOLDUP	0	/* 1: after a cut pings may come behind writes; 2: pings
			   may always come later than T/4 */
#endif

c_decl {
	static int setting(const char *name, int otherwise)
	{
		return getenv(name) != NULL ? atoi(getenv(name)) : otherwise;
	}
}

/* Settings that the environment may override. */
byte mutant = MUTANT, faults = FAULTS, reads = READS, line = LINE;
byte smooth = SMOOTH, holdup = HOLDUP, grace = GRACE;

#define QUARTER		(T / 4)
#define BEAT		(mutant == 12 -> T / 2 : T / 8)
#define PATIENCE	(mutant == 11 -> T : T / 8)
#define MARGIN		(mutant == 4 -> 0 : T / 8)
#define PING		(holdup == 2 -> T / 4 + 1 : T / 4 - 1)

/* Ages of the proof at which each action is due. */
#define KILL_AGE	(T - MARGIN)
#define KEEPER_AGE	(T - (MARGIN + 1) / 2 + (mutant == 3 -> grace : 0))
#define STOP_AGE	(KILL_AGE - (mutant == 3 -> 0 : grace))

#define NOBODY	3
#define ALL	4
#define NONE	255

mtype = { READ, WRITE };
mtype = { SENT, ARRIVED, COMMITTED, ANSWERED };
mtype = { OFF, ASKED, CONNECTED, UP };

/* The servers. */
byte leader;
byte cut = NOBODY;		/* the server that is cut off from the others */
bool serves = true;		/* it has not noticed yet */
bool deposed;			/* it still believes that it leads */
byte left = T;			/* until the leader expires the session */
bool gone;			/* the session has expired; the lease is free */

/* The link. */
byte mute = NOBODY;		/* the server whose link to zkrun stalls */
byte at;			/* the server that zkrun is connected to */
byte untold = NONE;		/* age of what it has not told the leader */
bool telling;			/* its ping is under way */
mtype connection = UP;

/* At most two requests are under way, in this order. */
byte asked;			/* age of the connect request */
byte requests;
mtype kind[2] = READ;
mtype stage[2] = SENT;
byte sent[2];			/* ages */
byte proof[2];			/* the age that it will prove */

/* The clock: ages. */
byte proven = T;
byte ripe;			/* newest touch whose reply is T/4 old */
byte fresh[QUARTER] = T;	/* touches by the age of a younger reply */
byte since_beat;

/* The run. */
bool listing, head, has_lease, started, alive, stopping;
bool trouble;			/* there has been a fault */
bool guard_hangs, keeper_hangs;
byte final;			/* until the guard kills */
byte quiet;

#define HEARD(s)	(s == leader || (s != cut && leader != cut))
#define SERVES(s)	(s != cut || serves)
#define LINK		(mute != at && mute != ALL)
#define ON_LINE		(connection == UP && LINK && SERVES(at))

#define CAN_ARRIVE(i)	(requests > i && stage[i] == SENT && ON_LINE && \
			(i == 0 || stage[0] != SENT))
#define CAN_READ(i)	(requests > i && stage[i] == ARRIVED && \
			(kind[i] == READ || mutant == 1) && \
			connection == UP && \
			(i == 0 || stage[0] == ANSWERED))
#define CAN_COMMIT(i)	(requests > i && stage[i] == ARRIVED && \
			kind[i] == WRITE && connection == UP && !gone && \
			leader != cut && at != cut && !telling)
#define CAN_ANSWER(i)	(requests > i && stage[i] == COMMITTED && \
			connection == UP && HEARD(at) && \
			(i == 0 || stage[0] == ANSWERED))
#define CAN_TAKE	(!keeper_hangs && requests > 0 && \
			stage[0] == ANSWERED && ON_LINE)
#define MUST_SEEK	(!keeper_hangs && connection == OFF)
#define CAN_CONNECT	(connection == ASKED && LINK && SERVES(at) && \
			!gone && (HEARD(at) || (at == cut && deposed)))
#define CAN_BE_UP	(!keeper_hangs && connection == CONNECTED && LINK)
#define MUST_LEAVE	(!keeper_hangs && \
			((connection == ASKED || connection == CONNECTED) && \
			asked >= PATIENCE || \
			connection == UP && head && requests > 0 && \
			sent[0] >= PATIENCE))
#define MUST_TELL	(untold != NONE && untold >= PING && HEARD(at))
#define MUST_BEAT	(!keeper_hangs && since_beat >= BEAT && \
			connection == UP && !DONE)
#define MUST_EXPIRE	(left == 0 && !gone && leader != cut)
#define MUST_START	(!keeper_hangs && has_lease && !started && \
			(proven < STOP_AGE || mutant == 10))
#define MUST_STOP	(alive && !stopping && proven >= STOP_AGE && \
			!guard_hangs && mutant != 13)
#define MUST_KILL	(alive && stopping && final == 0 && !guard_hangs)
#define KEEPER_MUST	(alive && proven >= KEEPER_AGE && \
			!keeper_hangs && mutant != 9)
#define DONE		(started && !alive)
#define MAY_FAIL	(faults > 0 && (started && smooth != 2 || \
			!started && smooth != 1 && line))
#define FAILING		(cut != NOBODY || mute != NOBODY || \
			guard_hangs || keeper_hangs)

inline drop() {
	connection = OFF;
	requests = 0;
	untold = NONE;
	telling = false;
	kind[0] = READ; kind[1] = READ;
	stage[0] = SENT; stage[1] = SENT;
	sent[0] = 0; sent[1] = 0;
	proof[0] = 0; proof[1] = 0;
	asked = 0
}

inline forget_touches() {
	for (i : 0 .. QUARTER - 1) {
		fresh[i] = T
	}
}

/* Hand a request to the library now. */
inline send(what) {
	kind[requests] = what;
	stage[requests] = SENT;
	sent[requests] = 0;
	proof[requests] = T;
	if
	:: what == WRITE ->
		proof[requests] = ripe;
		if
		:: mutant == 6 ->
			/* Judges by the time of sending alone. */
			for (i : 0 .. QUARTER - 1) {
				if
				:: fresh[i] >= QUARTER &&
				    fresh[i] < proof[requests] ->
					proof[requests] = fresh[i]
				:: else
				fi
			}
			if
			:: requests > 0 && sent[0] >= QUARTER &&
			    sent[0] < proof[requests] ->
				proof[requests] = sent[0]
			:: else
			fi
		:: else
		fi
	:: else
	fi;
	requests++
}

inline arrive(n) {
	stage[n] = ARRIVED;
	if
	:: at == leader -> left = T
	:: at == cut && deposed
	:: else ->
		if
		:: untold == NONE -> untold = 0
		:: else
		fi
	fi
}

/* Earlier pings are ahead of the answer, and so are their replies. */
inline answer(n) {
	stage[n] = ANSWERED;
	telling = (untold != NONE && untold >= PING)
}

/* The client takes a reply. */
inline take_reply() {
	if
	:: mutant == 7 -> ripe = sent[0]
	:: sent[0] < fresh[0] && mutant != 7 -> fresh[0] = sent[0]
	:: else
	fi;
	if
	:: kind[0] == WRITE ->
		has_lease = true;
		if
		:: proof[0] < proven -> proven = proof[0]
		:: else
		fi;
		if
		:: mutant == 2 -> proven = 0
		:: mutant == 8 && sent[0] < proven -> proven = sent[0]
		:: else
		fi
	:: else
	fi;
	requests--;
	if
	:: listing && requests == 0 ->
		/* It is at the front. */
		listing = false;
		head = true
	:: else
	fi;
	kind[0] = kind[1]; stage[0] = stage[1]; sent[0] = sent[1];
	proof[0] = proof[1];
	kind[1] = READ; stage[1] = SENT; sent[1] = 0; proof[1] = 0;
	if
	:: head && !has_lease && requests == 0 -> since_beat = 0; send(WRITE)
	:: else
	fi
}

#define GROW(age)	age = (age < T -> age + 1 : T)

inline tick() {
	if
	:: fresh[QUARTER - 1] < ripe -> ripe = fresh[QUARTER - 1]
	:: else
	fi;
	i = QUARTER - 1;
	do
	:: i > 0 -> fresh[i] = fresh[i - 1]; GROW(fresh[i]); i--
	:: else -> break
	od;
	fresh[0] = T;
	GROW(ripe);
	GROW(proven);
	if
	:: connection == ASKED || connection == CONNECTED -> GROW(asked)
	:: else
	fi;
	if
	:: requests > 0 -> GROW(sent[0]); GROW(proof[0])
	:: else
	fi;
	if
	:: requests > 1 -> GROW(sent[1]); GROW(proof[1])
	:: else
	fi;
	since_beat = (since_beat < BEAT -> since_beat + 1 : since_beat);
	final = (final > 0 -> final - 1 : 0);
	left = (left > 0 -> left - 1 : 0);
	untold = (untold != NONE && untold < PING -> untold + 1 : untold);
	if
	:: !FAILING && head && !gone && (!alive || stopping) ->
		quiet++;
		assert(quiet <= 2 * T)
	:: else -> quiet = 0
	fi
}

active proctype world()
{
	byte i;

	c_code {
		now.mutant = setting("MUTANT", now.mutant);
		now.faults = setting("FAULTS", now.faults);
		now.reads = setting("READS", now.reads);
		now.line = setting("LINE", now.line);
		now.smooth = setting("SMOOTH", now.smooth);
		now.holdup = setting("HOLDUP", now.holdup);
		now.grace = setting("GRACE", now.grace);
		};
	head = !line;
	if
	:: leader = 0
	:: leader = 1
	fi;
	do
	/* Requests and replies. */
	:: d_step { CAN_ARRIVE(0) -> arrive(0) }
	:: d_step { CAN_ARRIVE(1) -> arrive(1) }
	:: d_step { CAN_READ(0) -> stage[0] = ANSWERED }
	:: d_step { CAN_READ(1) -> stage[1] = ANSWERED }
	:: d_step { CAN_COMMIT(0) -> stage[0] = COMMITTED }
	:: d_step { CAN_COMMIT(1) -> stage[1] = COMMITTED }
	:: d_step { CAN_ANSWER(0) -> answer(0) }
	:: d_step { CAN_ANSWER(1) -> answer(1) }
	:: d_step { CAN_TAKE -> take_reply() }
	/* A ping. */
	:: d_step { untold != NONE && HEARD(at) && !gone ->
		untold = NONE; telling = false; left = T }

	/* Connecting. */
	:: atomic { MUST_SEEK ->
		if
		:: at != 0 && SERVES(0) -> at = 0
		:: at != 1 && SERVES(1) -> at = 1
		:: at != 2 && SERVES(2) -> at = 2
		fi;
		connection = ASKED
	   }
	:: d_step { CAN_CONNECT ->
		connection = CONNECTED;
		if
		:: HEARD(at) -> left = T
		:: else
		fi
	   }
	:: d_step { CAN_BE_UP ->
		connection = UP;
		ripe = asked;
		forget_touches();
		if
		:: mutant == 5 && asked < proven -> proven = asked
		:: else
		fi;
		asked = 0;
		since_beat = 0;
		if
		:: head && !DONE -> send(WRITE)
		:: listing -> send(READ)
		:: else
		fi
	   }
	:: d_step { MUST_LEAVE -> drop() }

	/* The keeper sends reads in the queue, and then writes. */
	:: d_step { MUST_BEAT ->
		since_beat = 0;
		if
		:: requests == 0 && head -> send(WRITE)
		:: requests == 1 && head && kind[0] == READ -> send(WRITE)
		:: requests == 0 && !head && !listing -> send(READ)
		:: else
		fi
	   }
	/* The contender ahead is gone: look at the queue. */
	:: d_step { line == 1 && !head && !listing && !keeper_hangs &&
	    ON_LINE && HEARD(at) && requests < 2 ->
		listing = true;
		telling = (untold != NONE && untold >= PING);
		send(READ)
	   }
	:: d_step { line == 2 && !head && !keeper_hangs && connection == UP &&
	    requests < 2 -> head = true; since_beat = 0; send(WRITE) }
	:: d_step { reads > 0 && head && !DONE && !keeper_hangs &&
	    connection == UP && requests < 2 -> reads--; send(READ) }
	:: d_step { MUST_START ->
		started = true;
		alive = true;
		trouble = (smooth == 2 -> FAILING || connection != UP :
		    trouble);
		assert(!gone)
	   }

	/* The deadline. */
	:: d_step { MUST_STOP ->
		assert(trouble && smooth != 1);
		stopping = true;
		final = (proven < KILL_AGE -> KILL_AGE - proven : 0);
		final = (mutant == 3 -> grace : final)
	   }
	:: d_step { MUST_KILL -> alive = false; final = 0 }
	:: d_step { KEEPER_MUST -> alive = false; final = 0 }

	/* The session ends, and the next contender may begin. */
	:: d_step { MUST_EXPIRE -> gone = true; assert(!alive) }
	:: gone && (started || proven == T && requests == 0) -> break

	/* Faults begin and end. */
	:: atomic { MAY_FAIL && cut == NOBODY ->
		faults--; quiet = 0; trouble = true;
		if
		:: smooth != 1 || leader != 0 -> cut = 0
		:: smooth != 1 || leader != 1 -> cut = 1
		:: smooth != 1 || leader != 2 -> cut = 2
		fi
	   }
	:: d_step { cut != NOBODY && !deposed && (serves || cut != leader) ->
		cut = NOBODY;
		serves = true;
		if
		:: holdup == 0 && untold != NONE && untold >= PING &&
		    HEARD(at) ->
			untold = NONE;
			telling = false;
			left = (gone -> 0 : T)
		:: else
		fi
	   }
	:: d_step { cut != NOBODY && serves ->
		serves = false;
		deposed = false;
		if
		:: at == cut && connection != OFF -> drop()
		:: else
		fi
	   }
	:: atomic { cut == leader ->
		if
		:: cut != 0 -> leader = 0
		:: cut != 1 -> leader = 1
		:: cut != 2 -> leader = 2
		fi;
		deposed = serves;
		left = (gone -> 0 : T);
		if
		:: at != cut && connection != OFF -> drop()
		:: else
		fi
	   }
	:: atomic { MAY_FAIL && mute == NOBODY ->
		faults--; quiet = 0; trouble = true;
		if
		:: mute = at
		:: smooth != 1 -> mute = ALL
		fi
	   }
	:: d_step { mute != NOBODY -> mute = NOBODY }
	:: d_step { MAY_FAIL && connection == UP ->
		faults--; quiet = 0; trouble = true; drop() }
	:: atomic { MAY_FAIL && smooth != 1 && !guard_hangs && !keeper_hangs ->
		faults--; quiet = 0; trouble = true;
		if
		:: guard_hangs = true
		:: keeper_hangs = true
		fi
	   }
	:: d_step { guard_hangs || keeper_hangs ->
		guard_hangs = false; keeper_hangs = false }

	/* Time passes when nothing else can happen at once. */
	:: d_step { !(CAN_ARRIVE(0) || CAN_ARRIVE(1) || CAN_READ(0) ||
	    CAN_READ(1) || CAN_COMMIT(0) || CAN_COMMIT(1) ||
	    CAN_ANSWER(0) || CAN_ANSWER(1) || CAN_TAKE || CAN_CONNECT ||
	    CAN_BE_UP || MUST_LEAVE || MUST_TELL && !gone || MUST_BEAT ||
	    MUST_EXPIRE || MUST_START || MUST_STOP || MUST_KILL ||
	    KEEPER_MUST || MUST_SEEK) -> tick() }
	od
}
