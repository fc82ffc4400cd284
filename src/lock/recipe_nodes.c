/*
 * Creates, finds and deletes a recipe's own nodes and their parents.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "lock/nodedata.h"
#include "lock/parents.h"
#include "lock/recipe_private.h"

#define LATEST_MS	(INT64_MAX / 2)	/* later times are garbled */

enum recipe_news
recipe_fail(struct recipe *recipe, enum recipe_failure failure,
    const char *reason)
{
	recipe->claim.failure = failure;
	(void)strlcpy(recipe->claim.reason, reason,
	    sizeof(recipe->claim.reason));
	return RECIPE_FAILED;
}

enum recipe_news
recipe_fail_with(struct recipe *recipe, const struct session_event *event)
{
	return recipe_fail(recipe, event->code == SESSION_DENIED ?
	    RECIPE_DENIED : RECIPE_REFUSED, event->reason);
}

void
recipe_ask(struct recipe *recipe, enum session_operation operation, int tag,
    const char *path)
{
	session_ask(recipe->session, operation, tag, SESSION_NO_WATCH, path,
	    recipe->data);
}

void
recipe_watch(struct recipe *recipe, enum session_operation operation, int tag,
    int watch, const char *path)
{
	session_ask(recipe->session, operation, tag, watch, path, NULL);
}

void
recipe_ask_along(struct recipe *recipe)
{
	if (recipe->along != NULL)
		session_ask(recipe->session, SESSION_GET, recipe->along_tag,
		    SESSION_NO_WATCH, recipe->along, NULL);
}

void
recipe_make_path(struct recipe *recipe, int top_tag, int tag)
{
	recipe->parents = PARENTS_MADE;
	recipe_ask(recipe, SESSION_CREATE_CONTAINER, parents_make(
	    recipe->session, recipe->path, top_tag, tag) ? tag : top_tag,
	    recipe->path);
}

enum recipe_news
recipe_take_parent(struct recipe *recipe, const struct session_event *event,
    bool is_top)
{
	struct recipe_claim *claim = &recipe->claim;

	/*
	 * For the top parent, NO_NODE means that the chroot is missing.  For
	 * another one, it means that the servers have just deleted the parent
	 * above.
	 */
	if (event->code == SESSION_NO_NODE && is_top)
		return recipe_fail(recipe, RECIPE_NO_CHROOT,
		    "the chroot of the connect string does not exist");
	/*
	 * Continue: the create below this parent shows whether the parent
	 * exists.
	 */
	if (event->code == SESSION_DENIED) {
		recipe->parents = PARENTS_DENIED;
		claim->failure = RECIPE_DENIED;
		(void)snprintf(claim->reason, sizeof(claim->reason),
		    "cannot create a znode there: %.100s", event->reason);
	}
	/* Ignore SESSION_UNSUPPORTED: the create below makes plain parents. */
	return event->code == SESSION_STALE || event->code == SESSION_REFUSED ?
	    recipe_fail_with(recipe, event) : RECIPE_NOTHING;
}

void
recipe_name_node(struct recipe_node *node, char path[PATHS_SIZE])
{
	char name[NODENAME_UUID_SIZE + 16];

	if (node->uuid[0] == '\0')
		nodename_make_uuid(node->uuid);
	(void)snprintf(name, sizeof(name), "%s_c_%s-%s-", node->prefix,
	    node->uuid, node->kind);
	(void)nodename_join(path, PATHS_SIZE, node->parent, name);
}

void
recipe_note_asked(struct recipe *recipe)
{
	if (recipe->claim.joined_ms == 0)
		recipe->claim.asked_ms = clock_ms();
}

void
recipe_create_node(struct recipe *recipe, struct recipe_node *node, int tag)
{
	char path[PATHS_SIZE];

	recipe_name_node(node, path);
	recipe_note_asked(recipe);
	node->pending = true;
	recipe_ask(recipe, SESSION_CREATE_EPHEMERAL, tag, path);
}

