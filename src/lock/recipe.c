/*
 * Calls the methods of a recipe.
 */
#include "lock/recipe.h"

#include <stdio.h>
#include <string.h>

#include "config/options.h"
#include "lock/recipe_private.h"

struct recipe *
recipe_new(const struct options *options, struct session *session,
    const char *data)
{
	char path[PATHS_SIZE];
	struct recipe *recipe;

	/* The options limit the length, so the path fits. */
	(void)snprintf(path, sizeof(path), "%s/%s", options->base,
	    options->task);
	recipe = options->recipe == OPTIONS_MUTEX ? mutex_new(path) :
	    semaphore_new(path, (size_t)options->max_leases);
	if (recipe == NULL)
		return NULL;
	(void)strlcpy(recipe->path, path, sizeof(recipe->path));
	recipe->session = session;
	recipe->data = data;
	recipe->waits = true;
	return recipe;
}

void
recipe_free(struct recipe *recipe)
{
	recipe->methods->free(recipe);
}

const struct recipe_claim *
recipe_claim(const struct recipe *recipe)
{
	return &recipe->claim;
}

void
recipe_read_along(struct recipe *recipe, const char *path, int tag)
{
	recipe->along = path;
	recipe->along_tag = tag;
}

void
recipe_do_not_wait(struct recipe *recipe)
{
	recipe->waits = false;
}

void
recipe_join(struct recipe *recipe)
{
	recipe->methods->join(recipe);
}

void
recipe_resume(struct recipe *recipe)
{
	recipe->methods->resume(recipe);
}

void
recipe_settle(struct recipe *recipe)
{
	recipe->methods->settle(recipe);
}

void
recipe_beat(struct recipe *recipe)
{
	recipe->methods->beat(recipe);
}

bool
recipe_is_beating(const struct recipe *recipe)
{
	return recipe->beating;
}

bool
recipe_is_urgent(const struct recipe *recipe)
{
	return recipe->methods->is_urgent(recipe);
}

void
recipe_forget(struct recipe *recipe)
{
	recipe->methods->forget(recipe);
	recipe_forget_strays(recipe);
}

enum recipe_news
recipe_leave(struct recipe *recipe)
{
	return recipe->methods->leave(recipe);
}

void
recipe_before_release(struct recipe *recipe)
{
	recipe->methods->before_release(recipe);
}

void
recipe_lease_deleted(struct recipe *recipe)
{
	recipe->methods->lease_deleted(recipe);
}

void
recipe_tidy(struct recipe *recipe)
{
	recipe->methods->tidy(recipe);
}

enum recipe_news
recipe_take(struct recipe *recipe, const struct session_event *event)
{
	return recipe->methods->take(recipe, event);
}

const char *
recipe_parent(const struct recipe *recipe, enum paths_parent parent)
{
	return recipe->methods->parent(recipe, parent);
}

size_t
recipe_ahead(const struct recipe *recipe, char *const *names, size_t count)
{
	return recipe->methods->ahead(recipe, names, count);
}

const char *
recipe_holder(const struct recipe *recipe, char *const *names, size_t count,
    size_t *holders)
{
	return recipe->methods->holder(recipe, names, count, holders);
}
