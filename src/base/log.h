/*
 * Messages for people: one line each on stderr, behind "zkrun: ", and in the
 * system's log if the user wants that.
 *
 * No function here changes errno.  By default they write to stderr themselves,
 * and may block there.  Once log_send_to() was called they only send to a
 * process that writes (system/logger.h), and never block: a disk or a terminal
 * that stalls must not stop who keeps a deadline.  A message that this process
 * has no room for is lost.  text_clean() makes every line harmless.
 */
#ifndef ZKRUN_LOG_H
#define ZKRUN_LOG_H

enum log_level {
	LOG_ERRORS,	/* -q */
	LOG_NORMAL,
	LOG_VERBOSE,	/* -v */
};

enum log_sink {
	LOG_TO_STDERR,
	LOG_TO_SYSLOG,
	LOG_SINKS
};

/*
 * Set which messages are shown, and the sockets to which they are sent; -1 for
 * none.  Besides these, only the title and whether log_progress() shows a line
 * are mutable state of this program.
 */
void	log_set_level(enum log_level);
void	log_send_to(enum log_sink, int fd);

/*
 * Writes what came over the socket of LOG_TO_STDERR to stderr.  May block.  The
 * message begins with a byte of its kind, and is changed.  To LOG_TO_SYSLOG come
 * messages that begin with a byte of their priority.
 */
void	log_write(char *message);

/* Something failed; always shown. */
void	log_error(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Something the user wants to know without asking; not shown with -q. */
void	log_notice(const char *, ...) __attribute__((format(printf, 1, 2)));

/* The answer to SIGUSR1; always shown. */
void	log_answer(const char *, ...) __attribute__((format(printf, 1, 2)));

/* What happened to the lock; shown with -v, always in the system's log. */
void	log_event(const char *, ...) __attribute__((format(printf, 1, 2)));

/* What is going on; shown with -v. */
void	log_verbose(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * Shows a line on the terminal in place of the last such line; an empty one
 * wipes the last.  The line is cut to the terminal's width.  In the background
 * nothing is shown.
 */
void	log_progress(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
