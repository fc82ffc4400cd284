/*
 * Signals and kills descendants, and finds out whether any is left.
 *
 * One look at /proc (proctree_walk.c) may miss a process, so callers repeat it
 * until waitid(2) reports that there are no children.
 */
#include "system/proctree.h"

#include <sys/mman.h>
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
#include "system/proctree_private.h"

#define STOP_ROUNDS	16
#define EMPTY_LOOKS	3	/* empty lists that prove an empty tree */
#define KILL_SELDOM_MS	1000	/* the longest pause between rounds */
#define PAGE		4096
#define DEATHS_PER_MS	10	/* ends of threads, on a slow machine */

/* Asks the kernel whether this process has no children, not even zombies. */
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
proctree_open(struct proctree *tree, struct subprocesses *ours)
{
	size_t i;

	memset(tree, 0, sizeof(*tree));
	tree->ours = ours;
	tree->found = processes_new();
	if (tree->found == NULL)
		return -1;
	proctree_hold_reserve(tree);
	for (i = 0; i < PROCTREE_RESERVE; i++)
		if (tree->reserve[i] == -1)
			return -1;
	return prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
}

void
proctree_rehearse(struct proctree *tree)
{
	extern const char __executable_start, etext;	/* from the linker */
	uintptr_t page;

	for (page = (uintptr_t)&__executable_start; page < (uintptr_t)&etext;
	    page += PAGE)
		(void)*(const volatile char *)page;
	(void)proctree_signal(tree, 0, 0);
}

void
proctree_stay_ready(struct proctree *tree)
{
	/* Keep the kernel from dropping pages and reading them again. */
	if (!tree->ready)
		(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	tree->ready = true;
}

/* Forgets a reaped child, because a process of the command may get its pid. */
static void
spare_no_more(struct proctree *tree, pid_t pid)
{
	size_t i;

	subprocess_reaped(tree->ours, pid);
	for (i = 0; i < tree->spared_count; i++)
		if (tree->spared[i] == pid)
			tree->spared[i--] = tree->spared[--tree->spared_count];
}

static bool
is_older(pid_t pid, int64_t than_ms)
{
	struct process process;

	return process_read(pid, &process) == 0 &&
	    proctree_is_older(&process, than_ms);
}

int
proctree_spare(struct proctree *tree, pid_t except, int64_t older_than_ms)
{
	struct processes *found = tree->found;
	pid_t *spared;
	size_t i;

	proctree_list_own(tree);
	spared = reallocarray(tree->spared,
	    tree->spared_count + found->count + 1, sizeof(*spared));
	if (spared == NULL)
		return -1;
	tree->spared = spared;
	for (i = 0; i < found->count; i++)
		if (found->list[i].pid != except &&
		    (proctree_is_living_child(except) ||
		    is_older(found->list[i].pid, older_than_ms)))
			spared[tree->spared_count++] = found->list[i].pid;
	return found->incomplete ? -1 : 0;
}

void
proctree_close(struct proctree *tree)
{
	free(tree->spared);
	processes_free(tree->found);
}

int64_t
proctree_kill_takes_ms(const struct proctree *tree)
{
	return 2 * tree->walk_ms + tree->threads / DEATHS_PER_MS;
}

void
proctree_kill_more(const struct proctree *tree)
{
	const struct processes *found = tree->found;
	size_t i;

	if (tree->kill_pause_ms == 0)
		return;
	proctree_list_own(tree);
	/*
	 * The pids still belong to these children, because we reap them later.
	 */
	for (i = 0; i < found->count; i++)
		(void)kill(found->list[i].pid, SIGKILL);
}

/* Sends SIGSTOP to all, in rounds, until a round finds no new process. */
static void
stop_all(struct proctree *tree)
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
}

int64_t
proctree_kill(struct proctree *tree)
{
	bool first = tree->kill_pause_ms == 0;

	/* Raise our priority above that of processes that fork. */
	if (first)
		(void)setpriority(PRIO_PROCESS, 0, -20);
	tree->kill_pause_ms = first ? PROCTREE_KILL_AGAIN_MS :
	    tree->kill_pause_ms * 2;
	/*
	 * Kill our own children first: listing them is fast, and when they die,
	 * their children become ours.
	 */
	proctree_kill_more(tree);
	if (!first)
		stop_all(tree);
	(void)proctree_signal(tree, 0, SIGKILL);
	if (tree->kill_pause_ms < tree->walk_ms)
		tree->kill_pause_ms = tree->walk_ms;
	if (tree->kill_pause_ms > KILL_SELDOM_MS)
		tree->kill_pause_ms = KILL_SELDOM_MS;
	return tree->kill_pause_ms;
}

pid_t
proctree_reap(struct proctree *tree, int *left, int *status)
{
	pid_t pid;

	if (*left == 0) {
		(void)kill(getpid(), SIGCHLD);
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
proctree_is_hopeless(const struct proctree *tree)
{
	return tree->kill_pause_ms >= KILL_SELDOM_MS;
}

bool
proctree_name_forbidden(struct proctree *tree, const char *task)
{
	const struct processes *found = tree->found;
	struct stat owner;
	char path[64];
	size_t i;

	if (!proctree_is_hopeless(tree) || tree->named_forbidden)
		return false;
	(void)proctree_signal(tree, 0, 0);
	for (i = 0; i < found->count && !tree->named_forbidden; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d",
		    (int)found->list[i].pid);
		if (kill(found->list[i].pid, 0) == 0 || errno != EPERM ||
		    stat(path, &owner) == -1)
			continue;
		log_error("cannot kill '%s' (pid %d, user id %u): not "
		    "permitted; '%s' stays locked while it lives",
		    found->list[i].name, (int)found->list[i].pid,
		    (unsigned)owner.st_uid, task);
		tree->named_forbidden = true;
	}
	return tree->named_forbidden;
}

bool
proctree_is_empty(const struct proctree *tree)
{
	size_t known = subprocess_count(tree->ours) + tree->spared_count;
	int looks;

	if (is_childless())
		return true;
	if (known == 0)
		return false;
	/*
	 * waitid(2) cannot answer while helpers or spared children exist.
	 * Trust only lists that contain all of these, and only several lists
	 * in a row, because one list may miss a process.
	 */
	for (looks = 0; looks < EMPTY_LOOKS; looks++) {
		proctree_list_own(tree);
		if (tree->found->count > 0 || tree->found->incomplete ||
		    tree->found->passed_over != known)
			return false;
	}
	return true;
}

bool
proctree_is_only(struct proctree *tree, pid_t pid)
{
	const struct processes *found = tree->found;

	(void)proctree_signal(tree, 0, 0);
	return found->count == 1 && found->list[0].pid == pid &&
	    !found->incomplete;
}

void
proctree_describe(struct proctree *tree, char *buffer, size_t size)
{
	const struct processes *found = tree->found;
	size_t i, length;

	(void)proctree_signal(tree, 0, 0);
	buffer[0] = '\0';
	for (i = length = 0; i < found->count && i < 3; i++) {
		length += snprintf(buffer + length, size - length,
		    "%s'%s' (pid %d)", i > 0 ? ", " : "",
		    found->list[i].name, (int)found->list[i].pid);
		if (length >= size)
			length = size - 1;
	}
	if (i < found->count)
		(void)snprintf(buffer + length, size - length, " and %zu more",
		    found->count - i);
}
