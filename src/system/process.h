/*
 * Processes as /proc shows them.
 *
 * All of it is a snapshot, which may miss a process or show one that is gone.
 * A pid may have a new owner by the time it is used: pid and start time together
 * tell who it is.
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
	bool			dead;	/* only to be reaped: a zombie, in all threads */
	bool			hidden;	/* a child of ours that /proc does not show */
	char			name[16];
};

struct processes {
	struct process	*list;
	size_t		 count;
	size_t		 allocated;
};

/* Returns whether there is such a process, alive or dead. */
bool	process_read(pid_t, struct process *);

/*
 * Adds the children of a process, dead ones included, that are still its own or
 * have fallen to us.  Memory that is lacking makes the list shorter; the caller
 * frees its list.
 */
void	process_list_children(struct processes *, pid_t parent);

/*
 * Sends a signal through a pidfd that is opened before the start time is seen
 * to be unchanged.  Returns 0, or the errno why the process did not get it.
 */
int	process_signal(const struct process *, int number);

#endif
