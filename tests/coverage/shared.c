/*
 * shared: one set of counters for all processes of zkrun.
 *
 * gcov keeps its counters in memory and writes them down when a program exits.
 * A good part of zkrun's processes do not: they are killed, by tests and by
 * each other, or end in _exit(2).  So the counters are pages of a file that
 * every process has mapped.  What was run is counted there and then, whoever
 * dies how.  No line of src/ is different for it.
 *
 * Linked into zkrun by tests/coverage, with shared.ld, which lays out the
 * counters, and --wrap=__gcov_exit.  With COVERAGE_COLLECT in the environment
 * the program writes what the file has the way that gcov does, and nothing
 * else.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

extern char counters_begin[], counters_end[];

void	__gcov_dump(void);
void	__wrap___gcov_exit(void);

/* At exit nobody writes: all would write the same, and gcov adds it up. */
void
__wrap___gcov_exit(void)
{
}

/*
 * Before main(), and so before anything is counted.  Who can not reach the
 * file, in a sandbox of a test, say, counts for itself, in vain.
 */
static void __attribute__((constructor))
share(void)
{
	size_t size = (size_t)(counters_end - counters_begin);
	struct stat st;
	int fd;

	if ((fd = open(COUNTERS, O_RDWR | O_CLOEXEC)) == -1)
		return;
	if (fstat(fd, &st) == 0 &&
	    (st.st_size >= (off_t)size || ftruncate(fd, (off_t)size) == 0))
		(void)mmap(counters_begin, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, fd, 0);
	(void)close(fd);
	if (getenv("COVERAGE_COLLECT") != NULL) {
		__gcov_dump();
		_exit(0);
	}
}
