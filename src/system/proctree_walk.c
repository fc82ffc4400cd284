/*
 * Finds descendants in /proc and signals them.
 *
 * A process counts as a descendant only if its parent is still the process that
 * listed it, or is this process, which adopts orphans.
 */
#include "system/proctree_private.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define MANY_THREADS	64	/* too many lists of children to read */
#define AGE_MARGIN_MS	20	/* start times are rounded down to 10 ms */

static bool
is_spared(const struct proctree *tree, pid_t pid)
{
	size_t i;

	for (i = 0; i < tree->spared_count; i++)
		if (tree->spared[i] == pid)
			return true;
	return subprocess_is_ours(tree->ours, pid);
}

void
proctree_hold_reserve(struct proctree *tree)
{
	size_t i;

	for (i = 0; i < PROCTREE_RESERVE; i++)
		tree->reserve[i] = open("/proc", O_PATH | O_CLOEXEC);
}

static void
release_reserve(struct proctree *tree)
{
	size_t i;

	for (i = 0; i < PROCTREE_RESERVE; i++)
		if (tree->reserve[i] != -1)
			(void)close(tree->reserve[i]);
}

void
proctree_list_own(const struct proctree *tree)
{
	struct processes *found = tree->found;
	size_t i, kept;

	found->count = 0;
	found->incomplete = false;
	process_add_own(found);
	for (i = kept = 0; i < found->count; i++)
		if (!is_spared(tree, found->list[i].pid))
			found->list[kept++] = found->list[i];
	found->passed_over = found->count - kept;
	found->count = kept;
}

bool
proctree_is_older(const struct process *process, int64_t than_ms)
{
	return (int64_t)process->start * 1000 / sysconf(_SC_CLK_TCK) <
	    than_ms - AGE_MARGIN_MS;
}

bool
proctree_is_living_child(pid_t pid)
{
	siginfo_t info;

	info.si_pid = 0;
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
	    0 && info.si_pid == 0;
}

/* Reads about our child, which /proc may hide (hidepid). */
static bool
read_own(pid_t pid, struct process *process)
{
	if (process_read(pid, process) == 0)
		return !process->dead;
	memset(process, 0, sizeof(*process));
	process->pid = pid;
	process->parent = getpid();
	(void)strlcpy(process->name, "?", sizeof(process->name));
	return proctree_is_living_child(pid);
}

/* Reads about a child of another process, after its pidfd was opened. */
static bool
read_other(struct processes *found, const struct process *listed,
    struct process *process)
{
	int error;

	error = process_read(listed->pid, process);
	process_note_error(found, error);
	return error == 0 && !process->dead &&
	    (process->parent == listed->parent || process->parent == getpid());
}

/* Adds the process's children, unless its pid has been reused. */
static void
add_children(struct processes *found, const struct process *process, bool own)
{
	struct process now;
	size_t before = found->count;

	process_add_children(found, process->pid, process->threads);
	if (!own && found->count > before &&
	    (process_read(process->pid, &now) != 0 ||
	    now.start != process->start))
		found->count = before;
}

/*
 * Reads about a listed process, adds its children and sends it a signal (0:
 * none).  Returns whether it lives and is a descendant.
 */
static bool
visit(const struct proctree *tree, size_t i, int number)
{
	struct processes *found = tree->found;
	struct process process;
	bool lives, own = found->list[i].parent == getpid();
	int pidfd = -1;

	if (!own) {
		pidfd = process_open(found->list[i].pid);
		if (pidfd == -1 && errno != 0) {
			found->incomplete |= errno != ESRCH;
			return false;
		}
	}
	lives = own ? read_own(found->list[i].pid, &process) :
	    read_other(found, &found->list[i], &process);
	if (lives) {
		/*
		 * In the first round of killing, skip the children of a process
		 * with many threads: they become ours when it dies.
		 */
		if (tree->kill_pause_ms != PROCTREE_KILL_AGAIN_MS ||
		    number != SIGKILL || process.threads < MANY_THREADS)
			add_children(found, &process, own);
		if (number != 0)
			(void)process_signal(process.pid, pidfd, number);
		found->list[i] = process;
	}
	if (pidfd != -1)
		(void)close(pidfd);
	return lives;
}

/* Signals a process of the list, unless its pid has been reused. */
static void
signal_found(const struct process *process, int number)
{
	struct process now;
	int pidfd = -1;

	if (process->parent != getpid()) {
		pidfd = process_open(process->pid);
		if ((pidfd == -1 && errno != 0) ||
		    process_read(process->pid, &now) != 0 ||
		    now.start != process->start)
			number = 0;
	}
	if (number != 0)
		(void)process_signal(process->pid, pidfd, number);
	if (pidfd != -1)
		(void)close(pidfd);
}

static bool
ignores(const struct process *process, int number)
{
	return number > 0 && number < SIGRTMIN &&
	    (process->ignored >> (number - 1) & 1) != 0;
}

static bool
has_had(const struct proctree *tree, const struct process *process,
    pid_t group)
{
	if (group == PROCTREE_EVERYBODY)
		return proctree_is_older(process, tree->passed_on_ms);
	return group != 0 && process->group == group;
}

/* Does the work of proctree_signal() and proctree_pass_on(). */
static size_t
signal_all(struct proctree *tree, pid_t except, pid_t group, int number,
    int instead)
{
	struct processes *found = tree->found;
	const struct process *each;
	int64_t began_ms = clock_ms();
	size_t i, kept;
	/*
	 * SIGKILL is urgent.  For other signals find all processes first,
	 * because a process that ends may leave its children to another
	 * subreaper below us.
	 */
	int at_once = number == SIGKILL ? number : 0;

	release_reserve(tree);
	proctree_list_own(tree);
	tree->threads = 0;
	for (i = kept = 0; i < found->count; i++) {
		if (!visit(tree, i, at_once))
			continue;
		tree->threads += found->list[i].threads;
		found->list[kept++] = found->list[i];
	}
	found->count = kept;
	for (i = 0; number != at_once && i < found->count; i++) {
		each = &found->list[i];
		if (instead != 0 && ignores(each, number))
			signal_found(each, instead);
		else if (each->pid != except && !has_had(tree, each, group))
			signal_found(each, number);
	}
	proctree_hold_reserve(tree);
	tree->walk_ms = clock_ms() - began_ms;
	return found->count;
}

size_t
proctree_signal(struct proctree *tree, pid_t except, int number)
{
	return signal_all(tree, except, 0, number, 0);
}

void
proctree_pass_on(struct proctree *tree, pid_t group, int number, int instead)
{
	int64_t began_ms = clock_ms();

	(void)signal_all(tree, 0, group, number, instead);
	tree->passed_on_ms = began_ms;
}
