/*
 * Messages for people: one line each on stderr, behind "zkrun: ".
 *
 * No function here blocks or changes errno: a reader that has stopped reading
 * our stderr must not stop a zkrun process, so a line that does not fit into
 * the pipe is dropped.  Control characters in a line are shown as '?'.
 */
#ifndef ZKRUN_LOG_H
#define ZKRUN_LOG_H

enum log_level {
	LOG_ERRORS,	/* -q */
	LOG_NORMAL,
	LOG_VERBOSE,	/* -v */
};

/* Sets which messages are shown.  The only mutable state of this program. */
void	log_set_level(enum log_level);

/* Something failed; always shown. */
void	log_error(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Something the user did not ask to hear but wants to; not with -q. */
void	log_notice(const char *, ...) __attribute__((format(printf, 1, 2)));

/* What is going on, with -v. */
void	log_verbose(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
