/*
 * shy: two processes that are not dumpable and live for a minute.  The second
 * is in its own session.  If /proc is mounted with hidepid, only root can see
 * such processes.
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
