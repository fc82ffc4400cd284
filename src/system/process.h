/*
 * Processes as /proc shows them.
 *
 * A snapshot of /proc may miss a process, or show one that is gone.  A pid may
 * belong to a new process by the time it is used; only pid and start time
 * together identify a process.
 */
#ifndef ZKRUN_PROCESS_H
#define ZKRUN_PROCESS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

struct process {
	pid_t			pid;
	pid_t			parent;
	unsigned long long	start;	/* in ticks since boot */
	bool			dead;	/* a zombie, with all its threads */
	bool			hidden;	/* our child, not shown by /proc */
	char			name[16];
};

struct processes {
	struct process	*list;
	size_t		 count;
	size_t		 allocated;
};

/* Reads about a process.  Returns whether it exists, alive or dead. */
bool	process_read(pid_t, struct process *);

/*
 * Adds the children of a process, dead ones included, that are still its own or
 * have fallen to us.  Without memory the list is shorter.  The caller frees the
 * list.
 */
void	process_list_children(struct processes *, pid_t parent);

/*
 * Opens a pidfd, checks that the start time is unchanged, and sends the signal
 * through it.  Returns 0, or the errno for which the process did not get it.
 */
int	process_signal(const struct process *, int number);

#endif
