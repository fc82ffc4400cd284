/*
 * Messages for people: one line each on stderr, behind "zkrun: ", and in the
 * system's log if that was asked for.
 *
 * No function here blocks or changes errno: a reader that has stopped reading
 * our stderr must not stop a zkrun process, so a line that does not fit into
 * the pipe is dropped.  What text_clean() takes out of a line shows as '?'.
 */
#ifndef ZKRUN_LOG_H
#define ZKRUN_LOG_H

enum log_level {
	LOG_ERRORS,	/* -q */
	LOG_NORMAL,
	LOG_VERBOSE,	/* -v */
};

/*
 * Set which messages are shown, and where the system's log is to be had
 * (syslogger.h).  The only mutable state of this program but the title, and
 * whether a line of log_progress() is shown.
 */
void	log_set_level(enum log_level);
void	log_set_syslog(int fd);

/*
 * Called before a fork, has both processes know of a line that either shows, so
 * that a message takes its place though who showed it is dead.  Where there is
 * no memory to share each knows of its own, as without this call.
 */
void	log_share_line(void);

/* Something failed; always shown. */
void	log_error(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Something the user did not ask to hear but wants to; not with -q. */
void	log_notice(const char *, ...) __attribute__((format(printf, 1, 2)));

/* What the user did ask to hear, by SIGUSR1; always shown. */
void	log_answer(const char *, ...) __attribute__((format(printf, 1, 2)));

/* What happened to the lock; with -v, and always in the system's log. */
void	log_event(const char *, ...) __attribute__((format(printf, 1, 2)));

/* What is going on; with -v. */
void	log_verbose(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * Shows a line on the terminal and stays in it, so that the next one takes its
 * place; an empty one only wipes the last.  It is cut to the terminal's width,
 * and left out while we are in the background there.
 */
void	log_progress(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
