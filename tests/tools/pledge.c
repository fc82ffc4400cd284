/*
 * pledge: the command of a run whose zkrun may have received false frames.
 *
 *	pledge CONNECT DIR RUN HOLD_MS STATUS
 *
 * pledge leaves these files in DIR for the judge of the run:
 *	lock		for all runs of the task; locked while pledge lives
 *	RUN.alive	for this run; locked while any of its processes lives
 *	RUN.proof	"begin", and "end" just before the exit with STATUS
 *	lies		a line "RUN WHAT" for each untrue statement of zkrun
 *
 * When pledge begins and when it ends, it asks the server at CONNECT whether
 * there is a lease with the session and the fence in its environment.  It
 * leaves a child that lives a moment longer.
 */
#include <sys/file.h>

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "zkwait.h"

static const char	*dir, *run;

static int
open_in_dir(const char *name, const char *suffix, int flags)
{
	char	path[1024];
	int	fd;

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	if ((fd = open(path, flags | O_CREAT | O_CLOEXEC, 0666)) == -1)
		err(EXIT_FAULT, "%s", path);
	return (fd);
}

static void
append(int fd, const char *first, const char *second)
{
	char	line[256];
	int	len = snprintf(line, sizeof(line), "%s%s\n", first, second);

	if (write(fd, line, (size_t)len) != len)
		err(EXIT_FAULT, "write");
}

static void
tell_lie(const char *what)
{
	int fd = open_in_dir("lies", "", O_WRONLY | O_APPEND);

	append(fd, run, what);
	close(fd);
}

static void
ask_server(const char *lease, uint64_t session, int64_t fence)
{
	struct answer	a = { 0 };
	int		rc;

	rc = await(&a, zoo_aexists(zh, lease, 0, on_stat, &a));
	if (rc == ZNONODE)
		tell_lie(" no-lease");
	else {
		check(rc, lease);
		if ((uint64_t)a.stat.ephemeralOwner != session)
			tell_lie(" not-our-lease");
		if (a.stat.czxid != fence)
			tell_lie(" wrong-fence");
	}
}

static void
linger(long ms)
{
	struct timespec	time = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&time, &time) == -1)
		continue;
}

int
main(int argc, char *argv[])
{
	const char	*lease, *session, *fence;
	int		 lock, alive, proof;
	bool		 locked;

	if (argc != 6)
		errx(EXIT_FAULT,
		    "usage: pledge CONNECT DIR RUN HOLD_MS STATUS");
	dir = argv[2];
	run = argv[3];
	lock = open_in_dir("lock", "", O_RDWR);
	locked = flock(lock, LOCK_EX | LOCK_NB) == 0;
	alive = open_in_dir(run, ".alive", O_RDWR);
	if (flock(alive, LOCK_EX | LOCK_NB) == -1)
		err(EXIT_FAULT, "%s.alive", run);
	proof = open_in_dir(run, ".proof", O_WRONLY | O_APPEND);
	append(proof, "begin", "");
	if (!locked)
		tell_lie(" overlap");
	/* The child inherits the open file and thereby the lock. */
	if (fork() == 0) {
		linger(atol(argv[4]) * 2);
		_exit(0);
	}
	lease = getenv("ZKRUN_LEASE");
	session = getenv("ZKRUN_SESSION");
	fence = getenv("ZKRUN_FENCE");
	if (lease == NULL || session == NULL || fence == NULL)
		errx(EXIT_FAULT, "not started by zkrun");
	connect_to(argv[1], NULL);
	ask_server(lease, strtoull(session, NULL, 16), atoll(fence));
	linger(atol(argv[4]));
	ask_server(lease, strtoull(session, NULL, 16), atoll(fence));
	append(proof, "end", "");
	zookeeper_close(zh);
	return (atoi(argv[5]));
}
