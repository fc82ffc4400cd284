/*
 * slowstart.so, for LD_PRELOAD: delay the keeper just before it starts the
 * command, as a busy machine does.  The delay of 8 ms is shorter than the time
 * for which the guard waits for the keeper's report of a signal.  Before the
 * delay, slowstart.so creates the file that SLOWSTART names.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int
setenv(const char *name, const char *value, int overwrite)
{
	const struct timespec pause = { .tv_nsec = 8000000 };
	int (*original)(const char *, const char *, int);

	*(void **)&original = dlsym(RTLD_NEXT, "setenv");
	if (strcmp(name, "ZKRUN_TASK") == 0) {
		(void)open(getenv("SLOWSTART"), O_CREAT | O_CLOEXEC, 0600);
		(void)nanosleep(&pause, NULL);
	}
	return original(name, value, overwrite);
}
