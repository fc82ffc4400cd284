/*
 * The descriptors that this process was started with.  The command inherits
 * them.  zkrun uses stderr and must not keep the others open for longer than
 * the command does.
 */
#ifndef ZKRUN_DESCRIPTORS_H
#define ZKRUN_DESCRIPTORS_H

/*
 * Opens /dev/null as each of the descriptors 0 to 2 that is closed, so that no
 * descriptor of ours gets such a number.  The new ones are close-on-exec, so
 * the command still finds them closed.  Returns -1 and sets errno on failure.
 */
int	descriptors_fill_standard(void);

/*
 * Closes every inherited descriptor but stderr, so that the command has the
 * only copies.  0 and 1 then lead to /dev/null.
 */
void	descriptors_close_inherited(void);

/* Closes stderr, too: this process has nothing left to say. */
void	descriptors_close_stderr(void);

#endif
