/*
 * What the semaphore's files share.  semaphore.c has the state and sends the
 * requests.  semaphore_resume.c finds our nodes again after a lost contact.
 * semaphore_decide.c takes every reply and decides what comes next.  Each calls
 * only those before it.
 */
#ifndef ZKRUN_SEMAPHORE_PRIVATE_H
#define ZKRUN_SEMAPHORE_PRIVATE_H

#include "lock/semaphore.h"
#include "zookeeper/session.h"

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
	TAG_GET_RIVAL,
	TAG_DELETE_LOCK,
	TAG_DELETE_LEASE,
	TAG_SYNC,
	TAG_BEAT,
	TAG_TOUCH,
	TAG_RESUME_LOCKS,
	TAG_RESUME_LEASES,
	TAG_ENTER,
	TAG_WALK_IN,
	TAG_TIDY,
	TAG_STRAYS_LOCKS,
	TAG_STRAYS_LEASES,
	TAG_DELETE_STRAY,
};

/* Of the data of a P/leases that semaphore_walk_in() has made. */
#define SEMAPHORE_OWN_VERSION	1

/* What a fired watch was set on. */
enum watch {
	WATCH_PREDECESSOR,
	WATCH_LEASES,
	WATCH_LEASE,
	WATCH_RIVAL,
};

/* Sends a request about a path; watch may be SESSION_NO_WATCH. */
void	semaphore_ask(struct semaphore *, enum session_operation, enum tag,
	    int watch, const char *path);

/*
 * semaphore_resume.c: take a reply to semaphore_resume(), or a list in which
 * strays are searched and deleted.
 */
enum semaphore_news	semaphore_take_resumed(struct semaphore *,
			    const struct session_event *);
void	semaphore_take_strays(struct semaphore *, const struct session_event *);

/* semaphore.c: gives up, for a reason or because of a reply. */
enum semaphore_news	semaphore_fail(struct semaphore *,
			    enum semaphore_failure, const char *reason);
enum semaphore_news	semaphore_fail_with(struct semaphore *,
			    const struct session_event *);

/* Takes the lease in one transaction, if nobody is there. */
void	semaphore_walk_in(struct semaphore *);

/*
 * Writes the full path of the lease that semaphore_walk_in() creates: the name
 * that the first sequential node of its parent would have.
 */
void	semaphore_name_first_lease(struct semaphore *,
	    char path[SEMAPHORE_PATH_SIZE]);

/* Lists both parents, to find strays: nodes whose creates came late. */
void	semaphore_look_for_strays(struct semaphore *);

/* First flight: a place in line, and a look at the line. */
void	semaphore_stand_in_line(struct semaphore *);

/* Second flight: a lease node, and a look at the others. */
void	semaphore_take_lease(struct semaphore *);

/* Looks at the line, or at the leases with a watch. */
void	semaphore_list_locks(struct semaphore *);
void	semaphore_list_leases(struct semaphore *);

/* Makes every node from the top down to P, and locks and leases, at once. */
void	semaphore_make_path(struct semaphore *);
void	semaphore_make_parents(struct semaphore *);

/* Reads what semaphore_read_along() was told. */
void	semaphore_ask_along(struct semaphore *);

/* Names a node of ours below parent; a sequential one lacks its number. */
void	semaphore_name_node(struct semaphore_node *, const char *parent,
	    const char *kind, char path[SEMAPHORE_PATH_SIZE]);

void	semaphore_forget_node(struct semaphore_node *);
void	semaphore_delete_node(struct semaphore *, struct semaphore_node *,
	    enum tag);

/*
 * While leaving: deletes what is known.  Returns SEMAPHORE_LEFT when nothing is
 * left, else SEMAPHORE_NOTHING.
 */
enum semaphore_news	semaphore_clear(struct semaphore *);

#endif
