/*
 * shared: share one set of counters among all processes of zkrun.
 *
 * gcov keeps its counters in memory and writes them when a program exits.  Many
 * of zkrun's processes do not exit: they are killed, or end in _exit(2).  So
 * the counters are pages of a file that every process maps, and a count is
 * stored at once, however the process ends.  This needs no change of src/.
 *
 * tests/coverage links this into zkrun, with shared.ld, which lays out the
 * counters, and --wrap=__gcov_exit.  With COVERAGE_COLLECT in the environment
 * the program writes the file's counts in gcov's format, and exits.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

extern char counters_begin[], counters_end[];

void	__gcov_dump(void);
void	__wrap___gcov_exit(void);

/* No process writes at exit, because gcov would add up the shared counts. */
void
__wrap___gcov_exit(void)
{
}

/*
 * Runs before main() and thus before any count.  If a process cannot open the
 * file, for instance in a sandbox, its counts are lost.
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
