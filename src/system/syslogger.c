/*
 * Runs a detached process between us and syslog(3).
 */
#include "system/syslogger.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "system/proctitle.h"
#include "system/subprocess.h"

#define MESSAGE_SIZE	2048
#define PATIENCE_S	2	/* with a logger that takes nothing */

/*
 * Only a signal ends a syslog(3) that blocks.  So each message has its own
 * process, which an alarm can end.  Returns false if it had to.
 */
static bool
say(int facility, const char *ident, const char *message)
{
	pid_t pid;
	int status;

	pid = fork();
	if (pid == 0) {
		openlog(ident, 0, facility);
		(void)alarm(PATIENCE_S);
		syslog(message[0], "%s", message + 1);
		_exit(0);
	}
	return pid != -1 && waitpid(pid, &status, 0) == pid &&
	    !WIFSIGNALED(status);
}

static bool
is_alone(int fd)
{
	struct pollfd peer = { .fd = fd };

	return poll(&peer, 1, 0) == 1 && (peer.revents & POLLHUP) != 0;
}

static void
pass_on(int fd, int facility, const char *ident)
{
	char message[MESSAGE_SIZE + 1];
	ssize_t length;

	while ((length = recv(fd, message, MESSAGE_SIZE, 0)) > 0) {
		message[length] = '\0';
		/* Each message that is left would take as long. */
		if (!say(facility, ident, message) && is_alone(fd))
			break;
	}
}

int
syslogger_start(int facility, const char *task)
{
	char ident[32];
	int ends[2];

	(void)snprintf(ident, sizeof(ident), "zkrun[%d]", (int)getpid());
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	switch (subprocess_detach(&ends[1])) {
	case -1:
		(void)close(ends[0]);
		(void)close(ends[1]);
		return -1;
	case 0:
		/* "pkill zkrun" must not find it. */
		(void)prctl(PR_SET_NAME, "zklogger", 0L, 0L, 0L);
		proctitle_set(task, "logging");
		pass_on(ends[1], facility, ident);
		_exit(0);
	}
	(void)close(ends[1]);
	return ends[0];
}
