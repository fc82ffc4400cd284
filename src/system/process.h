/*
 * Reads about processes in /proc, and signals them.
 *
 * A look is one reading of the processes in /proc.  It may miss a process or
 * show a process that has ended.  A pid may belong to a new process by the time
 * zkrun uses it; only our own child keeps its pid until we reap it.  The
 * functions do not block, because /proc is in memory.
 */
#ifndef ZKRUN_PROCESS_H
#define ZKRUN_PROCESS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

struct process {
	pid_t			pid;
	pid_t			parent;
	pid_t			group;
	unsigned long long	start;	/* in ticks since boot */
	/* Bit n - 1 is signal n; real-time signals are not included. */
	unsigned long long	ignored;
	int			threads;
	bool			dead;	/* a zombie, all threads dead */
	char			name[16];
};

struct processes {
	struct process	*list;
	size_t		 count;
	size_t		 allocated;
	size_t		 passed_over;	/* own children, left out of list */
	int		 children_fd;	/* -1: the kernel has no such lists */
	/*
	 * The list may lack processes, for lack of descriptors, memory or
	 * permission.
	 */
	bool		 incomplete;
};

/*
 * Reads about a process.  Returns 0, or ENOENT or ESRCH if the process does not
 * exist, or another errno if the process cannot be read.
 */
int	process_read(pid_t, struct process *);

/*
 * Allocates a list and opens the list of this thread's children, so that both
 * are available when memory and descriptors have run out.  Free it with
 * processes_free().  Returns NULL and sets errno on failure.
 */
struct processes	*processes_new(void);
void			 processes_free(struct processes *);

/* Marks the list incomplete, unless the error is 0, ENOENT or ESRCH. */
void	process_note_error(struct processes *, int error);

/* Adds this process's children; fills in only pid and parent. */
void	process_add_own(struct processes *);

/*
 * Adds the children of a process that has this many threads; fills in only pid
 * and parent.  The parent may die afterwards, and its children become ours.
 */
void	process_add_children(struct processes *, pid_t parent, int threads);

/*
 * Opens a pidfd for process_signal(), which the caller closes.  Returns -1 and
 * sets errno on failure: 0 if the kernel or a system call filter (EPERM) offers
 * no pidfds.
 */
int	process_open(pid_t);

/*
 * Sends a signal.  The caller checked the process after it opened the pidfd, or
 * passes -1 for a child that is not reaped yet.  Where pidfds are not
 * available, uses the pid.  Returns 0 or an errno.
 */
int	process_signal(pid_t, int pidfd, int number);

#endif
