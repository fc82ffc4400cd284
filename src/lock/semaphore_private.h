/*
 * What the semaphore's files share.  semaphore.c has the state and sends the
 * requests.  semaphore_queue.c takes a place in the queue, and leaves.
 * semaphore_resume.c finds our nodes again after a lost contact.
 * semaphore_decide.c takes every reply and decides what comes next.  Each calls
 * only those before it.
 */
#ifndef ZKRUN_SEMAPHORE_PRIVATE_H
#define ZKRUN_SEMAPHORE_PRIVATE_H

#include "lock/nodename.h"
#include "lock/paths.h"
#include "lock/semaphore.h"
#include "zookeeper/session.h"

#define SEMAPHORE_PATH_SIZE	PATHS_SIZE
#define SEMAPHORE_STRAYS_MAX	8

enum state {
	STATE_OUT,		/* nothing asked, or all over */
	STATE_WALKING_IN,	/* lease node being made, if nobody is there */
	STATE_IN_LINE,		/* lock node made or being made */
	STATE_AT_HEAD,		/* lease node made or being made */
	STATE_HOLDING,
	STATE_RETURNING,	/* deleting our nodes, to join anew */
	STATE_LEAVING,		/* deleting our nodes, for good */
	ANY_STATE
};

/* What we know of P and of what is above it. */
enum parents {
	PARENTS_EXPECTED,	/* they may well be there */
	PARENTS_MADE,		/* they were missing; we have tried to make them */
	PARENTS_DENIED,		/* the same, and an ACL forbids to make one */
};

/* What a reply answers. */
enum tag {
	TAG_WALK_IN,
	TAG_GET_FIRST_LEASE,	/* behind TAG_WALK_IN: whether it is ours */
	TAG_LIST_HOLDERS,	/* behind that, of who does not wait */
	TAG_TOP_PARENT,
	TAG_PARENT,
	TAG_CREATE_LOCK,
	TAG_GET_LOCK,		/* for since when we contend */
	TAG_LIST_LOCKS,
	TAG_LIST_HEAD,		/* the queue, too, as its head */
	TAG_GET_PREDECESSOR,
	TAG_CREATE_LEASE,
	TAG_LIST_LEASES,
	TAG_GET_RIVAL,
	TAG_WATCH_LEASE,	/* for its fence, and who asks us to give it up */
	TAG_SETTLE,
	TAG_BEAT,
	TAG_TOUCH,
	TAG_TOUCH_FIRST,	/* in front of a beat */
	TAG_LIST_OTHERS,	/* the queue, in front of the release */
	TAG_DELETE_LOCK,
	TAG_DELETE_LEASE,
	TAG_TIDY,
	TAG_SYNC,
	TAG_RESUME_LOCKS,
	TAG_RESUME_LEASES,
	TAG_STRAYS_LOCKS,
	TAG_STRAYS_LEASES,
	TAG_DELETE_STRAY,
	TAGS
};

/* What a fired watch was set on. */
enum watch {
	WATCH_PREDECESSOR,
	WATCH_LEASES,
	WATCH_LEASE,
	WATCH_RIVAL,
};

struct semaphore_node {
	const char	*kind;			/* "lock" or "lease" */
	char		 parent[SEMAPHORE_PATH_SIZE];	/* P/locks or P/leases */
	char		 uuid[NODENAME_UUID_SIZE];
	char		 name[SEMAPHORE_PATH_SIZE];	/* full path; "": not known */
	bool		 pending;	/* create sent, outcome unknown */
	bool		 deleting;	/* delete sent */
};

