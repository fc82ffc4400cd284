/*
 * Messages for people: one line each on stderr, behind "zkrun: ", and in the
 * system's log if the user wants that.
 *
 * No function here blocks or changes errno.  A reader that has stopped reading
 * our stderr must not stop a zkrun process, so a line that does not fit into
 * the pipe is dropped.  text_clean() makes every line harmless.
 */
#ifndef ZKRUN_LOG_H
#define ZKRUN_LOG_H

enum log_level {
	LOG_ERRORS,	/* -q */
	LOG_NORMAL,
	LOG_VERBOSE,	/* -v */
};

/*
 * Set which messages are shown, and the way to the system's log (syslogger.h).
 * Besides these, only the title and whether log_progress() shows a line are
 * mutable state of this program.
 */
void	log_set_level(enum log_level);
void	log_set_syslog(int fd);

/*
 * Call it before a fork.  Then both processes know whether one of them shows a
 * line, so that a message of one replaces the line of the other, which may be
 * dead.  Without memory to share, each process knows of its own line only.
 */
void	log_share_line(void);

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
