/*
 * The descriptors that this process was started with.  The command inherits
 * them.
 *
 * Only descriptors_close_inherited() waits for a file server, a disk or a
 * terminal: what a descriptor is, is told without asking whoever serves it, and files are
 * never closed, for close(2) of a file waits for its server.  So a file stays
 * open until zkrun ends, and the caller's POSIX locks stay.
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
 * Lets go of every inherited pipe, FIFO, socket and terminal but stderr, so that
 * their readers see the end when the command's copies are closed.  0 and 1 then
 * lead to /dev/null.  What cannot be let go of stays open.
 */
void	descriptors_let_go(void);

/* Does the same with stderr: this process has nothing left to say. */
void	descriptors_let_go_stderr(void);

/*
 * In a helper process that outlives us: closes all that is inherited, files as
 * well.  This may block.
 */
void	descriptors_close_inherited(void);

/* In a helper process: closes every descriptor of ours but this one (-1: all). */
void	descriptors_close_ours(int except);

#endif
