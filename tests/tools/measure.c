/*
 * measure: run a command several times and print, for each run, its wall time
 * and the CPU time of all its processes, in milliseconds.
 *
 *	measure RUNS command [argument ...]
 *
 * The wall time ends with the command.  measure then waits for the processes
 * left behind, and adds their CPU time: zkrun's keeper closes its session after
 * zkrun has exited.  The command's output is discarded.  A status other than 0
 * is an error.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double
timeval_ms(const struct timeval *time)
{
	return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3;
}

static double
cpu_ms(const struct rusage *usage)
{
	return timeval_ms(&usage->ru_utime) + timeval_ms(&usage->ru_stime);
}

int
main(int argc, char **argv)
{
	const char *problem;
	struct rusage usage;
	double begin, cpu, wall;
	pid_t pid;
	int i, null, runs, status;

	if (argc < 3)
		errx(2, "usage: measure runs command [argument ...]");
	runs = (int)strtonum(argv[1], 1, 100000, &problem);
	if (problem != NULL)
		errx(2, "cannot use '%s': %s", argv[1], problem);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1)
		err(2, "cannot open /dev/null");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) == -1)
		err(2, "cannot become a subreaper");
	for (i = 0; i < runs; i++) {
		begin = now_ms();
		pid = fork();
		if (pid == -1)
			err(2, "cannot fork");
		if (pid == 0) {
			(void)dup2(null, STDIN_FILENO);
			(void)dup2(null, STDOUT_FILENO);
			(void)execvp(argv[2], argv + 2);
			err(127, "cannot run '%s'", argv[2]);
		}
		if (wait4(pid, &status, 0, &usage) == -1)
			err(2, "cannot wait");
		wall = now_ms() - begin;
		if (status != 0)
			errx(1, "'%s' failed", argv[2]);
		cpu = cpu_ms(&usage);
		while (wait4(-1, &status, 0, &usage) != -1)
			cpu += cpu_ms(&usage);
		(void)printf("%.3f %.3f\n", wall, cpu);
	}
	return 0;
}
