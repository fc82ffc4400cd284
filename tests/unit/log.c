/*
 * Tests what a message writes to stderr and to syslog at each level.
 */
#include "base/log.h"

#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

#include "tap.h"

static int	said_fd;	/* the read end of stderr's pipe */
static int	sent_fd, full_fd; /* both ends of the socket for syslog */

/* Reads without waiting and returns the text, maybe "". */
static const char *
heard(int fd)
{
	static char text[2][4096];
	char *to;
	ssize_t got;

	to = text[fd == said_fd];
	got = read(fd, to, sizeof(text[0]) - 1);
	to[got > 0 ? got : 0] = '\0';
	return to;
}

/* Returns the priority of a message for syslog, or -1 for no message. */
static int
priority(const char *message)
{
	return message[0] != '\0' ? message[0] : -1;
}

static void
check(enum log_level level, void (*say)(const char *, ...), const char *name,
    bool shown, int wanted)
{
	static const char *const levels[] = { "-q", "normally", "-v" };
	const char *text;

	log_set_level(level);
	errno = EDOM;
	say("%s %d", "word", 7);
	ok(errno == EDOM, "%s: %s keeps errno", levels[level], name);
	is_text(heard(said_fd), shown ? "zkrun: word 7\n" : "",
	    shown ? "the text is shown" : "the text is not shown");
	text = heard(sent_fd);
	is_int(priority(text), wanted, wanted == -1 ? "syslog gets no text" :
	    "syslog gets the priority");
	is_text(text + (wanted != -1), wanted == -1 ? "" : "word 7",
	    "the logged text has no prefix");
}

static void
test_levels(void)
{
	enum log_level level;

	for (level = LOG_ERRORS; level <= LOG_VERBOSE; level++) {
		check(level, log_error, "an error", true, LOG_ERR);
		check(level, log_notice, "a notice", level >= LOG_NORMAL,
		    LOG_NOTICE);
		check(level, log_answer, "an answer", true, LOG_NOTICE);
		check(level, log_event, "an event", level >= LOG_VERBOSE,
		    LOG_INFO);
		check(level, log_verbose, "detail", level >= LOG_VERBOSE, -1);
	}
}

static void
test_text(void)
{
	char text[5000];
	const char *got;

	log_error("a\nb\033[1m\x7f");
	is_text(heard(said_fd), "zkrun: a?b?[1m?\n",
	    "control characters become '?' on stderr");
	is_text(heard(sent_fd) + 1, "a?b?[1m?",
	    "control characters become '?' in syslog");
	log_error("a\302\233" "31m\342\200\256\377\303\274");
	is_text(heard(said_fd), "zkrun: a?31m??\303\274\n",
	    "C1 controls, direction marks and bad bytes become '?'");
	(void)heard(sent_fd);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	got = heard(said_fd);
	ok(strlen(got) > 2000 && strlen(got) <= 2048 &&
	    got[strlen(got) - 1] == '\n',
	    "a long line is cut and ends with a newline");
	got = heard(sent_fd);
	ok(strlen(got) > 2000 && strlen(got) <= 2048,
	    "a long message for syslog is cut");
	log_error("%s", "");
	is_text(heard(said_fd), "zkrun: \n", "an empty line is shown");
	is_int(priority(heard(sent_fd)), LOG_ERR, "an empty line is logged");
}

static void
test_full(void)
{
	int i;

	for (i = 0; i < 100000; i++)
		log_error("%d", i);
	ok(true, "100000 lines that nobody reads do not block");
	while (*heard(said_fd) != '\0' || *heard(sent_fd) != '\0')
		;
	log_error("again");
	is_text(heard(said_fd), "zkrun: again\n", "a later line is shown");
	is_text(heard(sent_fd) + 1, "again", "a later line is logged");
}

static void
test_dead(void)
{
	(void)close(sent_fd);
	errno = EDOM;
	log_error("one");
	log_error("two");
	ok(errno == EDOM, "a dead logger does not change errno");
	is_text(heard(said_fd), "zkrun: one\nzkrun: two\n",
	    "lines are shown without a logger");
	log_send_to(LOG_TO_SYSLOG, -1);
	log_error("three");
	is_text(heard(said_fd), "zkrun: three\n",
	    "lines are shown after the socket is removed");
}

int
main(void)
{
	int pipe_fds[2], pair[2];

	if (pipe2(pipe_fds, O_NONBLOCK) == -1 ||
	    dup2(pipe_fds[1], STDERR_FILENO) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) == -1)
		err(1, "pipe");
	said_fd = pipe_fds[0];
	sent_fd = pair[0];
	full_fd = pair[1];
	log_send_to(LOG_TO_SYSLOG, full_fd);
	test_levels();
	test_text();
	test_full();
	test_dead();
	return tap_end();
}
