/*
 * Gives each sink a socket, and a process that reads the socket.
 */
#include "system/logger.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "system/descriptors.h"
#include "system/proctitle.h"

#define MESSAGE_SIZE	2048
#define PATIENCE_S	2	/* time for one syslog(3) */
#define FINISH_MS	999	/* time for the logger of stderr at the end */
#define SYSLOG_FINISH_MS 200	/* time for the logger of syslog(3) */
#define TRY_AGAIN_MS	1000	/* pause after a failed fork(2) */

int
logger_open(struct logger *logger, struct subprocesses *ours, const char *task,
    int facility)
{
	int ends[2], sink, sinks;

	memset(logger, 0, sizeof(*logger));
	logger->ours = ours;
	logger->task = task;
	logger->facility = facility;
	sinks = facility == -1 ? LOG_TO_SYSLOG : LOG_SINKS;
	for (sink = 0; sink < LOG_SINKS; sink++)
		logger->sink[sink].to = logger->sink[sink].from = -1;
	for (sink = 0; sink < sinks; sink++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		    ends) == -1) {
			log_send_to(LOG_TO_STDERR, -1);
			return -1;
		}
		logger->sink[sink].tried_ms = -TRY_AGAIN_MS;
		logger->sink[sink].to = ends[0];
		logger->sink[sink].from = ends[1];
		log_send_to((enum log_sink)sink, ends[0]);
	}
	return 0;
}

/*
 * Writes each message in its own process, because only a signal can end a
 * syslog(3) that blocks.  Returns false if the alarm ended this process or
 * fork(2) failed.
 */
static bool
write_to_syslog(int facility, const char *ident, const char *message)
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

/* Returns whether every process that could send messages has exited. */
static bool
is_alone(int fd)
{
	struct pollfd peer = { .fd = fd };

	return poll(&peer, 1, 0) == 1 && (peer.revents & POLLHUP) != 0;
}

static _Noreturn void
write_all(const struct logger *logger, enum log_sink sink, const char *ident)
{
	char message[MESSAGE_SIZE + 1];
	int fd = logger->sink[sink].from;
	ssize_t length;

	while ((length = recv(fd, message, MESSAGE_SIZE, 0)) > 0) {
		message[length] = '\0';
		if (sink == LOG_TO_STDERR)
			log_write(message);
		/*
		 * After an alarm, stop: every further message would take as
		 * long.
		 */
		else if (!write_to_syslog(logger->facility, ident, message) &&
		    is_alone(fd))
			break;
	}
	_exit(0);
}

/*
 * Runs in the child.  The logger of syslog(3) may outlive zkrun to write the
 * last messages, so it leaves the session and closes all inherited descriptors.
 */
static _Noreturn void
become_logger(const struct logger *logger, enum log_sink sink, pid_t parent)
{
	char ident[32];
	sigset_t alarm_only;

	(void)snprintf(ident, sizeof(ident), "zkrun[%d]", (int)parent);
	/* "pkill zkrun" must not find a logger. */
	(void)prctl(PR_SET_NAME, "zklogger", 0L, 0L, 0L);
	(void)signal(SIGALRM, SIG_DFL);
	(void)sigemptyset(&alarm_only);
	(void)sigaddset(&alarm_only, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
	log_send_to(LOG_TO_STDERR, -1);
	log_send_to(LOG_TO_SYSLOG, -1);
	/* Leave the directory, so that its file system can be unmounted. */
	if (chdir("/") == -1)
		_exit(EXITCODE_SYSTEM);
	if (sink == LOG_TO_SYSLOG) {
		(void)setsid();
		descriptors_close_inherited();
	}
	proctitle_set(logger->task, sink == LOG_TO_STDERR ? "writing" :
	    "logging");
	write_all(logger, sink, ident);
}

/* Returns the sink's socket if the sink needs a new process now, else -1. */
static int
unread_fd(const struct logger *logger, enum log_sink sink)
{
	if (logger->sink[sink].from == -1 ||
	    subprocess_is_ours(logger->ours, logger->sink[sink].pid) ||
	    clock_ms() < logger->sink[sink].tried_ms + TRY_AGAIN_MS)
		return -1;
	return logger->sink[sink].from;
}

static void
start(struct logger *logger, enum log_sink sink)
{
	pid_t parent = getpid(), pid;

	pid = subprocess_fork(logger->ours, logger->sink[sink].from,
	    sink == LOG_TO_SYSLOG);
	if (pid == 0)
		become_logger(logger, sink, parent);
	logger->sink[sink].tried_ms = clock_ms();
	if (pid == -1) {
		if (sink == LOG_TO_SYSLOG && !logger->complained)
			log_notice("cannot write to syslog: %s",
			    strerror(errno));
		logger->complained |= sink == LOG_TO_SYSLOG;
		return;
	}
	/* If this logger is killed, the next one reads the same socket. */
	logger->sink[sink].pid = pid;
}

void
logger_prepare(const struct logger *logger, bool may_start, struct pollfd *fds)
{
	int sink;

	for (sink = 0; sink < LOG_SINKS; sink++) {
		fds[sink].fd = may_start ?
		    unread_fd(logger, (enum log_sink)sink) : -1;
		fds[sink].events = POLLIN;
	}
}

void
logger_process(struct logger *logger, const struct pollfd *fds)
{
	int sink;

	for (sink = 0; sink < LOG_SINKS; sink++)
		if (fds[sink].revents != 0)
			start(logger, (enum log_sink)sink);
}

void
logger_inherit(struct logger *logger, struct subprocesses *ours)
{
	logger->ours = ours;
}

/* Writes the unread messages.  May block, because no deadline is left. */
static void
write_rest(struct logger *logger)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
	char message[MESSAGE_SIZE + 1];
	ssize_t length;

	log_send_to(LOG_TO_STDERR, -1);
	while (poll(&out, 1, 0) == 1 &&
	    (length = recv(logger->sink[LOG_TO_STDERR].from, message,
	    MESSAGE_SIZE, MSG_DONTWAIT)) > 0) {
		message[length] = '\0';
		log_write(message);
	}
}

static bool
has_messages(const struct logger *logger, enum log_sink sink)
{
	struct pollfd from = { .fd = unread_fd(logger, sink),
	    .events = POLLIN };

	return poll(&from, 1, 0) == 1 && (from.revents & POLLIN) != 0;
}

void
logger_finish(struct logger *logger)
{
	pid_t pid;
	int sink;

	/* If SIGCHLD were ignored, waitpid(2) would report no child. */
	(void)signal(SIGCHLD, SIG_DFL);
	/* Start with syslog: zkrun reports its failure on stderr. */
	for (sink = LOG_SINKS - 1; sink >= 0; sink--) {
		if (has_messages(logger, (enum log_sink)sink))
			start(logger, (enum log_sink)sink);
		if (logger->sink[sink].to != -1)
			(void)shutdown(logger->sink[sink].to, SHUT_WR);
	}
	/* Reap the loggers: PID 1 of a container may not reap them. */
	pid = logger->sink[LOG_TO_SYSLOG].pid;
	(void)subprocess_wait(logger->ours, pid, SYSLOG_FINISH_MS);
	pid = logger->sink[LOG_TO_STDERR].pid;
	if (!subprocess_wait(logger->ours, pid, FINISH_MS))
		(void)kill(pid, SIGKILL);
	else
		write_rest(logger);
}
