/*
 * Shows task and state in ps(1), instead of the arguments.
 */
#ifndef ZKRUN_PROCTITLE_H
#define ZKRUN_PROCTITLE_H

/*
 * Makes room for titles: moves the arguments and the environment to other
 * memory, with the same content and order.  Call it before anything keeps a
 * pointer to one of them, because it changes the elements of argv.
 */
void	proctitle_init(int argc, char **argv);

/*
 * Shows "NAME: TASK: STATE", with the process's name as of prctl(2), cut to the
 * room that arguments and environment took.  Control characters become '?'.
 * Does nothing before proctitle_init().
 */
void	proctitle_set(const char *task, const char *state);

#endif
