/*
 * zkwait.h: a ZooKeeper connection that sends one request at a time and waits
 * for the answer, on one thread and with a deadline.  The code is in a header,
 * because every .c file here is a program.  Some programs use only part of it.
 */
#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zookeeper/zookeeper.h>

#define DEADLINE_MS	10000
#define SESSION_MS	10000

enum { EXIT_NO = 1, EXIT_FAULT = 2 };

/* The answer to a request.  One request is under way at a time. */
struct answer {
	bool			 done;
	int			 rc;
	struct Stat		 stat;
	struct String_vector	 names;
	struct ACL_vector	 acl;
	char			*data;
	int			 len;
};

static zhandle_t	*zh;
static bool		 changed;	/* a watch fired */
static bool		 attaching;	/* resumes a session that may be gone */

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* Exit 1 for outcomes that a test may ask about, and 2 for all other errors. */
static void
check(int rc, const char *what)
{
	if (rc == ZOK)
		return;
	errx(rc == ZNONODE ? EXIT_NO : EXIT_FAULT, "%s: %s", what, zerror(rc));
}

/*
 * Run one turn of the client's loop.  Also wait for the descriptor "other", if
 * it is not -1.  Returns true if that is readable.
 */
static bool
turn(int other, int limit_ms)
{
	struct pollfd	 pfd[2];
	struct timeval	 tv = { 0, 0 };
	int		 fd = -1, interest = 0, events = 0, ms = 10, rc;

	rc = zookeeper_interest(zh, &fd, &interest, &tv);
	if (rc == ZOK)
		ms = (int)(tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1);
	else
		fd = -1;
	if (ms > limit_ms)
		ms = limit_ms;
	pfd[0].fd = fd;
	pfd[0].events = (short)((interest & ZOOKEEPER_READ ? POLLIN : 0) |
	    (interest & ZOOKEEPER_WRITE ? POLLOUT : 0));
	pfd[1].fd = other;
	pfd[1].events = POLLIN;
	pfd[0].revents = pfd[1].revents = 0;
	if (poll(pfd, 2, ms) == -1 && errno != EINTR)
		err(EXIT_FAULT, "poll");
	if (pfd[0].revents & (POLLIN | POLLHUP | POLLERR))
		events |= ZOOKEEPER_READ;
	if (pfd[0].revents & POLLOUT)
		events |= ZOOKEEPER_WRITE;
	if (fd != -1)
		zookeeper_process(zh, events);
	if (zoo_state(zh) == ZOO_EXPIRED_SESSION_STATE && !attaching)
		errx(EXIT_FAULT, "our session has expired");
	if (zoo_state(zh) == ZOO_AUTH_FAILED_STATE)
		errx(EXIT_FAULT, "authentication refused");
	return (pfd[1].revents != 0);
}

static void
watcher(zhandle_t *handle, int type, int state, const char *path, void *arg)
{
	(void)handle, (void)state, (void)path, (void)arg;
	if (type != ZOO_SESSION_EVENT)
		changed = true;
}

/* Connect, resuming the session with the id, if any.  False if it is gone. */
static bool
connect_to(const char *hosts, const clientid_t *id)
{
	double limit = now_ms() + DEADLINE_MS;

	attaching = id != NULL;
	zoo_set_debug_level(0);
	zh = zookeeper_init2(hosts, watcher, SESSION_MS, id, NULL,
	    ZOO_NO_LOG_CLIENTENV, NULL);
	if (zh == NULL)
		err(EXIT_FAULT, "%s", hosts);
	zoo_set_servers_resolution_delay(zh, -1);
	while (zoo_state(zh) != ZOO_CONNECTED_STATE) {
		if (now_ms() > limit)
			errx(EXIT_FAULT, "%s: no connection", hosts);
		turn(-1, 100);
		if (zoo_state(zh) == ZOO_EXPIRED_SESSION_STATE) {
			zookeeper_close(zh);
			return (false);
		}
	}
	attaching = false;
	return (true);
}

/* Wait for the answer to a request; rc is what the sending call returned. */
static int
await(struct answer *a, int rc)
{
	double limit = now_ms() + DEADLINE_MS;

	if (rc != ZOK)
		return (rc);
	while (!a->done) {
		if (now_ms() > limit)
			errx(EXIT_FAULT, "no answer");
		turn(-1, 100);
	}
	return (a->rc);
}

/* The completions keep copies, because the library frees its own data. */
static void
on_void(int rc, const void *arg)
{
	struct answer *a = (struct answer *)(uintptr_t)arg;

	a->rc = rc;
	a->done = true;
}

static void
on_stat(int rc, const struct Stat *stat, const void *arg)
{
	if (rc == ZOK)
		((struct answer *)(uintptr_t)arg)->stat = *stat;
	on_void(rc, arg);
}

static void __attribute__((unused))
on_data(int rc, const char *value, int len, const struct Stat *stat,
    const void *arg)
{
	struct answer *a = (struct answer *)(uintptr_t)arg;

	(void)stat;
	if (rc == ZOK && len > 0) {
		if ((a->data = malloc((size_t)len)) == NULL)
			err(EXIT_FAULT, NULL);
		memcpy(a->data, value, (size_t)len);
		a->len = len;
	}
	on_void(rc, arg);
}

static void __attribute__((unused))
on_string(int rc, const char *value, const void *arg)
{
	if (rc == ZOK)
		((struct answer *)(uintptr_t)arg)->data = strdup(value);
	on_void(rc, arg);
}

static void
on_names(int rc, const struct String_vector *names, const void *arg)
{
	struct answer	*a = (struct answer *)(uintptr_t)arg;
	int32_t		 i;

	if (rc == ZOK) {
		allocate_String_vector(&a->names, names->count);
		for (i = 0; i < names->count; i++)
			a->names.data[i] = strdup(names->data[i]);
	}
	on_void(rc, arg);
}

static void __attribute__((unused))
on_acl(int rc, struct ACL_vector *acl, struct Stat *stat, const void *arg)
{
	int		 i;

	(void)stat;
	for (i = 0; rc == ZOK && i < acl->count; i++) {
		int32_t p = acl->data[i].perms;

		printf("%s:%s:%s%s%s%s%s\n", acl->data[i].id.scheme,
		    acl->data[i].id.id, p & ZOO_PERM_READ ? "r" : "",
		    p & ZOO_PERM_WRITE ? "w" : "", p & ZOO_PERM_CREATE ? "c" :
		    "", p & ZOO_PERM_DELETE ? "d" : "",
		    p & ZOO_PERM_ADMIN ? "a" : "");
	}
	on_void(rc, arg);
}

static int
by_name(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* List the children of path, sorted, with a watch if asked for. */
static int __attribute__((unused))
list(const char *path, bool watch, struct String_vector *names)
{
	struct answer	a = { 0 };
	int		rc;

	rc = await(&a, zoo_aget_children(zh, path, watch, on_names, &a));
	*names = a.names;
	if (names->count > 0)
		qsort(names->data, (size_t)names->count, sizeof(char *),
		    by_name);
	return (rc);
}
