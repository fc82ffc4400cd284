/*
 * Finds descendants in /proc, again and again, and signals them safely.
 *
 * /proc/PID/task/TID/children is read where the kernel has it, else every
 * /proc/PID/stat is looked through for its parent.  Both are snapshots that may
 * miss a process; nothing here relies on one: a round is repeated until waitid
 * says that nobody is left.
 *
 * A pid may have a new owner by the time it is used.  So a process is taken for
 * a descendant only if its parent is the one it was found under (or this
 * process, which adopts orphans), and it is signalled through a pidfd that was
 * opened before its start time was seen to be unchanged.
 */
#include "proctree.h"

#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
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

#define STOP_ROUNDS	16

struct process {
	pid_t			pid;
	pid_t			parent;
	unsigned long long	start;	/* in ticks since boot */
	char			state;
	char			name[16];
};

struct processes {
	struct process	*list;
	size_t		 count;
	size_t		 allocated;
};

/* Reads a small file of /proc; returns its length, or -1. */
static ssize_t
read_file(const char *path, char *buffer, size_t size)
{
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	got = read(fd, buffer, size - 1);
	(void)close(fd);
	if (got >= 0)
		buffer[got] = '\0';
	return got;
}

static bool
read_process(pid_t pid, struct process *process)
{
	char path[64], stat[1024], *name, *rest, *field, *end;
	int number;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_file(path, stat, sizeof(stat)) <= 0)
		return false;
	/* The name stands in brackets and may itself contain some. */
	name = strchr(stat, '(');
	rest = strrchr(stat, ')');
	if (name == NULL || rest == NULL || rest < name)
		return false;
	*rest++ = '\0';
	memset(process, 0, sizeof(*process));
	process->pid = pid;
	(void)strlcpy(process->name, name + 1, sizeof(process->name));
	/* Numbered as in proc(5); the state is the first behind the name. */
	for (number = 3; (field = strsep(&rest, " ")) != NULL;) {
		if (*field == '\0')
			continue;
		if (number == 3)
			process->state = *field;
		else if (number == 4)
			process->parent = (pid_t)strtol(field, &end, 10);
		else if (number == 22)
			process->start = strtoull(field, &end, 10);
		number++;
	}
	return number > 22;
}

/* Returns the process id that a text is, or 0. */
static pid_t
read_pid(const char *text)
{
	const char *problem;

	return (pid_t)strtonum(text, 1, INT_MAX, &problem);
}

static void
add_child(struct processes *found, pid_t pid, pid_t parent)
{
	struct process process, *list;
	size_t i;

	if (!read_process(pid, &process) ||
	    (process.parent != parent && process.parent != getpid()))
		return;
	for (i = 0; i < found->count; i++)
		if (found->list[i].pid == pid)
			return;
	if (found->count == found->allocated) {
		list = reallocarray(found->list, found->allocated + 64,
		    sizeof(*list));
		if (list == NULL)
			return;		/* the next round has fewer */
		found->list = list;
		found->allocated += 64;
	}
	found->list[found->count++] = process;
}

/* Where the kernel has no children files. */
static void
search_children(struct processes *found, pid_t parent)
{
	struct dirent *entry;
	struct process process;
	pid_t pid;
	DIR *proc;

	proc = opendir("/proc");
	if (proc == NULL)
		return;
	while ((entry = readdir(proc)) != NULL) {
		pid = read_pid(entry->d_name);
		if (pid > 0 && read_process(pid, &process) &&
		    process.parent == parent)
			add_child(found, pid, parent);
	}
	(void)closedir(proc);
}

/* Adds the children of one thread; returns false when there is no such file. */
static bool
list_thread(struct processes *found, pid_t parent, const char *thread)
{
	char path[64], line[32];
	FILE *children;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children",
	    (int)parent, thread);
	children = fopen(path, "re");
	if (children == NULL)
		return false;
	while (fscanf(children, "%31s", line) == 1) {
		pid = read_pid(line);
		if (pid > 0)
			add_child(found, pid, parent);
	}
	(void)fclose(children);
	return true;
}

static void
list_children(struct processes *found, pid_t parent)
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

static bool
is_spared(const struct proctree *tree, pid_t pid)
{
	size_t i;

	for (i = 0; i < tree->spared_count; i++)
		if (tree->spared[i] == pid)
			return true;
	return false;
}

static void
list_direct(const struct proctree *tree, struct processes *found)
{
	size_t i, kept;

	memset(found, 0, sizeof(*found));
	list_children(found, getpid());
	for (i = kept = 0; i < found->count; i++)
		if (!is_spared(tree, found->list[i].pid))
			found->list[kept++] = found->list[i];
	found->count = kept;
}

