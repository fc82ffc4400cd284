/*
 * The data of our znodes: one line of key=value for people.  It never has an
 * argument of the command, which may be a secret.
 */
#ifndef ZKRUN_NODEDATA_H
#define ZKRUN_NODEDATA_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NODEDATA_SIZE	512

/* The keys of a new node, and who asks its holder to give up. */
#define NODEDATA_HOST		"host"
#define NODEDATA_PID		"pid"
#define NODEDATA_USER		"user"
#define NODEDATA_START		"start"
#define NODEDATA_COMMAND	"command"
#define NODEDATA_REVOKE		"revoke"
/*
 * Comes with NODEDATA_REVOKE: since when the lease was held, in ms since 1970.
 * The node's mtime said so until the request changed it.
 */
#define NODEDATA_SINCE		"since"
/* Of a pause: the rest of the data, with its blanks. */
#define NODEDATA_REASON		"reason"

/*
 * Writes host, pid (the guard's, which users see), user, start and the name of
 * the command.  White space and control characters become '_'.  Asks the user
 * database if the environment has no LOGNAME, which may block for minutes.
 */
void	nodedata_make(char *, size_t, pid_t guard, const char *command);

/*
 * Writes host, user, start and the reason of a pause, which may be "".  May block
 * likewise.
 */
void	nodedata_make_pause(char *, size_t, const char *reason);

/* Adds a key to the data in a buffer of that size, if there is room. */
void	nodedata_add(char *, size_t, const char *key, const char *value);

/*
 * Copies the value of a key, cut to the size.  Returns false and an empty value
 * if there is none, as in Curator's nodes, whose data is an address.
 */
bool	nodedata_get(const char *, const char *key, char *value, size_t);

/* Copies the reason of a pause, cut to the size; "" if there is none. */
void	nodedata_get_reason(const char *, char *reason, size_t);

/*
 * Reads the value of a key as a decimal number.  Returns false if there is none
 * from least to most.
 */
bool	nodedata_get_number(const char *, const char *key, int64_t least,
	    int64_t most, int64_t *);

/* Writes "user@host" of this process, for people.  May block likewise. */
void	nodedata_whoami(char *, size_t);

#endif
