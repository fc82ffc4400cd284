/*
 * What zkrun was asked to do, and the one table of options.
 *
 * Where the values come from is the business of arguments.h.
 */
#ifndef ZKRUN_OPTIONS_H
#define ZKRUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "retry.h"
#include "servers.h"

/* What becomes of processes that the command leaves running. */
enum options_orphans {
	OPTIONS_WAIT,	/* the lease is kept until they are gone */
	OPTIONS_KILL,	/* they are stopped, then it is released */
	OPTIONS_LEAVE,	/* it is released, they run on */
};

struct options {
	const char	*task;			/* in argv */
	char		*const *command;	/* in argv */
	char		 base[1024];		/* "" for "/" */
	struct servers	 servers;
	char		 connect[4096];		/* the same, as it was given */
	bool		 check;			/* --check */

	int64_t		 wait_ms;		/* or CLOCK_NEVER; 0: try */
	int		 conflict_exit_code;

	struct retry_policy retry;
	int64_t		 connect_timeout_ms;	/* of one attempt */
	int64_t		 session_timeout_ms;

	int64_t		 kill_after_ms;		/* from TERM to KILL */
	enum options_orphans orphans;
	int		 stop_signal;		/* what "asks to stop" */
	bool		 ignore_loss;		/* --on-loss ignore */
	bool		 signal_group;		/* -g */
	int		 verbosity;		/* enum log_level */
};

/* One option, by whatever way it is given. */
struct option_spec {
	const char	*name;
	int		 letter;	/* 0: there is none */
	bool		 has_value;
	bool		 only_argv;	/* no variable, not in the file */
	/*
	 * Stores a value (NULL for a flag on the command line); returns NULL,
	 * or why it is no good.  NULL where reading argv is all it does.
	 */
	const char	*(*set)(struct options *, const char *);
};

/* The table, sorted by name. */
extern const struct option_spec	option_specs[];
extern const size_t		option_specs_count;

/* Where a value comes from. */
struct option_source {
	const char	*file;		/* NULL: argv */
	size_t		 line;		/* 0: file is a variable's name */
	bool		 nonblock, wait; /* seen; they exclude each other */
};

/* Fills in the defaults. */
void	options_default(struct options *);

/* Returns the option of that long name, or NULL. */
const struct option_spec	*options_find(const char *);

/*
 * Stores one value.  Returns 0, or -1 after one line on stderr that names
 * option, source and reason.
 */
int	options_apply(struct options *, struct option_source *,
	    const struct option_spec *, const char *);

#endif
