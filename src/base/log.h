/*
 * Writes messages for people: one line each, on stderr after "zkrun: " and, on
 * request, in syslog.
 *
 * The functions that log do not change errno.  By default they write to stderr,
 * which may block.  After log_send_to() they only send the message to a process
 * that writes it (system/logger.h), and never block, because a stalled disk or
 * terminal must not delay a deadline.  A message is lost if the socket is full.
 * text_clean() cleans every line.
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
 * Sets which messages are shown.  The level, the sockets, the state of
 * log_progress() and the process title are the only mutable globals of zkrun.
 */
void	log_set_level(enum log_level);

/*
 * Sends all further messages for this sink to the socket, which is borrowed.
 * With -1, messages for stderr are written directly and syslog gets none.  On
 * the socket of LOG_TO_STDERR the first byte of a message is its kind; on that
 * of LOG_TO_SYSLOG it is the priority of syslog(3).
 */
void	log_send_to(enum log_sink, int fd);

/*
 * Writes a message from the socket of LOG_TO_STDERR to stderr.  Changes the
 * buffer.  May block.
 */
void	log_write(char *message);

/* Reports a failure; always shown. */
void	log_error(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Reports what the user should know; hidden by -q. */
void	log_notice(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Answers SIGUSR1; always shown. */
void	log_answer(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Reports what happened to the lock; shown with -v, always sent to syslog. */
void	log_event(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Reports details; shown with -v, never sent to syslog. */
void	log_verbose(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * Shows a line on the terminal, in place of the previous progress line; an
 * empty line only removes the previous one.  Cuts the line to the terminal's
 * width.  Shows nothing in the background.
 */
void	log_progress(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
