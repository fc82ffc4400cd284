/*
 * Collects reports and sends them to the service manager as datagrams.
 */
#include "system/sdnotify.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define EXTEND_PACE_MS	20000	/* each report asks for 60s more */

enum { READY = 1, EXTEND = 2, ALIVE = 4, STATUS = 8 };

/* Returns NULL or the problem.  A leading '@' stands for a NUL byte. */
static const char *
set_name(struct sdnotify *notify, const char *value)
{
	size_t length;

	length = strlen(value);
	if ((value[0] != '/' && value[0] != '@') || length < 2)
		return "not a path or an abstract socket name";
	if (length >= sizeof(notify->name.sun_path))
		return "the socket name is too long";
	notify->name.sun_family = AF_UNIX;
	memcpy(notify->name.sun_path, value, length + 1);
	if (value[0] == '@')
		notify->name.sun_path[0] = '\0';
	/*
	 * The length includes the NUL of a path.  An abstract name has no NUL.
	 */
	notify->name_length = (socklen_t)(offsetof(struct sockaddr_un,
	    sun_path) + length + (value[0] == '/'));
	return NULL;
}

static int
dial(const struct sdnotify *notify)
{
	return connect(notify->fd, (const struct sockaddr *)&notify->name,
	    notify->name_length);
}

/* Returns CLOCK_NEVER if WATCHDOG_PID names another process. */
static int64_t
read_watchdog_ms(void)
{
	const char *pid, *problem, *usec;
	int64_t number;

	usec = getenv("WATCHDOG_USEC");
	if (usec == NULL)
		return CLOCK_NEVER;
	pid = getenv("WATCHDOG_PID");
	if (pid != NULL && (strtonum(pid, 1, INT_MAX, &problem) != getpid() ||
	    problem != NULL))
		return CLOCK_NEVER;
	number = strtonum(usec, 1, INT64_MAX, &problem);
	return problem != NULL ? CLOCK_NEVER : number / 1000;
}

void
sdnotify_init(struct sdnotify *notify, bool by_command)
{
	const char *reason, *value;

	memset(notify, 0, sizeof(*notify));
	notify->fd = -1;
	notify->by_command = by_command;
	notify->watchdog_ms = by_command ? CLOCK_NEVER : read_watchdog_ms();
	value = getenv("NOTIFY_SOCKET");
	if (value == NULL)
		return;
	reason = set_name(notify, value);
	if (reason == NULL) {
		notify->fd = socket(AF_UNIX,
		    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (notify->fd != -1) {
			/* Connect now: the path may be on a slow disk. */
			(void)dial(notify);
			return;
		}
		reason = strerror(errno);
	}
	log_notice("cannot notify the service manager at '%s': %s", value,
	    reason);
	notify->name_length = 0;
}

void
sdnotify_started(struct sdnotify *notify)
{
	notify->started = true;
	notify->due &= ~EXTEND;
	if (!notify->by_command)
		notify->due |= READY;
}

void
sdnotify_status(struct sdnotify *notify, const char *task, const char *state)
{
	char status[SDNOTIFY_STATUS_SIZE];

	/* The command sends its own status. */
	if (notify->started && notify->by_command)
		return;
	(void)snprintf(status, sizeof(status), "STATUS=%s: %s\n", task, state);
	if (strcmp(status, notify->status) == 0)
		return;
	memcpy(notify->status, status, sizeof(status));
	notify->due |= STATUS;
}

void
sdnotify_alive(struct sdnotify *notify)
{
	if (notify->watchdog_ms != CLOCK_NEVER)
		notify->due |= ALIVE;
	if (!notify->started)
		notify->due |= EXTEND;
}

int64_t
sdnotify_pace_ms(const struct sdnotify *notify)
{
	int64_t pace_ms;

	pace_ms = notify->started ? CLOCK_NEVER : EXTEND_PACE_MS;
	if (notify->name_length == 0)
		return CLOCK_NEVER;
	if (notify->watchdog_ms == CLOCK_NEVER)
		return pace_ms;
	/* Add 1, or a watchdog of 1 ms would make the loop spin. */
	return clock_earlier(pace_ms, notify->watchdog_ms / 2 + 1);
}

bool
sdnotify_is_full(const struct sdnotify *notify)
{
	return notify->name_length != 0 && notify->due != 0;
}

static ssize_t
say(const struct sdnotify *notify, const char *text, size_t length)
{
	return send(notify->fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void
sdnotify_flush(struct sdnotify *notify)
{
	char text[SDNOTIFY_STATUS_SIZE + 128];
	ssize_t sent;
	int length;

	if (!sdnotify_is_full(notify))
		return;
	length = snprintf(text, sizeof(text), "%s%s%s%s",
	    notify->due & READY ? "READY=1\n" : "",
	    notify->due & EXTEND ? "EXTEND_TIMEOUT_USEC=60000000\n" : "",
	    notify->due & ALIVE ? "WATCHDOG=1\n" : "",
	    notify->due & STATUS ? notify->status : "");
	sent = say(notify, text, (size_t)length);
	/* The manager may have replaced its socket. */
	if (sent == -1 && errno != EAGAIN && errno != EINTR &&
	    dial(notify) == 0)
		sent = say(notify, text, (size_t)length);
	if (sent == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	notify->due = 0;
}
