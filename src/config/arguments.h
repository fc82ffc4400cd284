/*
 * Where the options come from: the command line, ZKRUN_* variables and the
 * configuration file.  The first wins over the second, that over the third.
 */
#ifndef ZKRUN_ARGUMENTS_H
#define ZKRUN_ARGUMENTS_H

struct options;

/* arguments_parse() returns this when there is a command to run. */
#define ARGUMENTS_RUN	(-1)

/*
 * Fills in the options, which then point into argv.  Returns ARGUMENTS_RUN, or
 * the exit status with which to leave: after --help or --version, or after one
 * line on stderr that names what is wrong.
 */
int	arguments_parse(struct options *, int argc, char **argv);

#endif
