/*
 * Reads the values of options, and describes their kinds.
 */
#ifndef ZKRUN_VALUES_H
#define ZKRUN_VALUES_H

#include <stdint.h>

#define VALUES_PATH_SIZE	1024

struct values_kind;

/*
 * Reads a value into a field.  The value is NULL for a flag on the command
 * line.  Returns NULL, or a constant text that says what is wrong with the
 * value.  May change the field in both cases.
 */
typedef const char	*values_reader(void *field, const char *value,
			    const struct values_kind *);

struct values_kind {
	values_reader	*read;		/* NULL: zkrun refuses every value */
	int64_t		 least, most;	/* of a number, or a duration in ms */
	int		 means;		/* what some readers store */
	const char	*words[4];	/* the allowed words, then NULL */
	const char	*problem;	/* the error for other values */
};

/*
 * The field of a word is an int: the index of the word.  A flag is one of two
 * words.  The field of a number is an int, that of a duration an int64_t.  The
 * field of a file, a znode path or a base is a text of VALUES_PATH_SIZE bytes.
 * The base "/" becomes "".
 */
values_reader	values_word, values_number, values_duration, values_file,
		values_path, values_base;

/* Reads the number or the name of a signal into an int. */
values_reader	values_signal;

/* Reads a facility of syslog(3) into an int; stores kind->means for "no". */
values_reader	values_syslog;

#endif
