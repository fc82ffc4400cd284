/*
 * contender: runs one zkrun after another for one task, with random options.
 * The contender is the parent of the zkruns and records the wait status of
 * each.  The commands under the lock write their own signs of life; see toil.c.
 *
 * Seed and name determine what a contender does and in which order.  The times
 * depend on the machine.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "signs.h"

/* The options of one zkrun.  A negative number omits the option. */
struct plan {
	int	wait_ms;	/* 0: -n */
	int	interval_ms;
	int	hold_ms;
	int	max_ms;
	int	kill_ms;
	int	timeout_ms;
	int	retries;
	bool	group;
	const char *orphans;
	int	toil_ms;
	int	ending;
	int	linger_ms;
	char	manner[8];
};

static const char	*dir, *name, *task, *servers, *zkrun, *toil;
static const char	*leases = "1";
static const char	*recipe = "semaphore";
static const char	*settings[8];	/* variables for zkrun's environment */
static size_t		 setting_count;
static const char	*output[3];	/* zkrun's files, by descriptor */
static int		 output_fd[3] = { -1, -1, -1 };
static int		 stubborn;	/* percent of the commands; see -S */
static bool		 intervals;
static uint64_t		 chance;
static volatile sig_atomic_t over, child;

static void
usage(void)
{
	fputs(
"usage: contender -d DIR -n NAME -t TASK -c SERVERS -z ZKRUN -w TOIL -s SEED\n"
"           [-l LEASES] [-r RECIPE] [-i] [-e NAME=VALUE]... [-O FILE]\n"
"           [-E FILE] [-S PERCENT]\n"
"Runs until TERM, which it passes on to its zkrun.  It writes runs.NAME (a line\n"
"a run), signs.NAME, pid.NAME and err.NAME into DIR.  With -i some runs have an\n"
"interval.  -e sets a variable for zkrun.  -O and -E are its stdout and stderr,\n"
"on a disk that may stall.  -S percent of the commands are stubborn: they run\n"
"for seconds, and only KILL ends them.\n", stderr);
	exit(2);
}

static int
between(int least, int most)
{
	return (least + (int)(chance_next(&chance) % (uint64_t)(most - least + 1)));
}

static bool
percent(int share)
{
	return (between(0, 99) < share);
}

static void
end(int number)
{
	(void)number;
	over = 1;
	if (child > 0)
		(void)kill(child, SIGTERM);
}

static void
plan_command(struct plan *plan)
{
	static const int endings[] = { 1, 3, 42, 1000 + SIGKILL,
	    1000 + SIGSEGV };
	char *manner = plan->manner;

	/* Some commands outlast a session. */
	plan->toil_ms = percent(15) ? 0 : percent(8) ? between(2000, 8000) :
	    between(5, 700);
	plan->ending = percent(70) ? 0 : endings[between(0, 4)];
	plan->linger_ms = percent(50) ? 0 : between(10, 900);
	if (percent(50))
		*manner++ = 'c';
	if (percent(40))
		*manner++ = 's';
	if (percent(30))
		*manner++ = percent(50) ? 'i' : 't';
	if (strcmp(plan->orphans, "leave") == 0)
		*manner++ = 'l';
	*manner++ = '-';
	*manner = '\0';
}

static void
make_stubborn(struct plan *plan)
{
	plan->toil_ms = between(5000, 9000);
	plan->max_ms = -1;
	(void)strlcpy(plan->manner, "i", sizeof(plan->manner));
}

static void
make_plan(struct plan *plan)
{
	static const char *const orphans[] = { "wait", "wait", "kill",
	    "leave" };

	memset(plan, 0, sizeof(*plan));
	plan->wait_ms = percent(10) ? 0 : percent(40) ? between(100, 8000) : -1;
	plan->interval_ms = percent(60) ? between(200, 2500) : -1;
	if (!intervals)
		plan->interval_ms = -1;
	plan->hold_ms = percent(20) ? between(50, 1200) : -1;
	plan->max_ms = percent(20) ? between(50, 800) : -1;
	plan->kill_ms = between(50, 800);
	plan->timeout_ms = between(3000, 5000);
	plan->retries = percent(30) ? between(0, 3) : -1;
	plan->group = percent(20);
	plan->orphans = orphans[between(0, 3)];
	plan_command(plan);
	if (stubborn > 0 && percent(stubborn))
		make_stubborn(plan);
}

