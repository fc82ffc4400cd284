/*
 * Finds descendants, again and again, and signals them.
 *
 * One look at /proc may miss a process, so a round is repeated until waitid(2)
 * says that nobody is left.  A process counts as a descendant only if its
 * parent is the process under which it was found, or this process, which adopts
 * orphans.
 */
#include "system/proctree.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "system/process.h"

#define STOP_ROUNDS	16
#define KILL_AGAIN_MS	20	/* between two rounds of SIGKILL, at first */
#define KILL_SELDOM_MS	1000	/* later: the living cannot be killed */

static bool
is_spared(const struct proctree *tree, pid_t pid)
{
	size_t i;

	for (i = 0; i < tree->spared_count; i++)
		if (tree->spared[i] == pid)
			return true;
	return false;
}

/* Lists all living descendants.  The caller frees found->list. */
static void
list_living(const struct proctree *tree, struct processes *found)
{
	struct process now;
	size_t before, i, kept;

	memset(found, 0, sizeof(*found));
	process_list_children(found, getpid());
	for (i = kept = 0; i < found->count; i++) {
		/* The children of a dead process have new parents. */
		if (found->list[i].dead || is_spared(tree, found->list[i].pid))
			continue;
		before = found->count;
		process_list_children(found, found->list[i].pid);
		/* Its pid may belong to another process by now. */
		if (found->count > before &&
		    (!process_read(found->list[i].pid, &now) ||
		    now.start != found->list[i].start))
			found->count = before;
		found->list[kept++] = found->list[i];
	}
	found->count = kept;
}

/* Asks the kernel whether we have no child at all, zombies included. */
static bool
is_childless(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 &&
	    errno == ECHILD;
}

bool
proctree_can_see(void)
{
	const char *problem;
	char self[16];
	ssize_t length;

	length = readlink("/proc/self", self, sizeof(self) - 1);
	if (length == -1)
		return false;
	self[length] = '\0';
	return strtonum(self, 1, INT_MAX, &problem) == getpid() &&
	    problem == NULL;
}

int
proctree_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
}

/* The child is reaped, and its pid may become the command's. */
static void
spare_no_more(struct proctree *tree, pid_t pid)
{
	size_t i;

	for (i = 0; i < tree->spared_count; i++)
		if (tree->spared[i] == pid)
			tree->spared[i--] = tree->spared[--tree->spared_count];
}

int
proctree_spare_present(struct proctree *tree, pid_t except)
{
	struct processes found = { 0 };
	size_t i;

	process_list_children(&found, getpid());
	tree->spared = calloc(found.count, sizeof(*tree->spared));
	if (tree->spared == NULL && found.count > 0) {
		free(found.list);
		return -1;
	}
	for (i = 0; i < found.count; i++)
		if (found.list[i].pid != except)
			tree->spared[tree->spared_count++] = found.list[i].pid;
	free(found.list);
	return 0;
}

void
proctree_forget_spared(struct proctree *tree)
{
	free(tree->spared);
	tree->spared = NULL;
	tree->spared_count = 0;
}

size_t
proctree_signal(const struct proctree *tree, pid_t except, int number)
{
	struct processes found;
	size_t i, sent;

	list_living(tree, &found);
	for (i = sent = 0; i < found.count; i++)
		if (found.list[i].pid != except)
			sent += process_signal(&found.list[i], number) == 0;
	free(found.list);
	return sent;
}

/* Stops all until no more turn up, and then kills them. */
static void
strike(const struct proctree *tree)
{
	size_t before, now;
	int rounds;

	before = 0;
	for (rounds = 0; rounds < STOP_ROUNDS; rounds++) {
		now = proctree_signal(tree, 0, SIGSTOP);
		if (now <= before)
			break;
		before = now;
	}
	(void)proctree_signal(tree, 0, SIGKILL);
}

int64_t
proctree_kill(struct proctree *tree)
{
	/* If allowed: processes that fork must not keep the killer waiting. */
	if (tree->kill_pause_ms == 0)
		(void)setpriority(PRIO_PROCESS, 0, -20);
	strike(tree);
	tree->kill_pause_ms = tree->kill_pause_ms == 0 ? KILL_AGAIN_MS :
	    tree->kill_pause_ms * 2;
	if (tree->kill_pause_ms > KILL_SELDOM_MS)
		tree->kill_pause_ms = KILL_SELDOM_MS;
	return tree->kill_pause_ms;
}

void
proctree_kill_more(const struct proctree *tree)
{
	if (tree->kill_pause_ms > 0)
		strike(tree);
}

pid_t
proctree_reap(struct proctree *tree, int *left, int *status)
{
	pid_t pid;

	if (*left == 0) {
		(void)raise(SIGCHLD);
		return 0;
	}
	(*left)--;
	pid = waitpid(-1, status, WNOHANG);
	if (pid <= 0)
		return 0;
	spare_no_more(tree, pid);
	return pid;
}

bool
proctree_name_forbidden(struct proctree *tree, const char *task)
{
	struct processes found;
	struct stat owner;
	char path[64];
	size_t i;

	if (tree->kill_pause_ms < KILL_SELDOM_MS || tree->named_forbidden)
		return false;
	list_living(tree, &found);
	for (i = 0; i < found.count && !tree->named_forbidden; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d",
		    (int)found.list[i].pid);
		if (process_signal(&found.list[i], 0) != EPERM ||
		    stat(path, &owner) == -1)
			continue;
		log_error("cannot kill '%s' (pid %d, user id %u): not "
		    "permitted; '%s' is not released while it lives",
		    found.list[i].name, (int)found.list[i].pid,
		    (unsigned)owner.st_uid, task);
		tree->named_forbidden = true;
	}
	free(found.list);
	return tree->named_forbidden;
}

bool
proctree_is_empty(const struct proctree *tree)
{
	struct processes found = { 0 };
	size_t i;

	if (is_childless())
		return true;
	if (tree->spared_count == 0)
		return false;
	/* Spared children keep waitid(2) from answering. */
	process_list_children(&found, getpid());
	for (i = 0; i < found.count && is_spared(tree, found.list[i].pid);)
		i++;
	free(found.list);
	return i == found.count;
}

void
proctree_describe(const struct proctree *tree, char *buffer, size_t size)
{
	struct processes found;
	size_t i, length;

	list_living(tree, &found);
	buffer[0] = '\0';
	for (i = length = 0; i < found.count && i < 3; i++) {
		length += snprintf(buffer + length, size - length,
		    "%s'%s' (pid %d)", i > 0 ? ", " : "",
		    found.list[i].name, (int)found.list[i].pid);
		if (length >= size)
			length = size - 1;
	}
	if (i < found.count)
		(void)snprintf(buffer + length, size - length, " and %zu more",
		    found.count - i);
	free(found.list);
}
