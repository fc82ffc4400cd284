/*
 * The data of zkrun's znodes: one line of key=value pairs for people.  The data
 * never contains an argument of the command, because an argument may be a
 * secret.
 */
#ifndef ZKRUN_NODEDATA_H
#define ZKRUN_NODEDATA_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NODEDATA_SIZE	512

/* The keys of a new node. */
#define NODEDATA_HOST		"host"
#define NODEDATA_PID		"pid"
#define NODEDATA_USER		"user"
#define NODEDATA_START		"start"
#define NODEDATA_COMMAND	"command"
/* --revoke adds this key: the "user@host" that asks the holder to stop. */
#define NODEDATA_REVOKE		"revoke"
/*
 * --revoke also adds this key: the time from which the lease is held, in ms
 * since 1970.  The node's mtime shows this time until --revoke changes the
 * node.
 */
#define NODEDATA_SINCE		"since"
/* The last key of a pause.  Its value may contain blanks. */
#define NODEDATA_REASON		"reason"

/*
 * Writes host, pid (that of the guard, which users see), user, start and the
 * name of the command.  Replaces white space and control characters by '_'.  If
 * LOGNAME is not set, looks up the user in the user database, which may block
 * for minutes.
 */
void	nodedata_make(char *, size_t, pid_t guard, const char *command);

/*
 * Writes host, user, start and the reason of a pause, which may be "".  May
 * block like nodedata_make().
 */
void	nodedata_make_pause(char *, size_t, const char *reason);

/* Appends KEY=VALUE to the data in a buffer of that size, if there is room. */
void	nodedata_add(char *, size_t, const char *key, const char *value);

/*
 * Copies the value of a key, cut to the size.  If the data lacks the key, as
 * the address in a Curator node does, returns false and sets an empty value.
 */
bool	nodedata_get(const char *, const char *key, char *value, size_t);

/* Copies the reason of a pause, cut to the size, or copies "". */
void	nodedata_get_reason(const char *, char *reason, size_t);

/*
 * Reads the value of a key as a decimal number.  Returns false if the key is
 * missing or its value is not a number from least to most.
 */
bool	nodedata_get_number(const char *, const char *key, int64_t least,
	    int64_t most, int64_t *);

/* Writes "user@host" of this process.  May block like nodedata_make(). */
void	nodedata_whoami(char *, size_t);

#endif
