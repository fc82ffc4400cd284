/*
 * Sets where libc looks up users and hosts.
 */
#ifndef ZKRUN_NAMESERVICE_H
#define ZKRUN_NAMESERVICE_H

/*
 * Restricts a static zkrun to the name services that are linked in: users of
 * /etc/passwd, and hosts of /etc/hosts and DNS.  A module that nsswitch.conf(5)
 * names belongs to the libc of the machine, and a program with another libc
 * crashes in it.  Does nothing in a zkrun that is linked dynamically.
 */
void	nameservice_restrict(void);

#endif
