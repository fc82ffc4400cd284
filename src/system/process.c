/*
 * Reads about processes in /proc, and signals them.
 *
 * /proc/PID/task/TID/children lists the children of a thread.  If the kernel
 * has no such file, zkrun compares the parent in every /proc/PID/stat.
 */
#include "system/process.h"

#include <sys/syscall.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM	128	/* processes in a new list */

/* Older headers lack these calls of Linux 5.1 and 5.3. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal	424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open		434
#endif

int
process_read(pid_t pid, struct process *process)
{
	char path[64], stat[1024], state, *name, *rest;
	int error, fd;
	ssize_t got;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return errno;
	got = read(fd, stat, sizeof(stat) - 1);
	error = got == -1 ? errno : ESRCH;
	(void)close(fd);
	if (got <= 0)
		return error;
	stat[got] = '\0';
	/* The name is in parentheses and may contain parentheses. */
	name = strchr(stat, '(');
	rest = strrchr(stat, ')');
	if (name == NULL || rest == NULL || rest < name)
		return EINVAL;
	*rest++ = '\0';
	memset(process, 0, sizeof(*process));
	process->pid = pid;
	(void)strlcpy(process->name, name + 1, sizeof(process->name));
	/* Fields 3, 4, 5, 20, 22 and 33 of proc(5). */
	if (sscanf(rest, " %c %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s "
	    "%*s %*s %*s %*s %*s %d %*s %llu %*s %*s %*s %*s %*s %*s %*s %*s "
	    "%*s %*s %llu", &state, &process->parent, &process->group,
	    &process->threads, &process->start, &process->ignored) != 6)
		return EINVAL;
	/* The state belongs to the main thread; other threads may be alive. */
	process->dead = (state == 'Z' || state == 'X') && process->threads <= 1;
	return 0;
}

static void
add(struct processes *found, pid_t pid, pid_t parent)
{
	struct process *list;

	if (found->count == found->allocated) {
		list = reallocarray(found->list, 2 * found->allocated,
		    sizeof(*list));
		if (list == NULL) {
			/*
			 * A later look finds the rest, once these processes are
			 * dead.
			 */
			found->incomplete = true;
			return;
		}
		found->list = list;
		found->allocated *= 2;
	}
	memset(&found->list[found->count], 0, sizeof(*found->list));
	found->list[found->count].pid = pid;
	found->list[found->count++].parent = parent;
}

void
process_note_error(struct processes *found, int error)
{
	if (error != 0 && error != ENOENT && error != ESRCH)
		found->incomplete = true;
}

/* Reads a list of children from the beginning of its file. */
static void
add_listed(struct processes *found, int fd, pid_t parent)
{
	char text[4096];
	off_t offset = 0;
	pid_t pid = 0;
	ssize_t got, i;

	while ((got = pread(fd, text, sizeof(text), offset)) > 0) {
		for (i = 0; i < got; i++)
			if (text[i] != ' ')
				pid = pid * 10 + (text[i] - '0');
			else if (pid != 0) {
				add(found, pid, parent);
				pid = 0;
			}
		offset += got;
	}
	if (got == -1)
		process_note_error(found, errno);
}

/* Finds children on a kernel without lists of children. */
static void
search_children(struct processes *found, pid_t parent)
{
	const char *problem;
	struct process process = { 0 };
	struct dirent *entry;
	pid_t pid;
	DIR *proc;

	proc = opendir("/proc");
	if (proc == NULL) {
		found->incomplete = true;
		return;
	}
	while ((entry = readdir(proc)) != NULL) {
		pid = (pid_t)strtonum(entry->d_name, 1, INT_MAX, &problem);
		if (pid > 0 && process_read(pid, &process) == 0 &&
		    process.parent == parent)
			add(found, pid, parent);
	}
	(void)closedir(proc);
}

struct processes *
processes_new(void)
{
	struct processes *found;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children",
	    (int)getpid());
	found = calloc(1, sizeof(*found));
	if (found == NULL)
		return NULL;
	found->list = calloc(ROOM, sizeof(*found->list));
	found->allocated = ROOM;
	found->children_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (found->list != NULL && (found->children_fd != -1 ||
	    errno == ENOENT))
		return found;
	processes_free(found);
	return NULL;
}

void
processes_free(struct processes *found)
{
	if (found->children_fd != -1)
		(void)close(found->children_fd);
	free(found->list);
	free(found);
}

void
process_add_own(struct processes *found)
{
	if (found->children_fd != -1)
		add_listed(found, found->children_fd, getpid());
	else
		search_children(found, getpid());
}

/* Returns false if the list cannot be opened. */
static bool
add_thread(struct processes *found, pid_t parent, const char *thread)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children",
	    (int)parent, thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	add_listed(found, fd, parent);
	(void)close(fd);
	return true;
}

/* Returns false if no list of any thread can be opened. */
static bool
add_threads(struct processes *found, pid_t parent)
{
	struct dirent *entry;
	char path[64];
	bool any = false;
	DIR *tasks;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)parent);
	tasks = opendir(path);
	if (tasks == NULL)
		return false;
	while ((entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.')
			any |= add_thread(found, parent, entry->d_name);
	(void)closedir(tasks);
	return any;
}

void
process_add_children(struct processes *found, pid_t parent, int threads)
{
	struct process now;
	char main_thread[16];
	int error;

	(void)snprintf(main_thread, sizeof(main_thread), "%d", (int)parent);
	if (threads <= 1 ? add_thread(found, parent, main_thread) :
	    add_threads(found, parent))
		return;
	error = process_read(parent, &now);
	if (error == 0)
		search_children(found, parent);
	else
		process_note_error(found, error);
}

int
process_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, (long)pid, 0L);

	if (fd == -1 && (errno == ENOSYS || errno == EPERM))
		errno = 0;
	return fd;
}

int
process_signal(pid_t pid, int pidfd, int number)
{
	if (pidfd != -1 && syscall(SYS_pidfd_send_signal, (long)pidfd,
	    (long)number, NULL, 0L) == 0)
		return 0;
	if (pidfd != -1 && errno != ENOSYS && errno != EPERM)
		return errno;
	return kill(pid, number) == 0 ? 0 : errno;
}
