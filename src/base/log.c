/*
 * Formats each message as one line, then writes or sends it.
 */
#include "base/log.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.h"

/* This is at most PIPE_BUF, so that a write to a pipe is atomic. */
#define LINE_SIZE	2048
#define PREFIX		"zkrun: "

/* Returns to the first column and clears the line (ECMA-48, EL). */
#define WIPE		"\r\033[K"

/* The first byte of a message on the socket of LOG_TO_STDERR. */
enum { LINE = 'L', PROGRESS = 'P' };

static struct {
	enum log_level	level;
	int		fds[LOG_SINKS];
	bool		unfinished;	/* a progress line is shown */
} log_state = { LOG_NORMAL, { -1, -1 }, false };

/* In the background a progress line would overwrite the shell's line. */
static bool
in_background(void)
{
	pid_t group;

	group = tcgetpgrp(STDERR_FILENO);
	return group != -1 && group != getpgrp();
}

/* WIPE clears only one row, so the line must not wrap. */
static void
cut_to_terminal(char *text)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		text_cut(text, size.ws_col - 1U);
}

/* Ignores errors: there is no other place to report them. */
static void
write_all(const char *line)
{
	if (write(STDERR_FILENO, line, strlen(line)) == -1)
		errno = 0;
}

static void
write_progress(char *text)
{
	char line[LINE_SIZE];
	bool background, shown;

	cut_to_terminal(text);
	background = in_background();
	shown = text[0] != '\0' && !background;
	if (shown || (log_state.unfinished && !background)) {
		(void)snprintf(line, sizeof(line), WIPE "%s", text);
		write_all(line);
	}
	log_state.unfinished = shown;
}

void
log_write(char *message)
{
	char line[LINE_SIZE];

	if (message[0] == PROGRESS) {
		write_progress(message + 1);
		return;
	}
	(void)snprintf(line, sizeof(line), "%s" PREFIX "%s\n",
	    log_state.unfinished && !in_background() ? WIPE : "", message + 1);
	write_all(line);
	log_state.unfinished = false;
}

/* Ignores errors, as write_all() does. */
static void
send_to(enum log_sink sink, char *message)
{
	int fd = log_state.fds[sink];

	if (fd != -1 && send(fd, message, strlen(message),
	    MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		errno = 0;
	if (fd == -1 && sink == LOG_TO_STDERR)
		log_write(message);
}

/* A priority of -1 keeps the message out of syslog. */
static void __attribute__((format(printf, 4, 0)))
say(bool shown, int kind, int priority, const char *format, va_list arguments)
{
	char message[LINE_SIZE - sizeof(WIPE PREFIX "\n")];
	char raw[sizeof(message) - 1];
	int saved_errno = errno;

	(void)vsnprintf(raw, sizeof(raw), format, arguments);
	text_clean(message + 1, sizeof(message) - 1, raw);
	message[0] = (char)kind;
	if (shown)
		send_to(LOG_TO_STDERR, message);
	message[0] = (char)priority;
	if (priority != -1)
		send_to(LOG_TO_SYSLOG, message);
	errno = saved_errno;
}

void
log_set_level(enum log_level level)
{
	log_state.level = level;
}

void
log_send_to(enum log_sink sink, int fd)
{
	log_state.fds[sink] = fd;
}

/* Defines the function for one kind of message. */
#define DEFINE_KIND(name, shown, priority)			\
void								\
name(const char *format, ...)					\
{								\
	va_list arguments;					\
								\
	va_start(arguments, format);				\
	say((shown), LINE, (priority), format, arguments);	\
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
	va_list arguments;

	va_start(arguments, format);
	say(true, PROGRESS, -1, format, arguments);
	va_end(arguments);
}