/* All descendants; the caller frees found->list. */
static void
list_all(const struct proctree *tree, struct processes *found)
{
	struct process now;
	size_t before, i;

	list_direct(tree, found);
	for (i = 0; i < found->count; i++) {
		before = found->count;
		list_children(found, found->list[i].pid);
		/* Its pid may have become somebody else's meanwhile. */
		if (found->count > before &&
		    (!read_process(found->list[i].pid, &now) ||
		    now.start != found->list[i].start))
			found->count = before;
	}
}

/* Returns 0, or why the process did not get the signal. */
static int
signal_process(const struct process *process, int number)
{
	struct process now;
	int error, fd;

	fd = pidfd_open(process->pid, 0);
	if (fd == -1 && errno != ENOSYS)
		return errno;
	error = ESRCH;
	if (read_process(process->pid, &now) && now.start == process->start) {
		/*
		 * A sandbox whose filter is older than pidfds is the one place
		 * for a bare pid, checked a moment ago: there, the other
		 * choice is to let it live on without the lease.
		 */
		error = fd == -1 ? kill(process->pid, number) :
		    pidfd_send_signal(fd, number, NULL, 0);
		if (error == -1)
			error = errno;
	}
	if (fd != -1)
		(void)close(fd);
	return error;
}

/* Whether the kernel says that we have no child at all, zombies included. */
static bool
is_childless(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 &&
	    errno == ECHILD;
}

int
proctree_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void
proctree_spare(struct proctree *tree, pid_t pid)
{
	if (tree->spared_count < PROCTREE_SPARED_MAX)
		tree->spared[tree->spared_count++] = pid;
}

void
proctree_spare_present(struct proctree *tree)
{
	struct processes found;
	size_t i;

	/* Nearly always there is none, and one system call says so. */
	if (is_childless())
		return;
	list_direct(tree, &found);
	for (i = 0; i < found.count; i++)
		proctree_spare(tree, found.list[i].pid);
	free(found.list);
}

size_t
proctree_signal(const struct proctree *tree, int number)
{
	struct processes found;
	size_t i, sent;

	list_all(tree, &found);
	for (i = sent = 0; i < found.count; i++)
		if (found.list[i].state != 'Z' &&
		    found.list[i].pid != tree->passed_over)
			sent += signal_process(&found.list[i], number) == 0;
	free(found.list);
	return sent;
}

void
proctree_kill(const struct proctree *tree)
{
	size_t before, now;
	int rounds;

	before = 0;
	for (rounds = 0; rounds < STOP_ROUNDS; rounds++) {
		now = proctree_signal(tree, SIGSTOP);
		if (now <= before)
			break;
		before = now;
	}
	(void)proctree_signal(tree, SIGKILL);
}

bool
proctree_describe_forbidden(const struct proctree *tree, char *buffer,
    size_t size)
{
	struct processes found;
	struct stat owner;
	char path[64];
	bool any;
	size_t i;

	list_all(tree, &found);
	for (i = 0, any = false; i < found.count && !any; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d",
		    (int)found.list[i].pid);
		any = signal_process(&found.list[i], 0) == EPERM &&
		    stat(path, &owner) == 0;
		if (any)
			(void)snprintf(buffer, size, "'%s' (pid %d, user id "
			    "%u)", found.list[i].name, (int)found.list[i].pid,
			    (unsigned)owner.st_uid);
	}
	free(found.list);
	return any;
}

bool
proctree_is_empty(const struct proctree *tree)
{
	struct processes found;
	bool empty;

	if (is_childless())
		return true;
	if (tree->spared_count == 0)
		return false;
	/* Spared children keep waitid(2) from answering. */
	list_direct(tree, &found);
	empty = found.count == 0;
	free(found.list);
	return empty;
}

void
proctree_describe(const struct proctree *tree, char *buffer, size_t size)
{
	struct processes found;
	size_t i, length, shown;

	list_all(tree, &found);
	buffer[0] = '\0';
	for (i = shown = length = 0; i < found.count && shown < 3; i++) {
		if (found.list[i].state == 'Z')
			continue;
		length += snprintf(buffer + length, size - length,
		    "%s'%s' (pid %d)", shown > 0 ? ", " : "",
		    found.list[i].name, (int)found.list[i].pid);
		if (length >= size)
			length = size - 1;
		shown++;
	}
	if (i < found.count)
		(void)snprintf(buffer + length, size - length, " and %zu more",
		    found.count - i);
	free(found.list);
}
