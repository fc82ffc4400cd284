/*
 * The steps of the protocol, shared by semaphore.c, which takes them, and
 * semaphore_replies.c, which decides on the next.  Private to the two.
 */
#ifndef ZKRUN_SEMAPHORE_STEPS_H
#define ZKRUN_SEMAPHORE_STEPS_H

#include "semaphore.h"
#include "session.h"

/* What a reply answers. */
enum tag {
	TAG_TOP_PARENT,
	TAG_PARENT,
	TAG_CREATE_LOCK,
	TAG_LIST_LOCKS,
	TAG_GET_PREDECESSOR,
	TAG_CREATE_LEASE,
	TAG_LIST_LEASES,
	TAG_GET_LEASE,
	TAG_DELETE_LOCK,
	TAG_DELETE_LEASE,
	TAG_SYNC,
	TAG_BEAT,
	TAG_TOUCH,
	TAG_RESUME_LOCKS,
	TAG_RESUME_LEASES,
};

/* What a fired watch was set on. */
enum watch {
	WATCH_PREDECESSOR,
	WATCH_LEASES,
	WATCH_LEASE,
};

/* Sends a request about a path; watch may be SESSION_NO_WATCH. */
void	semaphore_ask(struct semaphore *, enum session_operation, enum tag,
	    int watch, const char *path);

/* First flight: a place in line, and a look at the line. */
void	semaphore_stand_in_line(struct semaphore *);

/* Second flight: a lease node, and a look at the others. */
void	semaphore_take_lease(struct semaphore *);

/* Looks at the line, or at the leases with a watch. */
void	semaphore_list_locks(struct semaphore *);
void	semaphore_list_leases(struct semaphore *);

/* Makes every node from the top down to locks and leases, in one flight. */
void	semaphore_make_parents(struct semaphore *);

void	semaphore_forget_node(struct semaphore_node *);
void	semaphore_delete_node(struct semaphore *, struct semaphore_node *,
	    enum tag);

/*
 * While leaving: deletes what is known.  Returns SEMAPHORE_LEFT when nothing is
 * left, else SEMAPHORE_NOTHING.
 */
enum semaphore_news	semaphore_clear(struct semaphore *);

#endif