struct semaphore {
	struct semaphore_claim	 claim;
	struct session		*session;
	const char		*data;		/* what our nodes hold */
	size_t			 max_leases;
	enum state		 state;
	enum parents		 parents;
	char			 path[SEMAPHORE_PATH_SIZE];	/* P */
	struct semaphore_node	 lock;
	struct semaphore_node	 lease;
	char			**queue;		/* names ahead of ours, if need be */
	size_t			 queue_count;
	const char		*predecessor;	/* of them, being looked at */
	const char		*along;		/* see semaphore_read_along() */
	int			 along_tag;
	bool			 waits;		/* see semaphore_do_not_wait() */
	bool			 beating;	/* a beat is on its way */
	bool			 listing;	/* the queue; a reply will come */
	bool			 is_second;	/* see semaphore_move_up() */
	bool			 is_doubtful;	/* see semaphore_doubt_head() */
	bool			 waited;	/* with a lease node */
	bool			 has_rival;	/* a single one, and watched */
	bool			 untidy;	/* P/leases may be of zkrun's making */
	bool			 has_others;	/* in the queue, at the release */
	/* Their creates had no reply, left no node, and may yet make one. */
	char			 strays[SEMAPHORE_STRAYS_MAX][NODENAME_UUID_SIZE];
	size_t			 stray_count;	/* ever added to this ring */
};

/* Sends a request about a path, without a watch or with one. */
void	semaphore_ask(struct semaphore *, enum session_operation, enum tag,
	    const char *path);
void	semaphore_watch(struct semaphore *, enum session_operation, enum tag,
	    enum watch, const char *path);

/* Takes a reply. */
typedef enum semaphore_news semaphore_taker(struct semaphore *,
    const struct session_event *);

/* semaphore_queue.c: the replies to the looks at the queue. */
semaphore_taker	semaphore_take_queue, semaphore_take_predecessor,
		semaphore_take_head, semaphore_take_others;

/* Looks at our place, unless it is known since when we contend. */
void	semaphore_ask_joined(struct semaphore *);

/* Makes a place in the queue, and looks at the queue. */
void	semaphore_join_queue(struct semaphore *);

/* Looks at the queue, or does nothing if the reply to a look is to come. */
void	semaphore_list_locks(struct semaphore *);

/*
 * The place before ours is gone.  If it was the only one before ours, ours is the
 * first: what was made later comes behind.  Else looks at the queue.
 */
void	semaphore_move_up(struct semaphore *);

/*
 * At the head of the queue, and so many leases are too many: looks whether
 * somebody else is there, now or with the next beat.
 */
void	semaphore_doubt_head(struct semaphore *, size_t leases);
void	semaphore_list_head(struct semaphore *);

/*
 * semaphore_resume.c: the replies to a beat, to semaphore_resume(), and the
 * lists in which strays are looked for, and deleted.
 */
semaphore_taker	semaphore_take_beat, semaphore_take_touched,
		semaphore_take_resumed, semaphore_take_strays;

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

/* Reads our lease, which says whether it is ours and has the fence. */
void	semaphore_get_first_lease(struct semaphore *, const char *lease);

/* Makes a lease node, and looks at the others. */
void	semaphore_take_lease(struct semaphore *);

/* Looks at the leases with a watch, or at our lease with one. */
void	semaphore_list_leases(struct semaphore *);
void	semaphore_watch_lease(struct semaphore *);

/* Makes every node from the top down to P, or to locks and leases, at once. */
void	semaphore_make_path(struct semaphore *);
void	semaphore_make_parents(struct semaphore *);

/* Writes the path of a node of ours; a sequential one lacks its number. */
void	semaphore_name_node(struct semaphore_node *,
	    char path[SEMAPHORE_PATH_SIZE]);

void	semaphore_create_node(struct semaphore *, struct semaphore_node *,
	    enum tag);
void	semaphore_forget_node(struct semaphore_node *);
void	semaphore_delete_lock(struct semaphore *);
void	semaphore_delete_lease(struct semaphore *);
void	semaphore_forget_queue(struct semaphore *);

/* Says whether we are giving up our nodes. */
bool	semaphore_is_leaving(const struct semaphore *);

/*
 * Returning or leaving: deletes what is known.  When nothing is left, joins anew
 * or returns SEMAPHORE_LEFT.  In any other state does nothing.
 */
enum semaphore_news	semaphore_clear(struct semaphore *);

#endif
