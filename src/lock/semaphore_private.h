/*
 * Shared by the semaphore's files.  semaphore.c has the state and sends the
 * requests.  semaphore_queue.c joins and leaves the queue.  semaphore_resume.c
 * sends beats and finds our nodes after a lost contact.  semaphore_decide.c
 * handles every reply and decides what to do next.  Each of these files calls
 * only files that are named before it.
 */
#ifndef ZKRUN_SEMAPHORE_PRIVATE_H
#define ZKRUN_SEMAPHORE_PRIVATE_H

#include "lock/recipe_private.h"

enum state {
	STATE_OUT,		/* not contending */
	STATE_WALKING_IN,	/* see semaphore_walk_in() */
	STATE_IN_QUEUE,		/* queue node created or being created */
	STATE_AT_HEAD,		/* lease node created or being created */
	STATE_HOLDING,
	STATE_RETURNING,	/* deleting our nodes to contend again */
	STATE_LEAVING,		/* deleting our nodes for good */
	ANY_STATE
};

/* The request that a reply belongs to. */
enum tag {
	TAG_WALK_IN,
	TAG_GET_FIRST_LEASE,	/* after TAG_WALK_IN: reads our lease */
	TAG_LIST_HOLDERS,	/* after TAG_WALK_IN, if we do not wait */
	TAG_LIST_TASK,		/* after each create of a lease */
	TAG_TOP_PARENT,
	TAG_PARENT,
	TAG_CREATE_LOCK,
	TAG_GET_LOCK,		/* reads since when we contend */
	TAG_LIST_LOCKS,
	TAG_LIST_HEAD,		/* lists the queue from its front */
	TAG_GET_PREDECESSOR,
	TAG_CREATE_LEASE,
	TAG_LIST_LEASES,
	TAG_GET_RIVAL,
	TAG_WATCH_LEASE,	/* reads the fence and a revoke request */
	TAG_SETTLE,
	TAG_BEAT,
	TAG_TOUCH,
	TAG_TOUCH_FIRST,	/* before a beat */
	TAG_LIST_OTHERS,	/* lists the queue before the release */
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

/* The node that a watch was set on. */
enum watch {
	WATCH_PREDECESSOR,
	WATCH_LEASES,
	WATCH_LEASE,
	WATCH_RIVAL,
};

struct semaphore {
	struct recipe		 recipe;
	size_t			 max_leases;
	enum state		 state;
	struct recipe_node	 lock;
	struct recipe_node	 lease;
	char			**queue;	/* names ahead of us */
	size_t			 queue_count;
	const char		*predecessor;	/* in queue, being read */
	bool			 listing;	/* a queue list is unanswered */
	bool			 is_second;	/* see semaphore_move_up() */
	bool			 is_doubtful;	/* see semaphore_doubt_head() */
	bool			 waited;	/* we had a lease node */
	bool			 has_rival;	/* one other lease, watched */
	bool			 untidy;	/* P/leases may be zkrun's */
	bool			 has_others;	/* queued at the release */
};

/* Handles a reply. */
typedef enum recipe_news semaphore_taker(struct semaphore *,
    const struct session_event *);

/* The methods that are not in semaphore.c, and those that others call. */
void			semaphore_join(struct recipe *);
void			semaphore_settle(struct recipe *);
void			semaphore_before_release(struct recipe *);
enum recipe_news	semaphore_leave(struct recipe *);
void			semaphore_beat(struct recipe *);
void			semaphore_resume(struct recipe *);
enum recipe_news	semaphore_take(struct recipe *,
			    const struct session_event *);

/* semaphore_queue.c: handle replies about the queue. */
semaphore_taker	semaphore_take_queue, semaphore_take_predecessor,
		semaphore_take_head, semaphore_take_others;

/* Reads our queue node, unless we know since when we contend. */
void	semaphore_ask_joined(struct semaphore *);

/* Creates our queue node and lists the queue. */
void	semaphore_join_queue(struct semaphore *);

/* Lists the queue, unless an earlier list is unanswered. */
void	semaphore_list_locks(struct semaphore *);

/*
 * Call this when the node before ours is gone.  If no other node was ahead, we
 * are at the front, because later nodes sort behind ours.  Otherwise lists the
 * queue.
 */
void	semaphore_move_up(struct semaphore *);

/*
 * Call this when there are too many leases and we seem to be at the front of
 * the queue.  Checks, now or with the next beat, whether another contender also
 * takes itself for the front.
 */
void	semaphore_doubt_head(struct semaphore *, size_t leases);
void	semaphore_list_head(struct semaphore *);

/*
 * semaphore_resume.c: handle replies to a beat and to semaphore_resume(), and
 * delete strays.
 */
semaphore_taker	semaphore_take_beat, semaphore_take_touched,
		semaphore_take_resumed, semaphore_take_strays;

/* Creates P/leases and our lease in one transaction, if P/leases is missing. */
void	semaphore_walk_in(struct semaphore *);

/*
 * Writes the path of the lease that semaphore_walk_in() creates.  The name is
 * that of a first sequential node.
 */
void	semaphore_name_first_lease(struct semaphore *, char path[PATHS_SIZE]);

/* Lists P: see take_task().  Call this after the create of our lease. */
void	semaphore_list_task(struct semaphore *);

/* Reads and watches the lease that semaphore_walk_in() created. */
void	semaphore_get_first_lease(struct semaphore *, const char *lease);

/* Creates our lease node and lists the leases. */
void	semaphore_take_lease(struct semaphore *);

/* List and watch the leases, or read and watch our lease. */
void	semaphore_list_leases(struct semaphore *);
void	semaphore_watch_lease(struct semaphore *);

/* Creates every node from the top to P/locks and P/leases at once. */
void	semaphore_make_parents(struct semaphore *);

/* Delete our nodes, or forget the names ahead of our node. */
void	semaphore_delete_lock(struct semaphore *);
void	semaphore_delete_lease(struct semaphore *);
void	semaphore_forget_queue(struct semaphore *);

/* Returns whether we are deleting our nodes. */
bool	semaphore_is_leaving(const struct semaphore *);

/*
 * Deletes our nodes while returning or leaving.  Once all are deleted, contends
 * again or returns RECIPE_LEFT.  Does nothing in other states.
 */
enum recipe_news	semaphore_clear(struct semaphore *);

#endif
