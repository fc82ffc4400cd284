/*
 * The credential file: zkrun reads the credential that the file contains, and
 * no message shows any part of the file.
 */
#include "fuzz.h"

#include "config/credentials.h"

/* All words of the messages, apart from the path and the line number. */
static const char words[] = "zkrun: cannot use line of '/proc/self/fd/': must "
    "have the form scheme:credential contains a NUL byte more than 16 "
    "credentials the credentials are longer than 4096 bytes contains no "
    "credentials";

#define SECRET	6	/* fewer equal bytes in a row may be chance */

static void
check_discretion(const char *said, const uint8_t *data, size_t size)
{
	char piece[SECRET + 1];
	size_t i;

	for (i = 0; i + SECRET <= size; i++) {
		memcpy(piece, data + i, SECRET);
		piece[SECRET] = '\0';
		if (strlen(piece) == SECRET && strstr(words, piece) == NULL &&
		    strpbrk(piece, "0123456789") == NULL)
			must(strstr(said, piece) == NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct credentials credentials;
	const char *scheme, *secret;
	size_t i;

	memset(&credentials, 0, sizeof(credentials));
	fuzz_listen();
	if (credentials_read(&credentials, fuzz_file(data, size)) == -1) {
		must(fuzz_is_message(fuzz_said()));
		check_discretion(fuzz_said(), data, size);
		return 0;
	}
	must(fuzz_said()[0] == '\0');
	must(credentials.credential_count > 0 &&
	    credentials.credential_count <= CREDENTIALS_MAX);
	must(credentials.secrets_length <= sizeof(credentials.secrets));
	for (i = 0; i < credentials.credential_count; i++) {
		scheme = credentials.credential[i].scheme;
		secret = credentials.credential[i].secret;
		must(scheme[0] != '\0' && strchr(scheme, ':') == NULL);
		must(secret == scheme + strlen(scheme) + 1 &&
		    secret[0] != '\0' && strchr(secret, '\n') == NULL);
		must(secret + strlen(secret) < credentials.secrets +
		    credentials.secrets_length);
	}
	return 0;
}
