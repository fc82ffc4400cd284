/*
 * Processes as /proc shows them.
 *
 * A snapshot of /proc may miss a process, or show one that is gone.  A pid may
 * belong to a new process by the time it is used, unless it is that of a child
 * of ours that is not yet reaped.
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
	/* Signals, from the lowest bit on; real-time ones are not told. */
	unsigned long long	ignored;
	int			threads;
	bool			dead;	/* a zombie, with all its threads */
	char			name[16];
};

struct processes {
	struct process	*list;
	size_t		 count;
	size_t		 allocated;
	size_t		 passed_over;	/* of our own, not counted */
	int		 children_fd;	/* -1: the kernel has no such lists */
	/*
	 * Not everything could be looked at: there was no descriptor, no
	 * memory or no permission.
	 */
	bool		 incomplete;
};

/*
 * Reads about a process.  Returns 0, ENOENT or ESRCH if it does not exist, or
 * another errno if that cannot be told.
 */
int	process_read(pid_t, struct process *);

/*
 * Makes room for a list, and opens that of the children of this thread: both
 * are there also when memory and descriptors have run out.  Returns NULL and
 * sets errno on failure.
 */
struct processes	*processes_new(void);
void			 processes_free(struct processes *);

/* Notes an error (0: none) unless it says that a process does not exist. */
void	process_note_error(struct processes *, int error);

/* Adds our own children, with nothing but pid and parent. */
void	process_add_own(struct processes *);

/*
 * Adds the children of a process with so many threads, with nothing but pid and
 * parent: by the time they are looked at they may have fallen to us.
 */
void	process_add_children(struct processes *, pid_t parent, int threads);

/*
 * Opens a pidfd for process_signal().  Returns -1 with errno 0 if there are
 * none here.  EPERM comes from a filter of system calls, not from the kernel.
 */
int	process_open(pid_t);

/*
 * Sends a signal to a process that was checked after its pidfd was opened, or
 * whose pid is its own; the latter with -1.  Returns 0 or an errno.
 */
int	process_signal(pid_t, int pidfd, int number);

#endif
