/*
 * Writes each message in one write(2), without blocking, and keeps errno.
 */
#include "base/log.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.h"

/* At most PIPE_BUF: such a write to a pipe is never cut in two. */
#define LINE_SIZE	2048
#define PREFIX		"zkrun: "

/* To the first column, and clear what stands there (ECMA-48, EL). */
#define WIPE		"\r\033[K"

static atomic_bool own_line;	/* until log_share_line() */

static struct {
	enum log_level	level;
	int		syslog_fd;
	atomic_bool	*unfinished;	/* a line of log_progress() is shown */
} log_state = { LOG_NORMAL, -1, &own_line };

/*
 * In the background the terminal belongs to a shell, and a line that is
 * rewritten would be in its way.
 */
static bool
in_background(void)
{
	pid_t group;

	group = tcgetpgrp(STDERR_FILENO);
	return group != -1 && group != getpgrp();
}

/* A line that the terminal wraps could not be wiped. */
static void
cut_to_terminal(char *text)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		text_cut(text, size.ws_col - 1U);
}

/* Nobody can be told that a line could not be written. */
static void
write_all(const char *line)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	/* POLLOUT on a pipe promises room for PIPE_BUF bytes. */
	if (poll(&out, 1, 0) == 1 &&
	    write(STDERR_FILENO, line, strlen(line)) == -1)
		errno = 0;
}

static void
write_to_syslog(int priority, const char *text)
{
	char message[LINE_SIZE];

	if (log_state.syslog_fd == -1)
		return;
	message[0] = (char)priority;
	(void)strlcpy(message + 1, text, sizeof(message) - 1);
	if (send(log_state.syslog_fd, message, strlen(message),
	    MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		errno = 0;
}

/* A message of priority -1 does not go to the system's log. */
static void __attribute__((format(printf, 3, 0)))
write_message(bool shown, int priority, const char *format, va_list arguments)
{
	char line[LINE_SIZE], raw[LINE_SIZE - sizeof(WIPE PREFIX "\n")];
	char text[sizeof(raw)];
	int saved_errno = errno;

	(void)vsnprintf(raw, sizeof(raw), format, arguments);
	text_clean(text, sizeof(text), raw);
	if (shown) {
		(void)snprintf(line, sizeof(line), "%s" PREFIX "%s\n",
		    *log_state.unfinished && !in_background() ? WIPE : "",
		    text);
		write_all(line);
		*log_state.unfinished = false;
	}
	if (priority != -1)
		write_to_syslog(priority, text);
	errno = saved_errno;
}

void
log_set_level(enum log_level level)
{
	log_state.level = level;
}

void
log_set_syslog(int fd)
{
	log_state.syslog_fd = fd;
}

void
log_share_line(void)
{
	atomic_bool *shared;
	int saved_errno = errno;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared != MAP_FAILED)
		log_state.unfinished = shared;
	errno = saved_errno;
}

/* Defines a function for messages of one kind. */
#define DEFINE_KIND(name, shown, priority)			\
void								\
name(const char *format, ...)					\
{								\
	va_list arguments;					\
								\
	va_start(arguments, format);				\
	write_message((shown), (priority), format, arguments);	\
	va_end(arguments);					\
}

DEFINE_KIND(log_error, true, LOG_ERR)
DEFINE_KIND(log_notice, log_state.level >= LOG_NORMAL, LOG_NOTICE)
DEFINE_KIND(log_answer, true, LOG_NOTICE)
DEFINE_KIND(log_event, log_state.level >= LOG_VERBOSE, LOG_INFO)
DEFINE_KIND(log_verbose, log_state.level >= LOG_VERBOSE, -1)

void
log_progress(const char *format, ...)
{
	char line[LINE_SIZE], raw[512], text[sizeof(raw)];
	va_list arguments;
	int saved_errno = errno;
	bool background, shown;

	va_start(arguments, format);
	(void)vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	text_clean(text, sizeof(text), raw);
	cut_to_terminal(text);
	background = in_background();
	shown = text[0] != '\0' && !background;
	/* First, because we may be killed once the line is there. */
	if (shown)
		*log_state.unfinished = true;
	if (shown || (*log_state.unfinished && !background)) {
		(void)snprintf(line, sizeof(line), WIPE "%s", text);
		write_all(line);
	}
	*log_state.unfinished = shown;
	errno = saved_errno;
}
