/*
 * Reads about processes in /proc, and signals them.
 *
 * The children of a process are in /proc/PID/task/TID/children.  If the kernel
 * has no such file, every /proc/PID/stat is searched for its parent.
 */
#include "system/process.h"

#include <sys/pidfd.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
process_read(pid_t pid, struct process *process)
{
	char path[64], stat[1024], state, *name, *rest;
	int fd, threads;
	ssize_t got;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	got = read(fd, stat, sizeof(stat) - 1);
	(void)close(fd);
	if (got <= 0)
		return false;
	stat[got] = '\0';
	/* The name is in brackets and may contain some. */
	name = strchr(stat, '(');
	rest = strrchr(stat, ')');
	if (name == NULL || rest == NULL || rest < name)
		return false;
	*rest++ = '\0';
	memset(process, 0, sizeof(*process));
	process->pid = pid;
	(void)strlcpy(process->name, name + 1, sizeof(process->name));
	/* Fields 3, 4, 20 and 22 of proc(5). */
	if (sscanf(rest, " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
	    "%*s %*s %*s %*s %d %*s %llu", &state, &process->parent, &threads,
	    &process->start) != 4)
		return false;
	/* The state is that of the main thread: others may still live. */
	process->dead = (state == 'Z' || state == 'X') && threads <= 1;
	return true;
}

/* Asks the kernel; a pid stays with its process until that is reaped. */
static bool
is_living_child(pid_t pid)
{
	siginfo_t info;

	info.si_pid = 0;
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
	    0 && info.si_pid == 0;
}

static void
add_child(struct processes *found, pid_t pid, pid_t parent)
{
	struct process process, *list;
	size_t i;

	if (!process_read(pid, &process)) {
		/* /proc may hide (hidepid) a process that we may signal. */
		if (parent != getpid() || !is_living_child(pid))
			return;
		memset(&process, 0, sizeof(process));
		process.pid = pid;
		process.parent = parent;
		process.hidden = true;
		(void)strlcpy(process.name, "?", sizeof(process.name));
	}
	if (process.parent != parent && process.parent != getpid())
		return;
	/* Thousands may be dead, and listing one twice does no harm. */
	for (i = 0; !process.dead && i < found->count; i++)
		if (found->list[i].pid == pid)
			return;
	if (found->count == found->allocated) {
		list = reallocarray(found->list, found->allocated + 64,
		    sizeof(*list));
		if (list == NULL)
			return;		/* fewer are left in the next round */
		found->list = list;
		found->allocated += 64;
	}
	found->list[found->count++] = process;
}

/* For a kernel without children files. */
static void
search_children(struct processes *found, pid_t parent)
{
	const char *problem;
	struct dirent *entry;
	struct process process;
	pid_t pid;
	DIR *proc;

	proc = opendir("/proc");
	if (proc == NULL)
		return;
	while ((entry = readdir(proc)) != NULL) {
		pid = (pid_t)strtonum(entry->d_name, 1, INT_MAX, &problem);
		if (pid > 0 && process_read(pid, &process) &&
		    process.parent == parent)
			add_child(found, pid, parent);
	}
	(void)closedir(proc);
}

/* Adds the children of one thread.  Returns false if there is no such file. */
static bool
list_thread(struct processes *found, pid_t parent, const char *thread)
{
	char path[64];
	FILE *children;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children",
	    (int)parent, thread);
	children = fopen(path, "re");
	if (children == NULL)
		return false;
	while (fscanf(children, "%d", &pid) == 1)
		add_child(found, pid, parent);
	(void)fclose(children);
	return true;
}

void
process_list_children(struct processes *found, pid_t parent)
{
	struct dirent *entry;
	char path[64];
	bool any;
	DIR *threads;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)parent);
	threads = opendir(path);
	if (threads == NULL)
		return;
	any = false;
	while ((entry = readdir(threads)) != NULL)
		if (entry->d_name[0] != '.')
			any |= list_thread(found, parent, entry->d_name);
	(void)closedir(threads);
	if (!any)
		search_children(found, parent);
}

int
process_signal(const struct process *process, int number)
{
	struct process now;
	int error, fd;

	/* EPERM comes from a filter of system calls, not from the kernel. */
	fd = pidfd_open(process->pid, 0);
	if (fd == -1 && errno != ENOSYS && errno != EPERM)
		return errno;
	error = ESRCH;
	if (process->hidden ? is_living_child(process->pid) :
	    process_read(process->pid, &now) && now.start == process->start) {
		/*
		 * Use the bare pid, checked a moment ago, only in a sandbox
		 * whose filter is older than pidfds: the alternative is that
		 * the process lives on without the lease.
		 */
		error = fd == -1 ? -1 : pidfd_send_signal(fd, number, NULL, 0);
		if (error == -1 && (fd == -1 || errno == ENOSYS ||
		    errno == EPERM))
			error = kill(process->pid, number);
		if (error == -1)
			error = errno;
	}
	if (fd != -1)
		(void)close(fd);
	return error;
}
