/*
 * The values of the options, and the table of options.  arguments.h names the
 * sources of the values.
 */
#ifndef ZKRUN_OPTIONS_H
#define ZKRUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/backoff.h"
#include "config/credentials.h"
#include "config/servers.h"
#include "config/values.h"

/* The lock recipe: see lock/recipe.h. */
enum options_recipe {
	OPTIONS_SEMAPHORE,
	OPTIONS_MUTEX,
};

/* What zkrun does about processes that outlive the command. */
enum options_orphans {
	OPTIONS_WAIT,	/* keep the lease until they are gone */
	OPTIONS_KILL,	/* stop them, then release it */
	OPTIONS_LEAVE,	/* release it and let them run */
};

#define OPTIONS_NO_SYSLOG	(-1)
#define OPTIONS_REASON_SIZE	201

/* What zkrun does. */
enum options_mode {
	OPTIONS_RUN,	/* a command under the lock */
	OPTIONS_CHECK,	/* --check */
	OPTIONS_STATUS,	/* --status */
	OPTIONS_REVOKE,	/* --revoke */
	OPTIONS_BREAK,	/* --break */
	OPTIONS_PAUSE,	/* --pause */
	OPTIONS_RESUME,	/* --resume */
	OPTIONS_FORGET,	/* --forget */
};

/* The values of all options.  A flag is 0 or 1. */
struct options {
	enum options_mode mode;
	const char	*task;			/* in argv */
	char		*const *command;	/* in argv */
	char		*const *tasks;		/* in argv; of a query */
	size_t		 task_count;		/* 0: all tasks */
	char		 reason[OPTIONS_REASON_SIZE];	/* of --pause; "": none */
	const char	*whose;			/* of --resume, in argv; or NULL */
	char		 base[VALUES_PATH_SIZE]; /* "" for "/" */
	char		 runs[VALUES_PATH_SIZE]; /* where runs are recorded */
	struct servers	 servers;
	char		 connect[4096];		/* servers as a text */
	char		 auth_file[VALUES_PATH_SIZE]; /* "": none */
	struct credentials	 credentials;	/* of auth_file; --acl */
	int		 json;			/* --json */
	int		 yes;			/* --yes */

	enum options_recipe recipe;
	int		 max_leases;
	int64_t		 interval_ms;		/* or CLOCK_NEVER: no record */
	int		 count_failures;	/* --interval-counts any */
	int		 skip_exit_code;
	int64_t		 wait_ms;		/* or CLOCK_NEVER; 0: -n */
	int		 conflict_exit_code;

	struct backoff_policy retry;
	int64_t		 connect_timeout_ms;	/* of one attempt */
	int64_t		 session_timeout_ms;

	int64_t		 max_time_ms;		/* or CLOCK_NEVER */
	int64_t		 hold_ms;		/* from the start, at least */
	int64_t		 kill_after_ms;		/* from TERM to KILL */
	enum options_orphans orphans;
	int		 stop_signal;		/* asks the command to stop */
	int		 ignore_loss;		/* --on-loss ignore */
	int		 notify_by_command;	/* --notify command */
	int		 signal_group;		/* -g */
	int		 verbosity;		/* enum log_level */
	int		 syslog_facility;	/* or OPTIONS_NO_SYSLOG */
};

/* One option.  All sources use the same table. */
struct option_spec {
	const char	*name;
	int		 letter;	/* 0: none */
	int		 value;		/* has_arg of getopt_long(3) */
	bool		 only_argv;	/* no variable, not in the file */
	size_t		 field;		/* offset in struct options */
	struct values_kind kind;	/* all zero: see arguments.c */
};

/* Sorted by name. */
extern const struct option_spec	option_specs[];
extern const size_t		option_specs_count;

/* The source of a value. */
struct option_source {
	const char	*file;		/* NULL: argv */
	size_t		 line;		/* 0: file is a variable's name */
	bool		 nonblock, wait; /* given here, at most one */
};

/* Fills in the defaults. */
void	options_default(struct options *);

/* Returns whether the option, like --status, replaces the command. */
bool	options_is_mode(const struct option_spec *);

/* Returns the option with that long name, or NULL. */
const struct option_spec	*options_find(const char *);

/*
 * Returns the option whose name differs from the given one by the fewest typing
 * errors (a letter added, missing, wrong, or swapped with the next), or NULL if
 * the name resembles no option.  Never returns an option that was removed.
 */
const struct option_spec	*options_nearest(const char *name);

/* Returns whether the option was removed.  Its error names the replacement. */
bool	options_is_gone(const struct option_spec *);

/*
 * Stores one value.  Returns 0, or -1 after one line on stderr that names
 * option, source and reason.
 */
int	options_apply(struct options *, struct option_source *,
	    const struct option_spec *, const char *);

#endif
