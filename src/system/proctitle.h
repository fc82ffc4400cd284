/*
 * What ps(1) shows of us: task and state instead of the arguments.
 */
#ifndef ZKRUN_PROCTITLE_H
#define ZKRUN_PROCTITLE_H

/*
 * Makes room for titles: the arguments and the environment are moved to other
 * memory, unchanged in content and order.  Call it before anything keeps a
 * pointer to one of them; the elements of argv are other ones afterwards.
 */
void	proctitle_init(int argc, char **argv);

/*
 * Shows "NAME: TASK: STATE", where the name is what prctl(2) says; cut to the
 * room that arguments and environment took.  Control characters become '?'.
 * Nothing before proctitle_init().
 */
void	proctitle_set(const char *task, const char *state);

#endif
