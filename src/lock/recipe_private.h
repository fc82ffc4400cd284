/*
 * Shared by the recipes: what each of them provides, and requests about a
 * recipe's own nodes.
 *
 * The name of a node contains a UUID, which identifies a node whose create had
 * no reply.  If such a create has left no node, a server may still carry it
 * out: a stalled network may deliver it after we have moved to another server,
 * and servers accept it while the session lives.  A node that appears in this
 * way is a stray.  It would block the queue, and us as well.  The next create
 * therefore uses a new UUID, and each beat looks for strays, which have an old
 * UUID, and deletes them.
 */
#ifndef ZKRUN_RECIPE_PRIVATE_H
#define ZKRUN_RECIPE_PRIVATE_H

#include "lock/nodename.h"
#include "lock/paths.h"
#include "lock/recipe.h"
#include "zookeeper/session.h"

#define RECIPE_STRAYS_MAX	8

/* What we know about P and its parents. */
enum parents {
	PARENTS_EXPECTED,	/* they should exist */
	PARENTS_MADE,		/* one was missing; we sent creates for all */
	PARENTS_DENIED,		/* one was missing; an ACL forbade a create */
};

/* The functions of recipe.h that differ from recipe to recipe. */
struct recipe_methods {
	void			(*join)(struct recipe *);
	void			(*resume)(struct recipe *);
	void			(*settle)(struct recipe *);
	void			(*beat)(struct recipe *);
	bool			(*is_urgent)(const struct recipe *);
	void			(*forget)(struct recipe *);
	enum recipe_news	(*leave)(struct recipe *);
	void			(*before_release)(struct recipe *);
	void			(*lease_deleted)(struct recipe *);
	void			(*tidy)(struct recipe *);
	enum recipe_news	(*take)(struct recipe *,
				    const struct session_event *);
	const char		*(*parent)(const struct recipe *,
				    enum paths_parent);
	size_t			(*ahead)(const struct recipe *,
				    char *const *names, size_t count);
	const char		*(*holder)(const struct recipe *,
				    char *const *names, size_t count,
				    size_t *holders);
	void			(*free)(struct recipe *);
};

/* The first member of each recipe's own struct. */
struct recipe {
	const struct recipe_methods *methods;
	struct recipe_claim	 claim;
	struct session		*session;
	const char		*data;		/* of our nodes */
	char			 path[PATHS_SIZE];	/* P */
	enum parents		 parents;
	const char		*along;		/* see recipe_read_along() */
	int			 along_tag;
	bool			 waits;		/* see recipe_do_not_wait() */
	bool			 beating;	/* a beat is unanswered */
	/*
	 * A ring of UUIDs of possible strays: their creates had no reply and
	 * left no node, but a server may still carry them out.
	 */
	char		 strays[RECIPE_STRAYS_MAX][NODENAME_UUID_SIZE];
	size_t		 stray_count;	/* ever added to the ring */
};

/* One of our nodes, named PREFIX_c_UUID-KIND-NNNNNNNNNN. */
struct recipe_node {
	const char	*prefix;		/* "" or "ex" */
	const char	*kind;			/* "lock" or "lease" */
	char		 parent[PATHS_SIZE];	/* P, P/locks or P/leases */
	char		 uuid[NODENAME_UUID_SIZE];
	char		 name[PATHS_SIZE];	/* full path; "": unknown */
	bool		 pending;	/* create sent, no reply yet */
	bool		 deleting;	/* delete sent */
};

/*
 * Create a recipe's own struct, zeroed except for the methods, or return NULL.
 */
struct recipe	*semaphore_new(const char *path, size_t max_leases);
struct recipe	*mutex_new(const char *path);

/* Fail with a given reason, or with the reason of a reply. */
enum recipe_news	recipe_fail(struct recipe *, enum recipe_failure,
			    const char *reason);
enum recipe_news	recipe_fail_with(struct recipe *,
			    const struct session_event *);

/* Send a request about a path, without or with a watch. */
void	recipe_ask(struct recipe *, enum session_operation, int tag,
	    const char *path);
void	recipe_watch(struct recipe *, enum session_operation, int tag,
	    int watch, const char *path);

/* Sends the read of recipe_read_along(). */
void	recipe_ask_along(struct recipe *);

/* Creates every node from the top to P at once. */
void	recipe_make_path(struct recipe *, int top_tag, int tag);

/* Handles the reply to the create of a parent. */
enum recipe_news	recipe_take_parent(struct recipe *,
			    const struct session_event *, bool is_top);

/* Writes the path of our node, without the sequence number. */
void	recipe_name_node(struct recipe_node *, char path[PATHS_SIZE]);

/* Create, delete (unless that is under way) or forget our node. */
void	recipe_create_node(struct recipe *, struct recipe_node *, int tag);
void	recipe_delete_node(struct recipe *, struct recipe_node *, int tag);
void	recipe_forget_node(struct recipe_node *);

/* Notes when we first asked to contend. */
void	recipe_note_asked(struct recipe *);

/*
 * Takes the name of our node from the reply to its create.  Fails if the server
 * created a node with another name.
 */
enum recipe_news	recipe_take_name(struct recipe *, struct recipe_node *,
			    const struct session_event *);

/*
 * Copies the facts about our node from a reply into the claim, if they are
 * possible.  With is_lease, also copies the facts about the lease.
 */
enum recipe_news	recipe_believe(struct recipe *,
			    const struct session_event *, bool is_lease);

/*
 * Copies a revoke request from our lease's data.  Returns whether there is one.
 */
bool	recipe_take_revoke(struct recipe *, const struct session_event *);

/*
 * Finds our node in a list after regained contact.  If the create had no reply
 * and left no node, notes a possible stray.
 */
void	recipe_find_node(struct recipe *, struct recipe_node *,
	    const struct session_event *);

/* Deletes the strays among the listed children of a parent. */
void	recipe_delete_strays(struct recipe *, const char *parent, int tag,
	    const struct session_event *);

/* Forgets the strays, because the session is over. */
void	recipe_forget_strays(struct recipe *);

#endif
