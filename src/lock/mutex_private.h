/*
 * Shared by mutex.c, which has the state and sends the requests, and
 * mutex_decide.c, which handles every reply and decides what to do next.
 */
#ifndef ZKRUN_MUTEX_PRIVATE_H
#define ZKRUN_MUTEX_PRIVATE_H

#include "lock/recipe_private.h"

enum state {
	STATE_OUT,		/* not contending */
	STATE_QUEUED,		/* our node was created or is being created */
	STATE_HOLDING,
	STATE_RETURNING,	/* deleting our node to contend again */
	STATE_LEAVING,		/* deleting our node for good */
};

/* The request that a reply belongs to. */
enum tag {
	TAG_TOP_PARENT,
	TAG_PARENT,
	TAG_CREATE,
	TAG_LIST,
	TAG_GET_PREDECESSOR,
	TAG_GET_OWN,		/* reads the fence and a revoke request */
	TAG_SETTLE,
	TAG_BEAT,
	TAG_TOUCH,
	TAG_TOUCH_FIRST,	/* before a beat */
	TAG_DELETE,
	TAG_SYNC,
	TAG_RESUME,
	TAG_STRAYS,
	TAG_DELETE_STRAY,
};

/* The node that a watch was set on. */
enum watch {
	WATCH_PREDECESSOR,
	WATCH_OWN,
	WATCH_TASK,		/* the children of P */
};

struct mutex {
	struct recipe		 recipe;
	enum state		 state;
	struct recipe_node	 node;
	char		 predecessor[PATHS_SIZE];	/* watched; "": none */
	size_t			 lower;		/* counted nodes below ours */
	bool			 is_next;	/* see take_change() */
	bool			 watches_task;	/* WATCH_TASK is set */
	bool			 listing;	/* a list is unanswered */
};

/* Creates our node and lists P. */
void	mutex_enqueue(struct mutex *);

/* Lists P, unless an earlier list is unanswered; or lists and watches P. */
void	mutex_list(struct mutex *);
void	mutex_watch_task(struct mutex *);

/* Reads and watches our node. */
void	mutex_watch_own(struct mutex *);

void	mutex_forget_node(struct mutex *);

/* Returns whether we are deleting our node. */
bool	mutex_is_leaving(const struct mutex *);

/*
 * Deletes our node while returning or leaving.  Once the node is gone, contends
 * again or returns RECIPE_LEFT.  Does nothing in other states.
 */
enum recipe_news	mutex_clear(struct mutex *);

/* The methods that mutex_decide.c has or calls. */
void			mutex_join(struct recipe *);
enum recipe_news	mutex_take(struct recipe *,
			    const struct session_event *);

#endif
