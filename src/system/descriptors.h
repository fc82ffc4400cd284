/*
 * Closes zkrun's copies of the descriptors that the command inherits.
 *
 * Only descriptors_close_inherited() may block on a file server, disk or
 * terminal.  The other functions find a descriptor's type in memory and never
 * close a file, because close(2) may wait for a file server.  Files therefore
 * stay open until zkrun exits, and the caller keeps its POSIX locks.
 */
#ifndef ZKRUN_DESCRIPTORS_H
#define ZKRUN_DESCRIPTORS_H

/*
 * Opens /dev/null as each of the descriptors 0 to 2 that is closed, so that
 * zkrun opens nothing else under these numbers.  The new descriptors are
 * close-on-exec, so the command finds these numbers closed.  Returns -1 and
 * sets errno on failure.
 */
int	descriptors_fill_standard(void);

/*
 * Closes every inherited pipe, FIFO, socket and terminal except stderr, so that
 * their readers see the end when the command closes its copies.  Replaces 0 and
 * 1 by /dev/null; if that fails, they stay open.
 */
void	descriptors_let_go(void);

/*
 * Replaces stderr by /dev/null if it is a pipe, FIFO, socket or terminal.
 * After that, this process cannot print messages.
 */
void	descriptors_let_go_stderr(void);

/*
 * In a helper process that outlives its parent: closes all inherited
 * descriptors, including files.  May block.
 */
void	descriptors_close_inherited(void);

/*
 * In a helper process: closes zkrun's own descriptors from 3 on, except this
 * one (-1: none).
 */
void	descriptors_close_ours(int except);

#endif
