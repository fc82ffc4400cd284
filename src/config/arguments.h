/*
 * Where options come from: the command line, ZKRUN_* variables and the
 * configuration file.  The command line overrides the variables, and these
 * override the file.
 */
#ifndef ZKRUN_ARGUMENTS_H
#define ZKRUN_ARGUMENTS_H

struct options;

/* arguments_parse() returns this if zkrun has work to do. */
#define ARGUMENTS_RUN	(-1)

/*
 * Fills in the options, which then have pointers into argv.  Returns
 * ARGUMENTS_RUN, or the exit status: after --help or --version, or after one
 * line on stderr that says what is wrong.  Reads files, and blocks while the
 * disk does.
 */
int	arguments_parse(struct options *, int argc, char **argv);

#endif
