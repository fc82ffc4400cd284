/*
 * Two recipes at one task by mistake: a client with the recipe semaphore and
 * one with a mutex recipe never hold together.  One of them refuses, or both.
 *
 * SEMAPHORES of four clients create P/leases with a lease in it, or P/locks
 * with a node, and then a lease in P/leases (lock.pml).  Afterwards they list P
 * and refuse if it has a node of a mutex.  The others create a mutex node in P
 * (mutex.pml), list P, and refuse if it has `leases` or `locks`.  Only the
 * first list has to tell; here a client may also refuse because of a later one.
 *
 * A request is one atomic step.  Any client may give up, or lose its session,
 * before it holds.  Anybody may delete an empty P/leases or P/locks.
 *
 * Left out: who is next among clients with the same recipe, and P itself, which
 * is not empty as long as anybody holds.
 */

#define CLIENTS	4

#ifndef MUTANT
#define MUTANT	0
#endif
#ifndef SEMAPHORES
#define SEMAPHORES	2
#endif

c_decl {
	static int setting(const char *name, int otherwise)
	{
		return getenv(name) != NULL ? atoi(getenv(name)) : otherwise;
	}
}

/* Settings that the environment may override. */
byte mutant = MUTANT, semaphores = SEMAPHORES;

/* The children of P, and theirs. */
bool leases, locks;
bool lease[CLIENTS], place[CLIENTS];
byte mutex[CLIENTS];			/* the number, or 0 */
byte next = 1;

byte semaphore_holders, mutex_holders;

#define LEASES		(lease[0] + lease[1] + lease[2] + lease[3])
#define PLACES		(place[0] + place[1] + place[2] + place[3])
#define ANY_MUTEX	(mutex[0] || mutex[1] || mutex[2] || mutex[3])
#define LOWER(n)	(mutex[n] != 0 && mutex[n] < mutex[me])
#define FIRST		!(LOWER(0) || LOWER(1) || LOWER(2) || LOWER(3))

#define MAY_LEAVE	:: goto leave

proctype semaphore(byte me)
{
	bool refuse;

	if
	:: mutant == 1 -> refuse = ANY_MUTEX
	:: else
	fi;
	if
	:: atomic { !leases -> leases = true; lease[me] = true }
	:: atomic { leases -> skip };
make_locks:
		locks = true;
		if
		:: atomic { locks -> place[me] = true }
		:: atomic { !locks -> goto make_locks }
		MAY_LEAVE
		fi;
make_leases:
		leases = true;
		if
		:: atomic { leases -> lease[me] = true }
		:: atomic { !leases -> goto make_leases }
		MAY_LEAVE
		fi
	fi;
	if
	:: mutant != 1 -> refuse = ANY_MUTEX && mutant != 2
	:: mutant == 1
	fi;
	if
	:: refuse -> goto leave
	:: atomic { !refuse && LEASES == 1 ->
		semaphore_holders++;
		assert(semaphore_holders == 1 && mutex_holders == 0);
		place[me] = false
	   }
	MAY_LEAVE
	fi;
	semaphore_holders--;
leave:
	atomic { refuse = false; lease[me] = false; place[me] = false }
}

proctype contender(byte me)
{
	bool refuse;

	if
	:: mutant == 3 -> refuse = leases || locks
	:: else
	fi;
	atomic { mutex[me] = next; next++ };
	if
	:: mutant != 3 -> refuse = (leases || locks) && mutant != 4
	:: mutant == 3
	fi;
	if
	:: refuse -> goto leave
	:: atomic { !refuse && FIRST ->
		mutex_holders++;
		assert(mutex_holders == 1 && semaphore_holders == 0)
	   }
	MAY_LEAVE
	fi;
	mutex_holders--;
leave:
	atomic { refuse = false; mutex[me] = 0 }
}

init {
	byte n;

	atomic {
		c_code {
			now.mutant = setting("MUTANT", now.mutant);
			now.semaphores = setting("SEMAPHORES", now.semaphores);
		};
		do
		:: n < semaphores -> run semaphore(n); n++
		:: n >= semaphores && n < CLIENTS -> run contender(n); n++
		:: n == CLIENTS -> break
		od
	};
end_idle:
	do
	:: atomic { leases && LEASES == 0 -> leases = false }
	:: atomic { locks && PLACES == 0 -> locks = false }
	od
}
