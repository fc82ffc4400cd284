/*
 * The functions that every fuzz target uses.  A target is one
 * LLVMFuzzerTestOneInput().  It passes the bytes to one parser of zkrun and
 * asserts with must() what has to hold for any bytes.  The sanitizers find
 * accesses out of bounds and undefined behaviour.
 *
 * Run targets with -close_fd_mask=2, as tests/fuzz/run does: zkrun writes its
 * messages to stderr, and fuzz_said() reads them there.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <sys/mman.h>
#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define must(holds) do { if (!(holds)) __builtin_trap(); } while (0)

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Return the bytes as a text in a buffer that ends right after its NUL. */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text;

	text = malloc(size + 1);
	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Remove the next line of a text and return it, as strsep(3); never NULL. */
static inline char *
fuzz_line(char **text)
{
	static char none[1];
	char *line;

	line = *text == NULL ? NULL : strsep(text, "\n");
	return line != NULL ? line : none;
}

/* Return the path of a private file with the bytes.  Do not free the path. */
static inline const char *
fuzz_file(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd == -1)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	must(fd != -1 && fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0);
	must(pwrite(fd, data, size, 0) == (ssize_t)size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

/*
 * Is the text UTF-8 without control characters?  This check does not use
 * text.c.  The caller may allow newlines.
 */
static inline bool
fuzz_is_clean(const char *text, bool newlines)
{
	const unsigned char *c = (const unsigned char *)text;
	uint32_t code;
	int more;

	while (*c != '\0') {
		more = *c < 0x80 ? 0 : *c >= 0xc2 && *c < 0xe0 ? 1 :
		    *c >= 0xe0 && *c < 0xf0 ? 2 : *c >= 0xf0 && *c < 0xf5 ? 3 :
		    -1;
		if (more == -1)
			return false;
		code = more == 0 ? *c : *c & (0x3f >> more);
		for (c++; more > 0; more--, c++) {
			if ((*c & 0xc0) != 0x80)
				return false;
			code = code << 6 | (*c & 0x3f);
		}
		if ((code < 0x20 && !(newlines && code == '\n')) ||
		    (code >= 0x7f && code <= 0x9f) || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return false;
	}
	return true;
}

/* Capture stderr from here on.  Call this before every input. */
static inline void
fuzz_listen(void)
{
	static int fd = -1;

	if (fd == -1) {
		fd = memfd_create("stderr", MFD_CLOEXEC);
		must(fd != -1 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	}
	must(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
}

/* Return what was written to stderr since fuzz_listen(). */
static inline const char *
fuzz_said(void)
{
	static char said[8192];
	ssize_t length;

	length = pread(STDERR_FILENO, said, sizeof(said) - 1, 0);
	must(length >= 0);
	said[length] = '\0';
	return said;
}

/* Is the message one line of zkrun's, without control characters? */
static inline bool
fuzz_is_message(const char *said)
{
	size_t end = strcspn(said, "\n"), i;

	for (i = 0; i < end; i++)
		if ((unsigned char)said[i] < 0x20 || said[i] == 0x7f)
			return false;
	return strncmp(said, "zkrun: ", 7) == 0 && said[end] == '\n' &&
	    said[end + 1] == '\0';
}

#endif
