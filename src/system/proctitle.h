/*
 * Makes ps(1) show the task and state of zkrun instead of its arguments.
 */
#ifndef ZKRUN_PROCTITLE_H
#define ZKRUN_PROCTITLE_H

/*
 * Makes room for titles: copies arguments and environment to other memory, with
 * the same content and order, and changes the elements of argv.  Call it before
 * anything keeps a pointer to these strings.  If memory is exhausted, zkrun
 * does not show titles.
 */
void	proctitle_init(int argc, char **argv);

/*
 * Shows "NAME: TASK: STATE", where NAME is the process's name (PR_GET_NAME),
 * cut to the room that arguments and environment took.  Control characters
 * become '?'.  Does nothing before proctitle_init().
 */
void	proctitle_set(const char *task, const char *state);

#endif