/* Append an argument to argv; it is never freed. */
static void
add(char ***argv, const char *before, int number, const char *after)
{
	if (asprintf((*argv)++, "%s%d%s", before, number, after) == -1)
		err(2, NULL);
}

static void
add_text(char ***argv, const char *text)
{
	if ((*(*argv)++ = strdup(text)) == NULL)
		err(2, NULL);
}

static void
add_options(char ***argv, const struct plan *plan)
{
	add(argv, "-k", plan->kill_ms, "ms");
	add(argv, "-T", plan->timeout_ms, "ms");
	if (plan->retries < 0)
		add_text(argv, "-rforever");
	else
		add(argv, "-r", plan->retries, "");
	if (plan->wait_ms == 0)
		add_text(argv, "-n");
	else if (plan->wait_ms > 0)
		add(argv, "-w", plan->wait_ms, "ms");
	if (plan->interval_ms >= 0)
		add(argv, "-i", plan->interval_ms, "ms");
	if (plan->hold_ms >= 0)
		add(argv, "--hold=", plan->hold_ms, "ms");
	if (plan->max_ms >= 0)
		add(argv, "-m", plan->max_ms, "ms");
	if (plan->group)
		add_text(argv, "-g");
}

static void
run_zkrun(const struct plan *plan, int slot)
{
	const char *const always[] = { zkrun, "-v", "-c", servers, "-t", task,
	    "-l", leases, "--recipe", recipe, "-o", plan->orphans,
	    "--retry-sleep=200ms", "--connect-timeout=3s" };
	char	*all[48], **argv = all, *file;
	size_t	 i;

	for (i = 0; i < setting_count; i++)
		if (putenv(strdup(settings[i])) != 0)
			err(2, NULL);
	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		add_text(&argv, always[i]);
	add_options(&argv, plan);
	if (asprintf(&file, "%s/signs.%s", dir, name) == -1)
		err(2, NULL);
	add_text(&argv, toil);
	add_text(&argv, file);
	add(&argv, "", slot, "");
	add(&argv, "", plan->toil_ms, "");
	add(&argv, "", plan->ending, "");
	add(&argv, "", plan->linger_ms, "");
	add_text(&argv, plan->manner);
	*argv = NULL;
	execv(zkrun, all);
	err(2, "cannot run '%s'", zkrun);
}

static FILE *
open_log(const char *kind)
{
	char	*path;
	FILE	*file;

	if (asprintf(&path, "%s/%s.%s", dir, kind, name) == -1 ||
	    (file = fopen(path, "we")) == NULL)
		err(2, "cannot open '%s.%s'", kind, name);
	(void)setvbuf(file, NULL, _IOLBF, 0);
	free(path);
	return (file);
}

/* Write zkrun's pid to the file that the nemesis reads. */
static void
publish(FILE *file, pid_t pid)
{
	rewind(file);
	(void)fprintf(file, "%-10d\n", (int)pid);
	(void)fflush(file);
}

/* Open the files once, before the disk stalls for the first time. */
static void
open_outputs(void)
{
	int	fd;

	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (output[fd] != NULL && (output_fd[fd] = open(output[fd],
		    O_WRONLY | O_CREAT | O_CLOEXEC, 0666)) == -1)
			err(2, "cannot open '%s'", output[fd]);
}

static void
redirect(FILE *errors)
{
	int	fd;

	if (dup2(fileno(errors), STDERR_FILENO) == -1)
		err(2, "dup2");
	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (output_fd[fd] != -1 && dup2(output_fd[fd], fd) == -1)
			err(2, "dup2");
}

static const char *
name_outputs(void)
{
	if (output[STDERR_FILENO] == NULL)
		return (output[STDOUT_FILENO] == NULL ? "none" : "stdout");
	return (output[STDOUT_FILENO] == NULL ? "stderr" : "stdout+stderr");
}

