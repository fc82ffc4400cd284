/*
 * One line a message, in one write, without blocking, errno kept.
 */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level log_level = LOG_NORMAL;

static void	write_line(const char *, va_list)
    __attribute__((format(printf, 1, 0)));

static void
write_line(const char *format, va_list arguments)
{
	static const char prefix[] = "zkrun: ";
	/* At most PIPE_BUF: such a write to a pipe is never cut in two. */
	char line[2048];
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
	size_t length, i;
	int saved_errno = errno;

	memcpy(line, prefix, sizeof(prefix));
	(void)vsnprintf(line + strlen(prefix),
	    sizeof(line) - strlen(prefix) - 1, format, arguments);
	length = strlen(line);
	for (i = 0; i < length; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[length++] = '\n';
	/*
	 * POLLOUT on a pipe promises room for PIPE_BUF bytes.  Nobody can be
	 * told that the line could not be written.
	 */
	if (poll(&out, 1, 0) == 1 && write(STDERR_FILENO, line, length) == -1)
		errno = 0;
	errno = saved_errno;
}

void
log_set_level(enum log_level level)
{
	log_level = level;
}

void
log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(format, arguments);
	va_end(arguments);
}

void
log_notice(const char *format, ...)
{
	va_list arguments;

	if (log_level < LOG_NORMAL)
		return;
	va_start(arguments, format);
	write_line(format, arguments);
	va_end(arguments);
}

void
log_verbose(const char *format, ...)
{
	va_list arguments;

	if (log_level < LOG_VERBOSE)
		return;
	va_start(arguments, format);
	write_line(format, arguments);
	va_end(arguments);
}
