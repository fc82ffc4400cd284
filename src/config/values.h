/*
 * The kinds of values that an option can have, and how each is read.
 */
#ifndef ZKRUN_VALUES_H
#define ZKRUN_VALUES_H

#include <stdint.h>

#define VALUES_PATH_SIZE	1024

struct values_kind;

/*
 * Reads a value into a field.  The value is NULL for a flag on the command
 * line.  Returns NULL, or what is wrong with the value (a constant); the field
 * may have changed then.
 */
typedef const char	*values_reader(void *field, const char *value,
			    const struct values_kind *);

struct values_kind {
	values_reader	*read;		/* NULL: no value is good */
	int64_t		 least, most;	/* of a number, or a duration in ms */
	int		 means;		/* what some readers store */
	const char	*words[4];	/* the only values; NULL at the end */
	const char	*problem;	/* with every other value */
};

/*
 * The field of a word is an int, the index of the word; a flag is one of two
 * words.  That of a number is an int, and that of a duration an int64_t.  The
 * field of a file, of a path of a znode and of a base is a text of
 * VALUES_PATH_SIZE bytes; the base "/" becomes "".
 */
values_reader	values_word, values_number, values_duration, values_file,
		values_path, values_base;

/* The number of a signal, by number or name. */
values_reader	values_signal;

/* The facility of syslog(3), or what "no" means. */
values_reader	values_syslog;

#endif