/* Write nothing to the disk, or the contender would stall as well. */
static void
say_run(FILE *errors, int slot)
{
	(void)fprintf(errors, "== run %d", slot);
	if (output_fd[STDERR_FILENO] != -1)
		(void)fprintf(errors, ", from byte %lld of its stderr",
		    (long long)lseek(output_fd[STDERR_FILENO], 0, SEEK_CUR));
	(void)fputc('\n', errors);
}

static pid_t
start(const struct plan *plan, int slot, FILE *errors)
{
	sigset_t	 blocked, before;
	pid_t		 pid;

	/* Block TERM, so that its handler always knows the child. */
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &blocked, &before);
	if ((pid = fork()) == -1)
		err(2, "fork");
	if (pid == 0) {
		(void)signal(SIGTERM, SIG_DFL);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		redirect(errors);
		run_zkrun(plan, slot);
	}
	child = pid;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return (pid);
}

static void
say_plan(FILE *runs, const struct plan *plan, int slot, pid_t pid,
    int64_t start_us)
{
	(void)fprintf(runs, "run who=%s n=%d task=%s recipe=%s leases=%s "
	    "pid=%d start=%" PRId64 " wait=%d interval=%d hold=%d max=%d "
	    "kill=%d timeout=%d retries=%d orphans=%s toil=%d will=%d "
	    "linger=%d manner=%s disk=%s", name, slot, task, recipe, leases,
	    (int)pid, start_us,
	    plan->wait_ms, plan->interval_ms, plan->hold_ms, plan->max_ms,
	    plan->kill_ms, plan->timeout_ms, plan->retries, plan->orphans,
	    plan->toil_ms, plan->ending, plan->linger_ms, plan->manner,
	    name_outputs());
}

static void
contend(int slot, FILE *runs, FILE *pids, FILE *errors)
{
	struct plan	plan;
	int64_t		start_us;
	int		status;
	pid_t		pid;

	make_plan(&plan);
	say_run(errors, slot);
	start_us = signs_now_us();
	pid = start(&plan, slot, errors);
	publish(pids, pid);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			err(2, "waitpid");
	child = 0;
	say_plan(runs, &plan, slot, pid, start_us);
	(void)fprintf(runs, " end=%" PRId64 " how=%s code=%d told=%d\n",
	    signs_now_us(), WIFSIGNALED(status) ? "signal" : "exit",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	    (int)over);
}

static void
take_options(int argc, char *argv[])
{
	const char	*p;
	int		 c;

	while ((c = getopt(argc, argv, "E:O:S:c:d:e:il:n:r:s:t:w:z:")) != -1)
		switch (c) {
		case 'E': output[STDERR_FILENO] = optarg; break;
		case 'O': output[STDOUT_FILENO] = optarg; break;
		case 'S': stubborn = atoi(optarg); break;
		case 'c': servers = optarg; break;
		case 'd': dir = optarg; break;
		case 'e':
			if (setting_count == 8)
				usage();
			settings[setting_count++] = optarg;
			break;
		case 'i': intervals = true; break;
		case 'l': leases = optarg; break;
		case 'n': name = optarg; break;
		case 'r': recipe = optarg; break;
		case 's': chance = strtoull(optarg, NULL, 10); break;
		case 't': task = optarg; break;
		case 'w': toil = optarg; break;
		case 'z': zkrun = optarg; break;
		default: usage();
		}
	if (optind != argc || !dir || !name || !task || !servers || !zkrun ||
	    !toil)
		usage();
	for (p = name; *p != '\0'; p++)
		chance = (chance + (uint64_t)*p) * 0x100000001b3;
}

int
main(int argc, char *argv[])
{
	struct sigaction action = { .sa_handler = end };
	struct timespec	 pause = { 0 };
	FILE		*runs, *pids, *errors;
	int		 slot;

	take_options(argc, argv);
	(void)prctl(PR_SET_PDEATHSIG, (long)SIGTERM, 0L, 0L, 0L);
	(void)sigaction(SIGTERM, &action, NULL);
	runs = open_log("runs");
	pids = open_log("pid");
	errors = open_log("err");
	open_outputs();
	for (slot = 0; !over && slot < SIGNS_SLOTS; slot++) {
		contend(slot, runs, pids, errors);
		pause.tv_nsec = between(0, 300) * 1000000L;
		(void)nanosleep(&pause, NULL);
	}
	return (0);
}