void
recipe_delete_node(struct recipe *recipe, struct recipe_node *node, int tag)
{
	if (node->name[0] == '\0' || node->deleting)
		return;
	node->deleting = true;
	recipe_ask(recipe, SESSION_DELETE, tag, node->name);
}

void
recipe_forget_node(struct recipe_node *node)
{
	node->uuid[0] = node->name[0] = '\0';
	node->pending = node->deleting = false;
}

enum recipe_news
recipe_take_name(struct recipe *recipe, struct recipe_node *node,
    const struct session_event *event)
{
	char path[PATHS_SIZE];
	size_t length;

	recipe_name_node(node, path);
	length = strlen(path);
	/* Beats and deletes with a garbled name would fail. */
	if (strncmp(event->name, path, length) != 0 ||
	    event->name[length] == '\0' || event->name[length +
	    strspn(event->name + length, "-0123456789")] != '\0')
		return recipe_fail(recipe, RECIPE_REFUSED, "the server created "
		    "a node with another name than requested");
	(void)strlcpy(node->name, event->name, sizeof(node->name));
	/* The node exists, so its parents exist as well. */
	recipe->parents = PARENTS_EXPECTED;
	return RECIPE_NOTHING;
}

/* Checks the facts, because a reply without a checksum can arrive garbled. */
enum recipe_news
recipe_believe(struct recipe *recipe, const struct session_event *event,
    bool is_lease)
{
	struct recipe_claim *claim = &recipe->claim;

	/* Our node is ephemeral in this session and never had children. */
	if (event->owner != recipe->session->identity.id ||
	    event->czxid <= 0 || event->children_zxid != event->czxid ||
	    event->made_ms < 0 || event->made_ms > LATEST_MS)
		return recipe_fail(recipe, RECIPE_REFUSED,
		    "the server reports impossible facts about our node");
	if (claim->joined_ms == 0)
		claim->joined_ms = event->made_ms;
	if (!is_lease)
		return RECIPE_NOTHING;
	if (claim->fence == 0)
		claim->seen_ms = event->read_ms;
	claim->fence = event->czxid;
	claim->made_ms = event->made_ms;
	return RECIPE_NOTHING;
}

bool
recipe_take_revoke(struct recipe *recipe, const struct session_event *event)
{
	return nodedata_get(event->data, NODEDATA_REVOKE, recipe->claim.reason,
	    sizeof(recipe->claim.reason));
}

/*
 * Remembers a stray.  Without room, drops the oldest, whose create is unlikely.
 */
static void
remember_stray(struct recipe *recipe, struct recipe_node *node)
{
	size_t i = recipe->stray_count++ % RECIPE_STRAYS_MAX;

	memcpy(recipe->strays[i], node->uuid, sizeof(node->uuid));
	node->uuid[0] = '\0';
}

void
recipe_find_node(struct recipe *recipe, struct recipe_node *node,
    const struct session_event *event)
{
	const char *name;

	name = nodename_find(node->uuid, event->names, event->count);
	if (name == NULL && node->pending)
		remember_stray(recipe, node);
	node->pending = node->deleting = false;
	node->name[0] = '\0';
	if (name != NULL)
		(void)nodename_join(node->name, sizeof(node->name),
		    node->parent, name);
}

void
recipe_delete_strays(struct recipe *recipe, const char *parent, int tag,
    const struct session_event *event)
{
	const char *name;
	char path[PATHS_SIZE];
	size_t i;

	for (i = 0; i < RECIPE_STRAYS_MAX; i++) {
		name = nodename_find(recipe->strays[i], event->names,
		    event->count);
		if (name != NULL &&
		    nodename_join(path, sizeof(path), parent, name))
			recipe_ask(recipe, SESSION_DELETE, tag, path);
	}
}

void
recipe_forget_strays(struct recipe *recipe)
{
	recipe->stray_count = 0;
	memset(recipe->strays, 0, sizeof(recipe->strays));
}
