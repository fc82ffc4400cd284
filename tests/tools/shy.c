/*
 * shy: two processes that are not dumpable.  The second is in a session of its
 * own.  A /proc mounted with hidepid shows such processes only to root.  They
 * live for a minute.
 */
#include <sys/prctl.h>

#include <unistd.h>

int
main(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
	if (fork() == 0 && setsid() != -1 && fork() != 0)
		_exit(0);
	(void)sleep(60);
	return 0;
}
