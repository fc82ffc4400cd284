/*
 * stuck.so, for LD_PRELOAD: make a process of zkrun wait for a disk that does
 * not answer.  Not even SIGKILL ends such a process.
 *
 * STUCK names the process: guard, keeper or resolver.  Once the file STUCK_WHEN
 * exists, this process writes to the file STUCK_FILE on the disk: guard and
 * keeper before they wait for events, the resolver in a thread when it is asked
 * for a name.
 */
#include <sys/prctl.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_due(const char *who)
{
	const char *stuck = getenv("STUCK"), *when = getenv("STUCK_WHEN");

	return (stuck != NULL && strcmp(stuck, who) == 0 && when != NULL &&
	    access(when, F_OK) == 0);
}

static void *
hang(void *unused)
{
	const char	*name = getenv("STUCK_FILE");
	int		 fd;

	(void)unused;
	if (name != NULL &&
	    (fd = open(name, O_WRONLY | O_APPEND | O_CLOEXEC)) != -1) {
		(void)!write(fd, "x", 1);
		close(fd);
	}
	return (NULL);
}

static const char *
role(void)
{
	char name[16];

	(void)prctl(PR_GET_NAME, name, 0L, 0L, 0L);
	if (strcmp(name, "zkkeeper") == 0)
		return ("keeper");
	return (strcmp(name, "zkrun") == 0 ? "guard" : "other");
}

int
poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	int (*original)(struct pollfd *, nfds_t, int);

	if (is_due(role()))
		(void)hang(NULL);
	*(void **)&original = dlsym(RTLD_NEXT, "poll");
	return (original(fds, count, timeout_ms));
}

int
ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
    const sigset_t *mask)
{
	int (*original)(struct pollfd *, nfds_t, const struct timespec *,
	    const sigset_t *);

	if (is_due(role()))
		(void)hang(NULL);
	*(void **)&original = dlsym(RTLD_NEXT, "ppoll");
	return (original(fds, count, timeout, mask));
}

int
getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event)
{
	int		(*original)(int, struct gaicb *[], int,
			    struct sigevent *);
	pthread_t	 thread;

	if (is_due("resolver"))
		(void)pthread_create(&thread, NULL, hang, NULL);
	*(void **)&original = dlsym(RTLD_NEXT, "getaddrinfo_a");
	return (original(mode, list, count, event));
}
