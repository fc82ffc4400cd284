/*
 * What our znodes say about us: one line of key=value for people.  Never an
 * argument of the command, which may be a secret.
 */
#ifndef ZKRUN_NODEDATA_H
#define ZKRUN_NODEDATA_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NODEDATA_SIZE	512

/* Keys: the ones a node is made with, and who asks a holder to give up. */
#define NODEDATA_HOST		"host"
#define NODEDATA_PID		"pid"
#define NODEDATA_USER		"user"
#define NODEDATA_START		"start"
#define NODEDATA_COMMAND	"command"
#define NODEDATA_REVOKE		"revoke"
/*
 * Comes with it: since when the lease was held, in ms since 1970.  The node's
 * mtime would say so, but for the asking, which changes it.
 */
#define NODEDATA_SINCE		"since"

/*
 * Writes host, pid (the guard's, which a user sees), user, start and the
 * command's name.  White space and control characters become '_'.
 */
void	nodedata_make(char *, size_t, pid_t guard, const char *command);

/* Adds one more to data in a buffer of that size; one that has no room, not. */
void	nodedata_add(char *, size_t, const char *key, const char *value);

/*
 * Copies the value of a key, cut to the size.  Returns false and an empty value
 * where there is none, as in the nodes of others: Curator's hold an address.
 */
bool	nodedata_get(const char *, const char *key, char *value, size_t);

/*
 * Reads the value of a key as a decimal number.  Returns false if there is none
 * from least to most.
 */
bool	nodedata_get_number(const char *, const char *key, int64_t least,
	    int64_t most, int64_t *);

/* Writes "user@host", for people, of this process. */
void	nodedata_whoami(char *, size_t);

#endif
