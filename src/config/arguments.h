/*
 * Reads options from the command line, ZKRUN_* variables and the configuration
 * file.  The command line overrides the variables, and the variables override
 * the file.
 */
#ifndef ZKRUN_ARGUMENTS_H
#define ZKRUN_ARGUMENTS_H

struct options;

/* arguments_parse() returns this if zkrun has work to do. */
#define ARGUMENTS_RUN	(-1)

/*
 * Fills in the options, which then have pointers into argv.  Returns
 * ARGUMENTS_RUN.  After --help, --version or an error, which it reports in one
 * line on stderr, returns an exit status instead.  May wait for the disk,
 * because it reads files.
 */
int	arguments_parse(struct options *, int argc, char **argv);

#endif
