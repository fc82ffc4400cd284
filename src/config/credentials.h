/*
 * The credentials that zkrun sends to ZooKeeper, and the ACL of its znodes.
 */
#ifndef ZKRUN_CREDENTIALS_H
#define ZKRUN_CREDENTIALS_H

#include <stddef.h>

#define CREDENTIALS_MAX	16	/* credentials, and entries of an ACL */

#define CREDENTIALS_TEXT_SIZE	4096	/* all credentials, or the ACL */

struct credentials {
	size_t	credential_count;
	struct {
		const char	*scheme;
		const char	*secret;
	}	credential[CREDENTIALS_MAX];
	size_t	grant_count;
	struct {
		const char	*scheme;
		const char	*id;
		const char	*perms;		/* letters of "cdrwa" */
	}	grants[CREDENTIALS_MAX];
	/* The pointers above point into these, so never copy the struct. */
	char	acl[CREDENTIALS_TEXT_SIZE];
	char	secrets[CREDENTIALS_TEXT_SIZE];
	size_t	secrets_length;
};

/*
 * Reads "scheme:id:perms,scheme:id:perms".  Returns NULL, or a constant text
 * that says what is wrong.
 */
const char	*credentials_parse_acl(struct credentials *, const char *);

/*
 * Reads a file of "scheme:credential" lines.  Refuses a file that other users
 * can read or write.  Returns 0, or -1 after one line on stderr, which never
 * shows a part of a credential.  May wait for the disk.
 */
int	credentials_read(struct credentials *, const char *path);

#endif
