/*
 * What our znodes say about us: one line of key=value for people.  Never an
 * argument of the command, which may be a secret.
 */
#ifndef ZKRUN_NODEDATA_H
#define ZKRUN_NODEDATA_H

#include <sys/types.h>

#include <stddef.h>

/*
 * Writes host, pid (the guard's, which a user sees), user, start and the
 * command's name.  White space and control characters become '_'.
 */
void	nodedata_make(char *, size_t, pid_t guard, const char *command);

#endif
