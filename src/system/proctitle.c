/*
 * Uses setproctitle(3) of libbsd, but copies the environment unchanged.
 */
#include "system/proctitle.h"

#include <sys/prctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TITLE_SIZE	256	/* libbsd shows no more */
#define NAME_SIZE	16	/* of PR_GET_NAME */

static int	title_width;	/* the length of argv[0] */
static char	**title_environment;	/* the copy; NULL: no titles */

/* Copies strings into one block, because setenv(3) never frees them. */
static char **
copy_strings(char *const *strings)
{
	char **copy, *text;
	size_t count, i, size;

	size = 0;
	for (count = 0; strings[count] != NULL; count++)
		size += strlen(strings[count]) + 1;
	copy = malloc((count + 1) * sizeof(*copy) + size);
	if (copy == NULL)
		return NULL;
	text = (char *)(copy + count + 1);
	for (i = 0; i < count; i++) {
		copy[i] = text;
		text = stpcpy(text, strings[i]) + 1;
	}
	copy[count] = NULL;
	return copy;
}

void
proctitle_init(int argc, char **argv)
{
	char **copy, **original;

	/*
	 * libbsd would copy the environment with setenv(3), which drops strings
	 * without '=' and repeated names.  libbsd copies nothing if environ
	 * differs from the environment in its argument.
	 */
	original = environ;
	if (argc < 1 || original == NULL ||
	    (copy = copy_strings(original)) == NULL)
		return;
	environ = title_environment = copy;
	title_width = (int)strlen(argv[0]);
	setproctitle_init(argc, argv, original);
}

void
proctitle_set(const char *task, const char *state)
{
	char name[NAME_SIZE] = "zkrun", title[TITLE_SIZE], *c;

	if (title_environment == NULL)
		return;
	(void)prctl(PR_GET_NAME, name, 0L, 0L, 0L);
	(void)snprintf(title, sizeof(title), "%s: %.200s: %s", name, task,
	    state);
	for (c = title; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	/*
	 * '-' keeps libbsd from adding the program's name.  The padding keeps
	 * it from writing a dot where argv[0] ended, after a shorter title.
	 */
	setproctitle("-%-*s", title_width, title);
}
